/*
 * link.c -- a wire between two stacks in one process.
 *
 * The frames on the wire lie in slots of the caller's memory.  Each direction keeps its slots in a
 * list ordered by arrival, so a frame with a longer delay is overtaken there.  The random numbers
 * come from a xorshift: they choose faults, not secrets.
 */
#include <leat/assert.h>
#include <leat/link.h>

#include <string.h>

#include "offload.h"

enum {
    ETHERNET_BYTES = 14,
    MILLION = 1000000,
    SUPER_SEGMENTS = 44, /* that are merged at most: 64 KiB of the common MSS */
    IP_TOTAL_MAX = 65535
};

struct slot {
    struct slot *next;
    uint64_t arrives_at_ns;
    uint32_t len;
    uint8_t *bytes;
};

struct end {
    struct leat_netif netif; /* first: the table's functions get its address */
    struct leat_link *link;
    struct end *peer;
    struct slot *arriving; /* sent by the peer, earliest first */
    struct slot *arriving_last;
    uint64_t wire_free_at_ns; /* when the last frame of this end has left */
    uint32_t waiting;         /* frames sent by this end that have not arrived */
    struct leat_link_faults faults;
    struct leat_link_counts counts;
    int index;
};

struct leat_link {
    struct end ends[2];
    struct slot *free;
    uint8_t *staging; /* the frame that is being sent */
    uint32_t frame_bytes;
    uint64_t random;
    leat_link_tap *tap;
    void *tap_arg;
};

static uint64_t random_next(struct leat_link *link)
{
    /* xorshift64* (Vigna 2016) */
    link->random ^= link->random >> 12;
    link->random ^= link->random << 25;
    link->random ^= link->random >> 27;
    return link->random * 0x2545f4914f6cdd1du;
}

static bool happens(struct leat_link *link, uint32_t per_m)
{
    return per_m > 0 && (random_next(link) >> 32) % MILLION < per_m;
}

/* Inserts @slot into the list of @to, behind all frames that arrive no later. */
static void put_on_wire(struct end *to, struct slot *slot)
{
    struct slot **at = &to->arriving;

    /* Mostly the frame is the last one, and the list isn't walked. */
    if (to->arriving_last && to->arriving_last->arrives_at_ns <= slot->arrives_at_ns)
        at = &to->arriving_last->next;
    while (*at && (*at)->arrives_at_ns <= slot->arrives_at_ns)
        at = &(*at)->next;
    slot->next = *at;
    *at = slot;
    if (!slot->next)
        to->arriving_last = slot;
}

/* Copies the staged frame into a slot; NULL: the wire is full. */
static struct slot *slot_fill(struct leat_link *link, uint32_t len)
{
    struct slot *slot = link->free;

    leat_assert(len <= link->frame_bytes);
    if (!slot)
        return 0;
    link->free = slot->next;
    slot->len = len;
    memcpy(slot->bytes, link->staging, len);
    return slot;
}

static void corrupt(struct leat_link *link, struct slot *slot)
{
    uint64_t bit;

    leat_assert(slot->len > 0); /* or the remainder would be one by 0 */
    bit = random_next(link) % (slot->len * 8u);
    slot->bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
}

/* Counts how long a frame waited for earlier ones. */
static void note_wait(struct leat_link_counts *counts, uint64_t wait_ns)
{
    counts->wait_ns += wait_ns;
    if (wait_ns > counts->wait_max_ns)
        counts->wait_max_ns = wait_ns;
}

/* The time at which a frame of @len bytes that is sent now arrives. */
static uint64_t arrival_ns(struct end *from, uint64_t now_ns, uint32_t len)
{
    const struct leat_link_faults *faults = &from->faults;
    struct leat_link *link = from->link;
    uint64_t at_ns = now_ns;

    /* A slow wire sends one frame after the other, so each waits until the one before has left. */
    if (faults->bits_per_s > 0) {
        if (from->wire_free_at_ns > at_ns)
            at_ns = from->wire_free_at_ns;
        note_wait(&from->counts, at_ns - now_ns);
        at_ns += (uint64_t)len * 8 * 1000000000u / faults->bits_per_s;
        from->wire_free_at_ns = at_ns;
    }
    at_ns += faults->delay_ns;
    if (faults->jitter_ns > 0)
        at_ns += random_next(link) % (faults->jitter_ns + 1);
    if (happens(link, faults->reorder_per_m)) {
        from->counts.reordered++;
        at_ns += faults->reorder_ns;
    }
    return at_ns;
}

static void send_one(struct end *from, uint64_t now_ns, uint32_t len)
{
    struct leat_link *link = from->link;
    const struct leat_link_faults *faults = &from->faults;
    struct slot *slot;

    from->counts.sent++;
    if (happens(link, faults->loss_per_m)) {
        from->counts.lost++;
        return;
    }
    slot = faults->queue_frames > 0 && from->waiting >= faults->queue_frames ? 0
                                                                             : slot_fill(link, len);
    if (!slot) {
        from->counts.overflowed++;
        return;
    }
    if (happens(link, faults->corrupt_per_m)) {
        from->counts.corrupted++;
        corrupt(link, slot);
    }
    slot->arrives_at_ns = arrival_ns(from, now_ns, slot->len);
    from->waiting++;
    put_on_wire(from->peer, slot);
}

/* Sends the staged frame, and perhaps a duplicate. */
static void send_staged(struct end *from, uint64_t now_ns, uint32_t len)
{
    struct leat_link *link = from->link;

    leat_assert(len > 0 && len <= link->frame_bytes);
    if (link->tap)
        link->tap(link->tap_arg, from->index, now_ns, link->staging, len);
    send_one(from, now_ns, len);
    if (happens(link, from->faults.duplicate_per_m)) {
        from->counts.duplicated++;
        send_one(from, now_ns, len);
    }
}

static void send_super(struct end *from, uint64_t now_ns, const struct leat_buf *super)
{
    struct leat_link *link = from->link;
    const uint32_t count = leat_link_segment_count(super);

    for (uint32_t i = 0; i < count; i++) {
        const uint32_t len = leat_link_segment(super, i, link->staging, link->frame_bytes);

        if (len > 0) /* else it is no TCP segment that the wire can carry */
            send_staged(from, now_ns, len);
        from->counts.cut += i > 0;
    }
}

static void link_transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                          uint32_t frame_count)
{
    struct end *from = (struct end *)netif;
    struct leat_link *link = from->link;

    for (uint32_t i = 0; i < frame_count; i++) {
        struct leat_buf *frame = frames[i];

        if (frame->segment_bytes > 0) {
            send_super(from, now_ns, frame);
        } else {
            const uint32_t len = leat_buf_read(frame, 0, link->staging, link->frame_bytes);

            leat_assert(len == leat_buf_total(frame)); /* the MTU follows from frame_bytes */
            if (frame->checksum == LEAT_CHECKSUM_PARTIAL) {
                leat_link_checksum_complete(link->staging, len);
                from->counts.completed++;
            }
            send_staged(from, now_ns, len);
        }
        leat_buf_free(frame);
    }
}

/* The first slot has been copied and becomes free. */
static void slot_taken(struct end *end)
{
    struct slot *slot = end->arriving;

    leat_assert(end->peer->waiting > 0);
    end->arriving = slot->next;
    if (!end->arriving)
        end->arriving_last = 0;
    end->peer->waiting--;
    end->peer->counts.delivered++;
    slot->next = end->link->free;
    end->link->free = slot;
}

/* Appends the payload of arrived frames to @frame, a segment with @headers, while they continue it.
 */
static void merge(struct end *end, uint64_t now_ns, struct leat_pool *pool, struct leat_buf *frame,
                  uint32_t headers)
{
    const uint32_t segment_bytes = leat_buf_total(frame) - headers;
    uint32_t data_bytes = segment_bytes;
    uint32_t last_bytes = segment_bytes;
    uint32_t count = 1;

    leat_debug_assert(headers > 0);
    /* Only the last segment of a super-frame may be shorter than the others, so a short one ends
     * it. */
    while (count < SUPER_SEGMENTS && last_bytes == segment_bytes && end->arriving &&
           end->arriving->arrives_at_ns <= now_ns) {
        const struct slot *slot = end->arriving;
        struct leat_buf *tail;

        if (leat_link_mergeable_headers(slot->bytes, slot->len) != headers ||
            slot->len - headers > segment_bytes ||
            headers - ETHERNET_BYTES + data_bytes + slot->len - headers > IP_TOTAL_MAX ||
            !leat_link_goes_on(frame->data, slot->bytes, headers, data_bytes))
            break;
        tail = leat_buf_copy(pool, slot->bytes + headers, slot->len - headers);
        if (!tail)
            break;
        leat_buf_append(frame, tail);
        last_bytes = slot->len - headers;
        data_bytes += last_bytes;
        slot_taken(end);
        count++;
    }
    if (count == 1)
        return;
    end->peer->counts.merged += count - 1;
    frame->segment_bytes = (uint16_t)segment_bytes;
    leat_link_set_data_bytes(frame->data, headers, data_bytes);
}

/* Copies the next frame into buffers of the receiving stack; NULL: its pool is empty. */
static struct leat_buf *deliver(struct end *end, uint64_t now_ns, struct leat_pool *pool)
{
    const uint32_t capabilities = end->netif.capabilities;
    const struct slot *slot = end->arriving;
    struct leat_buf *frame = leat_buf_copy(pool, slot->bytes, slot->len);
    uint32_t headers;

    if (!frame)
        return 0;
    headers =
        capabilities & LEAT_NETIF_GRO ? leat_link_mergeable_headers(slot->bytes, slot->len) : 0;
    if ((capabilities & LEAT_NETIF_RX_CHECKSUM) &&
        leat_link_checksum_is_right(slot->bytes, slot->len)) {
        end->peer->counts.verified++;
        frame->checksum = LEAT_CHECKSUM_VERIFIED;
    }
    slot_taken(end);
    if (headers > 0 && headers <= frame->len)
        merge(end, now_ns, pool, frame, headers);
    return frame;
}

static uint32_t link_receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                             struct leat_buf **frames, uint32_t frames_max)
{
    struct end *end = (struct end *)netif;
    uint32_t count = 0;

    while (count < frames_max && end->arriving && end->arriving->arrives_at_ns <= now_ns) {
        frames[count] = deliver(end, now_ns, pool);
        if (!frames[count])
            break;
        count++;
    }
    return count;
}

static uint32_t link_transmit_room(struct leat_netif *netif)
{
    (void)netif;
    return UINT32_MAX; /* a wire has no queue: further frames are lost */
}

static uint64_t link_next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    const struct end *end = (const struct end *)netif;

    if (!end->arriving)
        return LEAT_NEVER_NS;
    return end->arriving->arrives_at_ns > now_ns ? end->arriving->arrives_at_ns : now_ns;
}

static void link_close(struct leat_netif *netif)
{
    (void)netif;
}

static const struct leat_netif_ops link_ops = {
    .receive = link_receive,
    .transmit_room = link_transmit_room,
    .transmit = link_transmit,
    .next_look_ns = link_next_look_ns,
    .close = link_close,
};

static size_t aligned(size_t bytes)
{
    return (bytes + 15) & ~(size_t)15;
}

size_t leat_link_memory_bytes(uint32_t frames, uint32_t frame_bytes)
{
    return 16 + aligned(sizeof(struct leat_link)) + aligned(frame_bytes) +
           frames * (aligned(sizeof(struct slot)) + aligned(frame_bytes));
}

struct leat_link *leat_link_init(void *memory, uint32_t frames, uint32_t frame_bytes, uint64_t seed)
{
    uint8_t *at = (uint8_t *)memory + (16 - (uintptr_t)memory % 16) % 16;
    struct leat_link *link = (void *)at;

    at += aligned(sizeof *link);
    memset(link, 0, sizeof *link);
    link->staging = at;
    at += aligned(frame_bytes);
    link->frame_bytes = frame_bytes;
    link->random = seed * 2 + 1; /* never 0 */
    for (int i = 0; i < 2; i++) {
        struct end *end = &link->ends[i];

        end->netif.ops = &link_ops;
        end->netif.name = i == 0 ? "link0" : "link1";
        end->netif.mac = (struct leat_mac){{2, 0, 0, 0, 0, (uint8_t)(i + 1)}};
        end->netif.mtu = (uint16_t)(frame_bytes - ETHERNET_BYTES);
        end->netif.capabilities = LEAT_NETIF_GATHER;
        end->link = link;
        end->peer = &link->ends[1 - i];
        end->index = i;
    }
    for (uint32_t i = 0; i < frames; i++) {
        struct slot *slot = (void *)at;

        slot->bytes = at + aligned(sizeof *slot);
        slot->next = link->free;
        link->free = slot;
        at += aligned(sizeof *slot) + aligned(frame_bytes);
    }
    return link;
}

struct leat_netif *leat_link_end(struct leat_link *link, int end)
{
    return &link->ends[end].netif;
}

void leat_link_set_offloads(struct leat_link *link, int end, uint32_t capabilities)
{
    link->ends[end].netif.capabilities = capabilities;
}

void leat_link_set_faults(struct leat_link *link, int from_end,
                          const struct leat_link_faults *faults)
{
    link->ends[from_end].faults = *faults;
}

void leat_link_set_tap(struct leat_link *link, leat_link_tap *tap, void *arg)
{
    link->tap = tap;
    link->tap_arg = arg;
}

struct leat_link_counts leat_link_counts(const struct leat_link *link, int from_end)
{
    return link->ends[from_end].counts;
}
