/* bbr.c -- the entry points of BBR, in the order of draft-ietf-ccwg-bbr 5.2. */
#include "tcp/bbr/inside.h"

/* ---- initialization (5.2.1) --------------------------------------------------------------- */

void bbr_init(struct bbr *bbr, struct congestion *congestion, const struct bbr_begin *begin)
{
    *bbr = (struct bbr){
        .congestion = congestion,
        .has_selective_acks = begin->has_selective_acks,
        .undo_state = BBR_NO_UNDO,
        .initial_cwnd = congestion->cwnd,
        .max_inflight = congestion->cwnd,
        .min_rtt = begin->srtt_ns > 0 ? begin->srtt_ns : UINT64_MAX,
        .min_rtt_stamp = begin->now_ns,
        .probe_rtt_min_delay = UINT64_MAX,
        .probe_rtt_min_stamp = begin->now_ns,
        .extra_acked_interval_start = begin->now_ns,
        .inflight_longterm = BBR_INFINITE,
        .probe_up_acked_per_inc = BBR_INFINITE,
        .random = begin->seed | 1,
    };
    rate_init(&bbr->rate, begin->now_ns);
    bbr_reset_short_term_model(bbr);
    bbr_init_pacing_rate(bbr, begin->srtt_ns);
    bbr_enter_startup(bbr);
}

/* ---- an ACK (5.2.3) ----------------------------------------------------------------------- */

void bbr_ack_begins(struct bbr *bbr, uint32_t in_flight_bytes, bool is_out_of_data)
{
    const uint32_t cwnd = bbr->congestion->cwnd;

    bbr->rate.segment_bytes = bbr->congestion->mss;
    bbr->prior_in_flight = in_flight_bytes;
    /* if less than a segment fits, the window is the limit (2.2) */
    if (in_flight_bytes + bbr->congestion->mss > cwnd)
        bbr->limited_now = true;
    if (is_out_of_data && in_flight_bytes < cwnd)
        rate_mark_app_limited(&bbr->rate, in_flight_bytes);
}

/* HandleSpuriousLossDetection (5.5.11.2). */
COLD static void handle_spurious_loss(struct bbr *bbr)
{
    bbr_restore_cwnd(bbr);
    bbr->is_loss_in_round = bbr->is_mark_in_round = false;
    bbr_reset_full_bw(bbr);
    bbr->bw_shortterm = max64(bbr->bw_shortterm, bbr->undo_bw_shortterm);
    bbr->inflight_shortterm = max32(bbr->inflight_shortterm, bbr->undo_inflight_shortterm);
    bbr->inflight_longterm = max32(bbr->inflight_longterm, bbr->undo_inflight_longterm);
    if (bbr->undo_state == BBR_STARTUP && bbr->state != BBR_STARTUP) {
        bbr->full_bw_reached = false;
        if (bbr->state != BBR_PROBE_RTT)
            bbr_enter_startup(bbr);
    } else if (bbr->undo_state == BBR_UP && bbr->state != BBR_UP && bbr->state != BBR_PROBE_RTT) {
        bbr_start_refill(bbr);
    }
    bbr->undo_state = BBR_NO_UNDO;
}

/* HandleLostPacket for all losses of an ACK (5.5.10.2). */
COLD static void handle_losses(struct bbr *bbr, const struct rate_sample *rs, uint64_t now_ns)
{
    const struct rate_excess *excess = &rs->excess;

    bbr_note_loss(bbr);
    bbr->lost_ranges += rs->lost_ranges;
    if (bbr->is_bw_probe_sample && excess->any)
        bbr_handle_inflight_too_high(bbr, bbr_inflight_at_loss(excess), excess->is_app_limited,
                                     now_ns);
    else if (bbr->is_bw_probe_sample && !bbr->has_selective_acks && rs->newly_lost > 0)
        bbr_handle_inflight_too_high(bbr, rs->tx_in_flight, rs->is_app_limited, now_ns);
}

/* A CE mark counts like losses beyond LossThresh (3.7). */
COLD static void handle_mark(struct bbr *bbr, const struct rate_sample *rs, uint64_t now_ns)
{
    bbr_note_loss(bbr);
    if (!bbr->full_bw_reached)
        bbr_fill_pipe_early(bbr);
    else if (bbr->is_bw_probe_sample)
        bbr_handle_inflight_too_high(bbr, rs->tx_in_flight, rs->is_app_limited, now_ns);
}

void bbr_reduced(struct congestion *congestion, uint32_t flight_bytes, uint64_t now_ns)
{
    struct bbr *bbr = congestion->bbr;

    (void)flight_bytes;
    (void)now_ns;
    bbr_save_state_upon_loss(bbr);
    bbr->in_recovery = true;
    if (bbr->recovery_round == 0 || bbr->round_count > bbr->recovery_seen + 1)
        bbr->recovery_round = bbr->round_count; /* otherwise the recovery continues */
    bbr->recovery_seen = bbr->round_count;
}

/* This is UpdateModelAndState (5.2.3), in the draft's order: later steps read the results of
 * earlier ones. */
static void update_model_and_state(struct bbr *bbr, const struct rate_sample *rs,
                                   const struct bbr_ack *ack)
{
    bbr_update_latest_delivery_signals(bbr, rs);
    bbr_update_congestion_signals(bbr, rs);
    bbr_update_ack_aggregation(bbr, rs, ack->now_ns);
    bbr_check_full_bw_reached(bbr, rs);
    bbr_check_startup_done(bbr, rs);
    bbr_check_drain_done(bbr, ack);
    bbr_update_cycle_phase(bbr, rs, ack);
    bbr_update_min_rtt(bbr, rs, ack->now_ns);
    bbr_check_probe_rtt(bbr, rs, ack);
    bbr_advance_latest_delivery_signals(bbr, rs);
    bbr->bw = min64(bbr_max_bw(bbr), bbr->bw_shortterm); /* BoundBWForModel */
}

void bbr_acked(struct bbr *bbr, const struct bbr_ack *ack)
{
    const struct rate_sample rs = rate_take(&bbr->rate, ack->now_ns);

    /* an undo comes first, because it restores what the losses of this ACK then reduce */
    if (ack->undone)
        handle_spurious_loss(bbr);
    if (ack->in_recovery)
        bbr->recovery_seen = bbr->round_count;
    if (bbr->in_recovery && !ack->in_recovery) {
        bbr->in_recovery = false;
        bbr_restore_cwnd(bbr);
    }
    if (rs.newly_lost > 0 || ack->repaired)
        handle_losses(bbr, &rs, ack->now_ns);
    if (ack->marked)
        handle_mark(bbr, &rs, ack->now_ns);
    bbr->is_mark_in_round = bbr->is_mark_in_round || ack->marked || ack->repaired;
    /* an ACK that delivers nothing says nothing about the path but its losses */
    if (!rs.has_data)
        return;
    update_model_and_state(bbr, &rs, ack);
    bbr_update_control(bbr, rs.newly_acked);
}

/* ---- before data is sent (5.2.2, 5.4.1) --------------------------------------------------- */

void bbr_restarts(struct bbr *bbr, uint64_t now_ns)
{
    /* 5.4.1: this is only for a gap in which the program had nothing to send */
    if (bbr->rate.app_limited == 0)
        return;
    bbr->idle_restart = true;
    bbr->extra_acked_interval_start = now_ns;
    if (bbr_is_in_probe_bw(bbr))
        bbr_set_pacing_rate_with_gain(bbr, 100);
    else if (bbr->state == BBR_PROBE_RTT)
        bbr_check_probe_rtt_done(bbr, now_ns);
}
