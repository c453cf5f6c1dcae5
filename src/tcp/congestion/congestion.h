/*
 * congestion.h -- how much may be in flight (RFC 5681, RFC 9438).
 *
 * An algorithm is a table of functions over a small state. The rest of TCP only reads cwnd. In fast
 * recovery PRR sets the window (prr.h), except with BBR, whose model sets it at all times
 * (tcp/bbr/bbr.h).
 */
#ifndef TCP_CONGESTION_H
#define TCP_CONGESTION_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/tcp.h>

#include "tcp/congestion/hystart.h"
#include "core/cold.h"
#include "core/parts.h"

struct bbr;
struct bbr_calls;
struct congestion;

/* The algorithm of stacks and connections that choose none. */
#define tcp_default_congestion (HAS_CUBIC ? &leat_tcp_cubic : &leat_tcp_newreno)

/* An ACK with news, while nothing is being repaired. */
struct congestion_ack {
    uint64_t now_ns;
    uint64_t srtt_ns;
    uint64_t rtt_ns;       /* sample of this ACK; 0: no sample */
    uint32_t acked_bytes;  /* newly delivered */
    uint32_t flight_bytes; /* before the ACK */
    uint32_t snd_una;
    uint32_t snd_nxt;
    bool paced; /* data that it allows is spread over the round trip */
};

struct leat_tcp_congestion {
    const char *name;
    bool is_paced; /* bursts may be spread over the round trip */
    const struct bbr_calls
        *bbr; /* calls of an algorithm with a model of the path; NULL: it has none */
    void (*acked)(struct congestion *congestion, const struct congestion_ack *ack);
    /* A loss or an ECN mark: sets ssthresh. */
    void (*reduced)(struct congestion *congestion, uint32_t flight_bytes, uint64_t now_ns);
};

struct congestion {
    struct bbr *bbr;           /* BBR's model; NULL: another algorithm */
    uint32_t cwnd;             /* bytes */
    uint32_t ssthresh;         /* bytes */
    uint32_t mss;              /* SMSS, bytes */
    uint32_t counted;          /* bytes acknowledged since cwnd last grew in congestion avoidance */
    bool after_timeout;        /* in the slow start that follows a timeout (RFC 3465 2.3) */
    uint16_t initial_segments; /* the initial window */
    struct cubic {
        /* start of this congestion avoidance; 0: not yet. Never 0 with BBR, so that its ACKs are
         * never neutral */
        uint64_t epoch_ns;
        uint64_t seen_ns; /* the last ACK */
        uint32_t w_max;   /* bytes; cwnd before the last reduction; 0: that was a timeout */
        uint32_t w_est;   /* bytes; the window of Reno (RFC 9438 4.3) */
        uint32_t cwnd_prior;
        uint32_t k_ms; /* time from the epoch to w_max */
        uint32_t part; /* fraction of w_est, less than a byte */
    } cubic;
    struct hystart hystart;
    const struct leat_tcp_congestion *ops;
};

/* Sets the initial window of RFC 6928, with @initial_segments, by default 10; or one segment if a
 * SYN was lost in the handshake (RFC 5681 3.1). */
void congestion_init(struct congestion *congestion, const struct leat_tcp_congestion *ops,
                     uint32_t mss, uint16_t initial_segments, bool lost_SYN);

/* Sets the loss window after the retransmission timeout: RFC 5681 3.1. ssthresh is set already. */
COLD void congestion_timed_out(struct congestion *congestion);

/* Reduces the window after an idle time of more than an RTO: RFC 5681 4.1. */
COLD void congestion_restart(struct congestion *congestion);

/* Changes the segment size. If @mss is smaller than before, the window shrinks so that it holds as
 * many segments as before (RFC 5681 3.1), because the path has carried this number of segments. */
COLD void congestion_resize(struct congestion *congestion, uint32_t mss);

/* True if the window limited us while @flight_bytes were in flight. Only then may it grow (RFC
 * 7661). */
static inline bool congestion_was_limiting(const struct congestion *congestion,
                                           uint32_t flight_bytes)
{
    /* half is enough in slow start, which doubles the window every round */
    if (congestion->cwnd < congestion->ssthresh)
        return flight_bytes >= congestion->cwnd / 2;
    return flight_bytes + congestion->mss >= congestion->cwnd;
}

/* True if an ACK for @flight_bytes changes nothing: the window didn't limit, and no clock runs that
 * would have to be stopped. */
static inline bool congestion_ack_is_neutral(const struct congestion *congestion,
                                             uint32_t flight_bytes)
{
    return !congestion_was_limiting(congestion, flight_bytes) && congestion->cubic.epoch_ns == 0;
}

/* Handles an ACK in slow start: RFC 5681 3.1 by bytes (RFC 3465), HyStart++. */
void congestion_slow_start(struct congestion *congestion, const struct congestion_ack *ack);

/* True if a model sets the window, in recovery too: then PRR, undo and restart leave it alone. */
static inline bool congestion_is_modelled(const struct congestion *congestion)
{
    return congestion->bbr != 0;
}

#endif
