/* metadata_reply.c -- see metadata_reply.h. */
#include "metadata_reply.h"

#include <stdint.h>
#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* The value of the line if it is the field @name, which has small letters; else NULL. */
static const char *value_of(const char *line, const char *end, const char *name)
{
    while (line < end && *name && lower(*line) == *name) {
        line++;
        name++;
    }
    if (*name || line == end || *line != ':')
        return NULL;
    for (line++; line < end && (*line == ' ' || *line == '\t');)
        line++;
    return line;
}

static bool is_word(const char *from, const char *end, const char *word)
{
    while (end > from && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    while (from < end && *word && lower(*from) == *word) {
        from++;
        word++;
    }
    return from == end && !*word;
}

/* A number of up to nine digits; false: it is none. */
static bool read_number(const char *from, const char *end, size_t *number)
{
    size_t value = 0;

    while (end > from && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (from == end || end - from > 9)
        return false;
    for (; from < end; from++) {
        if (*from < '0' || *from > '9')
            return false;
        value = 10 * value + (size_t)(*from - '0');
    }
    *number = value;
    return true;
}

/* "HTTP/1.1 200 OK" */
static bool read_status(struct metadata_reply *reply, const char *line, const char *end)
{
    size_t status;

    if (end - line < 12 || memcmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ' ||
        (end - line > 12 && line[12] != ' ') || !read_number(line + 9, line + 12, &status))
        return false;
    reply->status = (unsigned)status;
    return status >= 200 && status <= 599;
}

/* Reads a field; false: the body can't be read by it. */
static bool read_field(struct metadata_reply *reply, const char *line, const char *end,
                       size_t *length)
{
    const char *value = value_of(line, end, "content-length");

    if (value)
        return read_number(value, end, length);
    if (value_of(line, end, "transfer-encoding"))
        return false;
    value = value_of(line, end, "metadata-flavor");
    if (value && is_word(value, end, "google"))
        reply->is_google = true;
    return true;
}

bool metadata_reply_read(struct metadata_reply *reply, const char *bytes, size_t len)
{
    const char *at = bytes, *end = bytes + len;
    size_t length = SIZE_MAX;
    bool is_first = true;

    memset(reply, 0, sizeof *reply);
    for (;;) {
        const char *new_line = memchr(at, '\n', (size_t)(end - at));
        const char *line = at;

        if (!new_line)
            return false;
        at = new_line + 1;
        if (new_line > line && new_line[-1] == '\r')
            new_line--;
        if (new_line == line)
            break;
        if (!(is_first ? read_status(reply, line, new_line)
                       : read_field(reply, line, new_line, &length)))
            return false;
        is_first = false;
    }
    reply->body = at;
    reply->len = (size_t)(end - at);
    if (length < reply->len)
        reply->len = length;
    return !is_first && (length == SIZE_MAX || reply->len == length);
}
