/* test_scoreboard.c -- what was sent and is not acknowledged, against a model of single bytes. */
#include "unit.h"

#include "tcp/scoreboard.h"
#include "tcp/seq.h"

enum {
    SPACE = 1500, /* sequence numbers of a conversation */
    RECORDS = 400,
    MSS = 10,
    FIRST = 12 /* bytes below the model, so that blocks may begin there */
};

enum condition {
    UNKNOWN,
    FLIGHT,
    SACKED,
    LOST
};

static struct scoreboard board;
static struct sent_pool pool;
static struct sent records[RECORDS];

static const uint32_t start = 0xfffffe00u; /* the numbers wrap soon */

static struct {
    uint8_t condition[SPACE]; /* enum condition */
    bool begins[SPACE];       /* a record begins here */
    bool again[SPACE];
    uint64_t at_ns[SPACE];
    uint32_t una, nxt;
    uint64_t now_ns;
} model;

static int open_board(void **state)
{
    (void)state;
    memset(records, 0xa5, sizeof records);
    memset(&model, 0, sizeof model);
    sent_pool_init(&pool, records, RECORDS);
    scoreboard_init(&board);
    model.una = model.nxt = FIRST;
    model.now_ns = 1000;
    return 0;
}

static int close_board(void **state)
{
    (void)state;
    scoreboard_free(&board, &pool);
    assert_null(board.first);
    assert_null(board.last);
    assert_null(board.lost_from);
    assert_int_equal(board.in_flight_bytes + board.sacked_bytes + board.lost_bytes, 0);
    assert_true(ring_is_empty(&board.by_time));
    assert_int_equal(pool.free_count, RECORDS);
    return 0;
}

/* ---- the model ---------------------------------------------------------------------------- */

/* Behind the last byte of the record that begins at @at. */
static uint32_t end_of(uint32_t at)
{
    do
        at++;
    while (at < model.nxt && !model.begins[at]);
    return at;
}

static void model_set(uint32_t from, uint32_t end, enum condition condition)
{
    memset(model.condition + from, (int)condition, end - from);
}

static void model_change(enum condition from, enum condition to)
{
    for (uint32_t at = model.una; at < model.nxt; at++) {
        if (model.condition[at] == from)
            model.condition[at] = (uint8_t)to;
    }
}

/* What an ACK should say to have delivered. */
static void model_deliver(struct delivered *wanted, uint32_t from, uint32_t end)
{
    const bool newer =
        !wanted->any || model.at_ns[from] > wanted->newest_at_ns ||
        (model.at_ns[from] == wanted->newest_at_ns && seq_lt(wanted->newest_end, start + end));

    wanted->bytes += end - from;
    if (newer) {
        wanted->newest_at_ns = model.at_ns[from];
        wanted->newest_end = start + end;
        wanted->newest_again = model.again[from];
    }
    if (!wanted->any || seq_lt(wanted->high_end, start + end))
        wanted->high_end = start + end;
    wanted->any = true;
    if (model.again[from])
        return;
    if (!wanted->has_sample || wanted->sample_at_ns < model.at_ns[from])
        wanted->sample_at_ns = model.at_ns[from];
    if (!wanted->has_sample || seq_lt(start + end, wanted->low_end))
        wanted->low_end = start + end;
    wanted->has_sample = true;
}

static void assert_delivered(const struct delivered *seen, const struct delivered *wanted)
{
    assert_int_equal(seen->bytes, wanted->bytes);
    assert_int_equal(seen->sacked_bytes, wanted->sacked_bytes);
    assert_int_equal(seen->acked_bytes, wanted->acked_bytes);
    assert_int_equal(seen->any, wanted->any);
    assert_int_equal(seen->has_sample, wanted->has_sample);
    if (seen->any) {
        assert_int_equal(seen->newest_at_ns, wanted->newest_at_ns);
        assert_int_equal(seen->newest_end, wanted->newest_end);
        assert_int_equal(seen->newest_again, wanted->newest_again);
        assert_int_equal(seen->high_end, wanted->high_end);
    }
    if (seen->has_sample) {
        assert_int_equal(seen->sample_at_ns, wanted->sample_at_ns);
        assert_int_equal(seen->low_end, wanted->low_end);
    }
}

/* ---- calls that the model follows --------------------------------------------------------- */

static void send(uint32_t len)
{
    const uint32_t end = model.nxt + len;

    assert_true(end <= SPACE);
    assert_true(scoreboard_sent(&board, &pool, start + model.nxt, start + end, model.now_ns));
    model.begins[model.nxt] = true;
    for (uint32_t at = model.nxt; at < end; at++)
        model.at_ns[at] = model.now_ns;
    model_set(model.nxt, end, FLIGHT);
    model.nxt = end;
}

static void ack(uint32_t una)
{
    struct delivered seen = {0}, wanted = {.acked_bytes = una - model.una};

    for (uint32_t at = model.una; at < una; at = end_of(at)) {
        if (end_of(at) <= una) {
            if (model.condition[at] != SACKED)
                model_deliver(&wanted, at, end_of(at));
        } else if (model.condition[at] != SACKED) {
            model_deliver(&wanted, at, una); /* some segments of a super-frame */
        }
    }
    scoreboard_ack(&board, &pool, start + una, &seen);
    assert_delivered(&seen, &wanted);
    model_set(model.una, una, UNKNOWN);
    if (una < model.nxt)
        model.begins[una] = true;
    model.una = una;
}

/* SACKed neighbours are one record, which left when the later of them did. */
static void model_join(void)
{
    for (uint32_t at = model.una, next; at < model.nxt; at = next) {
        next = end_of(at);
        if (next == model.nxt || model.condition[at] != SACKED || model.condition[next] != SACKED)
            continue;
        model.begins[next] = false;
        next = at;
        for (uint32_t end = end_of(at), i = at; i < end; i++) {
            model.again[at] |= model.again[i];
            if (model.at_ns[at] < model.at_ns[i])
                model.at_ns[at] = model.at_ns[i];
        }
        for (uint32_t end = end_of(at), i = at; i < end; i++) {
            model.again[i] = model.again[at];
            model.at_ns[i] = model.at_ns[at];
        }
    }
}

static void sack(uint32_t left, uint32_t right)
{
    struct delivered seen = {0}, wanted = {0};
    uint32_t next;

    for (uint32_t at = model.una; at < model.nxt; at = next) {
        uint32_t from = at, to;

        next = to = end_of(at);
        if (model.condition[at] == SACKED)
            continue;
        while (from < left)
            from += MSS;
        while (from < to && to > right)
            to = to == next ? from + (next - from - 1) / MSS * MSS : to - MSS;
        if (from >= to)
            continue;
        model_deliver(&wanted, from, to);
        wanted.sacked_bytes += to - from;
        model_set(from, to, SACKED);
        model.begins[from] = true;
        if (to < model.nxt)
            model.begins[to] = true;
    }
    model_join();
    scoreboard_sack(&board, &pool, start + left, start + right, MSS, &seen);
    assert_delivered(&seen, &wanted);
}

static void lose(struct sent *sent)
{
    if (!(sent->flags & SENT_SACKED))
        model_set(sent->seq - start, sent->end - start, LOST);
    scoreboard_lose(&board, sent);
}

static void lose_all(void)
{
    scoreboard_lose_all(&board);
    model_change(FLIGHT, LOST);
}

static void lose_below_sacked(uint32_t dup_bytes, uint32_t dup_ranges)
{
    uint32_t above = 0, ranges = 0, lost = 0;

    for (uint32_t at = model.nxt; at-- > model.una;) {
        above += model.condition[at] == SACKED;
        ranges += model.condition[at] == SACKED &&
                  (at + 1 == model.nxt || model.condition[at + 1] != SACKED);
        if (model.condition[at] == FLIGHT && (above > dup_bytes || ranges >= dup_ranges) &&
            !model.again[at]) {
            model.condition[at] = LOST;
            lost++;
        }
    }
    assert_int_equal(scoreboard_lose_below_sacked(&board, dup_bytes, dup_ranges), lost);
}

/* Sends the first lost record again, at most @bytes_max of it. */
static void resend(uint32_t bytes_max)
{
    struct sent *sent = scoreboard_lost(&board, &pool, bytes_max);
    uint32_t at = model.una, end;

    while (at < model.nxt && model.condition[at] != LOST)
        at++;
    if (at == model.nxt) {
        assert_null(sent);
        return;
    }
    end = end_of(at);
    if (end - at > bytes_max) {
        end = at + bytes_max;
        model.begins[end] = true;
    }
    assert_non_null(sent);
    assert_int_equal(sent->seq, start + at);
    assert_int_equal(sent->end, start + end);
    scoreboard_resent(&board, sent, model.now_ns);
    model_set(at, end, FLIGHT);
    for (; at < end; at++) {
        model.again[at] = true;
        model.at_ns[at] = model.now_ns;
    }
}

static void unlose_all(void)
{
    scoreboard_unlose_all(&board);
    model_change(LOST, FLIGHT);
}

static void forget_sacks(void)
{
    scoreboard_forget_sacks(&board);
    model_change(SACKED, FLIGHT);
}

/* ---- do they agree? ----------------------------------------------------------------------- */

static enum condition condition_of(const struct sent *sent)
{
    if (sent->flags & SENT_SACKED)
        return SACKED;
    return sent->flags & SENT_LOST ? LOST : FLIGHT;
}

static void assert_record(const struct sent *sent, uint32_t at)
{
    assert_int_equal(sent->seq, start + at);
    assert_int_equal(sent->end, start + end_of(at));
    assert_int_equal(condition_of(sent), model.condition[at]);
    assert_int_equal((sent->flags & SENT_AGAIN) != 0, model.again[at]);
    assert_int_equal(sent->at_ns, model.at_ns[at]);
    assert_int_equal(ring_is_in(&sent->by_time), model.condition[at] == FLIGHT);
    if (sent->flags & SENT_LOST) {
        assert_non_null(board.lost_from);
        assert_true(seq_le(board.lost_from->seq, sent->seq));
    }
}

static void assert_agrees(void)
{
    const struct sent *before = 0;
    uint32_t sums[4] = {0}, count = 0, at = model.una;
    uint64_t last_ns = 0;

    for (const struct sent *sent = board.first; sent; before = sent, sent = sent->next) {
        assert_ptr_equal(sent->prev, before);
        assert_record(sent, at);
        sums[condition_of(sent)] += sent->end - sent->seq;
        count++;
        at = end_of(at);
    }
    assert_int_equal(at, model.nxt);
    assert_ptr_equal(board.last, before);
    assert_int_equal(pool.free_count, RECORDS - count);
    assert_int_equal(board.in_flight_bytes, sums[FLIGHT]);
    assert_int_equal(board.sacked_bytes, sums[SACKED]);
    assert_int_equal(board.lost_bytes, sums[LOST]);
    for (struct ring *node = board.by_time.next; node != &board.by_time; node = node->next) {
        const struct sent *sent = owner_of(node, struct sent, by_time);

        assert_true(sent->at_ns >= last_ns);
        last_ns = sent->at_ns;
        sums[FLIGHT] -= sent->end - sent->seq;
    }
    assert_int_equal(sums[FLIGHT], 0);
}

/* ---- at random ---------------------------------------------------------------------------- */

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
    sack(left, right < model.nxt ? right : model.nxt);
}

static void rare_step(uint64_t *seed)
{
    switch (unit_below(seed, 5)) {
    case 0:
        lose_all();
        break;
    case 1:
        unlose_all();
        break;
    case 2:
        forget_sacks();
        break;
    default:
        lose_below_sacked(unit_below(seed, 4) * MSS, 1 + unit_below(seed, 4));
        break;
    }
}

static void random_step(uint64_t *seed)
{
    const uint32_t flight = model.nxt - model.una;

    model.now_ns += unit_below(seed, 3); /* some leave together */
    switch (unit_below(seed, 8)) {
    case 0:
    case 1:
        if (flight < 300 && model.nxt + 3 * MSS < SPACE)
            send(1 + unit_below(seed, unit_below(seed, 2) ? MSS : 3 * MSS));
        break;
    case 2:
        ack(model.una + unit_below(seed, flight < 25 ? flight + 1 : 25));
        break;
    case 3:
    case 4:
        random_block(seed);
        break;
    case 5:
        if (board.first)
            lose(random_record(seed));
        break;
    case 6:
        resend(1 + unit_below(seed, 2 * MSS));
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

/* ---- one by one --------------------------------------------------------------------------- */

static void send_segments(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        model.now_ns++;
        send(MSS);
    }
}

static void pipe_is_what_is_neither_sacked_nor_lost(void **state)
{
    (void)state;
    send_segments(6);
    sack(FIRST + 3 * MSS, FIRST + 4 * MSS);
    lose(board.first);
    assert_int_equal(board.in_flight_bytes, 4 * MSS);
    resend(MSS);
    assert_int_equal(board.in_flight_bytes, 5 * MSS);
    assert_agrees();
}

/* RFC 2018 5.1: what was SACKed is not sent again; it can't be lost either. */
static void sacked_text_does_not_get_lost(void **state)
{
    (void)state;
    send_segments(3);
    sack(FIRST, FIRST + 2 * MSS);
    lose_all();
    lose(board.first);
    assert_int_equal(board.lost_bytes, MSS);
    assert_agrees();
}

/* RFC 6675 4: more than (DupThresh - 1) * SMSS above it */
static void lost_is_what_has_enough_sacked_above(void **state)
{
    (void)state;
    send_segments(6);
    sack(FIRST + MSS, FIRST + 3 * MSS);
    lose_below_sacked(2 * MSS, 3);
    assert_int_equal(board.lost_bytes, 0);
    sack(FIRST + 4 * MSS, FIRST + 5 * MSS);
    lose_below_sacked(2 * MSS, 3);
    assert_int_equal(board.lost_bytes, MSS); /* the fourth has one above, the last none */
    assert_int_equal(board.lost_from->seq, start + FIRST);
    resend(MSS);
    lose_below_sacked(2 * MSS, 3); /* not a second time: RFC 6675 doesn't know */
    assert_int_equal(board.lost_bytes, 0);
    assert_agrees();
}

/* RFC 6675 4: or DupThresh ranges that don't touch, however short */
static void lost_is_what_has_enough_ranges_sacked_above(void **state)
{
    (void)state;
    send_segments(7);
    for (uint32_t at = 1; at < 5; at++) /* these four are one range */
        sack(FIRST + at * MSS, FIRST + (at + 1) * MSS);
    lose_below_sacked(9 * MSS, 2);
    assert_int_equal(board.lost_bytes, 0);
    sack(FIRST + 6 * MSS, FIRST + 7 * MSS);
    lose_below_sacked(9 * MSS, 2);
    assert_int_equal(board.lost_bytes, MSS);
    assert_int_equal(board.lost_from->seq, start + FIRST);
    assert_agrees();
}

/* The blocks of one ACK come in any order. */
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
    lose(board.last);
    lose(board.first->next);
    lose(board.first);
    for (unsigned i = 0; i < 4; i++) {
        resend(MSS);
        assert_agrees();
    }
    assert_null(scoreboard_lost(&board, &pool, MSS));
}

/* CVE-2019-11477: blocks of single bytes are no reason to have records of single bytes */
static void odd_blocks_make_no_crumbs(void **state)
{
    const uint32_t before = pool.free_count;

    (void)state;
    send(20 * MSS);
    for (uint32_t at = 0; at < 20 * MSS; at += 2)
        sack(FIRST + at, FIRST + at + 1);
    assert_int_equal(pool.free_count, before - 1);
    assert_int_equal(board.sacked_bytes, 0);
    sack(FIRST + 1, FIRST + 5 * MSS + 3);
    assert_int_equal(board.sacked_bytes, 4 * MSS);
    assert_int_equal(pool.free_count, before - 3);
    assert_agrees();
}

static void without_records_the_last_one_grows(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RECORDS; i++)
        assert_true(
            scoreboard_sent(&board, &pool, start + i * MSS, start + (i + 1) * MSS, 1000 + i));
    assert_true(scoreboard_has_room(&board, &pool));
    assert_true(
        scoreboard_sent(&board, &pool, start + RECORDS * MSS, start + RECORDS * MSS + 3, 5000));
    assert_int_equal(board.last->end - board.last->seq, MSS + 3);
    assert_int_equal(board.last->at_ns, 5000);
    assert_int_equal(board.in_flight_bytes, RECORDS * MSS + 3);
    scoreboard_lose(&board, board.last);
    assert_false(scoreboard_has_room(&board, &pool));
    assert_false(scoreboard_sent(&board, &pool, board.last->end, board.last->end + 1, 5001));
    /* nothing to cut it with: it goes whole */
    assert_int_equal(scoreboard_lost(&board, &pool, MSS)->end, board.last->end);
    assert_ptr_equal(scoreboard_lost(&board, &pool, MSS), board.last);
}

/* RFC 4015: what flew before flies again, in the order in which it left */
static void what_is_not_lost_after_all_keeps_its_place_in_time(void **state)
{
    (void)state;
    send_segments(6);
    lose_all();
    model.now_ns++;
    resend(MSS);
    resend(MSS);
    unlose_all();
    assert_agrees();
    assert_ptr_equal(owner_of(board.by_time.next, struct sent, by_time), board.first->next->next);
    assert_null(scoreboard_lost(&board, &pool, MSS));
}

/* Those that left at the same moment did so in the order of their numbers. */
static void what_left_together_stays_in_order(void **state)
{
    const struct sent *before = 0;

    (void)state;
    for (unsigned i = 0; i < 6; i++)
        send(MSS);
    lose(board.first);
    lose(board.first->next->next);
    sack(FIRST + 4 * MSS, FIRST + 5 * MSS);
    unlose_all();
    forget_sacks();
    assert_agrees();
    for (struct ring *node = board.by_time.next; node != &board.by_time; node = node->next) {
        const struct sent *sent = owner_of(node, struct sent, by_time);

        assert_true(!before || seq_lt(before->seq, sent->seq));
        before = sent;
    }
}

/* What arrived behind a hole is acknowledged when the hole is filled: a round trip it is not. */
static void text_that_waited_for_a_retransmission_is_no_sample(void **state)
{
    struct delivered seen = {0};

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        send(MSS);
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
        board_test(pipe_is_what_is_neither_sacked_nor_lost),
        board_test(sacked_text_does_not_get_lost),
        board_test(lost_is_what_has_enough_sacked_above),
        board_test(lost_is_what_has_enough_ranges_sacked_above),
        board_test(blocks_of_one_ACK_add_up),
        board_test(lost_are_sent_lowest_first),
        board_test(odd_blocks_make_no_crumbs),
        board_test(without_records_the_last_one_grows),
        board_test(what_is_not_lost_after_all_keeps_its_place_in_time),
        board_test(what_left_together_stays_in_order),
        board_test(text_that_waited_for_a_retransmission_is_no_sample),
        board_test(random_calls_agree_with_single_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
