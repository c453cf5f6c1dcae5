/*
 * recorded.c -- repeats a run that leat recorded: the same program, seed, options and frames must
 * give the same frames.
 *
 * The recording names its program, which is looked for where examples are built or installed, and
 * never at a path from the file: a capture may come from a stranger.
 */
#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "options.h"

enum {
    WORDS_MAX = 64,
    PATH_BYTES = 1024,
    SHOWN_BYTES = 64, /* printed of frames that differ */
    PADDED_BYTES = 60 /* IEEE 802.3: frames on a wire are padded to this length */
};

/* The command line of the program. */
struct command_line {
    char notes[LEAT_CAPTURE_NOTES_BYTES]; /* split into words */
    const char *program;
    char *words[WORDS_MAX];
    unsigned count;
    unsigned arguments; /* words that are no options; they come last */
    char *last[WORDS_MAX];
};

/* Options that a recording may set: none that writes. */
static const char *option_of(const char *name)
{
    static const char *const names[][2] = {{"seed", "--seed"},
                                           {"clock", "--clock"},
                                           {"ip", "--ip"},
                                           {"ip6", "--ip6"},
                                           {"gateway", "--gateway"},
                                           {"ip6-gateway", "--ip6-gateway"},
                                           {"server", "--server"},
                                           {"syslog", "--syslog"},
                                           {"dashboard", "--dashboard"},
                                           {"idle", "--idle"},
                                           {"mac", "--mac"},
                                           {"mtu", "--mtu"},
                                           {"port", "--port"},
                                           {"buffers", "--buffers"},
                                           {"connections", "--connections"},
                                           {"flight", "--flight"},
                                           {"flight-snap", "--flight-snap"},
                                           {"flight-port", "--flight-port"}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i][0], name) == 0)
            return names[i][1];
    }
    return NULL;
}

static bool add_word(struct command_line *line, const char *word)
{
    if (line->count + 1 >= WORDS_MAX)
        return false;
    line->words[line->count] = strdup(word);
    return line->words[line->count++] != NULL;
}

/* Splits the notes into a command line; false: too many words. */
static bool read_notes(struct command_line *line, const char *notes)
{
    char *next = NULL;
    bool good;

    snprintf(line->notes, sizeof line->notes, "%s", notes);
    good = add_word(line, "program"); /* replaced by its path */
    for (char *at = strtok_r(line->notes, "\n", &next); at && good;
         at = strtok_r(NULL, "\n", &next)) {
        char *value = strchr(at, ' ');
        const char *option;

        if (!value)
            continue;
        *value++ = '\0';
        option = option_of(at);
        if (strcmp(at, "program") == 0)
            line->program = value;
        else if (strcmp(at, "argument") == 0 && line->arguments < WORDS_MAX)
            line->last[line->arguments++] = value;
        else if (option)
            good = add_word(line, option) && add_word(line, value);
    }
    return good;
}

static bool is_plain_name(const char *name)
{
    for (const char *at = name; *at; at++) {
        if (!isalnum((unsigned char)*at) && *at != '-' && *at != '_')
            return false;
    }
    return *name != '\0';
}

/* The folder of this program, or that of the examples in the build. */
static bool find_program(const char *name, char path[PATH_BYTES])
{
    static const char *const places[] = {".", "../../examples"};
    char self[PATH_BYTES - 128];
    const ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    const char *folder;

    if (len < 0 || !is_plain_name(name))
        return false;
    self[len] = '\0';
    folder = dirname(self);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(path, PATH_BYTES, "%s/%s/%.64s", folder, places[i], name);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

/* Runs the program; true if it ended in order. */
static bool run(struct command_line *line)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        if (!freopen("/dev/null", "w", stdout))
            _exit(127);
        execv(line->words[0], line->words);
        perror(line->words[0]);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    if (WIFEXITED(status) && WEXITSTATUS(status) != 2 && WEXITSTATUS(status) != 127)
        return true;
    fprintf(stderr, "leat-replay: %s did not run to its end\n", line->words[0]);
    return false;
}

static void print_frame(const char *when, enum leat_err err, const struct leat_capture_frame *frame)
{
    if (err) {
        printf("  %s: no more frames\n", when);
        return;
    }
    printf("  %s: at %llu ns, %s, %u bytes:", when, (unsigned long long)frame->time_ns,
           frame->direction == LEAT_CAPTURE_OUT  ? "sent"
           : frame->direction == LEAT_CAPTURE_IN ? "received"
                                                 : "a poll",
           frame->captured_bytes);
    for (uint32_t i = 0; i < frame->captured_bytes && i < SHOWN_BYTES; i++)
        printf(" %02x", frame->bytes[i]);
    printf("%s\n", frame->captured_bytes > SHOWN_BYTES ? " ..." : "");
}

/* True if @again equals @first, or equals it after padding (LEAT_NETIF_NO_PADDING). */
static bool is_same_data(const struct leat_capture_frame *first,
                         const struct leat_capture_frame *again)
{
    const uint32_t len = first->captured_bytes;

    if (len != again->captured_bytes &&
        (len == 0 || len > PADDED_BYTES || again->captured_bytes != PADDED_BYTES))
        return false;
    for (uint32_t i = len; i < again->captured_bytes; i++)
        if (again->bytes[i] != 0)
            return false;
    return memcmp(first->bytes, again->bytes, len) == 0;
}

static bool is_same(const struct leat_capture_frame *first, const struct leat_capture_frame *again)
{
    return first->time_ns == again->time_ns && first->direction == again->direction &&
           is_same_data(first, again);
}

/* Prints the first difference; returns the exit status. */
static int compare(const struct options *options, struct leat_capture *first,
                   struct leat_capture *second)
{
    struct leat_capture_frame one, two;
    uint64_t frames = 0;

    for (;;) {
        const enum leat_err err_one = leat_capture_next(first, &one);
        const enum leat_err err_two = leat_capture_next(second, &two);

        if (err_one == LEAT_ERR_NOT_FOUND && err_two == LEAT_ERR_NOT_FOUND)
            break;
        if (err_one || err_two || !is_same(&one, &two)) {
            if (options->json)
                printf("{\"same\": false, \"frame\": %llu}\n", (unsigned long long)frames + 1);
            else
                printf("%s: frame %llu differs\n", options->name, (unsigned long long)frames + 1);
            if (!options->json) {
                print_frame("recorded", err_one, &one);
                print_frame("again", err_two, &two);
            }
            return err_one == LEAT_ERR_FORMAT ? capture_end(options, first) : STATUS_FINDING;
        }
        frames++;
    }
    printf(options->json ? "{\"same\": true, \"frames\": %llu}\n" : "%llu frames: the same\n",
           (unsigned long long)frames);
    return STATUS_FINE;
}

/* Adds options that the recording doesn't have. */
static bool complete(struct command_line *line, const struct options *options, const char *again)
{
    static char path[PATH_BYTES];
    bool good;

    if (options->program) {
        snprintf(path, sizeof path, "%s", options->program);
    } else if (!line->program || !find_program(line->program, path)) {
        fprintf(stderr, "leat-replay: %s: %s%.64s; name the program with --program\n",
                options->name, line->program ? "no program here is called " : "no run of leat",
                line->program ? line->program : "");
        return false;
    }
    free(line->words[0]);
    line->words[0] = strdup(path);
    good = line->words[0] && add_word(line, "--replay") && add_word(line, options->path) &&
           add_word(line, "--record") && add_word(line, again) && add_word(line, "--");
    for (unsigned i = 0; i < line->arguments && good; i++)
        good = add_word(line, line->last[i]);
    return good;
}

int recorded(const struct options *options)
{
    struct leat_capture *first = open_recording(options), *second = NULL;
    struct command_line *line = calloc(1, sizeof *line);
    char again[] = "/tmp/leat-replay-XXXXXX";
    char why[LEAT_WHY_BYTES];
    const int fd = mkstemp(again);
    int status = STATUS_WRONG;

    if (first && line && fd >= 0 && read_notes(line, leat_capture_notes(first)) &&
        complete(line, options, again) && run(line)) {
        if (leat_capture_open(&second, again, why))
            fprintf(stderr, "leat-replay: %s\n", why);
        else
            status = compare(options, first, second);
    }
    if (fd >= 0) {
        close(fd);
        unlink(again);
    }
    for (unsigned i = 0; line && i < line->count; i++)
        free(line->words[i]);
    free(line);
    leat_capture_close(first);
    leat_capture_close(second);
    return status;
}
