#include "board_model.h"

struct scoreboard board;
struct sent_pool pool;
static struct sent records[RECORDS];

struct model model;

int open_board(void **state)
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

int close_board(void **state)
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

/* The end of the record that starts at @at. */
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

/* Records the delivery that an ACK should report. */
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

void board_send(uint32_t len)
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

void board_ack(uint32_t una)
{
    struct delivered seen = {0}, wanted = {.acked_bytes = una - model.una};

    for (uint32_t at = model.una; at < una; at = end_of(at)) {
        if (end_of(at) <= una) {
            if (model.condition[at] != SACKED)
                model_deliver(&wanted, at, end_of(at));
        } else if (model.condition[at] != SACKED) {
            model_deliver(&wanted, at, una); /* part of a super-frame */
        }
    }
    scoreboard_ack(&board, &pool, start + una, &seen);
    assert_delivered(&seen, &wanted);
    model_set(model.una, una, UNKNOWN);
    if (una < model.nxt)
        model.begins[una] = true;
    model.una = una;
}

/* Adjacent SACKed records become one, with the later time of sending. */
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

void board_sack(uint32_t left, uint32_t right)
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

void board_lose(struct sent *sent)
{
    if (!(sent->flags & SENT_SACKED))
        model_set(sent->seq - start, sent->end - start, LOST);
    scoreboard_lose(&board, sent);
}

void board_lose_all(void)
{
    scoreboard_lose_all(&board);
    model_change(FLIGHT, LOST);
}

void board_lose_below_sacked(uint32_t dup_bytes, uint32_t dup_ranges)
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

void board_resend(uint32_t bytes_max)
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

void board_unlose_all(void)
{
    scoreboard_unlose_all(&board);
    model_change(LOST, FLIGHT);
}

void board_forget_sacks(void)
{
    scoreboard_forget_sacks(&board);
    model_change(SACKED, FLIGHT);
}

/* ---- comparison with the scoreboard ------------------------------------------------------- */

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

void assert_agrees(void)
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
        const struct sent *sent = container_of(node, struct sent, by_time);

        assert_true(sent->at_ns >= last_ns);
        last_ns = sent->at_ns;
        sums[FLIGHT] -= sent->end - sent->seq;
    }
    assert_int_equal(sums[FLIGHT], 0);
}
