/*
 * output.c -- which segment goes next (RFC 9293 3.8.6, 3.10.2; RFC 5681).
 *
 * SND.UNA <= snd_at <= SND.NXT.  The next segment begins at snd_at, which falls back to SND.UNA
 * when the retransmission timer expires, so that "send" and "send again" are the same code.
 * Nothing here asks for the state: flags say what is queued, numbers say what may go.
 */
#include "tcp/seq.h"
#include "tcp/tcp.h"

enum {
    SEGMENTS_BUDGET = 64 /* of one connection in one flush: then others have their turn */
};

static const uint64_t retry_ns = 1000000;        /* memory was short */
static const uint64_t persist_min_ns = 200000000; /* RFC 9293 3.8.6.2.1: 0.1 to 1 s */

/* What goes next. */
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

/* ---- what may go -------------------------------------------------------------------------- */

/* Bytes behind snd_at that the peer's window and ours let through. */
static uint32_t usable_window(const struct leat_tcp *conn)
{
    const uint32_t flight = conn->snd_at - conn->snd_una;
    const uint32_t window = min32(conn->snd_wnd, conn->congestion.cwnd);

    return flight < window ? window - flight : 0;
}

/* A segment that is shorter than it could be waits for more, unless ... */
static bool short_segment_may_go(const struct leat_tcp *conn, const struct plan *plan,
                                 uint32_t queued)
{
    if (seq_lt(plan->seq, conn->tcb.snd_nxt) || (conn->flags & CONN_RESUMED))
        return true; /* it went before */
    if (plan->text_bytes == queued && /* it is all there is, and Nagle (RFC 1122 4.2.3.4) agrees */
        (plan->fin || plan->seq == conn->snd_una || (conn->flags & CONN_NODELAY)))
        return true;
    /* silly window syndrome, sender's side: RFC 9293 3.8.6.2.1 (3) */
    return plan->text_bytes >= conn->snd_wnd_max / 2;
}

/* The segment at snd_at; false: nothing may go. */
static bool plan_next(const struct leat_tcp *conn, struct plan *plan)
{
    const uint32_t text_end = sendq_end(&conn->sendq);
    const uint32_t usable = usable_window(conn);
    uint32_t queued = 0;

    if (seq_lt(conn->snd_at, text_end))
        queued = text_end - conn->snd_at;
    plan->seq = conn->snd_at;
    plan->text_bytes = min32(min32(queued, usable), conn->mss);
    plan->fin = (conn->flags & CONN_FIN_QUEUED) && seq_le(conn->snd_at, text_end) &&
                plan->text_bytes == queued && plan->text_bytes < usable;
    if (plan->text_bytes == 0)
        return plan->fin;
    return plan->text_bytes == conn->mss || short_segment_may_go(conn, plan, queued);
}

/* One segment at SND.UNA, whatever the windows say: fast retransmit or window probe. */
static struct plan plan_first(const struct leat_tcp *conn, uint32_t bytes_max)
{
    const struct plan plan = {
        .seq = conn->snd_una,
        .text_bytes = min32(conn->sendq.bytes, bytes_max),
        .fin = (conn->flags & (CONN_FIN_QUEUED | CONN_FIN_ACKED)) == CONN_FIN_QUEUED &&
               conn->sendq.bytes < bytes_max,
    };

    return plan;
}

/* ---- sending it --------------------------------------------------------------------------- */

static void start_rexmt(struct leat_tcp *conn)
{
    const uint64_t now_ns = conn->tcp->stack->now_ns;
    const bool was_idle = conn->rexmt_at_ns == LEAT_NEVER_NS;

    if (!was_idle && !(conn->flags & CONN_PERSIST))
        return;
    conn->flags &= ~(unsigned)CONN_PERSIST;
    conn->rexmt_at_ns = now_ns + conn->rtt.rto_ns;
    tcp_arm(conn);
}

/* Counts, times (RFC 6298 4: once a round trip is enough) and moves SND.NXT. */
static void note_sent(struct leat_tcp *conn, uint32_t seq, uint32_t len)
{
    struct leat *stack = conn->tcp->stack;

    if (seq_lt(seq, conn->tcb.snd_nxt)) {
        conn->retransmits++;
        stack->stats.tcp_retransmitted++;
        if ((conn->flags & CONN_TIMED) && seq_le(seq, conn->timed_seq))
            conn->flags &= ~(unsigned)CONN_TIMED; /* Karn */
    } else if (!(conn->flags & CONN_TIMED)) {
        conn->flags |= CONN_TIMED;
        conn->timed_seq = seq;
        conn->timed_at_ns = stack->now_ns;
    }
    if (conn->snd_una == conn->tcb.snd_nxt) /* the wait for an answer begins */
        conn->progress_at_ns = stack->now_ns;
    conn->tcb.snd_nxt = seq_max(conn->tcb.snd_nxt, seq + len);
}

/* What an ACK in a segment settles. */
static void note_acked(struct leat_tcp *conn)
{
    conn->flags &= ~(unsigned)CONN_ACK_NOW;
    conn->unacked_segments = 0;
    conn->delack_at_ns = LEAT_NEVER_NS;
}

/* False: no memory. */
static bool send_plan(struct leat_tcp *conn, const struct path *path, struct plan *plan)
{
    struct wire_tcp header = {
        .seq = plan->seq, .flags = TCP_ACK, .wind_shift = WIRE_TCP_NO_SHIFT};
    struct leat_buf *text = 0;

    if (plan->text_bytes > 0) {
        const uint32_t wanted = plan->text_bytes;

        text = sendq_slice(&conn->sendq, plan->seq, &plan->text_bytes);
        if (!text)
            return false;
        plan->fin = plan->fin && plan->text_bytes == wanted;
    }
    if (plan->text_bytes > 0 && plan->seq + plan->text_bytes == sendq_end(&conn->sendq))
        header.flags |= TCP_PSH; /* RFC 9293 3.9.1.2: no more is queued */
    if (plan->fin) {
        header.flags |= TCP_FIN;
        conn->flags |= CONN_FIN_SENT;
    }
    note_sent(conn, plan->seq, plan->text_bytes + plan->fin);
    tcp_emit(conn->tcp, path, &conn->tcb, &header, text);
    note_acked(conn);
    start_rexmt(conn);
    return true;
}

static void send_syn(struct leat_tcp *conn, const struct path *path)
{
    const bool answers = conn->flags & CONN_PEER_SYN;
    const bool scale = !answers || conn->tcb.rcv_wind_shift > 0;
    struct wire_tcp header = {
        .seq = conn->snd_una,
        .flags = (uint8_t)(TCP_SYN | (answers ? TCP_ACK : 0)),
        .mss = tcp_path_mss(conn->tcp, conn->tcb.local_ip, conn->tcb.remote_ip),
        .wind_shift = scale ? conn->tcb.rcv_wind_shift : WIRE_TCP_NO_SHIFT,
    };
    const bool again = conn->flags & CONN_LOST_SYN;

    conn->flags &= ~(unsigned)CONN_SEND_SYN;
    if (again) {
        conn->flags &= ~(unsigned)CONN_TIMED; /* Karn */
        conn->retransmits++;
        conn->tcp->stack->stats.tcp_retransmitted++;
    } else if (!answers) {
        conn->flags |= CONN_TIMED;
        conn->timed_seq = conn->snd_una;
        conn->timed_at_ns = conn->tcp->stack->now_ns;
    }
    tcp_emit(conn->tcp, path, &conn->tcb, &header, 0);
    start_rexmt(conn);
}

/* RFC 9293 3.8.6.1: one octet of what waits; 3.8.4: nothing, one octet back. */
static void send_probe(struct leat_tcp *conn, const struct path *path)
{
    struct plan plan = plan_first(conn, 1);
    struct wire_tcp header = {
        .seq = conn->tcb.snd_nxt - 1, .flags = TCP_ACK, .wind_shift = WIRE_TCP_NO_SHIFT};

    conn->flags &= ~(unsigned)CONN_PROBE;
    conn->tcp->stack->stats.tcp_probes++;
    if (plan.text_bytes == 0 && !plan.fin) {
        tcp_emit(conn->tcp, path, &conn->tcb, &header, 0);
        note_acked(conn);
        return;
    }
    header.seq = plan.seq;
    header.flags |= plan.fin ? TCP_FIN : 0;
    if (plan.fin)
        conn->flags |= CONN_FIN_SENT;
    if (plan.text_bytes > 0)
        tcp_emit(conn->tcp, path, &conn->tcb, &header,
                 sendq_slice(&conn->sendq, plan.seq, &plan.text_bytes));
    else
        tcp_emit(conn->tcp, path, &conn->tcb, &header, 0);
    conn->tcb.snd_nxt = seq_max(conn->tcb.snd_nxt, plan.seq + 1);
    note_acked(conn);
}

/* Something waits, nothing is in flight and nothing may go: the window is shut, or silly. */
static void start_persist(struct leat_tcp *conn)
{
    const bool waits = conn->sendq.bytes > 0 ||
                       ((conn->flags & CONN_FIN_QUEUED) && !(conn->flags & CONN_FIN_ACKED));

    if (!waits || conn->snd_at != conn->snd_una || conn->rexmt_at_ns != LEAT_NEVER_NS)
        return;
    if (!(conn->flags & CONN_PERSIST)) {
        conn->progress_at_ns = conn->tcp->stack->now_ns;
        conn->flags |= CONN_PERSIST;
    }
    conn->rexmt_at_ns = conn->tcp->stack->now_ns +
                        (conn->rtt.rto_ns > persist_min_ns ? conn->rtt.rto_ns : persist_min_ns);
    tcp_arm(conn);
}

/* ---- all of it ---------------------------------------------------------------------------- */

enum verdict {
    DONE,
    NO_ROOM,  /* the device's queue is full: go on when it isn't */
    NO_MEMORY /* go on in a moment */
};

static enum verdict send_text(struct leat_tcp *conn, const struct path *path)
{
    struct leat *stack = conn->tcp->stack;
    struct plan plan;

    if (conn->recovery.resend) {
        plan = plan_first(conn, conn->mss);
        if (!send_plan(conn, path, &plan))
            return NO_MEMORY;
        conn->recovery.resend = false;
        conn->snd_at = seq_max(conn->snd_at, plan.seq + plan.text_bytes + plan.fin);
    }
    for (unsigned budget = SEGMENTS_BUDGET; plan_next(conn, &plan); budget--) {
        if (budget == 0 || !ipv4_output_room(stack, path))
            return NO_ROOM;
        if (!send_plan(conn, path, &plan))
            return NO_MEMORY;
        conn->snd_at = plan.seq + plan.text_bytes + plan.fin;
        conn->flags &= ~(unsigned)CONN_RESUMED;
    }
    return DONE;
}

static void retry_later(struct leat_tcp *conn)
{
    conn->tcp->stack->stats.tx_no_memory++;
    conn->retry_at_ns = conn->tcp->stack->now_ns + retry_ns;
    tcp_arm(conn);
}

static void send_ack(struct leat_tcp *conn, const struct path *path)
{
    struct wire_tcp header = {
        .seq = conn->tcb.snd_nxt, .flags = TCP_ACK, .wind_shift = WIRE_TCP_NO_SHIFT};

    if (tcp_emit(conn->tcp, path, &conn->tcb, &header, 0))
        note_acked(conn);
    else
        retry_later(conn);
}

bool tcp_output(struct leat_tcp *conn)
{
    struct path path;
    enum verdict verdict;

    if (ipv4_path(conn->tcp->stack, conn->tcb.local_ip, conn->tcb.remote_ip, &path) != LEAT_OK) {
        conn->soft_error = LEAT_ERR_NO_ROUTE; /* perhaps it comes back; the timer goes on */
        if (conn->rexmt_at_ns == LEAT_NEVER_NS)
            start_rexmt(conn);
        return false;
    }
    if (conn->flags & CONN_SEND_SYN)
        send_syn(conn, &path);
    if (conn->tcb.flags & TCB_SYN_UNACKED)
        return false;
    tcp_open_window(conn);
    if (conn->flags & CONN_PROBE)
        send_probe(conn, &path);
    verdict = send_text(conn, &path);
    if (verdict == NO_MEMORY)
        retry_later(conn);
    if (conn->flags & CONN_ACK_NOW)
        send_ack(conn, &path);
    if (verdict == DONE)
        start_persist(conn);
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
