/* test_early_threats.c -- early data that an attacker replays, delays or doesn't end. */
#include "early_test.h"

static void test_threat_T6_early_data_is_taken_once(void **state)
{
    struct fixture *f = *state;

    open_old(f);
    shake_early(f, listen_early);
    assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
    assert_int_equal(early.have, QUESTION);
    leave(f);
    for (unsigned i = 1; i < 3; i++) {
        replay(f, sent.len);
        assert_int_equal(early.have, 0);
        assert_int_equal(f->users[SERVER]->have, 0);
        assert_int_equal(counts(f, SERVER)->early_repeated, i);
        assert_int_equal(counts(f, SERVER)->early_refused, i);
        end_replay(f);
    }
    assert_int_equal(counts(f, SERVER)->early_taken, 1);
}

/* An attacker who delayed it may send it later, until it is too old, but it is never accepted
 * twice. */
static void test_threat_T6_a_replay_as_late_as_can_be(void **state)
{
    struct fixture *f = *state;

    open_old(f);
    shake_early(f, listen_early);
    assert_true(world_run(f->world, &f->users[SERVER]->open, 5 * second));
    leave(f);
    for (unsigned i = 0; i < 30; i++) {
        replay(f, sent.len);
        assert_int_equal(early.have, 0);
        end_replay(f);
    }
    assert_int_equal(counts(f, SERVER)->early_taken, 1);
    assert_true(counts(f, SERVER)->early_repeated >
                5); /* the binder was stored as long as needed */
    assert_true(counts(f, SERVER)->early_repeated < 15);
}

/* 8.3: delayed, so that it is too late when the server sees it first. */
static void test_threat_T6_early_data_that_comes_late(void **state)
{
    struct fixture *f = *state;

    open_old(f);
    capture(f);
    pass(f, 11 * second);
    replay(f, sent.len);
    assert_int_equal(early.have, 0);
    assert_int_equal(counts(f, SERVER)->early_taken, 0);
    assert_int_equal(counts(f, SERVER)->early_repeated, 0);
    assert_int_equal(counts(f, SERVER)->early_refused, 1);
    end_replay(f);
}

/* The client's clock is wrong: the age that it sends isn't the one that the server knows. */
static void test_threat_T6_an_age_that_is_wrong(void **state)
{
    struct fixture *f = *state;

    open_old(f);
    f->ticket.received_s += 11; /* too young */
    open_early(f, false);
    open_early(f, true);
    f->ticket.received_s -= 12; /* too old */
    open_early(f, false);
    f->ticket.received_s -= 8;
    open_early(f, true);
}

/* 8.2: hellos from before the start are unknown. */
static void test_threat_T6_nothing_is_taken_at_the_start(void **state)
{
    struct fixture *f = *state;

    open_old(f);
    leat_tls_close(f->tls[SERVER]);
    free(f->memory[SERVER]);
    f->memory[SERVER] = malloc(leat_tls_memory_bytes(&f->config[SERVER]));
    assert_int_equal(leat_tls_open(&f->tls[SERVER], f->world->stacks[SERVER], f->memory[SERVER],
                                   leat_tls_memory_bytes(&f->config[SERVER]), &f->config[SERVER]),
                     LEAT_OK);
    open_early(f, false); /* by a ticket of another server */
    open_early(f, false); /* by its own, too soon */
    assert_true(f->users[SERVER]->info.resumed);
    pass(f, 9 * second);
    open_early(f, true);
}

static void test_threat_T6_a_full_register_refuses(void **state)
{
    struct fixture *f = *state;

    f->config[SERVER].early_hellos = 1; /* one row of 8 */
    open_old(f);
    for (unsigned i = 0; i < TLS_STRIKES_A_ROW; i++)
        open_early(f, true);
    open_early(f, false);
    assert_int_equal(counts(f, SERVER)->early_repeated, 0);
    pass(f, 11 * second); /* since the first one */
    open_early(f, true);
}

/* 4.2.10: the server's own limit counts, not the client's. */
static void test_threat_T6_more_early_data_than_is_allowed(void **state)
{
    static uint8_t data[LIMIT + 1];
    struct fixture *f = *state;

    open_old(f);
    f->client.early = data;
    f->client.early_len = LIMIT;
    open_early(f, true);
    f->client.early_len = LIMIT + 1;
    f->ticket.early_bytes = LIMIT + 1;
    shake_early(f, NULL);
    expect_end(f, SERVER, LEAT_ERR_TLS);
    assert_int_equal(f->users[SERVER]->info.alert_sent, WIRE_TLS_UNEXPECTED_MESSAGE);
    assert_string_equal(f->users[SERVER]->info.why, "more early data than was allowed");
    expect_end(f, CLIENT, LEAT_ERR_TLS);
    assert_false(f->users[SERVER]->open);
}

/* ---- Incomplete flights ---------------------------------------------------------------------- */

/* Sends each prefix of the flight, then nothing: unauthenticated data is lost, and no memory is
 * held. */
static void test_every_beginning_of_the_first_flight_and_silence(void **state)
{
    static const uint8_t data[40];
    struct fixture *f = *state;
    struct leat_tls_ticket own;
    uint32_t free_count;

    f->config[SERVER].early_hellos = 1 << 12;
    f->config[SERVER].handshake_ns = 200 * ms;
    open_old(f);
    f->client.early = data;
    f->client.early_len = sizeof data;
    own = f->ticket;
    free_count = leat_pool_free_count(leat_pool(f->world->stacks[SERVER]));
    for (size_t len = 0; len == 0 || len <= sent.len; len++) {
        f->ticket = own;
        capture(f);
        replay(f, len);
        assert_int_equal(early.have, len == sent.len ? sizeof data : 0);
        expect_end(f, SERVER, LEAT_ERR_TIMEOUT);
        assert_int_equal(f->users[SERVER]->have, 0);
        world_wait(f->world, 10 * ms);
        assert_int_equal(leat_pool_free_count(leat_pool(f->world->stacks[SERVER])), free_count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_threat_T6_early_data_is_taken_once),
        TEST(test_threat_T6_a_replay_as_late_as_can_be),
        TEST(test_threat_T6_early_data_that_comes_late),
        TEST(test_threat_T6_an_age_that_is_wrong),
        TEST(test_threat_T6_nothing_is_taken_at_the_start),
        TEST(test_threat_T6_a_full_register_refuses),
        TEST(test_threat_T6_more_early_data_than_is_allowed),
        TEST(test_every_beginning_of_the_first_flight_and_silence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
