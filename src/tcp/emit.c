/* emit.c -- a header in front of some text, and down it goes. */
#include "tcp/tcp.h"

#include "core/checksum.h"
#include "wire/bytes.h"

static const uint64_t limited_interval_ms = 500; /* RFC 5961 7, for one connection */

/* The window field (RFC 7323 2.3).  Rounded up, and remembered so: what we say, we must accept. */
static uint16_t window_field(struct tcb *tcb, uint8_t flags)
{
    const uint8_t shift = flags & TCP_SYN ? 0 : tcb->rcv_wind_shift;
    const uint32_t round = (1u << shift) - 1;
    uint32_t field = (tcb->rcv_wnd + round) >> shift;

    if (field > UINT16_MAX)
        field = UINT16_MAX;
    tcb->rcv_wnd = field << shift;
    return (uint16_t)field;
}

/* Fills in the checksum, or leaves it to the device. */
static void checksum(const struct path *path, struct leat_buf *segment)
{
    uint8_t *field = segment->data + WIRE_TCP_CHECKSUM_AT;
    const uint32_t len = leat_buf_total(segment);
    uint64_t sum = checksum_pseudo(path->src, path->dst, IP_TCP, len);

    if (path->link && (path->link->netif->capabilities & LEAT_NETIF_TX_CHECKSUM)) {
        segment->checksum = LEAT_CHECKSUM_PARTIAL;
        put16(field, (uint16_t)~checksum_finish(sum));
        return;
    }
    put16(field, checksum_finish(sum + checksum_list(segment)));
}

static struct leat_buf *header_alloc(struct tcp *tcp, const struct wire_tcp *header)
{
    struct leat_buf *buf = leat_buf_alloc_small(&tcp->stack->pool, LEAT_BUF_HEADROOM);

    if (buf)
        wire_tcp_emit(leat_buf_push(buf, wire_tcp_bytes(header)), header);
    return buf;
}

static bool send(struct tcp *tcp, const struct path *path, const struct wire_tcp *header,
                 struct leat_buf *text)
{
    static const struct ipv4_options options = {.protocol = IP_TCP, .dont_fragment = true};
    struct leat_buf *segment = header_alloc(tcp, header);

    if (!segment) {
        tcp->stack->stats.tx_no_memory++;
        leat_buf_free(text);
        return false;
    }
    segment->next = text;
    checksum(path, segment);
    tcp->stack->stats.tcp_sent++;
    if (header->flags & TCP_RST)
        tcp->stack->stats.tcp_rst_sent++;
    return ipv4_output(tcp->stack, path, &options, segment) == LEAT_OK;
}

bool tcp_emit(struct tcp *tcp, const struct path *path, struct tcb *tcb, struct wire_tcp *header,
              struct leat_buf *text)
{
    header->src_port = tcb->local_port;
    header->dst_port = tcb->remote_port;
    header->ack = header->flags & TCP_ACK ? tcb->rcv_nxt : 0;
    header->window = window_field(tcb, header->flags);
    return send(tcp, path, header, text);
}

bool tcp_emit_control(struct tcp *tcp, struct tcb *tcb, uint32_t seq, uint8_t flags)
{
    struct wire_tcp header = {.seq = seq, .flags = flags, .wind_shift = WIRE_TCP_NO_SHIFT};
    struct path path;

    if (ipv4_path(tcp->stack, tcb->local_ip, tcb->remote_ip, &path) != LEAT_OK)
        return false;
    return tcp_emit(tcp, &path, tcb, &header, 0);
}

void tcp_emit_reset(struct tcp *tcp, const struct tcp_segment *segment)
{
    const struct wire_tcp *in = &segment->header;
    struct wire_tcp out = {.src_port = in->dst_port,
                           .dst_port = in->src_port,
                           .flags = TCP_RST,
                           .wind_shift = WIRE_TCP_NO_SHIFT};
    struct path path;

    if (in->flags & TCP_ACK) {
        out.seq = in->ack;
    } else { /* RFC 9293 3.10.7.1: SEQ=0, ACK=SEG.SEQ+SEG.LEN */
        out.flags |= TCP_ACK;
        out.ack = in->seq + segment->skip_bytes + segment->text_bytes +
                  ((in->flags & TCP_SYN) != 0) + ((in->flags & TCP_FIN) != 0);
    }
    if (ipv4_path(tcp->stack, segment->packet->dst, segment->packet->src, &path) == LEAT_OK)
        send(tcp, &path, &out, 0);
}

void tcp_emit_limited_ACK(struct tcp *tcp, struct tcb *tcb)
{
    const uint32_t now_ms = (uint32_t)(tcp->stack->now_ns / 1000000);

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
    enum {
        HEADERS_BYTES = 40, /* RFC 6691: fixed IPv4 and TCP headers */
        MSS_DEFAULT = 536
    };
    struct path path;

    if (ipv4_path(tcp->stack, local_ip, remote_ip, &path) != LEAT_OK)
        return MSS_DEFAULT;
    return (uint16_t)(path.mtu - HEADERS_BYTES);
}
