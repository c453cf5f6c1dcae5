/* test_fair_queue.c -- fair queuing, compared with a model that looks at all flows each time. */
#include "unit_pool.h"

#include "link/fair_queue.h"

enum {
    KEYS = 24,
    ENTRIES = 32,
    FEW = 4,
    LINKS = 2,
    QUANTUM = 1500,
    STEPS = 200000
};

static struct unit_pool unit;
static struct fair_table table;
static struct fair_queue queue;
static void *memory;
static uint64_t random_state = 88172645463325252u;

static uint32_t below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)((random_state >> 32) * limit >> 32);
}

static int setup_with(uint16_t entries)
{
    const size_t bytes = fair_table_cost(entries, LINKS);
    struct arena arena;

    unit_pool_open(&unit, 600, 2048, 1, 1);
    memory = aligned_alloc(ARENA_ALIGN, bytes);
    assert_non_null(memory);
    memset(memory, 0, bytes);
    arena.next = memory;
    arena.end = arena.next + bytes;
    assert_true(fair_table_init(&table, &arena, entries, LINKS));
    assert_ptr_equal(arena.next, arena.end);
    fair_queue_init(&queue, &table, 0, QUANTUM, QUANTUM);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    return setup_with(ENTRIES);
}

static int setup_few(void **state)
{
    (void)state;
    return setup_with(FEW);
}

static void put(uint64_t key, enum flow_kind kind, uint32_t bytes)
{
    struct leat_buf *frame = leat_buf_alloc(&unit.pool, 0);

    assert_non_null(frame);
    leat_buf_put(frame, bytes);
    fair_queue_put(&queue, key, kind, frame, bytes, 1);
}

/* Takes the next frame; returns the key of its flow. */
static uint64_t take(uint32_t *bytes)
{
    struct flow *flow = fair_queue_next(&queue);
    struct leat_buf *frame;
    uint64_t key;

    if (!flow)
        return 0;
    key = flow->key;
    frame = fair_queue_take(flow);
    *bytes = leat_buf_total(frame);
    fair_queue_left(&queue, flow, *bytes, 1, *bytes);
    leat_buf_free(frame);
    return key;
}

static int teardown(void **state)
{
    uint32_t bytes;

    (void)state;
    while (fair_queue_next(&queue))
        take(&bytes);
    assert_int_equal(queue.taken, 0);
    unit_pool_close(&unit);
    free(memory);
    return 0;
}

static void each_flow_gets_a_quantum_a_turn(void **state)
{
    uint32_t got[4] = {0}, bytes = 0;

    (void)state;
    for (unsigned i = 0; i < 400; i++)
        put(1 + i % 3, FLOW_BULK, i % 3 == 0 ? 100 : i % 3 == 1 ? 700 : QUANTUM);
    for (unsigned i = 0; i < 150; i++) {
        const uint64_t key = take(&bytes);

        got[key] += bytes;
    }
    for (unsigned i = 2; i <= 3; i++)
        assert_in_range(got[i], got[1] - QUANTUM - 1500, got[1] + QUANTUM + 1500);
}

/* A flow isn't served before its turn because it became empty and started again. */
static void flow_that_runs_empty_is_not_new_at_once(void **state)
{
    uint32_t bytes;

    (void)state;
    for (unsigned i = 0; i < 10; i++)
        put(1, FLOW_BULK, QUANTUM);
    take(&bytes); /* it isn't a new flow any more */
    put(2, FLOW_BULK, QUANTUM);
    assert_int_equal(take(&bytes), 2);
    put(2, FLOW_BULK, QUANTUM);
    assert_int_equal(take(&bytes), 1);
    assert_int_equal(take(&bytes), 2);
}

static void a_link_takes_its_part_of_the_entries_only(void **state)
{
    struct fair_queue other;
    uint32_t bytes;

    (void)state;
    fair_queue_init(&other, &table, 1, QUANTUM, QUANTUM);
    for (uint64_t key = 1; key <= ENTRIES; key++)
        put(key, FLOW_BULK, 100);
    assert_int_equal(queue.taken, ENTRIES / 2);
    assert_null(fair_queue_account(&other, 99)); /* it would get an entry */
    assert_non_null(fair_queue_account(&queue, 99));
    for (unsigned i = 0; i < ENTRIES; i++)
        take(&bytes);
    table.links--;
}

static uint32_t frames[FLOW_KINDS][KEYS + 1]; /* waiting frames, by kind and key */

/* The size of the largest flow, by comparing all. */
static uint32_t most_frames(unsigned kind)
{
    uint32_t most = 0;

    for (unsigned i = 1; i <= KEYS; i++)
        most = frames[kind][i] > most ? frames[kind][i] : most;
    return most;
}

static void check_largest(void)
{
    for (unsigned kind = 0; kind < FLOW_KINDS; kind++) {
        const struct flow *largest = fair_queue_largest(&queue, (enum flow_kind)kind);

        if (!largest) {
            assert_int_equal(most_frames(kind), 0);
            continue;
        }
        assert_int_equal(largest->frames, frames[kind][largest->key]);
        assert_true(2 * largest->frames > most_frames(kind));
    }
}

/* Puts and takes at random, with alternating predominance. */
static void run_at_random(void (*check)(void))
{
    uint32_t all = 0;

    memset(frames, 0, sizeof frames);
    for (unsigned step = 0; step < STEPS; step++) {
        const unsigned kind = below(4) == 0 ? FLOW_CONTROL : FLOW_BULK;
        const uint64_t key = 1 + below(KEYS / 2) + (kind ? KEYS / 2 : 0);
        uint32_t bytes;

        if (all < 500 && below(1000) < (step / 2000 % 2 ? 700u : 300u)) {
            put(key, (enum flow_kind)kind, 60 + below(QUANTUM - 60));
            frames[kind][key]++;
            all++;
        } else if (all > 0) {
            const uint64_t from = take(&bytes);

            frames[from > KEYS / 2][from]--;
            all--;
        }
        assert_int_equal(queue.frames[FLOW_BULK] + queue.frames[FLOW_CONTROL], all);
        check();
    }
}

static void counts_agree_with_a_model(void **state)
{
    (void)state;
    run_at_random(check_largest);
}

static void check_entries(void)
{
    assert_true(queue.taken <= FEW);
}

/* Most frames are in the rest queue then, and still each leaves once. */
static void too_few_entries_lose_nothing(void **state)
{
    (void)state;
    run_at_random(check_entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_flow_gets_a_quantum_a_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(flow_that_runs_empty_is_not_new_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_takes_its_part_of_the_entries_only, setup, teardown),
        cmocka_unit_test_setup_teardown(counts_agree_with_a_model, setup, teardown),
        cmocka_unit_test_setup_teardown(too_few_entries_lose_nothing, setup_few, teardown),
    };

    return cmocka_run_group_tests_name("fair_queue", tests, 0, 0);
}
