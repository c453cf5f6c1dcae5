/* dns_zone.h -- a zone: the records of a name server, read from a master file. */
#ifndef LEAT_DNS_ZONE_H
#define LEAT_DNS_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include <leat/dns.h>
#include <leat/err.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A zone, sorted.  It lies in the program's memory and never changes; servers may share it. */
struct leat_dns_zone;

/** The reason why a master file was refused. */
struct leat_dns_zone_error {
    uint32_t line;    /**< from 1 */
    uint32_t column;  /**< from 1, in bytes; where the wrong word begins */
    const char *text; /**< one English phrase; static memory */
};

/**
 * Bytes of memory that are enough for leat_dns_zone_parse() of this text, whatever it holds: about
 * 150 per record.  Meaningless if the text is not legal.
 */
size_t leat_dns_zone_memory_bytes(const char *text, size_t text_len);

/**
 * Reads a master file (RFC 1035 5) and builds the zone in @p memory (any alignment) of @p bytes.
 * The text is not needed afterwards.
 *
 * Understood: $ORIGIN, $TTL (RFC 2308 4), @, relative names, times like 1h30m, comments,
 * parentheses, quotes, escapes; class IN; the types of leat_dns_type_parse(), and any other in the
 * form of RFC 3597 5.  The first name must be absolute or follow an $ORIGIN.  The zone must hold
 * one SOA record, whose owner is the apex, an NS record at the apex, and no name outside.  A CNAME
 * must be the only record of its name. Duplicate records count once, and a set's TTL is its
 * smallest.
 *
 * Errors: LEAT_ERR_FORMAT (@p error says where and why), LEAT_ERR_MEMORY.
 */
enum leat_err leat_dns_zone_parse(struct leat_dns_zone **zone, void *memory, size_t bytes,
                                  const char *text, size_t text_len,
                                  struct leat_dns_zone_error *error);

/** Records of the zone. */
uint32_t leat_dns_zone_record_count(const struct leat_dns_zone *zone);

/** The name of the zone: the owner of its SOA record. */
void leat_dns_zone_apex(const struct leat_dns_zone *zone, struct leat_dns_name *name);

#ifdef __cplusplus
}
#endif
#endif
