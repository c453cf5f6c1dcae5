/* emit.c -- a header in front of some text, and down it goes. */
#include "tcp/send/emit.h"
#include "tcp/entry/budget.h"
#include "tcp/tcp.h"

#include "core/checksum.h"
#include "core/view.h"
#include "ip/header_template.h"
#include "ip/route.h"
#include "wire/bytes.h"

enum {
    HEADERS_BYTES = 40,
    DSCP_SHIFT = 2 /* beside it lies ECN */
};

static const uint64_t limited_interval_ms = 500; /* RFC 5961 7, for one connection */

/* What we say and have ever said, we must accept (RFC 7323 2.4). */
static void remember_offer(struct tcb *tcb, uint32_t exact, uint32_t offer, bool in_SYN)
{
    /* without a scale a SYN,ACK that goes again can't say as much as an ACK in between (RFC 7413)
     */
    const bool is_first =
        in_SYN && !(tcb->kind == TCB_CONN && (tcp_conn(tcb)->flags & CONN_FAST_OPEN));

    if (is_first || offer > tcb->rcv_wnd)
        tcb->rcv_wnd = offer;
    if (tcb->kind == TCB_CONN)
        tcp_conn(tcb)->rcv_over = (uint16_t)(in_SYN ? 0 : tcb->rcv_wnd - exact);
}

/* The window field (RFC 7323 2.3): rounded up, from the window as it was meant, so that the edge
 * does not creep by a part of a unit with each segment. */
static inline uint16_t window_field(struct tcb *tcb, uint8_t flags)
{
    const uint8_t shift = flags & TCP_SYN ? 0 : tcb->rcv_wind_shift;
    const uint32_t round = (1u << shift) - 1;
    const uint32_t exact = tcb->kind == TCB_CONN ? tcp_window_left(tcp_conn(tcb)) : tcb->rcv_wnd;
    uint32_t field = (exact + round) >> shift;

    if (field > UINT16_MAX)
        field = UINT16_MAX;
    remember_offer(tcb, exact, field << shift, flags & TCP_SYN);
    return (uint16_t)field;
}

/* Fills in the checksum of @segment, which is @bytes long.  The device sums all but the
 * pseudo-header, if it can, or who cuts a super-frame does. */
static inline void checksum(const struct path *path, struct leat_buf *segment, uint32_t bytes)
{
    const uint64_t pseudo = checksum_pseudo(path->src, path->dst, IP_TCP, bytes);
    uint8_t *field = segment->data + WIRE_TCP_CHECKSUM_AT;

    if (segment->segment_bytes > 0 ||
        (path->link && (path->link->netif->capabilities & LEAT_NETIF_TX_CHECKSUM))) {
        segment->checksum = LEAT_CHECKSUM_PARTIAL;
        put16(field, (uint16_t)~checksum_finish(pseudo));
    } else {
        checksum_put(field, pseudo + checksum_list(segment));
    }
}

static inline struct leat_buf *header_alloc(struct tcp *tcp, uint32_t bytes)
{
    return view_alloc(&tcp->stack->pool, POOL_SMALL, LEAT_BUF_HEADROOM - bytes, bytes);
}

/* Puts @text behind its header, which says if that is a super-frame. */
static void attach(struct leat *stack, struct leat_buf *header, struct leat_buf *text)
{
    header->next = text;
    if (!text || text->segment_bytes == 0)
        return;
    header->segment_bytes = text->segment_bytes;
    text->segment_bytes = 0; /* it stands in the first piece */
    stack->stats.tcp_sent += (leat_buf_total(text) - 1) / header->segment_bytes;
}

/* Takes @text; false. */
COLD static bool no_memory(struct tcp *tcp, struct leat_buf *text)
{
    tcp->stack->stats.tx_no_memory++;
    leat_buf_free(text);
    return false;
}

/* Down it goes: @segment begins with the header, whose checksum is still to be filled in.  Takes
 * it.  Always in line: on its own it would spend more on registers than on its work. */
HOT void send(struct tcp *tcp, const struct path *path, struct leat_buf *segment, uint8_t tos)
{
    const struct ipv4_options options = {.protocol = IP_TCP, .tos = tos, .dont_fragment = true};
    struct leat *stack = tcp->stack;
    const uint32_t bytes = leat_buf_total(segment);

    checksum(path, segment, bytes);
    stack->stats.tcp_sent++;
    if (header_template_fits(stack, path, segment, bytes))
        header_template_send(stack, path, IP_TCP, tos, IPV4_FLAG_DF, segment, bytes);
    else
        ipv4_output(stack, path, &options, segment); /* what it can't send is lost on the way */
}

/* The same for what isn't sent with each text: less code for each that calls it. */
static __attribute__((noinline)) void send_seldom(struct tcp *tcp, const struct path *path,
                                                  struct leat_buf *segment, uint8_t tos)
{
    send(tcp, path, segment, tos);
}

/* The same for what may be fragmented: IP gives it an identification (RFC 6864). */
COLD static void send_without_DF(struct tcp *tcp, const struct path *path, struct leat_buf *segment,
                                 uint8_t tos)
{
    const struct ipv4_options options = {.protocol = IP_TCP, .tos = tos};

    checksum(path, segment, leat_buf_total(segment));
    tcp->stack->stats.tcp_sent++;
    ipv4_output(tcp->stack, path, &options, segment);
}

/* A probe of the path (RFC 8899 5.3) must not be fragmented: then it would say nothing. */
static inline bool may_be_fragmented(const struct leat_tcp *conn, const struct leat_buf *text)
{
    return conn->no_df && leat_buf_total(text) <= conn->mss;
}

COLD static bool send_header(struct tcp *tcp, const struct path *path,
                             const struct wire_tcp *header, uint8_t tos, bool no_df,
                             struct leat_buf *text)
{
    struct leat_buf *segment = header_alloc(tcp, wire_tcp_bytes(header));

    if (!segment)
        return no_memory(tcp, text);
    attach(tcp->stack, segment, text);
    wire_tcp_emit(segment->data, header);
    if (header->flags & TCP_RST)
        tcp->stack->stats.tcp_rst_sent++;
    if (no_df)
        send_without_DF(tcp, path, segment, tos);
    else
        send_seldom(tcp, path, segment, tos);
    return true;
}

/* RFC 7323 3.2: in every segment once agreed, a RST too, and in the SYN that asks. */
static void add_timestamps(struct tcp *tcp, const struct tcb *tcb, struct wire_tcp *header)
{
    header->has_ts = true;
    header->tsval = tcp_now_ms(tcp->stack) + tcb->ts_offset;
    header->tsecr = header->flags & TCP_ACK ? tcb->ts_recent : 0;
}

/* RFC 2018 4, where there is room beside the text. */
COLD static void add_sacks(struct leat_tcp *conn, struct wire_tcp *header, uint32_t text_bytes)
{
    const uint8_t most = header->has_ts ? WIRE_SACKS_MAX - 1 : WIRE_SACKS_MAX;

    if (conn->transfer->reorder.first || conn->transfer->sacks.has_dsack) {
        if (text_bytes + WIRE_TCP_OPTIONS_BYTES <= conn->mss)
            header->sack_count =
                sacks_fill(&conn->transfer->sacks, &conn->transfer->reorder, header->sacks, most);
    }
}

static void complete_for_conn(struct leat_tcp *conn, struct wire_tcp *header, uint32_t text_bytes)
{
    if (header->flags & TCP_ACK)
        conn->last_ack_sent = conn->tcb.rcv_nxt;
    if (header->flags & TCP_SYN)
        return;
    if ((conn->flags & CONN_ECE) && !(header->flags & TCP_RST))
        header->flags |= TCP_ECE;
    if (conn->tcb.flags & TCB_SACK)
        add_sacks(conn, header, text_bytes);
}

bool tcp_emit(struct tcp *tcp, const struct path *path, struct tcb *tcb, struct wire_tcp *header,
              uint8_t tos, struct leat_buf *text)
{
    bool no_df = false;

    header->src_port = tcb->local_port;
    header->dst_port = tcb->remote_port;
    header->ack = header->flags & TCP_ACK ? tcb->rcv_nxt : 0;
    header->window = window_field(tcb, header->flags);
    if (tcb->flags & TCB_TS)
        add_timestamps(tcp, tcb, header);
    if (tcb->kind == TCB_CONN) {
        struct leat_tcp *conn = (struct leat_tcp *)(void *)tcb;

        complete_for_conn(conn, header, leat_buf_total(text));
        tos |= (uint8_t)(conn->dscp << DSCP_SHIFT);
        no_df = may_be_fragmented(conn, text);
    }
    return send_header(tcp, path, header, tos, no_df, text);
}

/* The header as far as the checksum, as it stands on the wire: no struct between, which would be
 * filled to be read once.  @rest: its length, flags and window. */
static inline void write_fixed(uint8_t *at, uint32_t ports, uint32_t seq, uint32_t ack,
                               uint32_t rest)
{
    put64(at, pair32(ports, seq));
    put64(at + 8, pair32(ack, rest));
}

/* The MSS that we offer to who is at the end of @path (RFC 6691). */
static uint16_t offered_mss(const struct tcb *tcb, const struct path *path)
{
    uint32_t most = UINT16_MAX;

    if (tcb->kind == TCB_CONN)
        most = ((const struct leat_tcp *)(const void *)tcb)->pmtu.most - HEADERS_BYTES;
    else if (tcb->kind == TCB_HALF)
        most = ((const struct tcp_half *)(const void *)tcb)->listener->config.mss_max;
    return most < tcp_mss_of(path) ? (uint16_t)most : tcp_mss_of(path);
}

/* ---- SYN ---------------------------------------------------------------------------------- */

struct wire_tcp tcp_syn_header(const struct tcb *tcb, const struct path *path, uint32_t seq,
                               uint8_t flags, bool scaled)
{
    const struct wire_tcp header = {
        .seq = seq,
        .flags = flags,
        .mss = offered_mss(tcb, path),
        .wind_shift = scaled ? tcb->rcv_wind_shift : WIRE_TCP_NO_SHIFT,
        .sack_permitted = tcb->flags & TCB_SACK,
    };

    return header;
}

COLD static bool emit_unusual_syn(struct tcp *tcp, const struct path *path, struct tcb *tcb,
                                  uint32_t seq, uint8_t flags, bool scaled)
{
    struct wire_tcp header = tcp_syn_header(tcb, path, seq, flags, scaled);

    return tcp_emit(tcp, path, tcb, &header, 0, 0);
}

/* With the options of nearly every SYN. */
static void write_syn(struct tcp *tcp, struct tcb *tcb, uint8_t *at, uint32_t seq, uint8_t flags,
                      uint16_t mss)
{
    const uint32_t words = (WIRE_TCP_BYTES + WIRE_TCP_SYN_BYTES) / 4;
    const uint32_t rest = words << 28 | (uint32_t)flags << 16 | window_field(tcb, TCP_SYN);
    const uint32_t tsval = tcp_now_ms(tcp->stack) + tcb->ts_offset;
    const bool has_ack = flags & TCP_ACK;

    write_fixed(at, (uint32_t)tcb->local_port << 16 | tcb->remote_port, seq,
                has_ack ? tcb->rcv_nxt : 0, rest);
    /* no checksum yet, no urgent text */
    put64(at + WIRE_TCP_CHECKSUM_AT, pair32(0, (uint32_t)WIRE_TCP_SYN_MSS | mss));
    put64(at + 24, pair32(WIRE_TCP_SYN_TS, tsval));
    put64(at + 32,
          pair32(has_ack ? tcb->ts_recent : 0, (uint32_t)WIRE_TCP_SYN_SHIFT | tcb->rcv_wind_shift));
}

bool tcp_emit_syn(struct tcp *tcp, const struct path *path, struct tcb *tcb, uint32_t seq,
                  uint8_t flags, bool scaled)
{
    const uint8_t usual = TCB_TS | TCB_SACK;
    struct leat_buf *segment;
    uint8_t tos = 0;

    if (!FOR_SPEED || !scaled || (tcb->flags & usual) != usual ||
        (tcb->kind == TCB_CONN && tcp_conn(tcb)->no_df))
        return emit_unusual_syn(tcp, path, tcb, seq, flags, scaled);
    segment = header_alloc(tcp, WIRE_TCP_BYTES + WIRE_TCP_SYN_BYTES);
    if (!segment)
        return no_memory(tcp, 0);
    if (tcb->kind == TCB_CONN) {
        tcp_conn(tcb)->last_ack_sent = tcb->rcv_nxt;
        tos = (uint8_t)(tcp_conn(tcb)->dscp << DSCP_SHIFT);
    }
    write_syn(tcp, tcb, segment->data, seq, flags, offered_mss(tcb, path));
    send_seldom(tcp, path, segment, tos);
    return true;
}

/* ---- what an established connection sends ------------------------------------------------- */

/* SACKs are to be told, or a duplicate, or DF is off: tcp_emit() knows how. */
COLD static bool emit_unusual(struct leat_tcp *conn, const struct path *path, uint32_t seq,
                              uint8_t flags, uint8_t tos, struct leat_buf *text)
{
    struct wire_tcp header = {.seq = seq, .flags = flags, .wind_shift = WIRE_TCP_NO_SHIFT};

    return tcp_emit(conn->tcp, path, &conn->tcb, &header, tos, text);
}

static void write_plain(struct leat_tcp *conn, uint8_t *at, uint32_t bytes, uint32_t seq,
                        uint8_t flags)
{
    const uint16_t window = window_field(&conn->tcb, flags);

    write_fixed(at, (uint32_t)conn->tcb.local_port << 16 | conn->tcb.remote_port, seq,
                conn->tcb.rcv_nxt, bytes / 4 << 28 | (uint32_t)flags << 16 | window);
    /* no checksum yet, no urgent text */
    if (bytes == WIRE_TCP_BYTES) {
        put32(at + WIRE_TCP_CHECKSUM_AT, 0);
        return;
    }
    put64(at + WIRE_TCP_CHECKSUM_AT, pair32(0, WIRE_TCP_TS_ALONE));
    put64(at + 24, pair32(tcp_now_ms(conn->tcp->stack) + conn->tcb.ts_offset, conn->tcb.ts_recent));
}

/* Makes room for a header of @bytes in front of @text: its own if it has any, which saves a buffer,
 * and who sums and gathers finds one piece.  A super-frame is cut behind its headers. */
static struct leat_buf *header_for(struct tcp *tcp, struct leat_buf *text, uint32_t bytes)
{
    struct leat_buf *header;

    if (text && !text->next && text->segment_bytes == 0 &&
        leat_buf_headroom(text) >= LEAT_BUF_HEADROOM) {
        view_push(text, bytes);
        return text;
    }
    header = header_alloc(tcp, bytes);
    if (header)
        attach(tcp->stack, header, text);
    return header;
}

bool tcp_emit_plain(struct leat_tcp *conn, const struct path *path, uint32_t seq, uint8_t flags,
                    uint8_t tos, struct leat_buf *text)
{
    const uint32_t bytes = WIRE_TCP_BYTES + (conn->tcb.flags & TCB_TS ? WIRE_TCP_TS_BYTES : 0);
    struct leat_buf *segment;

    if (conn->transfer->reorder.first || conn->transfer->sacks.has_dsack || conn->no_df)
        return emit_unusual(conn, path, seq, flags, tos, text);
    segment = header_for(conn->tcp, text, bytes);
    if (!segment)
        return no_memory(conn->tcp, text);
    conn->last_ack_sent = conn->tcb.rcv_nxt;
    if (conn->flags & CONN_ECE)
        flags |= TCP_ECE;
    write_plain(conn, segment->data, bytes, seq, flags);
    send(conn->tcp, path, segment, (uint8_t)(tos | conn->dscp << DSCP_SHIFT));
    return true;
}

bool tcp_emit_control(struct tcp *tcp, struct tcb *tcb, uint32_t seq, uint8_t flags)
{
    struct path room;
    const struct path *path = route_cache_find(tcp->stack, tcb->local_ip, tcb->remote_ip, &room);
    struct wire_tcp header;

    if (!path)
        return false;
    if (tcb->kind == TCB_CONN && flags == TCP_ACK)
        return tcp_emit_plain(tcp_conn(tcb), path, seq, flags, 0, 0);
    header = (struct wire_tcp){.seq = seq, .flags = flags, .wind_shift = WIRE_TCP_NO_SHIFT};
    return tcp_emit(tcp, path, tcb, &header, 0, 0);
}

/* What strangers send is answered here, at their rate: the header goes straight to its place, and
 * has its checksum before anybody is asked who should make it. */
void tcp_emit_reset(struct tcp *tcp, const struct tcp_segment *segment)
{
    const struct ipv4_options options = {.protocol = IP_TCP, .dont_fragment = true};
    const struct wire_tcp *in = &segment->header;
    uint64_t sum;
    uint32_t seq = in->ack, ack = 0, flags = TCP_RST;
    struct leat_buf *reset;
    struct path path;

    if (!(in->flags & TCP_ACK)) { /* RFC 9293 3.10.7.1: SEQ=0, ACK=SEG.SEQ+SEG.LEN */
        seq = 0;
        ack = in->seq + segment->skip_bytes + segment->text_bytes + ((in->flags & TCP_SYN) != 0) +
              ((in->flags & TCP_FIN) != 0);
        flags |= TCP_ACK;
    }
    if (ipv4_path(tcp->stack, segment->packet->dst, segment->packet->src, &path) != LEAT_OK)
        return;
    reset = header_alloc(tcp, WIRE_TCP_BYTES);
    if (!reset) {
        no_memory(tcp, 0);
        return;
    }
    write_fixed(reset->data, (uint32_t)in->dst_port << 16 | in->src_port, seq, ack,
                WIRE_TCP_BYTES / 4 << 28 | flags << 16);
    put32(reset->data + WIRE_TCP_CHECKSUM_AT, 0);
    sum = checksum_pseudo(path.src, path.dst, IP_TCP, WIRE_TCP_BYTES);
    sum = checksum_add(sum, checksum_20_bytes(reset->data));
    put16(reset->data + WIRE_TCP_CHECKSUM_AT, checksum_finish(sum));
    tcp->stack->stats.tcp_sent++;
    tcp->stack->stats.tcp_rst_sent++;
    ipv4_output(tcp->stack, &path, &options, reset);
}

void tcp_emit_limited_ACK(struct tcp *tcp, struct tcb *tcb)
{
    const uint32_t now_ms = tcp_now_ms(tcp->stack);

    if ((tcb->flags & TCB_LIMITED) && now_ms - tcb->limited_at_ms < limited_interval_ms) {
        tcp->stack->stats.tcp_challenge_limited++;
        return;
    }
    tcb->flags |= TCB_LIMITED;
    tcb->limited_at_ms = now_ms;
    tcp->stack->stats.tcp_challenge_acks++;
    tcp_emit_control(tcp, tcb, tcb->snd_nxt, TCP_ACK);
}

uint16_t tcp_path_mss(struct tcp *tcp, leat_ip4 local_ip, leat_ip4 remote_ip)
{
    struct path room;
    const struct path *path = route_cache_find(tcp->stack, local_ip, remote_ip, &room);

    return path ? tcp_mss_of(path) : MSS_DEFAULT;
}
