/*
 * deadlines.h -- the deadlines of a connection. Only these functions set them.
 *
 * One timer lies in the wheel. Beside it are four deadlines, which one store moves:
 *      rexmt_at          the retransmission timer (RFC 6298), or the persist timer (CONN_PERSIST)
 *      loss_at_ns        RACK looks for losses, or the tail is probed (CONN_LOSS_IS_PROBE)
 *      ack_or_retry_at   a delayed ACK, or a retry (CONN_DELAYED_ACK, CONN_RETRY)
 *      keepalive_at_ms   keep-alive, the end of FIN-WAIT-2, a listener's limits
 * timers.c handles them when they are due.
 *
 * The timer is never cancelled. It fires without a deadline, does nothing, and leaves the wheel. It
 * even outlives its connection: the next one of the entry finds it set, mostly for an earlier time
 * than it needs. So a connection that lives for a request moves no timer in the wheel.
 */
#ifndef TCP_DEADLINES_H
#define TCP_DEADLINES_H

#include "core/cold.h"
#include "core/parts.h"
#include "tcp/tcp.h"

/* Makes the timer fire at @at_ns or before. It is mostly due before already. */
static inline void tcp_arm_for(struct leat_tcp *conn, uint64_t at_ns)
{
    if (!timer_is_set(&conn->timer) || at_ns < timer_at_ns(&conn->timer))
        timer_set(&conn->tcp->stack->timers, &conn->timer, at_ns);
}

/* While the retransmission timer is stopped, nothing is in flight that could be lost. So the
 * transfer need not be read then. */
static inline uint64_t tcp_loss_ns(const struct leat_tcp *conn)
{
    return !HAS_RACK || conn->rexmt_at == DEADLINE_NONE ? LEAT_NEVER_NS
                                                        : conn->transfer->loss_at_ns;
}

/* The first of all deadlines, LEAT_NEVER_NS if there is none. The deadlines are not before
 * @from_ns. */
uint64_t tcp_first_deadline_ns(const struct leat_tcp *conn, uint64_t from_ns);

/* Stops all deadlines; the timer stays in the wheel. */
void tcp_stop_deadlines(struct leat_tcp *conn);

/* ---- retransmission and persist ----------------------------------------------------------- */

/* Restarts the retransmission timer. */
static inline void tcp_run_rexmt(struct leat_tcp *conn)
{
    const uint64_t at_ns = conn->tcp->stack->now_ns + rtt_rto_ns(&conn->rtt);

    conn->rexmt_at = deadline_at(at_ns);
    tcp_arm_for(conn, at_ns);
}

/* Starts the retransmission timer if it doesn't run; it replaces the persist timer. */
void tcp_start_rexmt(struct leat_tcp *conn);

/* Stops both timers. */
static inline void tcp_stop_rexmt(struct leat_tcp *conn)
{
    conn->flags &= ~(unsigned)CONN_PERSIST;
    conn->rexmt_at = DEADLINE_NONE;
}

/* Notes that either has expired; CONN_PERSIST still says which one. */
static inline void tcp_rexmt_is_over(struct leat_tcp *conn)
{
    conn->rexmt_at = DEADLINE_NONE;
}

/* Notes that the persist timer is needed; tcp_start_persist() starts it. */
static inline void tcp_await_persist(struct leat_tcp *conn)
{
    conn->flags |= CONN_PERSIST;
    conn->rexmt_at = DEADLINE_NONE;
}

/* Starts the persist timer, to expire at @at_ns. */
static inline void tcp_run_persist(struct leat_tcp *conn, uint64_t at_ns)
{
    conn->flags |= CONN_PERSIST;
    conn->rexmt_at = deadline_at(at_ns);
    tcp_arm_for(conn, at_ns);
}

/* ---- losses before the timeout ------------------------------------------------------------ */

/* RFC 8985 7.2: the time of the tail loss probe, at most the time of the timeout, which it then
 * replaces. @one: at most one segment is in flight. */
static inline uint64_t tcp_tail_probe_ns(const struct leat_tcp *conn, bool one, uint64_t rexmt_ns)
{
    const uint64_t probe_ns =
        conn->tcp->stack->now_ns + tlp_timeout_ns(rtt_srtt_ns(&conn->rtt), one);

    return probe_ns < rexmt_ns ? probe_ns : rexmt_ns;
}

/* RFC 8985 7.2: true if no loss is known, nothing is being repaired, and no probe is in flight. */
bool tcp_may_probe_tail(const struct leat_tcp *conn);

/* Sets RACK's next check to @look_at_ns. LEAT_NEVER_NS: no check; a tail probe that is due
 * stays. */
void tcp_watch_losses(struct leat_tcp *conn, uint64_t look_at_ns);

/* Restarts the wait for the tail probe, after new data was sent or SND.UNA moved, unless RACK
 * checks before (RFC 8985 7.2). */
void tcp_watch_tail(struct leat_tcp *conn);

/* Starts the deadlines for the only segment in flight, just sent: RFC 6298 5.1, or RFC 8985 7.2 if
 * that is earlier. No other code can have set either deadline, and the timer needs only the nearer
 * one. */
HOT void tcp_run_first(struct leat_tcp *conn)
{
    const uint64_t rexmt_ns = deadline_seen_ns(conn->tcp->stack->now_ns + rtt_rto_ns(&conn->rtt));
    const uint64_t first_ns = tcp_tail_probe_ns(conn, true, rexmt_ns);

    conn->flags &= ~(unsigned)CONN_PERSIST;
    conn->rexmt_at = deadline_at(rexmt_ns);
    if (!tcp_has_transfer(conn)) { /* rexmt_at serves for both */
        const bool probes = HAS_RACK && tcp_recovery_mode(conn) == RECOVERY_RACK;

        conn->rexmt_at = deadline_at(probes ? first_ns : rexmt_ns);
        tcp_arm_for(conn, probes ? first_ns : rexmt_ns);
    } else if (HAS_RACK && recovery_is_open(&conn->transfer->recovery)) {
        conn->transfer->loss_at_ns = first_ns;
        conn->flags |= CONN_LOSS_IS_PROBE;
        tcp_arm_for(conn, first_ns);
    } else {
        tcp_arm_for(conn, rexmt_ns);
        tcp_watch_tail(conn);
    }
}

/* Stops RACK's check and the tail probe. */
static inline void tcp_stop_watching(struct leat_tcp *conn)
{
    conn->transfer->loss_at_ns = LEAT_NEVER_NS;
    conn->flags &= ~(unsigned)CONN_LOSS_IS_PROBE;
}

/* ---- delayed ACK, retry ------------------------------------------------------------------- */

/* Makes @what, CONN_DELAYED_ACK or CONN_RETRY, due at @at_ns. If the other is due later, it is
 * moved to that time. */
static inline void tcp_set_ack_or_retry(struct leat_tcp *conn, enum conn_flag what, uint64_t at_ns)
{
    const uint32_t at = deadline_tick(at_ns);

    if (!(conn->flags & (CONN_DELAYED_ACK | CONN_RETRY)) ||
        (int32_t)(at - conn->ack_or_retry_at) < 0)
        conn->ack_or_retry_at = at;
    conn->flags |= what;
}

/* The time of the delayed ACK or the retry; LEAT_NEVER_NS: neither is due. */
uint64_t tcp_ack_or_retry_ns(const struct leat_tcp *conn, uint64_t from_ns);

/* Makes the timer fire for the delayed ACK or the retry. */
static inline void tcp_arm_ack_or_retry(struct leat_tcp *conn)
{
    tcp_arm_for(conn, deadline_tick_ns(conn->ack_or_retry_at, conn->tcp->stack->now_ns));
}

/* Arms the timer for an ACK that is still due after the program and the flush had their turns. */
static inline void tcp_arm_delayed_ack(struct leat_tcp *conn)
{
    if (conn->flags & CONN_DELAYED_ACK)
        tcp_arm_ack_or_retry(conn);
}

/* Delays the ACK of the segment that has just come. If the program is called back in this turn, its
 * answer may carry the ACK, so the timer isn't touched, unless it is needed for a retry. */
static inline void tcp_delay_ack(struct leat_tcp *conn)
{
    tcp_set_ack_or_retry(conn, CONN_DELAYED_ACK,
                         conn->tcp->stack->now_ns + conn->tcp->config.delayed_ack_ns);
    if (!near_ring_is_in(&conn->told) || (conn->flags & CONN_RETRY))
        tcp_arm_ack_or_retry(conn);
}

/* Looks for something to send at @at_ns, or before. */
void tcp_retry_at(struct leat_tcp *conn, uint64_t at_ns);

/* Memory was short: schedules a retry, for the connection and for a program that waits to write. */
COLD void tcp_retry_later(struct leat_tcp *conn);

/* ---- keep-alive and limits ---------------------------------------------------------------- */

/* Sets the keep-alive deadline to @ns from now, or to the maximum of a deadline. */
static inline void tcp_run_keepalive_in(struct leat_tcp *conn, uint64_t ns)
{
    const uint64_t at_ns =
        conn->tcp->stack->now_ns + (ns < deadline_ms_max_ns ? ns : deadline_ms_max_ns);

    conn->keepalive_at_ms = deadline_at_ms(at_ns);
    tcp_arm_for(conn, at_ns);
}

static inline void tcp_stop_keepalive(struct leat_tcp *conn)
{
    conn->keepalive_at_ms = DEADLINE_NONE;
}

#endif
