/*
 * passive_open.c -- the start of a passive connection: half open, then with its own struct
 * leat_tcp.
 *
 * A SYN costs a small entry only, which tcp_half_new() makes. The ACK of our SYN,ACK, or a Fast
 * Open cookie, proves that the peer's address isn't forged. Then tcp_promote() moves what the
 * handshake has found out to a full entry, in the same place of the table.
 */
#include "core/minmax.h"
#include "tcp/send/emit.h"
#include "tcp/conn/budget.h"
#include "tcp/admission.h"
#include "tcp/conn/isn.h"
#include "tcp/conn/lifetime.h"
#include "tcp/conn/table.h"
#include "tcp/listener.h"
#include "tcp/passive/time_wait.h"
#include "tcp/tcp.h"

struct tcp_half *tcp_half_new(struct leat_tcp_listener *listener, const struct tcp_segment *segment,
                              struct tcp_time_wait *before)
{
    struct tcp *tcp = listener->tcp;
    const uint32_t window = tcp_window_begin(tcp);
    struct tcp_step step = {.tcp = tcp};
    struct tcp_half *half = tcp_take_half(tcp);
    struct tcb *tcb;

    if (!half)
        return 0;
    tcb = &half->tcb;
    half->tcp = tcp;
    half->listener = listener;
    tcb->local_ip = segment->packet->dst;
    tcb->local_port = segment->header.dst_port;
    tcb->remote_ip = segment->packet->src;
    tcb->remote_port = segment->header.src_port;
    /* RFC 7323 2.2: the window of a SYN isn't scaled, so it can't be larger */
    tcb->rcv_wnd = window < UINT16_MAX ? window : UINT16_MAX;
    tcb->rcv_wind_shift = tcp->wind_shift & 15u;
    tcb->flags = tcp_offered_options(tcp, true);
    tcb->ts_offset = tcp_ts_offset(
        tcp->stack, tcb); /* fixed for the connection: another seed must not change it */
    tcp_event(tcb, &step, TCP_passive_OPEN);
    listener->half_count++;
    half->before = before;
    /* a handshake that fails gives the place back: tcp_half_free() */
    if (before)
        tcp_hash_instead(tcp, tcb, &before->tcb);
    else
        tcp_hash(tcp, tcb);
    return half;
}

/* Ends the old connection in TIME-WAIT: the handshake has shown that the peer's SYN was a new
 * one. */
COLD static void end_before(struct tcp_half *half)
{
    struct tcp_step step = {.tcp = half->tcp};
    struct tcp_time_wait *before = half->before;

    half->before = 0;
    tcp_event(&before->tcb, &step, TCP_rcv_newer_SYN);
}

struct leat_tcp *tcp_promote(struct tcp_half *half)
{
    struct tcp *tcp = half->tcp;
    struct leat_tcp *conn = 0;
    const bool scaled = half->snd_wind_shift != WIRE_TCP_NO_SHIFT;
    const uint16_t mss_max = half->listener->config.mss_max;
    const uint16_t path_mss = tcp_path_mss(tcp, half->tcb.local_ip, half->tcb.remote_ip);

    /* admission comes first: it may end another connection, whose entry is free then */
    if (tcp_admit(half->listener, half->tcb.remote_ip))
        conn = tcp_conn_new(tcp, half->tcb.local_ip, half->tcb.remote_ip);
    if (!conn)
        return 0;
    if (tcp_has_limits(half->listener))
        tcp_admitted_begin(conn, half->listener);
    conn->tcb = half->tcb;
    conn->tcb.kind = TCB_CONN;
    tcp_hash_instead(tcp, &conn->tcb, &half->tcb);
    if (scaled)
        conn->tcb.flags |= TCB_SCALES;
    conn->flags |= CONN_PEER_SYN | CONN_UNACCEPTED | (half->retransmits ? CONN_LOST_SYN : 0);
    conn->flags |= (uint32_t)half->listener->congestion_place << CONGESTION_SHIFT;
    conn->saved.initial_segments = half->listener->config.initial_window_segments & 63u;
    conn->listener = half->listener;
    if (half->listener->send_queue > 0)
        conn->send_queue = half->listener->send_queue & 15u;
    /* our SYN counts as unacknowledged until the event of an ACK */
    conn->snd_una = half->tcb.snd_nxt - 1;
    conn->last_ack_sent = conn->tune_end = half->tcb.rcv_nxt;
    /* this times the handshake; it is 0 if the ACK gives no sample */
    if (half->sent_at_ns > 0)
        rtt_SYN_sent(&conn->rtt, half->sent_at_ns);
    pmtu_init(&conn->pmtu, (uint16_t)(min32(path_mss, mss_max) + tcp_headers_bytes(&conn->tcb)));
    conn->peer_mss = half->peer_mss;
    conn->snd_wnd = conn->snd_wnd_max = half->snd_wnd;
    conn->snd_wind_shift = scaled ? half->snd_wind_shift & 15u : 0;
    /* this is the sequence number of the peer's SYN, so the window of any later segment is news */
    conn->snd_wl1 = half->tcb.rcv_nxt - 1;
    if (half->before)
        end_before(half);
    tcp_half_free(half);
    return conn;
}
