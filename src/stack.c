/*
 * stack.c -- START HERE: how a stack is built (leat_init) and how it runs (leat_poll).
 *
 * One poll is one turn, always in this order. Frames are received, from the links and from the
 * loopback queue. Timers fire. The program's callbacks run. Protocols send due segments and the
 * data that the program has queued. The frames go out. Each step has a budget, so a poll ends under
 * any load.
 */
#include "family.h"
#include "link/link.h"

#include "core/assert.h"
#include "core/second.h"
#include "core/parts.h"
#include "ip/ipv4.h"
#include "ip/reassembly.h"
#include "ip/route.h"
#include "link/arp.h"
#include "link/ethernet.h"
#include "link/transmit.h"

enum {
    TIMER_BUDGET = 4096, /* timers in one poll */
    BURST_MAX = 256,
    FLOWS_MIN = 8
};

/* A device whose frames found no buffer is polled again this much later, because it has no event
 * for that. */
static const uint64_t memory_retry_ns = 1000000;

/* The first piece of the program's memory. */
struct foundation {
    struct leat stack;
    struct link links[LEAT_NETIFS_MAX];
    struct fair_table flows;
};

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value ? value : fallback;
}

/* Fragments may wait for 30 s, so most of the pool stays available for other uses. */
static uint32_t reassembly_share(const struct leat_config *c)
{
    const uint64_t quarter = (uint64_t)c->buf_count * c->buf_bytes / 4;

    return quarter < 256 * 1024 ? (uint32_t)quarter : 256 * 1024;
}

COLD static struct leat_config with_defaults(const struct leat_config *given)
{
    struct leat_config c = *given;

    c.buf_count = or_default(c.buf_count, 1024);
    c.buf_bytes = or_default(c.buf_bytes, 2048);
    c.small_count = or_default(c.small_count, c.buf_count);
    c.view_count = or_default(c.view_count, 2 * c.buf_count);
    c.burst_frames = (uint16_t)or_default(c.burst_frames, 128);
    c.tx_queue_frames = (uint16_t)or_default(c.tx_queue_frames, 512);
    c.arp_entries = (uint16_t)or_default(c.arp_entries, 256);
    c.arp_parked = (uint8_t)or_default(c.arp_parked, 4);
    c.arp_shared = (uint16_t)or_default(c.arp_shared, c.buf_count < 2048 ? c.buf_count / 8 : 256);
    c.routes = (uint16_t)or_default(c.routes, 16);
    c.reassemblies = (uint16_t)or_default(c.reassemblies, 16);
    c.reassembly_fragments = (uint16_t)or_default(c.reassembly_fragments, 64);
    c.reassembly_bytes = or_default(c.reassembly_bytes, reassembly_share(&c));
    c.icmp_errors_per_s = or_default(c.icmp_errors_per_s, 100);
    c.icmp_echo_per_s = or_default(c.icmp_echo_per_s, 100000);
    c.ttl = (uint8_t)or_default(c.ttl, 64);
    if (c.drain_ns == 0)
        c.drain_ns = 5 * second_ns;
    return c;
}

static bool config_is_legal(const struct leat_config *c)
{
    /* a buffer must have space for the largest headers after its headroom */
    return !LEAT_RESERVED_IS_USED(c) && c->buf_bytes >= 2 * LEAT_BUF_HEADROOM &&
           c->buf_bytes % 8 == 0 && c->buf_bytes <= 1024 * 1024 && c->burst_frames <= BURST_MAX;
}

/* The number of flows that a fair queue distinguishes: half its frames, so that each flow can have
 * two segments. */
static uint16_t fair_flows(const struct leat_config *c)
{
    const uint32_t count = c->tx_queue_frames / 2u;

    return count > FLOWS_MIN ? (uint16_t)count : FLOWS_MIN;
}

/* The number of frames taken from a backend before the first is processed. GRO merges within such a
 * batch, so the batch should hold several segments of each of many senders. It is at most a
 * sixteenth of the pool (but FRAMES_AT_ONCE in any case), so that a small pool keeps buffers for
 * the answers. */
static uint16_t taken_at_once(const struct leat_config *c)
{
    const uint32_t share = c->buf_count / 16;
    const uint32_t least = share > FRAMES_AT_ONCE ? share : FRAMES_AT_ONCE;
    const uint32_t most = least < FRAMES_TAKEN_MAX ? least : FRAMES_TAKEN_MAX;

    return most < c->burst_frames ? (uint16_t)most : c->burst_frames;
}

COLD size_t leat_memory_bytes(const struct leat_config *config)
{
    const struct leat_config c = with_defaults(config);

    /* a cache line is added, because the program's memory may begin anywhere */
    return ARENA_ALIGN + arena_cost(1, sizeof(struct foundation)) +
           pool_cost(c.buf_count, c.buf_bytes, c.small_count, c.view_count) + neighbours_cost(&c) +
           reassembly_cost(&c) + routes_cost(&c) +
           fair_table_cost(fair_flows(&c), LEAT_NETIFS_MAX) +
           arena_cost(taken_at_once(&c), sizeof(struct leat_buf *));
}

COLD enum leat_err leat_init(struct leat **stack, void *memory, size_t bytes,
                             const struct leat_config *config)
{
    const struct leat_config c = with_defaults(config);
    uint8_t *block = memory;
    struct arena arena;
    struct foundation *foundation;
    struct leat *made;
    size_t skew;

    if (!config_is_legal(&c))
        return LEAT_ERR_ARGUMENT;
    if (bytes < leat_memory_bytes(config))
        return LEAT_ERR_MEMORY;
    /* leat_memory_bytes() has counted these bytes, so the pieces below always fit */
    skew = (ARENA_ALIGN - (uintptr_t)block % ARENA_ALIGN) % ARENA_ALIGN;
    arena.next = block + skew;
    arena.end = block + bytes;
    foundation = arena_take(&arena, 1, sizeof *foundation);
    made = &foundation->stack;
    made->config = c;
    /* the seed comes before everything that draws random numbers */
    if (leat_reseed(made, c.seed) != LEAT_OK)
        return LEAT_ERR_ENTROPY;
    made->table_key.k0 = leat_random(made);
    made->table_key.k1 = leat_random(made);
    made->ready.next = made->ready.prev = &made->ready;
    made->ready_same_turn.next = made->ready_same_turn.prev = &made->ready_same_turn;
    made->links = made->links_end = foundation->links;
    made->flows = &foundation->flows;
    ipv4_register(made);
    made->taken_max = taken_at_once(&c);
    /* from here on all memory comes from the stack's own arena */
    made->arena = arena;
    made->now_ns = c.now_ns;
    made->now_ms = (uint32_t)(c.now_ns / 1000000);
    timers_init(&made->timers, c.now_ns);
    limiter_init(&made->icmp_errors, c.icmp_errors_per_s, c.now_ns);
    limiter_init(&made->icmp_echoes, c.icmp_echo_per_s, c.now_ns);
    made->pool.lends_refused = &made->stats.lends_refused;
    if (!pool_init(&made->pool, &made->arena, c.buf_count, c.buf_bytes, c.small_count,
                   c.view_count) ||
        !neighbours_init(made) || !reassembly_init(made) || !routes_init(made) ||
        !fair_table_init(made->flows, &made->arena, fair_flows(&c), LEAT_NETIFS_MAX))
        return LEAT_ERR_MEMORY;
    made->taken = arena_take(&made->arena, made->taken_max, sizeof(struct leat_buf *));
    if (!made->taken)
        return LEAT_ERR_MEMORY;
    *stack = made;
    return LEAT_OK;
}

/* The layers close from the top down, and each frees the buffers that it holds. A backend closes
 * last, when no frame waits for its device any more. */
COLD void leat_close(struct leat *stack)
{
    for (unsigned i = 0; i < stack->protocol_count; i++) {
        if (stack->protocols[i]->close)
            stack->protocols[i]->close(stack);
    }
    neighbours_close(stack);
    if (stack->ipv6_family)
        stack->ipv6_family->close(stack);
    reassembly_close(stack);
    queue_free_all(&stack->loopback);
    for (struct link *link = stack->links; link < stack->links_end; link++) {
        transmit_close(link);
        link->netif->ops->close(link->netif);
    }
}

COLD enum leat_err leat_attach(struct leat *stack, struct leat_netif *netif)
{
    enum {
        MTU_MIN = 68 /* RFC 791 3.2 */
    };
    struct link *link;

    /* the lowest bit of the first octet marks a group, which no station can be (IEEE 802) */
    if (netif->mtu < MTU_MIN || (netif->mac.octet[0] & 1) || stack_link(stack, netif))
        return LEAT_ERR_ARGUMENT;
    if (stack->links_end == stack->links + LEAT_NETIFS_MAX)
        return LEAT_ERR_FULL;
    link = stack->links_end++;
    link->stack = stack;
    link->netif = netif;
    link->mtu = netif->mtu;
    transmit_init(link);
    link->for_us_begin[0] = UINT64_MAX; /* matches no frame: the first octet is a group's */
    if (stack->ipv6_family)
        stack->ipv6_family->attached(link);
    return LEAT_OK;
}

/* Processes several frames that arrived together; GRO may merge some of them. */
static __attribute__((noinline)) void frames_up(struct link *link, struct leat_buf **frames,
                                                uint32_t count)
{
    struct leat *stack = link->stack;

    leat_debug_assert(count <= stack->taken_max);
    if (HAS_SUPER_FRAMES && stack->super)
        count = stack->super->burst(stack, frames, count);
    for (uint32_t i = 0; i < count; i++)
        ethernet_input(link, frames[i]);
}

/* Takes up to @want frames from one backend; returns how many there were. */
static inline uint32_t take_frames(struct leat *stack, struct link *link, uint32_t want)
{
    struct leat_netif *netif = link->netif;
    const uint32_t got =
        netif->ops->receive(netif, stack->now_ns, &stack->pool, stack->taken, want);

    leat_assert(got <= want);
    stack->stats.rx_frames += got;
    /* a single frame, as at low load, can't be merged with anything */
    if (got == 1)
        ethernet_input(link, stack->taken[0]);
    else if (got > 1)
        frames_up(link, stack->taken, got);
    return got;
}

/* Takes the rest of a burst; true if the backend may have more frames. */
static __attribute__((noinline)) bool link_poll_on(struct leat *stack, struct link *link)
{
    uint32_t left = stack->config.burst_frames - stack->taken_max;

    leat_assert(stack->taken_max > 0);
    while (left > 0) {
        const uint32_t want = left < stack->taken_max ? left : stack->taken_max;
        const uint32_t got = take_frames(stack, link, want);

        if (got < want)
            return false;
        left -= got;
    }
    return true;
}

/* Takes a burst from one backend; true if the backend may have more frames. */
static inline bool link_poll(struct leat *stack, struct link *link)
{
    return take_frames(stack, link, stack->taken_max) == stack->taken_max &&
           link_poll_on(stack, link);
}

static __attribute__((noinline)) void loopback_poll(struct leat *stack)
{
    struct leat_buf *packet;

    /* packets that are queued during this loop wait for the next poll */
    for (uint32_t left = stack->loopback.count; left > 0; left--) {
        packet = queue_take(&stack->loopback);
        if (!packet)
            return;
        stack->stats.rx_loopback++;
        /* the version is read here because a packet to ourselves has no EtherType */
        stack->families[packet->data[0] >> 4 == 6 ? FAMILY6 : FAMILY4]->input(stack, 0, packet,
                                                                              false);
    }
}

/* True if a protocol has more to send: it has used up its budget, or a transmit queue is full. */
static bool protocols_flush(struct leat *stack)
{
    bool more = false;

    for (unsigned i = 0; i < stack->flush_count; i++)
        more |= stack->protocols[i]->flush(stack);
    return more;
}

static bool is_ready(const struct ready *head)
{
    return head->next != head;
}

/* Takes the entry out of the queue before the callback, which may free it or make it ready
 * again. */
static void ready_run_first(struct leat *stack, struct ready *head)
{
    struct ready *ready = head->next;

    leat_debug_assert(ready->run != 0);
    stack_not_ready(ready);
    ready->run(stack, ready);
}

/* Runs the callbacks up to a marker at the end of the queue. Those that become ready meanwhile wait
 * for the next turn. */
static unsigned ready_run_many(struct leat *stack, unsigned budget)
{
    struct ready last = {0};

    stack_ready(stack, &last);
    for (; budget > 0 && stack->ready.next != &last; budget--)
        ready_run_first(stack, &stack->ready);
    stack_not_ready(&last);
    return budget;
}

/* Runs the callbacks that were ready at the start, and those of connections that a callback has
 * accepted. */
static void ready_run(struct leat *stack)
{
    unsigned budget = READY_BUDGET;

    if (stack->ready.next != stack->ready.prev)
        budget = ready_run_many(stack, budget);
    else if (is_ready(&stack->ready)) /* a single entry needs no marker */
        ready_run_first(stack, &stack->ready);
    for (; budget > 0 && is_ready(&stack->ready_same_turn); budget--)
        ready_run_first(stack, &stack->ready_same_turn);
}

/* When to poll a backend again. A backend whose frames can't be received for lack of buffers is
 * polled a little later: it would answer "now" until buffers are freed, and the loop would spin. */
static uint64_t look_ns(const struct leat *stack, struct leat_netif *netif)
{
    const struct pool_list *full = &stack->pool.lists[POOL_FULL];
    const uint64_t look = netif->ops->next_look_ns(netif, stack->now_ns);
    const uint32_t frame_max = ETHERNET_HEADER_BYTES + ETHERNET_VLAN_BYTES + netif->mtu;

    if (look <= stack->now_ns &&
        (uint64_t)full->free_count * full->bytes < frame_max + LEAT_BUF_HEADROOM)
        return stack->now_ns + memory_retry_ns;
    return look;
}

static uint64_t next_ns(const struct leat *stack, bool more)
{
    uint64_t next;

    if (more || is_ready(&stack->ready) || is_ready(&stack->ready_same_turn) ||
        stack->loopback.count > 0)
        return stack->now_ns;
    next = timers_next_ns(&stack->timers);
    for (const struct link *link = stack->links; link < stack->links_end; link++) {
        /* this includes links whose queue waits for a full device: the backend knows when it will
         * accept frames again, and polling earlier would spin */
        const uint64_t look = look_ns(stack, link->netif);

        if (look < next)
            next = look;
    }
    return next > stack->now_ns ? next : stack->now_ns;
}

/* True if frames are left in a queue, which happens only when a device is full. */
static bool links_flush(struct leat *stack)
{
    bool full = false;

    for (struct link *link = stack->links; link < stack->links_end; link++) {
        transmit_flush(link);
        full |= link->tx_waiting > 0;
    }
    return full;
}

/* Sends the frames that wait for slow devices first, so that new frames don't take their places. */
static __attribute__((noinline)) void slow_links_flush(struct leat *stack)
{
    for (struct link *link = stack->links; link < stack->links_end; link++) {
        if (link->tx_is_slow)
            transmit_flush(link);
    }
    stack->has_woken = false; /* the flush that follows serves whatever was woken */
}

uint64_t leat_poll(struct leat *stack, uint64_t now_ns)
{
    uint64_t sent_before;
    bool more = false;
    bool unsent;

    leat_assert(now_ns >= stack->now_ns);
    stack->now_ns = now_ns;
    stack->now_ms = (uint32_t)(now_ns / 1000000);
    /* frames come before timers: an ACK that has arrived must stop the retransmission that is
     * due */
    for (struct link *link = stack->links; link < stack->links_end; link++)
        more |= link_poll(stack, link);
    if (stack->loopback.count > 0)
        loopback_poll(stack);
    more |= !timers_run(&stack->timers, now_ns, TIMER_BUDGET, stack);
    ready_run(stack);
    if (stack->slow_links > 0)
        slow_links_flush(stack);
    /* the program's data goes out in this turn, together with the ACKs for the frames that it
     * answers */
    sent_before = stack->stats.tx_frames;
    unsent = protocols_flush(stack);
    /* With a full device, another turn helps unsent data only if this turn has sent frames. */
    if (!links_flush(stack) || stack->stats.tx_frames != sent_before)
        more |= unsent;
    if (stack->has_woken) {
        stack->has_woken = false;
        more = true;
    }
    return next_ns(stack, more);
}
