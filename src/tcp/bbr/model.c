/* model.c -- the model of the path: bandwidth, round trip, aggregation, and the volume that it
 * carries (draft-ietf-ccwg-bbr 5.5). */
#include "tcp/bbr/inside.h"

enum {
    EXTRA_ACKED_ROUNDS = 5 /* half of ExtraAckedFilterLen: the window is a half and a part */
};

static const uint64_t min_rtt_filter_len_ns = 10000000000u; /* MinRTTFilterLen (2.16.1) */
static const uint64_t probe_rtt_interval_ns = 5000000000u;  /* ProbeRTTInterval (2.16.2) */
static const uint32_t most_bytes = 0x3fffffff;              /* no peer offers a larger window */

/* Bytes delivered at @rate in @ns, exact to a microsecond; to a millisecond beyond an hour, where
 * the product would exceed 64 bits at high rates. */
static uint64_t delivered_in(uint64_t rate, uint64_t ns)
{
    const uint64_t us = ns / 1000;

    return us < UINT32_MAX ? rate * us / 1000000 : rate / 1000 * (us / 1000);
}

/* ---- rates -------------------------------------------------------------------------------- */

uint64_t bbr_max_bw(const struct bbr *bbr)
{
    return max64(bbr->max_bw_filter[0], bbr->max_bw_filter[1]);
}

/* Without a sample in this cycle the samples of the last one stay, because idle time proves
 * nothing. */
void bbr_advance_max_bw_filter(struct bbr *bbr)
{
    if (bbr->max_bw_filter[1] == 0)
        return;
    bbr->max_bw_filter[0] = bbr->max_bw_filter[1];
    bbr->max_bw_filter[1] = 0;
}

void bbr_start_round(struct bbr *bbr)
{
    bbr->next_round_delivered = bbr->rate.delivered;
}

/* UpdateRound (5.5.1). */
static void update_round(struct bbr *bbr, const struct rate_sample *rs)
{
    bbr->round_start = rs->prior_delivered >= bbr->next_round_delivered;
    if (!bbr->round_start)
        return;
    bbr_start_round(bbr);
    bbr->round_count++;
    bbr->rounds_since_probe_up++;
    bbr->limited_before = bbr->limited_now;
    bbr->limited_now = false;
}

/* UpdateMaxBw (5.5.5). */
static void update_max_bw(struct bbr *bbr, const struct rate_sample *rs)
{
    update_round(bbr, rs);
    if (rs->delivery_rate > bbr->max_bw_filter[1] &&
        (rs->delivery_rate >= bbr_max_bw(bbr) || !rs->is_app_limited))
        bbr->max_bw_filter[1] = rs->delivery_rate;
}

/* ---- volumes ------------------------------------------------------------------------------ */

uint32_t bbr_bdp_multiple(const struct bbr *bbr, uint64_t bw, uint32_t gain_percent)
{
    uint64_t bdp;

    /* 5.6.4.2: no round trip has been measured */
    if (bbr->min_rtt == UINT64_MAX)
        return bbr->initial_cwnd;
    bdp = min64(delivered_in(bw, bbr->min_rtt), most_bytes);
    return (uint32_t)min64(bdp * gain_percent / 100, most_bytes);
}

uint32_t bbr_target_inflight(const struct bbr *bbr)
{
    return min32(bbr_bdp_multiple(bbr, bbr->bw, 100), bbr->congestion->cwnd);
}

uint32_t bbr_inflight_with_headroom(const struct bbr *bbr)
{
    const uint32_t longterm = bbr->inflight_longterm;
    uint32_t headroom;

    if (longterm == BBR_INFINITE)
        return BBR_INFINITE;
    /* the headroom is for flows that begin on the same path */
    headroom =
        max32((uint32_t)((uint64_t)longterm * BBR_HEADROOM_PERCENT / 100), bbr->congestion->mss);
    return max32(longterm > headroom ? longterm - headroom : 0, bbr_min_pipe_cwnd(bbr));
}

uint32_t bbr_extra_acked(const struct bbr *bbr)
{
    return max32(bbr->extra_acked_filter[0], bbr->extra_acked_filter[1]);
}

/* Begins the next part of the window: two halves of ten rounds, or one round each in Startup. */
static void advance_extra_acked_filter(struct bbr *bbr)
{
    const uint32_t rounds = bbr->full_bw_reached ? EXTRA_ACKED_ROUNDS : 1;

    if (bbr->round_count - bbr->extra_acked_round < rounds)
        return;
    bbr->extra_acked_round = bbr->round_count;
    bbr->extra_acked_filter[0] = bbr->extra_acked_filter[1];
    bbr->extra_acked_filter[1] = 0;
}

void bbr_update_ack_aggregation(struct bbr *bbr, const struct rate_sample *rs, uint64_t now_ns)
{
    uint64_t expected = delivered_in(bbr->bw, now_ns - bbr->extra_acked_interval_start);
    uint64_t extra;

    advance_extra_acked_filter(bbr);
    if (bbr->extra_acked_delivered <= expected) {
        bbr->extra_acked_delivered = 0;
        bbr->extra_acked_interval_start = now_ns;
        expected = 0;
    }
    bbr->extra_acked_delivered += rs->newly_acked;
    extra = min64(bbr->extra_acked_delivered - expected, bbr->congestion->cwnd);
    bbr->extra_acked_filter[1] = max32(bbr->extra_acked_filter[1], (uint32_t)extra);
}

/* ---- the round trip ----------------------------------------------------------------------- */

void bbr_update_min_rtt(struct bbr *bbr, const struct rate_sample *rs, uint64_t now_ns)
{
    bbr->probe_rtt_expired = now_ns > bbr->probe_rtt_min_stamp + probe_rtt_interval_ns;
    if (rs->rtt_ns > 0 && (rs->rtt_ns < bbr->probe_rtt_min_delay || bbr->probe_rtt_expired)) {
        bbr->probe_rtt_min_delay = rs->rtt_ns;
        bbr->probe_rtt_min_stamp = now_ns;
    }
    if (bbr->probe_rtt_min_delay < bbr->min_rtt ||
        now_ns > bbr->min_rtt_stamp + min_rtt_filter_len_ns) {
        bbr->min_rtt = bbr->probe_rtt_min_delay;
        bbr->min_rtt_stamp = bbr->probe_rtt_min_stamp;
    }
}

/* ---- losses ------------------------------------------------------------------------------- */

void bbr_update_latest_delivery_signals(struct bbr *bbr, const struct rate_sample *rs)
{
    bbr->bw_latest = max64(bbr->bw_latest, rs->delivery_rate);
    bbr->inflight_latest = max64(bbr->inflight_latest, rs->delivered);
    bbr->loss_round_start = rs->prior_delivered >= bbr->loss_round_delivered;
    if (bbr->loss_round_start)
        bbr->loss_round_delivered = bbr->rate.delivered;
}

void bbr_advance_latest_delivery_signals(struct bbr *bbr, const struct rate_sample *rs)
{
    if (!bbr->loss_round_start)
        return;
    bbr->bw_latest = rs->delivery_rate;
    bbr->inflight_latest = rs->delivered;
}

void bbr_reset_congestion_signals(struct bbr *bbr)
{
    bbr->is_loss_in_round = bbr->is_mark_in_round = false;
    bbr->bw_latest = 0;
    bbr->inflight_latest = 0;
}

void bbr_reset_short_term_model(struct bbr *bbr)
{
    bbr->bw_shortterm = UINT64_MAX;
    bbr->inflight_shortterm = BBR_INFINITE;
}

/* InitLowerBounds, LossLowerBounds. */
static void lower_bounds(struct bbr *bbr)
{
    const uint64_t inflight_latest = min64(bbr->inflight_latest, most_bytes);

    if (bbr->bw_shortterm == UINT64_MAX)
        bbr->bw_shortterm = bbr_max_bw(bbr);
    if (bbr->inflight_shortterm == BBR_INFINITE)
        bbr->inflight_shortterm = bbr->congestion->cwnd;
    /* neither falls below the last round: that much has got through in spite of the losses */
    bbr->bw_shortterm = max64(bbr->bw_latest, bbr->bw_shortterm * BBR_BETA_PERCENT / 100);
    bbr->inflight_shortterm =
        max32((uint32_t)inflight_latest,
              (uint32_t)((uint64_t)bbr->inflight_shortterm * BBR_BETA_PERCENT / 100));
}

void bbr_update_congestion_signals(struct bbr *bbr, const struct rate_sample *rs)
{
    update_max_bw(bbr, rs);
    if (!bbr->loss_round_start)
        return;
    /* the draft lowers them after any loss */
    if (bbr->is_loss_in_round && !bbr_is_probing_bw(bbr) &&
        (bbr->is_mark_in_round || bbr_is_inflight_too_high(bbr, rs)))
        lower_bounds(bbr);
    bbr->is_loss_in_round = bbr->is_mark_in_round = false;
}

void bbr_save_cwnd(struct bbr *bbr)
{
    const uint32_t cwnd = bbr->congestion->cwnd;

    if (!bbr->in_recovery && bbr->state != BBR_PROBE_RTT)
        bbr->prior_cwnd = cwnd;
    else
        bbr->prior_cwnd = max32(bbr->prior_cwnd, cwnd);
}

void bbr_save_state_upon_loss(struct bbr *bbr)
{
    bbr_save_cwnd(bbr);
    bbr->undo_state = BBR_NO_UNDO;
    bbr->undo_bw_shortterm = bbr->bw_shortterm;
    bbr->undo_inflight_shortterm = bbr->inflight_shortterm;
    bbr->undo_inflight_longterm = bbr->inflight_longterm;
}

void bbr_note_loss(struct bbr *bbr)
{
    if (!bbr->is_loss_in_round) {
        bbr->loss_round_delivered = bbr->rate.delivered;
        bbr_save_state_upon_loss(bbr);
    }
    bbr->is_loss_in_round = true;
}

bool bbr_is_inflight_too_high(const struct bbr *bbr, const struct rate_sample *rs)
{
    return rate_is_too_much(rs->lost, rs->tx_in_flight, bbr->congestion->mss) ||
           (rs->lost > 0 && !bbr->has_selective_acks);
}

/* With LossThresh in percent: (2 * inflight_prev - 100 * lost_prev) / 98. */
uint32_t bbr_inflight_at_loss(const struct rate_excess *excess)
{
    const uint64_t before =
        excess->tx_in_flight > excess->bytes ? excess->tx_in_flight - excess->bytes : 0;
    const uint64_t lost_before = excess->lost - excess->bytes;
    const uint64_t borne = before * RATE_LOSS_THRESH_PERCENT;

    if (borne <= lost_before * 100)
        return (uint32_t)before;
    return (uint32_t)(before + (borne - lost_before * 100) / (100 - RATE_LOSS_THRESH_PERCENT));
}
