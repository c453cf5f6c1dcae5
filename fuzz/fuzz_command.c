/*
 * fuzz_command.c -- the command line of leat_main(), which a hypervisor may set. Any words are
 * options with legal values, or give an error of one line.
 *
 * The input is the line, with words separated by spaces or NULs, and behind a new line the
 * configuration file; the first byte chooses the platform.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    WORDS_MAX = 32,
    LINE_MAX_BYTES = 4096
};

static unsigned printed, complained;
static const char *config_text;
static size_t config_bytes;

static void demand(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "fuzz_command: %s\n", what);
    abort();
}

static void check_line(const char *line)
{
    demand(strlen(line) < OPTIONS_LINE_BYTES, "a line too long");
}

static void print(const struct options_world *world, const char *line)
{
    (void)world;
    check_line(line);
    printed++;
}

static void complain(const struct options_world *world, const char *line)
{
    (void)world;
    check_line(line);
    demand(line[0] != 0, "an error without a word");
    complained++;
}

static enum leat_err read_config(const struct options_world *world, const char *path,
                                 const char **bytes, size_t *len)
{
    (void)world;
    (void)path;
    *bytes = config_text;
    *len = config_bytes;
    return config_text ? LEAT_OK : LEAT_ERR_NOT_FOUND;
}

/* Splits the line into at most WORDS_MAX words. */
static int split(char *line, size_t size, char *words[WORDS_MAX])
{
    int count = 0;

    for (size_t at = 0; at < size && count < WORDS_MAX;) {
        const size_t len = strcspn(line + at, " ");

        words[count++] = line + at;
        line[at + len] = 0;
        at += len + 1;
    }
    return count;
}

static void check_options(const struct options *options, int count)
{
    demand(options->ip_count <= IPS_MAX && options->ip6_count <= IP6S_MAX, "too many addresses");
    for (unsigned i = 0; i < options->ip_count; i++)
        demand(options->ips[i].prefix_bits <= 32, "a prefix over 32 bits");
    for (unsigned i = 0; i < options->ip6_count; i++)
        demand(options->ip6s[i].prefix_bits <= 128, "a prefix over 128 bits");
    demand(options->tap != NULL, "no name of a device");
    demand(options->argument_count <= (count > CONFIG_ARGUMENTS_MAX ? count : CONFIG_ARGUMENTS_MAX),
           "more arguments than words");
    for (int i = 0; i < options->argument_count; i++)
        demand(options->arguments[i] != NULL, "an argument that is none");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct leat_app app = {
        .name = "fuzz", .summary = "takes words", .arguments = "[WORD]...", .default_port = 7};
    char line[LINE_MAX_BYTES + 1], answer[OPTIONS_LINE_BYTES], *words[WORDS_MAX];
    struct options_world world = {
        .line = answer, .read = read_config, .print = print, .complain = complain};
    enum options_outcome outcome;
    static struct options options;
    const uint8_t *line_end;
    int count;

    if (size < 1 || size > LINE_MAX_BYTES)
        return 0;
    world.posix = data[0] & 1;
    line_end = memchr(data + 1, '\n', size - 1);
    config_text = line_end ? (const char *)line_end + 1 : NULL;
    config_bytes = line_end ? (size_t)(data + size - line_end) - 1 : 0;
    size = line_end ? (size_t)(line_end - data) : size;
    memcpy(line, data + 1, size - 1);
    line[size - 1] = 0;
    count = split(line, size - 1, words);
    printed = complained = 0;
    outcome = options_parse(&options, &world, &app, count, words);
    demand(complained == (outcome == OPTIONS_WRONG), "not one line about an error");
    demand((printed > 0) == (outcome == OPTIONS_DONE), "help that wasn't printed");
    if (outcome == OPTIONS_RUN)
        check_options(&options, count);
    return 0;
}
