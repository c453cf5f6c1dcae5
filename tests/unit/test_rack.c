/* test_rack.c -- loss detection by time, following the text and the examples of RFC 8985. */
#include "unit.h"

#include "tcp/congestion/rack.h"

enum {
    MSS = 1000,
    RECORDS = 64
};

static const uint64_t ms = 1000000;
static const uint64_t begin_ns = 5000000000;
static const uint32_t start = 0xfffff000u; /* close to the wraparound */

static struct rack rack;
static struct scoreboard board;
static struct sent_pool pool;
static struct sent records[RECORDS];
static uint64_t now_ns;
static uint64_t srtt_ns;

static int fresh(void **state)
{
    (void)state;
    memset(&rack, 0xa5, sizeof rack);
    rack_init(&rack);
    sent_pool_init(&pool, records, RECORDS);
    scoreboard_init(&board);
    now_ns = begin_ns;
    srtt_ns = 100 * ms;
    return 0;
}

/* Sends segment @i, counted from 0; those of a flight leave at the same time by default. */
static void send(uint32_t i)
{
    assert_true(scoreboard_sent(&board, &pool, start + i * MSS, start + (i + 1) * MSS, now_ns));
}

static void send_flight(uint32_t first, uint32_t count, uint64_t gap_ns)
{
    for (uint32_t i = first; i < first + count; i++) {
        send(i);
        now_ns += gap_ns;
    }
}

static void sack(uint32_t i)
{
    struct delivered delivered = {0};

    scoreboard_sack(&board, &pool, start + i * MSS, start + (i + 1) * MSS, MSS, &delivered);
    rack_delivered(&rack, &delivered, now_ns);
}

static void ack(uint32_t i)
{
    struct delivered delivered = {0};

    scoreboard_ack(&board, &pool, start + i * MSS, &delivered);
    rack_delivered(&rack, &delivered, now_ns);
}

static uint64_t detect(bool hurry)
{
    return rack_detect(&rack, &board, srtt_ns, hurry, now_ns);
}

static void resend_lost(void)
{
    struct sent *sent;

    while ((sent = scoreboard_lost(&board, &pool, MSS)))
        scoreboard_resent(&board, sent, now_ns);
}

/* An RTT sample from a separate segment, with a number below those of the test. */
static void sample(uint64_t rtt_ns)
{
    struct delivered delivered = {
        .any = true,
        .has_sample = true,
        .newest_at_ns = now_ns - rtt_ns,
        .sample_at_ns = now_ns - rtt_ns,
        .newest_end = start,
        .high_end = start,
        .low_end = start,
    };

    rack_delivered(&rack, &delivered, now_ns);
}

/* ---- step 5 ------------------------------------------------------------------------------- */

static void nothing_is_suspect_before_something_is_delivered(void **state)
{
    (void)state;
    send_flight(0, 5, ms);
    now_ns += 10000 * ms;
    assert_int_equal(detect(true), UINT64_MAX);
    assert_int_equal(board.lost_bytes, 0);
}

/* RFC 8985 3.4, example 1: the tail arrives, and the segments sent before it are lost once the
 * reordering window, a quarter of the round trip, has passed */
static void earlier_segment_is_lost_after_the_reordering_window(void **state)
{
    (void)state;
    send_flight(0, 4, ms); /* at 0, 1, 2, 3 ms */
    now_ns = begin_ns + 103 * ms;
    sack(3);
    assert_int_equal(rack.rtt_ns, 100 * ms);
    assert_int_equal(rack.min_rtt_ns, 100 * ms);
    assert_int_equal(detect(false),
                     begin_ns + 125 * ms); /* segment 0 was sent first: its time ends at 125 ms */
    assert_int_equal(board.lost_bytes, 0);
    now_ns = begin_ns + 125 * ms;
    assert_int_equal(detect(false), begin_ns + 126 * ms); /* 6.2: remaining <= 0 is lost */
    assert_int_equal(board.lost_bytes, MSS);
    assert_true(board.first->flags & SENT_LOST);
    now_ns = begin_ns + 127 * ms;
    assert_int_equal(detect(false), UINT64_MAX);
    assert_int_equal(board.lost_bytes, 3 * MSS);
}

/* RFC 8985 6.2 step 4: while no reordering was seen, recovery and DupThresh don't wait */
static void in_a_hurry_there_is_no_window(void **state)
{
    (void)state;
    send_flight(0, 4, ms);
    now_ns = begin_ns + 103 * ms;
    sack(3);
    assert_int_equal(detect(true), UINT64_MAX);
    assert_int_equal(board.lost_bytes, 3 * MSS);
}

static void after_reordering_hurry_waits_too(void **state)
{
    (void)state;
    send_flight(0, 6, ms);
    now_ns = begin_ns + 103 * ms;
    sack(3);
    sack(2); /* delivered later, though sent before: reordered */
    assert_true(rack.reordering_seen);
    detect(true);
    assert_int_equal(board.lost_bytes, 0);
}

/* Segments sent after the newest delivered one aren't late. */
static void later_segments_are_not_suspect(void **state)
{
    (void)state;
    send_flight(0, 4, ms);
    now_ns = begin_ns + 500 * ms;
    sack(1);
    detect(true);
    assert_int_equal(board.lost_bytes, MSS);
    assert_int_equal(board.in_flight_bytes, 2 * MSS);
}

/* RFC 8985 6.2, RACK_sent_after(): if sent at the same time, the higher number counts as later */
static void of_one_burst_the_numbers_decide(void **state)
{
    (void)state;
    send_flight(0, 5, 0);
    now_ns += 100 * ms;
    sack(2);
    assert_int_equal(detect(true), UINT64_MAX);
    assert_int_equal(board.lost_bytes, 2 * MSS);
    assert_true(board.first->next->flags & SENT_LOST);
    assert_int_equal(board.last->flags, 0);
}

/* RFC 8985 3.4, example 2: a retransmission is lost when a segment sent after it is delivered */
static void lost_retransmission_is_found(void **state)
{
    (void)state;
    send_flight(0, 4, ms);
    now_ns = begin_ns + 103 * ms;
    sack(3);
    detect(true);
    resend_lost(); /* segments 0, 1 and 2, at 103 ms */
    now_ns += ms;
    send(4);
    assert_int_equal(detect(true), UINT64_MAX);
    assert_int_equal(board.lost_bytes, 0);
    now_ns = begin_ns + 204 * ms;
    sack(4);
    assert_int_equal(detect(true), UINT64_MAX);
    assert_int_equal(board.lost_bytes, 3 * MSS);
}

/* RFC 8985 6.2 step 5: reo_wnd is no longer than SRTT */
static void window_is_bounded_by_the_round_trip(void **state)
{
    (void)state;
    sample(100 * ms);
    for (unsigned i = 0; i < 10; i++) {
        rack_dsack(&rack, start + i, start + i + 1);
        rack.in_dsack_round = false;
    }
    send_flight(0, 2, ms);
    now_ns = begin_ns + 101 * ms;
    sack(1);
    assert_int_equal(detect(false), begin_ns + 200 * ms);
    srtt_ns = 60 * ms;
    assert_int_equal(detect(false), begin_ns + 160 * ms);
}

/* ---- step 1 and 2 ------------------------------------------------------------------------- */

/* RFC 8985 6.2 step 2: an ACK faster than any round trip is for the first transmission */
static void ACK_faster_than_the_path_is_not_of_the_retransmission(void **state)
{
    (void)state;
    send_flight(0, 2, ms);
    sample(100 * ms);
    scoreboard_lose(&board, board.first);
    now_ns = begin_ns + 200 * ms;
    resend_lost();
    now_ns += 20 * ms;
    ack(1);
    assert_int_equal(rack.rtt_ns, 100 * ms);
    assert_true(rack.xmit_ns < begin_ns + 200 * ms);
    scoreboard_lose(&board, board.first);
    now_ns += ms;
    resend_lost();
    now_ns += 100 * ms; /* exactly the shortest round trip is accepted */
    ack(2);
    assert_int_equal(rack.xmit_ns, begin_ns + 221 * ms);
}

/* An older segment that is delivered late gives an RTT, but isn't the newest. */
static void newest_is_by_time_of_leaving(void **state)
{
    (void)state;
    send_flight(0, 3, ms);
    now_ns = begin_ns + 102 * ms;
    sack(2);
    now_ns += 5 * ms;
    sack(1);
    assert_int_equal(rack.xmit_ns, begin_ns + 2 * ms);
    assert_int_equal(rack.end_seq, start + 3 * MSS);
    assert_int_equal(rack.rtt_ns, 106 * ms);
}

static void least_round_trip_is_forgotten_after_a_minute(void **state)
{
    (void)state;
    sample(10 * ms);
    now_ns += 20000 * ms;
    sample(50 * ms);
    assert_int_equal(rack.min_rtt_ns, 10 * ms);
    now_ns += 20000 * ms; /* the second interval of 30 s */
    sample(50 * ms);
    assert_int_equal(rack.min_rtt_ns, 10 * ms);
    now_ns += 31000 * ms;
    sample(50 * ms);
    assert_int_equal(rack.min_rtt_ns, 50 * ms);
    sample(40 * ms);
    assert_int_equal(rack.min_rtt_ns, 40 * ms);
}

/* ---- step 3 ------------------------------------------------------------------------------- */

static void retransmission_that_arrives_is_no_reordering(void **state)
{
    (void)state;
    send_flight(0, 8, ms); /* beyond the wraparound */
    now_ns = begin_ns + 107 * ms;
    sack(7);
    detect(true);
    resend_lost();
    now_ns += 100 * ms;
    ack(8);
    assert_false(rack.reordering_seen);
}

static void data_in_order_is_no_reordering(void **state)
{
    (void)state;
    send_flight(0, 6, ms);
    now_ns += 100 * ms;
    for (uint32_t i = 1; i <= 3; i++)
        ack(i);
    sack(4);
    ack(6); /* 4 and 6 in one ACK: the order of 5 isn't known */
    assert_int_equal(rack.fack, start + 6 * MSS);
}

/* ---- step 4: DSACK ------------------------------------------------------------------------ */

/* RFC 8985 6.2 step 4: a quarter more for each round trip with a DSACK */
static void each_round_with_a_DSACK_widens_the_window(void **state)
{
    (void)state;
    assert_int_equal(rack.reo_wnd_mult, 1);
    rack_dsack(&rack, start, start + 1000);
    assert_int_equal(rack.reo_wnd_mult, 2);
    rack_dsack(&rack, start + 999, start + 2000); /* the same round */
    assert_int_equal(rack.reo_wnd_mult, 2);
    rack_dsack(&rack, start + 1000, start + 3000);
    assert_int_equal(rack.reo_wnd_mult, 3);
    assert_true(rack.reordering_seen);

    sample(100 * ms);
    send_flight(0, 2, ms);
    now_ns = begin_ns + 101 * ms;
    sack(1);
    assert_int_equal(detect(true), begin_ns + 175 * ms); /* 100 + 3 * 25 */
}

/* RFC 8985 6.2 step 4: reo_wnd_persist */
static void wide_window_persists_for_sixteen_recoveries(void **state)
{
    (void)state;
    rack_dsack(&rack, start, start + 1000);
    for (unsigned i = 0; i < 15; i++)
        rack_recovered(&rack);
    assert_int_equal(rack.reo_wnd_mult, 2);
    rack_dsack(&rack, start + 1000, start + 2000); /* restarts the count */
    for (unsigned i = 0; i < 15; i++)
        rack_recovered(&rack);
    assert_int_equal(rack.reo_wnd_mult, 3);
    rack_recovered(&rack);
    assert_int_equal(rack.reo_wnd_mult, 1);
    rack_recovered(&rack);
    assert_int_equal(rack.reo_wnd_mult, 1);
}

static void multiplier_has_an_end(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 1000; i++)
        rack_dsack(&rack, start + 10 * i, start + 10 * i + 5);
    assert_in_range(rack.reo_wnd_mult, 100, 255);
}

/* rack_delivered_one() notices reordering, too (RFC 8985 6.2 step 3). */
static void one_that_arrives_below_the_highest_shows_reordering(void **state)
{
    (void)state;
    rack_delivered_one(&rack, begin_ns, start + 3 * MSS, begin_ns + 10 * ms);
    assert_false(rack.reordering_seen);
    rack_delivered_one(&rack, begin_ns, start + 2 * MSS, begin_ns + 11 * ms);
    assert_true(rack.reordering_seen);
    assert_int_equal(rack.fack, start + 3 * MSS);
    assert_int_equal(rack.end_seq, start + 3 * MSS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_that_arrives_below_the_highest_shows_reordering, fresh),
        cmocka_unit_test_setup(nothing_is_suspect_before_something_is_delivered, fresh),
        cmocka_unit_test_setup(earlier_segment_is_lost_after_the_reordering_window, fresh),
        cmocka_unit_test_setup(in_a_hurry_there_is_no_window, fresh),
        cmocka_unit_test_setup(after_reordering_hurry_waits_too, fresh),
        cmocka_unit_test_setup(later_segments_are_not_suspect, fresh),
        cmocka_unit_test_setup(of_one_burst_the_numbers_decide, fresh),
        cmocka_unit_test_setup(lost_retransmission_is_found, fresh),
        cmocka_unit_test_setup(window_is_bounded_by_the_round_trip, fresh),
        cmocka_unit_test_setup(ACK_faster_than_the_path_is_not_of_the_retransmission, fresh),
        cmocka_unit_test_setup(newest_is_by_time_of_leaving, fresh),
        cmocka_unit_test_setup(least_round_trip_is_forgotten_after_a_minute, fresh),
        cmocka_unit_test_setup(retransmission_that_arrives_is_no_reordering, fresh),
        cmocka_unit_test_setup(data_in_order_is_no_reordering, fresh),
        cmocka_unit_test_setup(each_round_with_a_DSACK_widens_the_window, fresh),
        cmocka_unit_test_setup(wide_window_persists_for_sixteen_recoveries, fresh),
        cmocka_unit_test_setup(multiplier_has_an_end, fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
