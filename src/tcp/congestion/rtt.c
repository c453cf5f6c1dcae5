/* rtt.c -- the retransmission timeout (RFC 6298). */
#include "tcp/congestion/rtt.h"

enum {
    RTO_INITIAL = 1000000000 >> RTT_UNIT_SHIFT,        /* RFC 6298 2.1 */
    RTO_AFTER_LOST_SYN = 3000000000 >> RTT_UNIT_SHIFT, /* RFC 6298 5.7 */
};

/* Special values of SYN_sent_at. */
enum {
    SYN_UNSENT = 0,
    SYN_SENT_TWICE = 2
};

struct rtt_limits rtt_limits(uint64_t min_ns, uint64_t max_ns)
{
    return (struct rtt_limits){rtt_units(min_ns), rtt_units(max_ns)};
}

void rtt_init(struct rtt *rtt, const struct rtt_limits *limits)
{
    rtt->srtt = 0;
    rtt->SYN_sent_at = 0;
    rtt->rto = rtt_clamp(RTO_INITIAL, limits);
}

void rtt_SYN_sent(struct rtt *rtt, uint64_t now_ns)
{
    const uint32_t stamp = (uint32_t)(now_ns >> RTT_UNIT_SHIFT);

    if (rtt->srtt > 0)
        return;
    if (rtt->SYN_sent_at != SYN_UNSENT)
        rtt->SYN_sent_at = SYN_SENT_TWICE;
    else
        rtt->SYN_sent_at = stamp + (stamp == SYN_UNSENT || stamp == SYN_SENT_TWICE);
}

/* The stamp's 32 bits wrap after 274 s. A SYN that is acknowledged as late as that was
 * retransmitted long before, so it gives no sample. */
void rtt_SYN_acked(struct rtt *rtt, const struct rtt_limits *limits, uint64_t now_ns)
{
    const uint32_t took = (uint32_t)(now_ns >> RTT_UNIT_SHIFT) - rtt->SYN_sent_at;

    if (rtt->srtt == 0 && rtt->SYN_sent_at != SYN_UNSENT && rtt->SYN_sent_at != SYN_SENT_TWICE)
        rtt_sample(rtt, limits, (uint64_t)took << RTT_UNIT_SHIFT);
}

void rtt_backoff(struct rtt *rtt, const struct rtt_limits *limits)
{
    rtt->rto = rtt_clamp((uint64_t)2 * rtt->rto, limits);
}

void rtt_after_lost_SYN(struct rtt *rtt)
{
    if (rtt->srtt == 0 && rtt->rto < RTO_AFTER_LOST_SYN)
        rtt->rto = RTO_AFTER_LOST_SYN;
}
