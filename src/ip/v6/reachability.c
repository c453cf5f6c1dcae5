/*
 * reachability.c -- the transition table of ndp.rl with its only caller and its actions: decides
 * whether neighbours are reachable (RFC 4861 7.3).
 *
 * REACHABLE needs no timer: its end is noticed when the next packet is sent.
 */
#include "ip/v6/neighbour6.h"
#include "ip/v6/route6.h"
#include "link/ethernet.h"
#include "wire/ndp.h"

#include "core/assert.h"

#define NDP_STATE_FIRST false
#define NDP_OBSERVE(from, event, next)                                                             \
    do {                                                                                           \
        const struct leat_ipv6_config *config = &stack->ipv6->config;                              \
                                                                                                   \
        if (config->on_transition)                                                                 \
            config->on_transition(config->arg, from, (uint8_t)(event), next);                      \
    } while (0)
#include "ndp_table.inc" /* made from ndp.rl */

/* RFC 4861 10 */
static const uint64_t delay_first_probe_ns = 5000000000u;

enum {
    SOLICIT_MAX = 3 /* MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT */
};

/* The timing parameters of the neighbour's link, which routers may set. */
static const struct link6 *times_of(const struct neighbour6 *n)
{
    return &n->link->stack->ipv6->links[n->link - n->link->stack->links];
}

void ndp_event(struct leat *stack, struct neighbour6 *n, enum ndp_event event,
               struct ndp_step *step)
{
    struct neighbours6 *table = stack->ipv6->neighbours;
    const uint8_t from = n->state;

    leat_debug_assert(from >= NDP_FIRST_STATE);
    if (!ndp_take(stack, n, step, &n->state, event))
        return;
    if (n->state != from && (from == NDP_REACHABLE || from == NDP_DELAY || from == NDP_PROBE))
        stack->neighbour_generation++; /* cached headers to it are void (path6.c) */
    table->incomplete += n->state == NDP_INCOMPLETE;
    table->incomplete -= from == NDP_INCOMPLETE;
    leat_debug_assert(table->incomplete <= stack->ipv6->config.neighbours);
}

/* ---- actions ------------------------------------------------------------------------------ */

/* Removes and returns the packet that was parked first, or NULL. */
static struct leat_buf *unpark(struct leat *stack, struct neighbour6 *n)
{
    struct ipv6 *ipv6 = stack->ipv6;

    ipv6->neighbours->shared -= n->parked.count > ipv6->config.parked;
    return queue_take(&n->parked);
}

/* RFC 4861 7.2.2: the latest packets are kept.  A neighbour has a few places of its own, and may
 * use places that all share, because a fragmented packet is useless without its first fragment. */
void ndp_park(struct leat *stack, struct neighbour6 *n, struct ndp_step *step)
{
    const uint32_t own = stack->ipv6->config.parked;
    struct neighbours6 *table = stack->ipv6->neighbours;

    if (!step->packet)
        return;
    if (n->parked.count >= own && table->shared >= stack->config.arp_shared) {
        leat_buf_free(unpark(stack, n));
        stack->stats.tx_parked_out++;
    }
    queue_put(&n->parked, step->packet);
    table->shared += n->parked.count > own;
}

void ndp_transmit(struct leat *stack, struct neighbour6 *n, struct ndp_step *step)
{
    (void)stack;
    if (step->packet) /* no packet: a probe by neighbour6_ask() */
        ethernet_output(n->link, step->packet, &n->mac, ETHERNET_IPV6);
}

/* The source address for solicitations to @n: our address that sent last or, if it is gone, another
 * one (RFC 4862 5.5.4); NULL: there is none. */
static const struct address6 *asks_from(const struct neighbour6 *n)
{
    const struct address6 *from = address6_find(n->link, n->asker);

    return from && from->state >= ADDRESS6_OPTIMISTIC ? from : address6_beside(n->link, n->ip);
}

/* Sends a solicitation: by multicast, or to the known Ethernet address. */
void ndp_ask(struct leat *stack, struct neighbour6 *n, struct ndp_step *step)
{
    const bool known = n->state == NDP_DELAY || n->state == NDP_PROBE;
    const struct address6 *from = asks_from(n);

    (void)step;
    timer_set(&stack->timers, &n->timer, stack->now_ns + times_of(n)->retrans_ns);
    if (from && from->state == ADDRESS6_OPTIMISTIC)
        return; /* RFC 4429 3.3: an optimistic address sends none */
    n->asked++;
    if (from)
        ndp_solicit(n->link, from->ip, n->ip, known ? &n->mac : 0, 0);
}

void ndp_take_address(struct leat *stack, struct neighbour6 *n, struct ndp_step *step)
{
    leat_assert(step->mac != 0);
    stack->neighbour_generation += !mac_equal(&n->mac, step->mac);
    n->mac = *step->mac;
}

void ndp_send_parked(struct leat *stack, struct neighbour6 *n, struct ndp_step *step)
{
    struct leat_buf *packet;

    (void)step;
    while ((packet = unpark(stack, n)))
        ethernet_output(n->link, packet, &n->mac, ETHERNET_IPV6);
}

/* RFC 4861 7.3.1: the neighbour was heard of just now. */
void ndp_confirm(struct leat *stack, struct neighbour6 *n, struct ndp_step *step)
{
    const uint64_t reachable_ns = times_of(n)->reachable_ns;

    ndp_rest(stack, n, step);
    n->reachable_until_ns = /* RFC 4861 6.3.2: a random 0.5 to 1.5 of it */
        stack->now_ns + reachable_ns / 2 +
        1000 * (uint64_t)stack_random_below(stack, (uint32_t)(reachable_ns / 1000));
    if (stack->ipv6->suspects > 0)
        route6_answers(n->link, n->ip);
}

/* RFC 4861 7.3.3: waits, because the packet just sent may bring an answer that makes probes
 * needless. */
void ndp_hope(struct leat *stack, struct neighbour6 *n, struct ndp_step *step)
{
    (void)step;
    n->asked = 0;
    timer_set(&stack->timers, &n->timer, stack->now_ns + delay_first_probe_ns);
}

void ndp_rest(struct leat *stack, struct neighbour6 *n, struct ndp_step *step)
{
    (void)step;
    n->asked = 0;
    timer_cancel(&stack->timers, &n->timer);
}

void ndp_note(struct leat *stack, struct neighbour6 *n, struct ndp_step *step)
{
    (void)stack;
    (void)n;
    (void)step;
}

void ndp_drop(struct leat *stack, struct neighbour6 *n, struct ndp_step *step)
{
    (void)stack;
    (void)n;
    step->dropped = true;
}

/* RFC 4861 7.2.2: the parked packets are dropped. */
void ndp_forget(struct leat *stack, struct neighbour6 *n, struct ndp_step *step)
{
    (void)step;
    timer_cancel(&stack->timers, &n->timer);
    stack->stats.tx_unresolved += n->parked.count;
    while (n->parked.count > 0)
        leat_buf_free(unpark(stack, n));
    neighbour6_release(stack, n);
}

/* Remembers that the destinations of the parked packets can't be reached. */
COLD static __attribute__((noinline)) void note_silence(struct leat *stack,
                                                        const struct neighbour6 *n)
{
    struct leat_unreachable report = {
        .from = n->ip, .how = LEAT_UNREACHABLE_NDP, .at_ns = stack->now_ns};

    for (const struct leat_buf *packet = n->parked.first; packet; packet = packet->queued) {
        memcpy(report.to.bytes, packet->data + IPV6_DST_AT, sizeof report.to.bytes);
        unreachable_note(&stack->unreachables, &report);
    }
}

/* ---- entries ------------------------------------------------------------------------------ */

static void timer_fired(struct timer *timer, void *context)
{
    struct leat *stack = context;
    struct neighbour6 *n = (struct neighbour6 *)timer;
    struct link *link = n->link;
    const struct leat_ip ip = n->ip;
    struct ndp_step step = {0};

    leat_debug_assert(n->state == NDP_INCOMPLETE || n->state == NDP_DELAY || n->state == NDP_PROBE);
    if (n->state == NDP_DELAY) {
        ndp_event(stack, n, NDP_timeout_delay, &step);
    } else if (n->asked < SOLICIT_MAX) {
        ndp_event(stack, n, NDP_timeout_rexmt, &step);
    } else {
        note_silence(stack, n);
        ndp_event(stack, n, NDP_timeout_give_up, &step);
        route6_silent(link, ip);
    }
}

static struct neighbour6 *create(struct link *link, struct leat_ip ip)
{
    struct neighbour6 *n = neighbour6_place(link, ip);

    if (n)
        n->timer.fire = timer_fired;
    return n;
}

/* The least recently used entry that is being resolved (@incomplete), or that is neither being
 * resolved nor known to be reachable; NULL: there is none. */
static struct neighbour6 *spare(const struct leat *stack, bool incomplete)
{
    struct neighbour6 *n = stack->ipv6->neighbours->oldest;

    for (; n; n = n->newer) {
        if (incomplete ? n->state == NDP_INCOMPLETE
                       : n->state != NDP_INCOMPLETE &&
                             (n->state != NDP_REACHABLE || n->reachable_until_ns <= stack->now_ns))
            return n;
    }
    return 0;
}

/* create() for a neighbour that we want to send to: may evict another one. */
static struct neighbour6 *create_at_cost(struct link *link, struct leat_ip ip)
{
    struct leat *stack = link->stack;
    const struct neighbours6 *table = stack->ipv6->neighbours;
    struct neighbour6 *victim = 0;
    struct ndp_step step = {0};

    if (table->incomplete > 0 && table->incomplete >= stack->ipv6->config.neighbours / 4u)
        victim = spare(stack, true); /* RFC 6583: even if an entry is free */
    else if (!table->free)
        victim = spare(stack, false);
    if (victim) {
        stack->stats.ndp_evictions++;
        ndp_event(stack, victim, NDP_evict, &step);
    }
    return create(link, ip);
}

/* ---- events ------------------------------------------------------------------------------- */

void neighbour6_ask(struct link *link, struct leat_ip src, struct leat_ip ip)
{
    struct ndp_step step = {0};
    struct neighbour6 *n = neighbour6_find(link, ip);

    if (!n)
        n = create_at_cost(link, ip);
    if (!n || (n->state != NDP_NONE && n->state != NDP_STALE)) /* a probe is under way */
        return;
    n->asker = src;
    ndp_event(link->stack, n, NDP_packet_to_send, &step);
}

void neighbour6_output(struct link *link, struct leat_ip src, struct leat_ip next_hop,
                       struct leat_buf *packet)
{
    struct leat *stack = link->stack;
    struct ndp_step step = {.packet = packet};
    struct neighbour6 *n;

    stack->ipv6->hop = 0;
    if (leat_ip_is_multicast(next_hop)) {
        ndp_output_to_group(link, next_hop, packet);
        return;
    }
    n = neighbour6_find(link, next_hop);
    if (!n)
        n = create_at_cost(link, next_hop);
    if (!n) {
        stack->stats.tx_unresolved++;
        leat_buf_free(packet);
        return;
    }
    neighbour6_used(stack, n);
    stack->ipv6->hop = n;
    n->asker = src;
    if (n->state == NDP_REACHABLE && n->reachable_until_ns <= stack->now_ns)
        ndp_event(stack, n, NDP_reachable_over, &step);
    ndp_event(stack, n, NDP_packet_to_send, &step);
}

void neighbour6_learn(struct link *link, struct leat_ip ip, const struct leat_mac *mac)
{
    struct ndp_step step = {.mac = mac};
    struct neighbour6 *n = neighbour6_find(link, ip);

    if (!n)
        n = create(link, ip); /* evicts none */
    if (!n)
        return;
    ndp_event(link->stack, n,
              n->state > NDP_INCOMPLETE && mac_equal(&n->mac, mac) ? NDP_rcv_claim
                                                                   : NDP_rcv_claim_new,
              &step);
}

/* Counts as a solicited advertisement. */
void neighbour6_confirmed(struct link *link, struct leat_ip ip)
{
    struct ndp_step step = {0};
    struct neighbour6 *n = neighbour6_find(link, ip);

    if (n && n->state > NDP_INCOMPLETE)
        ndp_event(link->stack, n, NDP_rcv_solicited, &step);
}

/* RFC 4861 7.2.5: the event of an advertisement of @n. */
static enum ndp_event meaning_of(const struct neighbour6 *n, const struct wire_ndp *ndp)
{
    const bool known = n->state != NDP_INCOMPLETE;

    if (!known && !ndp->has_mac)
        return NDP_rcv_empty;
    if (known && (!ndp->has_mac || mac_equal(&n->mac, &ndp->mac)))
        return ndp->solicited ? NDP_rcv_solicited : NDP_rcv_unsolicited;
    if (known && !ndp->override)
        return NDP_rcv_disputed;
    return ndp->solicited ? NDP_rcv_solicited_new : NDP_rcv_unsolicited_new;
}

bool neighbour6_advertised(struct link *link, const struct wire_ndp *ndp)
{
    struct ndp_step step = {.mac = &ndp->mac};
    struct neighbour6 *n = neighbour6_find(link, ndp->target);
    enum ndp_event meaning;

    leat_debug_assert(ndp->type == ICMPV6_NEIGHBOUR_ADVERTISEMENT);
    if (!n)
        return false;
    meaning = meaning_of(n, ndp);
    ndp_event(link->stack, n, meaning, &step);
    if (!ndp->is_router && !step.dropped && meaning != NDP_rcv_disputed)
        route6_no_router(link, ndp->target);
    return !step.dropped;
}
