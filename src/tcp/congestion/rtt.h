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

/* Adds a sample: a segment was acknowledged after @sample_ns. A segment that was retransmitted
 * gives none (Karn's algorithm). */
void rtt_sample(struct rtt *rtt, const struct rtt_limits *limits, uint64_t sample_ns);

/* Doubles the timeout after it expired (RFC 6298 5.5). */
COLD void rtt_backoff(struct rtt *rtt, const struct rtt_limits *limits);

/* Ends the backoff when new data is acknowledged: recomputes the timeout from the samples. */
void rtt_forget_backoff(struct rtt *rtt, const struct rtt_limits *limits);

/* Raises the initial timeout after a lost SYN, if there is no sample (RFC 6298 5.7). */
COLD void rtt_after_lost_SYN(struct rtt *rtt);

#endif
