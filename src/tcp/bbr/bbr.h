/*
 * bbr.h -- congestion control by a model of the path: BBRv3 (draft-ietf-ccwg-bbr).
 *
 * The model has two numbers: how much the path delivers in a second (max_bw, from the samples of
 * rate.h), and the round-trip time without a queue (min_rtt). Their product should be in flight. A
 * loss doesn't halve the window. It shows that more was in flight than the path carries
 * (inflight_longterm, if BBR was probing for more), or that there is less room for a while
 * (bw_shortterm and inflight_shortterm, until the next probe). Losses that LossThresh and chance
 * explain show neither: rate_is_too_much().
 *
 *      STARTUP -> DRAIN -> DOWN -> CRUISE -> REFILL -> UP -> DOWN ...
 *
 * STARTUP doubles the rate until that doesn't help any more, and DRAIN empties the queue that this
 * has built up. The cycle then probes for more every two or three seconds, or 63 round trips.
 * PROBE_RTT lets the queue drain for 200 ms if min_rtt is older than five seconds.
 *
 * The output is pacing_rate, send_quantum and the window, congestion->cwnd. recovery.c detects the
 * losses, but BBR sets the window then too. Names and section numbers are the draft's; "infinite"
 * is BBR_INFINITE. An ECN mark counts as a loss of more than LossThresh: section 3.7 only asks that
 * it be treated as congestion.
 */
#ifndef TCP_BBR_H
#define TCP_BBR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cold.h"
#include "tcp/congestion/congestion.h"
#include "tcp/congestion/rate.h"

#define BBR_INFINITE UINT32_MAX

enum bbr_state {
    BBR_STARTUP,
    BBR_DRAIN,
    BBR_DOWN,
    BBR_CRUISE,
    BBR_REFILL,
    BBR_UP,
    BBR_PROBE_RTT
};

/* The phase of the cycle that the ACKs now belong to (2.14). */
enum bbr_ack_phase {
    BBR_ACKS_INIT,
    BBR_ACKS_REFILLING,
    BBR_ACKS_PROBE_STARTING,
    BBR_ACKS_PROBE_FEEDBACK,
    BBR_ACKS_PROBE_STOPPING
};

struct bbr {
    struct rate rate;
    struct congestion *congestion; /* C.cwnd and C.SMSS */
    uint8_t state;                 /* enum bbr_state */
    uint8_t ack_phase;             /* enum bbr_ack_phase */
    uint8_t undo_state;            /* 2.15: BBR_STARTUP, BBR_UP, or BBR_DRAIN for none */
    uint8_t full_bw_count;
    uint8_t bw_probe_up_rounds;
    bool has_selective_acks;
    bool round_start;
    bool loss_round_start;
    bool is_loss_in_round;
    bool is_mark_in_round; /* or a loss that a probe repaired: neither has a threshold */
    bool full_bw_now;
    bool full_bw_reached;
    bool is_bw_probe_sample;
    bool prev_probe_too_high;
    bool prev_probe_precautionary;
    bool probe_rtt_expired;
    bool probe_rtt_round_done;
    bool idle_restart;
    bool in_recovery;
    bool limited_now;    /* C.is_cwnd_limited, in this round trip ... */
    bool limited_before; /* ... and in the last */

    /* output (2.4) */
    uint64_t pacing_rate; /* bytes a second */
    uint32_t send_quantum;

    /* rates, bytes a second */
    uint64_t bw;
    uint64_t max_bw_filter[2]; /* in the last cycle, and in this one */
    uint64_t bw_shortterm;     /* UINT64_MAX: infinite */
    uint64_t bw_latest;
    uint64_t full_bw;
    uint64_t undo_bw_shortterm;

    /* volumes, bytes */
    uint32_t initial_cwnd;
    uint32_t prior_in_flight; /* C.inflight before the ACK */
    uint32_t prior_cwnd;
    uint32_t max_inflight;
    uint32_t inflight_longterm;
    uint32_t inflight_shortterm;
    uint32_t undo_inflight_shortterm;
    uint32_t undo_inflight_longterm;
    uint64_t inflight_latest;
    uint32_t probe_up_acked_per_inc;
    uint64_t bw_probe_up_acked;
    uint32_t extra_acked_filter[2]; /* in the last part of the window, and in this one */
    uint64_t extra_acked_delivered;

    /* round trips, counted by delivered data */
    uint32_t round_count;
    uint32_t drain_start_round;
    uint32_t rounds_since_probe_up;
    uint32_t extra_acked_round; /* start of this part of the window */
    uint32_t recovery_round;    /* when recovery began */
    uint32_t recovery_seen;     /* when it was last active */
    uint32_t lost_ranges;       /* in this round */
    uint64_t next_round_delivered;
    uint64_t loss_round_delivered;

    /* times, ns */
    uint64_t min_rtt; /* UINT64_MAX: none yet */
    uint64_t min_rtt_stamp;
    uint64_t probe_rtt_min_delay;
    uint64_t probe_rtt_min_stamp;
    uint64_t probe_rtt_done_stamp; /* 0: not known */
    uint64_t cycle_stamp;
    uint64_t bw_probe_wait;
    uint64_t extra_acked_interval_start;
    uint64_t random;
};

/* The initial state. */
struct bbr_begin {
    uint64_t now_ns;
    uint64_t srtt_ns; /* 0: unknown */
    uint64_t seed;    /* for random numbers */
    bool has_selective_acks;
};

/* An ACK, after recovery has processed it. */
struct bbr_ack {
    uint64_t now_ns;
    uint32_t in_flight_bytes; /* C.inflight, after the ACK */
    bool in_recovery;         /* of any kind */
    bool marked;              /* ECE, for the first time in a round trip (RFC 3168) */
    bool repaired;            /* the tail loss probe has repaired a loss (RFC 8985 7.4) */
    bool undone;              /* the recovery was spurious */
};

/* OnInit (5.2.1). @congestion has the initial window; BBR controls it from now on. */
void bbr_init(struct bbr *bbr, struct congestion *congestion, const struct bbr_begin *begin);

/* To be called before an ACK is processed. @in_flight_bytes are in flight. @is_out_of_data: the
 * program has nothing to send and nothing is lost (4.1.2.4). */
void bbr_ack_begins(struct bbr *bbr, uint32_t in_flight_bytes, bool is_out_of_data);

/* UpdateOnACK (5.2.3), HandleLostPacket for all losses found (5.2.4), and
 * HandleSpuriousLossDetection (5.2.5). */
void bbr_acked(struct bbr *bbr, const struct bbr_ack *ack);

/* OnTransmit (5.2.2) with nothing in flight. */
COLD void bbr_restarts(struct bbr *bbr, uint64_t now_ns);

/* OnEnterRTO, OnEnterFastRecovery (5.6.4.4): leat_tcp_congestion's reduced(). */
COLD void bbr_reduced(struct congestion *congestion, uint32_t flight_bytes, uint64_t now_ns);

struct leat_tcp;
struct transfer;

/* The calls from the rest of TCP to BBR, which is linked only if a program uses leat_tcp_bbr. */
struct bbr_calls {
    void (*take)(struct leat_tcp *conn, struct transfer *transfer); /* bbr_pool.h */
    void (*give)(struct leat_tcp *conn, struct transfer *transfer);
    void (*ack_begins)(struct bbr *bbr, uint32_t in_flight_bytes, bool is_out_of_data);
    void (*acked)(struct bbr *bbr, const struct bbr_ack *ack);
    void (*restarts)(struct bbr *bbr, uint64_t now_ns);
};

#endif
