/*
 * shares.h -- the holders of a bounded table: may one take a place, and whose place makes room.
 *
 * A table has a fixed number of places (handshakes, connections, questions, tasks). Each place that
 * is taken has a holder: an IPv4 address, or the /64 of an IPv6 address, because every site has at
 * least that many addresses (RFC 6177). The module counts places; the table itself, and what a
 * place costs, stay with the caller. All functions are O(1) and touch no clock.
 *
 * Rule 1. While more than `reserve` places are free, every holder may take one.
 * Rule 2. Of the last `reserve` places a holder takes no more than it leaves, so shares shrink as
 *         the table fills. A holder with nothing takes the last place.
 * Rule 3. Beyond that the oldest place of the largest holder makes room, if that holder has at
 *         least two more than the one that asks, or the one that asks has none. Among equal holders
 *         the one goes whose places have been without progress for longest.
 * Rule 4. Else the oldest place of the holder itself makes room.
 *
 * So a holder with nothing is always served, whatever the others do; and N holders that want as
 * much as they can get end with equal parts. The oldest place is the one that was taken or renewed
 * longest ago: a table that knows progress (bytes of a request, records of a handshake) renews the
 * place.
 *
 * A connection or a task that the program itself begins takes its place without a holder: it is
 * never refused while a place is free, and its place makes no room for others.
 *
 * A caller that cannot or does not want to end an entry of the same holder refuses the newcomer
 * instead of acting on shares_room().
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
    SHARES_OURS = SHARES_NONE - 1  /* instead of a holder: the program itself has the place */
};

/* A node of a doubly linked list, by index; both ends are SHARES_NONE. */
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
    struct shares_node by_age; /* of a free place: among the free ones */
};

struct shares_holder {
    uint64_t key;
    uint32_t held;
    uint32_t chain; /* the next one of its bucket, or of the free ones */
    struct shares_list places;
    struct shares_node by_count; /* among the holders of as many places */
};

struct shares {
    struct shares_place *places;
    struct shares_holder *holders;
    uint32_t *buckets;
    struct shares_list *levels; /* holders, by how many places they have; the first is unused */
    struct shares_list free_places;
    uint64_t multiplier, addend; /* multiply-shift (Dietzfelbinger 1996), keyed */
    uint32_t count;              /* places */
    uint32_t used;
    uint32_t reserve;
    uint32_t largest; /* what the largest holder has */
    uint32_t free_holder;
    uint8_t shift;
};

/* The holder behind @ip: an IPv4 address itself, else the first 64 bits. No host of IPv6 has a /64
 * that equals the number of an IPv4 address: 0000::/8 is reserved (RFC 4291 2.4). */
uint64_t shares_holder(const struct leat_ip *ip);

/* Bytes of memory, aligned for uint64_t, that a table of @places (1 to SHARES_PLACES_MAX) needs. */
COLD size_t shares_bytes(uint32_t places);

/* Begins with every place free. @memory has shares_bytes(@places) bytes and outlives @shares;
 * @reserve is at most @places; @key is secret. */
COLD void shares_init(struct shares *shares, void *memory, uint32_t places, uint32_t reserve,
                      const uint64_t key[2]);

/* The places of @holder. */
uint32_t shares_held(const struct shares *shares, uint64_t holder);

/* True if @holder may take a free place. */
bool shares_may_take(const struct shares *shares, uint64_t holder);

/* The place that is to be given back before @holder takes one; SHARES_NONE if it may take a free
 * one, or if the program itself has all of them. The caller sees by shares_is_of() whether it is
 * the holder's own. */
uint32_t shares_room(const struct shares *shares, uint64_t holder);

/* True if @holder has @place. */
bool shares_is_of(const struct shares *shares, uint32_t place, uint64_t holder);

/* A free place; SHARES_NONE: there is none. */
static inline uint32_t shares_free_place(const struct shares *shares)
{
    return shares->free_places.first;
}

/* @holder takes @place, which is free. The caller has asked; the call itself refuses nothing. */
void shares_take(struct shares *shares, uint32_t place, uint64_t holder);

/* The program itself takes @place, which is free. */
void shares_take_own(struct shares *shares, uint32_t place);

/* Makes @place the youngest of its holder: there was progress. Nothing happens if it is free,
 * or the program's own. */
void shares_renew(struct shares *shares, uint32_t place);

/* Gives back @place, which is taken. */
void shares_give(struct shares *shares, uint32_t place);

#endif
