/*
 * gro.c -- segments that follow each other in a burst become one super-frame: GRO in software.
 *
 * What can be merged is plain: TCP text with no flag but ACK and PSH, no option but timestamps, and
 * with headers that differ from those of the segment before in nothing but the sequence number, the
 * IP identification, and what follows from them.  Everything else goes up as it came, what is wrong
 * first of all.  IP and TCP then look at one header instead of sixteen.
 *
 * A segment is merged only after its checksums were verified, here or by the device; the
 * super-frame is marked LEAT_CHECKSUM_VERIFIED.  PSH ends it, as the sender says that no more is
 * coming.
 *
 * Segments of several senders come in turn, so a few flows of a burst are remembered.  A
 * super-frame goes up in the place of its first segment: no frame of a flow overtakes another one,
 * as what can't be merged ends the super-frame of its flow.
 */
#include "tcp/receive/gro.h"

#include <string.h>

#include "core/checksum.h"
#include "core/writable.h"
#include "wire/bytes.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"

/* Where things lie in a frame whose IP header has no options. */
enum {
    TYPE_AT = 12,
    IP_AT = ETHERNET_HEADER_BYTES,
    IP_TOTAL_AT = IP_AT + 2,
    IP_FRAGMENT_AT = IP_AT + 6, /* then TTL and protocol */
    IP_PROTOCOL_AT = IP_AT + 9,
    IP_CHECKSUM_AT = IP_AT + 10,
    IP_SRC_AT = IP_AT + 12,
    IP_DST_AT = IP_AT + 16,
    TCP_AT = IP_AT + IPV4_HEADER_BYTES,
    SEQ_AT = TCP_AT + 4,
    ACK_AT = TCP_AT + 8,
    OFFSET_AT = TCP_AT + 12,
    FLAGS_AT = TCP_AT + 13,
    WINDOW_AT = TCP_AT + 14,
    OPTIONS_AT = TCP_AT + WIRE_TCP_BYTES,
    TS_BYTES = 12 /* the option with its padding */
};

enum {
    FLOWS = 8, /* of a burst that are put together at a time: what lies on the stack for them */
    VERSION_AND_IHL = 0x45,
    IP_FRAGMENTED = 0x3fff, /* MF, and the offset */
    PROTOCOL_TCP = 6
};

/* A super-frame that is being put together, or the frame that may become one. */
struct merge {
    struct leat_buf *frame; /* NULL: nothing may be merged with what came last */
    struct leat_buf *last;  /* piece of it */
    uint32_t next_seq;
    uint32_t text_bytes;    /* in all */
    uint32_t segment_bytes; /* in each, but perhaps the last */
    bool verified;          /* the first one's checksums are right */
};

/* Bytes in front of the text. */
static uint32_t headers_bytes(const struct leat_buf *frame)
{
    return TCP_AT + (frame->data[OFFSET_AT] >> 4) * 4u;
}

static bool has_plain_options(const uint8_t *at)
{
    return at[OFFSET_AT] >> 4 == WIRE_TCP_BYTES / 4 ||
           (at[OFFSET_AT] >> 4 == (WIRE_TCP_BYTES + TS_BYTES) / 4 &&
            get32(at + OPTIONS_AT) == WIRE_TCP_TS_ALONE);
}

/* Bytes of text in a segment that can be merged; 0: it can't.  Segments without text, with which
 * connections begin and end, are told by the first line. */
static inline uint32_t plain_text_bytes(const struct leat_buf *frame)
{
    const uint8_t *at = frame->data;

    if (frame->len <= OPTIONS_AT + TS_BYTES || (at[FLAGS_AT] & ~TCP_PSH) != TCP_ACK ||
        frame->next || frame->segment_bytes > 0 || get16(at + TYPE_AT) != ETHERNET_IPV4 ||
        at[IP_AT] != VERSION_AND_IHL || at[IP_PROTOCOL_AT] != PROTOCOL_TCP ||
        (get16(at + IP_FRAGMENT_AT) & IP_FRAGMENTED) ||
        get16(at + IP_TOTAL_AT) != frame->len - IP_AT || !has_plain_options(at))
        return 0;
    return frame->len - headers_bytes(frame);
}

/* True if the headers of both say the same, apart from what is each segment's own. */
static bool same_headers(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, IP_TOTAL_AT) == 0 && /* both ends' MACs, and the TOS with its ECN */
           memcmp(a + IP_FRAGMENT_AT, b + IP_FRAGMENT_AT, 4) == 0 &&
           memcmp(a + IP_SRC_AT, b + IP_SRC_AT, 8) == 0 &&
           memcmp(a + TCP_AT, b + TCP_AT, 4) == 0 && /* ports */
           memcmp(a + ACK_AT, b + ACK_AT, 4) == 0 && a[OFFSET_AT] == b[OFFSET_AT] &&
           memcmp(a + WINDOW_AT, b + WINDOW_AT, 2) == 0 &&
           (a[OFFSET_AT] >> 4 == WIRE_TCP_BYTES / 4 ||
            memcmp(a + OPTIONS_AT, b + OPTIONS_AT, TS_BYTES) == 0);
}

static bool checksums_are_right(const struct leat_buf *frame)
{
    const uint8_t *at = frame->data;
    const uint32_t len = frame->len - TCP_AT;

    if (!wire_ipv4_checksum_ok(at + IP_AT, IPV4_HEADER_BYTES))
        return false;
    return frame->checksum == LEAT_CHECKSUM_VERIFIED ||
           checksum_agrees(
               checksum_pseudo(get32(at + IP_SRC_AT), get32(at + IP_DST_AT), PROTOCOL_TCP, len) +
               checksum_bytes(at + TCP_AT, len));
}

/* True if @frame, with so much text, goes on where @merge ends. */
static bool goes_on(struct merge *merge, const struct leat_buf *frame, uint32_t text_bytes)
{
    if (text_bytes > merge->segment_bytes ||
        merge->text_bytes + text_bytes > IPV4_TOTAL_MAX - IPV4_HEADER_MAX - TCP_AT ||
        get32(frame->data + SEQ_AT) != merge->next_seq ||
        !same_headers(merge->frame->data, frame->data))
        return false;
    if (!merge->verified)
        merge->verified = checksums_are_right(merge->frame);
    return merge->verified && checksums_are_right(frame);
}

/* Takes @frame. */
static void absorb(struct merge *merge, struct leat_buf *frame, uint32_t text_bytes)
{
    merge->frame->data[FLAGS_AT] |= frame->data[FLAGS_AT]; /* PSH */
    leat_buf_pull(frame, headers_bytes(frame));
    merge->last->next = frame;
    merge->last = frame;
    merge->next_seq += text_bytes;
    merge->text_bytes += text_bytes;
}

/* The headers say what the super-frame is now. */
static void finish(struct merge *merge)
{
    struct leat_buf *frame = merge->frame;
    uint8_t *at = frame->data;
    uint16_t total;

    merge->frame = 0;
    if (!frame->next)
        return;
    total = (uint16_t)(headers_bytes(frame) - IP_AT + merge->text_bytes);
    put16(at + IP_CHECKSUM_AT,
          checksum_update(get16(at + IP_CHECKSUM_AT), get16(at + IP_TOTAL_AT), total));
    put16(at + IP_TOTAL_AT, total);
    frame->segment_bytes = (uint16_t)merge->segment_bytes;
    frame->checksum = LEAT_CHECKSUM_VERIFIED;
}

static void begin(struct merge *merge, struct leat_buf *frame, uint32_t text_bytes)
{
    if ((frame->data[FLAGS_AT] & TCP_PSH) || !buf_is_writable(frame))
        return;
    *merge = (struct merge){.frame = frame,
                            .last = frame,
                            .next_seq = get32(frame->data + SEQ_AT) + text_bytes,
                            .text_bytes = text_bytes,
                            .segment_bytes = text_bytes};
}

/* The flows of a burst, by the key of each. */
struct flows {
    struct merge merges[FLOWS];
    uint32_t keys[FLOWS];
    uint32_t count; /* that are known; those behind mean nothing */
    uint32_t last;  /* that was asked for: bursts are mostly of one */
};

/* Two flows may have one key: they end each other's super-frames, as same_headers() tells. */
static uint32_t key_of(const uint8_t *at)
{
    return get32(at + TCP_AT) ^ get32(at + IP_SRC_AT);
}

/* The flow of that key, a new one if @begins; NULL: it isn't known, or there are too many.  Then it
 * goes up as it came: to forget another one for it would end that one's super-frame, and if they
 * come in turn none would ever grow. */
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

/* @frame can't be merged: it ends what it might belong to. */
static void pass(struct flows *flows, const struct leat_buf *frame)
{
    const uint8_t *at = frame->data;

    if (flows->count == 0 || frame->len < OPTIONS_AT)
        return;
    if (get16(at + TYPE_AT) != ETHERNET_IPV4 || at[IP_AT] != VERSION_AND_IHL) {
        finish_all(flows); /* behind a tag, or options: its ports lie elsewhere */
        return;
    }
    if (at[IP_PROTOCOL_AT] == PROTOCOL_TCP) {
        struct merge *merge = find(flows, key_of(at), false);

        if (merge && merge->frame)
            finish(merge);
    }
}

uint32_t gro_merge(struct leat *stack, struct leat_buf **frames, uint32_t count)
{
    struct flows flows;
    uint32_t kept = 0;

    flows.count = flows.last = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct leat_buf *frame = frames[i];
        const uint32_t text_bytes = plain_text_bytes(frame);
        struct merge *merge;

        if (text_bytes == 0) {
            pass(&flows, frame);
            frames[kept++] = frame;
            continue;
        }
        merge = find(&flows, key_of(frame->data), true);
        if (!merge || !merge->frame || !goes_on(merge, frame, text_bytes)) {
            if (merge && merge->frame)
                finish(merge);
            if (merge)
                begin(merge, frame, text_bytes);
            frames[kept++] = frame;
            continue;
        }
        absorb(merge, frame, text_bytes);
        stack->stats.taken_merged++;
        if (text_bytes < merge->segment_bytes || (merge->frame->data[FLAGS_AT] & TCP_PSH))
            finish(merge);
    }
    finish_all(&flows);
    return kept;
}
