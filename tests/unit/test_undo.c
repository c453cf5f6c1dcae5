/* test_undo.c -- timeouts, ECN marks, and undone reductions (RFC 5681, 3168, 4015). */
#include "sender.h"

/* ---- timeout ------------------------------------------------------------------------------ */

/* RFC 5681 3.1, RFC 6298 5.4 */
static void timeout_loses_all_and_begins_with_one_segment(void **state)
{
    (void)state;
    send_new(WINDOW);
    time_out();
    assert_int_equal(board.lost_bytes, WINDOW * MSS);
    assert_window(1, WINDOW / 2);
    assert_int_equal(recovery.phase, RECOVERY_LOSS);
    assert_int_equal(send_lost(), 1);
    ack(.una = 1);
    assert_window(2, WINDOW / 2); /* slow start */
    assert_int_equal(send_lost(), 2);
    ack(.una = WINDOW);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    assert_window(3, WINDOW / 2); /* L = 1: RFC 3465 2.3 */
}

/* RFC 5681 3.1: the same data is lost again, so ssthresh stays */
static void repeated_timeout_leaves_ssthresh(void **state)
{
    (void)state;
    send_new(WINDOW);
    time_out();
    send_lost();
    time_out();
    assert_window(1, WINDOW / 2);
    assert_int_equal(board.lost_bytes, WINDOW * MSS);
}

/* RFC 5681 3.1: "has not yet been resent by way of the retransmission timer" */
static void timeout_of_other_data_sets_ssthresh_again(void **state)
{
    (void)state;
    send_new(WINDOW);
    time_out();
    send_lost();
    ack(.una = WINDOW / 2);
    assert_int_equal(recovery.phase, RECOVERY_LOSS);
    time_out();
    assert_window(1, WINDOW / 4);
}

static void repeated_timeout_is_no_second_peak_for_CUBIC(void **state)
{
    (void)state;
    congestion.ops = &leat_tcp_cubic;
    send_new(WINDOW);
    time_out();
    send_lost();
    time_out();
    assert_int_equal(congestion.cubic.w_max,
                     0); /* RFC 9438 4.8: the next curve starts without a W_max */
    assert_int_equal(congestion.cubic.cwnd_prior, WINDOW * MSS);
}

static void timeout_ends_fast_recovery(void **state)
{
    (void)state;
    lose_the_first();
    time_out();
    assert_int_equal(recovery.phase, RECOVERY_LOSS);
    assert_int_equal(congestion.cwnd, MSS);
    assert_int_equal(recovery_pipe(&recovery, &board), 0);
    ack(.una = 4); /* not a partial ACK */
    assert_int_equal(recovery.phase, RECOVERY_LOSS);
    assert_in_range(congestion.cwnd, 2 * MSS, 3 * MSS);
}

static void timeout_keeps_sacked_data(void **state)
{
    (void)state;
    send_new(WINDOW);
    ack(.una = 0, .sack = 10, .upto = 11);
    time_out();
    assert_int_equal(board.sacked_bytes, MSS);
    assert_int_equal(board.lost_bytes, (WINDOW - 1) * MSS);
}

/* RFC 2018 8: a peer may renege: the first segment can't be SACKed without being acknowledged */
static void reneging_is_survived(void **state)
{
    (void)state;
    send_new(WINDOW);
    ack(.una = 0, .sack = 1, .upto = 10);
    ack(.una = 1, .sack = 2, .upto = 10); /* should be 10 */
    time_out();
    assert_int_equal(board.sacked_bytes, 0);
    assert_int_equal(board.lost_bytes, (WINDOW - 1) * MSS);
}

/* ---- undo --------------------------------------------------------------------------------- */

/* RFC 3522 3.2, RFC 4015 3.2: the ACK is for the first transmission */
static void spurious_timeout_is_undone_by_Eifel(void **state)
{
    (void)state;
    sender.has_ts = true;
    send_new(WINDOW);
    wait_ms(500);
    time_out();
    send_lost();
    wait_ms(10);
    ack(.una = 1, .ecr = (uint32_t)(10000));
    assert_true(result.undone);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    assert_int_equal(board.lost_bytes, 0);
    assert_int_equal(congestion.cwnd, WINDOW * MSS);
    assert_int_equal(congestion.ssthresh, WINDOW * MSS);
    assert_int_equal(send_lost(), 0);
}

/* Data that was really lost after the spurious timeout is a loss like any other. */
static void loss_behind_a_spurious_timeout_shrinks_the_window(void **state)
{
    (void)state;
    sender.has_ts = true;
    send_new(WINDOW);
    wait_ms(500);
    time_out();
    send_lost();
    wait_ms(10);
    ack(.una = 1, .sack = 2, .upto = WINDOW, .ecr = 10000);
    assert_true(result.undone);
    assert_int_equal(board.lost_bytes, MSS);
    assert_true(result.fast);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
}

static void answer_to_the_retransmission_undoes_nothing(void **state)
{
    (void)state;
    sender.has_ts = true;
    send_new(WINDOW);
    wait_ms(500);
    time_out();
    send_lost();
    wait_ms(100);
    ack(.una = 1, .ecr = 10500); /* the same tick as the retransmission */
    assert_false(result.undone);
    assert_int_equal(recovery.phase, RECOVERY_LOSS);
    ack(.una = 2); /* without a timestamp there is no proof */
    assert_false(result.undone);
}

/* RFC 3522 3.2 (2): the first retransmission counts */
static void answer_to_the_first_retransmission_undoes_nothing(void **state)
{
    (void)state;
    sender.has_ts = true;
    send_new(WINDOW);
    wait_ms(500);
    time_out();
    send_lost();
    wait_ms(600);
    time_out();
    send_lost();
    ack(.una = 1, .ecr = 10500);
    assert_false(result.undone);
}

/* RFC 3522 3.2 (5): only ACKs of new data count */
static void duplicate_with_an_old_timestamp_undoes_nothing(void **state)
{
    (void)state;
    sender.has_ts = true;
    lose_the_first();
    wait_ms(10);
    ack(.una = 0, .sack = 4, .upto = 5, .ecr = 10000);
    assert_false(result.undone);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    ack(.una = 5, .ecr = 10000);
    assert_true(result.undone);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    assert_int_equal(congestion.ssthresh, WINDOW * MSS);
}

/* RFC 3708: each retransmission was a duplicate */
static void spurious_fast_retransmit_is_undone_by_DSACK(void **state)
{
    (void)state;
    lose_the_first();
    ack(.una = WINDOW);
    assert_window(WINDOW / 2, WINDOW / 2);
    wait_ms(50);
    ack(.una = WINDOW, .dsack = 1);
    assert_true(result.undone);
    assert_window(WINDOW, WINDOW);
}

static void DSACK_may_come_a_round_trip_later(void **state)
{
    (void)state;
    lose_the_first();
    send_new(5);
    ack(.una = WINDOW);
    ack(.una = WINDOW + 2);
    ack(.una = WINDOW + 5);
    ack(.una = WINDOW + 5, .dsack = 1);
    assert_true(result.undone);
}

static void one_DSACK_for_two_retransmissions_undoes_nothing(void **state)
{
    (void)state;
    send_new(WINDOW);
    wait_ms(100);
    ack(.una = 0, .sack = 2, .upto = 5);
    assert_int_equal(board.lost_bytes, 2 * MSS);
    send_lost();
    ack(.una = 0, .sack = 5, .upto = 12);
    send_lost();
    assert_int_equal(sender.again, 2);
    ack(.una = 12, .dsack = 1);
    assert_false(result.undone);
    ack(.una = 12, .dsack = 1);
    assert_true(result.undone);
}

static void DSACK_after_a_round_trip_is_too_late(void **state)
{
    (void)state;
    lose_the_first();
    ack(.una = WINDOW);
    send_new(5);
    ack(.una = WINDOW + 1);
    assert_false(recovery.can_undo);
    ack(.una = WINDOW + 1, .dsack = 1);
    assert_false(result.undone);
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
}

/* The path MTU decreased meanwhile (RFC 1191); the undo keeps that. */
static void undo_keeps_the_size_of_segments(void **state)
{
    (void)state;
    lose_the_first();
    congestion.mss = MSS / 2;
    ack(.una = WINDOW);
    ack(.una = WINDOW, .dsack = 1);
    assert_true(result.undone);
    assert_int_equal(congestion.mss, MSS / 2);
}

/* RFC 4015 3.2: the present window is kept if it is larger */
static void undo_does_not_shrink_the_window(void **state)
{
    (void)state;
    lose_the_first();
    ack(.una = WINDOW);
    congestion.cwnd = 2 * WINDOW * MSS;
    ack(.una = WINDOW, .dsack = 1);
    assert_window(2 * WINDOW, WINDOW);
}

/* ---- ECN ---------------------------------------------------------------------------------- */

/* RFC 3168 6.1.2: once per window of data */
static void marks_reduce_the_window_once_a_round_trip(void **state)
{
    (void)state;
    send_new(WINDOW);
    ack(.una = 1, .marked = true);
    assert_true(result.reduced_for_ecn);
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
    for (uint32_t una = 2; una <= WINDOW; una++) { /* until the peer has our CWR */
        ack(.una = una, .marked = true);
        assert_false(result.reduced_for_ecn);
    }
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
    ack(.una = WINDOW);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    assert_window(WINDOW / 2, WINDOW / 2);
    send_new(10);
    ack(.una = WINDOW + 1, .marked = true);
    assert_true(result.reduced_for_ecn);
    assert_int_equal(congestion.ssthresh, WINDOW / 4 * MSS);
}

/* RFC 3168 6.1.2: not in the slow start after a timeout either */
static void ACK_with_a_mark_opens_nothing(void **state)
{
    (void)state;
    send_new(WINDOW);
    time_out();
    send_lost();
    ack(.una = 1);
    assert_int_equal(congestion.cwnd, 2 * MSS);
    send_lost();
    ack(.una = 3, .marked = true);
    assert_int_equal(congestion.cwnd, 2 * MSS);
    ack(.una = 4);
    assert_int_equal(congestion.cwnd, 3 * MSS);
}

/* RFC 3168 6.1.2: a loss in the same window causes no second reduction */
static void loss_in_a_marked_window_is_no_second_reduction(void **state)
{
    (void)state;
    send_new(WINDOW);
    wait_ms(100);
    ack(.una = 1, .marked = true);
    send_new(2);
    ack(.una = 1, .sack = 2, .upto = 5);
    assert_int_equal(recovery.phase, RECOVERY_FAST);
    assert_int_equal(recovery.recover, number(WINDOW + 2));
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
    assert_int_equal(board.lost_bytes, MSS);
}

static void mark_during_recovery_is_no_second_reduction(void **state)
{
    (void)state;
    lose_the_first();
    ack(.una = 4, .marked = true);
    assert_false(result.reduced_for_ecn);
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
}

/* RFC 3168 6.1.2: CWR is above `recover`, so a mark echoed there is no new one */
static void mark_at_the_end_of_recovery_is_no_second_reduction(void **state)
{
    (void)state;
    lose_the_first();
    send_new(2);
    ack(.una = WINDOW, .marked = true);
    assert_int_equal(recovery.phase, RECOVERY_NONE);
    assert_false(result.reduced_for_ecn);
    ack(.una = WINDOW, .marked = true);
    assert_false(result.reduced_for_ecn);
    assert_int_equal(congestion.ssthresh, WINDOW / 2 * MSS);
    ack(.una = WINDOW + 1, .marked = true);
    assert_true(result.reduced_for_ecn);
}

/* Nothing was retransmitted, so nothing can prove the reduction spurious. */
static void mark_is_never_undone(void **state)
{
    (void)state;
    lose_the_first();
    ack(.una = WINDOW);
    send_new(8);
    ack(.una = WINDOW + 1, .marked = true);
    assert_true(result.reduced_for_ecn);
    ack(.una = WINDOW + 1, .dsack = 1);
    assert_false(result.undone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_rack(timeout_loses_all_and_begins_with_one_segment),
        on_sack(timeout_loses_all_and_begins_with_one_segment),
        on_newreno(timeout_loses_all_and_begins_with_one_segment),
        on_rack(repeated_timeout_leaves_ssthresh),
        on_newreno(repeated_timeout_leaves_ssthresh),
        on_rack(timeout_of_other_data_sets_ssthresh_again),
        on_rack(repeated_timeout_is_no_second_peak_for_CUBIC),
        on_rack(timeout_ends_fast_recovery),
        on_newreno(timeout_ends_fast_recovery),
        on_rack(timeout_keeps_sacked_data),
        on_rack(reneging_is_survived),
        on_rack(spurious_timeout_is_undone_by_Eifel),
        on_sack(loss_behind_a_spurious_timeout_shrinks_the_window),
        on_newreno(spurious_timeout_is_undone_by_Eifel),
        on_rack(answer_to_the_retransmission_undoes_nothing),
        on_rack(answer_to_the_first_retransmission_undoes_nothing),
        on_rack(duplicate_with_an_old_timestamp_undoes_nothing),
        on_rack(spurious_fast_retransmit_is_undone_by_DSACK),
        on_sack(spurious_fast_retransmit_is_undone_by_DSACK),
        on_rack(DSACK_may_come_a_round_trip_later),
        on_sack(one_DSACK_for_two_retransmissions_undoes_nothing),
        on_rack(DSACK_after_a_round_trip_is_too_late),
        on_rack(undo_keeps_the_size_of_segments),
        on_rack(undo_does_not_shrink_the_window),
        on_rack(marks_reduce_the_window_once_a_round_trip),
        on_newreno(marks_reduce_the_window_once_a_round_trip),
        on_rack(ACK_with_a_mark_opens_nothing),
        on_newreno(ACK_with_a_mark_opens_nothing),
        on_rack(loss_in_a_marked_window_is_no_second_reduction),
        on_rack(mark_during_recovery_is_no_second_reduction),
        on_rack(mark_at_the_end_of_recovery_is_no_second_reduction),
        on_newreno(mark_at_the_end_of_recovery_is_no_second_reduction),
        on_rack(mark_is_never_undone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
