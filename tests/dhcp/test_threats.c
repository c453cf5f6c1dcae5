/* test_threats.c -- hostile servers, and attackers that pose as one. */
#include "dhcp_talk.h"

enum {
    OFFER = 2,
    ACK = 5,
    NAK = 6,
    FORCERENEW = 9
};

/* An answer that the client ignores and counts, while it waits for another. */
static void ignored(struct talk *talk, const struct answer *made, const uint64_t *counter)
{
    const struct leat_dhcp_counts *counts = leat_dhcp_counts(talk->dhcp);
    const uint64_t before = *counter, taken = counts->taken;
    const uint8_t was = talk->dhcp->state;

    talk_feed(talk, made);
    assert_int_equal(*counter, before + 1);
    assert_int_equal(counts->taken, taken);
    assert_int_equal(talk->dhcp->state, was);
}

static void test_threat_P2_addresses_that_no_host_can_have(void **state)
{
    static const leat_ip4 bad[] = {IP4_ANY,           IP4_BROADCAST,   IP4(127, 0, 0, 1),
                                   IP4(224, 0, 0, 5), IP4(0, 0, 0, 9), IP4(240, 1, 1, 1)};
    struct talk *talk = *state;

    talk_start(talk, NULL);
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct answer offer = answer(talk, OFFER, 3600);

        frame_put32(offer.bytes + 16, bad[i]);
        ignored(talk, &offer, &leat_dhcp_counts(talk->dhcp)->drop_address);
    }
}

static void test_threat_P2_times_out_of_order_are_replaced(void **state)
{
    static const uint32_t times[][2] = {
        {3600, 1800}, {1800, 1800}, {5000, 6000}, {0, 1800}, {1, 3600}};
    struct talk *talk = *state;

    for (unsigned i = 0; i < sizeof times / sizeof *times; i++) {
        struct answer ack;

        talk_to_requesting(talk, 3600);
        ack = answer(talk, ACK, 3600);
        answer_option32(&ack, 58, times[i][0]);
        answer_option32(&ack, 59, times[i][1]);
        talk_feed(talk, &ack);
        world_poll(talk->world);
        assert_state(talk, "BOUND");
        assert_int_equal(talk->lease.renew_s, 1800);
        assert_int_equal(talk->lease.rebind_s, 3150);
        leat_dhcp_stop(talk->dhcp);
        world_wait(talk->world, second);
    }
}

static void test_threat_P2_another_xid(void **state)
{
    struct talk *talk = *state;

    talk_start(talk, NULL);
    for (unsigned bit = 0; bit < 32; bit++) {
        struct answer offer = answer(talk, OFFER, 3600);

        offer.bytes[4 + bit / 8] ^= (uint8_t)(1u << bit % 8);
        ignored(talk, &offer, &leat_dhcp_counts(talk->dhcp)->drop_foreign);
    }
}

static void test_threat_P3_a_second_offer_and_floods_change_nothing(void **state)
{
    struct talk *talk = *state;
    struct answer other;

    talk_to_requesting(talk, 3600);
    for (unsigned i = 0; i < 1000; i++) {
        const uint8_t server[4] = {10, 0, 0, 66};

        other = answer(talk, i % 2 ? OFFER : ACK, 3600);
        answer_change(&other, 54, server, 4);
        frame_put32(other.bytes + 16, IP4(10, 0, 0, 99));
        ignored(talk, &other, &leat_dhcp_counts(talk->dhcp)->drop_server);
    }
    assert_false(talk_listen(talk));
    other = answer(talk, ACK, 3600);
    for (unsigned i = 0; i < 1000; i++) /* one is enough */
        talk_feed(talk, &other);
    assert_state(talk, "BOUND");
    assert_int_equal(talk->news_count, 1);
    assert_int_equal(leat_dhcp_counts(talk->dhcp)->drop_late, 999);
}

static void test_threat_P4_overload_counts_once_and_not_in_overloaded_fields(void **state)
{
    struct talk *talk = *state;
    const uint8_t bad[] = {0, 4, 255}, both = 3;
    struct answer offer;

    talk_start(talk, NULL);
    for (unsigned i = 0; i < sizeof bad; i++) {
        offer = answer(talk, OFFER, 3600);
        answer_option(&offer, 52, &bad[i], 1);
        talk_taken_without(talk, &offer, 1, 0);
    }
    offer = answer(talk, OFFER, 3600);
    answer_option(&offer, 52, "\1\1", 2);
    talk_taken_without(talk, &offer, 1, 0);
    offer = answer(talk, OFFER, 3600);
    answer_option(&offer, 52, &both, 1); /* both fields lack an end option */
    talk_taken_without(talk, &offer, 2, 0);
    offer = answer(talk, OFFER, 3600);
    answer_option(&offer, 52, "\1", 1);
    memcpy(offer.bytes + 108, "\x34\1\2\xff", 4); /* in the file field: overload to the other
                                                   * one, too */
    memcpy(offer.bytes + 44, "\x0c\1a\xff", 4);
    talk_taken_without(talk, &offer, 1, 0);
    offer = answer(talk, OFFER, 3600);
    answer_option(&offer, 52, "\1", 1);
    offer.bytes[108] = 255;
    answer_option(&offer, 52, "\2", 1);
    talk_taken_without(talk, &offer, 1, 0);
}

static void test_threat_P4_long_options_are_bounded(void **state)
{
    static const uint8_t zeros[255];
    struct talk *talk = *state;
    struct answer offer;
    char letters[255];

    talk_start(talk, NULL);
    offer = answer(talk, OFFER, 3600);
    for (unsigned i = 0; i < 4; i++) /* a name of 1,020 bytes */
        answer_option(&offer, 119, zeros, 255);
    talk_taken_without(talk, &offer, 1, 119);
    offer = answer(talk, OFFER, 3600);
    for (unsigned i = 0; i < 4; i++)
        answer_option(&offer, 6, zeros, 252);
    talk_taken_without(talk, &offer, 1, 6);
    memset(letters, 'a', sizeof letters);
    offer = answer(talk, OFFER, 3600);
    for (unsigned i = 0; i < 4; i++) /* a host name of 1,020 letters is illegal */
        answer_option(&offer, 12, letters, sizeof letters);
    talk_feed(talk, &offer);
    assert_state(talk, "REQUESTING");
    assert_string_equal(talk->dhcp->read.host_name, "");
}

static void test_threat_P5_short_leases_are_none(void **state)
{
    struct talk *talk = *state;

    talk_start(talk, NULL);
    for (uint32_t lease_s = 0; lease_s < 10; lease_s++) {
        struct answer offer = answer(talk, OFFER, 3600);
        uint8_t bytes[4];

        frame_put32(bytes, lease_s);
        answer_change(&offer, 51, bytes, sizeof bytes);

        ignored(talk, &offer, &leat_dhcp_counts(talk->dhcp)->drop_time);
    }
}

static void test_threat_P5_for_ever_is_kept(void **state)
{
    struct talk *talk = *state;

    talk_to_bound(talk, UINT32_MAX);
    assert_int_equal(leat_dhcp_expires_ns(talk->dhcp), LEAT_NEVER_NS);
    talk_mark(talk);
    world_wait(talk->world, 40 * 365 * 86400 * second);
    assert_state(talk, "BOUND");
    assert_false(talk_listen(talk));
    assert_int_equal(talk->news_count, 0);
}

static void test_threat_P6_masks_with_holes_and_addresses_at_an_edge(void **state)
{
    static const uint32_t masks[] = {0xff00ff00, 0x00ffffff, 0xfffffffd, 0, 0x80000001};
    static const leat_ip4 edges[] = {IP4(10, 0, 0, 0), IP4(10, 0, 0, 255)};
    struct talk *talk = *state;

    talk_start(talk, NULL);
    for (unsigned i = 0; i < sizeof masks / sizeof *masks; i++) {
        struct answer offer = answer(talk, OFFER, 3600);
        uint8_t mask[4];

        frame_put32(mask, masks[i]);
        answer_change(&offer, 1, mask, 4);
        talk_taken_without(talk, &offer, 1, 1);
    }
    for (unsigned i = 0; i < sizeof edges / sizeof *edges; i++) {
        struct answer offer = answer(talk, OFFER, 3600);

        frame_put32(offer.bytes + 16, edges[i]);
        ignored(talk, &offer, &leat_dhcp_counts(talk->dhcp)->drop_address);
    }
}

/* Becomes bound with an ACK that has one more option. */
static void bound_with(struct talk *talk, uint8_t code, const void *bytes, uint32_t len)
{
    struct answer ack;

    talk_to_requesting(talk, 3600);
    ack = answer(talk, ACK, 3600);
    answer_option(&ack, code, bytes, len);
    talk_feed(talk, &ack);
    world_poll(talk->world);
    assert_state(talk, "BOUND");
}

static void test_threat_P6_routers_that_can_not_be_are_left_out(void **state)
{
    static const uint8_t routers[] = {127, 0, 0,   1, 10, 0, 0, 50, 10, 0, 0,  255, 10, 0,
                                      0,   0, 224, 0, 0,  1, 0, 0,  0,  0, 10, 0,   0,  1};
    struct talk *talk = *state;

    bound_with(talk, 3, routers, sizeof routers);
    assert_int_equal(talk->lease.router_count, 1);
    assert_int_equal(leat_ip_v4_number(talk->lease.routers[0]), IP_US);
}

static void test_threat_P7_a_server_that_always_refuses_is_asked_seldom(void **state)
{
    struct talk *talk = *state;
    struct answer made;
    uint64_t least_ns = 10 * second;

    talk_start(talk, NULL);
    for (unsigned i = 0; i < 20; i++) {
        uint64_t refused_ns;

        made = answer(talk, OFFER, 3600);
        talk_feed(talk, &made);
        talk_heard(talk, 3);
        made = answer(talk, NAK, 0);
        talk_feed(talk, &made);
        assert_state(talk, "INIT");
        refused_ns = talk->world->now_ns;
        talk_wait_until(talk, talk->dhcp->wait_ns);
        talk_heard(talk, 1);
        assert_true(talk->world->now_ns - refused_ns >= least_ns);
        assert_true(talk->world->now_ns - refused_ns <= 2 * least_ns + ms);
        if (i < 5)
            least_ns *= 2;
        talk->news_count = 0;
    }
}

static void test_threat_P8_routes_are_taken_only_if_asked_for(void **state)
{
    static const uint8_t routes[] = {0, 10, 0, 0, 66};
    struct talk *talk = *state;

    bound_with(talk, 121, routes, sizeof routes);
    assert_int_equal(talk->lease.route_count, 0);
}

static void test_threat_P8_routes_are_checked_and_bounded(void **state)
{
    struct talk *talk = *state;
    struct answer ack;
    uint8_t many[250];

    talk->config.routes = true;
    talk_begin(talk);
    talk_start(talk, NULL);
    talk_left_out(talk, 121, "\x21\x0a\x00\x00\x01\x00\x0a\x00\x00\x01", 10); /* a prefix of 33 */
    talk_left_out(talk, 121, "\x18\x0a\x00\x00\x0a\x00\x00", 7);              /* half a gateway */
    talk_left_out(talk, 121, "", 0);                                          /* at least 5 bytes */
    leat_dhcp_stop(talk->dhcp);
    for (unsigned i = 0; i + 5 <= sizeof many; i += 5)
        memcpy(many + i, "\x00\x0a\x00\x00\x01", 5);
    memcpy(many, "\x00\x0a\x00\x00\xff", 5); /* with a broadcast address as gateway */
    talk_to_requesting(talk, 3600);
    ack = answer(talk, ACK, 3600);
    answer_option32(&ack, 3, IP_US);
    answer_option(&ack, 121, many, sizeof many);
    talk_feed(talk, &ack);
    world_poll(talk->world);
    assert_state(talk, "BOUND");
    assert_int_equal(talk->lease.route_count, LEAT_DHCP_ROUTES_MAX);
    assert_int_equal(talk->lease.router_count, 0); /* RFC 3442 */
    assert_int_equal(talk->lease.ignored_parts, 50 - LEAT_DHCP_ROUTES_MAX);
}

/* It needn't be in our prefix, nor in a network that another route puts on the link. */
static void a_gateway_is_on_the_link_because_it_is_named(void **state)
{
    static const uint8_t routes[] = {0, 172, 16, 0,  1,   32, 172, 16,  0,  1, 0,
                                     0, 0,   0,  24, 192, 0,  2,   172, 16, 0, 2};
    struct talk *talk = *state;
    struct answer ack;

    talk->config.routes = true;
    talk_begin(talk);
    talk_to_requesting(talk, 3600);
    ack = answer(talk, ACK, 3600);
    answer_option(&ack, 121, routes, sizeof routes);
    talk_feed(talk, &ack);
    world_poll(talk->world);
    assert_state(talk, "BOUND");
    assert_int_equal(talk->lease.route_count, 3);
    assert_int_equal(leat_ip_v4_number(talk->lease.routes[0].gateway), IP4(172, 16, 0, 1));
    assert_int_equal(leat_ip_v4_number(talk->lease.routes[1].network), IP4(172, 16, 0, 1));
    assert_int_equal(leat_ip_v4_number(talk->lease.routes[1].gateway), IP4_ANY);
    assert_int_equal(leat_ip_v4_number(talk->lease.routes[2].gateway), IP4(172, 16, 0, 2));
    assert_int_equal(leat_dhcp_counts(talk->dhcp)->ignored_parts, 0);
}

static void test_threat_P9_name_servers_that_can_not_be_are_left_out(void **state)
{
    static const uint8_t servers[] = {0, 0, 0,   0,   10,  0,   0,  50, 224, 0,   0, 251, 127, 0,
                                      0, 1, 255, 255, 255, 255, 10, 0,  0,   255, 9, 9,   9,   9};
    struct talk *talk = *state;

    bound_with(talk, 6, servers, sizeof servers);
    assert_int_equal(talk->lease.name_server_count, 1);
    assert_int_equal(leat_ip_v4_number(talk->lease.name_servers[0]), IP4(9, 9, 9, 9));
}

static void test_threat_P10_forcerenew_is_ignored(void **state)
{
    struct talk *talk = *state;
    struct answer made;

    talk_to_bound(talk, 3600);
    made = answer(talk, FORCERENEW, 0);
    made.dst = IP_GRANTED;
    ignored(talk, &made, &leat_dhcp_counts(talk->dhcp)->drop_forced);
    assert_false(talk_listen(talk));
}

static void test_threat_P11_a_server_that_was_not_asked(void **state)
{
    static const uint8_t other[4] = {10, 0, 0, 66}, none[4];
    struct talk *talk = *state;
    struct answer made;

    talk_to_requesting(talk, 3600);
    made = answer(talk, ACK, 3600);
    answer_change(&made, 54, other, 4);
    ignored(talk, &made, &leat_dhcp_counts(talk->dhcp)->drop_server);
    made = answer(talk, NAK, 0);
    answer_change(&made, 54, other, 4);
    ignored(talk, &made, &leat_dhcp_counts(talk->dhcp)->drop_server);
    answer_change(&made, 54, none, 4);
    ignored(talk, &made, &leat_dhcp_counts(talk->dhcp)->drop_server);
}

static void test_threat_P11_another_client_port_or_hardware(void **state)
{
    struct talk *talk = *state;
    struct answer made;

    talk_start(talk, NULL);
    made = answer(talk, OFFER, 3600);
    made.bytes[28 + 5] ^= 1; /* chaddr */
    ignored(talk, &made, &leat_dhcp_counts(talk->dhcp)->drop_foreign);
    made = answer(talk, OFFER, 3600);
    made.src_port = 1067;
    ignored(talk, &made, &leat_dhcp_counts(talk->dhcp)->drop_foreign);
    made = answer(talk, OFFER, 3600);
    made.bytes[0] = 1; /* a request */
    ignored(talk, &made, &leat_dhcp_counts(talk->dhcp)->drop_foreign);
    made = answer(talk, OFFER, 3600);
    made.bytes[1] = 6; /* htype */
    ignored(talk, &made, &leat_dhcp_counts(talk->dhcp)->drop_format);
    made = answer(talk, OFFER, 3600);
    made.bytes[2] = 16; /* hlen */
    ignored(talk, &made, &leat_dhcp_counts(talk->dhcp)->drop_format);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        talk_test(test_threat_P2_addresses_that_no_host_can_have),
        talk_test(test_threat_P2_times_out_of_order_are_replaced),
        talk_test(test_threat_P2_another_xid),
        talk_test(test_threat_P3_a_second_offer_and_floods_change_nothing),
        talk_test(test_threat_P4_overload_counts_once_and_not_in_overloaded_fields),
        talk_test(test_threat_P4_long_options_are_bounded),
        talk_test(test_threat_P5_short_leases_are_none),
        talk_test(test_threat_P5_for_ever_is_kept),
        talk_test(test_threat_P6_masks_with_holes_and_addresses_at_an_edge),
        talk_test(test_threat_P6_routers_that_can_not_be_are_left_out),
        talk_test(test_threat_P7_a_server_that_always_refuses_is_asked_seldom),
        talk_test(test_threat_P8_routes_are_taken_only_if_asked_for),
        talk_test_later(test_threat_P8_routes_are_checked_and_bounded),
        talk_test_later(a_gateway_is_on_the_link_because_it_is_named),
        talk_test(test_threat_P9_name_servers_that_can_not_be_are_left_out),
        talk_test(test_threat_P10_forcerenew_is_ignored),
        talk_test(test_threat_P11_a_server_that_was_not_asked),
        talk_test(test_threat_P11_another_client_port_or_hardware),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
