/* inside.h -- interfaces between the files of BBR: model.c measures the path, states.c probes it,
 * control.c sets the output; bbr.c calls them in the draft's order. */
#ifndef TCP_BBR_INSIDE_H
#define TCP_BBR_INSIDE_H

#include "tcp/bbr/bbr.h"
#include "core/minmax.h"

enum {
    BBR_BETA_PERCENT = 70,     /* Beta (2.8) */
    BBR_HEADROOM_PERCENT = 15, /* Headroom */
    BBR_MIN_PIPE_SEGMENTS = 4, /* MinPipeCwnd */
    BBR_NO_UNDO = BBR_DRAIN    /* undo_state None */
};

/* IsInAProbeBWState (5.3.3.9). */
static inline bool bbr_is_in_probe_bw(const struct bbr *bbr)
{
    return bbr->state >= BBR_DOWN && bbr->state <= BBR_UP;
}

/* IsProbingBW. */
static inline bool bbr_is_probing_bw(const struct bbr *bbr)
{
    return bbr->state == BBR_STARTUP || bbr->state == BBR_REFILL || bbr->state == BBR_UP;
}

static inline uint32_t bbr_min_pipe_cwnd(const struct bbr *bbr)
{
    return BBR_MIN_PIPE_SEGMENTS * bbr->congestion->mss;
}

/* C.is_cwnd_limited (2.2). */
static inline bool bbr_is_cwnd_limited(const struct bbr *bbr)
{
    return bbr->limited_now || bbr->limited_before;
}

/* ---- model.c ------------------------------------------------------------------------------ */

uint64_t bbr_max_bw(const struct bbr *bbr);
/* BDPMultiple (5.6.4.2) of @bw, in percent. */
uint32_t bbr_bdp_multiple(const struct bbr *bbr, uint64_t bw, uint32_t gain_percent);
/* TargetInflight (5.3.3.8). */
uint32_t bbr_target_inflight(const struct bbr *bbr);
/* InflightWithHeadroom. */
uint32_t bbr_inflight_with_headroom(const struct bbr *bbr);
/* StartRound (5.5.1). */
void bbr_start_round(struct bbr *bbr);
/* UpdateLatestDeliverySignals, UpdateCongestionSignals (5.5.10.3). */
void bbr_update_latest_delivery_signals(struct bbr *bbr, const struct rate_sample *rs);
void bbr_update_congestion_signals(struct bbr *bbr, const struct rate_sample *rs);
void bbr_advance_latest_delivery_signals(struct bbr *bbr, const struct rate_sample *rs);
void bbr_reset_congestion_signals(struct bbr *bbr);
void bbr_reset_short_term_model(struct bbr *bbr);
/* AdvanceMaxBwFilter (5.5.6). */
void bbr_advance_max_bw_filter(struct bbr *bbr);
/* UpdateACKAggregation (5.5.9). */
void bbr_update_ack_aggregation(struct bbr *bbr, const struct rate_sample *rs, uint64_t now_ns);
uint32_t bbr_extra_acked(const struct bbr *bbr);
/* UpdateMinRTT (5.3.4.3). */
void bbr_update_min_rtt(struct bbr *bbr, const struct rate_sample *rs, uint64_t now_ns);
/* NoteLoss (5.5.10.2). */
void bbr_note_loss(struct bbr *bbr);
/* InflightAtLoss. */
uint32_t bbr_inflight_at_loss(const struct rate_excess *excess);
/* IsInflightTooHigh, for the sample of an ACK. */
bool bbr_is_inflight_too_high(const struct bbr *bbr, const struct rate_sample *rs);
/* SaveCwnd (5.6.4.4), SaveStateUponLoss (5.5.11.1). */
void bbr_save_cwnd(struct bbr *bbr);
void bbr_save_state_upon_loss(struct bbr *bbr);

/* ---- states.c ----------------------------------------------------------------------------- */

void bbr_reset_full_bw(struct bbr *bbr);
void bbr_enter_startup(struct bbr *bbr);
void bbr_start_refill(struct bbr *bbr);
/* CheckFullBWReached, CheckStartupDone, CheckDrainDone (5.3.1, 5.3.2). */
void bbr_check_full_bw_reached(struct bbr *bbr, const struct rate_sample *rs);
void bbr_check_startup_done(struct bbr *bbr, const struct rate_sample *rs);
void bbr_check_drain_done(struct bbr *bbr, const struct bbr_ack *ack);
/* UpdateProbeBWCyclePhase (5.3.3.9). */
void bbr_update_cycle_phase(struct bbr *bbr, const struct rate_sample *rs,
                            const struct bbr_ack *ack);
/* HandleInflightTooHigh (5.5.10.2). */
void bbr_handle_inflight_too_high(struct bbr *bbr, uint32_t tx_in_flight, bool is_app_limited,
                                  uint64_t now_ns);
/* Ends Startup because the queue is too long, by losses or a mark (5.3.1.3). */
void bbr_fill_pipe_early(struct bbr *bbr);
/* CheckProbeRTT, CheckProbeRTTDone (5.3.4.3). */
void bbr_check_probe_rtt(struct bbr *bbr, const struct rate_sample *rs, const struct bbr_ack *ack);
void bbr_check_probe_rtt_done(struct bbr *bbr, uint64_t now_ns);

/* ---- control.c ---------------------------------------------------------------------------- */

/* InitPacingRate, SetPacingRate, SetSendQuantum, SetCwnd (5.6). */
void bbr_init_pacing_rate(struct bbr *bbr, uint64_t srtt_ns);
void bbr_set_pacing_rate_with_gain(struct bbr *bbr, uint32_t gain_percent);
void bbr_update_control(struct bbr *bbr, uint32_t newly_acked);
/* Inflight (5.6.4.2). */
uint32_t bbr_inflight(const struct bbr *bbr, uint64_t bw, uint32_t gain_percent);
/* ProbeRTTCwnd (5.6.4.5). */
uint32_t bbr_probe_rtt_cwnd(const struct bbr *bbr);
/* RestoreCwnd (5.6.4.4). */
void bbr_restore_cwnd(struct bbr *bbr);

#endif
