/*
 * cache.h -- answers by name and type, in one block of memory, each until its TTL ends.
 *
 * The block has an index (a keyed hash, chains of 32-bit positions) and two rings, in which entries
 * of any length lie one behind the other.  A new answer goes into the small ring, an eighth of the
 * block; what is asked for again before its turn comes there moves into the large one, where what
 * was asked for since its last turn gets another ("S3-FIFO", Yang and others, 2023).  So names that
 * are asked for once, as an attacker makes them up by the million, push out each other and nothing
 * that is in use.  While the large ring has never been full, all answers but negative ones move
 * there.
 *
 * To find one costs the same, however many there are.  To put one costs what it makes leave: mostly
 * one or two entries of its own size.  Time is in seconds and never goes back.
 */
#ifndef DNS_CACHE_H
#define DNS_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/siphash.h"
#include "proto/dns/stored_answer.h"

enum {
    CACHE_BYTES_MIN = LEAT_RESOLVER_CACHE_BYTES_MIN,
    CACHE_ALIGN = 8
};

/* One answer; its name, in lower case, and its records lie behind it. */
struct cache_entry {
    uint32_t next; /* in its chain: its position and 1; 0: none */
    uint32_t hash;
    uint32_t stored_s;
    uint32_t ttl_s;
    uint32_t recheck_s; /* its servers failed, and are not asked before */
    uint16_t records_len;
    uint16_t grains; /* of 8 bytes: its place */
    uint16_t type;   /* 0: no such name, whatever the type */
    uint16_t answers;
    uint8_t name_len; /* 0: not in the index any more */
    uint8_t rcode : 4;
    uint8_t authorities : 1;
    uint8_t aliased : 1;
    uint8_t used : 1;   /* asked for since its last turn */
    uint8_t proven : 1; /* in the large ring */
};

/* Entries from `tail` to `head`; if head has begun anew, to `top` and then from `begin`. */
struct cache_ring {
    uint32_t begin, end; /* in grains of 8 bytes, as all that follows */
    uint32_t head, tail, top;
    uint32_t used;
};

struct cache {
    uint64_t *grains;
    uint32_t *index;
    uint32_t index_mask;
    uint32_t count;   /* answers in it */
    uint32_t stale_s; /* for how long they stay behind their TTL */
    struct siphash_key key;
    struct cache_ring fresh, proven;
};

/* A name ready to be looked for. */
struct cache_key {
    uint32_t hash;
    uint16_t type;
    uint8_t len;
    uint8_t name[LEAT_DNS_NAME_BYTES]; /* in lower case */
};

/* Makes a cache of @bytes (CACHE_BYTES_MIN or more) at @memory (CACHE_ALIGN). */
void cache_init(struct cache *cache, void *memory, size_t bytes, const struct siphash_key *key);

/* @name: legal and uncompressed, of @len bytes. */
void cache_key_make(const struct cache *cache, struct cache_key *key, const uint8_t *name,
                    uint8_t len, uint16_t type);

/* The answer, or NULL; one whose TTL has ended is given for cache->stale_s more, if it isn't that
 * nobody answers. */
struct cache_entry *cache_find(const struct cache *cache, const struct cache_key *key,
                               uint32_t now_s);

/* Puts an answer in place of what is there; one that is longer than a 32nd of the cache, or has a
 * TTL of 0, is not kept. */
void cache_put(struct cache *cache, const struct cache_key *key, const struct dns_kept *kept,
               uint32_t now_s);

/* A view of the answer; as valid as the entry. */
void cache_view(const struct cache_entry *entry, struct dns_kept *kept);

/* Seconds until the TTL ends; 0: it has. */
static inline uint32_t cache_left_s(const struct cache_entry *entry, uint32_t now_s)
{
    const uint32_t age_s = now_s - entry->stored_s;

    return age_s < entry->ttl_s ? entry->ttl_s - age_s : 0;
}

#endif
