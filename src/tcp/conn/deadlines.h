/*
 * deadlines.h -- when a connection is to be looked at.  Nothing else sets its deadlines.
 *
 * One timer lies in the wheel; beside it are four deadlines, which cost a store to move:
 *      rexmt_at          the retransmission timer (RFC 6298), or the persist timer (CONN_PERSIST)
 *      loss_at_ns        RACK looks for losses, or the tail is probed (CONN_LOSS_IS_PROBE)
 *      ack_or_retry_at   a delayed ACK, or another try (CONN_DELAYED_ACK, CONN_RETRY)
 *      keepalive_at_ms   keep-alive, FIN-WAIT-2's end, a listener's limits
 * timers.c has what happens when one is reached.
 */
#ifndef TCP_DEADLINES_H
#define TCP_DEADLINES_H

#include "core/cold.h"
#include "tcp/tcp.h"

/* A deadline at @at_ns was set.  The timer is due before, mostly: then that is all. */
static inline void tcp_arm_for(struct leat_tcp *conn, uint64_t at_ns)
{
    if (!timer_is_set(&conn->timer) || at_ns < timer_at_ns(&conn->timer))
        timer_set(&conn->tcp->stack->timers, &conn->timer, at_ns);
}

/* While nothing runs that would send again, nothing is in flight that could be lost: then no line
 * of the transfer need be read. */
static inline uint64_t tcp_loss_ns(const struct leat_tcp *conn)
{
    return conn->rexmt_at == DEADLINE_NONE ? LEAT_NEVER_NS : conn->transfer->loss_at_ns;
}

/* The first of them all, LEAT_NEVER_NS if there is none; none is before @from_ns. */
uint64_t tcp_first_deadline_ns(const struct leat_tcp *conn, uint64_t from_ns);

/* No deadline any more. */
void tcp_stop_deadlines(struct leat_tcp *conn);

/* ---- retransmission and persist ----------------------------------------------------------- */

/* The retransmission timer runs, from now on. */
static inline void tcp_run_rexmt(struct leat_tcp *conn)
{
    const uint64_t at_ns = conn->tcp->stack->now_ns + rtt_rto_ns(&conn->rtt);

    conn->rexmt_at = deadline_at(at_ns);
    tcp_arm_for(conn, at_ns);
}

/* The same, if it doesn't already; the persist timer gives way to it. */
void tcp_start_rexmt(struct leat_tcp *conn);

/* Neither timer runs any more. */
static inline void tcp_stop_rexmt(struct leat_tcp *conn)
{
    conn->flags &= ~(unsigned)CONN_PERSIST;
    conn->rexmt_at = DEADLINE_NONE;
}

/* The deadline of either has been reached; CONN_PERSIST still says which one it was. */
static inline void tcp_rexmt_is_over(struct leat_tcp *conn)
{
    conn->rexmt_at = DEADLINE_NONE;
}

/* The persist timer is to run, and doesn't yet; tcp_start_persist() says until when. */
static inline void tcp_await_persist(struct leat_tcp *conn)
{
    conn->flags |= CONN_PERSIST;
    conn->rexmt_at = DEADLINE_NONE;
}

/* The persist timer runs until @at_ns. */
static inline void tcp_run_persist(struct leat_tcp *conn, uint64_t at_ns)
{
    conn->flags |= CONN_PERSIST;
    conn->rexmt_at = deadline_at(at_ns);
    tcp_arm_for(conn, at_ns);
}

/* ---- losses before the timeout ------------------------------------------------------------ */

/* RFC 8985 7.2: when the tail is probed; no later than the timeout, in whose place it then comes.
 * @one: no more than one segment is in flight. */
static inline uint64_t tcp_tail_probe_ns(const struct leat_tcp *conn, bool one, uint64_t rexmt_ns)
{
    const uint64_t probe_ns =
        conn->tcp->stack->now_ns + tlp_timeout_ns(rtt_srtt_ns(&conn->rtt), one);

    return probe_ns < rexmt_ns ? probe_ns : rexmt_ns;
}

/* RFC 8985 7.2: nothing is known to be lost, all is quiet, and no probe is out. */
bool tcp_may_probe_tail(const struct leat_tcp *conn);

/* RACK wants to look at @look_at_ns; LEAT_NEVER_NS: no, and a probe of the tail that is due stays
 * so. */
void tcp_watch_losses(struct leat_tcp *conn, uint64_t look_at_ns);

/* New data has left, or SND.UNA has moved: the wait for a probe of the tail begins (again), unless
 * RACK will look before (RFC 8985 7.2). */
void tcp_watch_tail(struct leat_tcp *conn);

/* The only segment in flight has just left: RFC 6298 5.1, or RFC 8985 7.2 if that comes before.
 * Nothing else can have set either deadline, and the nearer one is all that the timer needs. */
HOT void tcp_run_first(struct leat_tcp *conn)
{
    const uint64_t rexmt_ns = deadline_seen_ns(conn->tcp->stack->now_ns + rtt_rto_ns(&conn->rtt));
    const uint64_t first_ns = tcp_tail_probe_ns(conn, true, rexmt_ns);

    conn->flags &= ~(unsigned)CONN_PERSIST;
    conn->rexmt_at = deadline_at(rexmt_ns);
    if (!tcp_has_transfer(conn)) { /* one deadline, for whichever it is */
        const bool probes = tcp_recovery_mode(conn) == RECOVERY_RACK;

        conn->rexmt_at = deadline_at(probes ? first_ns : rexmt_ns);
        tcp_arm_for(conn, probes ? first_ns : rexmt_ns);
    } else if (recovery_is_open(&conn->transfer->recovery)) {
        conn->transfer->loss_at_ns = first_ns;
        conn->flags |= CONN_LOSS_IS_PROBE;
        tcp_arm_for(conn, first_ns);
    } else {
        tcp_arm_for(conn, rexmt_ns);
        tcp_watch_tail(conn);
    }
}

/* Neither is waited for any more. */
static inline void tcp_stop_watching(struct leat_tcp *conn)
{
    conn->transfer->loss_at_ns = LEAT_NEVER_NS;
    conn->flags &= ~(unsigned)CONN_LOSS_IS_PROBE;
}

/* ---- delayed ACK, another try ------------------------------------------------------------- */

/* @what, CONN_DELAYED_ACK or CONN_RETRY, is due at @at_ns; if the other waits for a later time, it
 * comes with it. */
static inline void tcp_set_ack_or_retry(struct leat_tcp *conn, enum conn_flag what, uint64_t at_ns)
{
    const uint32_t at = deadline_tick(at_ns);

    if (!(conn->flags & (CONN_DELAYED_ACK | CONN_RETRY)) ||
        (int32_t)(at - conn->ack_or_retry_at) < 0)
        conn->ack_or_retry_at = at;
    conn->flags |= what;
}

/* When that is; LEAT_NEVER_NS: neither waits. */
uint64_t tcp_ack_or_retry_ns(const struct leat_tcp *conn, uint64_t from_ns);

/* The timer runs for whichever waits. */
static inline void tcp_arm_ack_or_retry(struct leat_tcp *conn)
{
    tcp_arm_for(conn, deadline_tick_ns(conn->ack_or_retry_at, conn->tcp->stack->now_ns));
}

/* The program and the flush have had their turns: if the ACK is still owed, the timer runs. */
static inline void tcp_arm_delayed_ack(struct leat_tcp *conn)
{
    if (conn->flags & CONN_DELAYED_ACK)
        tcp_arm_ack_or_retry(conn);
}

/* The ACK of what has just come may wait a while.  A program that is called back in this turn may
 * answer, and its data take the ACK along: then the timer isn't touched, unless another try comes
 * with the ACK. */
static inline void tcp_delay_ack(struct leat_tcp *conn)
{
    tcp_set_ack_or_retry(conn, CONN_DELAYED_ACK,
                         conn->tcp->stack->now_ns + conn->tcp->config.delayed_ack_ns);
    if (!near_ring_is_in(&conn->told) || (conn->flags & CONN_RETRY))
        tcp_arm_ack_or_retry(conn);
}

/* Looks for something to send at @at_ns, if not before. */
void tcp_retry_at(struct leat_tcp *conn, uint64_t at_ns);

/* Memory was short: in a moment the connection, and a program that waits to write, try again. */
COLD void tcp_retry_later(struct leat_tcp *conn);

/* ---- keep-alive and limits ---------------------------------------------------------------- */

/* In @ns, as far ahead as a deadline can be. */
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
