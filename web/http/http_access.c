/* http_access.c -- see http_access.h. */
#include <leat/http_access.h>

#include <leat/civil.h>

#include "core/assert.h"
#include "core/second.h"
#include "core/text.h"

enum {
    FIXED_BYTES = 380 /* limit of a line without the texts of the client */
};

_Static_assert(LEAT_HTTP_ACCESS_BYTES_MIN >= FIXED_BYTES + 100, "there is room for texts");

/* How a text is written. */
enum form {
    COMMON,
    JSON
};

/* A line that is being written. */
struct writer {
    struct text text;
    enum form form;
    size_t texts_bytes; /* room for the texts of the client */
    bool is_cut;
};

static struct writer begin(enum form form, char *line, size_t size)
{
    leat_assert(size >= LEAT_HTTP_ACCESS_BYTES_MIN);
    return (struct writer){
        .text = {.bytes = line, .room = size}, .form = form, .texts_bytes = size - FIXED_BYTES};
}

/* ---- Texts of the client ------------------------------------------------------------------ */

static size_t add_hex(char escape[6], const char *prefix, uint8_t octet)
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
static size_t escape_octet(enum form form, uint8_t octet, char escape[6])
{
    const bool is_quoted = octet == '"' || octet == '\\';

    if (octet >= ' ' && octet < 0x7f && !is_quoted) {
        escape[0] = (char)octet;
        return 1;
    }
    if (form == COMMON)
        return add_hex(escape, "\\x", octet);
    if (!is_quoted)
        return add_hex(escape, "\\u00", octet);
    escape[0] = '\\';
    escape[1] = (char)octet;
    return 2;
}

/* Adds @len octets, escaped, as far as a share of the room for texts goes. */
static void add_octets(struct writer *writer, const char *octets, size_t len, size_t share)
{
    size_t room = writer->texts_bytes / share;

    for (size_t i = 0; i < len; i++) {
        char escape[7];
        const size_t bytes = escape_octet(writer->form, (uint8_t)octets[i], escape);

        if (bytes > room) {
            writer->is_cut = true;
            return;
        }
        room -= bytes;
        escape[bytes] = '\0';
        text_add(&writer->text, escape);
    }
}

/* ---- Parts of both forms ------------------------------------------------------------------ */

static void add_address(struct writer *writer, const struct leat_http_access *access)
{
    char text[LEAT_IP_TEXT_BYTES];

    leat_ip_format(access->peer, text);
    text_add(&writer->text, leat_ip_is_any(access->peer) ? "-" : text);
}

/* "03:00:00" */
static void add_clock(struct text *text, const struct leat_civil_date *date)
{
    text_add_digits(text, date->hour, 2);
    text_add(text, ":");
    text_add_digits(text, date->minute, 2);
    text_add(text, ":");
    text_add_digits(text, date->second, 2);
}

static void add_seconds(struct text *text, uint64_t ns)
{
    text_add_number(text, ns / second_ns);
    text_add(text, ".");
    text_add_digits(text, ns % second_ns / 1000, 6);
}

/* When the request began; 0: unknown. */
static uint64_t begun_ns(const struct leat_http_access *access, uint64_t civil_ns)
{
    return civil_ns > access->took_ns ? civil_ns - access->took_ns : 0;
}

/* ---- The Combined Log Format -------------------------------------------------------------- */

/* "26/Nov/2026:03:00:00 +0000" */
static void add_date(struct text *text, uint64_t civil_ns)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const struct leat_civil_date date = leat_civil_date(civil_ns);

    text_add_digits(text, date.day, 2);
    text_add(text, "/");
    text_add(text, months[date.month - 1]);
    text_add(text, "/");
    text_add_digits(text, date.year, 4);
    text_add(text, ":");
    add_clock(text, &date);
    text_add(text, " +0000");
}

/* "-" stands for a text that is absent. */
static void add_quoted(struct writer *writer, const char *octets, size_t len, size_t share)
{
    text_add(&writer->text, " \"");
    if (len > 0)
        add_octets(writer, octets, len, share);
    else
        text_add(&writer->text, "-");
    text_add(&writer->text, "\"");
}

size_t leat_http_access_common(const struct leat_http_access *access, uint64_t civil_ns, char *line,
                               size_t size)
{
    const uint64_t at_ns = begun_ns(access, civil_ns);
    struct writer writer = begin(COMMON, line, size);
    struct text *text = &writer.text;

    add_address(&writer, access);
    text_add(text, " - - [");
    if (at_ns > 0)
        add_date(text, at_ns);
    else
        text_add(text, "-");
    text_add(text, "]");
    add_quoted(&writer, access->line, access->line_len, 2);
    text_add(text, " ");
    text_add_digits(text, access->status, 3);
    text_add(text, " ");
    text_add_number(text, access->reply_bytes);
    add_quoted(&writer, access->referer, access->referer_len, 4);
    add_quoted(&writer, access->agent, access->agent_len, 4);
    text_add(text, " ");
    add_seconds(text, access->took_ns);
    text_add(text, access->secure ? " https" : " http");
    return text->len;
}

/* ---- JSON --------------------------------------------------------------------------------- */

/* "2026-11-26T03:00:00.123456Z" (RFC 3339 5.6) */
static void add_timestamp(struct text *text, uint64_t civil_ns)
{
    const struct leat_civil_date date = leat_civil_date(civil_ns);

    text_add_digits(text, date.year, 4);
    text_add(text, "-");
    text_add_digits(text, date.month, 2);
    text_add(text, "-");
    text_add_digits(text, date.day, 2);
    text_add(text, "T");
    add_clock(text, &date);
    text_add(text, ".");
    text_add_digits(text, civil_ns % second_ns / 1000, 6);
    text_add(text, "Z");
}

static void add_member(struct writer *writer, const char *name, const char *octets, size_t len,
                       size_t share)
{
    if (len == 0)
        return;
    text_add(&writer->text, ",\"");
    text_add(&writer->text, name);
    text_add(&writer->text, "\":\"");
    add_octets(writer, octets, len, share);
    text_add(&writer->text, "\"");
}

static void add_request(struct writer *writer, const struct leat_http_access *access)
{
    if (access->target_len == 0) {
        add_member(writer, "line", access->line, access->line_len, 2);
        return;
    }
    /* a space stands between them; the two shares are those of the whole line */
    add_member(writer, "method", access->line, (size_t)(access->target - access->line) - 1, 4);
    add_member(writer, "target", access->target, access->target_len, 4);
    text_add(&writer->text, ",\"protocol\":\"HTTP/1.");
    text_add_number(&writer->text, access->minor_version);
    text_add(&writer->text, "\"");
}

static void add_flag(struct text *text, const char *name, bool value)
{
    text_add(text, name);
    text_add(text, value ? "true" : "false");
}

size_t leat_http_access_json(const struct leat_http_access *access, uint64_t civil_ns, char *line,
                             size_t size)
{
    const uint64_t at_ns = begun_ns(access, civil_ns);
    struct writer writer = begin(JSON, line, size);
    struct text *text = &writer.text;

    text_add(text, "{");
    if (at_ns > 0) {
        text_add(text, "\"time\":\"");
        add_timestamp(text, at_ns);
        text_add(text, "\",");
    }
    text_add(text, "\"client\":\"");
    add_address(&writer, access);
    text_add(text, "\"");
    add_request(&writer, access);
    text_add(text, ",\"status\":");
    text_add_number(text, access->status);
    text_add(text, ",\"bytes\":");
    text_add_number(text, access->reply_bytes);
    text_add(text, ",\"seconds\":");
    add_seconds(text, access->took_ns);
    add_member(&writer, "referer", access->referer, access->referer_len, 4);
    add_member(&writer, "agent", access->agent, access->agent_len, 4);
    add_flag(text, ",\"secure\":", access->secure);
    add_flag(text, ",\"complete\":", access->complete);
    if (writer.is_cut || access->is_cut)
        text_add(text, ",\"cut\":true");
    text_add(text, "}");
    return text->len;
}
