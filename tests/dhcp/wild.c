/* wild.c -- the turns of a randomly behaving server. */
#include "wild.h"

#include "unit.h"

enum {
    SEEDS = 1000,
    SEEDS_PART = 100 /* seeds per test, so that a failing test narrows the seed down */
};

static const uint64_t honest_ns = 6 * 3600 * UINT64_C(1000000000);
static const uint64_t slack_ns = 1100; /* a tick of the wheel */

bool wild_happens(struct wild *wild, unsigned percent)
{
    return !wild->honest && unit_below(&wild->seed, 100) < percent;
}

void wild_send_once(struct wild *wild, const void *answer)
{
    const uint64_t delay_ns = wild_happens(wild, 15) ? unit_below(&wild->seed, 20000) * ms
                                                     : unit_below(&wild->seed, 300) * ms / 100;

    assert_true(wild->family->answer_bytes <= WILD_ANSWER_BYTES);
    if (wild->pending_count == WILD_PENDING_MAX || wild_happens(wild, 10))
        return;
    wild->pending[wild->pending_count].at_ns = wild->world->now_ns + delay_ns;
    memcpy(wild->pending[wild->pending_count++].answer, answer, wild->family->answer_bytes);
}

void wild_send(struct wild *wild, const void *answer)
{
    wild_send_once(wild, answer);
    if (wild_happens(wild, 10))
        wild_send_once(wild, answer);
}

void wild_grant(struct wild *wild, unsigned index, uint64_t until_ns)
{
    if (until_ns > wild->granted_until_ns[index])
        wild->granted_until_ns[index] = until_ns;
}

void wild_check(const struct wild *wild, unsigned index)
{
    if (wild->world->now_ns > wild->granted_until_ns[index] + slack_ns)
        fail_msg("an address is used that was granted until %llu s, at %llu s",
                 (unsigned long long)(wild->granted_until_ns[index] / second),
                 (unsigned long long)(wild->world->now_ns / second));
}

/* The index of the next pending answer, or pending_count. */
static unsigned next_pending(const struct wild *wild)
{
    unsigned next = wild->pending_count;

    for (unsigned i = 0; i < wild->pending_count; i++) {
        if (next == wild->pending_count || wild->pending[i].at_ns < wild->pending[next].at_ns)
            next = i;
    }
    return next;
}

static void turn(struct wild *wild, uint64_t end_ns)
{
    struct world *world = wild->world;
    const unsigned due = next_pending(wild);
    const uint64_t at_ns = world->next_ns < end_ns ? world->next_ns : end_ns;

    if (due < wild->pending_count && wild->pending[due].at_ns <= at_ns) {
        _Alignas(16) unsigned char answer[WILD_ANSWER_BYTES];

        memcpy(answer, wild->pending[due].answer, sizeof answer);
        if (wild->pending[due].at_ns > world->now_ns)
            world->now_ns = wild->pending[due].at_ns;
        wild->pending[due] = wild->pending[--wild->pending_count];
        wild->family->feed(wild, answer);
    } else {
        world->now_ns = at_ns;
        world_poll(world);
    }
    wild->family->after_turn(wild);
}

static void run_until(struct wild *wild, uint64_t end_ns)
{
    for (unsigned turns = 0; wild->world->now_ns < end_ns; turns++) {
        assert_true(turns < 200000);
        turn(wild, end_ns);
    }
}

void wild_run(struct wild *wild, uint64_t wild_ns)
{
    run_until(wild, wild->world->now_ns + wild_ns);
    wild->honest = true;
    run_until(wild, wild->world->now_ns + honest_ns);
}

static void (*run)(uint64_t seed);

static void days_of_bad_servers(void **state)
{
    const uint64_t first = (uint64_t)(uintptr_t)*state;

    for (uint64_t seed = first; seed < first + SEEDS_PART; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        run(seed);
    }
}

int wild_main(void (*run_seed)(uint64_t seed))
{
    static struct CMUnitTest tests[SEEDS / SEEDS_PART];

    run = run_seed;
    for (unsigned i = 0; i < SEEDS / SEEDS_PART; i++)
        tests[i] = (struct CMUnitTest){"days of bad servers", days_of_bad_servers, NULL, NULL,
                                       (void *)(uintptr_t)(1 + i * SEEDS_PART)};
    return _cmocka_run_group_tests("days", tests, SEEDS / SEEDS_PART, NULL, NULL);
}
