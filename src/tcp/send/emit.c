/*
 * emit.c -- sends segments: builds the header and puts it in front of the data.
 *
 * Every segment is sent by tcp_emit() or tcp_emit_data(). The part that concerns IP, the
 * pseudo-header of the checksum and the header in front, is in tcp_send_down().
 */
#include "tcp/send/emit_data.h"
#include "tcp/listener.h"
#include "tcp/congestion/mss.h"

#include "ip/route.h"

bool tcp_emit_failed(struct tcp *tcp, struct leat_buf *payload)
{
    tcp->stack->stats.tx_no_memory++;
    leat_buf_free(payload);
    return false;
}

void tcp_send_by_IP(struct leat *stack, const struct path *path, struct leat_buf *segment,
                    uint8_t tos, bool dont_fragment)
{
    const struct ipv4_options options = {
        .protocol = IP_TCP, .tos = tos, .dont_fragment = dont_fragment};

    ip_output(stack, path, &options, segment);
}

/* ---- fields of the header ----------------------------------------------------------------- */

/* Fills in the window, rounded up to the field's units. Data within any window that we have offered
 * must be accepted (RFC 7323 2.4), so RCV.WND becomes the rounded one. */
static inline void offer_window(struct tcb *tcb, struct wire_tcp *header)
{
    const bool in_SYN = header->flags & TCP_SYN;
    uint32_t offer;

    header->window = tcp_window_field(tcb, in_SYN, tcb->rcv_wnd, &offer);
    if (in_SYN || offer > tcb->rcv_wnd)
        tcb->rcv_wnd = offer;
}

/* RFC 2018 4, if there is room beside the data. */
COLD static void add_sacks(struct leat_tcp *conn, struct wire_tcp *header, uint32_t data_bytes)
{
    const uint8_t most = header->has_ts ? WIRE_SACKS_MAX - 1 : WIRE_SACKS_MAX;

    if (data_bytes + WIRE_TCP_OPTIONS_BYTES <= conn->mss)
        header->sack_count =
            sacks_fill(&conn->transfer->sacks, &conn->transfer->reorder, header->sacks, most);
}

/* Fills in the fields of a connection, other than its options. @payload may be NULL. */
static inline void complete_for_conn(struct leat_tcp *conn, struct wire_tcp *header,
                                     const struct leat_buf *payload)
{
    tcp_offer_window(conn, header, header->flags & TCP_SYN);
    if (header->flags & TCP_ACK)
        conn->last_ack_sent = conn->tcb.rcv_nxt;
    if ((conn->flags & CONN_ECE) && !(header->flags & (TCP_SYN | TCP_RST)))
        header->flags |=
            tcp_ecn_flags(conn, !payload && !(header->flags & TCP_FIN) && header->sack_count == 0);
}

/* A probe of the path MTU (RFC 8899 5.3) must not be fragmented: it would prove nothing. */
static inline bool may_be_fragmented(const struct leat_tcp *conn, const struct leat_buf *payload)
{
    return conn->no_df && leat_buf_total(payload) <= conn->mss;
}

bool tcp_emit(struct tcp *tcp, const struct path *path, struct tcb *tcb, struct wire_tcp *header,
              uint8_t tos, struct leat_buf *payload)
{
    struct leat_tcp *conn = tcb->kind == TCB_CONN ? (struct leat_tcp *)(void *)tcb : 0;
    bool dont_fragment = true;
    struct leat_buf *segment;
    uint32_t bytes;

    tcp_begin_header(tcb, header);
    if (tcb->flags & TCB_TS)
        tcp_add_timestamps(tcp, tcb, header);
    if (conn) {
        if (!(header->flags & TCP_SYN) && tcp_has_sacks(conn))
            add_sacks(conn, header, leat_buf_total(payload));
        tos |= (uint8_t)(conn->dscp << DSCP_SHIFT);
        dont_fragment = !may_be_fragmented(conn, payload);
    }
    bytes = wire_tcp_bytes(header);
    segment = tcp_header_for(tcp, payload, bytes);
    if (!segment)
        return tcp_emit_failed(tcp, payload);
    if (conn)
        complete_for_conn(conn, header, payload);
    else
        offer_window(tcb, header);
    wire_tcp_emit(segment->data, header, bytes);
    if (header->flags & TCP_RST)
        tcp->stack->stats.tcp_rst_sent++;
    tcp_send_down(tcp->stack, path, segment, tos, dont_fragment);
    return true;
}

bool tcp_emit_any(struct leat_tcp *conn, const struct path *path, uint32_t seq, uint8_t flags,
                  uint8_t tos, struct leat_buf *payload)
{
    struct wire_tcp header;

    wire_tcp_begin(&header, seq, flags);
    return tcp_emit(conn->tcp, path, &conn->tcb, &header, tos, payload);
}

bool tcp_emit_data(struct leat_tcp *conn, const struct path *path, uint32_t seq, uint8_t flags,
                   uint8_t tos, struct leat_buf *payload)
{
    return tcp_emit_data_inline(conn, path, seq, flags, tos, payload);
}

/* The MSS that we offer to the peer on @path (RFC 6691). */
static uint16_t offered_mss(const struct tcb *tcb, const struct path *path)
{
    uint32_t most = UINT16_MAX;

    if (tcb->kind == TCB_CONN)
        most = ((const struct leat_tcp *)(const void *)tcb)->pmtu.most - tcp_headers_bytes(tcb);
    else if (tcb->kind == TCB_HALF)
        most = ((const struct tcp_half *)(const void *)tcb)->listener->config.mss_max;
    return most < tcp_mss_of(path) ? (uint16_t)most : tcp_mss_of(path);
}

void tcp_begin_SYN(struct wire_tcp *header, const struct tcb *tcb, const struct path *path,
                   uint32_t seq, uint16_t flags, bool scaled)
{
    wire_tcp_begin(header, seq, flags);
    header->mss = offered_mss(tcb, path);
    if (scaled)
        header->wind_shift = tcb->rcv_wind_shift;
    header->sack_permitted = tcb->flags & TCB_SACK;
}

/* ---- without data ------------------------------------------------------------------------- */

bool tcp_emit_control(struct tcp *tcp, struct tcb *tcb, uint32_t seq, uint8_t flags)
{
    struct path room;
    const struct path *path = route_cache_find(tcp->stack, tcb->local_ip, tcb->remote_ip, &room);
    struct wire_tcp header;

    wire_tcp_begin(&header, seq, flags);
    return path && tcp_emit(tcp, path, tcb, &header, 0, 0);
}

struct tcb tcp_tcb_of(const struct tcp_segment *segment)
{
    const struct tcb tcb = {.local_ip = segment->packet->dst,
                            .remote_ip = segment->packet->src,
                            .local_port = segment->header.dst_port,
                            .remote_port = segment->header.src_port};

    return tcb;
}

void tcp_emit_reset(struct tcp *tcp, const struct tcp_segment *segment)
{
    const struct wire_tcp *in = &segment->header;
    struct tcb nobody = tcp_tcb_of(segment);

    if (in->flags & TCP_ACK) {
        tcp_emit_control(tcp, &nobody, in->ack, TCP_RST);
        return;
    }
    /* RFC 9293 3.10.7.1: SEQ=0, ACK=SEG.SEQ+SEG.LEN */
    nobody.rcv_nxt = in->seq + segment->skip_bytes + segment->data_bytes +
                     ((in->flags & TCP_SYN) != 0) + ((in->flags & TCP_FIN) != 0);
    tcp_emit_control(tcp, &nobody, 0, TCP_RST | TCP_ACK);
}

uint16_t tcp_path_mss(struct tcp *tcp, host_id local_ip, host_id remote_ip)
{
    struct path room;
    const struct path *path = route_cache_find(tcp->stack, local_ip, remote_ip, &room);

    return path ? tcp_mss_of(path) : MSS_DEFAULT;
}
