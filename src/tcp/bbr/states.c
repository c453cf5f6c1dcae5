/* states.c -- the states of BBR and their transitions (draft-ietf-ccwg-bbr 5.3). */
#include "tcp/bbr/inside.h"

enum {
    FULL_BW_COUNT = 3,     /* rounds without growth until the pipe is full (5.3.1.2) */
    FULL_BW_PERCENT = 125, /* growth that counts */
    FULL_LOSS_RANGES = 6,  /* StartupFullLossCnt (5.3.1.3) */
    DRAIN_ROUNDS = 3,      /* 5.3.2 */
    RENO_ROUNDS = 63,      /* T_reno_bound (5.3.3.8.2) */
    UP_ROUNDS_MAX = 30
};

static const uint64_t probe_wait_ns = 2000000000; /* T_bbr: two seconds, and up to one more */
static const uint64_t probe_wait_random_ns = 1000000000;
static const uint64_t probe_rtt_duration_ns = 200000000; /* ProbeRTTDuration (2.16.2) */

/* xorshift64* (Vigna 2016). The numbers only desynchronize flows; nothing depends on their
 * secrecy. */
static uint64_t draw(struct bbr *bbr, uint64_t below)
{
    bbr->random ^= bbr->random >> 12;
    bbr->random ^= bbr->random << 25;
    bbr->random ^= bbr->random >> 27;
    return (bbr->random * 0x2545f4914f6cdd1du >> 32) % below;
}

/* ---- Startup and Drain (5.3.1, 5.3.2) ----------------------------------------------------- */

void bbr_reset_full_bw(struct bbr *bbr)
{
    bbr->full_bw = 0;
    bbr->full_bw_count = 0;
    bbr->full_bw_now = false;
}

void bbr_enter_startup(struct bbr *bbr)
{
    bbr->state = BBR_STARTUP;
}

void bbr_check_full_bw_reached(struct bbr *bbr, const struct rate_sample *rs)
{
    /* a round without enough data can't show that the path is full */
    if (bbr->full_bw_now || !bbr->round_start || rs->is_app_limited)
        return;
    if (rs->delivery_rate * 100 >= bbr->full_bw * FULL_BW_PERCENT) {
        bbr_reset_full_bw(bbr);
        bbr->full_bw = rs->delivery_rate;
        return;
    }
    bbr->full_bw_count++;
    bbr->full_bw_now = bbr->full_bw_count >= FULL_BW_COUNT;
    bbr->full_bw_reached = bbr->full_bw_reached || bbr->full_bw_now;
}

void bbr_fill_pipe_early(struct bbr *bbr)
{
    const uint64_t latest = min64(bbr->inflight_latest, BBR_INFINITE - 1);

    bbr->undo_state = BBR_STARTUP;
    bbr->full_bw_reached = true;
    bbr->inflight_longterm = max32(bbr_bdp_multiple(bbr, bbr->bw, 100), (uint32_t)latest);
}

/* CheckStartupHighLoss (5.3.1.3). */
static void check_startup_high_loss(struct bbr *bbr, const struct rate_sample *rs)
{
    const bool for_a_round =
        bbr->recovery_seen + 1 >= bbr->round_count && bbr->recovery_seen > bbr->recovery_round;
    const uint32_t enough = bbr->has_selective_acks ? FULL_LOSS_RANGES : 1;

    if (!bbr->loss_round_start)
        return;
    if (!bbr->full_bw_reached && (for_a_round || !bbr->has_selective_acks) &&
        bbr->lost_ranges >= enough && bbr_is_inflight_too_high(bbr, rs))
        bbr_fill_pipe_early(bbr);
    bbr->lost_ranges = 0;
}

void bbr_check_startup_done(struct bbr *bbr, const struct rate_sample *rs)
{
    check_startup_high_loss(bbr, rs);
    if (bbr->state != BBR_STARTUP || !bbr->full_bw_reached)
        return;
    bbr->state = BBR_DRAIN;
    bbr->drain_start_round = bbr->round_count;
}

/* ---- ProbeBW (5.3.3) ---------------------------------------------------------------------- */

/* PickProbeWait (5.3.3.8.3). */
static void pick_probe_wait(struct bbr *bbr)
{
    bbr->rounds_since_probe_up = (uint32_t)draw(bbr, 2);
    bbr->bw_probe_wait = probe_wait_ns + draw(bbr, probe_wait_random_ns);
}

static void start_down(struct bbr *bbr, uint64_t now_ns)
{
    bbr_reset_congestion_signals(bbr);
    bbr->probe_up_acked_per_inc = BBR_INFINITE;
    pick_probe_wait(bbr);
    bbr->cycle_stamp = now_ns;
    bbr->ack_phase = BBR_ACKS_PROBE_STOPPING;
    bbr_start_round(bbr);
    bbr->state = BBR_DOWN;
}

void bbr_start_refill(struct bbr *bbr)
{
    bbr_reset_short_term_model(bbr);
    bbr->bw_probe_up_rounds = 0;
    bbr->bw_probe_up_acked = 0;
    bbr->prev_probe_precautionary = false;
    bbr->ack_phase = BBR_ACKS_REFILLING;
    bbr_start_round(bbr);
    bbr->state = BBR_REFILL;
}

/* RaiseInflightLongtermSlope: 1, 2, 4 ... segments a round trip. */
static void raise_slope(struct bbr *bbr)
{
    const uint32_t growth = 1u << bbr->bw_probe_up_rounds;

    if (bbr->bw_probe_up_rounds < UP_ROUNDS_MAX)
        bbr->bw_probe_up_rounds++;
    bbr->probe_up_acked_per_inc = max32(bbr->congestion->cwnd / growth, bbr->congestion->mss);
}

static void start_up(struct bbr *bbr, const struct rate_sample *rs)
{
    bbr->ack_phase = BBR_ACKS_PROBE_STARTING;
    bbr_start_round(bbr);
    bbr_reset_full_bw(bbr);
    bbr->full_bw = rs->delivery_rate;
    bbr->state = BBR_UP;
    raise_slope(bbr);
}

void bbr_check_drain_done(struct bbr *bbr, const struct bbr_ack *ack)
{
    if (bbr->state == BBR_DRAIN && (ack->in_flight_bytes <= bbr_inflight(bbr, bbr->bw, 100) ||
                                    bbr->round_count > bbr->drain_start_round + DRAIN_ROUNDS))
        start_down(bbr, ack->now_ns);
}

void bbr_handle_inflight_too_high(struct bbr *bbr, uint32_t tx_in_flight, bool is_app_limited,
                                  uint64_t now_ns)
{
    const uint32_t target = (uint32_t)((uint64_t)bbr_target_inflight(bbr) * BBR_BETA_PERCENT / 100);

    bbr->prev_probe_too_high = true;
    bbr->is_bw_probe_sample = false; /* once per probe */
    if (!is_app_limited)
        bbr->inflight_longterm = max32(tx_in_flight, target);
    if (bbr->state != BBR_UP)
        return;
    bbr->undo_state = BBR_UP;
    start_down(bbr, now_ns);
}

/* ProbeInflightLongtermUpward. */
static void probe_upward(struct bbr *bbr, const struct rate_sample *rs)
{
    if (!bbr_is_cwnd_limited(bbr) || bbr->congestion->cwnd < bbr->inflight_longterm)
        return;
    bbr->bw_probe_up_acked += rs->newly_acked;
    if (bbr->bw_probe_up_acked >= bbr->probe_up_acked_per_inc) {
        const uint64_t delta = bbr->bw_probe_up_acked / bbr->probe_up_acked_per_inc;

        bbr->bw_probe_up_acked -= delta * bbr->probe_up_acked_per_inc;
        bbr->inflight_longterm += (uint32_t)delta * bbr->congestion->mss;
    }
    if (bbr->round_start)
        raise_slope(bbr);
}

/* Ends a probe after its last ACKs; its bandwidth counts. True: the next probe begins at once,
 * because this one was shortened as a precaution and succeeded (5.3.3.6). */
static bool end_probe(struct bbr *bbr, const struct rate_sample *rs)
{
    bbr->is_bw_probe_sample = false;
    bbr->ack_phase = BBR_ACKS_INIT;
    if (!bbr_is_in_probe_bw(bbr))
        return false;
    if (!rs->is_app_limited)
        bbr_advance_max_bw_filter(bbr);
    if (!bbr->prev_probe_precautionary || bbr->prev_probe_too_high)
        return false;
    bbr_start_refill(bbr);
    return true;
}

/* AdaptLongTermModel. True: it has changed the state. */
static bool adapt_long_term_model(struct bbr *bbr, const struct rate_sample *rs)
{
    if (bbr->ack_phase == BBR_ACKS_PROBE_STARTING && bbr->round_start)
        bbr->ack_phase = BBR_ACKS_PROBE_FEEDBACK;
    if (bbr->ack_phase == BBR_ACKS_PROBE_STOPPING && bbr->round_start && end_probe(bbr, rs))
        return true;
    if (bbr_is_inflight_too_high(bbr, rs) || bbr->inflight_longterm == BBR_INFINITE)
        return false;
    bbr->inflight_longterm = max32(bbr->inflight_longterm, rs->tx_in_flight);
    if (bbr->state == BBR_UP)
        probe_upward(bbr, rs);
    return false;
}

/* IsTimeToProbeBW (5.3.3.8.3). If it is, a probe is started. */
static bool is_time_to_probe(struct bbr *bbr, const struct bbr_ack *ack)
{
    const uint32_t reno_rounds = bbr_target_inflight(bbr) / bbr->congestion->mss;

    /* a probe also begins after as many round trips as Reno needs to grow back, so that Reno keeps
     * its part (5.3.3.8.2) */
    if (ack->now_ns <= bbr->cycle_stamp + bbr->bw_probe_wait &&
        bbr->rounds_since_probe_up < min32(reno_rounds, RENO_ROUNDS))
        return false;
    bbr_start_refill(bbr);
    return true;
}

static bool is_time_to_cruise(const struct bbr *bbr, const struct bbr_ack *ack)
{
    return ack->in_flight_bytes <= bbr_inflight_with_headroom(bbr) &&
           ack->in_flight_bytes <= bbr_inflight(bbr, bbr_max_bw(bbr), 100);
}

static bool is_time_to_go_down(struct bbr *bbr, const struct rate_sample *rs)
{
    /* in flight before the ACK, which is at most the whole segments in the window */
    if (bbr->prev_probe_too_high &&
        bbr->prior_in_flight + bbr->congestion->mss > bbr->inflight_longterm) {
        bbr->prev_probe_precautionary = true;
        return true;
    }
    if (bbr_is_cwnd_limited(bbr) && bbr->congestion->cwnd >= bbr->inflight_longterm) {
        bbr_reset_full_bw(bbr); /* the limit is inflight_longterm */
        bbr->full_bw = rs->delivery_rate;
        return false;
    }
    return bbr->full_bw_now;
}

void bbr_update_cycle_phase(struct bbr *bbr, const struct rate_sample *rs,
                            const struct bbr_ack *ack)
{
    if (!bbr->full_bw_reached || adapt_long_term_model(bbr, rs) || !bbr_is_in_probe_bw(bbr))
        return;
    if (bbr->state == BBR_DOWN && !is_time_to_probe(bbr, ack)) {
        if (is_time_to_cruise(bbr, ack))
            bbr->state = BBR_CRUISE;
    } else if (bbr->state == BBR_CRUISE) {
        is_time_to_probe(bbr, ack);
    } else if (bbr->state == BBR_REFILL && bbr->round_start) {
        bbr->is_bw_probe_sample = true;
        start_up(bbr, rs);
    } else if (bbr->state == BBR_UP && is_time_to_go_down(bbr, rs)) {
        bbr->prev_probe_too_high = false; /* not known yet */
        start_down(bbr, ack->now_ns);
    }
}

/* ---- ProbeRTT (5.3.4) --------------------------------------------------------------------- */

/* ExitProbeRTT (5.3.4.4). */
static void exit_probe_rtt(struct bbr *bbr, uint64_t now_ns)
{
    bbr_reset_short_term_model(bbr);
    if (!bbr->full_bw_reached) {
        bbr_enter_startup(bbr);
        return;
    }
    start_down(bbr, now_ns);
    bbr->state = BBR_CRUISE;
}

void bbr_check_probe_rtt_done(struct bbr *bbr, uint64_t now_ns)
{
    if (bbr->probe_rtt_done_stamp == 0 || now_ns <= bbr->probe_rtt_done_stamp)
        return;
    bbr->probe_rtt_min_stamp = now_ns;
    bbr_restore_cwnd(bbr);
    exit_probe_rtt(bbr, now_ns);
}

static void handle_probe_rtt(struct bbr *bbr, const struct bbr_ack *ack)
{
    rate_mark_app_limited(&bbr->rate, ack->in_flight_bytes);
    if (bbr->probe_rtt_done_stamp == 0 && ack->in_flight_bytes <= bbr_probe_rtt_cwnd(bbr)) {
        bbr->probe_rtt_done_stamp = ack->now_ns + probe_rtt_duration_ns;
        bbr->probe_rtt_round_done = false;
        bbr_start_round(bbr);
    } else if (bbr->probe_rtt_done_stamp != 0) {
        bbr->probe_rtt_round_done = bbr->probe_rtt_round_done || bbr->round_start;
        if (bbr->probe_rtt_round_done)
            bbr_check_probe_rtt_done(bbr, ack->now_ns);
    }
}

void bbr_check_probe_rtt(struct bbr *bbr, const struct rate_sample *rs, const struct bbr_ack *ack)
{
    /* after idle time the queue is empty anyway, and the next samples show min_rtt */
    if (bbr->state != BBR_PROBE_RTT && bbr->probe_rtt_expired && !bbr->idle_restart) {
        bbr_save_cwnd(bbr);
        bbr->state = BBR_PROBE_RTT;
        bbr->probe_rtt_done_stamp = 0;
        bbr->ack_phase = BBR_ACKS_PROBE_STOPPING;
        bbr_start_round(bbr);
    }
    if (bbr->state == BBR_PROBE_RTT)
        handle_probe_rtt(bbr, ack);
    if (rs->delivered > 0)
        bbr->idle_restart = false;
}
