/* rtt.c -- the retransmission timeout (RFC 6298). */
#include "tcp/rtt.h"

enum {
    ALPHA_SHIFT = 3, /* 1/8 */
    BETA_SHIFT = 2,  /* 1/4 */
    K = 4
};

static const uint64_t rto_initial_ns = 1000000000;        /* RFC 6298 2.1 */
static const uint64_t rto_after_lost_SYN_ns = 3000000000; /* RFC 6298 5.7 */

static uint64_t clamp(uint64_t rto_ns, const struct rtt_limits *limits)
{
    if (rto_ns < limits->min_ns)
        return limits->min_ns;
    return rto_ns < limits->max_ns ? rto_ns : limits->max_ns;
}

void rtt_init(struct rtt *rtt, const struct rtt_limits *limits)
{
    rtt->srtt_ns = 0;
    rtt->rttvar_ns = 0;
    rtt->rto_ns = clamp(rto_initial_ns, limits);
}

/* The floor is what is added to SRTT at least, not of the sum: on a long and steady path RTTVAR
 * vanishes, and SRTT alone is no time for a peer that delays its ACK. */
void rtt_forget_backoff(struct rtt *rtt, const struct rtt_limits *limits)
{
    const uint64_t spread = K * rtt->rttvar_ns;

    if (rtt->srtt_ns > 0)
        rtt->rto_ns =
            clamp(rtt->srtt_ns + (spread > limits->min_ns ? spread : limits->min_ns), limits);
}

void rtt_sample(struct rtt *rtt, const struct rtt_limits *limits, uint64_t sample_ns)
{
    const uint64_t sample = sample_ns > 0 ? sample_ns : 1;

    if (rtt->srtt_ns == 0) { /* RFC 6298 2.2 */
        rtt->srtt_ns = sample;
        rtt->rttvar_ns = sample / 2;
    } else { /* RFC 6298 2.3 */
        const uint64_t off = sample > rtt->srtt_ns ? sample - rtt->srtt_ns : rtt->srtt_ns - sample;

        rtt->rttvar_ns += (off >> BETA_SHIFT) - (rtt->rttvar_ns >> BETA_SHIFT);
        rtt->srtt_ns += (sample >> ALPHA_SHIFT) - (rtt->srtt_ns >> ALPHA_SHIFT);
    }
    rtt_forget_backoff(rtt, limits);
}

void rtt_backoff(struct rtt *rtt, const struct rtt_limits *limits)
{
    rtt->rto_ns = clamp(2 * rtt->rto_ns, limits);
}

void rtt_after_lost_SYN(struct rtt *rtt)
{
    if (rtt->srtt_ns == 0 && rtt->rto_ns < rto_after_lost_SYN_ns)
        rtt->rto_ns = rto_after_lost_SYN_ns;
}
