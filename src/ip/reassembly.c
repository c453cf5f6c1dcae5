/*
 * reassembly.c -- reassembles datagrams from fragments.
 *
 * A datagram is a short array of fragments in order of offset. It is found by the identification of
 * RFC 791 3.2 or RFC 8200 4.5; both families share one table and its limits.  It is complete when
 * its end is known and no byte is missing.
 *
 * The rules resist attacks. The whole datagram is condemned by a fragment that overlaps another, a
 * second end, more than 65,535 bytes, or a transport header that is split (RFC 1858, RFC 3128, RFC
 * 5722). Its slot stays, empty, until the timeout, so that further fragments are refused.  An exact
 * duplicate is no attack but a bad link: only the duplicate is dropped.
 *
 * Everything is bounded: fragments per datagram, datagrams, bytes of storage.  A source that would
 * hold more slots or bytes than it leaves free loses its own oldest datagram. So a source that
 * floods leaves space for others; k such sources leave 1/(k+1) of it free. A source's only datagram
 * may take all that is left.  If nothing is left, the datagram that has waited longest is dropped,
 * whatever its source. Sources are easy to forge, while a source that completes its datagrams has
 * none that waits for long.  The timeout is fixed: further fragments don't prolong it (RFC 1122
 * 3.3.2).
 */
#include "ip/reassembly.h"

#include "core/assert.h"

enum {
    TCP = 6,
    TCP_HEADER_MIN = 20,
    ECN_MASK = 3,
    ECN_CE = 3
};

struct fragment {
    struct leat_buf *buf;
    uint32_t first; /* offset of the first byte */
    uint32_t end;   /* offset after the last byte */
};

enum datagram_state {
    DATAGRAM_FREE,
    DATAGRAM_WAITING,  /* for fragments */
    DATAGRAM_CONDEMNED /* holds no fragments, refuses further ones */
};

struct datagram {
    struct timer timer;   /* first, so that a timer can be cast to its datagram */
    struct packet packet; /* of the first fragment if received, else of any */
    const struct reassembly_family *family;
    struct leat_ip src;
    struct leat_ip dst;
    uint64_t number; /* sequence number by start, because many start at the same time */
    uint32_t id;
    uint16_t count;
    uint8_t state;              /* enum datagram_state */
    bool congested;             /* a fragment was marked CE */
    bool not_ecn;               /* a fragment was not ECN-capable */
    uint32_t end;               /* total length; 0: not known yet */
    uint32_t bytes;             /* received */
    uint32_t held_bytes;        /* of storage */
    struct fragment *fragments; /* config.reassembly_fragments of them */
};

struct reassembly {
    struct datagram *datagrams;
    uint32_t held_bytes; /* by all datagrams */
    uint32_t used;       /* slots in use */
    uint64_t begun;      /* datagrams started so far */
};

static size_t fragment_count(const struct leat_config *config)
{
    return (size_t)config->reassemblies * config->reassembly_fragments;
}

size_t reassembly_cost(const struct leat_config *config)
{
    return arena_cost(1, sizeof(struct reassembly)) +
           arena_cost(config->reassemblies, sizeof(struct datagram)) +
           arena_cost(fragment_count(config), sizeof(struct fragment));
}

static void timer_fired(struct timer *timer, void *context);

bool reassembly_init(struct leat *stack)
{
    const struct leat_config *config = &stack->config;
    struct reassembly *table = arena_take(&stack->arena, 1, sizeof *table);
    struct datagram *datagrams =
        arena_take(&stack->arena, config->reassemblies, sizeof(struct datagram));
    struct fragment *fragments =
        arena_take(&stack->arena, fragment_count(config), sizeof(struct fragment));

    if (!table || !datagrams || !fragments)
        return false;
    for (unsigned i = 0; i < config->reassemblies; i++) {
        datagrams[i].timer.fire = timer_fired;
        datagrams[i].fragments = fragments + (size_t)i * config->reassembly_fragments;
    }
    table->datagrams = datagrams;
    stack->reassembly = table;
    return true;
}

/* Frees the fragments of @datagram. */
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
    stack->reassembly->used--;
}

static void condemn(struct leat *stack, struct datagram *datagram)
{
    stack->stats.ip_reassembly_failed++;
    let_go(stack, datagram);
    datagram->state = DATAGRAM_CONDEMNED;
}

/* RFC 1122 3.3.2, RFC 8200 4.5: the sender is told if the first fragment was received. */
COLD static void timer_fired(struct timer *timer, void *context)
{
    struct leat *stack = context;
    struct datagram *datagram = (struct datagram *)timer;

    if (datagram->state == DATAGRAM_WAITING) {
        stack->stats.ip_reassembly_timeouts++;
        if (datagram->fragments[0].first == 0) {
            datagram->packet.buf = datagram->fragments[0].buf;
            datagram->family->timed_out(stack, &datagram->packet, &datagram->src, &datagram->dst);
        }
    }
    make_free(stack, datagram);
}

static bool belongs(const struct datagram *datagram, const struct packet *packet,
                    const struct reassembly_part *part)
{
    return datagram->state != DATAGRAM_FREE && datagram->id == part->id &&
           datagram->family == part->family && leat_ip_equal(datagram->src, part->src) &&
           leat_ip_equal(datagram->dst, part->dst) &&
           (!part->family->by_protocol || datagram->packet.protocol == packet->protocol) &&
           datagram->packet.link == packet->link;
}

/* The share of one source. */
struct holding {
    uint32_t datagrams;
    uint32_t bytes;
};

/* True if both are one source: an IPv4 address, or a /64 of IPv6 (RFC 6177). */
static bool is_of(const struct datagram *datagram, const struct leat_ip *src)
{
    uint64_t ours[2], theirs[2];

    memcpy(ours, datagram->src.bytes, sizeof ours);
    memcpy(theirs, src->bytes, sizeof theirs);
    /* compares the /64 of IPv6; all IPv4-mapped ones start with zeros, so the rest is compared,
     * too */
    return ours[0] == theirs[0] && (ours[0] != 0 || ours[1] == theirs[1]);
}

static struct holding holding_of(const struct leat *stack, const struct leat_ip *src)
{
    struct holding holding = {0, 0};

    leat_debug_assert(stack->reassembly->used <= stack->config.reassemblies);
    for (unsigned i = 0; i < stack->config.reassemblies; i++) {
        const struct datagram *datagram = &stack->reassembly->datagrams[i];

        if (datagram->state != DATAGRAM_FREE && is_of(datagram, src)) {
            holding.datagrams++;
            holding.bytes += datagram->held_bytes;
        }
    }
    return holding;
}

/* The datagram to evict: a condemned one, else the oldest; NULL: none.  If @src isn't NULL, only
 * datagrams of @src; never @but. */
static struct datagram *spare(struct leat *stack, const struct leat_ip *src,
                              const struct datagram *but)
{
    struct datagram *best = 0;

    for (unsigned i = 0; i < stack->config.reassemblies; i++) {
        struct datagram *datagram = &stack->reassembly->datagrams[i];

        if (datagram == but || datagram->state == DATAGRAM_FREE || (src && !is_of(datagram, src)))
            continue;
        if (!best || datagram->state > best->state ||
            (datagram->state == best->state && datagram->number < best->number))
            best = datagram;
    }
    return best;
}

static void take_from(struct leat *stack, struct datagram *datagram)
{
    leat_debug_assert(datagram->state != DATAGRAM_FREE);
    if (datagram->state == DATAGRAM_WAITING)
        stack->stats.ip_reassembly_evicted++;
    make_free(stack, datagram);
}

/* A slot for another datagram of @src; @found is a free one, or NULL. */
static struct datagram *take_slot(struct leat *stack, const struct leat_ip *src,
                                  struct datagram *found)
{
    const struct reassembly *table = stack->reassembly;
    const uint32_t slots = stack->config.reassemblies;
    struct datagram *victim = 0;

    /* while half of the slots are free, no source can hold more than it leaves free */
    if (table->used >= slots / 2 &&
        holding_of(stack, src).datagrams + 1 > slots - table->used - (found ? 1 : 0))
        victim = spare(stack, src, 0);
    if (!victim && !found) /* the source is within its share, but the table is full */
        victim = spare(stack, 0, 0);
    if (!victim)
        return found;
    take_from(stack, victim);
    return victim;
}

/* The slot of the datagram that @packet is a fragment of; a new one if needed. */
static struct datagram *slot_for(struct leat *stack, const struct packet *packet,
                                 const struct reassembly_part *part)
{
    struct reassembly *table = stack->reassembly;
    struct datagram *datagram = 0;
    struct fragment *fragments;

    for (unsigned i = 0; i < stack->config.reassemblies; i++) {
        if (belongs(&table->datagrams[i], packet, part))
            return &table->datagrams[i];
        if (table->datagrams[i].state == DATAGRAM_FREE)
            datagram = &table->datagrams[i];
    }
    datagram = take_slot(stack, &part->src, datagram);
    leat_assert(datagram != 0); /* without a free slot there is one to evict */
    fragments = datagram->fragments;
    *datagram = (struct datagram){.timer = {.fire = timer_fired},
                                  .packet = *packet,
                                  .family = part->family,
                                  .src = part->src,
                                  .dst = part->dst,
                                  .number = table->begun++,
                                  .id = part->id,
                                  .state = DATAGRAM_WAITING,
                                  .fragments = fragments};
    table->used++;
    timer_set(&stack->timers, &datagram->timer, stack->now_ns + part->family->timeout_ns);
    return datagram;
}

enum verdict {
    VERDICT_GOOD,
    VERDICT_DUPLICATE,
    VERDICT_EVIL
};

/* Checks the fragment by itself. */
static enum verdict judge_alone(const struct packet *packet, const struct reassembly_part *part,
                                const struct fragment *fragment)
{
    const uint32_t len = fragment->end - fragment->first;
    const uint8_t *transport = packet->buf->data;

    if (len == 0 || (part->more && len % 8 != 0))
        return VERDICT_EVIL;
    /* the ping of death */
    if (fragment->end > part->end_max)
        return VERDICT_EVIL;
    /* RFC 1858, RFC 3128: a TCP header with its options must be in the first fragment.  UDP and
     * ICMP headers fit into the shortest fragment. */
    if (packet->protocol != TCP)
        return VERDICT_GOOD;
    if (fragment->first > 0)
        return fragment->first < TCP_HEADER_MIN ? VERDICT_EVIL : VERDICT_GOOD;
    if (packet->buf->len < TCP_HEADER_MIN || packet->buf->len < (transport[12] >> 4) * 4u)
        return VERDICT_EVIL;
    return VERDICT_GOOD;
}

/* True if it overlaps the fragment before index @i, or the one at @i. */
static bool overlaps(const struct datagram *datagram, const struct fragment *fragment, unsigned i)
{
    const struct fragment *others = datagram->fragments;

    return (i > 0 && others[i - 1].end > fragment->first) ||
           (i < datagram->count && fragment->end > others[i].first);
}

/* Checks the fragment against those received; @at gets its index. */
static enum verdict judge_among(const struct datagram *datagram, const struct fragment *fragment,
                                bool is_last, unsigned *at)
{
    const struct fragment *others = datagram->fragments;
    unsigned i = datagram->count;

    while (i > 0 && others[i - 1].first >= fragment->first) /* most often it is the last */
        i--;
    *at = i;
    if (i < datagram->count && others[i].first == fragment->first &&
        others[i].end == fragment->end && is_last == (datagram->end == fragment->end))
        return VERDICT_DUPLICATE;
    if (overlaps(datagram, fragment, i))
        return VERDICT_EVIL;
    /* there is only one end, and no fragment lies after it */
    if (is_last)
        return datagram->end > 0 || i < datagram->count ? VERDICT_EVIL : VERDICT_GOOD;
    return datagram->end > 0 && fragment->end >= datagram->end ? VERDICT_EVIL : VERDICT_GOOD;
}

/* Evicts older datagrams of the source while it would hold more than it leaves free. */
static void take_from_source(struct leat *stack, const struct datagram *datagram, uint32_t held)
{
    const struct reassembly *table = stack->reassembly;
    const uint32_t limit = stack->config.reassembly_bytes;
    const struct leat_ip *src = &datagram->src;
    struct datagram *older;

    while (table->held_bytes + held > limit / 2 &&
           holding_of(stack, src).bytes + held + table->held_bytes + held > limit &&
           (older = spare(stack, src, datagram)))
        take_from(stack, older);
}

/* Makes space for @held bytes.  False: the datagram has too many fragments, or needs too much
 * storage. */
static bool make_room(struct leat *stack, const struct datagram *datagram, uint32_t held)
{
    const uint32_t limit = stack->config.reassembly_bytes;
    const struct reassembly *table = stack->reassembly;

    if (datagram->count == stack->config.reassembly_fragments ||
        datagram->held_bytes + held > limit)
        return false;
    take_from_source(stack, datagram, held);
    while (table->held_bytes + held > limit) {
        struct datagram *oldest = spare(stack, 0, datagram);

        leat_assert(oldest != 0);
        take_from(stack, oldest);
    }
    return true;
}

static void insert(struct leat *stack, struct datagram *datagram, const struct packet *packet,
                   const struct fragment *fragment, unsigned at)
{
    const uint32_t held = leat_buf_held(fragment->buf);
    const bool is_group = datagram->packet.is_group || packet->is_group;
    struct fragment *fragments = datagram->fragments;

    leat_assert(datagram->count < stack->config.reassembly_fragments);
    leat_debug_assert(at <= datagram->count);
    for (unsigned i = datagram->count; i > at; i--)
        fragments[i] = fragments[i - 1];
    fragments[at] = *fragment;
    datagram->count++;
    datagram->bytes += fragment->end - fragment->first;
    datagram->held_bytes += held;
    stack->reassembly->held_bytes += held;
    if (fragment->first == 0) /* its headers are those of the datagram */
        datagram->packet = *packet;
    datagram->packet.is_group = is_group;
    datagram->congested |= (packet->tos & ECN_MASK) == ECN_CE;
    datagram->not_ecn |= (packet->tos & ECN_MASK) == 0;
}

/* Joins the fragments into one list of buffers and frees the slot. */
static struct packet whole_of(struct leat *stack, struct datagram *datagram)
{
    struct packet packet = datagram->packet;
    struct leat_buf *last = datagram->fragments[0].buf;

    leat_debug_assert(stack->reassembly->held_bytes >= datagram->held_bytes);
    leat_debug_assert(datagram->bytes == datagram->end);
    packet.buf = last;
    packet.reassembled = true;
    if (datagram->congested) /* RFC 3168 5.3 */
        packet.tos |= ECN_CE;
    for (unsigned i = 1; i < datagram->count; i++) {
        leat_buf_append(last, datagram->fragments[i].buf);
        last = datagram->fragments[i].buf;
    }
    /* the device has computed no checksum of the whole datagram */
    packet.buf->checksum = LEAT_CHECKSUM_UNKNOWN;
    datagram->count = 0;
    stack->reassembly->held_bytes -= datagram->held_bytes;
    datagram->held_bytes = 0;
    make_free(stack, datagram);
    return packet;
}

void reassembly_input(struct leat *stack, struct packet *packet, const struct reassembly_part *part)
{
    const uint32_t first = part->first;
    const struct fragment fragment = {packet->buf, first, first + leat_buf_total(packet->buf)};
    struct datagram *datagram = slot_for(stack, packet, part);
    enum verdict verdict;
    unsigned at = 0;

    if (datagram->state == DATAGRAM_CONDEMNED) {
        stack_end(stack, packet->buf, drop_ip_fragment_condemned);
        return;
    }
    verdict = judge_alone(packet, part, &fragment);
    if (verdict == VERDICT_GOOD)
        verdict = judge_among(datagram, &fragment, !part->more, &at);
    if (verdict == VERDICT_DUPLICATE) {
        stack_end(stack, packet->buf, drop_ip_fragment_again);
        return;
    }
    if (verdict == VERDICT_EVIL) {
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
    if (!part->more)
        datagram->end = fragment.end;
    if (datagram->end == 0 || datagram->bytes < datagram->end)
        return; /* incomplete: no overlaps exist, so the bytes can be counted */
    /* RFC 3168 5.3: a CE mark is invalid if a fragment isn't ECN-capable */
    if (datagram->congested && datagram->not_ecn) {
        condemn(stack, datagram);
        return;
    }
    *packet = whole_of(stack, datagram);
    stack->stats.ip_reassembled++;
    part->family->deliver(stack, packet, &part->src, &part->dst);
}

void reassembly_close(struct leat *stack)
{
    for (unsigned i = 0; i < stack->config.reassemblies; i++)
        let_go(stack, &stack->reassembly->datagrams[i]);
}

uint32_t reassembly_pieces(const struct leat *stack)
{
    uint32_t pieces = 0;

    for (unsigned i = 0; i < stack->config.reassemblies; i++) {
        const struct datagram *datagram = &stack->reassembly->datagrams[i];

        for (unsigned at = 0; at < datagram->count; at++)
            pieces += pool_pieces(datagram->fragments[at].buf);
    }
    return pieces;
}
