/*
 * dns_zone_text.c -- parses a master file (RFC 1035 5) into the memory of a zone.
 *
 * The memory fills from both ends: the zone, the reader, and then names and data from the front;
 * records from the back.
 */
#include <string.h>

#include "proto/dns/dns_scan.h"
#include "proto/dns/dns_text.h"
#include "proto/dns/dns_zone.h"
#include "proto/dns/zone_reader.h"
#include "wire/bytes.h"

enum {
    ALIGN = 16
};

/* True for types of questions and messages, which no zone has. */
static bool is_meta(uint16_t type)
{
    return type == 0 || type == DNS_TYPE_OPT || (type >= DNS_TYPE_META && type <= LEAT_DNS_ANY);
}

/* Parses "[TTL] [class] type", with the first two in either order. */
static bool read_kind(struct zone_reader *reader, struct dns_new_record *record)
{
    const struct dns_token *token = &reader->token;
    bool has_ttl = false;

    for (; token->kind == DNS_TOKEN_WORD; zone_advance(reader)) {
        /* RFC 1035 5.1: TTL and class may come in either order; no type begins with a digit */
        if (zone_time_read(token->text, token->len, &record->ttl_s))
            has_ttl = true;
        else if (zone_token_is(reader, "CH") || zone_token_is(reader, "HS"))
            return zone_fail(reader, "the only class is IN");
        else if (!zone_token_is(reader, "IN"))
            break;
    }
    if (token->kind != DNS_TOKEN_WORD || !dns_type_read(token->text, token->len, &record->type))
        return zone_fail(reader, "not a TTL, the class IN, or a type such as A, MX or TYPE65280");
    if (is_meta(record->type))
        return zone_fail(reader, "records of this type are in no zone");
    if (!has_ttl && !reader->has_ttl)
        return zone_fail(reader, "there is no TTL: give one before the type, or a $TTL");
    if (!has_ttl)
        record->ttl_s = reader->ttl_s;
    else if (!reader->has_ttl_line) /* RFC 1035 5.1: the last TTL stated becomes the default */
        reader->ttl_s = record->ttl_s;
    reader->has_ttl = true;
    zone_advance(reader);
    return true;
}

static bool read_owner(struct zone_reader *reader)
{
    if (reader->token.indented) {
        if (!reader->owner)
            return zone_fail(reader, "the first record must begin with a name");
        return true;
    }
    if (!zone_read_name(reader))
        return false;
    if (reader->owner && dns_name_order(reader->owner, reader->name.wire) == 0)
        return true; /* the same owner again: stored once */
    reader->owner = reader->next;
    return zone_put(reader, reader->name.wire, reader->name.len);
}

static bool read_record(struct zone_reader *reader)
{
    const uint32_t line = reader->token.line;
    struct dns_zone_record made = {.line = line};
    size_t rdata_len;

    if (!read_owner(reader))
        return false;
    made.record.owner = reader->owner;
    if (!read_kind(reader, &made.record))
        return false;
    made.record.rdata = reader->next;
    if (!zone_put_rdata(reader, made.record.type))
        return false;
    rdata_len = (size_t)(reader->next - made.record.rdata);
    if (rdata_len > UINT16_MAX)
        return zone_fail_at(reader, line, 1, "the record has more than 65535 bytes of data");
    made.record.rdata_len = (uint16_t)rdata_len;
    if ((size_t)(reader->end - reader->next) < sizeof made) {
        reader->err = LEAT_ERR_MEMORY;
        return false;
    }
    /* Records fill the memory from its end, so that they lie in one array, behind the names and
     * data. */
    reader->end -= sizeof made;
    memcpy(reader->end, &made, sizeof made);
    reader->count++;
    return true;
}

static bool read_directive(struct zone_reader *reader)
{
    const struct dns_token *token = &reader->token;

    if (zone_token_is(reader, "$ORIGIN")) {
        zone_advance(reader);
        if (!zone_read_name(reader))
            return false;
        reader->origin = reader->name;
        reader->has_origin = true;
    } else if (zone_token_is(reader, "$TTL")) {
        zone_advance(reader);
        if (token->kind != DNS_TOKEN_WORD ||
            !zone_time_read(token->text, token->len, &reader->ttl_s))
            return zone_fail(reader, "not a time such as 3600 or 1h30m");
        reader->has_ttl = reader->has_ttl_line = true;
        zone_advance(reader);
    } else {
        return zone_fail(reader, "the directives are $ORIGIN and $TTL");
    }
    return zone_at_line_end(reader) || zone_fail(reader, "nothing more was expected on this line");
}

static bool read_line(struct zone_reader *reader)
{
    const struct dns_token *token = &reader->token;

    if (zone_at_line_end(reader))
        return true;
    /* a name that begins with a dollar is written with an escape */
    if (token->kind == DNS_TOKEN_WORD && !token->indented && token->text[0] == '$')
        return read_directive(reader);
    return read_record(reader);
}

/* Parses all lines, up to the end of the text. */
static bool read_lines(struct zone_reader *reader)
{
    for (;;) {
        zone_advance(reader);
        if (!read_line(reader))
            return false;
        if (reader->token.kind == DNS_TOKEN_TEXT_END)
            return true;
    }
}

/* Rounds up to a multiple of ALIGN. */
static size_t align_up(size_t bytes)
{
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static size_t fixed_bytes(void)
{
    return align_up(sizeof(struct leat_dns_zone)) + align_up(sizeof(struct zone_reader)) +
           2u * ALIGN;
}

/* Bytes for items behind commas: each may be an address of 16 bytes (RFC 9460 7.3). */
static size_t list_bytes(const struct dns_token *token)
{
    size_t bytes = 0;

    for (size_t i = 0; i < token->len; i++)
        bytes += token->text[i] == ',' ? 16 : 0;
    return bytes;
}

/* A word can become a name with the origin appended, or an address of 16 bytes. Origins can
 * be relative: "$ORIGIN a", "$ORIGIN b" is b.a. */
size_t leat_dns_zone_memory_bytes(const char *text, size_t text_len)
{
    struct dns_scan scan;
    struct dns_token token = {.kind = DNS_TOKEN_LINE_END};
    size_t bytes = fixed_bytes();
    size_t origin = 1;
    bool after_origin = false;

    dns_scan_start(&scan, text, text_len);
    while (token.kind != DNS_TOKEN_TEXT_END && token.kind != DNS_TOKEN_BAD) {
        dns_scan_next(&scan, &token);
        /* as if each origin were relative, and so made the names longer */
        if (after_origin)
            origin += token.len + 1;
        if (origin > LEAT_DNS_NAME_BYTES)
            origin = LEAT_DNS_NAME_BYTES;
        after_origin =
            token.kind == DNS_TOKEN_WORD && dns_word_is(token.text, token.len, "$ORIGIN");
        if (token.kind == DNS_TOKEN_WORD)
            bytes += token.len + 1 + (origin > 15 ? origin : 15) + list_bytes(&token);
        else if (token.kind == DNS_TOKEN_QUOTED)
            bytes += token.len + 1 + list_bytes(&token);
        else
            bytes += sizeof(struct dns_zone_record);
    }
    return bytes;
}

static enum leat_err settle(struct zone_reader *reader, struct leat_dns_zone *zone)
{
    const char *why;
    uint32_t line;

    zone->records = (struct dns_zone_record *)(void *)reader->end;
    zone->count = reader->count;
    why = dns_zone_settle(zone, &line);
    /* without a line of its own, the error is at the end of the text */
    if (why)
        zone_fail_at(reader, line != 0 ? line : reader->token.line, 1, why);
    return reader->err;
}

enum leat_err leat_dns_zone_parse(struct leat_dns_zone **zone, void *memory, size_t bytes,
                                  const char *text, size_t text_len,
                                  struct leat_dns_zone_error *error)
{
    uint8_t *block = memory;
    const size_t skew = (ALIGN - (uintptr_t)block % ALIGN) % ALIGN;
    struct leat_dns_zone *made;
    struct zone_reader *reader;

    *error = (struct leat_dns_zone_error){.line = 1, .column = 1, .text = ""};
    if (bytes < fixed_bytes())
        return LEAT_ERR_MEMORY;
    /* the reader, which holds whole names, is too large for a stack frame, and lives in the zone's
     * memory */
    made = (struct leat_dns_zone *)(void *)(block + skew);
    reader = (struct zone_reader *)(void *)(block + skew + align_up(sizeof *made));
    memset(reader, 0, sizeof *reader);
    reader->error = error;
    reader->next = block + skew + align_up(sizeof *made) + align_up(sizeof *reader);
    reader->end = block + bytes - ((uintptr_t)block + bytes) % ALIGN;
    memset(made, 0, sizeof *made);
    dns_scan_start(&reader->scan, text, text_len);
    if (!read_lines(reader) || settle(reader, made) != LEAT_OK)
        return reader->err;
    *zone = made;
    return LEAT_OK;
}
