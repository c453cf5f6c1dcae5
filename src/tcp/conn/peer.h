/*
 * peer.h -- who our connections are with, and what each remote address holds of the pool.
 *
 * An address has an entry while it has a connection, and the last one that was asked for keeps it
 * until another one is: who comes and goes again and again is not looked for.  Half-open ones don't
 * count, for anybody can write any address into a SYN.  When all entries are taken, or a bucket is
 * full, addresses share one: they are held to one share together, and nobody gets more than his
 * own.  Who has an IPv6 address has a /64 of them, so that is one address here: host_network()
 * gives both families' numbers.
 */
#ifndef TCP_PEER_H
#define TCP_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ip4.h"
#include "core/arena.h"
#include "core/cold.h"

enum {
    PEER_OURSELVES = 0,     /* index: connections to ourselves have no stranger behind them */
    PEER_NONE = UINT16_MAX, /* no index */
    PEER_CHAIN_MAX = 8,     /* entries of a bucket */
    PEERS_MAX = UINT16_MAX - 1
};

struct peer {
    leat_ip4 ip;
    uint32_t in;          /* units of the pool (core/pool.h): data from it, in order or not */
    uint32_t out;         /* data to it that it hasn't acknowledged */
    uint32_t connections; /* 0: free, but for the first */
};

_Static_assert(sizeof(struct peer) == 16, "found by a shift, for each segment");

struct peer_table {
    struct peer *all;
    uint16_t *nexts; /* of each: the next one of its bucket, or of the free ones */
    uint16_t *buckets;
    uint64_t multiplier, addend; /* multiply-shift (Dietzfelbinger 1996): keyed, and quick */
    uint32_t count;
    uint16_t free;
    uint16_t last; /* the last one that was asked for */
    uint8_t shift;
};

COLD size_t peer_table_cost(uint32_t count);

/* Room for @count addresses, at most PEERS_MAX.  False: the arena is too small. */
COLD bool peer_table_init(struct peer_table *table, struct arena *arena, uint32_t count,
                          const uint64_t key[2]);

/* The entry of @ip, or NULL. */
const struct peer *peer_find(const struct peer_table *table, leat_ip4 ip);

/* One connection more with @ip; returns the index of its entry, which is given back with
 * peer_give(). */
uint16_t peer_take(struct peer_table *table, leat_ip4 ip);
void peer_give(struct peer_table *table, uint16_t index);

#endif
