/*
 * timers.c -- the timers of connections, of half-open ones and of TIME-WAIT (RFC 9293 3.8, 3.10.8).
 *
 * A connection has one timer in the wheel and four deadlines beside it (deadlines.h). To postpone a
 * deadline, as every ACK does, is one store: the wheel asks for the first deadline when the timer
 * is due. Otherwise the timer fires at the old time, finds nothing due and is set again.
 */
#include "tcp/conn/deadlines.h"
#include "tcp/conn/lifetime.h"
#include "tcp/passive/time_wait.h"
#include "tcp/conn/wake.h"
#include "tcp/send/output.h"
#include "tcp/receive/ack.h"
#include "tcp/timers.h"
#include "core/parts.h"

enum {
    HALVES_MAX =
        256, /* SYN,ACKs retransmitted in one go: fewer than fit in the queue for a device */
    TIME_WAITS_MAX = 256 /* entries in one go, after many connections closed together */
};

static const uint32_t persist_patience_ms = 10000; /* while memory is short */

/* A peer may keep its window shut as long as it answers (RFC 9293 3.8.6.1), but not while memory is
 * short: Sockstress, CVE-2008-4609. */
static bool persist_is_over(const struct leat_tcp *conn)
{
    const uint32_t waited_ms = tcp_age_ms(conn->tcp, conn->progress_ms);
    const uint32_t silent_ms = tcp_age_ms(conn->tcp, conn->tcb.clock_ms);

    if (waited_ms >= tcp_give_up_ms(conn) &&
        (conn->user_timeout > 0 || silent_ms >= tcp_give_up_ms(conn)))
        return true;
    return waited_ms >= persist_patience_ms &&
           (!pool_has(&conn->tcp->stack->pool, POOL_SCARCE) ||
            tcp_transfers_are_short(conn->tcp, (uint64_t)persist_patience_ms * DEADLINE_NS_PER_MS));
}

static enum tcp_event rexmt_event(const struct leat_tcp *conn)
{
    const uint32_t waited_ms = tcp_age_ms(conn->tcp, conn->progress_ms);
    const bool persist = conn->flags & CONN_PERSIST;

    if (persist ? !persist_is_over(conn) : waited_ms < tcp_give_up_ms(conn))
        return persist ? TCP_timeout_persist : TCP_timeout_rexmt;
    return conn->user_timeout > 0 || persist ? TCP_timeout_user : TCP_timeout_R2;
}

static bool is_idle(const struct leat_tcp *conn)
{
    return !tcp_something_waits(conn) && conn->snd_una == conn->tcb.snd_nxt &&
           !(conn->tcb.flags & TCB_SYN_UNACKED);
}

/* Ends a connection whose time at its listener is over. Returns false: it is gone. */
COLD static bool leave(struct leat_tcp *conn)
{
    conn->tcp->stack->stats.tcp_limits_reached++;
    tcp_end_early(conn, LEAT_ERR_TIMEOUT);
    return false;
}

/* Sends @event to the table. False: the connection is gone. */
COLD static bool stays(struct leat_tcp *conn, enum tcp_event event)
{
    struct tcp_step step = {.tcp = conn->tcp};

    tcp_event(&conn->tcb, &step, event);
    return step.outcome != TCP_GONE;
}

/* False: the connection is gone. */
COLD static bool keepalive_expired(struct leat_tcp *conn)
{
    const struct leat_tcp_config *config = &conn->tcp->config;
    const uint64_t idle_ns =
        (uint64_t)tcp_age_ms(conn->tcp, conn->tcb.clock_ms) * DEADLINE_NS_PER_MS;
    const bool is_young = idle_ns < config->keepalive_idle_ns;

    tcp_stop_keepalive(conn);
    if (conn->flags & CONN_ABANDONED)
        return stays(conn, TCP_timeout_FIN_WAIT_2);
    if (tcp_admitted_left_ns(conn) == 0)
        return leave(conn);
    if (!(conn->flags & CONN_KEEPALIVE)) {
        tcp_run_keepalive(conn);
        return true;
    }
    if (is_young ||
        !is_idle(conn)) { /* the peer was heard since, or data in flight will be acknowledged */
        conn->probes = 0;
        tcp_arm_keepalive(conn, is_young ? config->keepalive_idle_ns - idle_ns
                                         : config->keepalive_interval_ns);
        return true;
    }
    if (conn->probes >= config->keepalive_probes)
        return stays(conn, TCP_timeout_keepalive);
    conn->probes++;
    tcp_arm_keepalive(conn, config->keepalive_interval_ns);
    return stays(conn, TCP_timeout_idle);
}

/* ---- losses before the timeout ------------------------------------------------------------ */

/* Sends a tail loss probe. False: there is none to send. */
COLD static bool probe_tail(struct leat_tcp *conn)
{
    if (!HAS_RACK || !tcp_may_probe_tail(conn) || tcp_waits_below(conn))
        return false;
    conn->flags |= CONN_TAIL_PROBE;
    tcp_run_rexmt(conn); /* RFC 8985 7.3: restart the timer whatever is sent */
    return true;
}

COLD static void loss_expired(struct leat_tcp *conn)
{
    const struct recovery_ack now = tcp_recovery_ack(conn);
    const bool is_probe = conn->flags & CONN_LOSS_IS_PROBE;
    struct recovery_result result;

    tcp_stop_watching(conn);
    tcp_want_output(conn);
    if (is_probe) {
        probe_tail(conn);
        return;
    }
    result = recovery_look(&conn->transfer->recovery, &conn->transfer->scoreboard,
                           &conn->transfer->congestion, &now);
    tcp_recovery_result(conn, &result);
}

/* A FIN that left alone wasn't acknowledged in time: it gets a record, and is probed for as a tail
 * (RFC 8985 7.2). False: without RACK it is retransmitted as after any timeout. */
COLD static bool lone_fin_expired(struct leat_tcp *conn)
{
    tcp_run_rexmt(conn);
    if (!tcp_transfer_get(conn)) /* no memory: retry at the next timeout */
        return true;
    tcp_stop_watching(conn);
    tcp_want_output(conn);
    return probe_tail(conn);
}

/* False: the connection is gone. */
COLD static bool rexmt_expired(struct leat_tcp *conn)
{
    struct tcp_step step = {.tcp = conn->tcp};
    const enum tcp_event event = rexmt_event(conn);

    if (event == TCP_timeout_rexmt && tcp_waits_below(conn)) {
        tcp_run_rexmt(conn); /* the device is stalled: nothing is lost, and a copy would wait too */
        return true;
    }
    if (tcp_fin_is_alone(conn) && event == TCP_timeout_rexmt && lone_fin_expired(conn))
        return true;
    tcp_rexmt_is_over(conn); /* tcp_output() starts it again */
    if (event == TCP_timeout_rexmt) {
        conn->tcp->stack->stats.tcp_timeouts++;
        if (conn->tcb.flags & TCB_SYN_UNACKED)
            conn->flags |= CONN_LOST_SYN;
    }
    if (event != TCP_timeout_persist ||
        !tcp_window_is_silly(conn)) /* silly-window avoidance isn't a timeout of RFC 6298 */
        rtt_backoff(&conn->rtt, &conn->tcp->rto);
    tcp_event(&conn->tcb, &step, event);
    if (step.outcome == TCP_IMPOSSIBLE) /* a release build goes on, so keep a timer to end it */
        tcp_run_rexmt(conn);
    return step.outcome != TCP_GONE;
}

/* ---- memory was short --------------------------------------------------------------------- */

static void retry(struct leat_tcp *conn)
{
    if ((conn->flags & CONN_WAS_DRY) && conn->data)
        tcp_tell(conn, CONN_TELL_READABLE);
    conn->flags &= ~(unsigned)CONN_WAS_DRY;
    if (!(conn->flags & CONN_WAS_FULL) || tcp_transfer_get(conn))
        tcp_tell_writable(conn);
    else
        tcp_retry_later(conn);
    tcp_want_output(conn);
}

static void ack_or_retry_expired(struct leat_tcp *conn)
{
    const uint32_t due = conn->flags & (CONN_DELAYED_ACK | CONN_RETRY);

    conn->flags &= ~due;
    if (due & CONN_DELAYED_ACK) {
        conn->flags |= CONN_ACK_NOW;
        tcp_want_output(conn);
    }
    if (due & CONN_RETRY)
        retry(conn);
}

/* ---- the timer ---------------------------------------------------------------------------- */

uint64_t tcp_conn_due_ns(struct timer *timer)
{
    return tcp_first_deadline_ns(container_of(timer, struct leat_tcp, timer), timer_at_ns(timer));
}

void tcp_conn_timer(struct timer *timer, void *context)
{
    struct leat_tcp *conn = container_of(timer, struct leat_tcp, timer);
    const uint64_t now_ns = conn->tcp->stack->now_ns;
    const uint64_t from_ns = timer_at_ns(timer); /* no deadline is earlier */
    uint64_t next_ns;

    (void)context;
    if (tcp_ack_or_retry_ns(conn, from_ns) <= now_ns)
        ack_or_retry_expired(conn);
    if (HAS_RACK && tcp_loss_ns(conn) <= now_ns)
        loss_expired(conn);
    if (deadline_ns(conn->rexmt_at, from_ns) <= now_ns && !rexmt_expired(conn))
        return;
    if (deadline_ms_ns(conn->keepalive_at_ms, from_ns) <= now_ns && !keepalive_expired(conn))
        return;
    next_ns = tcp_first_deadline_ns(conn, now_ns);
    if (next_ns != LEAT_NEVER_NS)
        tcp_arm_for(conn, next_ns);
}

/* ---- half-open, and in TIME-WAIT ----------------------------------------------------------- */

COLD static void half_expired(struct tcp_half *half)
{
    struct tcp_step step = {.tcp = half->tcp};

    if (half->retransmits == HALF_RETRANSMITS_MAX) {
        tcp_event(&half->tcb, &step, TCP_timeout_R2);
        return;
    }
    half->retransmits++;
    half->tcp->stack->stats.tcp_timeouts++;
    half->tcp->stack->stats.tcp_retransmitted++;
    tcp_event(&half->tcb, &step, TCP_timeout_rexmt);
}

/* The first half-open connection with @retransmits retransmissions, or NULL. */
static struct tcp_half *first_half(struct tcp *tcp, unsigned retransmits)
{
    struct ring *ring = &tcp->halves_waiting[retransmits];

    return ring_is_empty(ring) ? 0 : container_of(ring->next, struct tcp_half, ring);
}

void tcp_halves_timer(struct timer *timer, void *context)
{
    struct tcp *tcp = container_of(timer, struct tcp, halves_timer);
    unsigned budget = HALVES_MAX;
    struct tcp_half *half;

    (void)context;
    for (unsigned i = 0; i <= HALF_RETRANSMITS_MAX; i++) {
        while ((half = first_half(tcp, i)) && half->due_ns <= tcp->stack->now_ns && budget > 0) {
            half_expired(half);
            budget--;
        }
        if (half)
            tcp_halves_arm(tcp, half->due_ns);
    }
}

static void time_wait_expired(struct tcp *tcp, struct tcp_time_wait *entry)
{
    struct tcp_step step = {.tcp = tcp};

    tcp_event(&entry->tcb, &step, TCP_timeout_2MSL);
}

void tcp_time_wait_timer(struct timer *timer, void *context)
{
    struct tcp *tcp = container_of(timer, struct tcp, time_wait_timer);
    struct tcp_time_wait *entry;

    (void)context;
    for (unsigned left = TIME_WAITS_MAX; left > 0 && (entry = tcp_time_wait_oldest(tcp)) &&
                                         seq_le(entry->tcb.clock_ms, tcp_now_ms(tcp->stack));
         left--)
        time_wait_expired(tcp, entry);
    tcp_time_wait_arm(tcp);
}
