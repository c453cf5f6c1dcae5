/* log_line.c -- see log_line.h. */
#include "core/log_line.h"

#include <leat/civil.h>

#include "core/assert.h"
#include "core/second.h"

enum {
    ESCAPE_BYTES = 6 /* the longest: "\u00HH" */
};

/* ---- Texts of strangers ------------------------------------------------------------------- */

static size_t add_hex(char escape[ESCAPE_BYTES], const char *prefix, uint8_t octet)
{
    size_t len = 0;

    while (prefix[len]) {
        escape[len] = prefix[len];
        len++;
    }
    escape[len++] = "0123456789ABCDEF"[octet >> 4];
    escape[len++] = "0123456789ABCDEF"[octet & 15];
    return len;
}

/* Writes what stands for @octet; returns its length. */
static size_t escape_octet(enum log_form form, uint8_t octet, char escape[ESCAPE_BYTES])
{
    const bool is_quoted = octet == '"' || octet == '\\';

    if (octet >= ' ' && octet < 0x7f && !is_quoted) {
        escape[0] = (char)octet;
        return 1;
    }
    if (form == LOG_COMMON)
        return add_hex(escape, "\\x", octet);
    if (!is_quoted)
        return add_hex(escape, "\\u00", octet);
    escape[0] = '\\';
    escape[1] = (char)octet;
    return 2;
}

bool log_line_octet(struct log_line *line, char octet, size_t *room)
{
    char escape[ESCAPE_BYTES + 1];
    const size_t bytes = escape_octet(line->form, (uint8_t)octet, escape);

    if (bytes > *room) {
        line->is_cut = true;
        return false;
    }
    *room -= bytes;
    escape[bytes] = '\0';
    text_add(&line->text, escape);
    return true;
}

void log_line_octets(struct log_line *line, const char *octets, size_t len, size_t parts)
{
    size_t room = line->texts_bytes / parts;
    size_t at = 0;

    while (at < len && log_line_octet(line, octets[at], &room))
        at++;
}

void log_line_quoted(struct log_line *line, const char *octets, size_t len, size_t parts)
{
    text_add(&line->text, " \"");
    if (len > 0)
        log_line_octets(line, octets, len, parts);
    else
        text_add(&line->text, "-");
    text_add(&line->text, "\"");
}

void log_line_member(struct log_line *line, const char *name, const char *octets, size_t len,
                     size_t parts)
{
    if (len == 0)
        return;
    text_add(&line->text, ",\"");
    text_add(&line->text, name);
    text_add(&line->text, "\":\"");
    log_line_octets(line, octets, len, parts);
    text_add(&line->text, "\"");
}

/* ---- Values of ours ----------------------------------------------------------------------- */

void log_line_flag(struct log_line *line, const char *name, bool value)
{
    text_add(&line->text, ",\"");
    text_add(&line->text, name);
    text_add(&line->text, value ? "\":true" : "\":false");
}

void log_line_seconds(struct log_line *line, uint64_t ns)
{
    text_add_number(&line->text, ns / second_ns);
    text_add(&line->text, ".");
    text_add_digits(&line->text, ns % second_ns / 1000, 6);
}

/* ---- Begin and end ------------------------------------------------------------------------ */

/* "03:00:00" */
static void add_clock(struct text *text, const struct leat_civil_date *date)
{
    text_add_digits(text, date->hour, 2);
    text_add(text, ":");
    text_add_digits(text, date->minute, 2);
    text_add(text, ":");
    text_add_digits(text, date->second, 2);
}

/* "26/Nov/2026:03:00:00 +0000" */
static void add_date(struct text *text, const struct leat_civil_date *date)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

    text_add_digits(text, date->day, 2);
    text_add(text, "/");
    text_add(text, months[date->month - 1]);
    text_add(text, "/");
    text_add_digits(text, date->year, 4);
    text_add(text, ":");
    add_clock(text, date);
    text_add(text, " +0000");
}

/* "2026-11-26T03:00:00.123456Z" (RFC 3339 5.6); the fraction is that of @civil_ns */
static void add_timestamp(struct text *text, const struct leat_civil_date *date, uint64_t civil_ns)
{
    text_add_digits(text, date->year, 4);
    text_add(text, "-");
    text_add_digits(text, date->month, 2);
    text_add(text, "-");
    text_add_digits(text, date->day, 2);
    text_add(text, "T");
    add_clock(text, date);
    text_add(text, ".");
    text_add_digits(text, civil_ns % second_ns / 1000, 6);
    text_add(text, "Z");
}

static void add_ip(struct text *text, struct leat_ip ip)
{
    char bytes[LEAT_IP_TEXT_BYTES];

    leat_ip_format(ip, bytes);
    text_add(text, leat_ip_is_any(ip) ? "-" : bytes);
}

static void begin_common(struct text *text, struct leat_ip client, uint64_t at_ns)
{
    const struct leat_civil_date date = leat_civil_date(at_ns);

    add_ip(text, client);
    text_add(text, " - - [");
    if (at_ns > 0)
        add_date(text, &date);
    else
        text_add(text, "-");
    text_add(text, "]");
}

static void begin_json(struct text *text, struct leat_ip client, uint64_t at_ns)
{
    const struct leat_civil_date date = leat_civil_date(at_ns);

    text_add(text, "{");
    if (at_ns > 0) {
        text_add(text, "\"time\":\"");
        add_timestamp(text, &date, at_ns);
        text_add(text, "\",");
    }
    text_add(text, "\"client\":\"");
    add_ip(text, client);
    text_add(text, "\"");
}

struct log_line log_line_begin(enum log_form form, char *bytes, size_t size, size_t fixed_bytes,
                               const struct log_event *event)
{
    const uint64_t at_ns = event->civil_ns > event->took_ns ? event->civil_ns - event->took_ns : 0;
    struct log_line line = {
        .text = {.bytes = bytes, .room = size}, .form = form, .texts_bytes = size - fixed_bytes};

    leat_assert(size > fixed_bytes);
    if (form == LOG_COMMON)
        begin_common(&line.text, event->client, at_ns);
    else
        begin_json(&line.text, event->client, at_ns);
    return line;
}

void log_line_end_json(struct log_line *line, bool complete)
{
    log_line_flag(line, "complete", complete);
    if (line->is_cut)
        log_line_flag(line, "cut", true);
    text_add(&line->text, "}");
}
