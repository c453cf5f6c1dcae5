/*
 * dns_zone.h -- private declarations of a zone: records in the canonical order of their names.
 *
 * In that order (RFC 4034 6.1) a name directly precedes all names below it. So one binary search
 * finds a name's records, and tells whether anything exists below a name without records.
 */
#ifndef DNS_DNS_ZONE_H
#define DNS_DNS_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/dns_zone.h>

#include "proto/wire/dns.h"

struct dns_zone_record {
    struct dns_new_record record;
    uint32_t line; /* line in the master file */
};

struct leat_dns_zone {
    struct dns_zone_record *records; /* sorted by owner, type, data */
    uint32_t count;
    uint32_t soa; /* index of the SOA record, whose owner is the apex */
    unsigned apex_labels;
};

/* Records from `first` to before `end`: those of one name, or of one name and type. */
struct dns_zone_range {
    uint32_t first;
    uint32_t end;
};

static inline bool dns_zone_range_is_empty(struct dns_zone_range range)
{
    return range.first == range.end;
}

static inline const struct dns_new_record *dns_zone_record(const struct leat_dns_zone *zone,
                                                           uint32_t index)
{
    return &zone->records[index].record;
}

static inline const uint8_t *dns_zone_apex_wire(const struct leat_dns_zone *zone)
{
    return dns_zone_record(zone, zone->soa)->owner;
}

enum {
    DNS_LABELS_MAX = 127 /* without the root: each takes at least two of 255 bytes */
};

/* The positions of a legal name's labels. */
struct dns_zone_labels {
    const uint8_t *name;
    unsigned count;                     /* without the root's */
    uint8_t starts[DNS_LABELS_MAX + 1]; /* including the root */
};

static inline void dns_zone_labels(struct dns_zone_labels *labels, const uint8_t *name)
{
    unsigned at = 0;

    labels->name = name;
    labels->count = 0;
    while (name[at] != 0 && labels->count < DNS_LABELS_MAX) {
        labels->starts[labels->count++] = (uint8_t)at;
        at += name[at] + 1u;
    }
    labels->starts[labels->count] = (uint8_t)at;
}

/* The length of a legal name. */
size_t dns_name_bytes(const uint8_t *name);

/* Negative, 0 or positive: @a precedes, equals or follows @b in canonical order. */
int dns_name_order(const uint8_t *a, const uint8_t *b);

/* The number of bytes that @name has in front of @top, if it is @top or below it; otherwise -1. */
int dns_name_below(const uint8_t *name, const uint8_t *top);

/* Finds the records of @name. True if the name exists, even if only because of names below it. */
bool dns_zone_find(const struct leat_dns_zone *zone, const uint8_t *name,
                   struct dns_zone_range *node);

/* Does the same for a name at or below the apex, without its first @skip labels. */
bool dns_zone_find_inside(const struct leat_dns_zone *zone, const struct dns_zone_labels *labels,
                          unsigned skip, struct dns_zone_range *node);

/* The records of one @type among those of a name. */
struct dns_zone_range dns_zone_set(const struct leat_dns_zone *zone, struct dns_zone_range node,
                                   uint16_t type);

/* Sorts the records into sets, and checks the rules that hold for a zone as a whole. Returns
 * NULL, or an error message and its line (0: none). */
const char *dns_zone_settle(struct leat_dns_zone *zone, uint32_t *line);

#endif
