/* probe.c -- window probes, keep-alives and tail loss probes. */
#include "tcp/congestion/seq.h"
#include "tcp/conn/deadlines.h"
#include "tcp/send/output.h"

static const uint64_t persist_min_ns = 200000000;
static const uint64_t override_max_ns = 1000000000; /* RFC 9293 3.8.6.2.1: 0.1 to 1 s */

/* RFC 9293 3.8.6.1: sends one byte of the queue into a closed window. It counts as lost at once,
 * because that is so if the window stays closed; and nothing is in flight. */
static void send_octet(struct leat_tcp *conn, const struct path *path)
{
    struct plan plan = {
        .seq = conn->snd_una,
        .data_bytes = conn->transfer->sendq.bytes > 0,
        .fin = conn->transfer->sendq.bytes == 0,
    };
    const bool is_new = plan.seq == conn->tcb.snd_nxt;

    if (!tcp_transfer_get(conn)) /* needed for a FIN; retried with the next probe */
        return;
    if (is_new) {
        if (tcp_send_new(conn, path, &plan))
            scoreboard_requeue(&conn->transfer->scoreboard, conn->transfer->scoreboard.last);
    } else {
        tcp_send_plan(conn, path, &plan);
    }
}

bool tcp_window_is_silly(const struct leat_tcp *conn)
{
    return conn->transfer->scoreboard.lost_bytes == 0 &&
           seq_lt(conn->tcb.snd_nxt, tcp_data_end(conn)) &&
           seq_lt(conn->tcb.snd_nxt, conn->snd_una + conn->snd_wnd);
}

/* RFC 9293 3.8.6.2.1 (4): sends as much as the window allows, however little. */
static void send_override(struct leat_tcp *conn, const struct path *path)
{
    const uint32_t queued = tcp_data_end(conn) - conn->tcb.snd_nxt;
    const uint32_t room = conn->snd_una + conn->snd_wnd - conn->tcb.snd_nxt;
    struct plan plan = {.seq = conn->tcb.snd_nxt, .data_bytes = queued < room ? queued : room};

    if (plan.data_bytes > conn->mss)
        plan.data_bytes = conn->mss;
    tcp_send_new(conn, path, &plan);
}

void tcp_send_probe(struct leat_tcp *conn, const struct path *path)
{
    if (tcp_window_is_silly(conn)) {
        conn->flags &= ~(unsigned)CONN_PROBE;
        send_override(conn, path);
        return;
    }
    conn->tcp->stack->stats.tcp_probes++;
    if (!tcp_something_waits(conn)) {
        conn->flags &= ~(unsigned)CONN_PROBE;
        tcp_send_ack(conn, path,
                     conn->tcb.snd_nxt - 1); /* RFC 9293 3.8.4: every peer answers that */
        return;
    }
    send_octet(conn, path);
    conn->flags &= ~(unsigned)CONN_PROBE;
    tcp_await_persist(conn); /* tcp_start_persist() sets it again */
}

/* Marks the last data sent as lost, one segment at most. If that cuts a probe of the path MTU, only
 * its end is marked: an ACK of its beginning still tells that it arrived. A probe of which more
 * than a segment is marked counts as lost, because a retransmission in several segments proves
 * nothing. */
static void requeue_tail(struct leat_tcp *conn)
{
    struct scoreboard *board = &conn->transfer->scoreboard;

    scoreboard_cut_last(board, &conn->tcp->sents, conn->mss);
    scoreboard_requeue(board, board->last);
    if (board->lost_probe_bytes > conn->mss)
        pmtu_lost(&conn->pmtu, conn->tcp->stack->now_ns);
    board->lost_probe_bytes = 0;
}

bool tcp_send_tail_probe(struct leat_tcp *conn, const struct path *path)
{
    struct scoreboard *board = &conn->transfer->scoreboard;
    struct plan plan;
    bool again = false;

    if (!board->last || board->lost_bytes > 0 || (board->last->flags & SENT_SACKED)) {
        conn->flags &= ~(unsigned)CONN_TAIL_PROBE;
        return true; /* an ACK came in the meantime */
    }
    if (tcp_plan_new(conn, conn->mss, conn->mss, &plan)) {
        if (!tcp_send_new(conn, path, &plan))
            return false;
    } else {
        again = true;
        requeue_tail(conn);
        if (!tcp_send_again(conn, path, board->last, 0))
            return false;
    }
    conn->flags &= ~(unsigned)CONN_TAIL_PROBE;
    conn->tcp->stack->stats.tcp_tail_probes++;
    tlp_sent(&conn->transfer->recovery.tlp, conn->tcb.snd_nxt, again);
    return true;
}

/* True if all data in flight is SACKed. The peer may still drop it (RFC 2018 8), so a timeout
 * retransmits it. Lost data that can't be sent waits for the window like new data. */
static bool only_SACKed_is_out(const struct leat_tcp *conn)
{
    return conn->transfer->scoreboard.sacked_bytes > 0 &&
           conn->transfer->scoreboard.lost_bytes == 0;
}

/* The time until the window is probed, or a silly one is used. The second doesn't back off. */
static uint64_t persist_ns(const struct leat_tcp *conn)
{
    const uint64_t rto_ns = rtt_rto_ns(&conn->rtt);

    if (rto_ns < persist_min_ns)
        return persist_min_ns;
    return rto_ns > override_max_ns && tcp_window_is_silly(conn) ? override_max_ns : rto_ns;
}

void tcp_start_persist(struct leat_tcp *conn)
{
    uint64_t at_ns = conn->tcp->stack->now_ns;
    const bool waiting = conn->flags & CONN_PERSIST;

    /* the SYN has its own timer, and the peer answers no probe before the handshake is over */
    if (!tcp_something_waits(conn) || tcp_fin_is_alone(conn) ||
        (conn->tcb.flags & TCB_SYN_UNACKED) || conn->transfer->scoreboard.in_flight_bytes > 0 ||
        (only_SACKed_is_out(conn) && !waiting) || (waiting && conn->rexmt_at != DEADLINE_NONE))
        return;
    if (!waiting)
        conn->progress_ms = tcp_now_ms(conn->tcp->stack);
    at_ns += persist_ns(conn);
    tcp_run_persist(conn, at_ns);
}
