/*
 * peer.h -- the remote addresses of our connections, and how much of the pool each one holds.
 *
 * An address has an entry while it has a connection. The last address that was used keeps its entry
 * until another one is used, so a client that connects again and again isn't searched for.
 * Half-open connections don't count, because anyone can forge an address in a SYN. When all entries
 * are taken, or a bucket is full, addresses share an entry: together they get one share, so no
 * address gets more than its own. A host with an IPv6 address has a whole /64 of them, so a /64 is
 * one address here: host_network() gives the numbers of both families.
 */
#ifndef TCP_PEER_H
#define TCP_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ip4.h"
#include "core/arena.h"
#include "core/cold.h"

enum {
    PEER_OURSELVES = 0,     /* index: connections to ourselves, without a share */
    PEER_NONE = UINT16_MAX, /* no index */
    PEER_CHAIN_MAX = 8,     /* entries of a bucket */
    PEERS_MAX = UINT16_MAX - 1
};

struct peer {
    host_id ip;
    uint32_t in;          /* units of the pool (core/pool.h): data from it, in order or not */
    uint32_t out;         /* data to it, unacknowledged */
    uint32_t connections; /* 0: the entry is free, but for the first */
};

_Static_assert(sizeof(struct peer) == 16, "found by a shift, for each segment");

struct peer_table {
    struct peer *all;
    uint16_t *nexts; /* for each entry the next one in its bucket, or in the free list */
    uint16_t *buckets;
    uint64_t multiplier, addend; /* multiply-shift (Dietzfelbinger 1996): keyed, and fast */
    uint32_t count;
    uint16_t free;
    uint16_t last; /* the last address that was used */
    uint8_t shift;
};

COLD size_t peer_table_cost(uint32_t count);

/* Takes tables for @count addresses, at most PEERS_MAX, from @arena. False: the arena is too
 * small. */
COLD bool peer_table_init(struct peer_table *table, struct arena *arena, uint32_t count,
                          const uint64_t key[2]);

/* The entry of @ip, or NULL. */
const struct peer *peer_find(const struct peer_table *table, host_id ip);

/* Adds a connection with @ip. Returns the index of the entry, to be given back with peer_give(). */
uint16_t peer_take(struct peer_table *table, host_id ip);
void peer_give(struct peer_table *table, uint16_t index);

#endif
