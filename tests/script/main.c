/* main.c -- leat-script: runs scripts in packetdrill's language against the stack. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cover.h"
#include "parse.h"
#include "run.h"

static const char usage[] =
    "usage: leat-script [--verbose] [--quiet] [--relaxed] [--untaken] [--define=NAME=TOKEN]...\n"
    "                   [--ip_version=ipv4|ipv4-mapped-ipv6|ipv6] FILE.pkt...\n"
    "\n"
    "Runs scripts in packetdrill's language against the stack, in virtual time.\n"
    "\n"
    "    --verbose   say what happens\n"
    "    --quiet     no summary\n"
    "    --relaxed   PSH, the shift of a window scale, and by how much a window is open may "
    "differ\n"
    "    --define=NAME=TOKEN  what a word of the script stands for, as CODE=host_unreachable\n"
    "    --mtu=BYTES what the link carries, where the script says nothing: 1500\n"
    "    --ip_version=...  what is on the wire; skips scripts that name another one\n"
    "    --untaken   at the end the lines of the table of transitions that no script took\n"
    "    --help      this\n"
    "\n"
    "Exit status: 0 all passed, 1 one failed, 2 bad usage or a script with an error.\n";

enum {
    DEFINITIONS_MAX = 32
};

struct options {
    struct run_mode mode;
    struct definition definitions[DEFINITIONS_MAX];
    unsigned definition_count;
    bool quiet, untaken, help;
    int first; /* the first argument that is a file */
};

/* The whole file, malloced; NULL: errno. */
static char *read_file(const char *path, size_t *len)
{
    enum {
        PIECE = 65536
    };
    FILE *file = fopen(path, "rb");
    char *text = 0;

    *len = 0;
    while (file && !feof(file) && !ferror(file)) {
        char *more = realloc(text, *len + PIECE);

        if (!more)
            break;
        text = more;
        *len += fread(text + *len, 1, PIECE, file);
    }
    if (!file || ferror(file) || !text) {
        free(text);
        text = 0;
    }
    if (file)
        fclose(file);
    return text;
}

static enum run_outcome run_file(const char *path, struct machine *machine,
                                 const struct options *options)
{
    struct diagnostic diagnostic;
    struct script script;
    enum run_outcome outcome = RUN_UNUSABLE;
    size_t len;
    char *text = read_file(path, &len);

    if (!text) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return RUN_UNUSABLE;
    }
    if (script_parse(&script, text, len, options->definition_count > 0 ? options->definitions : 0,
                     &diagnostic))
        outcome = script_run(path, &script, machine, options->mode, stderr);
    else
        fprintf(stderr, "%s:%u:%u: %s\n", path, diagnostic.at.line, diagnostic.at.column,
                diagnostic.text);
    script_free(&script);
    free(text);
    return outcome;
}

/* NAME=TOKEN; splits it. */
static bool define(char *text, struct options *options)
{
    char *equal = strchr(text, '=');
    struct definition *definition = &options->definitions[options->definition_count];

    if (!equal || equal == text || options->definition_count == DEFINITIONS_MAX)
        return false;
    *equal = 0;
    *definition = (struct definition){.name = text, .value = equal + 1};
    if (options->definition_count++ > 0)
        definition[-1].next = definition;
    return true;
}

static bool read_option(char *text, struct options *options)
{
    static const char version[] = "--ip_version=", definition[] = "--define=", mtu[] = "--mtu=";

    if (strcmp(text, "--verbose") == 0)
        options->mode.verbose = true;
    else if (strcmp(text, "--quiet") == 0)
        options->quiet = true;
    else if (strcmp(text, "--relaxed") == 0)
        options->mode.relaxed = true;
    else if (strcmp(text, "--untaken") == 0)
        options->untaken = true;
    else if (strcmp(text, "--help") == 0)
        options->help = true;
    else if (strncmp(text, definition, sizeof definition - 1) == 0)
        return define(text + sizeof definition - 1, options);
    else if (strncmp(text, version, sizeof version - 1) == 0)
        return (options->mode.version = settings_version(text + sizeof version - 1)) !=
               IP_VERSION_ANY;
    else if (strncmp(text, mtu, sizeof mtu - 1) == 0)
        return settings_option(&(struct settings){0}, "mtu",
                               options->mode.mtu = text + sizeof mtu - 1) == SETTING_DONE;
    else
        return false;
    return true;
}

static bool read_options(int argc, char **argv, struct options *options)
{
    int i;

    for (i = 1; i < argc && argv[i][0] == '-'; i++) {
        if (!read_option(argv[i], options)) {
            fprintf(stderr, "leat-script: unknown option %s; --help tells\n", argv[i]);
            return false;
        }
    }
    options->first = i;
    if (i == argc && !options->help) {
        fputs("leat-script: no script given; --help tells\n", stderr);
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    struct machine machine = {0};
    unsigned counts[4] = {0};

    if (!read_options(argc, argv, &options))
        return RUN_UNUSABLE;
    if (options.help) {
        fputs(usage, stdout);
        return RUN_PASSED;
    }
    for (int i = options.first; i < argc; i++)
        counts[run_file(argv[i], &machine, &options)]++;
    machine_free(&machine);
    if (options.untaken)
        cover_print_untaken(stdout);
    if (!options.quiet)
        printf(counts[RUN_SKIPPED] > 0 ? "%u passed, %u failed, %u unusable, %u skipped\n"
                                       : "%u passed, %u failed, %u unusable\n",
               counts[0], counts[1], counts[2], counts[RUN_SKIPPED]);
    return counts[RUN_UNUSABLE] > 0 ? RUN_UNUSABLE
           : counts[RUN_FAILED] > 0 ? RUN_FAILED
                                    : RUN_PASSED;
}
