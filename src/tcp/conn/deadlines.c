/* deadlines.c -- the deadlines of a connection. */
#include "tcp/conn/deadlines.h"
#include "core/minmax.h"
#include "core/parts.h"

static const uint64_t retry_wait_max_ns = 1000000000; /* less than the range of a deadline */
static const uint64_t retry_ns = 1000000;             /* from a refusal of memory to the next try */
static const uint64_t retry_max_ns =
    64000000; /* at most, with data in flight, whose ACK reports room */
static const uint64_t retry_gap_ns = 50000; /* between the retries of two connections */

uint64_t tcp_ack_or_retry_ns(const struct leat_tcp *conn, uint64_t from_ns)
{
    return conn->flags & (CONN_DELAYED_ACK | CONN_RETRY)
               ? deadline_tick_ns(conn->ack_or_retry_at, from_ns)
               : LEAT_NEVER_NS;
}

uint64_t tcp_first_deadline_ns(const struct leat_tcp *conn, uint64_t from_ns)
{
    return min64(min64(deadline_ns(conn->rexmt_at, from_ns), tcp_ack_or_retry_ns(conn, from_ns)),
                 min64(deadline_ms_ns(conn->keepalive_at_ms, from_ns), tcp_loss_ns(conn)));
}

void tcp_stop_deadlines(struct leat_tcp *conn)
{
    conn->rexmt_at = conn->keepalive_at_ms = DEADLINE_NONE;
    conn->flags &= ~(unsigned)(CONN_DELAYED_ACK | CONN_RETRY);
}

void tcp_start_rexmt(struct leat_tcp *conn)
{
    /* RFC 6298 5.1: a timer that runs goes on */
    if (conn->rexmt_at != DEADLINE_NONE && !(conn->flags & CONN_PERSIST))
        return;
    conn->flags &= ~(unsigned)CONN_PERSIST;
    tcp_run_rexmt(conn);
}

/* ---- losses before the timeout ------------------------------------------------------------ */

bool tcp_may_probe_tail(const struct leat_tcp *conn)
{
    const struct scoreboard *board = &conn->transfer->scoreboard;
    const struct recovery *recovery = &conn->transfer->recovery;

    /* SACKed or lost data means that RACK has news already, and needs no probe to get some */
    return HAS_RACK && recovery->mode == RECOVERY_RACK && recovery->phase == RECOVERY_NONE &&
           !recovery->tlp.out && board->in_flight_bytes > 0 && board->sacked_bytes == 0 &&
           board->lost_bytes == 0;
}

void tcp_watch_losses(struct leat_tcp *conn, uint64_t look_at_ns)
{
    if (look_at_ns == LEAT_NEVER_NS && (conn->flags & CONN_LOSS_IS_PROBE) &&
        tcp_may_probe_tail(conn))
        return;
    conn->transfer->loss_at_ns = look_at_ns;
    conn->flags &= ~(unsigned)CONN_LOSS_IS_PROBE;
    if (look_at_ns != LEAT_NEVER_NS)
        tcp_arm_for(conn, look_at_ns);
}

void tcp_watch_tail(struct leat_tcp *conn)
{
    const uint32_t one_bytes = (uint32_t)conn->mss + tcp_fin_has_left(conn);
    const bool one = conn->transfer->scoreboard.in_flight_bytes <= one_bytes;
    const uint64_t rexmt_ns = deadline_ns(conn->rexmt_at, conn->tcp->stack->now_ns);

    if (!tcp_may_probe_tail(conn) ||
        (conn->transfer->loss_at_ns != LEAT_NEVER_NS && !(conn->flags & CONN_LOSS_IS_PROBE)))
        return;
    conn->transfer->loss_at_ns = tcp_tail_probe_ns(conn, one, rexmt_ns);
    conn->flags |= CONN_LOSS_IS_PROBE;
    tcp_arm_for(conn, conn->transfer->loss_at_ns);
}

/* ---- memory was short --------------------------------------------------------------------- */

void tcp_retry_at(struct leat_tcp *conn, uint64_t at_ns)
{
    tcp_set_ack_or_retry(conn, CONN_RETRY,
                         min64(at_ns, conn->tcp->stack->now_ns + retry_wait_max_ns));
    tcp_arm_ack_or_retry(conn);
}

/* A connection with data in flight learns of room from its ACKs: the longer they stay out, the less
 * it gains by a retry. All connections together retry 20,000 times a second at most. Otherwise
 * peers that fill the pool by shutting their windows would also keep the processor busy. */
void tcp_retry_later(struct leat_tcp *conn)
{
    struct tcp *tcp = conn->tcp;
    const uint64_t now_ns = tcp->stack->now_ns;
    uint64_t at_ns = now_ns + retry_ns;

    if (tcp_something_waits(conn))
        at_ns += min64(tcp_age_ms(tcp, conn->progress_ms) * (retry_ns / 16), retry_max_ns);
    if (tcp->retry_turn_ns < now_ns)
        tcp->retry_turn_ns = now_ns;
    if (at_ns < tcp->retry_turn_ns)
        at_ns = tcp->retry_turn_ns;
    if (!(conn->flags & CONN_RETRY)) /* else it has its turn already */
        tcp->retry_turn_ns += retry_gap_ns;
    tcp_retry_at(conn, at_ns);
}
