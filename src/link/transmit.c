/* transmit.c -- sends the queue of a link to its device. */
#include "link/transmit.h"

#include "core/minmax.h"
#include "core/view.h"
#include "core/parts.h"
#include "family.h"
#include "link/frame_flow.h"

enum {
    CONTROL_PART = 4,   /* control frames get a fourth of bulk's places in addition */
    BULK_PART = 4,      /* one fourth of bulk's places is not for TCP's shares */
    LARGE_PART = 8,     /* a flow with more than this part yields places to small TCP flows */
    LEAST_SEGMENTS = 2, /* any flow may queue these: one leaves, one follows */
    RATE_PART = 4,      /* weight of a new measurement of the rate: one fourth */
    SUPER_BYTES = 65536 /* of a super-frame with all headers */
};

static const uint64_t share_ns = 1000000;  /* all flows together may queue this time's worth */
static const uint64_t slow_ns = 100000000; /* a link stays slow so long after it was full */

/* The number of frames that the device gets for @frame. */
static uint32_t frames_of(const struct link *link, const struct leat_buf *frame)
{
    return !HAS_SUPER_FRAMES || frame->segment_bytes == 0 || link_cuts(link, frame)
               ? 1
               : super_segments(frame);
}

/* The bytes of these frames. Each has its own headers; those of a super-frame are its first
 * piece. */
static uint32_t bytes_of(const struct link *link, const struct leat_buf *frame)
{
    return leat_buf_total(frame) + (frames_of(link, frame) - 1) * frame->len;
}

void transmit_init(struct link *link)
{
    const uint32_t frame_bytes = (uint32_t)link->netif->mtu + ETHERNET_HEADER_BYTES;
    const uint32_t longest = link_has_tso(link) ? SUPER_BYTES : frame_bytes;

    link->tx_places = link->stack->config.tx_queue_frames;
    fair_queue_init(&link->flows, link->stack->flows, (uint16_t)(link - link->stack->links),
                    max32(longest, ETHERNET_FRAME_MIN + ETHERNET_VLAN_BYTES), frame_bytes);
}

void transmit_close(struct link *link)
{
    struct flow *flow;

    queue_free_all(&link->tx);
    while ((flow = fair_queue_next(&link->flows))) {
        struct leat_buf *frame = fair_queue_take(flow);

        fair_queue_left(&link->flows, flow, bytes_of(link, frame), frames_of(link, frame), 0);
        leat_buf_free(frame);
    }
}

/* ---- conversion to frames that the device takes ------------------------------------------- */

/* The only copy in the stack's output: joins the pieces of a frame for a device that can't gather.
 * Takes @frame; NULL: no buffer can hold it. */
COLD static struct leat_buf *linearise(struct leat *stack, struct leat_buf *frame)
{
    const uint32_t total = leat_buf_total(frame);
    struct leat_buf *whole = leat_buf_alloc(&stack->pool, 0);
    uint8_t *at = whole ? leat_buf_put(whole, total) : 0;

    if (at) {
        leat_buf_read(frame, 0, at, total);
        whole->checksum = frame->checksum;
        whole->segment_bytes = frame->segment_bytes;
        stack->stats.copied_tx_bytes += total;
    } else {
        stack->stats.tx_no_memory++;
        leat_buf_free(whole);
        whole = 0;
    }
    leat_buf_free(frame);
    return whole;
}

/* Joins the pieces of @frame if the device requires it.  Takes it; NULL: it was dropped. */
static inline struct leat_buf *shape(struct link *link, struct leat_buf *frame)
{
    if (frame->next && !(link->netif->capabilities & LEAT_NETIF_GATHER))
        return linearise(link->stack, frame);
    return frame;
}

/* True if the device requires segments instead of this super-frame. */
static inline bool must_be_cut(const struct link *link, const struct leat_buf *frame)
{
    return HAS_SUPER_FRAMES && frame->segment_bytes > 0 && !link_cuts(link, frame);
}

/* The next segment of @super, the first frame of its queue.  The last segment is @super itself.
 * NULL: no memory. The caller then drops all of it, so that later frames don't wait for memory that
 * may never come. */
static struct leat_buf *cut(struct link *link, struct leat_buf *super)
{
    const bool device_sums = link->netif->capabilities & LEAT_NETIF_TX_CHECKSUM;

    return link->stack->super->gso(link->stack, super, device_sums);
}

/* ---- fast links --------------------------------------------------------------------------- */

/* The next segment of the super-frame at the head of the queue. */
static struct leat_buf *cut_next(struct link *link)
{
    struct leat_buf *super = link->tx.first;
    struct leat_buf *segment = cut(link, super);

    if (segment != super && segment) {
        link->tx_waiting--;
        return segment;
    }
    queue_take(&link->tx);
    link->tx_waiting -= segment ? 1 : super_segments(super);
    if (!segment) {
        link->stack->stats.tx_no_memory++;
        leat_buf_free(super);
    }
    return segment;
}

/* The next frame in a form that the device takes; NULL: it was dropped. */
static inline struct leat_buf *next_frame(struct link *link)
{
    struct leat_buf *frame;

    if (must_be_cut(link, link->tx.first)) {
        frame = cut_next(link);
    } else {
        link->tx_waiting--;
        frame = queue_take(&link->tx);
    }
    return frame ? shape(link, frame) : 0;
}

/* Sends all frames in order until the device is full. */
static void flush_any(struct link *link)
{
    struct leat *stack = link->stack;
    struct leat_netif *netif = link->netif;
    struct leat_buf *frames[FRAMES_AT_ONCE];

    while (link->tx.count > 0) {
        const uint32_t room = netif->ops->transmit_room(netif);
        const uint32_t want = room < FRAMES_AT_ONCE ? room : FRAMES_AT_ONCE;
        uint32_t count = 0;

        while (count < want && link->tx.count > 0) {
            frames[count] = next_frame(link);
            count += frames[count] != 0;
        }
        if (count == 0) /* the device is full, or all of these were dropped */
            return;
        netif->ops->transmit(netif, stack->now_ns, frames, count);
        stack->stats.tx_frames += count;
    }
}

/* True if a single frame waits and needs no conversion. */
static inline bool has_lone_frame(const struct link *link)
{
    const struct leat_buf *frame = link->tx.first;

    return FOR_SPEED && link->tx.count == 1 && frame->segment_bytes == 0 &&
           (!frame->next || (link->netif->capabilities & LEAT_NETIF_GATHER));
}

/* ---- slow links --------------------------------------------------------------------------- */

static void become_slow(struct link *link)
{
    if (link->tx_is_slow)
        return;
    link->tx_is_slow = true;
    link->stack->slow_links++;
}

static void become_fast(struct link *link)
{
    fair_queue_rest(&link->flows);
    link->tx_is_slow = false;
    link->tx_places = link->stack->config.tx_queue_frames;
    link->rate.is_measured = false;
    link->stack->slow_links--;
}

static void sort_one(struct link *link, struct leat_buf *frame)
{
    const struct flow_name name = frame_flow(link, frame);

    fair_queue_put(&link->flows, name.key, name.kind, frame, bytes_of(link, frame),
                   frames_of(link, frame));
}

/* Sorts the frames queued since the last flush into their flows. */
static void sort(struct link *link)
{
    struct leat_buf *frame;

    become_slow(link);
    while ((frame = queue_take(&link->tx)))
        sort_one(link, frame);
}

/* Accounts for frames that have left @flow, and wakes the connection that waits for this. */
static void note_left(struct link *link, struct flow *flow, uint32_t bytes, uint32_t frames,
                      uint32_t charged_bytes)
{
    const uint32_t waiter = flow->waiter;

    link->tx_waiting -= frames;
    fair_queue_left(&link->flows, flow, bytes, frames, charged_bytes);
    if (waiter == 0 || flow->bytes > flow->wake_bytes)
        return;
    flow->waiter = 0;
    link->stack->has_woken = true;
    link->stack->super->wake(link->stack, waiter);
}

/* Removes the first frame of @flow, to send or drop it.  The caller owns it. */
static struct leat_buf *take_whole(struct link *link, struct flow *flow, bool is_charged)
{
    struct leat_buf *frame = fair_queue_take(flow);
    const uint32_t bytes = bytes_of(link, frame);

    note_left(link, flow, bytes, frames_of(link, frame), is_charged ? bytes : 0);
    return frame;
}

/* The next segment of the super-frame at the head of @flow; NULL: it was dropped. */
static struct leat_buf *take_segment(struct link *link, struct flow *flow)
{
    struct leat_buf *super = flow->first;
    struct leat_buf *segment = cut(link, super);
    uint32_t bytes;

    if (segment == super) /* the last segment */
        return take_whole(link, flow, true);
    if (!segment) {
        link->stack->stats.tx_no_memory++;
        leat_buf_free(take_whole(link, flow, false));
        return 0;
    }
    bytes = leat_buf_total(segment);
    note_left(link, flow, bytes, 1, bytes);
    return segment;
}

/* The next frame of the flow whose turn it is; NULL: it was dropped. */
static struct leat_buf *next_in_turn(struct link *link)
{
    struct flow *flow = fair_queue_next(&link->flows);
    struct leat_buf *frame;

    leat_assert(flow != 0); /* the caller knows that frames wait */
    if (must_be_cut(link, flow->first))
        frame = take_segment(link, flow);
    else
        frame = take_whole(link, flow, true);
    return frame ? shape(link, frame) : 0;
}

/* Sends frames flow by flow until the device is full; returns the number of frames that it would
 * still take. */
static uint32_t serve(struct link *link)
{
    struct leat *stack = link->stack;
    struct leat_netif *netif = link->netif;
    struct leat_buf *frames[FRAMES_AT_ONCE];
    uint32_t room;

    while ((room = netif->ops->transmit_room(netif)) > 0 && link->tx_waiting > 0) {
        const uint32_t want = min32(room, FRAMES_AT_ONCE);
        uint32_t count = 0;

        while (count < want && link->tx_waiting > 0) {
            frames[count] = next_in_turn(link);
            if (!frames[count])
                continue;
            link->rate.bytes += leat_buf_total(frames[count]);
            count++;
        }
        if (count > 0)
            netif->ops->transmit(netif, stack->now_ns, frames, count);
        stack->stats.tx_frames += count;
    }
    return room;
}

/* Measures the device's rate: the bytes taken between two moments at which it was full. If it
 * wasn't full in between, it may have been idle, and the measurement is discarded. */
static void measure(struct link *link, bool is_full)
{
    struct device_rate *rate = &link->rate;
    const uint64_t now_ns = link->stack->now_ns;
    const uint64_t elapsed_ns = now_ns - rate->from_ns;
    uint64_t found;

    if (is_full)
        link->full_ns = now_ns;
    if (is_full && rate->is_measured && elapsed_ns < share_ns)
        return; /* too short: the measurement goes on */
    if (is_full && rate->is_measured) {
        found = rate->bytes * share_ns / elapsed_ns; /* enters a moving average */
        rate->bytes_per_ms +=
            rate->bytes_per_ms == 0 ? found : found / RATE_PART - rate->bytes_per_ms / RATE_PART;
    }
    rate->is_measured = is_full;
    rate->from_ns = now_ns;
    rate->bytes = 0;
}

/* Flushes a slow link, or one that has just become full. */
static void flush_slow(struct link *link)
{
    uint32_t room;

    sort(link);
    room = serve(link);
    /* frames that the device takes at once need no share: TCP may send so many unchecked */
    link->tx_places = min32(room, link->stack->config.tx_queue_frames);
    measure(link, room == 0);
    if (room > 0 && link->stack->now_ns - link->full_ns >= slow_ns)
        become_fast(link);
}

/* Flushes everything but a single frame on a fast link. */
static __attribute__((noinline)) void flush_others(struct link *link)
{
    if (!link->tx_is_slow)
        flush_any(link);
    if (link->tx_is_slow || link->tx.count > 0)
        flush_slow(link);
}

void transmit_flush(struct link *link)
{
    struct leat_netif *netif = link->netif;
    struct leat_buf *frame;

    if (link->tx.count == 0 && !link->tx_is_slow)
        return;
    if (link->tx_is_slow || !has_lone_frame(link) || netif->ops->transmit_room(netif) == 0) {
        flush_others(link);
        return;
    }
    link->tx_waiting--;
    frame = queue_take(&link->tx);
    netif->ops->transmit(netif, link->stack->now_ns, &frame, 1);
    link->stack->stats.tx_frames++;
}

/* ---- space in the queue --------------------------------------------------------- */

/* The kind of traffic that exceeds its places when too many frames wait. */
static enum flow_kind crowded_kind(const struct link *link)
{
    return link->flows.frames[FLOW_BULK] > link->stack->config.tx_queue_frames ? FLOW_BULK
                                                                               : FLOW_CONTROL;
}

static bool is_crowded(const struct link *link)
{
    const uint32_t bulk = link->stack->config.tx_queue_frames;

    return link->flows.frames[FLOW_BULK] > bulk ||
           link->tx_waiting > bulk + max32(bulk / CONTROL_PART, 1);
}

/* Drops the oldest frames of the largest flows until the queue has space. */
COLD static void make_room(struct link *link)
{
    sort(link);
    while (is_crowded(link)) {
        struct flow *flow = fair_queue_largest(&link->flows, crowded_kind(link));

        link->stack->stats.tx_dropped += frames_of(link, flow->first);
        leat_buf_free(take_whole(link, flow, false));
    }
}

void transmit_put(struct link *link, struct leat_buf *frame)
{
    link_enqueue(link, frame, frames_of(link, frame));
    if (link->tx_waiting > link->stack->config.tx_queue_frames)
        make_room(link);
}

/* The bytes that each of @flows may have in the queue. */
static uint32_t share_of(const struct link *link, uint32_t flows, uint32_t least_bytes)
{
    const uint64_t most = (uint64_t)link->stack->config.tx_queue_frames * link->netif->mtu;
    const uint64_t all = most - most / BULK_PART;
    const uint64_t due = link->rate.bytes_per_ms < all ? link->rate.bytes_per_ms : all;

    return (uint32_t)(due / flows > least_bytes ? due / flows : least_bytes);
}

/* When all places are taken, a flow with less than its minimum displaces frames of the largest
 * flow, if that exceeds LARGE_PART, as a flow without congestion control may. */
static bool may_displace(const struct link *link)
{
    const struct flow *largest = fair_queue_largest(&link->flows, FLOW_BULK);

    return largest && largest->frames > link->stack->config.tx_queue_frames / LARGE_PART;
}

uint32_t transmit_left(struct link *link, uint64_t key, uint32_t segment_bytes)
{
    const uint32_t places = link->stack->config.tx_queue_frames;
    const uint32_t least = LEAST_SEGMENTS * segment_bytes;
    const struct flow *flow;
    uint32_t free, used, share;
    bool is_counted;

    sort(link);
    free = places > link->flows.frames[FLOW_BULK] ? places - link->flows.frames[FLOW_BULK] : 0;
    flow = fair_queue_account(&link->flows, key);
    used = flow ? flow->bytes : 0;
    is_counted = used > 0 && flow->kind == FLOW_BULK; /* in flows.backlogged */
    share = share_of(link, link->flows.backlogged + (is_counted ? 0u : 1u), least);
    if (used < share && free > 0)
        return min32(share - used, free * segment_bytes);
    if (used < least && free == 0 && may_displace(link))
        return segment_bytes;
    return 0;
}

bool transmit_wait(struct link *link, uint64_t key, uint32_t waiter)
{
    struct flow *flow = fair_queue_account(&link->flows, key);

    if (!flow || flow->frames == 0 || (flow->waiter != 0 && flow->waiter != waiter))
        return false;
    flow->waiter = waiter;
    flow->wake_bytes = flow->bytes / 2;
    return true;
}

bool transmit_has(struct link *link, uint64_t key)
{
    const struct flow *flow;

    if (!link->tx_is_slow || link->tx_waiting == 0)
        return false;
    sort(link);
    flow = fair_queue_find(&link->flows, key);
    return flow && flow->frames > 0 && flow->kind == FLOW_BULK;
}
