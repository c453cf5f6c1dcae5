/*
 * fin.c -- a FIN that leaves alone: behind it nothing will follow, before it all is acknowledged.
 *
 * Connections that have nothing more to say end so, and those that never said anything.  The
 * scoreboard and congestion control have nothing to learn from it, so such a connection gets no
 * transfer, if it has none, and no record: one deadline says when to ask again.  When that comes,
 * or text out of order needs a transfer, the FIN gets its record, and is repaired as everything is.
 */
#include "tcp/output.h"

/* RFC 6298 5.1; or, if it comes before, RFC 8985 7.2: the probe of the tail, which the FIN is. */
static void start_timer(struct leat_tcp *conn)
{
    const uint64_t rto_ns = rtt_rto_ns(&conn->rtt);
    const uint64_t probe_ns = tlp_timeout_ns(rtt_srtt_ns(&conn->rtt), true);
    const bool probes = tcp_recovery_mode(conn) == RECOVERY_RACK && probe_ns < rto_ns;
    const uint64_t at_ns = conn->tcp->stack->now_ns + (probes ? probe_ns : rto_ns);

    conn->rexmt_at = deadline_at(at_ns);
    tcp_arm_for(conn, at_ns);
}

bool tcp_fin_send(struct leat_tcp *conn, const struct path *path)
{
    if (!tcp_emit_plain(conn, path, conn->tcb.snd_nxt, TCP_ACK | TCP_FIN, 0, 0))
        return false;
    tcp_note_acked(conn);
    conn->flags &= ~(unsigned)CONN_PERSIST;
    conn->flags |= CONN_FIN_SENT | CONN_FIN_ALONE;
    conn->progress_ms = tcp_now_ms(conn->tcp->stack); /* the wait for an answer begins */
    conn->tcb.snd_nxt++;
    start_timer(conn);
    return true;
}

void tcp_fin_record(struct leat_tcp *conn)
{
    const uint64_t ago_ms = tcp_age_ms(conn->tcp, conn->progress_ms);
    const uint64_t sent_ns = conn->tcp->stack->now_ns - ago_ms * DEADLINE_NS_PER_MS;

    conn->flags &= ~(unsigned)CONN_FIN_ALONE;
    scoreboard_sent(&conn->transfer->scoreboard, &conn->tcp->sents, conn->snd_una,
                    conn->tcb.snd_nxt, sent_ns);
    tcp_run_rexmt(conn);
    tcp_watch_tail(conn);
}
