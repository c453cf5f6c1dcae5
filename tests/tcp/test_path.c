/* test_path.c -- what TCP does on a path that carries less than our link (RFC 8899). */
#include "talk.h"

enum {
    LARGE = 1460, /* of our link */
    SMALL = 1160  /* of a packet that every path carries */
};

/* Nothing large gets through: two timeouts (and before them a probe of the tail, which needs SACK),
 * and then small segments. */
static void fall_into_black_hole(struct talk *talk)
{
    uint32_t at;

    if (talk->options_len == 0)
        talk_options(talk, MSS_PEER, NO_SHIFT);
    talk_establish(talk);
    talk_send(talk, LARGE);
    tx(talk, ACK, 1, 1, LARGE);
    for (unsigned i = 0; i < 1u + talk_info(talk).sack; i++) {
        talk_wait(talk, 250 * ms);
        tx(talk, ACK, 1, 1, LARGE);
    }
    talk_wait(talk, 450 * ms);
    tx(talk, ACK, 1, 1, SMALL);
    rx(talk, ACK, 1, 1 + SMALL, 0);
    tx(talk, ACK, 1 + SMALL, 1, LARGE - SMALL);
    rx(talk, ACK, 1, 1 + LARGE, 0);
    assert_int_equal(talk_info(talk).mss_bytes, SMALL);
    for (at = 1 + LARGE; at < 20 * SMALL; at += SMALL) {
        talk_send(talk, SMALL);
        tx(talk, ACK, at, 1, SMALL);
        rx(talk, ACK, 1, at + SMALL, 0);
    }
    talk_wait(talk, 1100 * ms);
}

static uint32_t next_seq(const struct talk *talk)
{
    return talk_info(talk).snd_nxt - talk->iss;
}

static void black_hole_is_left_by_small_segments(void **state)
{
    fall_into_black_hole(*state);
}

/* RFC 8899 5.3: one larger packet asks whether it was true. */
static void probe_that_arrives_ends_it(void **state)
{
    struct talk *talk = *state;
    uint32_t at;

    fall_into_black_hole(talk);
    at = next_seq(talk);
    talk_send(talk, LARGE + SMALL);
    tx(talk, ACK, at, 1, LARGE);
    tx(talk, ACK, at + LARGE, 1, SMALL);
    rx(talk, ACK, 1, at + LARGE + SMALL, 0);
    assert_int_equal(talk_info(talk).mss_bytes, LARGE);
    assert_int_equal(talk_info(talk).path_mtu_bytes, 1500);
}

/* RFC 8899 3: the probe was lost for its size, and that is no congestion. */
static void probe_that_is_lost_costs_no_window(void **state)
{
    struct talk *talk = *state;
    struct leat_tcp_info before;
    uint32_t at;

    talk_offer(talk, 0); /* SACK, so that RACK finds the loss */
    fall_into_black_hole(talk);
    at = next_seq(talk);
    before = talk_info(talk);
    talk_send(talk, LARGE + SMALL);
    tx(talk, ACK, at, 1, LARGE);
    tx(talk, ACK, at + LARGE, 1, SMALL);
    talk_extra_sack(talk, at + LARGE, at + LARGE + SMALL);
    rx(talk, ACK, 1, at, 0);
    talk_wait(talk, 10 * ms);
    tx(talk, ACK, at, 1, SMALL);
    tx(talk, ACK, at + SMALL, 1, LARGE - SMALL);
    assert_int_equal(talk_info(talk).repair, LEAT_TCP_REPAIR_NONE);
    assert_int_equal(talk_info(talk).ssthresh_bytes, before.ssthresh_bytes);
    assert_true(talk_info(talk).cwnd_bytes >= before.cwnd_bytes);
    talk_extra_none(talk);
    rx(talk, ACK, 1, at + LARGE + SMALL, 0);
    assert_int_equal(talk_info(talk).mss_bytes, SMALL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(black_hole_is_left_by_small_segments),
        talk_test(probe_that_arrives_ends_it),
        talk_test(probe_that_is_lost_costs_no_window),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
