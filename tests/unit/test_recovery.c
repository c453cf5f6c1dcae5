/* test_recovery.c -- loss detection: RACK, RFC 6675 and NewReno. */
#include "sender.h"

/* ---- RACK and RFC 6675 -------------------------------------------------------------------- */

/* RFC 8985 6.2: three segments SACKed, while no reordering was seen */
static void third_sacked_segment_begins_fast_recovery(void **state)
{
    (void)state;
    send_new(WINDOW);
    wait_ms(100);
    ack(.una = 0, .sack = 1, .upto = 2);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    assert_false(result.fast);
    ack(.una = 0, .sack = 1, .upto = 3);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    ack(.una = 0, .sack = 1, .upto = 4);
    assert_true(result.fast);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    assert_int_equal(recovery.recover, number(WINDOW));
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
    assert_int_equal(send_lost(), 1); /* PRR: the fast retransmit is always sent */
}

/* RFC 8985 6.2 step 5: one SACK, and the reordering window passes */
static void reordering_timer_begins_fast_recovery(void **state)
{
    NEEDS(RACK);
    struct recovery_ack ack;

    (void)state;
    send_new(1);
    wait_ms(1);
    send_new(1);
    wait_ms(100);
    ack(.una = 0, .sack = 1, .upto = 2);
    assert_int_equal(result.look_at_ns, sender.now_ns + 24 * ms);
    sender.now_ns = result.look_at_ns;
    ack = now();
    result = recovery_look(&recovery, &board, &congestion, &ack);
    assert_true(result.fast);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    assert_int_equal(congestion.cwnd, MSS); /* PRR: the fast retransmit */
    assert_int_equal(send_lost(), 1);
    ack = now();
    result = recovery_look(&recovery, &board, &congestion, &ack);
    assert_false(result.fast); /* nothing new */
    assert_int_equal(board.lost_bytes, 0);
}

static void partial_ACK_goes_on_and_full_ACK_ends_it(void **state)
{
    (void)state;
    lose_the_first();
    wait_ms(100);
    ack(.una = 4, .sack = 5, .upto = 6);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    ack(.una = WINDOW - 1);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    ack(.una = WINDOW);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    assert_window(WINDOW / 2, WINDOW / 2); /* RFC 9937 6.1: cwnd = ssthresh at the end */
}

/* RFC 9937: one segment is sent for two delivered, while the window is halved */
static void window_shrinks_in_proportion(void **state)
{
    uint32_t sent = 1;

    (void)state;
    lose_the_first();
    for (uint32_t upto = 5; upto <= WINDOW; upto++) {
        ack(.una = 0, .sack = 1, .upto = upto);
        while (recovery_pipe(&recovery, &board) + MSS <= congestion.cwnd) {
            send_new(1);
            sent++;
        }
        assert_in_range(sent, (upto - 1) / 2 - 1, (upto - 1) / 2 + 1);
    }
}

/* RFC 9937 5, RFC 6675 5: the window is reduced once per window of data, however much of it is
 * lost */
static void more_losses_of_the_window_reduce_it_only_once(void **state)
{
    (void)state;
    lose_the_first();
    ack(.una = 0, .sack = 6, .upto = 9);
    ack(.una = 0, .sack = 12, .upto = 15);
    assert_false(result.fast);
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
    assert_int_equal(recovery.recover, number(WINDOW));
}

static void next_window_may_be_reduced_again(void **state)
{
    (void)state;
    lose_the_first();
    ack(.una = WINDOW);
    wait_ms(100);
    send_new(10);
    wait_ms(100);
    ack(.una = WINDOW, .sack = WINDOW + 1, .upto = WINDOW + 4);
    assert_true(result.fast);
    assert_int_equal(congestion.ssthresh, WINDOW / 4 * MSS);
}

/* RFC 8985 3.1: NewReno and RFC 6675 detect this loss only by a timeout */
static void lost_retransmission_goes_a_third_time(void **state)
{
    NEEDS(RACK);
    (void)state;
    lose_the_first();
    wait_ms(1);
    send_new(1);
    wait_ms(100);
    ack(.una = 0, .sack = WINDOW, .upto = WINDOW + 1);
    assert_int_equal(board.first->flags, SENT_LOST | SENT_AGAIN);
    assert_false(result.fast);
    assert_true(send_lost() > 0);
    assert_int_equal(board.first->flags, SENT_AGAIN);
}

/* RFC 8985 7.4.2 */
static void silent_repair_by_a_probe_reduces_the_window(void **state)
{
    NEEDS(RACK);
    (void)state;
    send_new(WINDOW);
    wait_ms(100);
    ack(.una = WINDOW - 1);
    scoreboard_lose(&board, board.last); /* like the probe does */
    send_lost();
    tlp_sent(&recovery.tlp, number(WINDOW), true);
    send_new(19);
    wait_ms(100);
    ack(.una = WINDOW);
    assert_int_equal(recovery.phase, RECOVERY_NONE); /* possibly the original's ACK */
    ack(.una = WINDOW + 1);
    assert_int_equal(recovery.phase, RECOVERY_REDUCED);
    assert_int_equal(congestion.ssthresh, 19 * MSS / 2);
    assert_false(recovery.tlp.out);
}

/* RFC 8985 6.2 step 4: a DSACK widens the reordering window, except for a DSACK about a probe */
static void DSACK_widens_the_reordering_window(void **state)
{
    NEEDS(RACK);
    (void)state;
    send_new(4);
    wait_ms(100);
    ack(.una = 1, .dsack = 1);
    assert_int_equal(recovery.rack.reo_wnd_mult, 2);
    begin(RECOVERY_RACK);
    send_new(4);
    tlp_sent(&recovery.tlp, number(4), true);
    wait_ms(100);
    ack(.una = 1, .dsack = 1);
    assert_int_equal(recovery.rack.reo_wnd_mult, 1);
}

/* RFC 8985 6.2 step 4: exiting fast or RTO recovery */
static void recoveries_and_timeouts_count_for_the_reordering_window(void **state)
{
    NEEDS(RACK);
    (void)state;
    rack_dsack(&recovery.rack, start, start);
    assert_int_equal(recovery.rack.reo_wnd_persist, 16);
    send_new(4);
    time_out();
    ack(.una = 4);
    assert_int_equal(recovery.rack.reo_wnd_persist, 15);
    send_new(4);
    ack(.una = 5, .marked = true);
    ack(.una = 8); /* no losses: ECN */
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    assert_int_equal(recovery.rack.reo_wnd_persist, 15);
    send_new(8);
    wait_ms(200);
    recovery.rack.reordering_seen = false;
    ack(.una = 8, .sack = 9, .upto = 12);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    ack(.una = 16);
    assert_int_equal(recovery.rack.reo_wnd_persist, 14);
}

/* RFC 6675 4: independent of time */
static void RFC_6675_counts_SACKed_data_above(void **state)
{
    (void)state;
    send_new(WINDOW);
    ack(.una = 0, .sack = 2, .upto = 4);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    ack(.una = 0, .sack = 2, .upto = 5);
    assert_true(result.fast);
    assert_int_equal(board.lost_bytes, 2 * MSS);
    assert_int_equal(result.look_at_ns, UINT64_MAX);
    assert_int_equal(send_lost(), 1); /* PRR holds the second back */
    wait_ms(1000);
    ack(.una = 0, .sack = 5, .upto = 12);
    assert_int_equal(send_lost(), 1);
    ack(.una = 0, .sack = 12, .upto = 20);
    assert_int_equal(board.lost_bytes, 0); /* RFC 6675 doesn't detect lost retransmissions */
}

/* ---- NewReno ------------------------------------------------------------------------------ */

/* RFC 5681 3.2, RFC 3042: two duplicates let two new segments go */
static void third_duplicate_begins_fast_recovery(void **state)
{
    (void)state;
    send_new(WINDOW);
    duplicates(2);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    assert_int_equal(recovery_pipe(&recovery, &board), (WINDOW - 2) * MSS);
    assert_int_equal(congestion.cwnd, WINDOW * MSS);
    duplicates(1);
    assert_true(result.fast);
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
    assert_int_equal(send_lost(), 1);
    duplicates(1);
    assert_int_equal(board.lost_bytes, 0); /* only the first segment */
    assert_false(result.fast);
}

/* RFC 5681 3.2 step 2: the segments of limited transmit don't count as flight */
static void limited_transmit_does_not_count(void **state)
{
    (void)state;
    send_new(WINDOW);
    duplicates(2);
    send_new(2);
    duplicates(1);
    assert_true(result.fast);
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
}

static void new_ACK_starts_the_count_again(void **state)
{
    (void)state;
    send_new(WINDOW);
    duplicates(2);
    ack(.una = 1);
    assert_int_equal(recovery_pipe(&recovery, &board), (WINDOW - 1) * MSS);
    duplicates(2);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    duplicates(1);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
}

/* RFC 6582 3.2 step 3 */
static void partial_ACK_sends_the_next_hole(void **state)
{
    (void)state;
    lose_the_first();
    duplicates(15);
    send_lost();
    ack(.una = 7);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    assert_true(board.first->flags & SENT_LOST);
    assert_int_equal(board.lost_bytes, MSS);
    assert_int_equal(send_lost(), 1);
    ack(.una = WINDOW);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    assert_window(WINDOW / 2, WINDOW / 2);
    assert_int_equal(recovery_pipe(&recovery, &board), 0);
}

/* RFC 6582 3.2 step 3: the segments behind the duplicates are acknowledged now */
static void partial_ACK_takes_the_duplicates_with_it(void **state)
{
    (void)state;
    lose_the_first(); /* three duplicates */
    ack(.una = 4);
    assert_int_equal(recovery_pipe(&recovery, &board), (WINDOW - 5) * MSS);
    while (send_lost() == 0) /* PRR */
        duplicates(1);
    duplicates(3); /* for the fifth segment, which is already in flight */
    assert_int_equal(board.lost_bytes, 0);
}

/* RFC 9937 6.2: after another loss, no more is sent than delivered */
static void partial_ACK_is_not_safe(void **state)
{
    (void)state;
    lose_the_first();
    ack(.una = 12);
    assert_int_equal(recovery_pipe(&recovery, &board), 7 * MSS);
    assert_int_equal(congestion.cwnd, 8 * MSS);
}

/* RFC 6582 3.2 step 1, 4.1: duplicates of spurious retransmissions */
static void duplicates_after_a_timeout_are_no_loss(void **state)
{
    (void)state;
    send_new(WINDOW);
    time_out();
    send_lost();
    ack(.una = 1);
    send_lost();
    duplicates(5);
    assert_int_equal(recovery.phase, RECOVERY_LOSS);
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
    ack(.una = WINDOW);
    send_new(5);
    duplicates(3); /* still of spurious retransmissions */
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    ack(.una = WINDOW + 1);
    duplicates(3);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
}

/* An ECN mark causes no retransmission; losses of that window are detected as usual. */
static void loss_behind_an_ECN_mark_is_found(void **state)
{
    (void)state;
    send_new(WINDOW);
    ack(.una = 1, .marked = true);
    assert_int_equal(recovery.phase, RECOVERY_REDUCED);
    duplicates(3);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS); /* one reduction per round trip */
    assert_int_equal(board.lost_bytes, MSS);
    time_out();
    send_lost();
    ack(.una = WINDOW);
    send_new(5);
    duplicates(3);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
}

static void duplicates_beyond_the_flight_open_nothing_more(void **state)
{
    (void)state;
    lose_the_first();
    duplicates(1000);
    assert_int_equal(recovery_pipe(&recovery, &board), 0);
    assert_true(congestion.cwnd <= congestion.ssthresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_rack(third_sacked_segment_begins_fast_recovery),
        on_sack(third_sacked_segment_begins_fast_recovery),
        on_rack(reordering_timer_begins_fast_recovery),
        on_rack(partial_ACK_goes_on_and_full_ACK_ends_it),
        on_sack(partial_ACK_goes_on_and_full_ACK_ends_it),
        on_rack(window_shrinks_in_proportion),
        on_sack(window_shrinks_in_proportion),
        on_rack(more_losses_of_the_window_reduce_it_only_once),
        on_sack(more_losses_of_the_window_reduce_it_only_once),
        on_rack(next_window_may_be_reduced_again),
        on_sack(next_window_may_be_reduced_again),
        on_rack(lost_retransmission_goes_a_third_time),
        on_rack(silent_repair_by_a_probe_reduces_the_window),
        on_rack(DSACK_widens_the_reordering_window),
        on_rack(recoveries_and_timeouts_count_for_the_reordering_window),
        on_sack(RFC_6675_counts_SACKed_data_above),
        on_newreno(third_duplicate_begins_fast_recovery),
        on_newreno(limited_transmit_does_not_count),
        on_newreno(new_ACK_starts_the_count_again),
        on_newreno(partial_ACK_sends_the_next_hole),
        on_newreno(partial_ACK_takes_the_duplicates_with_it),
        on_newreno(partial_ACK_is_not_safe),
        on_newreno(duplicates_after_a_timeout_are_no_loss),
        on_newreno(loss_behind_an_ECN_mark_is_found),
        on_newreno(duplicates_beyond_the_flight_open_nothing_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
