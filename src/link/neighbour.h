/* neighbour.h -- an entry of the neighbour cache: neighbour.c owns it, ip/header_template.h
 * reads it.
 */
#ifndef LINK_NEIGHBOUR_H
#define LINK_NEIGHBOUR_H

#include "stack.h"

enum neighbour_state {
    NEIGHBOUR_RESOLVING,
    NEIGHBOUR_REACHABLE,
    NEIGHBOUR_PROBED,
    NEIGHBOUR_DOUBTED
};

struct neighbour {
    struct timer timer; /* first: a timer is its neighbour */
    struct neighbour *chain;
    struct neighbour *newer; /* in the list by age; in the free list only `newer` is used */
    struct neighbour *older;
    struct link *link;
    leat_ip4 ip;
    struct leat_mac mac;
    uint8_t state;           /* enum neighbour_state */
    uint8_t requests;        /* sent since the last sign of life, or for this doubt */
    struct leat_mac claimed; /* DOUBTED: where it is said to be now */
    bool used;               /* since the last sign of life */
    uint64_t confirmed_ns;
    uint64_t doubt_at_ns; /* the next doubt begins then at the earliest */
    struct buf_queue parked;
};

/* The entry of the on-link host @ip whose Ethernet address is known, or NULL.  It is good as long
 * as stack->neighbour_generation stays what it is. */
struct neighbour *neighbour_known(struct link *link, leat_ip4 ip);

/* Makes @n, which isn't, the one that was used last. */
COLD void neighbour_renew(struct leat *stack, struct neighbour *n);

/* Something goes to @n. */
static inline void neighbour_use(struct leat *stack, struct neighbour *n)
{
    n->used = true;
    if (n->newer)
        neighbour_renew(stack, n);
}

#endif
