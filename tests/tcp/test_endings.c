/*
 * test_endings.c -- no state lasts for ever: what a connection waits for is possible, and a timer
 * ends the wait.
 */
#include "talk.h"

/* ---- another seed ------------------------------------------------------------------------- */

static const uint8_t new_seed[LEAT_SEED_BYTES] = {99, 1, 2, 3};

static uint32_t tsval_of(const struct talk *talk)
{
    assert_non_null(talk_option(talk, 8));
    return frame_get32(talk_option(talk, 8) + 2);
}

/* RFC 7323 5.4: the clock of a connection never jumps, or PAWS drops all that it says. */
static void half_open_connection_keeps_its_clock_when_the_seed_changes(void **state)
{
    struct talk *talk = *state;
    uint32_t tsval;

    talk_listen(talk);
    talk_offer(talk, 5);
    talk_extra_ts(talk, 6, 0);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    tsval = tsval_of(talk);
    assert_int_equal(leat_reseed(talk->world->stack, new_seed), LEAT_OK);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_in_range(tsval_of(talk) - tsval, 0, 1000);
    rx(talk, ACK, 1, 1, 0);
    assert_non_null(talk->conn);
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    assert_in_range(tsval_of(talk) - tsval, 0, 1000);
}

/* The peer's FIN comes again, and its answer must be believed. */
static void TIME_WAIT_keeps_its_clock_when_the_seed_changes(void **state)
{
    struct talk *talk = *state;
    uint32_t tsval;

    talk_offer(talk, 5);
    talk_extra_ts(talk, 6, 0);
    talk_establish(talk);
    leat_tcp_close(talk->conn);
    world_poll(talk->world);
    tx(talk, FIN | ACK, 1, 1, 0);
    tsval = tsval_of(talk);
    rx(talk, FIN | ACK, 1, 2, 0);
    tx(talk, ACK, 2, 2, 0);
    assert_int_equal(leat_reseed(talk->world->stack, new_seed), LEAT_OK);
    rx(talk, FIN | ACK, 1, 2, 0);
    tx(talk, ACK, 2, 2, 0);
    assert_in_range(tsval_of(talk) - tsval, 0, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(half_open_connection_keeps_its_clock_when_the_seed_changes),
        talk_test(TIME_WAIT_keeps_its_clock_when_the_seed_changes),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
