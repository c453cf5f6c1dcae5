/* newreno.c -- slow start and congestion avoidance (RFC 5681), the initial window (RFC 6928). */
#include "tcp/congestion.h"

enum {
    INITIAL_SEGMENTS = 10,
    INITIAL_BYTES = 14600
};

static uint32_t max32(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t min32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void congestion_init(struct congestion *congestion, const struct congestion_ops *ops, uint32_t mss,
                     int lost_SYN)
{
    congestion->ops = ops;
    congestion->mss = mss;
    congestion->counted = 0;
    congestion->ssthresh = 0x7fffffff;
    congestion->cwnd =
        lost_SYN ? mss : min32(INITIAL_SEGMENTS * mss, max32(2 * mss, INITIAL_BYTES));
}

static void newreno_acked(struct congestion *congestion, uint32_t acked, uint32_t flight)
{
    /* a window that wasn't used says nothing about the path (RFC 2861's point, RFC 7661) */
    if (flight + congestion->mss < congestion->cwnd)
        return;
    if (congestion->cwnd < congestion->ssthresh) {
        congestion->cwnd += min32(acked, 2 * congestion->mss); /* RFC 3465, L = 2 */
        return;
    }
    congestion->counted += acked;
    if (congestion->counted >= congestion->cwnd) {
        congestion->counted -= congestion->cwnd;
        congestion->cwnd += congestion->mss;
    }
}

static void newreno_lost(struct congestion *congestion, uint32_t flight)
{
    congestion->ssthresh = max32(flight / 2, 2 * congestion->mss); /* RFC 5681 eqn. 4 */
    congestion->counted = 0;
}

static void newreno_timed_out(struct congestion *congestion, uint32_t flight, int first)
{
    if (first)
        newreno_lost(congestion, flight);
    congestion->cwnd = congestion->mss; /* the loss window */
}

const struct congestion_ops newreno = {"newreno", newreno_acked, newreno_lost, newreno_timed_out};
