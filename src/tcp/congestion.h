/*
 * congestion.h -- how much may be in flight (RFC 5681).
 *
 * An algorithm is a table of functions over a small state; the rest of TCP only reads cwnd.
 */
#ifndef TCP_CONGESTION_H
#define TCP_CONGESTION_H

#include <stdint.h>

struct congestion;

struct congestion_ops {
    const char *name;
    /* @acked bytes left the network and nothing is being repaired.  @flight: before that. */
    void (*acked)(struct congestion *congestion, uint32_t acked, uint32_t flight);
    /* Fast retransmit: a segment was lost.  Sets ssthresh. */
    void (*lost)(struct congestion *congestion, uint32_t flight);
    /* The retransmission timer expired.  Sets cwnd to the loss window; @first: not yet for this
     * text, so ssthresh is set too (RFC 5681 3.1). */
    void (*timed_out)(struct congestion *congestion, uint32_t flight, int first);
};

struct congestion {
    const struct congestion_ops *ops;
    uint32_t cwnd;     /* bytes */
    uint32_t ssthresh; /* bytes */
    uint32_t counted;  /* bytes acknowledged since cwnd last grew in congestion avoidance */
    uint32_t mss;      /* SMSS, bytes */
};

/* The initial window of RFC 6928, or one segment if the handshake lost its SYN (RFC 5681 3.1). */
void congestion_init(struct congestion *congestion, const struct congestion_ops *ops, uint32_t mss,
                     int lost_SYN);

extern const struct congestion_ops newreno;

#endif
