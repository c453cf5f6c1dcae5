/*
 * hystart.c -- HyStart++ (RFC 9406 4.2, with the constants of 4.3).
 *
 * A round is the time from SND.NXT being noted until it is acknowledged. If the least round trip of
 * a round is longer than that of the last one by a threshold, a queue is building up, and
 * conservative slow start (CSS) begins. If the round trips get shorter again, it was noise. If not,
 * slow start is over after five rounds, before the queue overflows.
 */
#include "tcp/congestion/hystart.h"

#include "tcp/congestion/seq.h"

enum {
    MIN_RTT_DIVISOR = 8,
    N_RTT_SAMPLE = 8,
    CSS_GROWTH_DIVISOR = 4,
    CSS_ROUNDS = 5
};

static const uint64_t min_rtt_thresh_ns = 4000000;
static const uint64_t max_rtt_thresh_ns = 16000000;

void hystart_init(struct hystart *hystart)
{
    *hystart = (struct hystart){.last_min_ns = UINT64_MAX, .current_min_ns = UINT64_MAX};
}

static void begin_round(struct hystart *hystart, uint32_t snd_nxt)
{
    hystart->last_min_ns = hystart->current_min_ns;
    hystart->current_min_ns = UINT64_MAX;
    hystart->samples = 0;
    hystart->window_end = snd_nxt;
    hystart->in_round = true;
}

static bool rtt_has_risen(const struct hystart *hystart)
{
    uint64_t threshold_ns = hystart->last_min_ns / MIN_RTT_DIVISOR;

    /* a minimum of few samples is mostly jitter */
    if (hystart->samples < N_RTT_SAMPLE || hystart->last_min_ns == UINT64_MAX)
        return false;
    if (threshold_ns < min_rtt_thresh_ns)
        threshold_ns = min_rtt_thresh_ns;
    if (threshold_ns > max_rtt_thresh_ns)
        threshold_ns = max_rtt_thresh_ns;
    return hystart->current_min_ns >= hystart->last_min_ns + threshold_ns;
}

bool hystart_acked(struct hystart *hystart, uint32_t snd_una, uint32_t snd_nxt, uint64_t rtt_ns)
{
    if (!hystart->in_round || seq_le(hystart->window_end, snd_una)) {
        /* the fifth round has ended without a shorter round trip */
        if (hystart->in_css && ++hystart->css_rounds >= CSS_ROUNDS)
            return true;
        begin_round(hystart, snd_nxt);
    }
    if (rtt_ns > 0) {
        if (rtt_ns < hystart->current_min_ns)
            hystart->current_min_ns = rtt_ns;
        if (hystart->samples < N_RTT_SAMPLE)
            hystart->samples++;
    }
    /* 4.2: this is tested at each ACK, not only at the end of a round */
    if (!hystart->in_css && rtt_has_risen(hystart)) {
        hystart->in_css = true;
        hystart->css_base_ns = hystart->current_min_ns;
        hystart->css_rounds = 0;
    } else if (hystart->in_css && hystart->samples >= N_RTT_SAMPLE &&
               hystart->current_min_ns < hystart->css_base_ns) {
        hystart->in_css = false; /* it was noise */
        hystart->css_base_ns = UINT64_MAX;
    }
    return false;
}

uint32_t hystart_divisor(const struct hystart *hystart)
{
    return hystart->in_css ? CSS_GROWTH_DIVISOR : 1;
}
