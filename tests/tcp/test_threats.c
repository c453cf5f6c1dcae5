/*
 * test_threats.c -- attacks that broke other stacks, in each state where the state matters.
 *
 * The names begin with the row of the list of threats: H headers, S blind attackers and states. S4
 * and above, which need more than one segment, are in test_threats_long.c; R, resources, in
 * test_threats_memory.c.
 */
#include "place.h"

enum {
    FLAGS_NONE = 0,
    FLAGS_XMAS = FIN | PSH | URG
};

/* The next segment of the conversation, with data, to be corrupted. */
static struct frame next_frame(struct place *place)
{
    return talk_frame(place->talk, ACK, place->peer, place->us, "text", 4);
}

static void feed(struct place *place, struct frame *frame)
{
    frame_seal_tcp(frame);
    world_feed(place->talk->world, frame);
}

/* ---- H: headers --------------------------------------------------------------------------- */

static void bad_offsets(struct place *place)
{
    const struct leat_tcp_info before = place_info(place);

    for (unsigned offset = 0; offset < 16; offset++) {
        struct frame frame = next_frame(place);

        if (offset == 5 || offset == 6) /* right, and one that reaches into the data */
            continue;
        frame.bytes[FRAME_L4 + 12] = (uint8_t)(offset << 4);
        feed(place, &frame);
        assert_dropped(place->talk->world, drop_tcp_format);
    }
    for (uint32_t len = 0; len < 20; len++) { /* the header is cut short */
        struct frame frame = next_frame(place);

        frame.len = FRAME_L4 + len;
        frame_put16(frame.bytes + FRAME_IP + 2, 20 + len);
        frame_seal_ip(&frame);
        world_feed(place->talk->world, &frame);
        assert_dropped(place->talk->world, drop_tcp_format);
    }
    place_assert_unchanged(place, &before);
}

static void test_threat_H1_data_offset_outside_of_the_segment(void **state)
{
    (void)state;
    in_states(all_states, bad_offsets);
}

static const uint8_t bad_option[][4] = {
    {253, 0, 0, 0}, {253, 1, 0, 0}, {2, 0, 5, 0xb4}, {2, 5, 5, 0xb4}, {1, 1, 1, 253}, {1, 1, 2, 3},
    {1, 1, 1, 2},   {4, 200, 0, 0}, {8, 10, 0, 0},   {5, 34, 0, 0},   {3, 0, 7, 0},
};

static void bad_options(struct place *place)
{
    const struct leat_tcp_info before = place_info(place);

    for (unsigned i = 0; i < sizeof bad_option / sizeof *bad_option; i++) {
        for (unsigned syn = 0; syn < 2; syn++) {
            struct frame frame = next_frame(place);

            frame.bytes[FRAME_L4 + 12] = 0x60; /* its data is the option */
            memcpy(frame.bytes + FRAME_L4 + 20, bad_option[i], 4);
            if (syn)
                frame.bytes[FRAME_L4 + 13] = SYN;
            feed(place, &frame);
            assert_dropped(place->talk->world, drop_tcp_options);
        }
    }
    place_assert_unchanged(place, &before);
}

static void test_threat_H2_malformed_options_are_dropped_never_reset(void **state)
{
    (void)state;
    in_states(all_states, bad_options);
}

/* CVE-2019-11479: more headers than data */
static void test_threat_H3_MSS_has_a_floor_of_48(void **state)
{
    static const uint16_t sizes[] = {0, 1, 8, 47, 48};
    struct talk *talk = *state;

    talk_listen(talk);
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        talk_options(talk, sizes[i], NO_SHIFT);
        talk->port_peer++;
        talk->conn = 0;
        rx(talk, SYN, 0, 0, 0);
        tx(talk, SYN | ACK, 0, 1, 0);
        rx(talk, ACK, 1, 1, 0);
        assert_true(talk_info(talk).mss_bytes >= 48);
        talk_send(talk, 100);
        assert_true(fake_netif_sent_count(&talk->world->dev) <= 3);
        world_mark(talk->world);
        talk->port_peer++; /* also in the answer to our SYN */
        talk->conn = 0;
        talk_connect(talk);
        tx(talk, SYN, 0, 0, 0);
        rx(talk, SYN | ACK, 0, 1, 0);
        tx(talk, ACK, 1, 1, 0);
        assert_true(talk_info(talk).mss_bytes >= 48);
        talk->port_us = PORT_US;
    }
}

/* RFC 7323 2.3 */
static void test_threat_H4_window_scale_over_14_is_14(void **state)
{
    struct talk *talk = *state;

    talk_establish_with(talk, MSS_PEER, 254);
    assert_int_equal(talk_info(talk).snd_wind_shift, 14);
    talk->window_peer = 65535;
    rx(talk, ACK, 1, 1, 0);
    assert_int_equal(talk_info(talk).snd_wnd_bytes, 65535u << 14);
    talk->port_peer++; /* also in the answer to our SYN */
    talk->conn = 0;
    talk_connect(talk);
    tx(talk, SYN, 0, 0, 0);
    talk_options(talk, MSS_PEER, 15);
    rx(talk, SYN | ACK, 0, 1, 0);
    tx(talk, ACK, 1, 1, 0);
    rx(talk, ACK, 1, 1, 0);
    assert_int_equal(talk_info(talk).snd_wind_shift, 14);
    assert_int_equal(talk_info(talk).snd_wnd_bytes, 65535u << 14);
}

/* An ACK without news, with the SACK option @option of @len bytes (a multiple of 4). */
static void rx_sack(struct talk *talk, const uint8_t *option, uint32_t len)
{
    const struct frame_segment segment = {.src_port = talk->port_peer,
                                          .dst_port = PORT_US,
                                          .seq = IRS + 1,
                                          .ack = talk->iss + 1,
                                          .flags = ACK,
                                          .window = WINDOW_PEER,
                                          .options = option,
                                          .options_len = len};
    const struct frame frame = frame_tcp(&segment, 0, 0);

    world_feed(talk->world, &frame);
}

/* @count blocks of the given relative numbers. */
static void rx_blocks(struct talk *talk, const uint32_t (*blocks)[2], unsigned count)
{
    uint8_t option[40] = {1, 1, 5, (uint8_t)(2 + 8 * count)};

    for (unsigned i = 0; i < count; i++) {
        frame_put32(option + 4 + 8 * i, talk->iss + blocks[i][0]);
        frame_put32(option + 8 + 8 * i, talk->iss + blocks[i][1]);
    }
    rx_sack(talk, option, 4 + 8 * count);
}

static void ten_segments_with_sack(struct talk *talk)
{
    const uint8_t options[8] = {2, 4, 3, 232, 1, 1, 4, 2}; /* MSS 1000, SACK permitted */

    memcpy(talk->options, options, sizeof options);
    talk->options_len = sizeof options;
    talk_establish(talk);
    talk_send(talk, 10000);
    for (uint32_t at = 1; at < 10001; at += 1000)
        tx(talk, ACK, at, 1, 1000);
}

static void test_threat_H5_SACK_blocks_that_cannot_be_are_ignored(void **state)
{
    static const uint32_t nonsense[][2] = {
        {3001, 2001},               /* inverted */
        {2001, 2001},               /* empty */
        {10002, 11001},             /* never sent */
        {9001, 10002},              /* half of it */
        {0x80000000u, 0x80001000u}, /* far away */
        {1001, 0x90000000u},
    };
    static const uint8_t lengths[] = {2, 3, 9, 11, 17, 35};
    struct talk *talk = *state;

    ten_segments_with_sack(talk);
    for (unsigned i = 0; i < sizeof lengths; i++) {
        const uint8_t option[40] = {5, lengths[i]};

        rx_sack(talk, option, sizeof option);
        world_mark(talk->world);
    }
    for (unsigned i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        rx_blocks(talk, nonsense + i, 1);
        assert_silent(talk->world);
    }
    assert_int_equal(talk_info(talk).retransmits, 0);
    assert_int_equal(leat_stats(talk->world->stack)->tcp_fast_recoveries, 0);
    rx(talk, ACK, 1, 10001, 0);
    assert_int_equal(talk_info(talk).queued_bytes, 0);
}

/* CVE-2019-11477, 11478: every odd byte */
static void test_threat_H5_comb_of_SACK_blocks_makes_no_crumbs(void **state)
{
    struct talk *talk = *state;

    ten_segments_with_sack(talk);
    for (uint32_t at = 9000; at > 10; at -= 6) {
        const uint32_t blocks[3][2] = {{at, at + 1}, {at - 2, at - 1}, {at - 4, at - 3}};

        rx_blocks(talk, blocks, 3);
    }
    talk_wait(talk, second);
    /* the retransmissions were whole segments, not one for each block */
    assert_true(talk_info(talk).retransmits < 30);
    world_mark(talk->world);
    rx(talk, ACK, 1, 10001, 0);
    assert_int_equal(talk_info(talk).queued_bytes, 0);
}

static void urgent(struct place *place)
{
    static const uint16_t pointers[] = {0, 1, 4, 5, 1000, 65535};

    for (unsigned i = 0; i < sizeof pointers / sizeof *pointers; i++) {
        struct frame frame = talk_frame(place->talk, URG | ACK, place->peer, 1, "text", 4);
        const uint32_t before = leat_tcp_readable(place->talk->conn);

        frame_put16(frame.bytes + FRAME_L4 + 18, pointers[i]);
        feed(place, &frame);
        assert_ended(place->talk->world, taken_tcp);
        assert_int_equal(leat_tcp_readable(place->talk->conn), before + 4);
        place->peer += 4;
    }
}

static void test_threat_H6_urgent_data_is_delivered_in_band(void **state)
{
    (void)state;
    in_states(STATE_BIT(ESTABLISHED) | STATE_BIT(FIN_WAIT_1) | STATE_BIT(FIN_WAIT_2), urgent);
}

static void strange_flags(struct place *place)
{
    const struct leat_tcp_info before = place_info(place);
    struct talk *talk = place->talk;

    for (unsigned i = 0; i < 2; i++) {
        rx(talk, i ? FLAGS_XMAS : FLAGS_NONE, place->peer, 0, 0);
        if (place->state == TCP_LISTEN) {
            assert_dropped(talk->world, drop_tcp_flags);
        } else if (place->state == TCP_CLOSED) {
            assert_ended(talk->world, drop_tcp_port);
            assert_grown(talk->world, tcp_rst_sent, 1);
            world_mark(talk->world);
        } else {
            assert_dropped(talk->world, drop_tcp_unacceptable);
        }
    }
    place_assert_unchanged(place, &before);
}

static void test_threat_H7_segments_without_ACK_change_nothing(void **state)
{
    (void)state;
    in_states(all_states, strange_flags);
}

static void syn_fin(struct place *place)
{
    const struct leat_tcp_info before = place_info(place);

    rx(place->talk, SYN | FIN, place->peer + 1000, 0, 0);
    if (place->state == TCP_LISTEN)
        assert_dropped(place->talk->world, drop_tcp_flags);
    if (place->state == TCP_SYN_SENT)
        assert_silent(place->talk->world);
    assert_grown(place->talk->world, tcp_rst_sent, place->state == TCP_CLOSED);
    place_assert_unchanged(place, &before);
}

static void test_threat_H7_SYN_with_FIN_opens_nothing(void **state)
{
    (void)state;
    in_states(all_states, syn_fin);
}

static void every_flag(struct place *place)
{
    for (unsigned flags = 0; flags < 64;
         flags++) { /* checks only the balance of statistics and pool */
        world_mark(place->talk->world);
        rx(place->talk, (uint8_t)flags, place->peer, place->us, 0);
    }
}

static void test_threat_H7_every_combination_of_flags_in_every_state(void **state)
{
    (void)state;
    in_states(all_states, every_flag);
}

/* ---- S: blind attackers ------------------------------------------------------------------- */

static void exact_rst(struct place *place)
{
    struct talk *talk = place->talk;

    rx(talk, RST, place->peer, 0, 0);
    quiet(talk);
    if (place->state == TCP_TIME_WAIT) { /* RFC 1337 */
        rx(talk, FIN | ACK, place->peer - 1, place->us, 0);
        tx(talk, ACK, place->us, place->peer, 0);
        return;
    }
    assert_int_equal(talk->closed, 1);
    assert_int_equal(talk->why,
                     place->state == TCP_SYN_RECEIVED ? LEAT_ERR_REFUSED : LEAT_ERR_RESET);
}

static void test_threat_S1_exact_RST_ends_but_not_TIME_WAIT(void **state)
{
    (void)state;
    in_states(synchronized_states | STATE_BIT(SYN_RECEIVED), exact_rst);
}

static void near_rst(struct place *place)
{
    static const uint32_t offs[] = {1, 100, 10000};
    struct leat_tcp_info before = place_info(place);
    struct talk *talk = place->talk;

    for (unsigned i = 0; i < sizeof offs / sizeof *offs; i++) {
        rx(talk, RST, place->peer + offs[i], 0, 0);
        assert_ended(talk->world, drop_tcp_unacceptable);
        assert_grown(talk->world, tcp_challenge_acks, 1);
        tx(talk, ACK, place->us, place->peer, 0);
        place_assert_unchanged(place, &before);
        rx(talk, RST, place->peer + offs[i], 0, 0); /* once in 500 ms */
        quiet(talk);
        assert_grown(talk->world, tcp_challenge_limited, 1);
        talk_wait(talk, 501 * ms); /* our FIN may be retransmitted */
        world_mark(talk->world);
        before = place_info(place);
    }
}

static void test_threat_S1_RST_in_the_window_is_challenged(void **state)
{
    (void)state;
    in_states(synchronized_states, near_rst);
}

static void far_rst(struct place *place)
{
    static const uint32_t offs[] = {(uint32_t)-1, (uint32_t)-1000, 1u << 20, 1u << 31};
    const struct leat_tcp_info before = place_info(place);

    for (unsigned i = 0; i < sizeof offs / sizeof *offs; i++) {
        rx(place->talk, RST, place->peer + offs[i], 0, 0);
        assert_dropped(place->talk->world, drop_tcp_unacceptable);
    }
    place_assert_unchanged(place, &before);
}

static void test_threat_S1_RST_outside_of_the_window_is_dropped(void **state)
{
    (void)state;
    in_states(synchronized_states | STATE_BIT(SYN_RECEIVED), far_rst);
}

static void blind_syn(struct place *place)
{
    static const uint32_t offs[] = {0, 1, 100, 1u << 20, 1u << 31, (uint32_t)-1000};
    struct leat_tcp_info before = place_info(place);
    struct talk *talk = place->talk;

    for (unsigned i = 0; i < sizeof offs / sizeof *offs; i++) {
        rx(talk, SYN, place->peer + offs[i], 0, 0);
        assert_ended(talk->world, drop_tcp_unacceptable);
        tx(talk, ACK, place->us, place->peer, 0);
        place_assert_unchanged(place, &before);
        talk_wait(talk, 501 * ms); /* our FIN may be retransmitted */
        world_mark(talk->world);
        before = place_info(place);
    }
}

static void test_threat_S2_SYN_on_a_connection_is_challenged_whatever_its_SEQ(void **state)
{
    (void)state;
    in_states(synchronized_states, blind_syn);
}

static void blind_ack(struct place *place)
{
    /* TIME-WAIT doesn't keep the window, but none is larger than this */
    const uint32_t old = place->state == TCP_TIME_WAIT ? (65535u << 14) + 1 : WINDOW_PEER + 100;
    const uint32_t acks[] = {place->us + 1, place->us + 1000, place->us + 0x7fffffff,
                             place->us - old, place->us + 0x80000000u};
    const struct leat_tcp_info before = place_info(place);

    for (unsigned i = 0; i < sizeof acks / sizeof *acks; i++) {
        rx(place->talk, ACK, place->peer, acks[i], i % 2 ? 5 : 0);
        assert_ended(place->talk->world, drop_tcp_unacceptable);
        place_assert_unchanged(place, &before);
        world_mark(place->talk->world);
    }
}

static void test_threat_S3_ACK_of_unsent_or_long_past_data_is_dropped(void **state)
{
    (void)state;
    in_states(synchronized_states, blind_ack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threat_H1_data_offset_outside_of_the_segment),
        cmocka_unit_test(test_threat_H2_malformed_options_are_dropped_never_reset),
        talk_test(test_threat_H3_MSS_has_a_floor_of_48),
        talk_test(test_threat_H4_window_scale_over_14_is_14),
        talk_test(test_threat_H5_SACK_blocks_that_cannot_be_are_ignored),
        talk_test(test_threat_H5_comb_of_SACK_blocks_makes_no_crumbs),
        cmocka_unit_test(test_threat_H6_urgent_data_is_delivered_in_band),
        cmocka_unit_test(test_threat_H7_segments_without_ACK_change_nothing),
        cmocka_unit_test(test_threat_H7_SYN_with_FIN_opens_nothing),
        cmocka_unit_test(test_threat_H7_every_combination_of_flags_in_every_state),
        cmocka_unit_test(test_threat_S1_exact_RST_ends_but_not_TIME_WAIT),
        cmocka_unit_test(test_threat_S1_RST_in_the_window_is_challenged),
        cmocka_unit_test(test_threat_S1_RST_outside_of_the_window_is_dropped),
        cmocka_unit_test(test_threat_S2_SYN_on_a_connection_is_challenged_whatever_its_SEQ),
        cmocka_unit_test(test_threat_S3_ACK_of_unsent_or_long_past_data_is_dropped),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
