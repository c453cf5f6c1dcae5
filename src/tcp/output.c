/*
 * output.c -- which segment goes next (RFC 9293 3.8.6, 3.10.2; RFC 5681; RFC 6675 5).
 *
 * First what is lost, then new text: as long as less is on its way than the congestion window
 * allows, and only as far as the peer's window reaches.  Nothing here asks for the state: flags say
 * what is queued, the scoreboard says what was sent.
 */
#include "tcp/seq.h"
#include "tcp/tcp.h"

enum {
    SEGMENTS_BUDGET = 64 /* of one connection in one flush: then others have their turn */
};

static const uint64_t persist_min_ns = 200000000; /* RFC 9293 3.8.6.2.1: 0.1 to 1 s */

/* A range of sequence numbers that is to leave. */
struct plan {
    uint32_t seq;
    uint32_t text_bytes;
    bool fin;
};

void tcp_want_output(struct leat_tcp *conn)
{
    if (!ring_is_in(&conn->output) && (conn->tcb.flags & TCB_HASHED))
        ring_put(&conn->tcp->output, &conn->output);
}

static uint32_t min32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t len_of(const struct plan *plan)
{
    return plan->text_bytes + plan->fin;
}

/* ---- what may go -------------------------------------------------------------------------- */

/* Bytes that the congestion window lets through. */
static uint32_t congestion_room(const struct leat_tcp *conn)
{
    const uint32_t pipe = recovery_pipe(&conn->recovery, &conn->scoreboard);

    return pipe < conn->congestion.cwnd ? conn->congestion.cwnd - pipe : 0;
}

/* Bytes behind SND.NXT that the peer's window lets through. */
static uint32_t peer_room(const struct leat_tcp *conn)
{
    const uint32_t flight = conn->tcb.snd_nxt - conn->snd_una;

    return flight < conn->snd_wnd ? conn->snd_wnd - flight : 0;
}

/* A segment that is shorter than it could be waits for more, unless ... */
static bool short_segment_may_go(const struct leat_tcp *conn, const struct plan *plan,
                                 uint32_t queued)
{
    if (plan->text_bytes == queued && /* it is all there is, and Nagle (RFC 1122 4.2.3.4) agrees */
        (plan->fin || plan->seq == conn->snd_una || (conn->flags & CONN_NODELAY)))
        return true;
    /* silly window syndrome, sender's side: RFC 9293 3.8.6.2.1 (3) */
    return plan->text_bytes >= conn->snd_wnd_max / 2;
}

/* The segment at SND.NXT; false: nothing new may go. */
static bool plan_new(const struct leat_tcp *conn, uint32_t room, struct plan *plan)
{
    const uint32_t text_end = sendq_end(&conn->sendq);
    const uint32_t snd_nxt = conn->tcb.snd_nxt;
    const uint32_t queued = seq_lt(snd_nxt, text_end) ? text_end - snd_nxt : 0;
    const uint32_t usable = min32(room, peer_room(conn));

    plan->seq = snd_nxt;
    plan->text_bytes = min32(min32(queued, usable), conn->mss);
    plan->fin = (conn->flags & CONN_FIN_QUEUED) && seq_le(snd_nxt, text_end) &&
                plan->text_bytes == queued && plan->text_bytes < usable;
    if (plan->text_bytes == 0)
        return plan->fin;
    return plan->text_bytes == conn->mss || short_segment_may_go(conn, plan, queued);
}

/* What a record of the scoreboard stands for. */
static struct plan plan_again(const struct leat_tcp *conn, const struct sent *sent)
{
    const uint32_t text_end = sendq_end(&conn->sendq);
    const struct plan plan = {
        .seq = sent->seq,
        .text_bytes = seq_min(sent->end, text_end) - sent->seq,
        .fin = seq_lt(text_end, sent->end),
    };

    return plan;
}

/* ---- sending it --------------------------------------------------------------------------- */

static void start_rexmt(struct leat_tcp *conn)
{
    if (conn->rexmt_at_ns != LEAT_NEVER_NS && !(conn->flags & CONN_PERSIST))
        return;
    conn->flags &= ~(unsigned)CONN_PERSIST;
    conn->rexmt_at_ns = conn->tcp->stack->now_ns + conn->rtt.rto_ns;
    tcp_arm(conn);
}

/* What an ACK in a segment settles. */
static void note_acked(struct leat_tcp *conn)
{
    conn->flags &= ~(unsigned)CONN_ACK_NOW;
    conn->unacked_segments = 0;
    conn->delack_at_ns = LEAT_NEVER_NS;
}

/* RFC 3168 6.1.5: only new text may be marked; the first of it says that we have reduced. */
static uint8_t ecn_of(struct leat_tcp *conn, struct wire_tcp *header, bool is_new)
{
    if (!(conn->tcb.flags & TCB_ECN) || !is_new)
        return 0;
    if (conn->flags & CONN_CWR)
        header->flags |= TCP_CWR;
    conn->flags &= ~(unsigned)CONN_CWR;
    return TOS_ECT;
}

/* One segment; false: no memory, and nothing has changed.  May shorten the plan. */
static bool emit_plan(struct leat_tcp *conn, const struct path *path, struct plan *plan)
{
    struct wire_tcp header = {.seq = plan->seq, .flags = TCP_ACK, .wind_shift = WIRE_TCP_NO_SHIFT};
    const bool is_new = plan->seq == conn->tcb.snd_nxt;
    struct leat_buf *text = 0;
    uint8_t tos;

    if (plan->text_bytes > 0) {
        const uint32_t wanted = plan->text_bytes;

        text = sendq_slice(&conn->sendq, plan->seq, &plan->text_bytes);
        if (!text)
            return false;
        plan->fin = plan->fin && plan->text_bytes == wanted;
        if (plan->seq + plan->text_bytes == sendq_end(&conn->sendq))
            header.flags |= TCP_PSH; /* RFC 9293 3.9.1.2: no more is queued */
    }
    if (plan->fin) {
        header.flags |= TCP_FIN;
        conn->flags |= CONN_FIN_SENT;
    }
    tos = ecn_of(conn, &header, is_new && plan->text_bytes > 0);
    recovery_sent(&conn->recovery, len_of(plan), !is_new, conn->tcb.flags & TCB_TS,
                  tcp_now_ms(conn->tcp->stack) + conn->ts_offset);
    tcp_emit(conn->tcp, path, &conn->tcb, &header, tos, text);
    note_acked(conn);
    return true;
}

/* After an idle time the old window says little about the path: RFC 5681 4.1. */
static void restart_if_idle(struct leat_tcp *conn)
{
    const uint64_t now_ns = conn->tcp->stack->now_ns;

    if (conn->snd_una == conn->tcb.snd_nxt && now_ns - conn->sent_at_ns > conn->rtt.rto_ns)
        congestion_restart(&conn->congestion);
}

static bool send_new(struct leat_tcp *conn, const struct path *path, struct plan *plan)
{
    const uint64_t now_ns = conn->tcp->stack->now_ns;

    if (!scoreboard_has_room(&conn->scoreboard, &conn->tcp->sents) || !emit_plan(conn, path, plan))
        return false;
    if (conn->snd_una == conn->tcb.snd_nxt) /* the wait for an answer begins */
        conn->progress_at_ns = now_ns;
    conn->sent_at_ns = now_ns;
    conn->tcb.snd_nxt = plan->seq + len_of(plan);
    scoreboard_sent(&conn->scoreboard, &conn->tcp->sents, plan->seq, conn->tcb.snd_nxt, now_ns);
    start_rexmt(conn);
    return true;
}

/* A record again, whole; in several segments if it is longer than one. */
static bool send_again(struct leat_tcp *conn, const struct path *path, struct sent *sent)
{
    const struct plan all = plan_again(conn, sent);
    struct plan part = all;
    uint32_t done = 0;

    do {
        part.seq = all.seq + done;
        part.text_bytes = min32(all.text_bytes - done, conn->mss);
        part.fin = all.fin && done + part.text_bytes == all.text_bytes;
        if (!emit_plan(conn, path, &part))
            return false;
        done += len_of(&part);
        conn->retransmits++;
        conn->tcp->stack->stats.tcp_retransmitted++;
    } while (done < len_of(&all));
    scoreboard_resent(&conn->scoreboard, sent, conn->tcp->stack->now_ns);
    start_rexmt(conn);
    return true;
}

static void send_syn(struct leat_tcp *conn, const struct path *path)
{
    const bool answers = conn->flags & CONN_PEER_SYN;
    const bool scale = !answers || (conn->flags & CONN_PEER_SCALES);
    const uint8_t ecn = answers ? TCP_ECE : TCP_ECE | TCP_CWR;
    struct wire_tcp header = {
        .seq = conn->snd_una,
        .flags = (uint8_t)(TCP_SYN | (answers ? TCP_ACK : 0)),
        .mss = tcp_path_mss(conn->tcp, conn->tcb.local_ip, conn->tcb.remote_ip),
        .wind_shift = scale ? conn->tcb.rcv_wind_shift : WIRE_TCP_NO_SHIFT,
        .sack_permitted = conn->tcb.flags & TCB_SACK,
    };

    conn->flags &= ~(unsigned)CONN_SEND_SYN;
    if (conn->flags & CONN_LOST_SYN) {
        conn->retransmits++;
        conn->tcp->stack->stats.tcp_retransmitted++;
        if (!answers) /* perhaps something on the way drops SYNs that ask for it: RFC 3168 6.1.1.1
                       */
            conn->tcb.flags &= (uint8_t)~TCB_ECN;
    }
    if (conn->tcb.flags & TCB_ECN)
        header.flags |= ecn;
    conn->sent_at_ns = conn->tcp->stack->now_ns;
    tcp_emit(conn->tcp, path, &conn->tcb, &header, 0, 0);
    start_rexmt(conn);
}

/* ---- probes ------------------------------------------------------------------------------- */

/* RFC 9293 3.8.4: nothing, one number back; any peer answers that. */
static void send_keepalive(struct leat_tcp *conn, const struct path *path)
{
    struct wire_tcp header = {
        .seq = conn->tcb.snd_nxt - 1, .flags = TCP_ACK, .wind_shift = WIRE_TCP_NO_SHIFT};

    tcp_emit(conn->tcp, path, &conn->tcb, &header, 0, 0);
    note_acked(conn);
}

/* RFC 9293 3.8.6.1: one octet of what waits, whatever the window says.  It counts as lost at once:
 * if the window stays shut it was, and nothing is in flight. */
static void send_octet(struct leat_tcp *conn, const struct path *path)
{
    struct plan plan = {
        .seq = conn->snd_una,
        .text_bytes = conn->sendq.bytes > 0,
        .fin = conn->sendq.bytes == 0,
    };
    const bool is_new = plan.seq == conn->tcb.snd_nxt;

    if (is_new) {
        if (send_new(conn, path, &plan))
            scoreboard_lose(&conn->scoreboard, conn->scoreboard.last);
    } else {
        emit_plan(conn, path, &plan);
    }
}

static void send_probe(struct leat_tcp *conn, const struct path *path)
{
    const bool fin_waits = (conn->flags & (CONN_FIN_QUEUED | CONN_FIN_ACKED)) == CONN_FIN_QUEUED;

    conn->flags &= ~(unsigned)CONN_PROBE;
    conn->tcp->stack->stats.tcp_probes++;
    if (conn->sendq.bytes == 0 && !fin_waits) {
        send_keepalive(conn, path);
        return;
    }
    send_octet(conn, path);
    conn->flags |= CONN_PERSIST; /* not the retransmission timer's: start_persist() sets it again */
    conn->rexmt_at_ns = LEAT_NEVER_NS;
}

/* RFC 8985 7.3: new text if there is any, else the last segment again. */
static bool send_tail_probe(struct leat_tcp *conn, const struct path *path)
{
    struct scoreboard *board = &conn->scoreboard;
    struct plan plan;
    bool again = false;

    if (!board->last || board->lost_bytes > 0 || (board->last->flags & SENT_SACKED)) {
        conn->flags &= ~(unsigned)CONN_TAIL_PROBE;
        return true; /* something was heard meanwhile */
    }
    if (plan_new(conn, conn->mss, &plan)) {
        if (!send_new(conn, path, &plan))
            return false;
    } else {
        again = true;
        scoreboard_lose(board, board->last);
        if (!send_again(conn, path, board->last))
            return false;
    }
    conn->flags &= ~(unsigned)CONN_TAIL_PROBE;
    conn->tcp->stack->stats.tcp_tail_probes++;
    tlp_sent(&conn->recovery.tlp, conn->tcb.snd_nxt, again);
    conn->rexmt_at_ns = conn->tcp->stack->now_ns + conn->rtt.rto_ns; /* 7.3: the RTO from now on */
    tcp_arm(conn);
    return true;
}

/* Something waits, nothing is in flight and nothing may go: the window is shut, or silly. */
static void start_persist(struct leat_tcp *conn)
{
    const uint64_t now_ns = conn->tcp->stack->now_ns;
    const bool waits = conn->sendq.bytes > 0 ||
                       (conn->flags & (CONN_FIN_QUEUED | CONN_FIN_ACKED)) == CONN_FIN_QUEUED;
    const bool waiting = conn->flags & CONN_PERSIST;

    if (!waits || conn->scoreboard.in_flight_bytes > 0 || conn->scoreboard.sacked_bytes > 0 ||
        (waiting && conn->rexmt_at_ns != LEAT_NEVER_NS))
        return;
    if (!waiting) {
        conn->progress_at_ns = now_ns;
        conn->flags |= CONN_PERSIST;
    }
    conn->rexmt_at_ns =
        now_ns + (conn->rtt.rto_ns > persist_min_ns ? conn->rtt.rto_ns : persist_min_ns);
    tcp_arm(conn);
}

/* ---- all of it ---------------------------------------------------------------------------- */

enum verdict {
    SENT,
    NOTHING,  /* nothing (more) may go */
    NO_ROOM,  /* the device's queue is full: go on when it isn't */
    NO_MEMORY /* go on in a moment */
};

/* The lost record that may go, within the peer's window. */
static struct sent *lost_in_window(struct leat_tcp *conn)
{
    struct sent *sent = scoreboard_lost(&conn->scoreboard, &conn->tcp->sents, conn->mss);

    return sent && seq_lt(sent->seq, conn->snd_una + conn->snd_wnd) ? sent : 0;
}

static enum verdict send_one(struct leat_tcp *conn, const struct path *path)
{
    const uint32_t room = congestion_room(conn);
    struct sent *lost;
    struct plan plan;

    if (room == 0)
        return NOTHING;
    lost = lost_in_window(conn);
    if (lost) {
        if (room < lost->end - lost->seq && room < conn->congestion.cwnd)
            return NOTHING;
        return send_again(conn, path, lost) ? SENT : NO_MEMORY;
    }
    if (conn->scoreboard.lost_bytes > 0 || !plan_new(conn, room, &plan))
        return NOTHING;
    return send_new(conn, path, &plan) ? SENT : NO_MEMORY;
}

static enum verdict send_text(struct leat_tcp *conn, const struct path *path)
{
    enum verdict verdict = SENT;

    restart_if_idle(conn);
    for (unsigned budget = SEGMENTS_BUDGET; verdict == SENT; budget--) {
        if (budget == 0 || !ipv4_output_room(conn->tcp->stack, path))
            return NO_ROOM;
        verdict = send_one(conn, path);
    }
    return verdict;
}

static void retry_later(struct leat_tcp *conn)
{
    conn->tcp->stack->stats.tx_no_memory++;
    tcp_retry_later(conn);
}

static void send_ack(struct leat_tcp *conn, const struct path *path)
{
    struct wire_tcp header = {
        .seq = conn->tcb.snd_nxt, .flags = TCP_ACK, .wind_shift = WIRE_TCP_NO_SHIFT};

    if (tcp_emit(conn->tcp, path, &conn->tcb, &header, 0, 0))
        note_acked(conn);
    else
        retry_later(conn);
}

/* A new tail needs a new probe; while one is out, or something is lost, others watch. */
static void watch_tail(struct leat_tcp *conn, uint32_t snd_nxt_before)
{
    if (conn->tcb.snd_nxt != snd_nxt_before &&
        (conn->loss_at_ns == LEAT_NEVER_NS || (conn->flags & CONN_LOSS_IS_PROBE)))
        tcp_watch_losses(conn, LEAT_NEVER_NS);
}

bool tcp_output(struct leat_tcp *conn)
{
    const uint32_t snd_nxt_before = conn->tcb.snd_nxt;
    struct path path;
    enum verdict verdict;

    if (ipv4_path(conn->tcp->stack, conn->tcb.local_ip, conn->tcb.remote_ip, &path) != LEAT_OK) {
        conn->soft_error = LEAT_ERR_NO_ROUTE; /* perhaps it comes back; the timer goes on */
        if (conn->rexmt_at_ns == LEAT_NEVER_NS)
            start_rexmt(conn);
        return false;
    }
    if (conn->flags & CONN_REACHED) {
        conn->flags &= ~(unsigned)CONN_REACHED;
        ipv4_reached(&path);
    }
    if (conn->flags & CONN_SEND_SYN)
        send_syn(conn, &path);
    if (conn->tcb.flags & TCB_SYN_UNACKED)
        return false;
    tcp_open_window(conn);
    if (conn->flags & CONN_PROBE)
        send_probe(conn, &path);
    verdict = send_text(conn, &path);
    if ((conn->flags & CONN_TAIL_PROBE) && !send_tail_probe(conn, &path))
        verdict = NO_MEMORY;
    if (verdict == NO_MEMORY)
        retry_later(conn);
    if (conn->flags & CONN_ACK_NOW)
        send_ack(conn, &path);
    if (verdict == NOTHING)
        start_persist(conn);
    watch_tail(conn, snd_nxt_before);
    return verdict == NO_ROOM;
}

bool tcp_flush(struct leat *stack)
{
    struct tcp *tcp = stack->tcp;
    struct ring last;

    if (ring_is_empty(&tcp->output))
        return false;
    /* those that come back for more wait for the next turn */
    ring_put(&tcp->output, &last);
    while (tcp->output.next != &last) {
        struct leat_tcp *conn = ring_owner(tcp->output.next, struct leat_tcp, output);

        ring_remove(&conn->output);
        if (tcp_output(conn))
            ring_put(&tcp->output, &conn->output);
    }
    ring_remove(&last);
    return !ring_is_empty(&tcp->output);
}
