/* neighbour.h -- an entry of the neighbour cache. neighbour.c owns it, ip/header_template.h reads
 * it. */
#ifndef LINK_NEIGHBOUR_H
#define LINK_NEIGHBOUR_H

#include "base.h"

enum neighbour_state {
    NEIGHBOUR_RESOLVING,
    NEIGHBOUR_REACHABLE,
    NEIGHBOUR_PROBED,
    NEIGHBOUR_DOUBTED
};

struct neighbour {
    struct timer timer; /* first, so that a timer can be cast to its neighbour */
    struct neighbour *chain;
    struct neighbour *newer; /* in the list by age; also links the free list */
    struct neighbour *older;
    struct link *link;
    leat_ip4 ip;
    struct leat_mac mac;
    uint8_t state;           /* enum neighbour_state */
    uint8_t requests;        /* sent since the last sign of life, or for the present doubt */
    struct leat_mac claimed; /* DOUBTED: its new address according to a claim */
    bool used;               /* since the last sign of life */
    uint64_t confirmed_ns;
    uint64_t doubt_at_ns; /* earliest start of the next doubt */
    struct buf_queue parked;
};

/* The entry of the on-link host @ip if its Ethernet address is known, or NULL.  It is valid until
 * stack->neighbour_generation changes. */
struct neighbour *neighbour_known(struct link *link, leat_ip4 ip);

/* Makes @n the most recently used entry, which it isn't yet. */
COLD void neighbour_renew(struct leat *stack, struct neighbour *n);

/* Records that a packet is sent to @n. */
static inline void neighbour_use(struct leat *stack, struct neighbour *n)
{
    n->used = true;
    if (n->newer)
        neighbour_renew(stack, n);
}

#endif
