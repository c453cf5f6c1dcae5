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
 * Segments of several senders are interleaved, so a few flows of a burst are remembered. A
 * super-frame goes up in the place of its first segment. No frame of a flow overtakes another one,
 * because a segment that can't be merged ends the super-frame of its flow.
 */
#include "tcp/receive/gro.h"

#include <string.h>

#include "core/checksum.h"
#include "core/cold.h"
#include "core/writable.h"
#include "tcp/receive/frame.h"

enum {
    FLOWS = 8, /* flows of a burst that are merged at a time: their state is on the stack */
    MAY_BE_SET =
        TCP_PSH | TCP_ECE | TCP_CWR /* beside ACK; the ECN flags are equal in all segments */
};

/* A super-frame that is being merged, or a frame that may become one. */
struct merge {
    struct leat_buf *frame; /* NULL: the next segment can't be merged */
    struct leat_buf *last;  /* the last piece of the frame */
    uint32_t next_seq;
    uint32_t data_bytes;    /* in all segments */
    uint32_t addresses_sum; /* of each segment, once the first is verified */
    uint16_t segment_bytes; /* in each segment, but perhaps the last */
    uint8_t tcp_at;         /* the offset of the TCP header, which depends on the family */
    bool verified;          /* the checksums of the first segment are right */
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
HOT uint32_t addresses_sum(const uint8_t *at, uint32_t tcp_at)
{
    return tcp_at == TCP4_AT ? checksum_fold32(checksum_load64(at + IP_SRC_AT))
                             : (uint32_t)checksum_addresses6(at + IP6_SRC_AT, at + IP6_DST_AT);
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

/* True if @frame, with @data_bytes of data, continues @merge. */
HOT bool goes_on(struct merge *merge, const struct leat_buf *frame, uint32_t tcp_at,
                 uint32_t data_bytes)
{
    if (data_bytes > merge->segment_bytes ||
        merge->data_bytes + data_bytes > IPV4_TOTAL_MAX - IPV4_HEADER_MAX - TCP4_AT ||
        tcp_at != merge->tcp_at || get32(frame->data + tcp_at + SEQ_AT) != merge->next_seq ||
        !same_headers(merge->frame->data, frame->data, tcp_at))
        return false;
    if (!merge->verified) {
        merge->addresses_sum = addresses_sum(frame->data, tcp_at);
        merge->verified = checksums_are_right(merge->frame, tcp_at, merge->addresses_sum);
    }
    return merge->verified && checksums_are_right(frame, tcp_at, merge->addresses_sum);
}

/* Merges @frame. */
HOT void absorb(struct merge *merge, struct leat_buf *frame, uint32_t tcp_at, uint32_t data_bytes)
{
    merge->frame->data[tcp_at + FLAGS_AT] |= frame->data[tcp_at + FLAGS_AT]; /* PSH */
    leat_buf_pull(frame, headers_bytes(frame, tcp_at));
    merge->last->next = frame;
    merge->last = frame;
    merge->next_seq += data_bytes;
    merge->data_bytes += data_bytes;
}

/* Updates the headers for the whole super-frame. */
static void finish(struct merge *merge)
{
    struct leat_buf *frame = merge->frame;
    uint8_t *at = frame->data;
    uint16_t total;

    merge->frame = 0;
    if (!frame->next)
        return;
    total = (uint16_t)(headers_bytes(frame, merge->tcp_at) - IP_AT + merge->data_bytes);
    if (merge->tcp_at == TCP4_AT) {
        put16(at + IP_CHECKSUM_AT,
              checksum_update(get16(at + IP_CHECKSUM_AT), get16(at + IP_TOTAL_AT), total));
        put16(at + IP_TOTAL_AT, total);
    } else {
        put16(at + IP6_LENGTH_AT, (uint16_t)(total - IPV6_HEADER_BYTES));
    }
    frame->segment_bytes = (uint16_t)merge->segment_bytes;
    frame->checksum = LEAT_CHECKSUM_VERIFIED;
}

static void begin(struct merge *merge, struct leat_buf *frame, uint32_t tcp_at, uint32_t data_bytes)
{
    if ((frame->data[tcp_at + FLAGS_AT] & TCP_PSH) || !buf_is_writable(frame))
        return;
    *merge = (struct merge){.frame = frame,
                            .last = frame,
                            .tcp_at = (uint8_t)tcp_at,
                            .next_seq = get32(frame->data + tcp_at + SEQ_AT) + data_bytes,
                            .data_bytes = data_bytes,
                            .segment_bytes = (uint16_t)data_bytes};
}

/* The flows of a burst, with their keys. */
struct flows {
    struct merge merges[FLOWS];
    uint32_t keys[FLOWS];
    uint32_t count; /* valid entries */
    uint32_t last;  /* the last one used: bursts are mostly of one flow */
};

/* Two flows may have the same key. Then they end each other's super-frames, because same_headers()
 * tells them apart. */
HOT uint32_t key_of(const uint8_t *at, uint32_t tcp_at)
{
    return get32(at + tcp_at) ^ get32(at + (tcp_at == TCP4_AT ? IP_SRC_AT : IP6_SRC_END_AT));
}

/* The flow with @key; a new one if @begins. NULL: the flow isn't known, or there are too many
 * flows. The frame then goes up as it came. Replacing another flow would end that one's
 * super-frame, and with interleaved flows none would ever grow. */
static inline struct merge *find(struct flows *flows, uint32_t key, bool begins)
{
    uint32_t i = flows->last;

    if (i < flows->count && flows->keys[i] == key)
        return &flows->merges[i];
    for (i = 0; i < flows->count && flows->keys[i] != key; i++)
        continue;
    if (i == flows->count) {
        if (i == FLOWS || !begins)
            return 0;
        flows->count++;
        flows->keys[i] = key;
        flows->merges[i].frame = 0;
    }
    flows->last = i;
    return &flows->merges[i];
}

static void finish_all(struct flows *flows)
{
    for (uint32_t i = 0; i < flows->count; i++) {
        if (flows->merges[i].frame)
            finish(&flows->merges[i]);
    }
}

/* @frame can't be merged: ends the super-frame of its flow. */
static void pass(struct flows *flows, const struct leat_buf *frame)
{
    bool elsewhere;
    uint32_t tcp_at;

    if (flows->count == 0)
        return;
    tcp_at = find_tcp(frame, &elsewhere);
    if (elsewhere) {
        finish_all(flows);
    } else if (tcp_at > 0) {
        struct merge *merge = find(flows, key_of(frame->data, tcp_at), false);

        if (merge && merge->frame)
            finish(merge);
    }
}

/* Tries to merge a segment with data. False: it goes up in its place, and may begin a super-frame.
 * One with PSH begins none, so it takes no place among the flows. */
HOT bool merged(struct flows *flows, struct leat_buf *frame, uint32_t tcp_at, uint32_t data_bytes)
{
    struct merge *merge =
        find(flows, key_of(frame->data, tcp_at), !(frame->data[tcp_at + FLAGS_AT] & TCP_PSH));

    if (!merge)
        return false;
    if (!merge->frame || !goes_on(merge, frame, tcp_at, data_bytes)) {
        if (merge->frame)
            finish(merge);
        begin(merge, frame, tcp_at, data_bytes);
        return false;
    }
    absorb(merge, frame, tcp_at, data_bytes);
    if (data_bytes < merge->segment_bytes || (merge->frame->data[tcp_at + FLAGS_AT] & TCP_PSH))
        finish(merge);
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

/* gro_merge() from the frame at @kept on, which may begin a super-frame. */
static __attribute__((noinline)) uint32_t merge_from(struct leat_buf **frames, uint32_t kept,
                                                     uint32_t count)
{
    struct flows flows;

    flows.count = flows.last = 0;
    for (uint32_t i = kept; i < count; i++) {
        struct leat_buf *frame = frames[i];
        uint32_t tcp_at = 0;
        const uint32_t data_bytes = plain_data_bytes(frame, &tcp_at);

        if (data_bytes == 0)
            pass(&flows, frame);
        else if (tcp_at == TCP4_AT ? merged(&flows, frame, TCP4_AT, data_bytes)
                                   : merged(&flows, frame, TCP6_AT, data_bytes))
            continue;
        frames[kept++] = frame;
    }
    finish_all(&flows);
    return kept;
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
