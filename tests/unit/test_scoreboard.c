/* test_scoreboard.c -- the scoreboard of sent data, compared with a model of single bytes. */
#include "board_model.h"

/* ---- random operations -------------------------------------------------------------------- */

static struct sent *random_record(uint64_t *seed)
{
    struct sent *sent = board.first;

    for (uint32_t skip = unit_below(seed, 20); sent && sent->next && skip > 0; skip--)
        sent = sent->next;
    return sent;
}

static void random_block(uint64_t *seed)
{
    const uint32_t flight = model.nxt - model.una;
    uint32_t left, right;

    if (flight == 0)
        return;
    left = model.una - FIRST / 2 + unit_below(seed, flight);
    right = left + 1 + unit_below(seed, 60);
    board_sack(left, right < model.nxt ? right : model.nxt);
}

static void rare_step(uint64_t *seed)
{
    switch (unit_below(seed, 5)) {
    case 0:
        board_lose_all();
        break;
    case 1:
        board_unlose_all();
        break;
    case 2:
        board_forget_sacks();
        break;
    default:
        board_lose_below_sacked(unit_below(seed, 4) * MSS, 1 + unit_below(seed, 4));
        break;
    }
}

static void random_step(uint64_t *seed)
{
    const uint32_t flight = model.nxt - model.una;

    model.now_ns += unit_below(seed, 3); /* some are sent at the same time */
    switch (unit_below(seed, 8)) {
    case 0:
    case 1:
        if (flight < 300 && model.nxt + 3 * MSS < SPACE)
            board_send(1 + unit_below(seed, unit_below(seed, 2) ? MSS : 3 * MSS));
        break;
    case 2:
        board_ack(model.una + unit_below(seed, flight < 25 ? flight + 1 : 25));
        break;
    case 3:
    case 4:
        random_block(seed);
        break;
    case 5:
        if (board.first)
            board_lose(random_record(seed));
        break;
    case 6:
        board_resend(1 + unit_below(seed, 2 * MSS));
        break;
    default:
        if (unit_below(seed, 4) == 0)
            rare_step(seed);
        break;
    }
}

static void random_calls_agree_with_single_bytes(void **state)
{
    uint64_t seed = 4711;

    for (unsigned run = 0; run < 300; run++) {
        for (unsigned step = 0; step < 300; step++) {
            random_step(&seed);
            assert_agrees();
        }
        close_board(state);
        open_board(state);
    }
}

/* ---- single rules ------------------------------------------------------------------------- */

static void send_segments(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        model.now_ns++;
        board_send(MSS);
    }
}

static void pipe_is_data_neither_sacked_nor_lost(void **state)
{
    (void)state;
    send_segments(6);
    board_sack(FIRST + 3 * MSS, FIRST + 4 * MSS);
    board_lose(board.first);
    assert_int_equal(board.in_flight_bytes, 4 * MSS);
    board_resend(MSS);
    assert_int_equal(board.in_flight_bytes, 5 * MSS);
    assert_agrees();
}

/* RFC 2018 5.1: SACKed data is not retransmitted; it can't become lost either. */
static void sacked_data_does_not_get_lost(void **state)
{
    (void)state;
    send_segments(3);
    board_sack(FIRST, FIRST + 2 * MSS);
    board_lose_all();
    board_lose(board.first);
    assert_int_equal(board.lost_bytes, MSS);
    assert_agrees();
}

/* RFC 6675 4: more than (DupThresh - 1) * SMSS SACKed above it */
static void segments_below_enough_sacked_bytes_are_lost(void **state)
{
    (void)state;
    send_segments(6);
    board_sack(FIRST + MSS, FIRST + 3 * MSS);
    board_lose_below_sacked(2 * MSS, 3);
    assert_int_equal(board.lost_bytes, 0);
    board_sack(FIRST + 4 * MSS, FIRST + 5 * MSS);
    board_lose_below_sacked(2 * MSS, 3);
    assert_int_equal(board.lost_bytes, MSS); /* the fourth has one above it, the last none */
    assert_int_equal(board.lost_from->seq, start + FIRST);
    board_resend(MSS);
    board_lose_below_sacked(2 * MSS, 3); /* not a second time: RFC 6675 doesn't detect that */
    assert_int_equal(board.lost_bytes, 0);
    assert_agrees();
}

/* RFC 6675 4: or DupThresh separate ranges, however short */
static void segments_below_enough_sacked_ranges_are_lost(void **state)
{
    (void)state;
    send_segments(7);
    for (uint32_t at = 1; at < 5; at++) /* these four are one range */
        board_sack(FIRST + at * MSS, FIRST + (at + 1) * MSS);
    board_lose_below_sacked(9 * MSS, 2);
    assert_int_equal(board.lost_bytes, 0);
    board_sack(FIRST + 6 * MSS, FIRST + 7 * MSS);
    board_lose_below_sacked(9 * MSS, 2);
    assert_int_equal(board.lost_bytes, MSS);
    assert_int_equal(board.lost_from->seq, start + FIRST);
    assert_agrees();
}

/* The blocks of an ACK may have any order. */
static void blocks_of_one_ACK_add_up(void **state)
{
    struct delivered delivered = {0};

    (void)state;
    send_segments(8);
    for (uint32_t at = 6; at > 0; at -= 3)
        scoreboard_sack(&board, &pool, start + FIRST + at * MSS, start + FIRST + (at + 1) * MSS,
                        MSS, &delivered);
    assert_int_equal(delivered.bytes, 2 * MSS);
    assert_int_equal(delivered.sacked_bytes, 2 * MSS);
    assert_int_equal(delivered.low_end, start + FIRST + 4 * MSS);
    assert_int_equal(delivered.high_end, start + FIRST + 7 * MSS);
    assert_int_equal(delivered.newest_end, start + FIRST + 7 * MSS);
}

static void lost_are_sent_lowest_first(void **state)
{
    (void)state;
    send_segments(5);
    board_lose(board.last);
    board_lose(board.first->next);
    board_lose(board.first);
    for (unsigned i = 0; i < 4; i++) {
        board_resend(MSS);
        assert_agrees();
    }
    assert_null(scoreboard_lost(&board, &pool, MSS));
}

/* CVE-2019-11477: blocks of single bytes must not cause records of single bytes */
static void odd_blocks_make_no_crumbs(void **state)
{
    const uint32_t before = pool.free_count;

    (void)state;
    board_send(20 * MSS);
    for (uint32_t at = 0; at < 20 * MSS; at += 2)
        board_sack(FIRST + at, FIRST + at + 1);
    assert_int_equal(pool.free_count, before - 1);
    assert_int_equal(board.sacked_bytes, 0);
    board_sack(FIRST + 1, FIRST + 5 * MSS + 3);
    assert_int_equal(board.sacked_bytes, 4 * MSS);
    assert_int_equal(pool.free_count, before - 3);
    assert_agrees();
}

static void without_records_the_last_one_grows(void **state)
{
    const uint32_t most = RECORDS - pool.reserve;

    (void)state;
    for (uint32_t i = 0; i < most; i++)
        assert_true(
            scoreboard_sent(&board, &pool, start + i * MSS, start + (i + 1) * MSS, 1000 + i));
    assert_int_equal(pool.free_count, pool.reserve);
    assert_true(scoreboard_has_room(&board, &pool));
    assert_true(scoreboard_sent(&board, &pool, start + most * MSS, start + most * MSS + 3, 5000));
    assert_int_equal(board.last->end - board.last->seq, MSS + 3);
    assert_int_equal(board.last->at_ns, 5000);
    assert_int_equal(board.in_flight_bytes, most * MSS + 3);
    scoreboard_lose(&board, board.last);
    assert_false(scoreboard_has_room(&board, &pool));
    assert_false(scoreboard_sent(&board, &pool, board.last->end, board.last->end + 1, 5001));
    /* no record to split it with: it is sent whole */
    assert_int_equal(scoreboard_lost(&board, &pool, MSS)->end, board.last->end);
    assert_ptr_equal(scoreboard_lost(&board, &pool, MSS), board.last);
    assert_int_equal(pool.free_count, pool.reserve);
}

/* One connection has all records that it may have; each of the reserved number of others still gets
 * its first. */
static void the_last_records_are_for_connections_without_any(void **state)
{
    static struct scoreboard others[RECORDS];
    const uint32_t most = RECORDS - pool.reserve, reserve = pool.reserve;

    (void)state;
    assert_in_range(reserve, 1, RECORDS - 1);
    for (uint32_t i = 0; i <= most; i++)
        scoreboard_sent(&board, &pool, start + i * MSS, start + (i + 1) * MSS, 1000);
    for (uint32_t i = 0; i < reserve; i++) {
        scoreboard_init(&others[i]);
        assert_true(scoreboard_sent(&others[i], &pool, start, start + MSS, 1000));
        assert_true(scoreboard_sent(&others[i], &pool, start + MSS, start + 2 * MSS, 1000));
        assert_ptr_equal(others[i].first, others[i].last);
    }
    scoreboard_init(&others[reserve]);
    assert_false(scoreboard_sent(&others[reserve], &pool, start, start + MSS, 1000));
    for (uint32_t i = 0; i < reserve; i++)
        scoreboard_free(&others[i], &pool);
}

/* SACKed data after a hole is one long record. Data after it is found from its end, not searched
 * for from the last record, which is nearer to it than the start. */
static void data_behind_a_long_SACKed_record_is_found_at_once(void **state)
{
    const uint32_t above = SCOREBOARD_STEPS_MAX + 20, hole = start + 300 * MSS;
    struct delivered delivered = {0};

    (void)state;
    scoreboard_sent(&board, &pool, start, start + MSS, 1000);
    scoreboard_sent(&board, &pool, start + MSS, hole, 1001);
    for (uint32_t i = 0; i < above; i++)
        scoreboard_sent(&board, &pool, hole + i * MSS, hole + (i + 1) * MSS, 1002 + i);
    scoreboard_sack(&board, &pool, start + MSS, hole, MSS, &delivered);
    delivered = (struct delivered){0};
    scoreboard_sack(&board, &pool, hole + MSS, hole + 2 * MSS, MSS, &delivered);
    assert_int_equal(delivered.sacked_bytes, MSS);
    assert_in_range(delivered.steps, 0, 3);
}

/* RFC 4015: data that was in flight before is so again, in the order of its transmission */
static void data_that_is_not_lost_after_all_keeps_its_place_in_time(void **state)
{
    (void)state;
    send_segments(6);
    board_lose_all();
    model.now_ns++;
    board_resend(MSS);
    board_resend(MSS);
    board_unlose_all();
    assert_agrees();
    assert_ptr_equal(container_of(board.by_time.next, struct sent, by_time),
                     board.first->next->next);
    assert_null(scoreboard_lost(&board, &pool, MSS));
}

/* Segments sent at the same time are ordered by sequence number. */
static void segments_that_left_together_stay_in_order(void **state)
{
    const struct sent *before = 0;

    (void)state;
    for (unsigned i = 0; i < 6; i++)
        board_send(MSS);
    board_lose(board.first);
    board_lose(board.first->next->next);
    board_sack(FIRST + 4 * MSS, FIRST + 5 * MSS);
    board_unlose_all();
    board_forget_sacks();
    assert_agrees();
    for (struct ring *node = board.by_time.next; node != &board.by_time; node = node->next) {
        const struct sent *sent = container_of(node, struct sent, by_time);

        assert_true(!before || seq_lt(before->seq, sent->seq));
        before = sent;
    }
}

/* A segment that was retransmitted late is too far from the others for its place to be found. That
 * must not mislead the search for the next one, which was retransmitted early. */
static void one_that_is_far_away_leads_no_other_astray(void **state)
{
    struct sent *early;

    (void)state;
    for (unsigned i = 0; i < 2; i++)
        board_send(1);
    early = board.last;
    board_lose(early);
    model.now_ns++;
    board_resend(1);
    for (unsigned i = 0; i < SCOREBOARD_STEPS_MAX + 2; i++) {
        model.now_ns++;
        board_send(1);
    }
    board_lose(board.first);
    board_resend(1);
    board_lose(board.first);
    board_lose(early);
    board_unlose_all();
    assert_agrees();
    assert_ptr_equal(container_of(board.by_time.next, struct sent, by_time), early);
}

/* Data after a hole is acknowledged when the hole is filled: that time is no round trip. */
static void data_that_waited_for_a_retransmission_is_no_sample(void **state)
{
    struct delivered seen = {0};

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        board_send(MSS);
    scoreboard_ack(&board, &pool, start + FIRST + MSS, &seen);
    assert_true(seen.has_sample && !seen.ambiguous);
    scoreboard_lose(&board, board.first);
    scoreboard_resent(&board, scoreboard_lost(&board, &pool, MSS), 5000);
    seen = (struct delivered){0};
    scoreboard_ack(&board, &pool, start + FIRST + 3 * MSS, &seen);
    assert_true(seen.has_sample && seen.ambiguous);
}

#define board_test(function) cmocka_unit_test_setup_teardown(function, open_board, close_board)

int main(void)
{
    const struct CMUnitTest tests[] = {
        board_test(pipe_is_data_neither_sacked_nor_lost),
        board_test(sacked_data_does_not_get_lost),
        board_test(segments_below_enough_sacked_bytes_are_lost),
        board_test(segments_below_enough_sacked_ranges_are_lost),
        board_test(blocks_of_one_ACK_add_up),
        board_test(lost_are_sent_lowest_first),
        board_test(odd_blocks_make_no_crumbs),
        board_test(without_records_the_last_one_grows),
        board_test(the_last_records_are_for_connections_without_any),
        board_test(data_behind_a_long_SACKed_record_is_found_at_once),
        board_test(data_that_is_not_lost_after_all_keeps_its_place_in_time),
        board_test(segments_that_left_together_stay_in_order),
        board_test(one_that_is_far_away_leads_no_other_astray),
        board_test(data_that_waited_for_a_retransmission_is_no_sample),
        board_test(random_calls_agree_with_single_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
