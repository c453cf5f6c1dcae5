/*
 * congestion.h -- how much may be in flight (RFC 5681, RFC 9438).
 *
 * An algorithm is a table of functions over a small state; the rest of TCP only reads cwnd.
 * What it does during fast recovery is PRR's business (prr.h), but for BBR, whose model sets the
 * window whatever is being repaired (tcp/bbr/bbr.h).
 */
#ifndef TCP_CONGESTION_H
#define TCP_CONGESTION_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/tcp.h>

#include "tcp/math/hystart.h"
#include "core/cold.h"

struct bbr;
struct bbr_calls;
struct congestion;

/* An ACK that brought news while nothing was being repaired. */
struct congestion_ack {
    uint64_t now_ns;
    uint64_t srtt_ns;
    uint64_t rtt_ns;       /* of this ACK; 0: no sample */
    uint32_t acked_bytes;  /* delivered by it */
    uint32_t flight_bytes; /* before it */
    uint32_t snd_una;
    uint32_t snd_nxt;
    bool paced; /* what it lets go leaves spread over the round trip */
};

struct leat_tcp_congestion {
    const char *name;
    bool is_paced;               /* bursts may be spread over the round trip */
    const struct bbr_calls *bbr; /* how a model of the path is spoken to; NULL: there is none */
    void (*acked)(struct congestion *congestion, const struct congestion_ack *ack);
    /* Something was lost, or marked (ECN): sets ssthresh. */
    void (*reduced)(struct congestion *congestion, uint32_t flight_bytes, uint64_t now_ns);
};

struct congestion {
    struct bbr *bbr;    /* its model; NULL: another algorithm */
    uint32_t cwnd;      /* bytes */
    uint32_t ssthresh;  /* bytes */
    uint32_t mss;       /* SMSS, bytes */
    uint32_t counted;   /* bytes acknowledged since cwnd last grew in congestion avoidance */
    bool after_timeout; /* until the slow start that follows a timeout is over (RFC 3465 2.3) */
    uint16_t initial_segments; /* the initial window */
    struct cubic {
        /* when this congestion avoidance began; 0: not yet; never 0 for BBR, which hears of all */
        uint64_t epoch_ns;
        uint64_t seen_ns; /* the last ACK */
        uint32_t w_max;   /* bytes; cwnd before the last reduction; 0: that was a timeout */
        uint32_t w_est;   /* bytes; what Reno would have (RFC 9438 4.3) */
        uint32_t cwnd_prior;
        uint32_t k_ms; /* time from the epoch to w_max */
        uint32_t part; /* of w_est, not yet a whole byte */
    } cubic;
    struct hystart hystart;
    const struct leat_tcp_congestion *ops;
};

/* The initial window of RFC 6928, which has @initial_segments, 10 by default; or one segment if the
 * handshake lost its SYN (RFC 5681 3.1). */
void congestion_init(struct congestion *congestion, const struct leat_tcp_congestion *ops,
                     uint32_t mss, uint16_t initial_segments, bool lost_SYN);

/* The retransmission timer fired, and ssthresh is set: the loss window, RFC 5681 3.1. */
COLD void congestion_timed_out(struct congestion *congestion);

/* After an idle time of more than an RTO: RFC 5681 4.1. */
COLD void congestion_restart(struct congestion *congestion);

/* Segments have another size from now on: the window holds no more of the smaller ones than it held
 * of those before (RFC 5681 3.1), for their number is what the path has borne. */
COLD void congestion_resize(struct congestion *congestion, uint32_t mss);

/* True if the window was what held us back, so its growth means something (RFC 7661's point):
 * @flight_bytes were in flight. */
static inline bool congestion_was_limiting(const struct congestion *congestion,
                                           uint32_t flight_bytes)
{
    /* in slow start half of the window is proof enough: it doubles a round */
    if (congestion->cwnd < congestion->ssthresh)
        return flight_bytes >= congestion->cwnd / 2;
    return flight_bytes + congestion->mss >= congestion->cwnd;
}

/* True if an ACK of so much changes nothing: the window didn't limit, and no clock runs that would
 * have to be stopped for that. */
static inline bool congestion_ack_is_neutral(const struct congestion *congestion,
                                             uint32_t flight_bytes)
{
    return !congestion_was_limiting(congestion, flight_bytes) && congestion->cubic.epoch_ns == 0;
}

/* Slow start's part of an ACK: RFC 5681 3.1 by bytes (RFC 3465), HyStart++. */
void congestion_slow_start(struct congestion *congestion, const struct congestion_ack *ack);

/* True if it sets the window in recovery too, by itself: then PRR, undo and restart leave it alone.
 */
static inline bool congestion_is_modelled(const struct congestion *congestion)
{
    return congestion->bbr != 0;
}

#endif
