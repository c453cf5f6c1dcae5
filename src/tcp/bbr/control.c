/* control.c -- the output of BBR: pacing rate, quantum, window (draft-ietf-ccwg-bbr 5.6). */
#include "tcp/bbr/inside.h"
#include "core/second.h"

enum {
    PACING_MARGIN_PERCENT = 1,
    STARTUP_PACING_PERCENT = 277,
    QUANTUM_MAX = 64 * 1024,
    QUANTUM_SEGMENTS_MIN = 2,
    QUANTA_OF_OFFLOAD = 3, /* 5.5.8 */
    UP_SEGMENTS = 2        /* extra in ProbeBW_UP (5.6.4.2) */
};

static const uint64_t ms_ns = 1000000;
/* The table of 5.6.1, in percent. */
static const struct gains {
    uint16_t pacing;
    uint16_t cwnd;
} gains[] = {
    [BBR_STARTUP] = {STARTUP_PACING_PERCENT, 200},
    [BBR_DRAIN] = {50, 200},
    [BBR_DOWN] = {90, 200},
    [BBR_CRUISE] = {100, 200},
    [BBR_REFILL] = {100, 200},
    [BBR_UP] = {125, 225},
    [BBR_PROBE_RTT] = {100, 50},
};

/* ---- pacing (5.6.2, 5.6.3) ---------------------------------------------------------------- */

/* At least a segment a second, so that no rate stays at zero. */
static void set_pacing_rate(struct bbr *bbr, uint64_t rate)
{
    bbr->pacing_rate = max64(rate, bbr->congestion->mss);
}

static void set_send_quantum(struct bbr *bbr)
{
    const uint64_t in_a_ms = bbr->pacing_rate / 1000;

    bbr->send_quantum =
        max32((uint32_t)min64(in_a_ms, QUANTUM_MAX), QUANTUM_SEGMENTS_MIN * bbr->congestion->mss);
}

void bbr_init_pacing_rate(struct bbr *bbr, uint64_t srtt_ns)
{
    const uint64_t rtt_ns = srtt_ns > 0 ? srtt_ns : ms_ns;

    set_pacing_rate(bbr, bbr->initial_cwnd * second_ns / rtt_ns * STARTUP_PACING_PERCENT / 100);
    set_send_quantum(bbr);
}

void bbr_set_pacing_rate_with_gain(struct bbr *bbr, uint32_t gain_percent)
{
    const uint64_t rate = bbr->bw * gain_percent / 100 * (100 - PACING_MARGIN_PERCENT) / 100;

    /* before the pipe is full, a lower rate is more likely a poor sample than a slow path
     * (5.6.2) */
    if (bbr->full_bw_reached || rate > bbr->pacing_rate)
        set_pacing_rate(bbr, rate);
}

/* ---- the window (5.6.4) ------------------------------------------------------------------- */

/* QuantizationBudget. */
static uint32_t quantization_budget(const struct bbr *bbr, uint32_t inflight)
{
    inflight = max32(inflight, QUANTA_OF_OFFLOAD * bbr->send_quantum);
    inflight = max32(inflight, bbr_min_pipe_cwnd(bbr));
    return bbr->state == BBR_UP ? inflight + UP_SEGMENTS * bbr->congestion->mss : inflight;
}

uint32_t bbr_inflight(const struct bbr *bbr, uint64_t bw, uint32_t gain_percent)
{
    return quantization_budget(bbr, bbr_bdp_multiple(bbr, bw, gain_percent));
}

static void update_max_inflight(struct bbr *bbr)
{
    const uint32_t inflight = bbr_bdp_multiple(bbr, bbr->bw, gains[bbr->state].cwnd);

    bbr->max_inflight = quantization_budget(bbr, inflight + bbr_extra_acked(bbr));
}

uint32_t bbr_probe_rtt_cwnd(const struct bbr *bbr)
{
    return max32(bbr_bdp_multiple(bbr, bbr->bw, gains[BBR_PROBE_RTT].cwnd), bbr_min_pipe_cwnd(bbr));
}

void bbr_restore_cwnd(struct bbr *bbr)
{
    bbr->congestion->cwnd = max32(bbr->congestion->cwnd, bbr->prior_cwnd);
}

/* BoundCwndForModel (5.6.4.7). */
static uint32_t model_cap(const struct bbr *bbr)
{
    uint32_t cap = BBR_INFINITE;

    if (bbr->state == BBR_CRUISE || bbr->state == BBR_PROBE_RTT)
        cap = bbr_inflight_with_headroom(bbr);
    else if (bbr_is_in_probe_bw(bbr))
        cap = bbr->inflight_longterm;
    return max32(min32(cap, bbr->inflight_shortterm), bbr_min_pipe_cwnd(bbr));
}

/* SetCwnd (5.6.4.6). */
static void set_cwnd(struct bbr *bbr, uint32_t newly_acked)
{
    uint32_t cwnd = bbr->congestion->cwnd;

    update_max_inflight(bbr);
    /* the window grows by the delivered bytes, never at once to the target, which would be a
     * burst */
    if (bbr->full_bw_reached)
        cwnd = min32(cwnd + newly_acked, bbr->max_inflight);
    else if (cwnd < bbr->max_inflight || bbr->rate.delivered < bbr->initial_cwnd)
        cwnd += newly_acked;
    cwnd = max32(cwnd, bbr_min_pipe_cwnd(bbr));
    if (bbr->state == BBR_PROBE_RTT) /* BoundCwndForProbeRTT (5.6.4.5) */
        cwnd = min32(cwnd, bbr_probe_rtt_cwnd(bbr));
    bbr->congestion->cwnd = min32(cwnd, model_cap(bbr));
}

void bbr_update_control(struct bbr *bbr, uint32_t newly_acked)
{
    bbr_set_pacing_rate_with_gain(bbr, gains[bbr->state].pacing);
    set_send_quantum(bbr);
    set_cwnd(bbr, newly_acked);
}
