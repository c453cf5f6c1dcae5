/* test_sack.c -- the reports in our ACKs of data out of order (RFC 2018) and duplicates (RFC
 * 2883). */
#include "talk.h"

static void establish(struct talk *talk)
{
    talk_offer(talk, 0);
    talk_establish(talk);
}

/* Receives ten bytes at ten times @i. */
static void data(struct talk *talk, uint32_t i)
{
    rx(talk, ACK, 1 + 10 * i, 1, 10);
}

/* The last segment must carry these blocks, in tens: the left and right edges of each. */
static void assert_sacks(const struct talk *talk, unsigned count, uint32_t (*edges)[2])
{
    const uint8_t *option = talk_option(talk, 5);

    assert_non_null(option);
    assert_int_equal(option[1], 2 + 8 * count);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(frame_get32(option + 2 + 8 * i) - IRS, 1 + 10 * edges[i][0]);
        assert_int_equal(frame_get32(option + 6 + 8 * i) - IRS, 1 + 10 * edges[i][1]);
    }
}

#define assert_sack(talk, ...)                                                                     \
    assert_sacks(talk, sizeof((uint32_t[][2]){__VA_ARGS__}) / 8, (uint32_t[][2]){__VA_ARGS__})

/* RFC 2018 2, 3 */
static void SACK_is_agreed_in_the_handshake(void **state)
{
    struct talk *talk = *state;

    talk_offer(talk, 0);
    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_non_null(talk_option(talk, 4));
}

static void SACK_is_offered_in_our_SYN(void **state)
{
    struct talk *talk = *state;

    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    assert_non_null(talk_option(talk, 4));
}

/* RFC 2018 2: only if the peer permits it */
static void peer_without_SACK_gets_none(void **state)
{
    struct talk *talk = *state;

    talk_options(talk, MSS_PEER, 7);
    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_null(talk_option(talk, 4));
    rx(talk, ACK, 1, 1, 0);
    data(talk, 2);
    tx(talk, ACK, 1, 1, 0);
    assert_null(talk_option(talk, 5));
}

static void configuration_may_refuse_SACK(void **state)
{
    struct talk *talk = *state;

    talk->world->tcp_config.no_sack = true;
    talk_begin(talk);
    establish(talk);
    data(talk, 2);
    tx(talk, ACK, 1, 1, 0);
    assert_null(talk_option(talk, 5));
}

/* RFC 2018 4: each ACK of data above a hole, at once, the latest first */
static void data_above_a_hole_is_reported(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    data(talk, 1);
    tx(talk, ACK, 1, 1, 0);
    assert_sack(talk, {1, 2});
    data(talk, 2);
    tx(talk, ACK, 1, 1, 0);
    assert_sack(talk, {1, 3});
    data(talk, 5);
    tx(talk, ACK, 1, 1, 0);
    assert_sack(talk, {5, 6}, {1, 3});
    data(talk, 8);
    tx(talk, ACK, 1, 1, 0);
    assert_sack(talk, {8, 9}, {5, 6}, {1, 3});
    data(talk, 0); /* the first hole is filled */
    tx(talk, ACK, 1, 31, 0);
    assert_sack(talk, {8, 9}, {5, 6});
}

/* RFC 2018 3: 40 bytes of options, of which timestamps take twelve */
static void four_blocks_fit_without_timestamps(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    for (uint32_t i = 1; i < 12; i += 2) {
        data(talk, i);
        tx(talk, ACK, 1, 1, 0);
    }
    assert_sack(talk, {11, 12}, {9, 10}, {7, 8}, {5, 6});
}

static void three_blocks_fit_beside_timestamps(void **state)
{
    struct talk *talk = *state;

    talk_offer(talk, 1000);
    talk_extra_ts(talk, 1000, 0);
    talk_establish(talk);
    for (uint32_t i = 1; i < 12; i += 2) {
        data(talk, i);
        tx(talk, ACK, 1, 1, 0);
    }
    assert_sack(talk, {11, 12}, {9, 10}, {7, 8});
}

/* RFC 2018 4: segments with data carry blocks too, if there is room */
static void short_data_carries_blocks_and_full_data_does_not(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    data(talk, 1);
    tx(talk, ACK, 1, 1, 0);
    talk_send(talk, 100 + MSS_PEER);
    tx(talk, ACK, 1, 1, MSS_PEER);
    assert_null(talk_option(talk, 5));
    talk_wait(talk, 100 * ms);
    rx(talk, ACK, 1, 1 + MSS_PEER, 0); /* held back by Nagle */
    tx(talk, ACK, 1 + MSS_PEER, 1, 100);
    assert_sack(talk, {1, 2});
}

/* RFC 2883 4.1.1: reported once */
static void old_data_is_reported_as_a_duplicate(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    data(talk, 0);
    data(talk, 1);
    tx(talk, ACK, 1, 21, 0);
    data(talk, 0);
    tx(talk, ACK, 1, 21, 0);
    assert_sack(talk, {0, 1});
    data(talk, 3);
    tx(talk, ACK, 1, 21, 0);
    assert_sack(talk, {3, 4});
}

/* RFC 2883 4.1.3 */
static void old_part_of_data_is_reported_as_a_duplicate(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    data(talk, 0);
    data(talk, 1);
    tx(talk, ACK, 1, 21, 0);
    rx(talk, ACK, 11, 1, 20);
    talk_wait(talk, 50 * ms);
    tx(talk, ACK, 1, 31, 0);
    assert_sack(talk, {1, 2});
    talk_heard(talk, 30);
}

/* RFC 2883 4.1.2: the duplicate, then the run that contains it */
static void duplicate_above_a_hole_is_followed_by_its_run(void **state)
{
    struct talk *talk = *state;

    establish(talk);
    data(talk, 2);
    tx(talk, ACK, 1, 1, 0);
    data(talk, 3);
    tx(talk, ACK, 1, 1, 0);
    data(talk, 2);
    tx(talk, ACK, 1, 1, 0);
    assert_sack(talk, {2, 3}, {2, 4});
}

static void without_SACK_there_is_no_DSACK(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    data(talk, 0);
    data(talk, 1);
    tx(talk, ACK, 1, 21, 0);
    data(talk, 0);
    tx(talk, ACK, 1, 21, 0);
    assert_null(talk_option(talk, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(SACK_is_agreed_in_the_handshake),
        talk_test(SACK_is_offered_in_our_SYN),
        talk_test(peer_without_SACK_gets_none),
        talk_test_later(configuration_may_refuse_SACK),
        talk_test(data_above_a_hole_is_reported),
        talk_test(four_blocks_fit_without_timestamps),
        talk_test(three_blocks_fit_beside_timestamps),
        talk_test(short_data_carries_blocks_and_full_data_does_not),
        talk_test(old_data_is_reported_as_a_duplicate),
        talk_test(old_part_of_data_is_reported_as_a_duplicate),
        talk_test(duplicate_above_a_hole_is_followed_by_its_run),
        talk_test(without_SACK_there_is_no_DSACK),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
