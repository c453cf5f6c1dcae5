/*
 * log_line.h -- a line of a log that contains texts of strangers.
 *
 * The line is whole whatever they have sent. All octets but printable ASCII are escaped, and quotes
 * and backslashes too, so no stranger can forge a line, a field, or an escape of a terminal. A text
 * that is too long for its room is cut off between escapes.
 */
#ifndef CORE_LOG_LINE_H
#define CORE_LOG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/addr.h>

#include "core/text.h"

/* How a text is escaped. */
enum log_form {
    LOG_COMMON, /* "\xHH" */
    LOG_JSON    /* "\u00HH", "\"" and "\\" (RFC 8259 7) */
};

/* A line that is being written. */
struct log_line {
    struct text text;
    enum log_form form;
    size_t texts_bytes; /* room for the texts of strangers, escaped */
    bool is_cut;
};

/* A request that is over. */
struct log_event {
    struct leat_ip client; /* LEAT_IP_ANY: unknown */
    uint64_t civil_ns;     /* the time of its end; 0: unknown */
    uint64_t took_ns;
};

/* Begins a line in @size bytes with the client and the time when its request began:
 * "192.0.2.1 - - [26/Nov/2026:03:00:00 +0000]", or the first members of an object of JSON.
 * All but the texts of strangers has @fixed_bytes. */
struct log_line log_line_begin(enum log_form form, char *bytes, size_t size, size_t fixed_bytes,
                               const struct log_event *event);

/* Adds whether a line of JSON is complete, and whether a text is cut, and ends it. */
void log_line_end_json(struct log_line *line, bool complete);

/* Adds an octet, escaped, and takes the length from @room. False: it doesn't fit there, so the text
 * is cut. */
bool log_line_octet(struct log_line *line, char octet, size_t *room);

/* Adds @len octets, as far as a part of the room for texts goes: one of @parts equal ones. */
void log_line_octets(struct log_line *line, const char *octets, size_t len, size_t parts);

/* Adds " \"TEXT\"", or " \"-\"" if there is none. */
void log_line_quoted(struct log_line *line, const char *octets, size_t len, size_t parts);

/* Adds ",\"NAME\":\"TEXT\"", or nothing if there is none. */
void log_line_member(struct log_line *line, const char *name, const char *octets, size_t len,
                     size_t parts);

/* Adds ",\"NAME\":true" or false. */
void log_line_flag(struct log_line *line, const char *name, bool value);

/* Adds a duration in seconds: "0.000123". */
void log_line_seconds(struct log_line *line, uint64_t ns);

#endif
