/* rtt.h -- the retransmission timeout (RFC 6298). */
#ifndef TCP_RTT_H
#define TCP_RTT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cold.h"

enum {
    RTT_UNIT_SHIFT =
        6 /* what is kept counts in 64 ns: 32 bits of them are four minutes and a half */
};

struct rtt {
    uint32_t srtt; /* units; 0: no sample yet */
    union {
        uint32_t rttvar;      /* units */
        uint32_t SYN_sent_at; /* units, while srtt is 0: when our SYN left; 0: it has not; 2: more
                                 than once, so its ACK says nothing (Karn) */
    };
    uint32_t rto; /* units; with the backoff */
};

/* In units. */
struct rtt_limits {
    uint32_t min;
    uint32_t max;
};

/* What is longer than 274 s is cut to that. */
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

/* Our SYN leaves at @now_ns: alone, with an ACK, or again. */
void rtt_SYN_sent(struct rtt *rtt, uint64_t now_ns);

/* ... and is acknowledged: the first sample, if it has left once. */
void rtt_SYN_acked(struct rtt *rtt, const struct rtt_limits *limits, uint64_t now_ns);

/* A segment that was sent once was acknowledged after @sample_ns (Karn's algorithm: never one that
 * was sent twice). */
void rtt_sample(struct rtt *rtt, const struct rtt_limits *limits, uint64_t sample_ns);

/* The timer expired: twice as long (RFC 6298 5.5). */
COLD void rtt_backoff(struct rtt *rtt, const struct rtt_limits *limits);

/* New data was acknowledged: as long as the samples say. */
void rtt_forget_backoff(struct rtt *rtt, const struct rtt_limits *limits);

/* The SYN had to be repeated and no sample was taken: be careful (RFC 6298 5.7). */
COLD void rtt_after_lost_SYN(struct rtt *rtt);

#endif
