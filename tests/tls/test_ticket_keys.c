/* test_ticket_keys.c -- tickets of an earlier run, whose keys were kept, and the clocks of both. */
#include "tls_test.h"

enum {
    HOUR_S = 3600
};

static uint8_t kept[LEAT_TLS_TICKET_KEYS_BYTES];

/* Ends the server's TLS, and opens another one on the same stack. */
static void restart(struct fixture *f)
{
    const size_t bytes = leat_tls_memory_bytes(&f->config[SERVER]);

    leat_tls_close(f->tls[SERVER]);
    memset(f->memory[SERVER], 0, bytes);
    assert_int_equal(leat_tls_open(&f->tls[SERVER], f->world->stacks[SERVER], f->memory[SERVER],
                                   bytes, &f->config[SERVER]),
                     LEAT_OK);
}

static void keep_keys(struct fixture *f)
{
    assert_int_equal(leat_tls_ticket_keys_get(f->tls[SERVER], kept), LEAT_OK);
}

static enum leat_err take_keys(struct fixture *f)
{
    return leat_tls_ticket_keys_set(f->tls[SERVER], kept, sizeof kept);
}

static void test_tickets_survive_a_restart_with_their_keys(void **state)
{
    struct fixture *f = *state;
    struct leat_tls_ticket first;

    open_first(f);
    first = f->ticket;
    keep_keys(f);
    restart(f);
    open_next(f, false); /* without them */
    restart(f);
    assert_int_equal(take_keys(f), LEAT_OK);
    f->ticket = first;
    open_next(f, true);
    open_next(f, true); /* by a ticket of this run */
    keep_keys(f);
    restart(f);
    assert_int_equal(take_keys(f), LEAT_OK);
    open_next(f, true);
}

/* The civil clock goes on while the machine is off. */
/* The memory of the program may have held other data before. */
static void test_the_places_of_seals_that_were_not_made_are_zeros(void **state)
{
    const size_t seal_bytes = (sizeof kept - 9) / TLS_SEALS;
    struct fixture *f = *state;

    open_first(f);
    memset(kept, 0xa5, sizeof kept);
    keep_keys(f);
    assert_true(f->tls[SERVER]->seals[0].made);
    for (size_t seal = 1; seal < TLS_SEALS; seal++) {
        assert_false(f->tls[SERVER]->seals[seal].made);
        for (size_t i = 0; i < seal_bytes; i++)
            assert_int_equal(kept[9 + seal * seal_bytes + i], 0);
    }
}

static void test_tickets_of_an_earlier_run_have_their_time(void **state)
{
    struct fixture *f = *state;
    struct leat_tls_ticket first;

    open_first(f);
    first = f->ticket;
    keep_keys(f);
    restart(f);
    f->civil_s += 2 * HOUR_S - 60;
    assert_int_equal(take_keys(f), LEAT_OK);
    first.received_s += 2 * HOUR_S; /* so that the client offers it */
    f->ticket = first;
    open_next(f, true);
    wait_s(f, 120);
    f->ticket = first;
    open_next(f, false);
    assert_int_equal(refused(f), 1);
    restart(f);
    f->civil_s += 3 * HOUR_S; /* the seal opens nothing any more */
    assert_int_equal(take_keys(f), LEAT_OK);
    assert_false(f->tls[SERVER]->seals[0].made);
}

static void test_keys_that_age_are_kept_with_their_predecessor(void **state)
{
    struct fixture *f = *state;
    struct leat_tls_ticket late;

    open_first(f);
    wait_s(f, 2 * HOUR_S - 60);
    use_ticket(f);
    open_next(f, false);
    late = f->ticket;
    wait_s(f, 120);
    use_ticket(f);
    open_next(f, false); /* of the next seal */
    keep_keys(f);
    restart(f);
    assert_int_equal(take_keys(f), LEAT_OK);
    open_next(f, true);
    f->ticket = late;
    open_next(f, true); /* of the seal before it */
}

/* Then the seal seems as old as in the file, although the ticket was sealed later. The same happens
 * within a second, because the file has whole seconds. */
static void test_a_clock_that_was_set_back_ends_no_ticket(void **state)
{
    struct fixture *f = *state;

    open_first(f);
    keep_keys(f);
    world_wait(f->world, 900 * ms);
    open_next(f, true);
    restart(f);
    f->civil_s -= HOUR_S;
    assert_int_equal(take_keys(f), LEAT_OK);
    open_next(f, true);
}

static void test_other_keys_are_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t good[sizeof kept];

    open_first(f);
    keep_keys(f);
    memcpy(good, kept, sizeof good);
    assert_int_equal(leat_tls_ticket_keys_set(f->tls[SERVER], kept, sizeof kept - 1),
                     LEAT_ERR_FORMAT);
    kept[0]++;
    assert_int_equal(take_keys(f), LEAT_ERR_FORMAT);
    memcpy(kept, good, sizeof kept);
    kept[9] = 2; /* neither there nor not */
    assert_int_equal(take_keys(f), LEAT_ERR_FORMAT);
    memcpy(kept, good, sizeof kept);
    kept[10] = 99; /* no such AEAD */
    assert_int_equal(take_keys(f), LEAT_ERR_UNSUPPORTED);
    open_next(f, true); /* those that were there stay */
    memcpy(kept, good, sizeof kept);
    f->civil_s = 0;
    assert_int_equal(take_keys(f), LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_tls_ticket_keys_get(f->tls[SERVER], kept), LEAT_ERR_ARGUMENT);
    f->civil_s = CIVIL_S;
    f->tls[SERVER]->config.no_tickets = true;
    assert_int_equal(take_keys(f), LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_tls_ticket_keys_get(f->tls[SERVER], kept), LEAT_ERR_ARGUMENT);
}

/* The register of early data is empty after a restart, so a hello from before it could be sent
 * again. */
static void test_early_data_waits_after_a_restart(void **state)
{
    struct fixture *f = *state;
    uint64_t until_ns;

    open_first(f);
    keep_keys(f);
    restart(f);
    assert_int_equal(take_keys(f), LEAT_OK);
    /* one second more than a hello is fresh, because the file has whole seconds */
    until_ns = leat_now_ns(f->world->stacks[SERVER]) + 11 * second;
    assert_true(f->tls[SERVER]->early_from_ns == until_ns);
    open_next(f, true);
    assert_true(f->tls[SERVER]->early_from_ns == until_ns);
}

/* Then nothing is known of the age of hellos from before it, until the tickets have expired. */
static void test_early_data_waits_for_all_tickets_if_the_clock_was_set_back(void **state)
{
    struct fixture *f = *state;

    open_first(f);
    keep_keys(f);
    restart(f);
    f->civil_s -= HOUR_S;
    assert_int_equal(take_keys(f), LEAT_OK);
    assert_true(f->tls[SERVER]->early_from_ns ==
                leat_now_ns(f->world->stacks[SERVER]) + 2 * 2 * HOUR_S * second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_tickets_survive_a_restart_with_their_keys),
        TEST(test_the_places_of_seals_that_were_not_made_are_zeros),
        TEST(test_tickets_of_an_earlier_run_have_their_time),
        TEST(test_keys_that_age_are_kept_with_their_predecessor),
        TEST(test_a_clock_that_was_set_back_ends_no_ticket),
        TEST(test_other_keys_are_refused),
        TEST(test_early_data_waits_after_a_restart),
        TEST(test_early_data_waits_for_all_tickets_if_the_clock_was_set_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
