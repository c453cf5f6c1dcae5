/* neighbour6.h -- an entry of the IPv6 neighbour cache, and its state machine (ndp.rl). */
#ifndef IP_V6_NEIGHBOUR6_H
#define IP_V6_NEIGHBOUR6_H

#include "ip/v6/ipv6.h"
#include "ip/v6/ndp_fsm.h"

struct neighbour6 {
    struct timer timer; /* first, so that a timer can be cast to its neighbour */
    struct neighbour6 *chain;
    struct neighbour6 *newer; /* by last use; also links the free list */
    struct neighbour6 *older;
    struct link *link;
    struct leat_ip ip;
    struct leat_ip asker; /* our address that solicitations are sent from */
    struct leat_mac mac;
    uint8_t state; /* enum ndp_state; written only by reachability.c */
    uint8_t asked; /* unanswered solicitations */
    uint64_t reachable_until_ns;
    struct buf_queue parked;
};

struct neighbours6 {
    struct neighbour6 *all;
    struct neighbour6 *free;
    struct neighbour6 **buckets;
    struct neighbour6 *found; /* result of the last lookup, or NULL */
    struct neighbour6 *oldest;
    struct neighbour6 *newest;
    uint32_t bucket_mask;
    uint32_t incomplete;
    uint32_t shared; /* packets parked beyond config.parked */
};

/* The arguments of an event for its actions. */
struct ndp_step {
    struct leat_buf *packet;    /* to send; the event takes it */
    const struct leat_mac *mac; /* the neighbour's address as the message states it, or NULL */
    bool dropped;               /* the message was useless */
};

struct neighbour6 *neighbour6_find(const struct link *link, struct leat_ip ip);

/* A free entry for @ip, whose timer has no function yet; NULL: none is free. */
struct neighbour6 *neighbour6_place(struct link *link, struct leat_ip ip);

/* True if a packet to @n is just sent: packet_to_send of ndp.rl changes nothing in this state. */
static inline bool neighbour6_only_sends(const struct neighbour6 *n, uint64_t now_ns)
{
    return n->state == NDP_REACHABLE ? now_ns < n->reachable_until_ns
                                     : n->state == NDP_DELAY || n->state == NDP_PROBE;
}

/* The slow part of neighbour6_used(). */
void neighbour6_renew(struct neighbours6 *table, struct neighbour6 *n);

/* Makes @n the most recently used entry. */
static inline void neighbour6_used(struct leat *stack, struct neighbour6 *n)
{
    if (stack->ipv6->neighbours->newest != n)
        neighbour6_renew(stack->ipv6->neighbours, n);
}

/* Removes an entry without parked packets from the table. */
void neighbour6_release(struct leat *stack, struct neighbour6 *n);

/* Runs one transition of ndp.rl.  If the state is NONE afterwards, the entry has been freed. */
void ndp_event(struct leat *stack, struct neighbour6 *n, enum ndp_event event,
               struct ndp_step *step);

#endif
