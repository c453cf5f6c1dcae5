/*
 * actions.c -- the actions of tcp.rl, one function each. None of them checks the state.
 *
 * The longer ones have files of their own: tcp_take_ACK (ack.c), tcp_take_data and tcp_take_FIN
 * (data.c), tcp_delete_TCB and tcp_start_2MSL (events.c).
 */
#include "tcp/conn/accecn.h"
#include "tcp/conn/deadlines.h"
#include "tcp/conn/lifetime.h"
#include "tcp/conn/wake.h"
#include "tcp/conn/isn.h"
#include "tcp/listener.h"
#include "tcp/send/challenge.h"
#include "tcp/send/emit.h"
#include "tcp/conn/account.h"
#include "tcp/congestion/mss.h"
#include "tcp/congestion/seq.h"
#include "tcp/receive/ack.h"
#include "tcp/tcp.h"
#include "core/parts.h"

/* ---- creation and end --------------------------------------------------------------------- */

void tcp_create_TCB(struct tcb *tcb, struct tcp_step *step)
{
    if (tcb->kind == TCB_LISTENER) /* a listener has no sequence numbers */
        return;
    /* the SYN takes the number in front of SND.NXT, whether it has left yet or not */
    tcb->flags |= TCB_SYN_UNACKED;
    tcb->snd_nxt = tcp_isn(step->tcp->stack, tcb) + 1;
    if (tcb->kind == TCB_CONN)
        tcp_conn(tcb)->snd_una = tcb->snd_nxt - 1;
}

void tcp_start_FIN_WAIT_2(struct tcb *tcb, struct tcp_step *step)
{
    struct leat_tcp *conn = tcp_conn(tcb);

    (void)step;
    if (!(conn->flags & CONN_NO_READER) || (conn->flags & CONN_ABANDONED))
        return;
    conn->flags |= CONN_ABANDONED;
    tcp_run_keepalive(conn);
}

/* ---- segments ----------------------------------------------------------------------------- */

void tcp_snd_SYN(struct tcb *tcb, struct tcp_step *step)
{
    (void)step;
    tcp_conn(tcb)->flags |= CONN_SEND_SYN;
    tcp_want_output(tcp_conn(tcb));
}

void tcp_snd_SYN_ACK(struct tcb *tcb, struct tcp_step *step)
{
    if (tcb->kind != TCB_HALF) {
        tcp_snd_SYN(tcb, step);
        return;
    }
    if ((tcb->flags & TCB_ACCECN) && step->segment)
        tcp_half_hear_SYN(tcp_half(tcb), step->segment);
    tcp_half_answer(tcp_half(tcb));
}

/* True if the segment carries sequence numbers, which the peer wants acknowledged. */
static bool carries_data_or_fin(const struct tcp_segment *segment)
{
    return segment->skip_bytes + segment->data_bytes > 0 || (segment->header.flags & TCP_FIN);
}

/* Reports data that was received before (RFC 2883). */
static void note_duplicate(struct leat_tcp *conn, const struct tcp_segment *segment)
{
    const uint32_t end = segment->seq + segment->data_bytes;

    if (segment->events[0] == TCP_rcv_unacceptable && segment->data_bytes > 0 &&
        seq_le(end, conn->tcb.rcv_nxt))
        tcp_note_duplicate(conn, segment->seq, end);
}

void tcp_snd_ACK(struct tcb *tcb, struct tcp_step *step)
{
    const struct tcp_segment *segment = step->segment;

    if (tcb->kind == TCB_CONN)
        note_duplicate(tcp_conn(tcb), segment);
    /* limited, because a reply to a bare ACK could be answered in turn, for ever (RFC 5961 7) */
    if (!carries_data_or_fin(segment) && !(segment->header.flags & TCP_SYN)) {
        tcp_emit_challenge_ACK(step->tcp, tcb);
    } else if (tcb->kind == TCB_CONN) {
        tcp_conn(tcb)->flags |= CONN_ACK_NOW;
        tcp_want_output(tcp_conn(tcb));
    } else {
        tcp_emit_control(step->tcp, tcb, tcb->snd_nxt, TCP_ACK);
    }
}

void tcp_challenge_ACK(struct tcb *tcb, struct tcp_step *step)
{
    tcp_emit_challenge_ACK(step->tcp, tcb);
}

/* The FIN leaves behind the data that is queued: output.c derives it from the state. */
void tcp_snd_FIN(struct tcb *tcb, struct tcp_step *step)
{
    (void)step;
    tcp_want_output(tcp_conn(tcb));
}

void tcp_snd_RST(struct tcb *tcb, struct tcp_step *step)
{
    tcp_emit_control(step->tcp, tcb, tcb->snd_nxt, TCP_RST | TCP_ACK);
}

void tcp_reply_RST(struct tcb *tcb, struct tcp_step *step)
{
    (void)tcb;
    tcp_emit_reset(step->tcp, step->segment);
}

void tcp_snd_probe(struct tcb *tcb, struct tcp_step *step)
{
    (void)step;
    tcp_conn(tcb)->flags |= CONN_PROBE;
    tcp_want_output(tcp_conn(tcb));
}

static void take_timeout(struct leat_tcp *conn, const struct recovery_ack *now)
{
    /* a path that swallows large segments without a report looks like a timeout (RFC 8899 4.3) */
    if (pmtu_timed_out(&conn->pmtu, tcp_least_mtu(&conn->tcb), now->now_ns))
        tcp_conn_mss_changed(conn);
    recovery_timed_out(&conn->transfer->recovery, &conn->transfer->scoreboard,
                       &conn->transfer->congestion, now);
    conn->transfer->scoreboard.lost_probe_bytes = 0; /* lost like all the rest, not for its size */
    tcp_stop_watching(conn);
    if (!(conn->tcb.flags & TCB_ACCECN))
        conn->flags |= CONN_CWR; /* RFC 3168 6.1.2: for any reduction */
}

/* RFC 6298 5.4: retransmits the earliest segment; the others follow as the window opens. */
void tcp_retransmit(struct tcb *tcb, struct tcp_step *step)
{
    struct leat_tcp *conn = tcp_conn(tcb);
    const struct recovery_ack now = tcp_recovery_ack(conn);

    (void)step;
    if (tcb->flags & TCB_SYN_UNACKED)
        conn->flags |= CONN_SEND_SYN;
    else if (tcp_has_transfer(conn))
        take_timeout(conn, &now);
    tcp_want_output(conn);
}

void tcp_drop(struct tcb *tcb, struct tcp_step *step)
{
    (void)tcb;
    (void)step;
}

/* ---- the peer's SYN ----------------------------------------------------------------------- */

void tcp_learn_SYN(struct tcb *tcb, struct tcp_step *step)
{
    const struct wire_tcp *header = &step->segment->header;
    const bool scaled = header->wind_shift != WIRE_TCP_NO_SHIFT;

    tcb->rcv_nxt = header->seq + 1;
    if (!scaled) /* RFC 7323 2.2: both or none */
        tcb->rcv_wind_shift = 0;
    if (tcb->flags & TCB_ACCECN)
        step->segment->header.flags |=
            wire_tcp_ae(step->segment->packet->buf->data - header->header_bytes);
    tcb->flags = tcp_agreed_options(tcb->flags, header) & (unsigned)TCB_FLAGS;
    tcb->ts_recent = header->tsval;
    tcb->clock_ms = tcp_now_ms(step->tcp->stack);
    if (tcb->kind == TCB_HALF) {
        struct tcp_half *half = tcp_half(tcb);

        half->peer_mss = tcp_mss_of_syn(header, tcb_is_v6(tcb));
        half->snd_wnd = header->window;
        half->snd_wind_shift = header->wind_shift;
    } else {
        struct leat_tcp *conn = tcp_conn(tcb);

        conn->last_ack_sent = tcb->rcv_nxt; /* nothing has been sent: RFC 7323 4.3 begins here */
        conn->tune_end = tcb->rcv_nxt;
        conn->flags |= CONN_PEER_SYN;
        if (scaled)
            tcb->flags |= TCB_SCALES;
        conn->peer_mss = tcp_mss_of_syn(header, tcb_is_v6(tcb));
        if (HAS_FAST_OPEN && header->has_fast_open && conn->fast_open)
            tcp_fast_open_learn(step->tcp, tcb->remote_ip, header);
        conn->snd_wnd = conn->snd_wnd_max = header->window;
        conn->snd_wind_shift = scaled ? header->wind_shift & 15u : 0;
        conn->snd_wl1 = header->seq;
        if (tcb->flags & TCB_ACCECN)
            tcp_accecn_begin(conn, header->flags, step->segment->packet->tos);
    }
}

/* ---- the program's calls ------------------------------------------------------------------ */

static void queue(struct leat_tcp *conn, struct tcp_step *step)
{
    const uint32_t held = conn->transfer->sendq.held;

    if (!tcp_has_transfer(conn))
        return; /* leat_tcp_send() has checked that */
    sendq_put(&conn->transfer->sendq, step->data);
    tcp_note_sendq(conn, held);
    step->data = 0;
}

void tcp_queue_data(struct tcb *tcb, struct tcp_step *step)
{
    if (step->data) /* NULL when may_write() only asks */
        queue(tcp_conn(tcb), step);
}

static __attribute__((noinline)) void queue_and_send(struct leat_tcp *conn, struct tcp_step *step)
{
    queue(conn, step);
    tcp_want_output(conn);
}

/* Mostly there is no data, because leat_tcp_write() queues it itself. */
void tcp_send_data(struct tcb *tcb, struct tcp_step *step)
{
    struct leat_tcp *conn = tcp_conn(tcb);

    if (step->data)
        queue_and_send(conn, step);
    else
        tcp_want_output(conn);
}

void tcp_err_no_connection(struct tcb *tcb, struct tcp_step *step)
{
    (void)tcb;
    step->err = LEAT_ERR_CLOSED;
}

void tcp_err_exists(struct tcb *tcb, struct tcp_step *step)
{
    (void)tcb;
    step->err = LEAT_ERR_IN_USE;
}

void tcp_err_closing(struct tcb *tcb, struct tcp_step *step)
{
    (void)tcb;
    step->err = LEAT_ERR_CLOSING;
}

/* ---- callbacks ---------------------------------------------------------------------------- */

void tcp_tell_open(struct tcb *tcb, struct tcp_step *step)
{
    struct leat_tcp *conn = tcp_conn(tcb);

    if (conn->flags & CONN_TOLD_OPEN) /* open since a SYN with data: RFC 7413 */
        return;
    conn->flags |= CONN_TOLD_OPEN;
    if (conn->flags & CONN_UNACCEPTED) {
        step->tcp->stack->stats.tcp_opened_passive++;
        tcp_listener_accepting(conn);
    } else {
        step->tcp->stack->stats.tcp_opened_active++;
    }
    tcp_tell(conn, CONN_TELL_OPEN);
    if (conn->data_bytes > 0) /* it came with the SYN */
        tcp_tell(conn, CONN_TELL_READABLE);
}

COLD static void tell_end(struct tcb *tcb, struct tcp_step *step, enum leat_err why)
{
    if (why == LEAT_OK)
        step->tcp->stack->stats.tcp_closed++;
    else
        step->tcp->stack->stats.tcp_failed++;
    if (tcb->kind != TCB_CONN)
        return; /* the program has no handle yet */
    tcp_conn(tcb)->error = why & 31u;
    tcp_tell(tcp_conn(tcb), CONN_TELL_CLOSED);
}

void tcp_tell_closed(struct tcb *tcb, struct tcp_step *step)
{
    tell_end(tcb, step, LEAT_OK);
}

void tcp_tell_aborted(struct tcb *tcb, struct tcp_step *step)
{
    tell_end(tcb, step, LEAT_ERR_ABORTED);
}

/* A connection that was open already, by the data of its SYN (RFC 7413), was reset, not refused. */
void tcp_tell_refused(struct tcb *tcb, struct tcp_step *step)
{
    const bool was_open = tcb->kind == TCB_CONN && (tcp_conn(tcb)->flags & CONN_TOLD_OPEN);

    if (HAS_FAST_OPEN && tcb->kind == TCB_CONN)
        tcp_fast_open_rejected(tcp_conn(tcb));
    tell_end(tcb, step, was_open ? LEAT_ERR_RESET : LEAT_ERR_REFUSED);
}

void tcp_tell_reset(struct tcb *tcb, struct tcp_step *step)
{
    tell_end(tcb, step, LEAT_ERR_RESET);
}

void tcp_tell_timeout(struct tcb *tcb, struct tcp_step *step)
{
    /* an earlier ICMP error says more than silence (RFC 1122 4.2.3.9) */
    const enum leat_err soft =
        tcb->kind == TCB_CONN ? (enum leat_err)tcp_conn(tcb)->error : LEAT_OK;

    tell_end(tcb, step, soft != LEAT_OK ? soft : LEAT_ERR_TIMEOUT);
}

void tcp_tell_unreachable(struct tcb *tcb, struct tcp_step *step)
{
    tell_end(tcb, step, step->err);
}

void tcp_soft_error(struct tcb *tcb, struct tcp_step *step)
{
    tcp_note_error(tcp_conn(tcb), step->err);
}
