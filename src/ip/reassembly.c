/*
 * reassembly.c -- datagrams that come in fragments.
 *
 * A datagram is a short array of fragments in order of their offsets, found by what RFC 791 3.2
 * says identifies it.  It is complete when an end is known and no byte is missing.
 *
 * Attackers made the rules: a fragment that overlaps another, a second end, a datagram longer than
 * 65,535 bytes or a transport header cut by a fragment condemns the whole datagram (RFC 1858, RFC
 * 3128, RFC 5722); its slot stays, empty, until the timeout, so that what still comes of it is
 * refused.  An exact duplicate is not an attack, only a bad link: it is dropped alone.
 *
 * Nothing grows: 16 fragments a datagram, so many datagrams, so many bytes of storage.  Whoever
 * needs room takes it from the datagram that has waited longest.  The timeout is fixed: fragments
 * that keep coming don't prolong it (RFC 1122 3.3.2).
 */
#include "ip/reassembly.h"

#include "ip/icmp.h"
#include "ip/ipv4.h"
#include "wire/ipv4.h"

static const uint64_t timeout_ns = 30000000000u;

enum {
    FRAGMENTS_MAX = 16, /* 23,680 bytes with an MTU of 1,500 */
    TCP_HEADER_MIN = 20,
    ECN_MASK = 3,
    ECN_CE = 3
};

struct fragment {
    struct leat_buf *buf;
    uint32_t first; /* offset of the first byte, */
    uint32_t end;   /* of the one behind the last */
};

enum datagram_state {
    DATAGRAM_FREE,
    DATAGRAM_WAITING,  /* for fragments */
    DATAGRAM_CONDEMNED /* holds nothing, refuses what still comes */
};

struct datagram {
    struct timer timer;   /* first: a timer is its datagram */
    struct packet packet; /* of the first fragment, once it is here; before, of any */
    uint64_t began_ns;
    uint16_t id;
    uint8_t state; /* enum datagram_state */
    uint8_t count;
    bool congested;      /* a fragment was marked CE */
    bool not_ecn;        /* a fragment was not ECN-capable */
    uint32_t end;        /* length of the whole; 0: not known yet */
    uint32_t bytes;      /* that are here */
    uint32_t held_bytes; /* of storage */
    struct fragment fragments[FRAGMENTS_MAX];
};

struct reassembly {
    struct datagram *datagrams;
    uint32_t held_bytes; /* by all of them */
};

size_t reassembly_cost(const struct leat_config *config)
{
    return arena_cost(1, sizeof(struct reassembly)) +
           arena_cost(config->reassemblies, sizeof(struct datagram));
}

static void timer_fired(struct timer *timer, void *context);

bool reassembly_init(struct leat *stack)
{
    struct reassembly *table = arena_take(&stack->arena, 1, sizeof *table);

    if (!table)
        return false;
    table->datagrams =
        arena_take(&stack->arena, stack->config.reassemblies, sizeof(struct datagram));
    if (!table->datagrams)
        return false;
    for (unsigned i = 0; i < stack->config.reassemblies; i++)
        table->datagrams[i].timer.fire = timer_fired;
    stack->reassembly = table;
    return true;
}

/* Gives up what @datagram holds. */
static void let_go(struct leat *stack, struct datagram *datagram)
{
    for (unsigned i = 0; i < datagram->count; i++)
        leat_buf_free(datagram->fragments[i].buf);
    stack->reassembly->held_bytes -= datagram->held_bytes;
    datagram->count = 0;
    datagram->held_bytes = 0;
}

static void make_free(struct leat *stack, struct datagram *datagram)
{
    let_go(stack, datagram);
    timer_cancel(&stack->timers, &datagram->timer);
    datagram->state = DATAGRAM_FREE;
}

static void condemn(struct leat *stack, struct datagram *datagram)
{
    stack->stats.ip_reassembly_failed++;
    let_go(stack, datagram);
    datagram->state = DATAGRAM_CONDEMNED;
}

/* RFC 1122 3.3.2: the sender is told if the first fragment is here. */
COLD static void timer_fired(struct timer *timer, void *context)
{
    struct leat *stack = context;
    struct datagram *datagram = (struct datagram *)timer;

    if (datagram->state == DATAGRAM_WAITING) {
        stack->stats.ip_reassembly_timeouts++;
        if (datagram->fragments[0].first == 0) {
            datagram->packet.buf = datagram->fragments[0].buf;
            icmp_send_error(stack, &datagram->packet, ICMP_TIME_EXCEEDED,
                            ICMP_REASSEMBLY_TIME_EXCEEDED, 0);
        }
    }
    make_free(stack, datagram);
}

static bool belongs(const struct datagram *datagram, const struct packet *packet, uint16_t id)
{
    return datagram->state != DATAGRAM_FREE && datagram->id == id &&
           datagram->packet.src == packet->src && datagram->packet.dst == packet->dst &&
           datagram->packet.protocol == packet->protocol && datagram->packet.link == packet->link;
}

/* The datagram that can best be spared: one that is condemned, else the oldest. */
static struct datagram *spare(struct leat *stack, const struct datagram *but)
{
    struct datagram *best = 0;

    for (unsigned i = 0; i < stack->config.reassemblies; i++) {
        struct datagram *datagram = &stack->reassembly->datagrams[i];

        if (datagram == but || datagram->state == DATAGRAM_FREE)
            continue;
        if (!best || datagram->state > best->state ||
            (datagram->state == best->state && datagram->began_ns < best->began_ns))
            best = datagram;
    }
    return best;
}

static void take_from(struct leat *stack, struct datagram *datagram)
{
    if (datagram->state == DATAGRAM_WAITING)
        stack->stats.ip_reassembly_failed++;
    make_free(stack, datagram);
}

/* The slot of the datagram that @packet is a fragment of: its own, a free one or one taken from
 * another. */
static struct datagram *slot_for(struct leat *stack, const struct packet *packet, uint16_t id)
{
    struct reassembly *table = stack->reassembly;
    struct datagram *datagram = 0;

    for (unsigned i = 0; i < stack->config.reassemblies; i++) {
        if (belongs(&table->datagrams[i], packet, id))
            return &table->datagrams[i];
        if (table->datagrams[i].state == DATAGRAM_FREE)
            datagram = &table->datagrams[i];
    }
    if (!datagram) {
        datagram = spare(stack, 0);
        leat_assert(datagram != 0); /* none is free, and there is at least one */
        take_from(stack, datagram);
    }
    *datagram = (struct datagram){.timer = {.fire = timer_fired},
                                  .packet = *packet,
                                  .began_ns = stack->now_ns,
                                  .id = id,
                                  .state = DATAGRAM_WAITING};
    timer_set(&stack->timers, &datagram->timer, stack->now_ns + timeout_ns);
    return datagram;
}

enum verdict {
    VERDICT_GOOD,
    VERDICT_DUPLICATE,
    VERDICT_EVIL
};

/* Whether the fragment may be part of any datagram. */
static enum verdict judge_alone(const struct packet *packet, const struct wire_ipv4 *header,
                                const struct fragment *fragment)
{
    const uint32_t len = fragment->end - fragment->first;
    const uint8_t *transport = packet->buf->data;

    if (len == 0 || (header->more_fragments && len % 8 != 0))
        return VERDICT_EVIL;
    /* the ping of death */
    if (packet->header_bytes + fragment->end > IPV4_TOTAL_MAX)
        return VERDICT_EVIL;
    /* RFC 1858, RFC 3128: no part of a TCP header, options included, is in a later fragment.  UDP
     * and ICMP headers are as short as the shortest fragment. */
    if (packet->protocol != IP_TCP)
        return VERDICT_GOOD;
    if (fragment->first > 0)
        return fragment->first < TCP_HEADER_MIN ? VERDICT_EVIL : VERDICT_GOOD;
    if (packet->buf->len < TCP_HEADER_MIN || packet->buf->len < (transport[12] >> 4) * 4u)
        return VERDICT_EVIL;
    return VERDICT_GOOD;
}

/* Whether it fits to what is here; @at gets its place. */
static enum verdict judge_among(const struct datagram *datagram, const struct fragment *fragment,
                                bool is_last, unsigned *at)
{
    const struct fragment *others = datagram->fragments;
    unsigned i = 0;

    while (i < datagram->count && others[i].first < fragment->first)
        i++;
    *at = i;
    if (i < datagram->count && others[i].first == fragment->first &&
        others[i].end == fragment->end && is_last == (datagram->end == fragment->end))
        return VERDICT_DUPLICATE;
    if (i > 0 && others[i - 1].end > fragment->first)
        return VERDICT_EVIL;
    if (i < datagram->count && fragment->end > others[i].first)
        return VERDICT_EVIL;
    /* nothing lies behind the end, and there is only one */
    if (is_last)
        return datagram->end > 0 || i < datagram->count ? VERDICT_EVIL : VERDICT_GOOD;
    return datagram->end > 0 && fragment->end >= datagram->end ? VERDICT_EVIL : VERDICT_GOOD;
}

/* False: too many fragments, or too much storage for all of them. */
static bool make_room(struct leat *stack, const struct datagram *datagram, uint32_t held)
{
    const uint32_t limit = stack->config.reassembly_bytes;
    struct reassembly *table = stack->reassembly;

    if (datagram->count == FRAGMENTS_MAX || datagram->held_bytes + held > limit)
        return false;
    while (table->held_bytes + held > limit) {
        struct datagram *oldest = spare(stack, datagram);

        leat_assert(oldest != 0);
        take_from(stack, oldest);
    }
    return true;
}

static void insert(struct leat *stack, struct datagram *datagram, const struct packet *packet,
                   const struct fragment *fragment, unsigned at)
{
    const uint32_t held = leat_buf_held(fragment->buf);
    const bool to_many = datagram->packet.to_many || packet->to_many;
    struct fragment *fragments = datagram->fragments;

    for (unsigned i = datagram->count; i > at; i--)
        fragments[i] = fragments[i - 1];
    fragments[at] = *fragment;
    datagram->count++;
    datagram->bytes += fragment->end - fragment->first;
    datagram->held_bytes += held;
    stack->reassembly->held_bytes += held;
    if (fragment->first == 0)
        datagram->packet = *packet;
    datagram->packet.to_many = to_many;
    datagram->congested |= (packet->tos & ECN_MASK) == ECN_CE;
    datagram->not_ecn |= (packet->tos & ECN_MASK) == 0;
}

/* The whole as one list of buffers: takes the fragments, frees the slot. */
static struct packet whole_of(struct leat *stack, struct datagram *datagram)
{
    struct packet packet = datagram->packet;
    struct leat_buf *last = datagram->fragments[0].buf;

    packet.buf = last;
    packet.reassembled = true;
    if (datagram->congested) /* RFC 3168 5.3 */
        packet.tos |= ECN_CE;
    for (unsigned i = 1; i < datagram->count; i++) {
        leat_buf_append(last, datagram->fragments[i].buf);
        last = datagram->fragments[i].buf;
    }
    /* a device knows no checksum of a datagram that it has seen in parts */
    packet.buf->checksum = LEAT_CHECKSUM_UNKNOWN;
    datagram->count = 0;
    stack->reassembly->held_bytes -= datagram->held_bytes;
    datagram->held_bytes = 0;
    make_free(stack, datagram);
    return packet;
}

void reassembly_input(struct leat *stack, struct packet *packet, const struct wire_ipv4 *header)
{
    const uint32_t first = header->fragment_offset;
    const struct fragment fragment = {packet->buf, first, first + leat_buf_total(packet->buf)};
    struct datagram *datagram = slot_for(stack, packet, header->id);
    enum verdict verdict;
    unsigned at;

    if (datagram->state == DATAGRAM_CONDEMNED) {
        stack_end(stack, packet->buf, drop_ip_fragment);
        return;
    }
    verdict = judge_alone(packet, header, &fragment);
    if (verdict == VERDICT_GOOD)
        verdict = judge_among(datagram, &fragment, !header->more_fragments, &at);
    if (verdict != VERDICT_GOOD) {
        if (verdict == VERDICT_EVIL)
            condemn(stack, datagram);
        stack_end(stack, packet->buf, drop_ip_fragment);
        return;
    }
    if (!make_room(stack, datagram, leat_buf_held(packet->buf))) {
        condemn(stack, datagram);
        stack_end(stack, packet->buf, drop_ip_fragment_limit);
        return;
    }
    insert(stack, datagram, packet, &fragment, at);
    stack->stats.taken_fragment++;
    if (!header->more_fragments)
        datagram->end = fragment.end;
    if (datagram->end == 0 || datagram->bytes < datagram->end)
        return;
    /* RFC 3168 5.3: a mark on some fragment of what is not ECN-capable is a fault */
    if (datagram->congested && datagram->not_ecn) {
        condemn(stack, datagram);
        return;
    }
    *packet = whole_of(stack, datagram);
    stack->stats.ip_reassembled++;
    ipv4_deliver(stack, packet);
}

void reassembly_close(struct leat *stack)
{
    for (unsigned i = 0; i < stack->config.reassemblies; i++)
        let_go(stack, &stack->reassembly->datagrams[i]);
}
