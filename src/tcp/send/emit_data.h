/*
 * emit_data.h -- sends a segment of a connection whose flags have ACK, no SYN and no RST.
 *
 * In line in output.c, which sends nearly all segments. emit.c sends the others, with the same
 * parts.
 */
#ifndef TCP_EMIT_DATA_H
#define TCP_EMIT_DATA_H

#include "core/checksum.h"
#include "core/view.h"
#include "ip/flow_headers.h"
#include "ip/header_template.h"
#include "tcp/conn/accecn.h"
#include "tcp/conn/budget.h"
#include "tcp/send/emit.h"
#include "tcp/tcp.h"
#include "wire/bytes.h"

/* Frees @payload; returns false. */
COLD bool tcp_emit_failed(struct tcp *tcp, struct leat_buf *payload);

enum {
    DSCP_SHIFT = 2 /* the low bits are ECN */
};

static inline struct leat_buf *tcp_header_alloc(struct tcp *tcp, uint32_t bytes)
{
    return pool_alloc(&tcp->stack->pool, POOL_SMALL, LEAT_BUF_HEADROOM - bytes, bytes);
}

/* Puts @payload behind its header, which takes over the mark of a super-frame. */
static inline void tcp_attach(struct leat *stack, struct leat_buf *header, struct leat_buf *payload)
{
    header->next = payload;
    if (!payload || payload->segment_bytes == 0)
        return;
    header->segment_bytes = payload->segment_bytes;
    payload->segment_bytes = 0; /* only the first piece has it */
    stack->stats.tcp_sent += (leat_buf_total(payload) - 1) / header->segment_bytes;
}

/* Makes room for a header of @bytes in front of @payload. A payload with headroom of its own is
 * used, which saves a buffer and gives checksum and device a single piece. A super-frame gets a
 * separate piece, because it is cut behind its headers. */
HOT struct leat_buf *tcp_header_for(struct tcp *tcp, struct leat_buf *payload, uint32_t bytes)
{
    struct leat_buf *header;

    if (payload && !payload->next && payload->segment_bytes == 0 &&
        leat_buf_headroom(payload) >= LEAT_BUF_HEADROOM) {
        view_push(payload, bytes);
        return payload;
    }
    header = tcp_header_alloc(tcp, bytes);
    if (header)
        tcp_attach(tcp->stack, header, payload);
    return header;
}

/* Fills in the checksum of @segment, which is @bytes long and leaves by @link. If the device can,
 * it sums all but the pseudo-header; for a super-frame, gso_cut() does. @addresses_sum: of both IP
 * addresses. */
HOT void tcp_fill_checksum(uint64_t addresses_sum, const struct link *link,
                           struct leat_buf *segment, uint32_t bytes)
{
    const uint64_t pseudo = addresses_sum + big_endian16(IP_TCP) + big_endian32(bytes);
    uint8_t *field = segment->data + WIRE_TCP_CHECKSUM_AT;

    if (segment->segment_bytes > 0 ||
        (link && (link->netif->capabilities & LEAT_NETIF_TX_CHECKSUM))) {
        segment->checksum = LEAT_CHECKSUM_PARTIAL;
        put16(field, (uint16_t)~checksum_finish(pseudo));
    } else {
        checksum_put(field, pseudo + checksum_segment(segment));
    }
}

/* Sends by IP. Without DF, IP adds an identification (RFC 6864). A segment that IP can't send
 * counts as lost on the way. */
void tcp_send_by_IP(struct leat *stack, const struct path *path, struct leat_buf *segment,
                    uint8_t tos, bool dont_fragment);

/* Sends @segment, and takes it. */
HOT void tcp_send_down(struct leat *stack, const struct path *path, struct leat_buf *segment,
                       uint8_t tos, bool dont_fragment)
{
    const uint32_t bytes = view_total(segment);

    tcp_fill_checksum(path->pseudo_sum, path->link, segment, bytes);
    stack->stats.tcp_sent++;
    if (dont_fragment && header_template_fits(stack, path, segment, bytes))
        header_template_send(stack, path, IP_TCP, tos, IPV4_FLAG_DF, segment, bytes);
    else
        tcp_send_by_IP(stack, path, segment, tos, dont_fragment);
}

/* Sends @segment with the headers of its connection, which fit. Takes it. */
HOT void tcp_send_with_headers(struct leat *stack, const struct flow_headers *headers,
                               struct leat_buf *segment, uint8_t tos)
{
    const uint32_t bytes = view_total(segment);

    tcp_fill_checksum(headers->pseudo_sum, headers->link, segment, bytes);
    stack->stats.tcp_sent++;
    flow_headers_send(stack, headers, tos, segment, bytes);
}

/* The window field (RFC 7323 2.3), rounded up from @exact. So the edge does not creep by a part of
 * a unit with each segment. @offer is set to the window that the field stands for. */
static inline uint16_t tcp_window_field(const struct tcb *tcb, bool in_SYN, uint32_t exact,
                                        uint32_t *offer)
{
    const uint8_t shift = in_SYN ? 0 : tcb->rcv_wind_shift;
    const uint32_t round = (1u << shift) - 1;
    uint32_t field = (exact + round) >> shift;

    if (field > UINT16_MAX)
        field = UINT16_MAX;
    *offer = field << shift;
    return (uint16_t)field;
}

static inline void tcp_offer_window(struct leat_tcp *conn, struct wire_tcp *header, bool in_SYN)
{
    const uint32_t exact = tcp_window_left(conn);
    uint32_t offer;

    header->window = tcp_window_field(&conn->tcb, in_SYN, exact, &offer);
    /* without a scale, a retransmitted SYN,ACK can't offer as much as an ACK in between (RFC
     * 7413) */
    if (offer > conn->tcb.rcv_wnd || (in_SYN && !(conn->flags & CONN_FAST_OPEN)))
        conn->tcb.rcv_wnd = offer;
    conn->rcv_over = (uint16_t)(in_SYN ? 0 : conn->tcb.rcv_wnd - exact);
}

/* RFC 7323 3.2: once agreed, in every segment including RSTs, and in the SYN that offers them. */
static inline void tcp_add_timestamps(struct tcp *tcp, const struct tcb *tcb,
                                      struct wire_tcp *header)
{
    header->has_ts = true;
    header->tsval = tcp_now_ms(tcp->stack) + tcb->ts_offset;
    header->tsecr = header->flags & TCP_ACK ? tcb->ts_recent : 0;
}

/* True if an ACK has to report out-of-order data, or data that came twice. */
static inline bool tcp_has_sacks(const struct leat_tcp *conn)
{
    return (conn->transfer->reorder.first || conn->transfer->sacks.has_dsack) &&
           (conn->tcb.flags & TCB_SACK);
}

/* The ECN flags while CONN_ECE is set. */
static inline uint16_t tcp_ecn_flags(struct leat_tcp *conn, bool is_pure)
{
    return conn->tcb.flags & TCB_ACCECN ? tcp_accecn_flags(conn, is_pure) : TCP_ECE;
}

/* The fields that every header has. */
static inline void tcp_begin_header(const struct tcb *tcb, struct wire_tcp *header)
{
    header->src_port = tcb->local_port;
    header->dst_port = tcb->remote_port;
    header->ack = header->flags & TCP_ACK ? tcb->rcv_nxt : 0;
}

/* The general path of tcp_emit_data(). Not in line, so that there the header need not be in
 * memory. */
bool tcp_emit_any(struct leat_tcp *conn, const struct path *path, uint32_t seq, uint8_t flags,
                  uint8_t tos, struct leat_buf *payload);

/* The length of a header with timestamps or without options. */
static inline uint32_t tcp_plain_header_bytes(const struct tcb *tcb)
{
    return WIRE_TCP_BYTES + (tcb->flags & TCB_TS ? (uint32_t)WIRE_TCP_TS_BYTES : 0);
}

/* True if the header of a segment without SYN and RST is plain, and IP must not fragment it. */
static inline bool tcp_is_plain(const struct leat_tcp *conn)
{
    return FOR_SPEED && !conn->no_df && !tcp_has_sacks(conn);
}

/* Puts such a header in front of @payload, whose ACK flag is set. NULL: no memory, and @payload is
 * freed. */
HOT struct leat_buf *tcp_put_plain_header(struct leat_tcp *conn, uint32_t seq, uint8_t flags,
                                          struct leat_buf *payload)
{
    const uint32_t bytes = tcp_plain_header_bytes(&conn->tcb);
    struct leat_buf *segment = tcp_header_for(conn->tcp, payload, bytes);
    struct wire_tcp header;

    if (!segment) {
        tcp_emit_failed(conn->tcp, payload);
        return 0;
    }
    header.seq = seq;
    header.flags = flags | TCP_ACK;
    if (conn->flags & CONN_ECE)
        header.flags |= tcp_ecn_flags(conn, !payload && !(flags & TCP_FIN));
    tcp_begin_header(&conn->tcb, &header);
    conn->last_ack_sent = header.ack;
    tcp_offer_window(conn, &header, false);
    wire_tcp_emit_fixed(segment->data, &header, bytes);
    if (bytes > WIRE_TCP_BYTES) {
        tcp_add_timestamps(conn->tcp, &conn->tcb, &header);
        wire_tcp_emit_timestamps(segment->data + WIRE_TCP_BYTES, &header);
    }
    return segment;
}

/* tcp_emit_data(). */
HOT bool tcp_emit_data_inline(struct leat_tcp *conn, const struct path *path, uint32_t seq,
                              uint8_t flags, uint8_t tos, struct leat_buf *payload)
{
    struct leat_buf *segment;

    if (!tcp_is_plain(conn))
        return tcp_emit_any(conn, path, seq, flags, tos, payload);
    segment = tcp_put_plain_header(conn, seq, flags, payload);
    if (!segment)
        return false;
    tos |= (uint8_t)(conn->dscp << DSCP_SHIFT);
    tcp_send_down(conn->tcp->stack, path, segment, tos, true);
    return true;
}

/* tcp_emit_data() with the headers of the connection, if tcp_headers_serve(). */
HOT bool tcp_emit_with_headers(struct leat_tcp *conn, uint32_t seq, uint8_t flags, uint8_t tos,
                               struct leat_buf *payload)
{
    struct leat_buf *segment = tcp_put_plain_header(conn, seq, flags, payload);

    if (!segment)
        return false;
    tos |= (uint8_t)(conn->dscp << DSCP_SHIFT);
    tcp_send_with_headers(conn->tcp->stack, conn->transfer->headers, segment, tos);
    return true;
}

/* True if the headers of the connection serve a segment with @data_bytes now, and the queue below
 * takes it. */
static inline bool tcp_headers_serve(const struct leat_tcp *conn, uint32_t data_bytes)
{
    const struct flow_headers *headers = conn->transfer->headers;
    const struct leat *stack = conn->tcp->stack;

    return flow_headers_lead(stack, headers) && tcp_is_plain(conn) &&
           flow_headers_fit(headers, tcp_plain_header_bytes(&conn->tcb) + data_bytes) &&
           headers->link->tx_waiting < headers->link->tx_places;
}

#endif
