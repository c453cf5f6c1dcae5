/*
 * main.c -- leat-replay: feeds captures to a stack, and prints the results.
 *
 *      feed       feeds all frames to a stack
 *      streams    extracts the data that both ends of flows received
 *      flow       the stack plays one side of a flow
 *      recorded   repeats a run that leat recorded
 *      unhex      turns a flight recorder's dump into a pcapng
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"

struct command {
    const char *name;
    int (*run)(const struct options *options);
};

static const struct command commands[] = {
    {"feed", feed}, {"streams", streams}, {"flow", flow}, {"recorded", recorded}, {"unhex", unhex}};

/* Copies standard input to an unlinked temporary file, because a capture may be read more
 * than once. */
static bool spool(struct options *options)
{
    char path[] = "/tmp/leat-replay-XXXXXX";
    static char name[64];
    char bytes[4096];
    int fd = mkstemp(path);
    ssize_t got = 0;

    if (fd < 0)
        return false;
    unlink(path);
    while ((got = read(STDIN_FILENO, bytes, sizeof bytes)) > 0) {
        if (write(fd, bytes, (size_t)got) != got)
            return false;
    }
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    options->path = name;
    return got == 0;
}

static bool reads_twice(const struct options *options)
{
    return strcmp(options->command, "flow") == 0 || strcmp(options->command, "recorded") == 0 ||
           strcmp(options->command, "feed") == 0; /* which first finds our address */
}

int main(int argc, char **argv)
{
    struct options options;
    int status = options_parse(&options, argc, argv);

    if (status >= 0)
        return status;
    if (strcmp(options.path, "-") == 0 && reads_twice(&options) && !spool(&options)) {
        fprintf(stderr, "leat-replay: can't keep standard input in a file\n");
        return STATUS_WRONG;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, options.command) == 0)
            return commands[i].run(&options);
    }
    return STATUS_WRONG;
}
