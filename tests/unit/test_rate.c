/* test_rate.c -- samples of the delivery rate (draft-ietf-ccwg-bbr 4.1). */
#include "unit.h"

#include "tcp/congestion/rate.h"
#include "tcp/congestion/scoreboard.h"

enum {
    SEGMENT = 1000,
    FIRST = 0x7fffff00 /* close to a change of sign */
};

static const uint64_t ms = 1000000;

static struct rate rate;
static struct rate_stamp stamps[64];
static uint64_t sent_ns[64];
static uint32_t in_flight;

static int fresh(void **state)
{
    (void)state;
    memset(&rate, 0xa5, sizeof rate);
    rate_init(&rate, 0);
    in_flight = 0;
    return 0;
}

static uint32_t number(unsigned i)
{
    return (uint32_t)FIRST + i * SEGMENT;
}

static void send(unsigned i, uint64_t at_ms)
{
    const bool is_first = in_flight == 0;

    in_flight += SEGMENT;
    sent_ns[i] = at_ms * ms;
    rate_sent(&rate, &stamps[i], in_flight, is_first, sent_ns[i]);
}

static void arrives(unsigned i)
{
    in_flight -= SEGMENT;
    rate_delivered(&rate, &stamps[i], sent_ns[i], number(i + 1), SEGMENT, false);
}

static struct rate_sample acked(unsigned i, uint64_t at_ms)
{
    arrives(i);
    return rate_take(&rate, at_ms * ms);
}

/* 4.1.1.2: the bytes delivered while a segment was in flight, divided by that time */
static void delivery_is_measured_over_a_round_trip(void **state)
{
    struct rate_sample rs;

    (void)state;
    for (unsigned i = 0; i < 10; i++)
        send(i, i);
    for (unsigned i = 0; i < 10; i++) {
        acked(i, 100 + i);
        send(10 + i, 100 + i);
    }
    rs = acked(10, 200); /* sent when 0 had just been delivered, and 1 to 10 have been since */
    assert_true(rs.has_data);
    assert_int_equal(rs.prior_delivered, SEGMENT);
    assert_int_equal(rs.delivered, 10 * SEGMENT);
    assert_int_equal(rs.delivery_rate, 10 * SEGMENT * 1000 / 100);
    assert_int_equal(rs.rtt_ns, 100 * ms);
    assert_int_equal(rs.tx_in_flight, 10 * SEGMENT);
}

/* 4.1.1.2.2: ACKs that arrive together don't make the path faster than the sending rate */
static void a_burst_of_ACKs_is_no_faster_than_the_sending(void **state)
{
    struct rate_sample rs = {0};

    (void)state;
    for (unsigned i = 0; i < 10; i++)
        send(i, 10 * i);
    for (unsigned i = 0; i < 10; i++)
        rs = acked(i, 200); /* all at once */
    assert_int_equal(rs.delivered, 10 * SEGMENT);
    assert_int_equal(rs.delivery_rate, 10 * SEGMENT * 1000 / 200);
}

/* 4.1.1.2.3: a burst sent at once isn't faster than its ACKs */
static void a_burst_of_data_is_no_faster_than_its_ACKs(void **state)
{
    struct rate_sample rs = {0};

    (void)state;
    for (unsigned i = 0; i < 10; i++)
        send(i, 0);
    for (unsigned i = 0; i < 10; i++)
        rs = acked(i, 100 + 10 * i);
    assert_int_equal(rs.delivery_rate, 10 * SEGMENT * 1000 / 190);
}

/* 4.1.2.2: time without segments in flight doesn't count */
static void idle_time_is_not_counted(void **state)
{
    struct rate_sample rs;

    (void)state;
    send(0, 0);
    acked(0, 10);
    send(1, 5000);
    rs = acked(1, 5010);
    assert_int_equal(rs.delivered, SEGMENT);
    assert_int_equal(rs.delivery_rate, SEGMENT * 1000 / 10);
}

/* 4.1.2.3, IsNewestPacket: of the segments that an ACK delivers, the one sent last counts */
static void the_newest_of_an_ACK_counts(void **state)
{
    struct rate_sample rs;

    (void)state;
    send(0, 0);
    send(1, 5);
    send(2, 5);
    arrives(2);
    arrives(0);
    arrives(1);
    rs = rate_take(&rate, 50 * ms);
    assert_int_equal(rs.newly_acked, 3 * SEGMENT);
    assert_int_equal(rs.tx_in_flight, 3 * SEGMENT);
    assert_int_equal(rs.rtt_ns, 45 * ms);
}

/* 4.2: a retransmitted segment gives no RTT sample, but a rate sample */
static void a_retransmission_is_no_sample_of_the_round_trip(void **state)
{
    struct rate_sample rs;

    (void)state;
    send(0, 0);
    rate_delivered(&rate, &stamps[0], sent_ns[0], number(1), SEGMENT, true);
    rs = rate_take(&rate, 20 * ms);
    assert_int_equal(rs.rtt_ns, 0);
    assert_int_equal(rs.delivery_rate, SEGMENT * 1000 / 20);
    assert_int_equal(rate.min_rtt_ns, UINT64_MAX);
}

/* 4.1.2.3: an interval below C.min_rtt is that of a spurious retransmission */
static void an_ACK_that_comes_too_soon_is_no_sample(void **state)
{
    struct rate_sample rs;

    (void)state;
    send(0, 0);
    acked(0, 20);
    send(1, 100);
    rs = acked(1, 110);
    assert_int_equal(rs.delivery_rate, SEGMENT * 1000 / 10); /* a shorter path */
    send(2, 200);
    rate_delivered(&rate, &stamps[2], sent_ns[2], number(3), SEGMENT, true);
    rs = rate_take(&rate, 205 * ms);
    assert_int_equal(rs.delivery_rate, 0);
    assert_true(rs.has_data);
}

/* 4.1.1.3: samples are app-limited until the gap has left the path, and no longer */
static void a_gap_marks_the_samples_of_a_round_trip(void **state)
{
    (void)state;
    send(0, 0);
    send(1, 0);
    rate_mark_app_limited(&rate, in_flight);
    send(2, 10);
    send(3, 10);
    assert_false(acked(0, 20).is_app_limited); /* sent before the gap */
    assert_false(acked(1, 20).is_app_limited);
    assert_true(acked(2, 30).is_app_limited);
    send(4, 30);
    assert_true(acked(3, 30).is_app_limited);
    assert_false(acked(4, 50).is_app_limited);
}

/* The mark isn't 0 if nothing was ever delivered, because 0 would mean "not limited". */
static void a_gap_at_the_very_begin_is_one(void **state)
{
    (void)state;
    rate_mark_app_limited(&rate, 0);
    send(0, 0);
    assert_true(acked(0, 20).is_app_limited);
}

/* 5.5.10.2: losses since the record was sent, with itself, relative to the flight at that time */
static void losses_count_since_the_record_left(void **state)
{
    struct rate_sample rs;

    (void)state;
    for (unsigned i = 0; i < 60; i++)
        send(i, 0);
    rate_lost(&rate, &stamps[59], number(59), number(60)); /* one of 60: below 2 % */
    rs = rate_take(&rate, 20 * ms);
    assert_false(rs.has_data);
    assert_int_equal(rs.newly_lost, SEGMENT);
    assert_false(rs.excess.any);
    rate_lost(&rate, &stamps[57], number(57), number(58)); /* two of 58 */
    rate_lost(&rate, &stamps[58], number(58), number(59));
    rs = rate_take(&rate, 21 * ms);
    assert_int_equal(rs.newly_lost, 2 * SEGMENT);
    assert_int_equal(rs.lost_ranges, 1);
    assert_true(rs.excess.any);
    assert_int_equal(rs.excess.tx_in_flight, 58 * SEGMENT);
    assert_int_equal(rs.excess.lost, 2 * SEGMENT);
    assert_int_equal(rs.excess.bytes, SEGMENT);
}

/* 5.3.1.3: counts ranges that don't touch */
static void ranges_that_do_not_touch_are_counted(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++)
        send(i, 0);
    for (unsigned i = 0; i < 9; i += i == 3 ? 1 : 2) /* 0 2 4 6 8, separate */
        rate_lost(&rate, &stamps[i], number(i), number(i + 1));
    rate_lost(&rate, &stamps[9], number(9), number(10)); /* adjacent to the last one */
    assert_int_equal(rate_take(&rate, ms).lost_ranges, 5);
    assert_int_equal(rate_take(&rate, ms).lost_ranges, 0);
}

/* If a record is split, its first part was sent with less data in flight. */
static void a_record_that_is_cut_has_two_stamps(void **state)
{
    struct rate_stamp rest;

    (void)state;
    rate_sent(&rate, &stamps[0], 10 * SEGMENT, false, ms);
    rate_split(&stamps[0], &rest, 4 * SEGMENT);
    assert_int_equal(stamps[0].tx_in_flight, 6 * SEGMENT);
    assert_int_equal(rest.tx_in_flight, 10 * SEGMENT);
    assert_int_equal(rest.delivered_ns, stamps[0].delivered_ns);
}

/* ---- with a scoreboard -------------------------------------------------------------------- */

/* A segment sent again without being lost is no sign of congestion; later losses are. */
static void requeued_data_is_not_lost(void **state)
{
    struct stamped_sent records[8];
    struct sent_pool pool;
    struct scoreboard board;

    (void)state;
    sent_pool_init_stamped(&pool, records, 8);
    scoreboard_init(&board);
    scoreboard_sample(&board, &rate, ms);
    for (unsigned i = 0; i < 3; i++)
        assert_true(scoreboard_sent(&board, &pool, number(i), number(i + 1), ms));
    scoreboard_requeue(&board, board.last);
    assert_int_equal(board.lost_bytes, SEGMENT);
    assert_int_equal(rate.lost, 0);
    scoreboard_requeue_all(&board);
    assert_int_equal(board.lost_bytes, 3 * SEGMENT);
    assert_int_equal(rate.lost, 0);
    for (unsigned i = 0; i < 3; i++)
        scoreboard_resent(&board, scoreboard_lost(&board, &pool, SEGMENT), 2 * ms);
    scoreboard_lose(&board, board.first);
    assert_int_equal(rate.lost, SEGMENT);
    scoreboard_lose_all(&board);
    assert_int_equal(rate.lost, 3 * SEGMENT);
    scoreboard_free(&board, &pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(delivery_is_measured_over_a_round_trip, fresh),
        cmocka_unit_test_setup(a_burst_of_ACKs_is_no_faster_than_the_sending, fresh),
        cmocka_unit_test_setup(a_burst_of_data_is_no_faster_than_its_ACKs, fresh),
        cmocka_unit_test_setup(idle_time_is_not_counted, fresh),
        cmocka_unit_test_setup(the_newest_of_an_ACK_counts, fresh),
        cmocka_unit_test_setup(a_retransmission_is_no_sample_of_the_round_trip, fresh),
        cmocka_unit_test_setup(an_ACK_that_comes_too_soon_is_no_sample, fresh),
        cmocka_unit_test_setup(a_gap_marks_the_samples_of_a_round_trip, fresh),
        cmocka_unit_test_setup(a_gap_at_the_very_begin_is_one, fresh),
        cmocka_unit_test_setup(losses_count_since_the_record_left, fresh),
        cmocka_unit_test_setup(ranges_that_do_not_touch_are_counted, fresh),
        cmocka_unit_test_setup(a_record_that_is_cut_has_two_stamps, fresh),
        cmocka_unit_test_setup(requeued_data_is_not_lost, fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
