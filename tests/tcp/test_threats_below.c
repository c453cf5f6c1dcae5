/*
 * test_threats_below.c -- threats to connections from below TCP: Ethernet (E), IP (I) and ICMP (C),
 * in each state. The other tests of those rows are in tests/unit.
 */
#include "place.h"

/* ---- E3: frames for others ---------------------------------------------------------------- */

/* Flooded by a switch: exact segments of the connection, for another station. */
static void for_another_station(struct place *place)
{
    static const uint8_t flags[] = {SYN, SYN | ACK, ACK, FIN | ACK, RST, RST | ACK};
    const struct leat_tcp_info before = place_info(place);

    for (unsigned i = 0; i < sizeof flags; i++) {
        struct frame frame = talk_frame(place->talk, flags[i], place->peer, place->us, "text",
                                        flags[i] == ACK ? 4 : 0);

        frame_to(&frame, &MAC_OTHER);
        world_feed(place->talk->world, &frame);
        assert_dropped(place->talk->world, drop_eth_not_ours);
    }
    place_assert_unchanged(place, &before);
}

static void test_threat_E3_segments_for_another_station_get_no_RST(void **state)
{
    (void)state;
    in_states(all_states, for_another_station);
}

/* ---- I3, I8: addresses and identifications ------------------------------------------------ */

/* LAND: from us to us, from and to the same port, which listens or is connected. */
static void from_impossible_sources(struct place *place)
{
    static const leat_ip4 sources[] = {IP_US,
                                       IP4(127, 0, 0, 1),
                                       IP4(0, 0, 0, 0),
                                       IP4(10, 0, 0, 255),
                                       IP4(255, 255, 255, 255),
                                       IP4(224, 0, 0, 1),
                                       IP4(240, 0, 0, 1)};
    static const uint8_t flags[] = {SYN, SYN | ACK, ACK, RST};
    const struct leat_tcp_info before = place_info(place);

    for (unsigned i = 0; i < sizeof sources / sizeof *sources; i++) {
        for (unsigned k = 0; k < sizeof flags; k++) {
            struct frame frame = talk_frame(place->talk, flags[k], place->peer, place->us, "", 0);

            frame_put32(frame.bytes + FRAME_IP + 12, sources[i]);
            if (i == 0) /* the port as well */
                memcpy(frame.bytes + FRAME_L4, frame.bytes + FRAME_L4 + 2, 2);
            frame_seal_ip(&frame);
            frame_seal_tcp(&frame);
            world_feed(place->talk->world, &frame);
            assert_dropped_by_family(place->talk->world, drop_ip_source, drop_ip6_source);
        }
    }
    place_assert_unchanged(place, &before);
}

static void test_threat_I3_LAND_and_martians_reach_no_connection(void **state)
{
    (void)state;
    in_states(all_states, from_impossible_sources);
}

/* CVE-2020-36516: a counter in the IP header would reveal other connections (RFC 6864 4.1). */
static void assert_DF_without_identification(const struct talk *talk)
{
    assert_int_equal(frame_get16(talk->last.bytes + FRAME_IP + 4), 0);
    assert_int_equal(frame_get16(talk->last.bytes + FRAME_IP + 6), 0x4000);
}

static void test_threat_I8_segments_have_DF_and_no_identification(void **state)
{
    struct talk *talk = *state;

    talk_options(talk, 536, NO_SHIFT);
    talk_listen(talk);
    rx(talk, SYN, 0, 0, 0);
    tx(talk, SYN | ACK, 0, 1, 0);
    assert_DF_without_identification(talk);
    rx(talk, ACK, 1, 1, 0);
    talk_send(talk, 5 * 536);
    for (uint32_t at = 1; at < 1 + 5 * 536; at += 536) {
        tx(talk, ACK, at, 1, 536);
        assert_DF_without_identification(talk);
    }
    rx(talk, RST, 2, 0, 0); /* a challenge */
    tx(talk, ACK, 1 + 5 * 536, 1, 0);
    assert_DF_without_identification(talk);
    talk->port_peer++;
    rx(talk, ACK, 1, 1, 0); /* for no connection */
    tx(talk, RST, 1, 0, 0);
    assert_DF_without_identification(talk);
}

/* ---- C2, C3: messages about connections --------------------------------------------------- */

/* An ICMP message from anyone about a segment of ours with this sequence number. */
static void message_about(struct place *place, uint8_t type, uint8_t code, uint32_t detail,
                          uint32_t seq)
{
    struct talk *talk = place->talk;
    struct frame_segment segment = {.src_port = talk->port_us,
                                    .dst_port = talk->port_peer,
                                    .seq = seq,
                                    .ack = IRS + place->peer,
                                    .flags = ACK};
    struct frame quoted = frame_tcp(&segment, 0, 0);
    struct frame message;

    frame_put32(quoted.bytes + FRAME_IP + 12, IP_US);
    frame_put32(quoted.bytes + FRAME_IP + 16, IP_PEER);
    frame_seal_ip(&quoted);
    message = frame_icmp(IP_OTHER, IP_US, type, code, detail, quoted.bytes + FRAME_IP, 28);
    world_feed(talk->world, &message);
}

static const struct {
    uint8_t type, code;
    uint32_t detail;
} errors[] = {{3, 0, 0}, {3, 1, 0}, {3, 2, 0},  {3, 3, 0},  {3, 4, 0},  {3, 4, 1300},
              {3, 5, 0}, {3, 9, 0}, {3, 13, 0}, {11, 0, 0}, {11, 1, 0}, {12, 0, 0}};

/* RFC 5927 4.1: these numbers can't be in flight. */
static void blind_errors(struct place *place)
{
    const struct leat_tcp_info before = place_info(place);
    const uint32_t una = place->talk->conn ? before.snd_una : 0;
    const uint32_t nxt = place->talk->conn ? before.snd_nxt : 0;
    const uint32_t seqs[] = {una - 1, nxt, nxt + 1, nxt + 60000, una + 0x80000000u};

    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++) {
        for (unsigned k = 0; k < sizeof seqs / sizeof *seqs; k++) {
            message_about(place, errors[i].type, errors[i].code, errors[i].detail, seqs[k]);
            assert_dropped(place->talk->world, drop_icmp_blind);
        }
    }
    place_assert_unchanged(place, &before);
    if (place->talk->conn)
        assert_int_equal(place_info(place).soft_error, LEAT_OK);
}

static void test_threat_C2_blind_errors_change_no_connection_in_any_state(void **state)
{
    (void)state;
    in_states(all_states, blind_errors);
}

/* RFC 5461 4, RFC 1122 4.2.3.9: an error doesn't end a connection to a peer that has been
 * reached. */
static void errors_in_flight(struct place *place)
{
    struct leat_tcp_info before = place_info(place);

    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (errors[i].code == 4) /* about the size, which doesn't matter for an ACK or FIN */
            continue;
        message_about(place, errors[i].type, errors[i].code, errors[i].detail, before.snd_una);
        if (place_in_flight(place)) {
            assert_dropped_by_family(place->talk->world, taken_icmp, taken_icmp6);
            assert_int_not_equal(place_info(place).soft_error, LEAT_OK);
        } else {
            assert_dropped(place->talk->world, drop_icmp_blind);
            assert_int_equal(place_info(place).soft_error, LEAT_OK);
        }
        place_assert_unchanged(place, &before);
    }
}

static void test_threat_C2_errors_about_data_in_flight_are_soft(void **state)
{
    (void)state;
    in_states(opened_states, errors_in_flight);
}

/* RFC 6633, RFC 5927 6: quenches, redirects and the like, with exact quotations. ICMPv6 has no such
 * messages but redirects, which belong to neighbour discovery. */
static void control_messages(struct place *place)
{
    static const uint8_t types[] = {4, 5, 9, 10, 13, 15, 17, 18};
    const struct leat_tcp_info before = place_info(place);

    for (unsigned i = 0; i < sizeof types; i++) {
        for (uint8_t code = 0; code < 4; code++) {
            message_about(place, types[i], code, IP_OTHER, before.snd_una);
            assert_dropped(place->talk->world, drop_icmp_type);
        }
    }
    place_assert_unchanged(place, &before);
}

static void test_threat_C3_control_messages_change_no_connection(void **state)
{
    (void)state;
    if (talk_is_ipv6())
        skip();
    in_states(all_states, control_messages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threat_E3_segments_for_another_station_get_no_RST),
        cmocka_unit_test(test_threat_I3_LAND_and_martians_reach_no_connection),
        talk_test(test_threat_I8_segments_have_DF_and_no_identification),
        cmocka_unit_test(test_threat_C2_blind_errors_change_no_connection_in_any_state),
        cmocka_unit_test(test_threat_C2_errors_about_data_in_flight_are_soft),
        cmocka_unit_test(test_threat_C3_control_messages_change_no_connection),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
