/*
 * shares.h -- divides a bounded table fairly among holders: decides whether a holder may take a
 * place, and which place is freed for it.
 *
 * A table has a fixed number of places (handshakes, connections, queries, tasks). Each place in use
 * has a holder: an IPv4 address, or the /64 of an IPv6 address, because every site has at least
 * that many addresses (RFC 6177). This module counts places; the table itself, and the cost of a
 * place, are the caller's. All functions are O(1) and independent of time.
 *
 * Rule 1. While more than `reserve` places are free, every holder may take one.
 * Rule 2. A holder takes no more of the last `reserve` places than it leaves free, so shares
 *         shrink as the table fills. A holder without places may take the last one.
 * Rule 3. Otherwise the largest holder loses its oldest place, if it has at least two more places
 *         than the requester, or the requester has none. Among equally large holders, the one
 *         without progress for the longest time loses a place.
 * Rule 4. Otherwise the requester loses its own oldest place.
 *
 * Thus a holder without places is always served, whatever the others do, and N holders that want as
 * much as possible end with equal shares. The oldest place is the one that was taken or renewed
 * longest ago. A table that observes progress (bytes of a request, records of a handshake) renews
 * the place.
 *
 * A connection or task that the program itself starts takes a place without a holder. It is refused
 * only if no place is free, and it is never displaced.
 *
 * A caller that can't or won't end an entry of the same holder refuses the newcomer and ignores the
 * answer of shares_room().
 */
#ifndef CORE_SHARES_H
#define CORE_SHARES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/addr.h>

#include "core/cold.h"

enum {
    SHARES_PLACES_MAX = 1 << 24,
    SHARES_NONE = UINT32_MAX >> 1, /* no place; fits into an enum */
    SHARES_OURS = SHARES_NONE - 1  /* in place of a holder: the program itself */
};

/* A node of a doubly linked list, by index; SHARES_NONE at both ends. */
struct shares_node {
    uint32_t before;
    uint32_t behind;
};

/* A list of nodes; the first is the oldest. */
struct shares_list {
    uint32_t first;
    uint32_t last;
};

struct shares_place {
    uint32_t holder;           /* index; SHARES_OURS; SHARES_NONE: the place is free */
    struct shares_node by_age; /* in the holder's list, or in the list of free places */
};

struct shares_holder {
    uint64_t key;
    uint32_t held;
    uint32_t chain; /* next in the hash bucket, or in the free list */
    struct shares_list places;
    struct shares_node by_count; /* among the holders with the same number of places */
};

struct shares {
    struct shares_place *places;
    struct shares_holder *holders;
    uint32_t *buckets;
    struct shares_list *levels; /* holders by their number of places; index 0 is unused */
    struct shares_list free_places;
    uint64_t multiplier, addend; /* hash parameters, keyed: multiply-shift (Dietzfelbinger 1996) */
    uint32_t count;              /* number of places */
    uint32_t used;
    uint32_t reserve;
    uint32_t largest; /* number of places of the largest holder */
    uint32_t free_holder;
    uint8_t shift;
};

/* The holder of @ip: an IPv4 address itself, else the first 64 bits. No IPv6 /64 equals the value
 * of an IPv4 address, because 0000::/8 is reserved (RFC 4291 2.4). */
uint64_t shares_holder(const struct leat_ip *ip);

/* Bytes of memory, aligned for uint64_t, for a table of @places (1 to SHARES_PLACES_MAX). */
COLD size_t shares_bytes(uint32_t places);

/* Starts with all places free. @memory has shares_bytes(@places) bytes and outlives @shares;
 * @reserve is at most @places; @key is secret. */
COLD void shares_init(struct shares *shares, void *memory, uint32_t places, uint32_t reserve,
                      const uint64_t key[2]);

/* The number of places that @holder has. */
uint32_t shares_held(const struct shares *shares, uint64_t holder);

/* True if @holder may take a free place. */
bool shares_may_take(const struct shares *shares, uint64_t holder);

/* The place that must be freed before @holder takes one. SHARES_NONE: a free place may be taken, or
 * the program itself has all places. The caller checks with shares_is_of() whether the place is the
 * holder's own. */
uint32_t shares_room(const struct shares *shares, uint64_t holder);

/* True if @holder has @place. */
bool shares_is_of(const struct shares *shares, uint32_t place, uint64_t holder);

/* A free place; SHARES_NONE: there is none. */
static inline uint32_t shares_free_place(const struct shares *shares)
{
    return shares->free_places.first;
}

/* @holder takes @place, which is free. The caller has checked the rules; this call doesn't. */
void shares_take(struct shares *shares, uint32_t place, uint64_t holder);

/* The program itself takes @place, which is free. */
void shares_take_own(struct shares *shares, uint32_t place);

/* Makes @place the youngest of its holder, because there was progress. Does nothing if the place is
 * free or the program's own. */
void shares_renew(struct shares *shares, uint32_t place);

/* Frees @place, which must be in use. */
void shares_give(struct shares *shares, uint32_t place);

#endif
