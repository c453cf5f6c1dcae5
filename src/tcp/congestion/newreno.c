/* newreno.c -- congestion avoidance (RFC 5681 3.1) with appropriate byte counting (RFC 3465). */
#include "tcp/congestion/congestion.h"

#include "core/cold.h"

COLD static void newreno_acked(struct congestion *congestion, const struct congestion_ack *ack)
{
    if (!congestion_was_limiting(congestion, ack->flight_bytes))
        return;
    if (congestion->cwnd < congestion->ssthresh) {
        congestion_slow_start(congestion, ack);
        return;
    }
    /* RFC 3465 2.1: bytes are counted, so a peer that divides its ACKs gains nothing */
    congestion->counted += ack->acked_bytes;
    if (congestion->counted >= congestion->cwnd) {
        congestion->counted -= congestion->cwnd;
        congestion->cwnd += congestion->mss;
    }
}

COLD static void newreno_reduced(struct congestion *congestion, uint32_t flight_bytes,
                                 uint64_t now_ns)
{
    const uint32_t least = 2 * congestion->mss;

    (void)now_ns;
    /* half of the flight counts: a window that wasn't used says nothing about the path */
    congestion->ssthresh = flight_bytes / 2 > least ? flight_bytes / 2 : least; /* eqn. 4 */
    congestion->counted = 0;
}

const struct leat_tcp_congestion leat_tcp_newreno = {
    .name = "newreno",
    .acked = newreno_acked,
    .reduced = newreno_reduced,
};
