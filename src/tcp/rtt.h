/* rtt.h -- the retransmission timeout (RFC 6298). */
#ifndef TCP_RTT_H
#define TCP_RTT_H

#include <stdbool.h>
#include <stdint.h>

struct rtt {
    uint64_t srtt_ns; /* 0: no sample yet */
    uint64_t rttvar_ns;
    uint64_t rto_ns; /* with the backoff */
};

struct rtt_limits {
    uint64_t min_ns;
    uint64_t max_ns;
};

void rtt_init(struct rtt *rtt, const struct rtt_limits *limits);

/* A segment that was sent once was acknowledged after @sample_ns (Karn's algorithm: never one that
 * was sent twice). */
void rtt_sample(struct rtt *rtt, const struct rtt_limits *limits, uint64_t sample_ns);

/* The timer expired: twice as long (RFC 6298 5.5). */
void rtt_backoff(struct rtt *rtt, const struct rtt_limits *limits);

/* New text was acknowledged: as long as the samples say. */
void rtt_forget_backoff(struct rtt *rtt, const struct rtt_limits *limits);

/* The SYN had to be repeated and no sample was taken: be careful (RFC 6298 5.7). */
void rtt_after_lost_SYN(struct rtt *rtt);

#endif
