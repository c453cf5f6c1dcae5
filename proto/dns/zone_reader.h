/*
 * zone_reader.h -- private declarations of the parser of master files: dns_zone_text.c parses
 * lines, dns_zone_rdata.c the data of a record; both take words from dns_zone_words.c.
 */
#ifndef DNS_ZONE_READER_H
#define DNS_ZONE_READER_H

#include "proto/dns/dns_scan.h"
#include "proto/dns/dns_text.h"
#include "proto/dns/dns_zone.h"

struct zone_reader {
    struct dns_scan scan;
    struct dns_token token;            /* the current token */
    struct leat_dns_zone_error *error; /* set once, at the first error */
    enum leat_err err;
    uint8_t *next; /* free memory */
    uint8_t *end;
    uint32_t count;            /* records so far; they begin at `end` */
    uint32_t ttl_s;            /* default TTL for records without one */
    bool has_ttl;              /* there is a default TTL */
    bool has_ttl_line;         /* set by $TTL */
    bool has_origin;           /* without it names must be absolute */
    const uint8_t *owner;      /* owner of the last record; NULL: none yet */
    struct leat_dns_name name; /* scratch, too large for a stack frame */
    struct leat_dns_name origin;
};

/* Reports an error at the current token; returns false. */
bool zone_fail(struct zone_reader *reader, const char *why);

/* The same, at another place. */
bool zone_fail_at(struct zone_reader *reader, uint32_t line, uint32_t column, const char *why);

/* True if the current token is @word, in any letter case. */
bool zone_token_is(const struct zone_reader *reader, const char *word);

/* Moves to the next token. */
void zone_advance(struct zone_reader *reader);

bool zone_at_line_end(const struct zone_reader *reader);

/* Reserves @bytes for names and data; NULL: full. */
uint8_t *zone_take(struct zone_reader *reader, size_t bytes);
bool zone_put(struct zone_reader *reader, const void *bytes, size_t len);

/* Parses the current token as a name into reader->name, and advances. */
bool zone_read_name(struct zone_reader *reader);

/* Parses "3600" or "1h30m": numbers with units; the last unit may be missing. */
bool zone_time_read(const char *text, size_t len, uint32_t *time_s);

/* Parses @len digits of base 64 (RFC 4648 4). */
bool zone_put_base64(struct zone_reader *reader, const char *text, size_t len);

/* Parses digits of @bits each, in words up to the end of the line: 4 are hexadecimal, 6 of base
 * 64. */
bool zone_put_digits(struct zone_reader *reader, unsigned bits);

/* Parses the data of a record of @type up to the end of the line. */
bool zone_put_rdata(struct zone_reader *reader, uint16_t type);

#endif
