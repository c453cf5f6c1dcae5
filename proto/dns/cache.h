/*
 * cache.h -- answers by name and type, in one block of memory, each until its TTL ends.
 *
 * The block has an index (a keyed hash, chains of 32-bit positions) and two rings, which hold
 * entries of any length. A new answer enters the small ring, an eighth of the block. A used answer
 * at the tail of the small ring moves to the large one, and at the tail of the large ring back to
 * its head ("S3-FIFO", Yang and others, 2023). So names that are asked for once, such as an
 * attacker's random names, evict only each other. Until the large ring is full, all answers but
 * negative ones move there.
 *
 * Lookup takes constant time. Insertion takes time for the entries that it evicts: mostly one or
 * two of its own size. Time is in seconds and never goes back.
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

/* One answer; its name, in lower case, and its records follow it. */
struct cache_entry {
    uint32_t next; /* next position in the chain, plus 1; 0: none */
    uint32_t hash;
    uint32_t stored_s;
    uint32_t ttl_s;
    uint32_t recheck_s; /* the servers have failed; they are not asked again before */
    uint16_t records_len;
    uint16_t grains; /* length, in units of 8 bytes */
    uint16_t type;   /* 0: no such name, for all types */
    uint16_t answers;
    uint8_t name_len; /* 0: removed from the index */
    uint8_t authorities;
    uint8_t rcode : 4;
    uint8_t variant : 2; /* of the question: enum cache_variant */
    uint8_t aliased : 1;
    uint8_t negative : 1;
    uint8_t authentic : 1;
    uint8_t used : 1;   /* asked for since it last moved */
    uint8_t proven : 1; /* in the large ring */
};

/* Entries from `tail` to `head`; after a wrap to `top`, and then from `begin`. */
struct cache_ring {
    uint32_t begin, end; /* in grains of 8 bytes, like all members */
    uint32_t head, tail, top;
    uint32_t used;
};

struct cache {
    uint64_t *grains;
    uint32_t *index;
    uint32_t index_mask;
    uint32_t count;   /* answers in the cache */
    uint32_t stale_s; /* how long answers are kept after their TTL */
    struct siphash_key key;
    struct cache_ring fresh, proven;
};

/* Bits that make another question with another answer: with signatures, or without the server's
 * validation. */
enum cache_variant {
    CACHE_DO = 1, /* RFC 3225 */
    CACHE_CD = 2  /* RFC 4035 3.2.2 */
};

/* A prepared key for lookups. */
struct cache_key {
    uint32_t hash;
    uint16_t type;
    uint8_t variant;
    uint8_t len;
    uint8_t name[LEAT_DNS_NAME_BYTES]; /* in lower case */
};

/* Creates a cache of @bytes (CACHE_BYTES_MIN or more) at @memory (aligned to CACHE_ALIGN). */
void cache_init(struct cache *cache, void *memory, size_t bytes, const struct siphash_key *key);

/* @name: legal and uncompressed, of @len bytes. The variant is 0. */
void cache_key_make(const struct cache *cache, struct cache_key *key, const uint8_t *name,
                    uint8_t len, uint16_t type);

/* Finds an answer; NULL: there is none. Expired answers, except cached failures, are found
 * for cache->stale_s more. */
struct cache_entry *cache_find(const struct cache *cache, const struct cache_key *key,
                               uint32_t now_s);

/* Adds an answer, or replaces the old one. An answer that is longer than a 32nd of the cache,
 * or has a TTL of 0, is not kept. */
void cache_put(struct cache *cache, const struct cache_key *key, const struct dns_kept *kept,
               uint32_t now_s);

/* A view of the answer, valid as long as the entry. */
void cache_view(const struct cache_entry *entry, struct dns_kept *kept);

/* Where a walk over all entries is. It begins as {0}; the cache must not change meanwhile. */
struct cache_walk {
    uint32_t at;     /* in the ring */
    uint32_t walked; /* grains of the ring */
    uint8_t ring;    /* 0: the small one, 1: the large one, 2: the end */
};

/* The next entry, each ring from its oldest one on; NULL: there are no more. */
struct cache_entry *cache_next(const struct cache *cache, struct cache_walk *walk);

/* The entry's name, uncompressed and in lower case, of entry->name_len bytes. */
const uint8_t *cache_name(const struct cache_entry *entry);

/* Seconds until the TTL ends; 0: it has ended. */
static inline uint32_t cache_left_s(const struct cache_entry *entry, uint32_t now_s)
{
    const uint32_t age_s = now_s - entry->stored_s;

    return age_s < entry->ttl_s ? entry->ttl_s - age_s : 0;
}

#endif
