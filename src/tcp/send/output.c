/*
 * output.c -- decides which segment is sent next (RFC 9293 3.8.6, 3.10.2; RFC 5681; RFC 6675 5).
 *
 * Lost data is sent first, then new data, while less is in flight than the congestion window
 * allows, and only as far as the peer's window reaches. The send queue holds the data, the
 * scoreboard knows what was sent, and tcp_fin_waits() whether a FIN follows.
 */
#include "core/minmax.h"
#include "core/parts.h"
#include "ip/route.h"
#include "tcp/conn/deadlines.h"
#include "tcp/conn/budget.h"
#include "tcp/send/output.h"
#include "tcp/send/single_segment.h"
#include "tcp/congestion/seq.h"

enum {
    SEGMENTS_BUDGET = 64,       /* sent by a connection in one flush: then others have their turn */
    SUPER_BUDGET = 1024 * 1024, /* bytes: the budget for a device that splits super-frames */
    BURST_SEGMENTS = 10         /* that may be sent together, however slow the path */
};

static const uint64_t pace_ns = 1000000; /* the largest interval between bursts */

COLD static void no_memory(struct leat_tcp *conn)
{
    conn->tcp->stack->stats.tx_no_memory++;
    tcp_watch_memory(conn->tcp, true);
    tcp_retry_later(conn);
}

/* ---- what may be sent --------------------------------------------------------------------- */

/* Bytes that the congestion window allows. */
static uint32_t congestion_room(const struct leat_tcp *conn)
{
    const uint32_t pipe = recovery_pipe(&conn->transfer->recovery, &conn->transfer->scoreboard);

    return pipe < conn->transfer->congestion.cwnd ? conn->transfer->congestion.cwnd - pipe : 0;
}

/* ---- sending ------------------------------------------------------------------------------ */

enum verdict {
    SENT,
    NOTHING,  /* nothing (more) may be sent */
    PACED,    /* more may be sent, but later */
    NO_ROOM,  /* the device's queue is full: continue in the next turn */
    ENOUGH,   /* enough frames wait in the link's queue: tcp_wake() continues */
    NO_MEMORY /* no buffer is free: continue after a short wait */
};

/* The lost record to retransmit, if it lies within the peer's window. */
static struct sent *lost_in_window(struct leat_tcp *conn)
{
    struct sent *sent = scoreboard_lost(&conn->transfer->scoreboard, &conn->tcp->sents, conn->mss);

    return sent && seq_lt(sent->seq, conn->snd_una + conn->snd_wnd) ? sent : 0;
}

/* If a short segment was all that is in flight, and is lost, new data behind it goes with it. A
 * refused byte of a window probe is such a segment. Returns how much new data that is. */
static uint32_t fill_up(const struct leat_tcp *conn, const struct sent *lost, uint32_t room)
{
    const uint32_t len = lost->end - lost->seq;
    const uint32_t most = min32(min32(room, conn->snd_wnd), conn->mss);
    const uint32_t waiting = tcp_unsent_bytes(conn);
    uint32_t more;

    if (lost != conn->transfer->scoreboard.first || lost != conn->transfer->scoreboard.last ||
        len >= most)
        return 0;
    more = min32(waiting, most - len);
    more += more == waiting && more < most - len && tcp_fin_waits(conn) && !tcp_fin_has_left(conn);
    return more;
}

/* The packet size to probe the path MTU with, limited to the peer's MSS (RFC 8899 5.1.2:
 * MAX_PLPMTU); 0: none. */
static inline uint16_t probe_bytes(const struct leat_tcp *conn)
{
    const uint16_t candidate =
        HAS_MTU_SEARCH ? pmtu_candidate(&conn->pmtu, conn->tcp->stack->now_ns) : 0;
    uint32_t most;

    if (candidate == 0)
        return 0;
    most = conn->peer_mss + tcp_headers_bytes(&conn->tcb);
    if (candidate <= most)
        return candidate;
    return most > conn->pmtu.mtu ? (uint16_t)most : 0;
}

/* Plans a probe of the path MTU, if there is data to fill it (RFC 8899 5.3). */
static bool plan_probe(const struct leat_tcp *conn, uint32_t room, struct plan *plan)
{
    const uint16_t candidate = probe_bytes(conn);
    uint32_t data_bytes;

    if (candidate == 0)
        return false;
    data_bytes = candidate - tcp_headers_bytes(&conn->tcb);
    data_bytes -= conn->tcb.flags & TCB_TS ? (uint32_t)WIRE_TCP_TS_BYTES : 0;
    if (conn->transfer->recovery.phase != RECOVERY_NONE || tcp_peer_room(conn) < data_bytes ||
        room < data_bytes || tcp_unsent_bytes(conn) < data_bytes)
        return false;
    *plan = (struct plan){.seq = conn->tcb.snd_nxt, .data_bytes = data_bytes};
    return true;
}

COLD static bool send_probe_of_path(struct leat_tcp *conn, const struct path *path,
                                    struct plan *plan)
{
    const uint16_t candidate = probe_bytes(conn);
    const uint32_t wanted = plan->data_bytes;

    if (!tcp_send_new(conn, path, plan))
        return false;
    if (plan->data_bytes == wanted) { /* not shortened because the data lay in many pieces */
        conn->transfer->scoreboard.last->flags |= SENT_PROBE;
        pmtu_probe(&conn->pmtu, candidate);
    }
    return true;
}

/* Data that may be sent as one frame on @link, with @burst_left bytes left of the burst. */
static uint32_t frame_bytes_max(const struct leat_tcp *conn, const struct link *link,
                                uint64_t burst_left)
{
    const uint32_t super = min32(SUPER_DATA_MAX, link_super_data(link, SUPER_HEADERS_MAX));
    const struct pool_list *lists = conn->tcp->stack->pool.lists;
    const struct pool_list *small = &lists[POOL_SMALL], *views = &lists[POOL_VIEW];

    /* No super-frame in three cases. CWR must be in the first segment only (RFC 3168 6.1.2), which
     * not every device knows. Without DF each segment has an identification of its own (RFC 6864
     * 4.3). When memory is short, a failed cut would lose the whole frame. */
    if (!HAS_SUPER_FRAMES || burst_left <= conn->mss || (conn->flags & CONN_CWR) || conn->no_df ||
        small->free_count < small->count / 2 || views->free_count < views->count / 2)
        return conn->mss;
    if (burst_left < super)
        return (uint32_t)burst_left;
    return max32(conn->mss, super);
}

/* Retransmits lost data, before all new data. */
COLD static enum verdict send_lost(struct leat_tcp *conn, const struct path *path, uint32_t room)
{
    struct sent *lost = lost_in_window(conn);

    if (!lost || (room < lost->end - lost->seq && room < conn->transfer->congestion.cwnd))
        return NOTHING;
    return tcp_send_again(conn, path, lost, fill_up(conn, lost, room)) ? SENT : NO_MEMORY;
}

static enum verdict send_one(struct leat_tcp *conn, const struct path *path, uint64_t burst_left)
{
    const uint32_t room = congestion_room(conn);
    struct plan plan;

    if (room == 0)
        return NOTHING;
    if (conn->transfer->scoreboard.lost_bytes > 0)
        return send_lost(conn, path, room);
    if (plan_probe(conn, room, &plan))
        return send_probe_of_path(conn, path, &plan) ? SENT : NO_MEMORY;
    if (!tcp_plan_new(conn, room, frame_bytes_max(conn, path->link, burst_left), &plan))
        return NOTHING;
    return tcp_send_new(conn, path, &plan) ? SENT : NO_MEMORY;
}

/* The pacing rate, bytes a second: two windows a round trip in slow start, so that the window can
 * double, and 1.25 windows later. BBR has its own rate. 0: no pacing. */
static uint64_t pacing_rate(const struct leat_tcp *conn)
{
    const struct congestion *congestion = &conn->transfer->congestion;
    const uint64_t per_s = (uint64_t)congestion->cwnd * 1000000000;

    if (congestion->bbr)
        return congestion->bbr->pacing_rate;
    if (!tcp_is_paced(conn))
        return 0;
    return (congestion->cwnd < congestion->ssthresh ? 2 * per_s : per_s + per_s / 4) /
           rtt_srtt_ns(&conn->rtt);
}

/* Bytes that may be sent together; 0: the last burst was too recently. */
static uint64_t burst_bytes(struct leat_tcp *conn, uint64_t rate)
{
    const struct bbr *bbr = conn->transfer->congestion.bbr;
    const uint64_t least = bbr ? bbr->send_quantum : BURST_SEGMENTS * (uint64_t)conn->mss;
    const uint64_t due = bbr ? 0 : rate * pace_ns / 1000000000;
    const bool held = conn->transfer->recovery.held;

    if (rate == 0 && !held)
        return UINT64_MAX;
    if (conn->tcp->stack->now_ns < conn->transfer->paced_until_ns &&
        (held || conn->transfer->scoreboard.in_flight_bytes > 0)) {
        tcp_retry_at(conn, conn->transfer->paced_until_ns);
        return 0;
    }
    conn->transfer->recovery.held = false;
    if (rate == 0)
        return UINT64_MAX;
    return due > least ? due : least;
}

/* After an idle time the old window says little about the path: RFC 5681 4.1. The time counts from
 * the last data that was sent with nothing in flight, or the last ACK that left data in flight. */
HOT void restart_if_idle(struct leat_tcp *conn)
{
    struct congestion *congestion = &conn->transfer->congestion;
    const uint64_t idle_ms = tcp_age_ms(conn->tcp, conn->progress_ms);

    if (conn->snd_una != conn->tcb.snd_nxt)
        return;
    if (congestion->bbr)
        congestion->ops->bbr->restarts(congestion->bbr, conn->tcp->stack->now_ns);
    else if (idle_ms * DEADLINE_NS_PER_MS > rtt_rto_ns(&conn->rtt))
        congestion_restart(congestion);
}

/* True if nothing is lost, no data is new and no FIN waits. That is so after most ACKs, and saves
 * all other checks. */
static bool has_nothing_to_send(const struct leat_tcp *conn)
{
    return conn->transfer->scoreboard.lost_bytes == 0 && tcp_unsent_bytes(conn) == 0 &&
           !(tcp_fin_waits(conn) && !tcp_fin_has_left(conn));
}

/* Bytes that one connection may send in one flush. */
static uint64_t flush_bytes(const struct leat_tcp *conn, const struct path *path)
{
    return path->link && link_has_tso(path->link) ? SUPER_BUDGET
                                                  : (uint64_t)SEGMENTS_BUDGET * conn->mss;
}

/* The time that the burst just sent counts from. BBR's rate is a promise, so after a late turn the
 * next ones make up for it (5.6.2: C.next_send_time), up to one burst interval. */
static uint64_t burst_began_ns(const struct leat_tcp *conn)
{
    const uint64_t now_ns = conn->tcp->stack->now_ns;
    const uint64_t due_ns = conn->transfer->paced_until_ns;

    return conn->transfer->congestion.bbr && due_ns + pace_ns > now_ns ? due_ns : now_ns;
}

/* True if the link's queue takes segments of any connection. */
static inline bool is_open_below(const struct path *path)
{
    return path->link && path->link->tx_waiting < path->link->tx_places;
}

/* Bytes that may be passed below TCP now. */
static inline uint32_t room_below(const struct leat_tcp *conn, const struct path *path)
{
    if (is_open_below(path))
        return (path->link->tx_places - path->link->tx_waiting) * conn->mss;
    return tcp_link_queue_left(conn, path);
}

/* Says how to continue when there is no room below. */
COLD static enum verdict no_room_below(const struct leat_tcp *conn, const struct path *path)
{
    return tcp_link_queue_wait(conn, path) ? ENOUGH : NO_ROOM;
}

/* Sends as much as windows, budgets and pacing allow. */
static enum verdict send_burst(struct leat_tcp *conn, const struct path *path)
{
    const uint64_t most = flush_bytes(conn, path);
    const uint64_t rate = pacing_rate(conn);
    const uint64_t burst = burst_bytes(conn, rate);
    enum verdict verdict = SENT;
    uint64_t sent = 0;

    restart_if_idle(conn);
    for (unsigned budget = SEGMENTS_BUDGET; verdict == SENT && sent < burst; budget--) {
        const uint32_t in_flight = conn->transfer->scoreboard.in_flight_bytes;
        uint32_t room;

        if (budget == 0 || sent >= most)
            return NO_ROOM;
        room = room_below(conn, path);
        if (room == 0)
            return no_room_below(conn, path);
        verdict =
            has_nothing_to_send(conn) ? NOTHING : send_one(conn, path, min64(burst - sent, room));
        sent += conn->transfer->scoreboard.in_flight_bytes - in_flight;
    }
    if (verdict != SENT)
        return verdict;
    if (sent > 0) {
        /* without a rate, a burst ends with another verdict:
         * NOLINTNEXTLINE(clang-analyzer-core.DivideZero) */
        conn->transfer->paced_until_ns = burst_began_ns(conn) + sent * 1000000000 / rate;
        tcp_retry_at(conn, conn->transfer->paced_until_ns);
    }
    return PACED;
}

/* Sends data, except for the single segment that tcp_is_one_segment() recognizes. */
static enum verdict send_data(struct leat_tcp *conn, const struct path *path)
{
    if (has_nothing_to_send(conn))
        return NOTHING;
    if (!tcp_transfer_get(conn)) /* a FIN, behind data that is all acknowledged */
        return NO_MEMORY;
    return send_burst(conn, path);
}

/* Waits for a route: the persist timer runs if nothing is in flight, otherwise the retransmission
 * timer. Without data no timer is needed. */
COLD static void wait_for_route(struct leat_tcp *conn)
{
    const bool in_flight = conn->snd_una != conn->tcb.snd_nxt;

    tcp_note_error(conn, LEAT_ERR_NO_ROUTE);
    if (!in_flight || (conn->flags & CONN_PERSIST))
        tcp_start_persist(conn);
    if (in_flight && conn->rexmt_at == DEADLINE_NONE)
        tcp_start_rexmt(conn);
}

/* Sends the ACK that is due, unless another segment has carried it. */
static void send_owed_ack(struct leat_tcp *conn, const struct path *path)
{
    if ((conn->flags & CONN_ACK_NOW) && !tcp_send_ack(conn, path, conn->tcb.snd_nxt))
        no_memory(conn);
}

/* Finishes an output that ended with a @verdict other than SENT. */
static void end_output(struct leat_tcp *conn, const struct path *path, enum verdict verdict)
{
    if (verdict == NO_MEMORY)
        no_memory(conn);
    send_owed_ack(conn, path);
    if (verdict != NOTHING)
        return;
    tcp_start_persist(conn);
    /* SACKed data is neither lost nor in flight, but the peer may still drop it */
    if (conn->snd_una != conn->tcb.snd_nxt && conn->rexmt_at == DEADLINE_NONE)
        tcp_run_rexmt(conn);
}

/* The general path of tcp_output(), if the queue isn't a single segment, or if @verdict says why
 * that couldn't be sent. @snd_nxt_before: SND.NXT before a window probe was sent. */
static __attribute__((noinline)) bool output_any(struct leat_tcp *conn, const struct path *path,
                                                 enum verdict verdict, uint32_t snd_nxt_before)
{
    if (verdict == SENT)
        verdict = send_data(conn, path);
    if (verdict == SENT)
        return false; /* the data has carried the ACK */
    if ((conn->flags & CONN_TAIL_PROBE) && !tcp_send_tail_probe(conn, path))
        verdict = NO_MEMORY;
    end_output(conn, path, verdict);
    if (conn->tcb.snd_nxt != snd_nxt_before)
        tcp_watch_tail(conn);
    return verdict == NO_ROOM;
}

/* During the handshake only our SYN is sent, and ACKs of unacceptable segments in SYN-RECEIVED
 * (3.10.7.4 first). True: it is over, or data may be sent anyway (RFC 7413). */
static bool output_handshake(struct leat_tcp *conn, const struct path *path)
{
    if (conn->flags & CONN_SEND_SYN)
        tcp_send_syn(conn, path);
    if (!(conn->tcb.flags & TCB_SYN_UNACKED) || (conn->flags & CONN_FAST_OPEN))
        return true;
    send_owed_ack(conn, path);
    return false;
}

/* The rest of tcp_output() after output_with_headers(), which found no memory. */
COLD static bool output_without_memory(struct leat_tcp *conn)
{
    struct path found;
    const struct path *path =
        route_cache_find(conn->tcp->stack, conn->tcb.local_ip, conn->tcb.remote_ip, &found);

    return path && output_any(conn, path, NO_MEMORY, conn->tcb.snd_nxt);
}

/* Sends what windows and queues allow. True: it stopped for lack of room. */
static inline bool tcp_output(struct leat_tcp *conn)
{
    struct path found;
    struct path *path =
        route_cache_find(conn->tcp->stack, conn->tcb.local_ip, conn->tcb.remote_ip, &found);
    const uint32_t snd_nxt_before = conn->tcb.snd_nxt;
    enum verdict verdict = SENT;

    if (!path) {
        wait_for_route(conn);
        return false;
    }
    if (conn->flags & CONN_REACHED) {
        conn->flags &= ~(unsigned)CONN_REACHED;
        ipv4_reached(path);
    }
    if ((conn->tcb.flags & TCB_SYN_UNACKED) && !output_handshake(conn, path))
        return false;
    tcp_open_window(conn);
    if (conn->flags & CONN_PROBE)
        tcp_send_probe(conn, path);
    if ((SHORTCUTS || !tcp_has_transfer(conn)) && tcp_is_one_segment(conn)) {
        if (!is_open_below(path) && tcp_link_queue_left(conn, path) == 0) {
            verdict = no_room_below(conn, path);
        } else {
            restart_if_idle(conn);
            if (tcp_send_one_segment(conn, path)) {
                tcp_prepare_headers(conn, path);
                return false;
            }
            verdict = NO_MEMORY;
        }
    }
    return output_any(conn, path, verdict, snd_nxt_before);
}

/* tcp_output() without a path. */
static inline bool output_with_headers(struct leat_tcp *conn)
{
    conn->flags &= ~(unsigned)CONN_REACHED;
    tcp_open_window(conn);
    restart_if_idle(conn);
    return !tcp_send_one_segment(conn, 0) && output_without_memory(conn);
}

/* Ends a connection's turn; it is put back into the ring if it has @more to send. True: the ring
 * isn't empty. */
static inline bool end_turn(struct tcp *tcp, struct leat_tcp *conn, bool more)
{
    if (more)
        near_ring_put(tcp, &tcp->output, &conn->output);
    tcp_arm_delayed_ack(conn);
    return !near_ring_is_empty(tcp, &tcp->output);
}

static __attribute__((noinline)) bool flush_any(struct tcp *tcp, struct leat_tcp *conn)
{
    return end_turn(tcp, conn, tcp_output(conn));
}

static __attribute__((noinline)) bool flush_with_headers(struct tcp *tcp, struct leat_tcp *conn)
{
    return end_turn(tcp, conn, output_with_headers(conn));
}

/* Serves @node, which has been taken off the ring. True: the ring isn't empty. The choice is a
 * function of its own, so that it saves no registers. */
static inline bool flush_one(struct tcp *tcp, struct near_ring *node)
{
    struct leat_tcp *conn = container_of(node, struct leat_tcp, output);

    return tcp_headers_suffice(conn) ? flush_with_headers(tcp, conn) : flush_any(tcp, conn);
}

/* Serves all nodes up to a mark. Nodes that are put back wait for the next turn. */
static __attribute__((noinline)) bool flush_many(struct tcp *tcp)
{
    struct near_ring *node;

    near_ring_put(tcp, &tcp->output, &tcp->output_last);
    while ((node = near_ring_first(tcp, &tcp->output)) != &tcp->output_last) {
        near_ring_remove(tcp, node);
        (void)flush_one(tcp, node);
    }
    near_ring_remove(tcp, &tcp->output_last);
    return !near_ring_is_empty(tcp, &tcp->output);
}

bool tcp_flush(struct leat *stack)
{
    struct tcp *tcp = stack->tcp;

    if (near_ring_is_empty(tcp, &tcp->output))
        return false;
    if (near_ring_is_short(&tcp->output)) /* a single one needs no mark */
        return flush_one(tcp, near_ring_take_only(tcp, &tcp->output));
    return flush_many(tcp);
}
