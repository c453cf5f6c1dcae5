/* neighbour6.h -- an entry of the cache of IPv6 neighbours, and its state machine (ndp.rl). */
#ifndef IP_V6_NEIGHBOUR6_H
#define IP_V6_NEIGHBOUR6_H

#include "ip/v6/ipv6.h"
#include "ip/v6/ndp_fsm.h"

struct neighbour6 {
    struct timer timer; /* first: a timer is its neighbour */
    struct neighbour6 *chain;
    struct neighbour6 *newer; /* by last use; in the free list only `newer` is used */
    struct neighbour6 *older;
    struct link *link;
    struct leat_ip ip;
    struct leat_ip asker; /* our address that it is asked from */
    struct leat_mac mac;
    uint8_t state; /* enum ndp_state; reachability.c alone writes it */
    uint8_t asked; /* solicitations without an answer */
    uint64_t reachable_until_ns;
    struct buf_queue parked;
};

struct neighbours6 {
    struct neighbour6 *all;
    struct neighbour6 *free;
    struct neighbour6 **buckets;
    struct neighbour6 *found; /* the last one that was; or NULL */
    struct neighbour6 *oldest;
    struct neighbour6 *newest;
    uint32_t bucket_mask;
    uint32_t incomplete;
    uint32_t shared; /* frames parked beyond what is the neighbours' own */
};

/* What an event brings to its actions. */
struct ndp_step {
    struct leat_buf *packet;    /* to send; the event takes it */
    const struct leat_mac *mac; /* where the neighbour says it is, or NULL */
    bool dropped;               /* the message said nothing that helps */
};

struct neighbour6 *neighbour6_find(const struct link *link, struct leat_ip ip);

/* A free entry for @ip, whose timer has no function yet, or NULL. */
struct neighbour6 *neighbour6_place(struct link *link, struct leat_ip ip);

/* True if a packet to @n is sent, and nothing else happens by that: ndp.rl's packet_to_send in
 * these states. */
static inline bool neighbour6_only_sends(const struct neighbour6 *n, uint64_t now_ns)
{
    return n->state == NDP_REACHABLE ? now_ns < n->reachable_until_ns
                                     : n->state == NDP_DELAY || n->state == NDP_PROBE;
}

/* The rest of neighbour6_used(). */
void neighbour6_renew(struct neighbours6 *table, struct neighbour6 *n);

/* It is the last one that will have to go. */
static inline void neighbour6_used(struct leat *stack, struct neighbour6 *n)
{
    if (stack->ipv6->neighbours->newest != n)
        neighbour6_renew(stack->ipv6->neighbours, n);
}

/* Takes an entry, which holds nothing, out of the table. */
void neighbour6_release(struct leat *stack, struct neighbour6 *n);

/* One transition of ndp.rl.  An entry whose state is NONE afterwards isn't there any more. */
void ndp_event(struct leat *stack, struct neighbour6 *n, enum ndp_event event,
               struct ndp_step *step);

#endif
