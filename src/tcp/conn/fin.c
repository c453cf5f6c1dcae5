/*
 * fin.c -- a FIN that leaves alone: all data before it is acknowledged, and nothing follows it.
 *
 * The scoreboard and congestion control have nothing to learn from it. So a connection without a
 * transfer gets none for its FIN, and no record of it: one deadline says when to retransmit it.
 * When that expires, or out-of-order data needs a transfer, the FIN gets its record, and is
 * repaired like any segment.
 */
#include "tcp/conn/deadlines.h"
#include "tcp/tcp.h"

void tcp_fin_record(struct leat_tcp *conn)
{
    const uint64_t ago_ms = tcp_age_ms(conn->tcp, conn->progress_ms);
    const uint64_t sent_ns = conn->tcp->stack->now_ns - ago_ms * DEADLINE_NS_PER_MS;

    scoreboard_sent(&conn->transfer->scoreboard, &conn->tcp->sents, conn->snd_una,
                    conn->tcb.snd_nxt, sent_ns);
    tcp_run_rexmt(conn);
    tcp_watch_tail(conn);
}
