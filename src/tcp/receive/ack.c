/* ack.c -- processing of an acceptable ACK (RFC 9293 3.10.7.4, fifth). */
#include "core/cold.h"
#include "core/parts.h"
#include "ip/route.h"
#include "tcp/conn/deadlines.h"
#include "tcp/conn/lifetime.h"
#include "tcp/conn/wake.h"
#include "tcp/conn/account.h"
#include "tcp/conn/budget.h"
#include "tcp/congestion/seq.h"
#include "tcp/receive/ack.h"
#include "tcp/tcp.h"

/* ---- the peer's window -------------------------------------------------------------------- */

/* RFC 9293 3.10.7.4: true unless the window of an old segment would replace a newer one. A segment
 * that acknowledges new data isn't old, even if its own data is. SND.WND counts from SND.UNA, so
 * the window before it would let us send further than the peer has ever allowed. An ACK below
 * SND.UNA doesn't get here, and SND.WL2 is never behind SND.UNA, so neither is compared. */
static bool window_is_news(const struct leat_tcp *conn, const struct wire_tcp *header)
{
    return seq_lt(conn->snd_una, header->ack) || seq_le(conn->snd_wl1, header->seq);
}

/* Takes the window of the segment. Returns true if it has changed. */
static inline bool take_window(struct leat_tcp *conn, const struct wire_tcp *header)
{
    const uint8_t shift = header->flags & TCP_SYN ? 0 : conn->snd_wind_shift;
    const uint32_t wnd = (uint32_t)header->window << shift;
    const bool changed = wnd != conn->snd_wnd;

    if (!window_is_news(conn, header))
        return false;
    conn->snd_wnd = wnd;
    conn->snd_wl1 = header->seq;
    if (wnd > conn->snd_wnd_max)
        conn->snd_wnd_max = wnd;
    if (wnd > 0 && (conn->flags & CONN_PERSIST)) { /* the window is open: no more probes */
        tcp_stop_rexmt(conn);
        rtt_forget_backoff(&conn->rtt, &conn->tcp->rto);
        if (conn->snd_una !=
            conn->tcb.snd_nxt) /* sacked data isn't lost, but the peer may still drop it */
            tcp_run_rexmt(conn);
    }
    return changed;
}

/* ---- acknowledged data -------------------------------------------------------------------- */

/* True if the free part of the queue is what the program asked for, or else half of the queue, or
 * enough to keep sending. */
static bool has_room_to_tell(const struct leat_tcp *conn)
{
    const uint32_t limit = tcp_send_limit(conn);
    const uint32_t flight = conn->tcb.snd_nxt - conn->snd_una;
    const uint32_t cwnd = conn->transfer->congestion.cwnd;
    const uint32_t wanted = conn->transfer->wanted_bytes;
    /* a hole keeps the queue full, with no new data to send */
    const bool starves = flight > cwnd && conn->transfer->sendq.bytes < flight + cwnd / 2;

    if (wanted > 0)
        return conn->transfer->sendq.bytes + (wanted < limit ? wanted : limit) <= limit;
    return conn->transfer->sendq.bytes < limit &&
           (conn->transfer->sendq.bytes <= limit / 2 || starves);
}

void tcp_tell_writable(struct leat_tcp *conn)
{
    if (!(conn->flags & CONN_WAS_FULL) || !has_room_to_tell(conn))
        return;
    if (tcp_send_units(conn) == 0) { /* there may be no ACK to report room */
        tcp_retry_later(conn);
    } else {
        conn->flags &= ~(unsigned)CONN_WAS_FULL;
        if (conn->transfer->wanted_bytes >
            0) /* not written if 0: this may be tcp->nothing, which is read-only */
            conn->transfer->wanted_bytes = 0;
        tcp_tell(conn, CONN_TELL_WRITABLE);
    }
}

static inline void ack_data(struct leat_tcp *conn, uint32_t ack)
{
    const uint32_t held = conn->transfer->sendq.held;

    sendq_ack(&conn->transfer->sendq, ack);
    tcp_note_sendq(conn, held);
}

/* Releases all numbers up to @ack: our SYN, data, our FIN. */
static void release_acked(struct leat_tcp *conn, uint32_t ack)
{
    const uint32_t data_end = tcp_data_end(conn);

    if (conn->tcb.flags & TCB_SYN_UNACKED) {
        conn->tcb.flags &= TCB_FLAGS & ~TCB_SYN_UNACKED;
        conn->flags &= ~(unsigned)CONN_SEND_SYN;
    }
    if (tcp_has_transfer(conn))
        ack_data(conn, seq_min(ack, data_end));
    conn->snd_una = ack;
    tcp_tell_writable(conn);
}

/* RFC 6298 5.2, 5.3. */
static void restart_timer(struct leat_tcp *conn)
{
    rtt_forget_backoff(&conn->rtt, &conn->tcp->rto);
    tcp_stop_rexmt(conn); /* tcp_output() starts it again if needed */
    if (conn->snd_una != conn->tcb.snd_nxt) {
        conn->progress_ms = tcp_now_ms(conn->tcp->stack);
        tcp_run_rexmt(conn);
    }
}

/* The RTT sample of this ACK. 0: it gives none (Karn; RFC 7323 4.1). */
static uint64_t sample_ns(const struct leat_tcp *conn, const struct wire_tcp *header,
                          const struct delivered *delivered)
{
    const struct leat *stack = conn->tcp->stack;
    const uint32_t ago_ms = tcp_now_ms(stack) + conn->tcb.ts_offset - header->tsecr;

    /* data behind a hole is acknowledged late, long after it was received */
    if (delivered->has_sample && !delivered->ambiguous)
        return stack->now_ns - delivered->sample_at_ns;
    if (header->has_ts && (conn->tcb.flags & TCB_TS) && delivered->acked_bytes > 0 &&
        ago_ms < UINT16_MAX)
        return ((uint64_t)ago_ms + 1) * 1000000;
    return 0;
}

/* ---- SACK --------------------------------------------------------------------------------- */

/* RFC 2883 4: true if the first block lies below the ACK, or inside of the second block. */
static bool is_dsack(const struct wire_tcp *header)
{
    const struct wire_sack *first = &header->sacks[0];
    const struct wire_sack *second = &header->sacks[1];

    if (seq_le(first->right, header->ack))
        return true;
    return header->sack_count > 1 && seq_le(second->left, first->left) &&
           seq_le(first->right, second->right);
}

/* Processes the blocks. Returns the bytes of a DSACK, else 0. An impossible block is ignored
 * (CVE-2019-11477). */
COLD static uint32_t take_sacks(struct leat_tcp *conn, const struct wire_tcp *header,
                                struct delivered *delivered)
{
    uint32_t dsack_bytes = 0;
    unsigned i = 0;

    if (header->sack_count == 0 || !(conn->tcb.flags & TCB_SACK))
        return 0;
    if (is_dsack(header)) {
        const uint32_t len = header->sacks[0].right - header->sacks[0].left;

        if (len > 0 && len <= conn->snd_wnd_max)
            dsack_bytes = len;
        i = 1;
    }
    for (; i < header->sack_count; i++) {
        const uint32_t left = header->sacks[i].left;
        const uint32_t right = header->sacks[i].right;

        if (seq_lt(left, right) && seq_le(conn->snd_una, left) && seq_le(right, conn->tcb.snd_nxt))
            scoreboard_sack(&conn->transfer->scoreboard, &conn->tcp->sents, left, right, conn->mss,
                            delivered);
    }
    return dsack_bytes;
}

/* ---- recovery ----------------------------------------------------------------------------- */

struct recovery_ack tcp_recovery_ack(const struct leat_tcp *conn)
{
    const struct recovery_ack now = {
        .now_ns = conn->tcp->stack->now_ns,
        .srtt_ns = rtt_srtt_ns(&conn->rtt),
        .snd_una = conn->snd_una,
        .snd_nxt = conn->tcb.snd_nxt,
        .flight_bytes = conn->tcb.snd_nxt - conn->snd_una,
        .pipe_bytes = recovery_pipe(&conn->transfer->recovery, &conn->transfer->scoreboard),
        .paced = tcp_is_paced(conn),
    };

    return now;
}

/* Reports the ACK to BBR. While a lost segment is repaired, BBR still lets new data be sent,
 * although SND.UNA stands still. So room in the send queue is reported to the program here, too. */
COLD static void tell_bbr(struct leat_tcp *conn, const struct recovery_result *result)
{
    const struct transfer *transfer = conn->transfer;
    const struct bbr_ack ack = {
        .now_ns = conn->tcp->stack->now_ns,
        .in_flight_bytes = recovery_pipe(&transfer->recovery, &transfer->scoreboard),
        .in_recovery = transfer->recovery.phase != RECOVERY_NONE,
        .marked = result->reduced_for_ecn,
        .repaired = result->reduced_for_probe,
        .undone = result->undone,
    };

    transfer->congestion.ops->bbr->acked(transfer->congestion.bbr, &ack);
    tcp_tell_writable(conn);
}

/* RFC 3168 6.1.2: the window is one segment, which can't be halved. So the next segment is sent
 * when the retransmission timer, restarted now, would expire. */
COLD static void hold(struct leat_tcp *conn)
{
    conn->transfer->paced_until_ns = conn->tcp->stack->now_ns + rtt_rto_ns(&conn->rtt);
    if (conn->snd_una != conn->tcb.snd_nxt)
        tcp_run_rexmt(conn);
    tcp_want_output(conn);
}

void tcp_recovery_result(struct leat_tcp *conn, const struct recovery_result *result)
{
    struct leat_stats *stats = &conn->tcp->stack->stats;

    if (HAS_MTU_SEARCH && conn->transfer->scoreboard.lost_probe_bytes > 0) {
        pmtu_lost(&conn->pmtu, conn->tcp->stack->now_ns);
        conn->transfer->scoreboard.lost_probe_bytes = 0;
    }
    stats->tcp_fast_recoveries += result->fast;
    stats->tcp_undone += result->undone;
    stats->tcp_ecn_reductions += result->reduced_for_ecn;
    stats->tcp_lost_again += result->reduced_again;
    if ((result->reduced_for_ecn || result->reduced_for_probe || result->reduced_again ||
         result->fast) &&
        !(conn->tcb.flags & TCB_ACCECN))
        conn->flags |= CONN_CWR; /* RFC 3168 6.1.2: for any reduction */
    if (result->reduced_for_ecn && conn->transfer->recovery.held)
        hold(conn);
    if (conn->transfer->congestion.bbr)
        tell_bbr(conn, result);
    tcp_watch_losses(conn, result->look_at_ns);
    if ((conn->flags & CONN_PERSIST) && conn->transfer->scoreboard.in_flight_bytes > 0) {
        conn->flags &= ~(unsigned)CONN_PERSIST; /* the lost data is in flight after all */
        tcp_run_rexmt(conn);
    }
}

/* RFC 5681 2, "duplicate acknowledgment": (a)-(e). With nothing in flight, a duplicate may also
 * report that a tail loss probe arrived twice (RFC 8985 7.4.2). */
static bool is_duplicate(const struct leat_tcp *conn, const struct tcp_segment *segment,
                         bool window_changed)
{
    return segment->header.ack == conn->snd_una &&
           (conn->tcb.snd_nxt != conn->snd_una || conn->transfer->recovery.tlp.out) &&
           segment->skip_bytes + segment->data_bytes == 0 && !window_changed &&
           !(segment->header.flags & (TCP_SYN | TCP_FIN));
}

/* An ACK of our SYN. No data was sent before, so there is nothing to recover (RFC 5681 3.1). */
static void take_ack_of_SYN(struct leat_tcp *conn, const struct wire_tcp *header)
{
    const uint32_t ack = header->ack;

    /* a client's data without a record was sent in the SYN */
    if (HAS_FAST_OPEN && conn->tcb.snd_nxt != conn->snd_una + 1 &&
        !conn->transfer->scoreboard.first && !(conn->flags & CONN_FAST_OPEN))
        tcp_fast_open_answered(conn, header);
    if (!(conn->flags & CONN_LOST_SYN)) /* Karn */
        rtt_SYN_acked(&conn->rtt, &conn->tcp->rto, conn->tcp->stack->now_ns);
    tcp_conn_not_fast(conn);
    /* data may have been sent after our SYN,ACK: the ACK is for that as well */
    if (conn->transfer->scoreboard.first) {
        release_acked(conn, conn->snd_una + 1);
        tcp_conn_mss_changed(conn);
        tcp_run_keepalive(conn);
    } else {
        conn->tcb.flags &= TCB_FLAGS & ~TCB_SYN_UNACKED;
        conn->flags &= ~(unsigned)CONN_SEND_SYN;
        if (ack == conn->snd_una + 1 && !(conn->flags & CONN_WAS_FULL))
            conn->snd_una = ack; /* no data was sent with the SYN */
        else
            release_acked(conn, ack);
        tcp_conn_handshaken(conn);
        if (HAS_FAST_OPEN && conn->snd_una != conn->tcb.snd_nxt)
            tcp_fast_open_retake(conn);
    }
    if (conn->snd_una != conn->tcb.snd_nxt)
        restart_timer(conn);
    else
        tcp_stop_rexmt(conn);
}

/* The only record in flight if the fast path applies, else NULL. That record was sent once and
 * @header acknowledges exactly it, with no other news, and congestion control need not count the
 * ACK because the window wasn't full. So it is with requests, responses and the FIN behind them. */
static struct sent *fast_path_record(const struct leat_tcp *conn, const struct wire_tcp *header)
{
    struct sent *sent = scoreboard_only(&conn->transfer->scoreboard);

    if (!sent || header->ack != conn->tcb.snd_nxt || header->sack_count > 0 ||
        (conn->tcb.flags & TCB_SYN_UNACKED) || (header->flags & TCP_ECE) ||
        (conn->flags & CONN_PERSIST) || !recovery_is_open(&conn->transfer->recovery) ||
        !congestion_ack_is_neutral(&conn->transfer->congestion, header->ack - conn->snd_una))
        return 0;
    return sent;
}

static inline void take_rtt(struct leat_tcp *conn, uint64_t sample_ns)
{
    rtt_sample(&conn->rtt, &conn->tcp->rto, sample_ns);
    tcp_count_rtt(conn->tcp, sample_ns);
}

/* Does what take_ack() does, for the ACK of a single record. */
static void take_ack_fast_path(struct leat_tcp *conn, const struct wire_tcp *header,
                               struct sent *sent)
{
    const uint64_t now_ns = conn->tcp->stack->now_ns;

    take_window(conn, header);
    rack_delivered_one(&conn->transfer->recovery.rack, sent->at_ns, sent->end, now_ns);
    if (now_ns > sent->at_ns)
        take_rtt(conn, now_ns - sent->at_ns);
    else
        rtt_forget_backoff(&conn->rtt, &conn->tcp->rto);
    scoreboard_ack_only(&conn->transfer->scoreboard, &conn->tcp->sents, sent);
    ack_data(conn, seq_min(conn->tcb.snd_nxt, sendq_end(&conn->transfer->sendq))); /* no FIN */
    conn->snd_una = conn->tcb.snd_nxt;
    if (conn->flags & CONN_WAS_FULL)
        tcp_tell_writable(conn);
    pmtu_progress(&conn->pmtu);
    tcp_stop_rexmt(conn);
    tcp_stop_watching(conn);
}

/* Confirms that the next hop is reachable, because our data has arrived. False: the route isn't
 * cached. */
static bool tell_reached(struct leat_tcp *conn)
{
    struct path *path = route_cache_get(conn->tcp->stack, conn->tcb.local_ip, conn->tcb.remote_ip);

    if (path)
        ipv4_reached(path);
    return path != 0;
}

/* True if nothing waits to be sent. */
static bool owes_nothing(const struct leat_tcp *conn)
{
    return conn->transfer->sendq.bytes == 0 &&
           !(conn->flags & (CONN_ACK_NOW | CONN_PROBE | CONN_TAIL_PROBE)) &&
           !tcp_fin_is_queued(conn);
}

/* Queues the connection for the next flush if something waits to be sent. @reached: our data has
 * reached the peer, which confirms the neighbour. Confirm it here only if neither a flush nor the
 * ACK of the segment's data will. */
HOT void look_if_owed(struct leat_tcp *conn, const struct tcp_segment *segment, bool reached)
{
    if (owes_nothing(conn) && (!reached || segment->data_bytes > 0 || tell_reached(conn)))
        return;
    if (reached)
        conn->flags |= CONN_REACHED;
    tcp_want_output(conn);
}

/* The ACK of a FIN that left alone. Nothing will follow it. */
static void take_ack_of_only_FIN(struct leat_tcp *conn, const struct wire_tcp *header)
{
    take_window(conn, header);
    conn->snd_una = conn->tcb.snd_nxt;
    tcp_stop_rexmt(conn);
    pmtu_progress(&conn->pmtu);
    if (!tell_reached(conn)) {
        conn->flags |= CONN_REACHED;
        tcp_want_output(conn);
    }
}

/* True if all data has been sent, and none is to be retransmitted. */
static bool is_out_of_data(const struct leat_tcp *conn)
{
    return conn->transfer->scoreboard.lost_bytes == 0 &&
           seq_le(tcp_data_end(conn), conn->tcb.snd_nxt);
}

COLD static void tell_bbr_of_ack(struct leat_tcp *conn, uint32_t pipe_bytes)
{
    const struct congestion *congestion = &conn->transfer->congestion;

    congestion->ops->bbr->ack_begins(congestion->bbr, pipe_bytes, is_out_of_data(conn));
}

/* Processes an ACK with news. Returns true if it acknowledges something new. */
static bool take_ack(struct leat_tcp *conn, const struct tcp_segment *segment, bool window_changed)
{
    const struct wire_tcp *header = &segment->header;
    /* the peer's window is still closed, so the ACK is for a window probe's byte: the intervals
     * between probes go on growing */
    const bool is_shut = (conn->flags & CONN_PERSIST) && conn->snd_wnd == 0;
    struct recovery_ack ack = tcp_recovery_ack(conn);
    struct delivered delivered = {0};
    struct recovery_result result;

    if (conn->transfer->congestion.bbr)
        tell_bbr_of_ack(conn, ack.pipe_bytes);
    ack.duplicate = is_duplicate(conn, segment, window_changed);
    ack.dsack_bytes = take_sacks(conn, header, &delivered);
    ack.has_ecr = header->has_ts && (conn->tcb.flags & TCB_TS);
    ack.ecr = header->tsecr;
    ack.congestion_marked = (header->flags & TCP_ECE) && (conn->tcb.flags & TCB_ECN);
    if (seq_lt(conn->snd_una, header->ack)) {
        scoreboard_ack(&conn->transfer->scoreboard, &conn->tcp->sents, header->ack, &delivered);
        release_acked(conn, header->ack);
    }
    ack.rtt_ns = sample_ns(conn, header, &delivered);
    if (HAS_MTU_SEARCH && delivered.probe) {
        pmtu_arrived(&conn->pmtu, ack.now_ns);
        tcp_conn_mss_changed(conn);
    }
    if (ack.rtt_ns > 0 && !is_shut)
        take_rtt(conn, ack.rtt_ns);
    if (delivered.acked_bytes > 0) {
        pmtu_progress(&conn->pmtu);
        if (is_shut && tcp_something_waits(conn))
            conn->progress_ms = segment->now_ms;
        else
            restart_timer(conn);
    }
    ack.snd_una = conn->snd_una;
    ack.srtt_ns = rtt_srtt_ns(&conn->rtt);
    result = recovery_acked(&conn->transfer->recovery, &conn->transfer->scoreboard,
                            &conn->transfer->congestion, &ack, &delivered);
    tcp_recovery_result(conn, &result);
    if (delivered.acked_bytes > 0)
        tcp_watch_tail(conn);
    return delivered.acked_bytes > 0;
}

/* Header prediction (Jacobson 1990), the receiver's half: true if nothing is in flight or being
 * repaired, and the ACK confirms just that. */
static bool is_no_news(const struct leat_tcp *conn, const struct wire_tcp *header)
{
    if (!tcp_has_transfer(conn))
        return true;
    return header->ack == conn->snd_una && conn->snd_una == conn->tcb.snd_nxt &&
           header->sack_count == 0 && !(header->flags & TCP_ECE) &&
           conn->transfer->recovery.phase == RECOVERY_NONE && !conn->transfer->recovery.tlp.out;
}

/* True if take_ack() has something to do. The ACK is new, or a duplicate that may report a loss, or
 * an overtaken one with SACK blocks (RFC 6675 5: any ACK with blocks updates the scoreboard). */
static bool is_news(const struct leat_tcp *conn, const struct wire_tcp *header, bool had_syn)
{
    if (seq_lt(conn->snd_una, header->ack))
        return true;
    if (header->ack != conn->snd_una)
        return header->sack_count > 0 && tcp_has_transfer(conn);
    return !had_syn && !is_no_news(conn, header);
}

/* All ACKs but those of the fast path. Not in line, because it would cost tcp_take_ACK()
 * registers. */
static __attribute__((noinline)) void take_any_ACK(struct leat_tcp *conn,
                                                   const struct tcp_segment *segment)
{
    const struct wire_tcp *header = &segment->header;
    const bool had_syn = conn->tcb.flags & TCB_SYN_UNACKED;
    bool window_changed = false;
    bool reached = false;

    if (tcp_fin_is_alone(conn) && header->ack == conn->tcb.snd_nxt) {
        take_ack_of_only_FIN(conn, header);
        return;
    }
    if (seq_le(conn->snd_una, header->ack))
        window_changed = take_window(conn, header);
    if (had_syn)
        take_ack_of_SYN(conn, header);
    if (is_news(conn, header, had_syn))
        reached = take_ack(conn, segment, window_changed);
    look_if_owed(conn, segment, reached);
}

void tcp_take_ACK(struct tcb *tcb, struct tcp_step *step)
{
    struct leat_tcp *conn = tcp_conn(tcb);
    struct sent *sent = SHORTCUTS ? fast_path_record(conn, &step->segment->header) : 0;

    if (!sent) {
        take_any_ACK(conn, step->segment);
        return;
    }
    take_ack_fast_path(conn, &step->segment->header, sent);
    look_if_owed(conn, step->segment, true);
}
