/* rtt.c -- the retransmission timeout (RFC 6298). */
#include "tcp/congestion/rtt.h"

enum {
    ALPHA_SHIFT = 3, /* 1/8 */
    BETA_SHIFT = 2,  /* 1/4 */
    K = 4,
    RTO_INITIAL = 1000000000 >> RTT_UNIT_SHIFT,        /* RFC 6298 2.1 */
    RTO_AFTER_LOST_SYN = 3000000000 >> RTT_UNIT_SHIFT, /* RFC 6298 5.7 */
};

/* Special values of SYN_sent_at. */
enum {
    SYN_UNSENT = 0,
    SYN_SENT_TWICE = 2
};

/* Rounds down, so that an interval has really passed; saturates at 32 bits. */
static uint32_t units(uint64_t ns)
{
    const uint64_t whole = ns >> RTT_UNIT_SHIFT;

    return whole < UINT32_MAX ? (uint32_t)whole : UINT32_MAX;
}

struct rtt_limits rtt_limits(uint64_t min_ns, uint64_t max_ns)
{
    return (struct rtt_limits){units(min_ns), units(max_ns)};
}

static uint32_t clamp(uint64_t rto, const struct rtt_limits *limits)
{
    if (rto < limits->min)
        return limits->min;
    return rto < limits->max ? (uint32_t)rto : limits->max;
}

void rtt_init(struct rtt *rtt, const struct rtt_limits *limits)
{
    rtt->srtt = 0;
    rtt->SYN_sent_at = 0;
    rtt->rto = clamp(RTO_INITIAL, limits);
}

/* The minimum applies to the part that is added to SRTT, not to the sum. On a long and steady path
 * RTTVAR approaches 0, and SRTT alone leaves no time for a peer that delays its ACK. */
void rtt_forget_backoff(struct rtt *rtt, const struct rtt_limits *limits)
{
    const uint64_t spread = (uint64_t)K * rtt->rttvar;

    if (rtt->srtt > 0)
        rtt->rto = clamp(rtt->srtt + (spread > limits->min ? spread : limits->min), limits);
}

void rtt_sample(struct rtt *rtt, const struct rtt_limits *limits, uint64_t sample_ns)
{
    const uint32_t measured = units(sample_ns);
    const uint32_t sample = measured > 0 ? measured : 1;

    if (rtt->srtt == 0) { /* RFC 6298 2.2 */
        rtt->srtt = sample;
        rtt->rttvar = sample / 2;
    } else { /* RFC 6298 2.3 */
        const uint32_t off = sample > rtt->srtt ? sample - rtt->srtt : rtt->srtt - sample;

        rtt->rttvar += (off >> BETA_SHIFT) - (rtt->rttvar >> BETA_SHIFT);
        rtt->srtt += (sample >> ALPHA_SHIFT) - (rtt->srtt >> ALPHA_SHIFT);
    }
    rtt_forget_backoff(rtt, limits);
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
    rtt->rto = clamp((uint64_t)2 * rtt->rto, limits);
}

void rtt_after_lost_SYN(struct rtt *rtt)
{
    if (rtt->srtt == 0 && rtt->rto < RTO_AFTER_LOST_SYN)
        rtt->rto = RTO_AFTER_LOST_SYN;
}
