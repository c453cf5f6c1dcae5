/*
 * emit.c -- sends segments: builds the header and puts it in front of the data.
 *
 * Every segment is sent by tcp_emit() or tcp_emit_data(). The part that concerns IP, the
 * pseudo-header of the checksum and the header in front, is in send_down().
 */
#include "tcp/conn/accecn.h"
#include "tcp/send/emit.h"
#include "tcp/conn/budget.h"
#include "tcp/listener.h"
#include "tcp/congestion/mss.h"
#include "tcp/tcp.h"

#include "core/checksum.h"
#include "core/view.h"
#include "ip/header_template.h"
#include "ip/route.h"
#include "wire/bytes.h"

enum {
    DSCP_SHIFT = 2 /* the low bits are ECN */
};

static inline struct leat_buf *header_alloc(struct tcp *tcp, uint32_t bytes)
{
    return pool_alloc(&tcp->stack->pool, POOL_SMALL, LEAT_BUF_HEADROOM - bytes, bytes);
}

/* Puts @payload behind its header, which takes over the mark of a super-frame. */
static void attach(struct leat *stack, struct leat_buf *header, struct leat_buf *payload)
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
HOT struct leat_buf *header_for(struct tcp *tcp, struct leat_buf *payload, uint32_t bytes)
{
    struct leat_buf *header;

    if (payload && !payload->next && payload->segment_bytes == 0 &&
        leat_buf_headroom(payload) >= LEAT_BUF_HEADROOM) {
        view_push(payload, bytes);
        return payload;
    }
    header = header_alloc(tcp, bytes);
    if (header)
        attach(tcp->stack, header, payload);
    return header;
}

/* Frees @payload; returns false. */
COLD static bool no_memory(struct tcp *tcp, struct leat_buf *payload)
{
    tcp->stack->stats.tx_no_memory++;
    leat_buf_free(payload);
    return false;
}

/* ---- IP ----------------------------------------------------------------------------------- */

/* Fills in the checksum of @segment, which is @bytes long. If the device can, it sums all but the
 * pseudo-header; for a super-frame, gso_cut() does. */
HOT void checksum(const struct path *path, struct leat_buf *segment, uint32_t bytes)
{
    const uint64_t pseudo = path->pseudo_sum + big_endian16(IP_TCP) + big_endian32(bytes);
    uint8_t *field = segment->data + WIRE_TCP_CHECKSUM_AT;

    if (segment->segment_bytes > 0 ||
        (path->link && (path->link->netif->capabilities & LEAT_NETIF_TX_CHECKSUM))) {
        segment->checksum = LEAT_CHECKSUM_PARTIAL;
        put16(field, (uint16_t)~checksum_finish(pseudo));
    } else {
        checksum_put(field, pseudo + checksum_list(segment));
    }
}

/* Sends by IP. Without DF, IP adds an identification (RFC 6864). A segment that IP can't send
 * counts as lost on the way. */
static __attribute__((noinline)) void send_by_IP(struct leat *stack, const struct path *path,
                                                 struct leat_buf *segment, uint8_t tos,
                                                 bool dont_fragment)
{
    const struct ipv4_options options = {
        .protocol = IP_TCP, .tos = tos, .dont_fragment = dont_fragment};

    ip_output(stack, path, &options, segment);
}

/* Sends @segment, and takes it. */
HOT void send_down(struct leat *stack, const struct path *path, struct leat_buf *segment,
                   uint8_t tos, bool dont_fragment)
{
    const uint32_t bytes = view_total(segment);

    checksum(path, segment, bytes);
    stack->stats.tcp_sent++;
    if (dont_fragment && header_template_fits(stack, path, segment, bytes))
        header_template_send(stack, path, IP_TCP, tos, IPV4_FLAG_DF, segment, bytes);
    else
        send_by_IP(stack, path, segment, tos, dont_fragment);
}

/* ---- fields of the header ----------------------------------------------------------------- */

/* The window field (RFC 7323 2.3), rounded up from @exact. So the edge does not creep by a part of
 * a unit with each segment. @offer is set to the window that the field stands for. */
static inline uint16_t window_field(const struct tcb *tcb, bool in_SYN, uint32_t exact,
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

/* Fills in the window, rounded up to the field's units. Data within any window that we have offered
 * must be accepted (RFC 7323 2.4), so RCV.WND becomes the rounded one. */
static inline void offer_window(struct tcb *tcb, struct wire_tcp *header)
{
    const bool in_SYN = header->flags & TCP_SYN;
    uint32_t offer;

    header->window = window_field(tcb, in_SYN, tcb->rcv_wnd, &offer);
    if (in_SYN || offer > tcb->rcv_wnd)
        tcb->rcv_wnd = offer;
}

static inline void offer_window_of_conn(struct leat_tcp *conn, struct wire_tcp *header, bool in_SYN)
{
    const uint32_t exact = tcp_window_left(conn);
    uint32_t offer;

    header->window = window_field(&conn->tcb, in_SYN, exact, &offer);
    /* without a scale, a retransmitted SYN,ACK can't offer as much as an ACK in between (RFC
     * 7413) */
    if (offer > conn->tcb.rcv_wnd || (in_SYN && !(conn->flags & CONN_FAST_OPEN)))
        conn->tcb.rcv_wnd = offer;
    conn->rcv_over = (uint16_t)(in_SYN ? 0 : conn->tcb.rcv_wnd - exact);
}

/* RFC 7323 3.2: once agreed, in every segment including RSTs, and in the SYN that offers them. */
static inline void add_timestamps(struct tcp *tcp, const struct tcb *tcb, struct wire_tcp *header)
{
    header->has_ts = true;
    header->tsval = tcp_now_ms(tcp->stack) + tcb->ts_offset;
    header->tsecr = header->flags & TCP_ACK ? tcb->ts_recent : 0;
}

/* RFC 2018 4, if there is room beside the data. */
COLD static void add_sacks(struct leat_tcp *conn, struct wire_tcp *header, uint32_t data_bytes)
{
    const uint8_t most = header->has_ts ? WIRE_SACKS_MAX - 1 : WIRE_SACKS_MAX;

    if (data_bytes + WIRE_TCP_OPTIONS_BYTES <= conn->mss)
        header->sack_count =
            sacks_fill(&conn->transfer->sacks, &conn->transfer->reorder, header->sacks, most);
}

/* True if an ACK has to report out-of-order data, or data that came twice. */
static inline bool has_sacks(const struct leat_tcp *conn)
{
    return (conn->transfer->reorder.first || conn->transfer->sacks.has_dsack) &&
           (conn->tcb.flags & TCB_SACK);
}

/* The ECN flags while CONN_ECE is set. */
static inline uint16_t ecn_flags(struct leat_tcp *conn, bool is_pure)
{
    return conn->tcb.flags & TCB_ACCECN ? tcp_accecn_flags(conn, is_pure) : TCP_ECE;
}

/* Fills in the fields of a connection, other than its options. @payload may be NULL. */
static inline void complete_for_conn(struct leat_tcp *conn, struct wire_tcp *header,
                                     const struct leat_buf *payload)
{
    offer_window_of_conn(conn, header, header->flags & TCP_SYN);
    if (header->flags & TCP_ACK)
        conn->last_ack_sent = conn->tcb.rcv_nxt;
    if ((conn->flags & CONN_ECE) && !(header->flags & (TCP_SYN | TCP_RST)))
        header->flags |=
            ecn_flags(conn, !payload && !(header->flags & TCP_FIN) && header->sack_count == 0);
}

/* A probe of the path MTU (RFC 8899 5.3) must not be fragmented: it would prove nothing. */
static inline bool may_be_fragmented(const struct leat_tcp *conn, const struct leat_buf *payload)
{
    return conn->no_df && leat_buf_total(payload) <= conn->mss;
}

/* The fields that every header has. */
static inline void begin(const struct tcb *tcb, struct wire_tcp *header)
{
    header->src_port = tcb->local_port;
    header->dst_port = tcb->remote_port;
    header->ack = header->flags & TCP_ACK ? tcb->rcv_nxt : 0;
}

bool tcp_emit(struct tcp *tcp, const struct path *path, struct tcb *tcb, struct wire_tcp *header,
              uint8_t tos, struct leat_buf *payload)
{
    struct leat_tcp *conn = tcb->kind == TCB_CONN ? (struct leat_tcp *)(void *)tcb : 0;
    bool dont_fragment = true;
    struct leat_buf *segment;
    uint32_t bytes;

    begin(tcb, header);
    if (tcb->flags & TCB_TS)
        add_timestamps(tcp, tcb, header);
    if (conn) {
        if (!(header->flags & TCP_SYN) && has_sacks(conn))
            add_sacks(conn, header, leat_buf_total(payload));
        tos |= (uint8_t)(conn->dscp << DSCP_SHIFT);
        dont_fragment = !may_be_fragmented(conn, payload);
    }
    bytes = wire_tcp_bytes(header);
    segment = header_for(tcp, payload, bytes);
    if (!segment)
        return no_memory(tcp, payload);
    if (conn)
        complete_for_conn(conn, header, payload);
    else
        offer_window(tcb, header);
    wire_tcp_emit(segment->data, header, bytes);
    if (header->flags & TCP_RST)
        tcp->stack->stats.tcp_rst_sent++;
    send_down(tcp->stack, path, segment, tos, dont_fragment);
    return true;
}

/* The general path of tcp_emit_data(). Not in line, so that there the header need not be in
 * memory. */
static __attribute__((noinline)) bool emit_any(struct leat_tcp *conn, const struct path *path,
                                               uint32_t seq, uint8_t flags, uint8_t tos,
                                               struct leat_buf *payload)
{
    struct wire_tcp header;

    wire_tcp_begin(&header, seq, flags);
    return tcp_emit(conn->tcp, path, &conn->tcb, &header, tos, payload);
}

/* The length of a header with timestamps or without options. */
static inline uint32_t plain_header_bytes(const struct tcb *tcb)
{
    return WIRE_TCP_BYTES + (tcb->flags & TCB_TS ? (uint32_t)WIRE_TCP_TS_BYTES : 0);
}

bool tcp_emit_data(struct leat_tcp *conn, const struct path *path, uint32_t seq, uint8_t flags,
                   uint8_t tos, struct leat_buf *payload)
{
    const uint32_t bytes = plain_header_bytes(&conn->tcb);
    struct leat_buf *segment;
    struct wire_tcp header;

    if (!FOR_SPEED || conn->no_df || has_sacks(conn))
        return emit_any(conn, path, seq, flags, tos, payload);
    segment = header_for(conn->tcp, payload, bytes);
    if (!segment)
        return no_memory(conn->tcp, payload);
    header.seq = seq;
    header.flags = flags | TCP_ACK;
    if (conn->flags & CONN_ECE)
        header.flags |= ecn_flags(conn, !payload && !(flags & TCP_FIN));
    begin(&conn->tcb, &header);
    conn->last_ack_sent = header.ack;
    offer_window_of_conn(conn, &header, false);
    wire_tcp_emit_fixed(segment->data, &header, bytes);
    if (bytes > WIRE_TCP_BYTES) {
        add_timestamps(conn->tcp, &conn->tcb, &header);
        wire_tcp_emit_timestamps(segment->data + WIRE_TCP_BYTES, &header);
    }
    tos |= (uint8_t)(conn->dscp << DSCP_SHIFT);
    send_down(conn->tcp->stack, path, segment, tos, true);
    return true;
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
