/*
 * gso.c -- GSO in software: cuts super-frames for a device that doesn't do it (TSO).
 *
 * TCP, IP and the neighbour cache process up to 64 KiB of data once, instead of each segment. For a
 * segment that leaves a copy of the headers, three fields and the checksum.
 *
 * A super-frame is a piece with all headers, and data behind it. It is cut from the front when the
 * device has room, so its own headers are always those of the remaining data.
 */
#include "tcp/send/gso.h"

#include <string.h>

#include "core/checksum.h"
#include "wire/bytes.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"

enum {
    IP_AT = ETHERNET_HEADER_BYTES,
    IP_TOTAL_AT = 2,
    IP_PROTOCOL_AT = 9,
    IP_CHECKSUM_AT = 10,
    IP_SRC_AT = 12,
    IP_DST_AT = 16,
    TYPE_AT = 12,
    TCP4_AT = IP_AT + IPV4_HEADER_BYTES,
    TCP6_AT = IP_AT + IPV6_HEADER_BYTES,
    TCP_SEQ_AT = 4,
    TCP_FLAGS_AT = 13
};

/* The offset of the TCP header, which also tells the family. */
static inline uint32_t find_tcp(const struct leat_buf *frame)
{
    return get16(frame->data + TYPE_AT) == ETHERNET_IPV6 ? TCP6_AT : TCP4_AT;
}

/* Sets the length in the IP header for @data_bytes of data. All full segments have the same IP
 * header: it is written for the first one, and copied. */
static inline void set_ip_length(struct leat_buf *frame, uint32_t tcp_at, uint32_t data_bytes)
{
    uint8_t *ip = frame->data + IP_AT;
    const uint16_t total = (uint16_t)(frame->len - IP_AT + data_bytes);

    if (tcp_at == TCP6_AT) {
        put16(ip + IPV6_PAYLOAD_AT, (uint16_t)(total - IPV6_HEADER_BYTES));
        return;
    }
    if (get16(ip + IP_TOTAL_AT) == total)
        return;
    put16(ip + IP_CHECKSUM_AT,
          checksum_update(get16(ip + IP_CHECKSUM_AT), get16(ip + IP_TOTAL_AT), total));
    put16(ip + IP_TOTAL_AT, total);
}

/* The sum of the pseudo-header for a segment of @bytes. */
static inline uint64_t pseudo_sum(const struct leat_buf *frame, uint32_t tcp_at, uint32_t bytes)
{
    const uint8_t *ip = frame->data + IP_AT;

    if (tcp_at == TCP6_AT)
        return checksum_addresses6(ip + IPV6_SRC_AT, ip + IPV6_DST_AT) +
               big_endian16(ip[IPV6_NEXT_AT]) + big_endian32(bytes);
    return checksum_pseudo(get32(ip + IP_SRC_AT), get32(ip + IP_DST_AT), ip[IP_PROTOCOL_AT], bytes);
}

static inline void set_checksum(struct leat_buf *frame, uint32_t tcp_at, uint32_t data_bytes,
                                bool device_sums)
{
    uint8_t *tcp = frame->data + tcp_at;
    const uint32_t header_bytes = frame->len - tcp_at;
    const uint64_t pseudo = pseudo_sum(frame, tcp_at, header_bytes + data_bytes);

    if (device_sums) {
        put16(tcp + WIRE_TCP_CHECKSUM_AT, (uint16_t)~checksum_finish(pseudo));
        return;
    }
    frame->checksum = LEAT_CHECKSUM_UNKNOWN; /* the checksum is complete */
    put16(tcp + WIRE_TCP_CHECKSUM_AT, 0);
    checksum_put(tcp + WIRE_TCP_CHECKSUM_AT,
                 pseudo + checksum_bytes(tcp, header_bytes) + checksum_list(frame->next));
}

/* A new frame with the headers of @frame, for any segment but the last. */
static inline struct leat_buf *copy_headers(struct leat *stack, const struct leat_buf *frame,
                                            uint32_t tcp_at)
{
    struct leat_buf *segment = leat_buf_alloc_small(&stack->pool, LEAT_BUF_HEADROOM - tcp_at);

    if (!segment)
        return 0;
    memcpy(leat_buf_put(segment, frame->len), frame->data, frame->len);
    segment->checksum = frame->checksum;
    segment->data[tcp_at + TCP_FLAGS_AT] &= (uint8_t) ~(TCP_PSH | TCP_FIN);
    return segment;
}

struct leat_buf *gso_cut(struct leat *stack, struct leat_buf *frame, bool device_sums)
{
    const uint32_t len = frame->segment_bytes;
    const uint32_t tcp_at = find_tcp(frame);
    uint8_t *seq = frame->data + tcp_at + TCP_SEQ_AT;
    const uint32_t left = leat_buf_total(frame->next);
    struct leat_buf *segment, *payload;

    if (left <= len) {
        frame->segment_bytes = 0;
        set_ip_length(frame, tcp_at, left);
        set_checksum(frame, tcp_at, left, device_sums);
        return frame;
    }
    payload = leat_buf_slice(frame->next, 0, len);
    set_ip_length(frame, tcp_at, len);
    segment = payload ? copy_headers(stack, frame, tcp_at) : 0;
    if (!segment) {
        leat_buf_free(payload);
        return 0;
    }
    segment->next = payload;
    set_checksum(segment, tcp_at, len, device_sums);
    put32(seq, get32(seq) + len);
    frame->next = leat_buf_consume(frame->next, len);
    return segment;
}
