/* test_steps.c -- bounds on the cost of an ACK, whatever a peer reports. The cost is the number of
 * records walked over, with as many in flight as possible. */
#include "unit.h"

#include "tcp/congestion/recovery.h"
#include "tcp/congestion/seq.h"

enum {
    RECORDS = 8192, /* a part is reserved for others */
    FLIGHT = 4000,  /* segments */
    MSS = 48,       /* the least that is accepted; the peer chooses it */
    BLOCKS = 4      /* of an ACK */
};

static const uint32_t start = 0xffff0000u; /* close to the wraparound */

static struct scoreboard board;
static struct sent_pool pool;
static struct sent records[RECORDS];
static uint64_t now_ns;

static uint32_t number(uint32_t segment)
{
    return start + segment * MSS;
}

/* Each segment was sent at a different time. */
static int open_board(void **state)
{
    (void)state;
    sent_pool_init(&pool, records, RECORDS);
    scoreboard_init(&board);
    now_ns = 1000;
    for (uint32_t i = 0; i < FLIGHT; i++)
        assert_true(scoreboard_sent(&board, &pool, number(i), number(i + 1), now_ns++));
    return 0;
}

/* Processes an ACK with a block at each of @segments; returns its cost. */
static uint32_t ack_with(const uint32_t segments[BLOCKS], uint32_t from, uint32_t len)
{
    struct delivered delivered = {0};
    const uint32_t before = board.steps;

    for (unsigned i = 0; i < BLOCKS; i++) {
        const uint32_t left = number(segments[i]) + from;

        scoreboard_sack(&board, &pool, left, left + len, MSS, &delivered);
    }
    assert_int_equal(board.steps - before, delivered.steps);
    return delivered.steps;
}

static uint32_t count_sacked(void)
{
    return board.sacked_bytes / MSS;
}

/* SACKs every second segment, so no records can be joined. */
static void open_comb(void)
{
    for (uint32_t i = 1; i + 2 * BLOCKS <= FLIGHT; i += 2 * BLOCKS)
        ack_with((uint32_t[]){i, i + 2, i + 4, i + 6}, 0, MSS);
}

static void opening_a_comb_costs_next_to_nothing(void **state)
{
    (void)state;
    open_comb();
    assert_in_range(count_sacked(), FLIGHT / 2 - BLOCKS, FLIGHT / 2);
    assert_true(board.steps <= 4 * FLIGHT); /* two per block, there and back */
}

/* Blocks without a whole segment, far from each other and from both ends. */
static void nonsense_in_a_comb_is_given_up(void **state)
{
    uint64_t seed = 1;

    (void)state;
    open_comb();
    for (unsigned i = 0; i < 1000; i++) {
        const uint32_t at[] = {unit_below(&seed, FLIGHT - 2), FLIGHT / 4, FLIGHT / 2,
                               FLIGHT / 4 * 3};

        assert_true(ack_with(at, 1, MSS + 1) <= SCOREBOARD_STEPS_MAX);
    }
}

/* A search that was given up continues with the next ACK that has the same block. */
static void a_distant_record_is_found_by_and_by(void **state)
{
    const uint32_t middle[] = {FLIGHT / 2, FLIGHT / 2, FLIGHT / 2, FLIGHT / 2};
    unsigned acks = 0;

    (void)state;
    open_comb();
    assert_int_equal(count_sacked() % 2, 0);
    for (const uint32_t before = count_sacked(); count_sacked() == before; acks++)
        ack_with(middle, 0, MSS);
    assert_in_range(acks, 1, FLIGHT / SCOREBOARD_STEPS_MAX);
}

/* A block over everything, repeated while no record is free to split with. */
static void a_block_over_all_costs_once(void **state)
{
    const uint32_t all[] = {0, 0, 0, 0};

    (void)state;
    open_comb();
    pool.free_count = 0;
    assert_true(ack_with(all, 1, FLIGHT * MSS - 2) <= SCOREBOARD_STEPS_MAX);
    for (unsigned i = 0; i < 100; i++)
        assert_true(ack_with(all, 1, FLIGHT * MSS - 2) <= 3 * BLOCKS);
    assert_int_equal(count_sacked(), FLIGHT - 2);
}

/* The normal case: a hole, and a growing block after it. */
static void a_growing_block_costs_nothing(void **state)
{
    (void)state;
    for (uint32_t i = 2; i <= FLIGHT; i++) {
        struct delivered delivered = {0};

        scoreboard_sack(&board, &pool, number(1), number(i), MSS, &delivered);
        assert_int_equal(delivered.bytes, MSS);
    }
    assert_int_equal(count_sacked(), FLIGHT - 1);
    assert_true(board.steps <= 2 * FLIGHT);
    assert_int_equal(pool.free_count, RECORDS - 2); /* the SACKed data is one record */
}

/* RFC 6675 4: the ranges are at the far ends, and never enough is SACKed above. */
static void judging_by_ranges_is_bounded(void **state)
{
    (void)state;
    ack_with((uint32_t[]){1, 1, FLIGHT - 1, FLIGHT - 1}, 0, MSS);
    for (unsigned i = 0; i < 100; i++) {
        const uint32_t before = board.steps;

        scoreboard_lose_below_sacked(&board, 2 * MSS, 3);
        assert_true(board.steps - before <= SCOREBOARD_STEPS_MAX);
    }
    assert_int_equal(board.lost_bytes, 0);
    ack_with((uint32_t[]){FLIGHT - 4, FLIGHT - 4, FLIGHT - 2, FLIGHT - 2}, 0, MSS);
    assert_int_equal(scoreboard_lose_below_sacked(&board, 2 * MSS, 3), (FLIGHT - 5) * MSS);
    assert_int_equal(scoreboard_lose_below_sacked(&board, 2 * MSS, 3), 0);
}

/* The first and the last segment are lost, repeatedly. */
static void looking_for_losses_is_bounded(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        unsigned found = 0;

        scoreboard_lose(&board, board.first);
        scoreboard_lose(&board, board.last);
        while (found < 2) {
            const uint32_t before = board.steps;
            struct sent *sent = scoreboard_lost(&board, &pool, MSS);

            assert_true(board.steps - before <= SCOREBOARD_STEPS_MAX);
            if (!sent)
                continue;
            assert_ptr_equal(sent, found == 0 ? board.first : board.last);
            scoreboard_resent(&board, sent, now_ns++);
            found++;
        }
    }
}

/* Two rounds of repair, interleaved: each record that is in flight again belongs far from the one
 * before. */
static void taking_losses_back_costs_a_few_steps_each(void **state)
{
    uint32_t before;
    struct sent *sent;

    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        unsigned i = 0;

        for (sent = board.first; sent; sent = sent->next) {
            if (i++ % 3 > round)
                scoreboard_lose(&board, sent);
        }
        while (board.lost_bytes > 0) {
            sent = scoreboard_lost(&board, &pool, MSS);
            if (sent)
                scoreboard_resent(&board, sent, now_ns++);
        }
    }
    scoreboard_lose_all(&board);
    before = board.steps;
    scoreboard_unlose_all(&board);
    assert_true(board.steps - before <= 2 * FLIGHT + SCOREBOARD_STEPS_MAX);
    assert_int_equal(board.in_flight_bytes, FLIGHT * MSS);
    assert_null(scoreboard_lost(&board, &pool, MSS));
}

/* A peer reports each retransmission as spurious: this undoes a loss of everything, which the next
 * ACK detects again.  It works a few times per flight. */
static void a_flight_is_taken_back_a_few_times_only(void **state)
{
    static struct recovery recovery;
    struct congestion congestion;
    unsigned undone = 0;

    (void)state;
    recovery_init(&recovery, HAS_RACK ? RECOVERY_RACK : RECOVERY_SACK);
    congestion_init(&congestion, &leat_tcp_newreno, MSS, 10, false);
    congestion.cwnd = FLIGHT * MSS;
    for (uint32_t i = FLIGHT - 1; i > FLIGHT - 100; i--) {
        struct recovery_ack ack = {.now_ns = now_ns += 1000000000,
                                   .srtt_ns = 1000,
                                   .snd_una = number(0),
                                   .snd_nxt = number(FLIGHT),
                                   .flight_bytes = FLIGHT * MSS,
                                   .pipe_bytes = recovery_pipe(&recovery, &board)};
        struct delivered delivered = {0};
        struct sent *sent = scoreboard_lost(&board, &pool, MSS);

        if (sent) {
            scoreboard_resent(&board, sent, now_ns);
            recovery_sent(&recovery, MSS, true, false, 0);
            ack.dsack_bytes = MSS;
        }
        scoreboard_sack(&board, &pool, number(i), number(i + 1), MSS, &delivered);
        undone += recovery_acked(&recovery, &board, &congestion, &ack, &delivered).undone;
    }
    assert_in_range(undone, 1, 4);
}

#define board_test(function) cmocka_unit_test_setup(function, open_board)

int main(void)
{
    const struct CMUnitTest tests[] = {
        board_test(opening_a_comb_costs_next_to_nothing),
        board_test(nonsense_in_a_comb_is_given_up),
        board_test(a_distant_record_is_found_by_and_by),
        board_test(a_block_over_all_costs_once),
        board_test(a_growing_block_costs_nothing),
        board_test(judging_by_ranges_is_bounded),
        board_test(looking_for_losses_is_bounded),
        board_test(taking_losses_back_costs_a_few_steps_each),
        board_test(a_flight_is_taken_back_a_few_times_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
