/* rtt.h -- the retransmission timeout (RFC 6298). */
#ifndef TCP_RTT_H
#define TCP_RTT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cold.h"

enum {
    RTT_UNIT_SHIFT = 6 /* units of 64 ns: 32 bits of them are four and a half minutes */
};

struct rtt {
    uint32_t srtt; /* units; 0: no sample yet */
    union {
        uint32_t rttvar;      /* units */
        uint32_t SYN_sent_at; /* units, while srtt is 0: when our SYN was sent; 0: not yet; 2: more
                                 than once, so its ACK gives no sample (Karn) */
    };
    uint32_t rto; /* units; with backoff */
};

/* In units. */
struct rtt_limits {
    uint32_t min;
    uint32_t max;
};

/* Converts limits; more than 274 s becomes 274 s. */
struct rtt_limits rtt_limits(uint64_t min_ns, uint64_t max_ns);

static inline uint64_t rtt_srtt_ns(const struct rtt *rtt)
{
    return (uint64_t)rtt->srtt << RTT_UNIT_SHIFT;
}

static inline uint64_t rtt_rttvar_ns(const struct rtt *rtt)
{
    return rtt->srtt > 0 ? (uint64_t)rtt->rttvar << RTT_UNIT_SHIFT : 0;
}

static inline uint64_t rtt_rto_ns(const struct rtt *rtt)
{
    return (uint64_t)rtt->rto << RTT_UNIT_SHIFT;
}

void rtt_init(struct rtt *rtt, const struct rtt_limits *limits);

/* Notes that our SYN is sent at @now_ns, with or without ACK, first or again. */
void rtt_SYN_sent(struct rtt *rtt, uint64_t now_ns);

/* Notes the ACK of our SYN: the first sample, if the SYN was sent once. */
void rtt_SYN_acked(struct rtt *rtt, const struct rtt_limits *limits, uint64_t now_ns);

/* Doubles the timeout after it expired (RFC 6298 5.5). */
COLD void rtt_backoff(struct rtt *rtt, const struct rtt_limits *limits);

/* Rounds down, so that an interval has really passed; saturates at 32 bits. */
static inline uint32_t rtt_units(uint64_t ns)
{
    const uint64_t whole = ns >> RTT_UNIT_SHIFT;

    return whole < UINT32_MAX ? (uint32_t)whole : UINT32_MAX;
}

static inline uint32_t rtt_clamp(uint64_t rto, const struct rtt_limits *limits)
{
    if (rto < limits->min)
        return limits->min;
    return rto < limits->max ? (uint32_t)rto : limits->max;
}

/* Ends the backoff when new data is acknowledged: recomputes the timeout from the samples. The
 * minimum applies to the part that is added to SRTT, not to the sum. On a long and steady path
 * RTTVAR approaches 0, and SRTT alone leaves no time for a peer that delays its ACK. */
static inline void rtt_forget_backoff(struct rtt *rtt, const struct rtt_limits *limits)
{
    enum {
        K = 4
    };
    const uint64_t spread = (uint64_t)K * rtt->rttvar;

    if (rtt->srtt > 0)
        rtt->rto = rtt_clamp(rtt->srtt + (spread > limits->min ? spread : limits->min), limits);
}

/* Adds a sample: a segment was acknowledged after @sample_ns. A segment that was retransmitted
 * gives none (Karn's algorithm). */
static inline void rtt_sample(struct rtt *rtt, const struct rtt_limits *limits, uint64_t sample_ns)
{
    enum {
        ALPHA_SHIFT = 3, /* 1/8 */
        BETA_SHIFT = 2   /* 1/4 */
    };
    const uint32_t measured = rtt_units(sample_ns);
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

/* Raises the initial timeout after a lost SYN, if there is no sample (RFC 6298 5.7). */
COLD void rtt_after_lost_SYN(struct rtt *rtt);

#endif
