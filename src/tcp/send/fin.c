/*
 * fin.c -- a FIN that leaves alone: behind it nothing will follow, before it all is acknowledged.
 *
 * Connections that have nothing more to say end so, and those that never said anything.  The
 * scoreboard and congestion control have nothing to learn from it, so such a connection gets no
 * transfer, if it has none, and no record: one deadline says when to ask again.  When that comes,
 * or text out of order needs a transfer, the FIN gets its record, and is repaired as everything is.
 */
#include "tcp/entry/deadlines.h"
#include "tcp/send/output.h"

void tcp_fin_record(struct leat_tcp *conn)
{
    const uint64_t ago_ms = tcp_age_ms(conn->tcp, conn->progress_ms);
    const uint64_t sent_ns = conn->tcp->stack->now_ns - ago_ms * DEADLINE_NS_PER_MS;

    scoreboard_sent(&conn->transfer->scoreboard, &conn->tcp->sents, conn->snd_una,
                    conn->tcb.snd_nxt, sent_ns);
    tcp_run_rexmt(conn);
    tcp_watch_tail(conn);
}
