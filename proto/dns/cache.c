/* cache.c -- see cache.h. */
#include "proto/dns/cache.h"

#include <string.h>

#include "core/assert.h"
#include "proto/wire/dns.h"

enum {
    GRAIN_BYTES = 8,
    FRESH_PART = 8,         /* the small ring's part of both rings */
    ENTRY_PART = 4,         /* largest part of a ring that one answer may take */
    ENTRY_BYTES_USUAL = 72, /* an A record with a name of 20 bytes; the number of chains
                             * assumes such entries */
    SECOND_CHANCES = 8      /* moved in a row; then the next one is evicted, used or not */
};

static struct cache_entry *entry_at(const struct cache *cache, uint32_t at)
{
    return (struct cache_entry *)(void *)(cache->grains + at);
}

static uint8_t *name_of(struct cache_entry *entry)
{
    return (uint8_t *)(entry + 1);
}

static const uint8_t *records_of(const struct cache_entry *entry)
{
    return (const uint8_t *)(entry + 1) + entry->name_len;
}

_Static_assert(sizeof(struct cache_entry) == 32, "an A record takes 72 bytes");

static uint32_t grains_for(size_t name_len, size_t records_len)
{
    return (uint32_t)((sizeof(struct cache_entry) + name_len + records_len + GRAIN_BYTES - 1) /
                      GRAIN_BYTES);
}

static void ring_init(struct cache_ring *ring, uint32_t begin, uint32_t end)
{
    leat_assert(begin <= end);
    *ring =
        (struct cache_ring){.begin = begin, .end = end, .top = end, .head = begin, .tail = begin};
}

void cache_init(struct cache *cache, void *memory, size_t bytes, const struct siphash_key *key)
{
    uint32_t chains = 1, grains, index_grains;

    leat_assert(bytes >= CACHE_BYTES_MIN && (uintptr_t)memory % CACHE_ALIGN == 0);
    /* positions have 32 bits, and 0 means none */
    if (bytes / GRAIN_BYTES > UINT32_MAX / 2)
        bytes = (size_t)(UINT32_MAX / 2) * GRAIN_BYTES;
    /* one chain for each entry of the usual size, rounded down to a power of two */
    while (chains * (size_t)ENTRY_BYTES_USUAL * 2 <= bytes)
        chains *= 2;
    grains = (uint32_t)(bytes / GRAIN_BYTES);
    index_grains = (uint32_t)(chains * sizeof(uint32_t) / GRAIN_BYTES);
    *cache =
        (struct cache){.grains = memory, .index = memory, .index_mask = chains - 1, .key = *key};
    memset(cache->index, 0, chains * sizeof(uint32_t));
    ring_init(&cache->fresh, index_grains, index_grains + (grains - index_grains) / FRESH_PART);
    ring_init(&cache->proven, cache->fresh.end, grains);
}

void cache_key_make(const struct cache *cache, struct cache_key *key, const uint8_t *name,
                    uint8_t len, uint16_t type)
{
    leat_assert(len > 0); /* even the root has a byte */
    /* RFC 4343: names are equal in any letter case */
    for (unsigned i = 0; i < len; i++)
        key->name[i] = dns_lower(name[i]);
    key->len = len;
    key->type = type;
    key->variant = 0;
    /* keyed: clients choose the names, and must not be able to make one chain long */
    key->hash = (uint32_t)siphash24(&cache->key, key->name, len);
}

static uint32_t *chain_of(const struct cache *cache, uint32_t hash)
{
    return &cache->index[hash & cache->index_mask];
}

static bool has_name(struct cache_entry *entry, const struct cache_key *key)
{
    /* the hash first, because it differs for nearly all other names of the chain */
    return entry->hash == key->hash && entry->name_len == key->len &&
           entry->variant == key->variant && memcmp(name_of(entry), key->name, key->len) == 0;
}

/* The link to the entry at @at, in the index or in another entry. */
static uint32_t *link_to(const struct cache *cache, uint32_t at)
{
    uint32_t *link = chain_of(cache, entry_at(cache, at)->hash);

    while (*link != at + 1) {
        leat_assert(*link != 0);
        link = &entry_at(cache, *link - 1)->next;
    }
    return link;
}

/* Removes an entry from the index; its space is freed when it is at the tail. */
static void entry_end(struct cache *cache, uint32_t at)
{
    struct cache_entry *entry = entry_at(cache, at);

    leat_debug_assert(entry->name_len > 0);
    leat_debug_assert(cache->count > 0);
    *link_to(cache, at) = entry->next;
    /* entries aren't taken out of the middle of a ring; its tail skips those that are marked so */
    entry->name_len = 0;
    cache->count--;
}

/* True if @grains are free in one piece at the head, which may wrap around for that. */
static bool ring_has_room(struct cache_ring *ring, uint32_t grains)
{
    /* empty: from the beginning, so that the free space is one piece */
    if (ring->used == 0)
        ring_init(ring, ring->begin, ring->end);
    /* the head has wrapped: free is what lies between it and the tail */
    if (ring->used > 0 && ring->head <= ring->tail)
        return ring->tail - ring->head >= grains;
    if (ring->end - ring->head >= grains)
        return true;
    if (ring->used == 0)
        return false;
    /* An entry isn't divided. The end of the ring stays unused until the tail has passed it. */
    ring->top = ring->head;
    ring->head = ring->begin;
    return ring->tail - ring->begin >= grains;
}

/* Takes @grains at the head; they must fit. */
static uint32_t ring_take(struct cache_ring *ring, uint32_t grains)
{
    const uint32_t at = ring->head;

    leat_debug_assert(ring->end - ring->head >= grains);
    ring->head += grains;
    ring->used += grains;
    return at;
}

/* Frees the @grains at the tail. */
static void ring_free(struct cache_ring *ring, uint32_t grains)
{
    leat_assert(ring->used >= grains);
    leat_debug_assert(grains > 0);
    ring->tail += grains;
    ring->used -= grains;
    /* behind the last entry before the wrap */
    if (ring->tail == ring->top) {
        ring->tail = ring->begin;
        ring->top = ring->end;
    }
}

/* Moves an entry to the head of @ring. The space at @from has been freed already, and may
 * overlap with the new place. */
static void entry_move(struct cache *cache, struct cache_ring *ring, uint32_t from)
{
    const uint32_t grains = entry_at(cache, from)->grains;
    const uint32_t to = ring_take(ring, grains);

    /* the link first: it is found by the hash in the entry, which the move may overwrite */
    *link_to(cache, from) = to + 1;
    memmove(entry_at(cache, to), entry_at(cache, from), (size_t)grains * GRAIN_BYTES);
    entry_at(cache, to)->used = false;
    entry_at(cache, to)->proven = true;
}

/* Evicts the oldest entries of the large ring until @grains fit. An entry that is moved
 * always fits again, because the gap between head and tail is at least as long as the entry. */
static void make_room_proven(struct cache *cache, uint32_t grains)
{
    struct cache_ring *ring = &cache->proven;
    unsigned chances = SECOND_CHANCES;
    bool again = false;

    while (!ring_has_room(ring, grains)) {
        const uint32_t oldest = ring->tail;
        struct cache_entry *entry = entry_at(cache, oldest);

        /* If all answers are in use, moving all of them for one new answer would take too long. So
         * their number has a limit. */
        if (entry->name_len != 0 && entry->used && chances > 0) {
            chances--;
            ring_free(ring, entry->grains);
            again = ring_has_room(ring, entry->grains);
            leat_assert(again);
            entry_move(cache, ring, oldest);
            continue;
        }
        if (entry->name_len != 0)
            entry_end(cache, oldest);
        ring_free(ring, entry->grains);
    }
    (void)again;
}

/* Frees space in the small ring in the same way. An entry moves to the large ring if it was
 * used there, or if it is positive and the large ring has space. */
static void make_room_fresh(struct cache *cache, uint32_t grains)
{
    struct cache_ring *ring = &cache->fresh;

    while (!ring_has_room(ring, grains)) {
        const uint32_t oldest = ring->tail;
        struct cache_entry *entry = entry_at(cache, oldest);
        const bool positive = entry->rcode == LEAT_DNS_NOERROR && !entry->negative;

        /* the space is freed, but its bytes stay until something is written there */
        ring_free(ring, entry->grains);
        if (entry->name_len == 0)
            continue;
        /* an answer that was used may displace others in the large ring; one that wasn't only fills
         * gaps */
        if (entry->used)
            make_room_proven(cache, entry->grains);
        if (entry->used || (positive && ring_has_room(&cache->proven, entry->grains)))
            entry_move(cache, &cache->proven, oldest);
        else
            entry_end(cache, oldest);
    }
}

/* RFC 8767 covers data only: a cached failure is not served stale (RFC 9520 3.2). */
static uint32_t kept_s(const struct cache *cache, const struct cache_entry *entry)
{
    return entry->ttl_s + (entry->rcode == LEAT_DNS_SERVFAIL ? 0 : cache->stale_s);
}

struct cache_entry *cache_find(const struct cache *cache, const struct cache_key *key,
                               uint32_t now_s)
{
    uint32_t at = *chain_of(cache, key->hash);

    while (at != 0) {
        struct cache_entry *entry = entry_at(cache, at - 1);

        /* Type 0: there is no such name, so the question's type doesn't matter (RFC 2308 5). An
         * expired entry stays in its ring until the tail comes, or a new answer replaces it. */
        if (has_name(entry, key) && (entry->type == key->type || entry->type == 0))
            return now_s - entry->stored_s < kept_s(cache, entry) ? entry : NULL;
        at = entry->next;
    }
    return NULL;
}

/* Drops entries that the new answer for @key contradicts: the old answer, a "no such name",
 * or the records that a new "no such name" denies. Returns true if one of them was in the large
 * ring or used. */
static bool end_older(struct cache *cache, const struct cache_key *key)
{
    uint32_t at = *chain_of(cache, key->hash);
    bool proven = false;

    while (at != 0) {
        struct cache_entry *entry = entry_at(cache, at - 1);
        const uint32_t next = entry->next;

        if (has_name(entry, key) &&
            (entry->type == key->type || entry->type == 0 || key->type == 0)) {
            proven |= entry->proven || entry->used;
            entry_end(cache, at - 1);
        }
        at = next;
    }
    return proven;
}

void cache_put(struct cache *cache, const struct cache_key *key, const struct dns_kept *kept,
               uint32_t now_s)
{
    const uint32_t grains = grains_for(key->len, kept->records_len);
    const bool proven = end_older(cache, key);
    struct cache_ring *ring = proven ? &cache->proven : &cache->fresh;
    uint32_t *chain = chain_of(cache, key->hash);
    struct cache_entry *entry;
    uint32_t at;

    leat_debug_assert(key->len > 0); /* 0 marks a removed entry */
    /* the older answer is gone all the same, because the new one contradicts it */
    if (kept->ttl_s == 0 || kept->records_len > UINT16_MAX ||
        grains > (ring->end - ring->begin) / ENTRY_PART)
        return;
    if (proven)
        make_room_proven(cache, grains);
    else
        make_room_fresh(cache, grains);
    at = ring_take(ring, grains);
    entry = entry_at(cache, at);
    *entry = (struct cache_entry){.next = *chain,
                                  .hash = key->hash,
                                  .stored_s = now_s,
                                  .ttl_s = kept->ttl_s,
                                  .grains = (uint16_t)grains,
                                  .records_len = (uint16_t)kept->records_len,
                                  .type = key->type,
                                  .answers = kept->answers,
                                  .name_len = key->len,
                                  .rcode = kept->rcode & 15u,
                                  .authorities = kept->authorities,
                                  .variant = key->variant & 3u,
                                  .aliased = kept->aliased,
                                  .negative = kept->negative,
                                  .authentic = kept->authentic,
                                  .proven = proven};
    memcpy(name_of(entry), key->name, key->len);
    if (kept->records_len != 0)
        memcpy(name_of(entry) + key->len, kept->records, kept->records_len);
    *chain = at + 1;
    cache->count++;
}

static const struct cache_ring *ring_of(const struct cache *cache, uint8_t number)
{
    return number == 0 ? &cache->fresh : &cache->proven;
}

struct cache_entry *cache_next(const struct cache *cache, struct cache_walk *walk)
{
    while (walk->ring < 2) {
        const struct cache_ring *ring = ring_of(cache, walk->ring);
        struct cache_entry *entry;

        if (walk->walked == 0)
            walk->at = ring->tail;
        if (walk->walked >= ring->used) {
            *walk = (struct cache_walk){.ring = (uint8_t)(walk->ring + 1)};
            continue;
        }
        if (walk->at == ring->top)
            walk->at = ring->begin;
        entry = entry_at(cache, walk->at);
        walk->at += entry->grains;
        walk->walked += entry->grains;
        if (entry->name_len != 0)
            return entry;
    }
    return NULL;
}

const uint8_t *cache_name(const struct cache_entry *entry)
{
    return (const uint8_t *)(entry + 1);
}

void cache_view(const struct cache_entry *entry, struct dns_kept *kept)
{
    *kept = (struct dns_kept){.records = records_of(entry),
                              .records_len = entry->records_len,
                              .ttl_s = entry->ttl_s,
                              .answers = entry->answers,
                              .authorities = entry->authorities,
                              .rcode = entry->rcode,
                              .aliased = entry->aliased,
                              .negative = entry->negative,
                              .authentic = entry->authentic};
}
