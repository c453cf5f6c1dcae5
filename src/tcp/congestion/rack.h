/*
 * rack.h -- loss detection by time: RACK (RFC 8985).
 *
 * A segment is lost when one that was sent a reordering window later has arrived. Needs SACK.
 */
#ifndef TCP_RACK_H
#define TCP_RACK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cold.h"
#include "tcp/congestion/scoreboard.h"
#include "tcp/congestion/seq.h"

struct rack {
    uint64_t xmit_ns;    /* RACK.xmit_ts: when the newest delivered segment was sent */
    uint64_t rtt_ns;     /* RACK.rtt: its round-trip time */
    uint64_t min_rtt_ns; /* the least in the last two intervals */
    uint64_t min_since_ns;
    uint32_t end_seq; /* RACK.end_seq */
    uint32_t fack;    /* RACK.fack: highest number delivered */
    bool started;     /* something was delivered */
    bool reordering_seen;
    bool in_dsack_round;
    uint8_t reo_wnd_mult;
    uint8_t reo_wnd_persist; /* recoveries until reo_wnd_mult is 1 again */
    uint32_t dsack_round;
    uint64_t young_min_ns; /* the minimum of the current interval */
};

void rack_init(struct rack *rack);

/* Step 1, also for a round-trip time from another source, the handshake. Keeps the minimum of one
 * to two intervals, so a longer path is noticed after a minute. */
static inline void rack_sample(struct rack *rack, uint64_t rtt_ns, uint64_t now_ns)
{
    const uint64_t min_rtt_interval_ns = 30000000000;

    if (now_ns - rack->min_since_ns > min_rtt_interval_ns) {
        rack->min_rtt_ns = rack->young_min_ns;
        rack->young_min_ns = UINT64_MAX;
        rack->min_since_ns = now_ns;
    }
    if (rtt_ns < rack->young_min_ns)
        rack->young_min_ns = rtt_ns;
    if (rtt_ns < rack->min_rtt_ns)
        rack->min_rtt_ns = rtt_ns;
}

/* Steps 1 to 4 of RFC 8985 6.2, for an ACK. */
void rack_delivered(struct rack *rack, const struct delivered *delivered, uint64_t now_ns);

/* Steps 1 to 4 for an ACK of one record that was sent once, at @sent_ns, and ends at @end. */
static inline void rack_delivered_one(struct rack *rack, uint64_t sent_ns, uint32_t end,
                                      uint64_t now_ns)
{
    /* these are the same steps for the usual ACK, without a struct delivered to fill and read */
    rack_sample(rack, now_ns - sent_ns, now_ns);
    rack->rtt_ns = now_ns - sent_ns;
    if (rack->started && seq_lt(end, rack->fack))
        rack->reordering_seen = true;
    else
        rack->fack = end;
    if (!rack->started || sent_ns > rack->xmit_ns ||
        (sent_ns == rack->xmit_ns && seq_lt(rack->end_seq, end))) {
        rack->xmit_ns = sent_ns;
        rack->end_seq = end;
    }
    rack->started = true;
}

/* Step 4: a DSACK shows that we retransmitted too early. */
COLD void rack_dsack(struct rack *rack, uint32_t snd_una, uint32_t snd_nxt);

/* Notes the end of a recovery. */
COLD void rack_recovered(struct rack *rack);

/* Step 5: marks records lost. @hurry: in recovery, or three segments SACKed. Returns the time at
 * which more may be found lost; UINT64_MAX: none is suspected. */
uint64_t rack_detect(const struct rack *rack, struct scoreboard *board, uint64_t srtt_ns,
                     bool hurry, uint64_t now_ns);

#endif
