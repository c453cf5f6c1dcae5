/*
 * unhex.c -- makes a pcapng of a flight recorder's dump on a console.
 *
 * The dump's lines begin with "flight:"; other text is skipped.
 */
#include <errno.h>
#include <string.h>

#include "options.h"

enum {
    LINE_BYTES = 512
};

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Writes the bytes in a line; returns their number. */
static unsigned write_line(const char *line, FILE *to)
{
    const char *at = strstr(line, "flight:");
    unsigned count = 0;

    if (!at)
        return 0;
    for (at += strlen("flight:"); *at == ' '; at++) {
    }
    while (digit(at[0]) >= 0 && digit(at[1]) >= 0) {
        putc(digit(at[0]) << 4 | digit(at[1]), to);
        at += 2;
        count++;
    }
    return count;
}

int unhex(const struct options *options)
{
    FILE *from = strcmp(options->path, "-") == 0 ? stdin : fopen(options->path, "r");
    FILE *to = options->record && from ? fopen(options->record, "wb") : NULL;
    char line[LINE_BYTES];
    unsigned long long count = 0;
    bool good;

    if (!from || !to) {
        fprintf(stderr, "leat-replay: %s: %s\n",
                from && options->record ? options->record : options->name,
                options->record || !from ? strerror(errno) : "unhex needs --record FILE");
        return STATUS_WRONG;
    }
    while (fgets(line, sizeof line, from))
        count += write_line(line, to);
    good = fclose(to) == 0 && count > 0;
    if (from != stdin)
        fclose(from);
    if (count == 0)
        fprintf(stderr, "leat-replay: %s: no line of it begins with \"flight:\"\n", options->name);
    else
        printf("%llu bytes\n", count);
    return good ? STATUS_FINE : STATUS_WRONG;
}
