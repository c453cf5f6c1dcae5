/* dns_zone_words.c -- the words of a master file, and the memory that takes what they mean; see
 * zone_reader.h. */
#include <string.h>

#include "proto/dns/dns_scan.h"
#include "proto/dns/dns_text.h"
#include "proto/dns/zone_reader.h"

enum {
    TTL_MAX_S = INT32_MAX /* RFC 2181 8 */
};

bool zone_fail_at(struct zone_reader *reader, uint32_t line, uint32_t column, const char *why)
{
    reader->err = LEAT_ERR_FORMAT;
    *reader->error = (struct leat_dns_zone_error){.line = line, .column = column, .text = why};
    return false;
}

/* Reports an error at the current token. */
bool zone_fail(struct zone_reader *reader, const char *why)
{
    const struct dns_token *token = &reader->token;

    /* the scanner's own reason is nearer to the cause */
    return zone_fail_at(reader, token->line, token->column,
                        token->kind == DNS_TOKEN_BAD ? token->text : why);
}

void zone_advance(struct zone_reader *reader)
{
    dns_scan_next(&reader->scan, &reader->token);
}

bool zone_at_line_end(const struct zone_reader *reader)
{
    return reader->token.kind == DNS_TOKEN_LINE_END || reader->token.kind == DNS_TOKEN_TEXT_END;
}

bool zone_token_is(const struct zone_reader *reader, const char *word)
{
    const struct dns_token *token = &reader->token;

    return token->kind == DNS_TOKEN_WORD && dns_word_is(token->text, token->len, word);
}

/* Reserves @bytes for names and data; NULL: full. */
uint8_t *zone_take(struct zone_reader *reader, size_t bytes)
{
    uint8_t *taken = reader->next;

    if ((size_t)(reader->end - reader->next) < bytes) {
        reader->err = LEAT_ERR_MEMORY;
        return NULL;
    }
    reader->next += bytes;
    return taken;
}

bool zone_put(struct zone_reader *reader, const void *bytes, size_t len)
{
    uint8_t *place = zone_take(reader, len);

    if (place)
        memcpy(place, bytes, len);
    return place != NULL;
}

/* Parses the current token as a name into reader->name, and advances. */
bool zone_read_name(struct zone_reader *reader)
{
    const struct dns_token *token = &reader->token;
    struct leat_dns_name *name = &reader->name;
    bool absolute = false;

    if (token->kind != DNS_TOKEN_WORD)
        return zone_fail(reader, "a name is missing");
    name->len = 0;
    /* RFC 1035 5.1: a lone "@" is the origin, which is appended below */
    if (!zone_token_is(reader, "@")) {
        const char *why = dns_labels_read(token->text, token->len, name, &absolute);

        if (why)
            return zone_fail(reader, why);
    }
    if (absolute) {
        name->wire[name->len++] = 0;
    } else {
        if (!reader->has_origin)
            return zone_fail(reader, "a name without a final dot needs an $ORIGIN before it");
        if (name->len + reader->origin.len > LEAT_DNS_NAME_BYTES)
            return zone_fail(reader, "a name has more than 255 bytes");
        memcpy(name->wire + name->len, reader->origin.wire, reader->origin.len);
        name->len = (uint8_t)(name->len + reader->origin.len);
    }
    zone_advance(reader);
    return true;
}

/* Seconds of a time unit; 0: no unit. */
static uint32_t unit_s(char unit)
{
    /* in either letter case */
    switch (unit | 0x20) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    case 'w':
        return 604800;
    default:
        return 0;
    }
}

/* Parses "3600" or "1h30m": numbers with units; the last unit may be missing. */
bool zone_time_read(const char *text, size_t len, uint32_t *time_s)
{
    uint64_t sum = 0;
    size_t at = 0;

    while (at < len) {
        const size_t start = at;
        uint32_t number;

        while (at < len && text[at] >= '0' && text[at] <= '9')
            at++;
        /* each unit needs a number, so "h" and "1hm" are refused */
        if (!dns_number_read(text + start, at - start, TTL_MAX_S, &number))
            return false;
        if (at < len && unit_s(text[at]) == 0)
            return false;
        sum += (uint64_t)number * (at < len ? unit_s(text[at++]) : 1);
        if (sum > TTL_MAX_S)
            return false;
    }
    *time_s = (uint32_t)sum;
    return len > 0;
}
