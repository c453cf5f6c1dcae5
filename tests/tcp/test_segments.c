/* test_segments.c -- rules that hold for segments of any kind (RFC 9293 3.1, 3.4, 3.9.2). */
#include "place.h"

/* RFC 9293 3.1, MUST-3 */
static void bad_checksum(struct place *place)
{
    struct frame frame = talk_frame(place->talk, ACK, place->peer, place->us, "text", 4);

    frame.bytes[FRAME_L4 + 17] ^= 1;
    world_feed(place->talk->world, &frame);
    assert_dropped(place->talk->world, drop_tcp_checksum);
}

static void bad_checksum_is_dropped_in_every_state(void **state)
{
    (void)state;
    in_states(all_states, bad_checksum);
}

/* RFC 9293 3.9.2.3, MUST-57; RFC 1122 4.2.3.10 */
static void segment_to_many_is_dropped_in_silence(void **state)
{
    static const leat_ip4 many[] = {IP4(10, 0, 0, 255), IP4(255, 255, 255, 255), IP4(224, 0, 0, 1)};
    struct talk *talk = *state;

    talk_listen(talk);
    for (unsigned i = 0; i < sizeof many / sizeof *many; i++) {
        struct frame frame = talk_frame(talk, SYN, 0, 0, 0, 0);

        frame_put32(frame.bytes + FRAME_IP + 16, many[i]);
        frame_seal_ip(&frame);
        frame_seal_tcp(&frame);
        frame_to(&frame, &MAC_ALL);
        world_feed(talk->world, &frame);
        assert_silent(talk->world);
        assert_grown(talk->world, taken_tcp, 0);
    }
    quiet(talk);
}

/* RFC 9293 3.9.1.1, MUST-46 */
static void open_to_many_is_refused(void **state)
{
    static const leat_ip4 many[] = {IP4(10, 0, 0, 255), IP4(255, 255, 255, 255), IP4(224, 0, 0, 1)};
    struct talk *talk = *state;

    for (unsigned i = 0; i < sizeof many / sizeof *many; i++) {
        const struct leat_endpoint remote = talk_remote(talk, many[i], 80);
        struct leat_tcp *conn;

        assert_int_not_equal(leat_tcp_connect(talk->world->stack, &conn, &remote, 0, 0, 0),
                             LEAT_OK);
    }
    world_poll(talk->world);
    quiet(talk);
}

/* RFC 9293 3.9.1.1, MUST-43..45 */
static void program_may_fix_its_own_address(void **state)
{
    struct talk *talk = *state;
    const struct leat_endpoint remote = talk_remote(talk, IP_PEER, PORT_PEER);
    const struct leat_endpoint ours = talk_remote(talk, IP_US, 0);
    const struct leat_endpoint theirs = talk_remote(talk, IP_OTHER, 0);
    struct leat_tcp *conn = 0;

    assert_int_equal(leat_tcp_connect(talk->world->stack, &conn, &remote, &ours, 0, 0), LEAT_OK);
    world_poll(talk->world);
    tx(talk, SYN, 0, 0, 0);
    assert_int_not_equal(leat_tcp_connect(talk->world->stack, &conn, &remote, &theirs, 0, 0),
                         LEAT_OK);
}

/* RFC 9293 3.7.1, MUST-65 */
static void only_SYNs_carry_a_MSS(void **state)
{
    struct talk *talk = *state;

    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    assert_non_null(talk_option(talk, 2));
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, ACK, 1, 1, 0);
    assert_null(talk_option(talk, 2));
    talk_send(talk, 10);
    tx(talk, ACK, 1, 1, 10);
    assert_null(talk_option(talk, 2));
}

/* RFC 9293 3.5.3, SHLD-2 */
static void RST_may_contain_data(void **state)
{
    struct talk *talk = *state;

    talk_establish(talk);
    rx(talk, RST | ACK, 1, 1, 100);
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why, LEAT_ERR_RESET);
    talk_heard(talk, 0);
}

/* RFC 9293 3.4, MUST-66 */
static void RST_counts_though_the_window_is_shut(void **state)
{
    struct talk *talk = *state;

    talk->world->tcp_config.receive_window_bytes = 1000;
    talk_begin(talk);
    talk->read_nothing = true;
    talk_establish_with(talk, MSS_PEER, NO_SHIFT);
    rx(talk, ACK, 1, 1, 1000);
    talk_wait(talk, 50 * ms);
    tx(talk, ACK, 1, 1001, 0);
    assert_int_equal(talk->last_window, 0);
    rx(talk, RST, 1001, 0, 0);
    assert_int_equal(talk->closed, 1);
}

/* RFC 9293 3.10.7.1: a RST depends on the segment that it answers, and never answers a RST */
static void closed_port_answers_with_a_RST_that_fits(void **state)
{
    struct talk *talk = *state;

    rx(talk, SYN, 0, 0, 0);
    talk->iss = 0;
    tx(talk, RST | ACK, 0, 1, 0);
    assert_ended(talk->world, drop_tcp_port);
    rx(talk, FIN, 100, 0, 50);
    tx(talk, RST | ACK, 0, 151, 0);
    rx(talk, ACK, 100, 5000, 50);
    tx(talk, RST, 5000, 0, 0);
    rx(talk, RST, 0, 0, 0);
    assert_dropped(talk->world, drop_tcp_port);
    rx(talk, RST | ACK, 0, 5, 0);
    assert_dropped(talk->world, drop_tcp_port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_checksum_is_dropped_in_every_state),
        talk_test(segment_to_many_is_dropped_in_silence),
        talk_test(open_to_many_is_refused),
        talk_test(program_may_fix_its_own_address),
        talk_test(only_SYNs_carry_a_MSS),
        talk_test(RST_may_contain_data),
        talk_test_later(RST_counts_though_the_window_is_shut),
        talk_test(closed_port_answers_with_a_RST_that_fits),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
