/*
 * gro.c -- GRO in software: consecutive segments of a burst are merged into one super-frame.
 *
 * Only plain segments can be merged: TCP data with no flags but ACK, PSH and those of ECN, and no
 * option but timestamps. The headers may differ from those of the segment before only in the
 * sequence number, PSH, the identification of IPv4, and the fields that follow from them. All other
 * frames, first of all malformed ones, go up as they came. IP and TCP then process one header
 * instead of sixteen.
 *
 * A segment is merged only after its checksums were verified, here or by the device; the
 * super-frame is marked LEAT_CHECKSUM_VERIFIED. PSH ends it, because the sender says that no more
 * is coming.
 *
 * Segments of several senders are interleaved, so the flows of a burst are remembered, in a hash
 * table on the C stack. Its entries are small, because the first piece of a super-frame has the
 * rest of its state. A super-frame goes up in the place of its first segment. No frame of a flow
 * overtakes another one, because a segment that can't be merged ends the super-frame of its flow.
 */
#include "tcp/receive/gro.h"

#include <string.h>

#include "core/checksum.h"
#include "core/cold.h"
#include "core/view.h"
#include "core/writable.h"
#include "tcp/receive/frame.h"

enum {
    FLOWS = 32,        /* flows of a burst that are merged at a time: the table is on the stack */
    SLOTS = 2 * FLOWS, /* at least half of them stay empty, which ends each search */
    SLOTS_SHIFT = 32 - 6, /* the upper six bits of a hash are a slot */
    MAY_BE_SET =
        TCP_PSH | TCP_ECE | TCP_CWR /* beside ACK; the ECN flags are equal in all segments */
};

_Static_assert(SLOTS == 1 << (32 - SLOTS_SHIFT), "a slot for each value");

/*
 * The last super-frame of a flow. More of it is in its first piece: `queued` is its last piece, or
 * NULL once it has ended; `segment_bytes` the data of each segment, but perhaps of the last. If
 * `next` is set, the checksums of the first segment are right.
 */
struct gro_flow {
    uint32_t next_seq;
    uint16_t data_bytes;    /* in all segments */
    uint16_t addresses_sum; /* of each segment, once the first is verified */
};

/* The flows of a burst. */
struct gro_flows {
    struct leat_buf **frames; /* the burst */
    uint32_t count;           /* valid entries of the next two */
    uint32_t last;            /* the slot that was used last: bursts are mostly of one flow */
    uint32_t last_key;        /* of its flow */
    struct gro_flow all[FLOWS];
    uint8_t heads[FLOWS]; /* where in `frames` the last super-frame of the flow is */
    uint8_t slots[SLOTS]; /* 1 + the number of a flow; 0: none */
};

/* The bytes in front of the data. */
HOT uint32_t headers_bytes(const struct leat_buf *frame, uint32_t tcp_at)
{
    return tcp_at + (frame->data[tcp_at + OFFSET_AT] >> 4) * 4u;
}

HOT bool has_plain_options(const uint8_t *tcp)
{
    return tcp[OFFSET_AT] >> 4 == WIRE_TCP_BYTES / 4 ||
           (tcp[OFFSET_AT] >> 4 == (WIRE_TCP_BYTES + TS_BYTES) / 4 &&
            get32(tcp + OPTIONS_AT) == WIRE_TCP_TS_ALONE);
}

/* True for an IP header without options or extensions, and a packet that is complete and TCP's. */
HOT bool has_plain_ip(const struct leat_buf *frame, uint32_t tcp_at)
{
    const uint8_t *at = frame->data;

    if (tcp_at == TCP6_AT)
        return at[IP_AT] >> 4 == 6 && at[IP6_NEXT_AT] == PROTOCOL_TCP &&
               get16(at + IP6_LENGTH_AT) == frame->len - TCP6_AT;
    return at[IP_AT] == VERSION_AND_IHL && at[IP_PROTOCOL_AT] == PROTOCOL_TCP &&
           !(get16(at + IP_FRAGMENT_AT) & IP_FRAGMENTED) &&
           get16(at + IP_TOTAL_AT) == frame->len - IP_AT;
}

/* The bytes of data of a segment that can be merged; 0: it can't. Segments without data, with which
 * connections begin and end, are recognized by the first condition. */
HOT uint32_t data_bytes_at(const struct leat_buf *frame, uint32_t tcp_at)
{
    const uint8_t *tcp = frame->data + tcp_at;

    if (frame->len <= tcp_at + OPTIONS_AT + TS_BYTES || (tcp[FLAGS_AT] & ~MAY_BE_SET) != TCP_ACK ||
        frame->next || frame->segment_bytes > 0 || !has_plain_ip(frame, tcp_at) ||
        !has_plain_options(tcp))
        return 0;
    return frame->len - headers_bytes(frame, tcp_at);
}

/* data_bytes_at() for a frame of either family; also sets the offset of the TCP header. */
static inline uint32_t plain_data_bytes(const struct leat_buf *frame, uint32_t *tcp_at)
{
    uint16_t type;

    if (frame->len <= TCP4_AT + OPTIONS_AT + TS_BYTES)
        return 0;
    type = get16(frame->data + TYPE_AT);
    *tcp_at = type == ETHERNET_IPV4 ? TCP4_AT : TCP6_AT;
    if (type == ETHERNET_IPV4)
        return data_bytes_at(frame, TCP4_AT);
    return type == ETHERNET_IPV6 ? data_bytes_at(frame, TCP6_AT) : 0;
}

/* True if the headers before TCP's are equal, apart from lengths and IPv4's identification. */
HOT bool same_ip(const uint8_t *a, const uint8_t *b, uint32_t tcp_at)
{
    /* MACs of both ends, EtherType and, in IPv4, the TOS with its ECN bits */
    if (memcmp(a, b, IP_TOTAL_AT) != 0)
        return false;
    if (tcp_at == TCP4_AT)
        return memcmp(a + IP_FRAGMENT_AT, b + IP_FRAGMENT_AT, 4) == 0 &&
               memcmp(a + IP_SRC_AT, b + IP_SRC_AT, 8) == 0;
    return memcmp(a + IP_TOTAL_AT, b + IP_TOTAL_AT, 2) == 0 && /* flow label */
           memcmp(a + IP6_NEXT_AT, b + IP6_NEXT_AT, 2) == 0 &&
           memcmp(a + IP6_SRC_AT, b + IP6_SRC_AT, 16) == 0 &&
           memcmp(a + IP6_DST_AT, b + IP6_DST_AT, 16) == 0;
}

/* True if the headers of both are equal, apart from fields that differ in every segment. */
HOT bool same_headers(const uint8_t *a, const uint8_t *b, uint32_t tcp_at)
{
    if (!same_ip(a, b, tcp_at))
        return false;
    a += tcp_at;
    b += tcp_at;
    return memcmp(a, b, SEQ_AT) == 0 && /* ports */
           memcmp(a + ACK_AT, b + ACK_AT, 4) == 0 &&
           ((get16(a + OFFSET_AT) ^ get16(b + OFFSET_AT)) & ~(unsigned)TCP_PSH) == 0 &&
           memcmp(a + WINDOW_AT, b + WINDOW_AT, 2) == 0 &&
           (a[OFFSET_AT] >> 4 == WIRE_TCP_BYTES / 4 ||
            memcmp(a + TSVAL_AT, b + TSVAL_AT, 8) == 0); /* timestamps, of both or of none */
}

/* The sum of both addresses in the pseudo-header, folded: the same for all merged segments. */
HOT uint16_t addresses_sum(const uint8_t *at, uint32_t tcp_at)
{
    return checksum_fold16(tcp_at == TCP4_AT
                               ? checksum_load64(at + IP_SRC_AT)
                               : checksum_addresses6(at + IP6_SRC_AT, at + IP6_DST_AT));
}

HOT bool checksums_are_right(const struct leat_buf *frame, uint32_t tcp_at, uint64_t addresses)
{
    const uint8_t *at = frame->data;
    const uint32_t len = frame->len - tcp_at;

    if (tcp_at == TCP4_AT && !wire_ipv4_checksum_ok(at + IP_AT, IPV4_HEADER_BYTES))
        return false;
    return frame->checksum == LEAT_CHECKSUM_VERIFIED ||
           checksum_agrees(addresses + big_endian16(PROTOCOL_TCP) + big_endian32(len) +
                           checksum_bytes(at + tcp_at, len));
}

/* True if @frame, with @data_bytes of data, continues the super-frame @head of @flow. */
HOT bool goes_on(struct gro_flow *flow, const struct leat_buf *head, const struct leat_buf *frame,
                 uint32_t tcp_at, uint32_t data_bytes)
{
    if (data_bytes > head->segment_bytes ||
        flow->data_bytes + data_bytes > IPV4_TOTAL_MAX - IPV4_HEADER_MAX - TCP4_AT ||
        get32(frame->data + tcp_at + SEQ_AT) != flow->next_seq ||
        !same_headers(head->data, frame->data, tcp_at))
        return false;
    if (!head->next) {
        flow->addresses_sum = addresses_sum(frame->data, tcp_at);
        if (!checksums_are_right(head, tcp_at, flow->addresses_sum))
            return false;
    }
    return checksums_are_right(frame, tcp_at, flow->addresses_sum);
}

/* Merges @frame into @head. */
HOT void absorb(struct gro_flow *flow, struct leat_buf *head, struct leat_buf *frame,
                uint32_t tcp_at, uint32_t data_bytes)
{
    head->data[tcp_at + FLAGS_AT] |= frame->data[tcp_at + FLAGS_AT]; /* PSH */
    view_pull(frame, frame->len - data_bytes);
    head->queued->next = frame;
    head->queued = frame;
    flow->next_seq += data_bytes;
    flow->data_bytes += (uint16_t)data_bytes;
}

/* Ends the super-frame @head of @flow: updates the headers for the whole of it. */
static void finish(const struct gro_flow *flow, struct leat_buf *head)
{
    uint8_t *at = head->data;
    const bool is_v4 = get16(at + TYPE_AT) == ETHERNET_IPV4;
    uint16_t total;

    head->queued = 0;
    if (!head->next) {
        head->segment_bytes = 0;
        return;
    }
    total = (uint16_t)(headers_bytes(head, is_v4 ? TCP4_AT : TCP6_AT) - IP_AT + flow->data_bytes);
    if (is_v4) {
        put16(at + IP_CHECKSUM_AT,
              checksum_update(get16(at + IP_CHECKSUM_AT), get16(at + IP_TOTAL_AT), total));
        put16(at + IP_TOTAL_AT, total);
    } else {
        put16(at + IP6_LENGTH_AT, (uint16_t)(total - IPV6_HEADER_BYTES));
    }
    head->checksum = LEAT_CHECKSUM_VERIFIED;
}

/* Two flows may have the same key. Then they end each other's super-frames, because same_headers()
 * tells them apart. */
HOT uint32_t key_of(const uint8_t *at, uint32_t tcp_at)
{
    return get32(at + tcp_at) ^ get32(at + (tcp_at == TCP4_AT ? IP_SRC_AT : IP6_SRC_END_AT));
}

/* The first piece of the last super-frame of the flow in @slot, which isn't empty. */
HOT struct leat_buf *head_in(const struct gro_flows *flows, uint32_t slot)
{
    return flows->frames[flows->heads[flows->slots[slot] - 1]];
}

/* True if @slot has the flow with @key. If that flow is of the other family, other bytes of its
 * frame are compared; at worst the keys are then equal. */
HOT bool has_key(const struct gro_flows *flows, uint32_t slot, uint32_t key, uint32_t tcp_at)
{
    return key_of(head_in(flows, slot)->data, tcp_at) == key;
}

/* The slot of the flow with @key, or the empty one where it would be. */
HOT uint32_t find(const struct gro_flows *flows, uint32_t key, uint32_t tcp_at)
{
    uint32_t slot = flows->last;

    if (flows->last_key == key && flows->slots[slot])
        return slot;
    slot = key * 0x9e3779b1u >> SLOTS_SHIFT; /* Knuth's multiplicative hash */
    while (flows->slots[slot] && !has_key(flows, slot, key, tcp_at))
        slot = (slot + 1) % SLOTS;
    return slot;
}

/* Ends the super-frame of the flow in @slot, if there is one that may go on. */
HOT void end_in(const struct gro_flows *flows, uint32_t slot)
{
    struct leat_buf *head;

    if (!flows->slots[slot])
        return;
    head = head_in(flows, slot);
    if (head->queued)
        finish(&flows->all[flows->slots[slot] - 1], head);
}

static void finish_all(const struct gro_flows *flows)
{
    for (uint32_t i = 0; i < flows->count; i++) {
        struct leat_buf *head = flows->frames[flows->heads[i]];

        if (head->queued)
            finish(&flows->all[i], head);
    }
}

/* Begins a super-frame with @frame, number @place of the burst, unless its flow is in no slot and
 * there are too many flows. Replacing another flow would end that one's super-frame, and with
 * interleaved flows none would ever grow. */
static void begin(struct gro_flows *flows, uint32_t slot, struct leat_buf *frame, uint32_t place,
                  uint32_t tcp_at, uint32_t data_bytes)
{
    uint32_t i = flows->slots[slot];

    if ((frame->data[tcp_at + FLAGS_AT] & TCP_PSH) || !buf_is_writable(frame))
        return;
    if (i == 0) {
        if (flows->count == FLOWS)
            return;
        i = ++flows->count;
        flows->slots[slot] = (uint8_t)i;
    }
    flows->heads[i - 1] = (uint8_t)place;
    flows->all[i - 1].next_seq = get32(frame->data + tcp_at + SEQ_AT) + data_bytes;
    flows->all[i - 1].data_bytes = (uint16_t)data_bytes;
    frame->segment_bytes = (uint16_t)data_bytes;
    frame->queued = frame;
}

/* @frame can't be merged: ends the super-frame of its flow. */
static void pass(const struct gro_flows *flows, const struct leat_buf *frame)
{
    bool elsewhere;
    uint32_t tcp_at;

    if (flows->count == 0)
        return;
    tcp_at = find_tcp(frame, &elsewhere);
    if (elsewhere)
        finish_all(flows);
    else if (tcp_at > 0)
        end_in(flows, find(flows, key_of(frame->data, tcp_at), tcp_at));
}

/* Tries to merge a segment with data. False: it goes up as number @place of the burst, and may
 * begin a super-frame. One with PSH begins none, so it takes no place among the flows. */
HOT bool merged(struct gro_flows *flows, struct leat_buf *frame, uint32_t place, uint32_t tcp_at,
                uint32_t data_bytes)
{
    const uint32_t key = key_of(frame->data, tcp_at);
    const uint32_t slot = find(flows, key, tcp_at);
    struct leat_buf *head = flows->slots[slot] ? head_in(flows, slot) : 0;
    struct gro_flow *flow;

    if (!head || !head->queued) {
        begin(flows, slot, frame, place, tcp_at, data_bytes);
        return false;
    }
    flow = &flows->all[flows->slots[slot] - 1];
    if (!goes_on(flow, head, frame, tcp_at, data_bytes)) {
        finish(flow, head);
        begin(flows, slot, frame, place, tcp_at, data_bytes);
        return false;
    }
    flows->last = slot;
    flows->last_key = key;
    absorb(flow, head, frame, tcp_at, data_bytes);
    if (data_bytes < head->segment_bytes || (head->data[tcp_at + FLAGS_AT] & TCP_PSH))
        finish(flow, head);
    return true;
}

/* True if a super-frame may begin with @frame: a condition of begin() that is cheap to check. False
 * for SYN, FIN, pure ACKs, and requests and responses, which have PSH. */
static inline bool may_begin(const struct leat_buf *frame)
{
    uint32_t tcp_at;

    if (frame->len <= TCP4_AT + OPTIONS_AT + TS_BYTES)
        return false;
    tcp_at = get16(frame->data + TYPE_AT) == ETHERNET_IPV4 ? TCP4_AT : TCP6_AT;
    return frame->len > tcp_at + OPTIONS_AT + TS_BYTES &&
           (frame->data[tcp_at + FLAGS_AT] & ~(MAY_BE_SET & ~TCP_PSH)) == TCP_ACK;
}

/* Merges the frames from @kept on. Not inlined, because with the table its variables would make a
 * stack frame of more than 512 bytes. */
static __attribute__((noinline)) uint32_t merge_all(struct gro_flows *flows, uint32_t kept,
                                                    uint32_t count)
{
    for (uint32_t i = kept; i < count; i++) {
        struct leat_buf *frame = flows->frames[i];
        uint32_t tcp_at = 0;
        const uint32_t data_bytes = plain_data_bytes(frame, &tcp_at);

        if (data_bytes == 0)
            pass(flows, frame);
        else if (tcp_at == TCP4_AT ? merged(flows, frame, kept, TCP4_AT, data_bytes)
                                   : merged(flows, frame, kept, TCP6_AT, data_bytes))
            continue;
        flows->frames[kept++] = frame;
    }
    finish_all(flows);
    return kept;
}

/* gro_merge() from the frame at @kept on, which may begin a super-frame. */
static __attribute__((noinline)) uint32_t merge_from(struct leat_buf **frames, uint32_t kept,
                                                     uint32_t count)
{
    struct gro_flows flows;

    flows.frames = frames;
    flows.count = flows.last = flows.last_key = 0;
    memset(flows.slots, 0, sizeof flows.slots);
    return merge_all(&flows, kept, count);
}

uint32_t gro_merge(struct leat *stack, struct leat_buf **frames, uint32_t count)
{
    uint32_t kept = 0;

    while (kept < count && !may_begin(frames[kept]))
        kept++;
    if (kept + 1 >= count) /* no other frame could join it */
        return count;
    kept = merge_from(frames, kept, count);
    stack->stats.taken_merged += count - kept;
    return kept;
}
