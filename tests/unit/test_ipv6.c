/* test_ipv6.c -- received IPv6 packets, and their answers (RFC 8200, 4443). */
#include "frames6.h"

enum {
    ECHO_REPLY = 129,
    PARAMETER_PROBLEM = 4,
    OTHER = 132 /* a protocol that isn't registered */
};

/* Expects an ICMPv6 error that quotes @about completely. */
static void expect_error(struct world *world, const struct frame *about, uint8_t type, uint8_t code,
                         uint32_t detail)
{
    const struct fake_frame *sent = world_expect(world);

    assert_int_equal(frame_icmp6_type(sent), type);
    assert_int_equal(sent->bytes[55], code);
    assert_int_equal(frame_get32(sent->bytes + 58), detail);
    assert_int_equal(sent->len, about->len + 48);
    assert_memory_equal(sent->bytes + 62, about->bytes + 14, about->len - 14);
}

static void echo_is_answered(void **state)
{
    static const uint32_t sizes[] = {0, 1, 56, 1452};
    struct world *world = *state;

    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct frame echo = frame_echo6(IP6_PEER, IP6_US, sizes[i]);
        const struct fake_frame *sent;

        world_feed(world, &echo);
        assert_ended(world, taken_icmp6);
        sent = world_expect(world);
        assert_int_equal(frame_icmp6_type(sent), ECHO_REPLY);
        assert_memory_equal(sent->bytes, MAC_PEER.octet, 6);
        assert_memory_equal(sent->bytes + 22, IP6_US.bytes, 16);
        assert_memory_equal(sent->bytes + 38, IP6_PEER.bytes, 16);
        assert_int_equal(sent->bytes[21], 64);
        assert_int_equal(sent->len, echo.len);
        assert_memory_equal(sent->bytes + 58, echo.bytes + 58, sizes[i] + 4);
        assert_silent(world);
    }
}

/* RFC 4443 4.2 */
static void echo_to_all_nodes_is_answered_from_an_address_of_ours(void **state)
{
    struct world *world = *state;
    const struct frame echo = frame_echo6(IP6_PEER, IP6_ALL, 8);
    const struct fake_frame *sent;

    world_feed(world, &echo);
    assert_ended(world, taken_icmp6);
    sent = world_expect(world);
    assert_int_equal(frame_icmp6_type(sent), ECHO_REPLY);
    assert_memory_equal(sent->bytes + 22, IP6_US.bytes, 16);
}

static void spoilt_messages_are_dropped(void **state)
{
    struct world *world = *state;
    struct frame echo = frame_echo6(IP6_PEER, IP6_US, 8);

    echo.bytes[60] ^= 1;
    world_feed(world, &echo);
    assert_dropped(world, drop_icmp6_checksum);
    echo = frame_ip6(58, IP6_PEER, IP6_US, "1234567", 7);
    world_feed(world, &echo);
    assert_dropped(world, drop_icmp6_format);
    echo = frame_echo6(IP6_PEER, IP6_US, 8);
    echo.len = 53;
    world_feed(world, &echo);
    assert_dropped(world, drop_ip6_header);
    echo = frame_echo6(IP6_PEER, IP6_US, 8);
    frame_put16(echo.bytes + 18, 17); /* one byte more than was received */
    world_feed(world, &echo);
    assert_dropped(world, drop_ip6_header);
    echo.bytes[14] = 0x45;
    world_feed(world, &echo);
    assert_dropped(world, drop_ip6_header);
}

/* RFC 4443 2.4 (b) */
static void messages_that_mean_nothing_to_us_are_ignored(void **state)
{
    static const uint8_t types[] = {100, 127, 129, 132, 133, 134, 138, 200, 255};
    struct world *world = *state;

    for (unsigned i = 0; i < sizeof types; i++) {
        const uint8_t message[48] = {types[i]};
        const struct frame frame = frame_icmp6(IP6_PEER, IP6_US, message, sizeof message);

        world_feed(world, &frame);
        assert_dropped(world, drop_icmp6_type);
    }
}

/* RFC 4443 3.4 */
static void an_unregistered_protocol_is_a_parameter_problem(void **state)
{
    struct world *world = *state;
    const struct frame frame = frame_ip6(OTHER, IP6_PEER, IP6_US, "12345678", 8);

    world_feed(world, &frame);
    assert_ended(world, drop_ip6_protocol);
    expect_error(world, &frame, PARAMETER_PROBLEM, 1, 6);
}

static void no_next_header_is_no_error(void **state)
{
    struct world *world = *state;
    const struct frame frame = frame_ip6(59, IP6_PEER, IP6_US, "", 0);

    world_feed(world, &frame);
    assert_ended(world, taken_icmp6);
    assert_silent(world);
}

/* V8 */
static void test_threat_V8_extension_headers_are_walked_or_complained_about(void **state)
{
    struct world *world = *state;
    /* an unknown option (jumbo payload) in front of an echo request */
    uint8_t options[16] = {58, 0, 0xc2, 4, 0, 0, 0, 0, 128};
    struct frame frame = frame_ip6(0, IP6_PEER, IP6_US, options, sizeof options);

    world_feed(world, &frame);
    assert_ended(world, drop_ip6_headers);
    expect_error(world, &frame, PARAMETER_PROBLEM, 2, 42);
    options[2] = 0x42; /* an option that is dropped silently */
    frame = frame_ip6(0, IP6_PEER, IP6_US, options, sizeof options);
    world_feed(world, &frame);
    assert_dropped(world, drop_ip6_headers);
    frame = frame_ip6(43, IP6_PEER, IP6_US, "\x3b\x02\x00\x01\0\0\0\0xxxxxxxxxxxxxxxx", 24);
    world_feed(world, &frame);
    assert_ended(world, drop_ip6_headers);
    expect_error(world, &frame, PARAMETER_PROBLEM, 0, 42);
}

static void echo_behind_options_is_answered(void **state)
{
    struct world *world = *state;
    const struct frame plain = frame_echo6(IP6_PEER, IP6_US, 8);
    uint8_t payload[24] = {58, 0, 1, 4};
    struct frame frame;

    memcpy(payload + 8, plain.bytes + FRAME6_L4, 16);
    frame = frame_ip6(60, IP6_PEER, IP6_US, payload, sizeof payload);
    world_feed(world, &frame);
    assert_ended(world, taken_icmp6);
    assert_int_equal(frame_icmp6_type(world_expect(world)), ECHO_REPLY);
}

/* V11; RFC 4443 2.4 (e) */
static void test_threat_V11_errors_are_sent_to_single_hosts_about_single_hosts(void **state)
{
    struct world *world = *state;
    uint8_t options[8] = {OTHER, 0, 0x80, 4};
    struct frame frame = frame_ip6(OTHER, IP6_PEER, IP6_ALL, "12345678", 8);

    world_feed(world, &frame); /* to a group */
    assert_dropped(world, drop_ip6_protocol);
    frame = frame_ip6(OTHER, ip6_of("::"), IP6_US, "12345678", 8); /* from an unspecified source */
    world_feed(world, &frame);
    assert_dropped(world, drop_ip6_protocol);
    frame = frame_ip6(OTHER, IP6_PEER, IP6_US, "12345678", 8); /* to the broadcast link address */
    memcpy(frame.bytes, MAC_ALL.octet, 6);
    world_feed(world, &frame);
    assert_dropped(world, drop_ip6_protocol);
    frame = frame_ip6(0, IP6_PEER, IP6_ALL, options, sizeof options);
    world_feed(world, &frame); /* type bits 10: an error even about a packet to a group */
    assert_ended(world, drop_ip6_headers);
    expect_error(world, &frame, PARAMETER_PROBLEM, 2, 42);
}

static void errors_are_limited(void **state)
{
    struct world *world = *state;
    const struct frame frame = frame_ip6(OTHER, IP6_PEER, IP6_US, "12345678", 8);
    const uint64_t sent = leat_stats(world->stack)->icmp_errors_sent;

    for (unsigned i = 0; i < 1000; i++)
        world_feed(world, &frame);
    assert_in_range(leat_stats(world->stack)->icmp_errors_sent - sent, 50, 101);
}

static void echoes_are_limited(void **state)
{
    struct world *world = world6_create();
    const struct frame echo = frame_echo6(IP6_PEER, IP6_US, 8);

    world->config.icmp_echo_per_s = 3;
    world_init(world);
    world6_settle(world);
    for (unsigned i = 0; i < 3; i++) {
        world_feed(world, &echo);
        assert_ended(world, taken_icmp6);
    }
    world_feed(world, &echo);
    assert_dropped(world, drop_icmp_limit);
    world_wait(world, second);
    world_feed(world, &echo);
    assert_ended(world, taken_icmp6);
    *state = world;
    world_teardown(state);
}

/* V13 */
static void test_threat_V13_addresses_that_belong_on_no_wire_are_dropped(void **state)
{
    static const char *const sources[] = {"::1", "ff02::1", "::ffff:10.0.0.2", "2001:db8::1"};
    static const char *const others[] = {"2001:db8::9", "::1",     "::",     "::ffff:10.0.0.1",
                                         "ff02::2",     "ff05::1", "fe80::1"};
    struct world *world = *state;

    for (unsigned i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        const struct frame echo = frame_echo6(ip6_of(sources[i]), IP6_US, 8);

        world_feed(world, &echo);
        assert_dropped(world, drop_ip6_source);
    }
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct frame echo = frame_echo6(IP6_PEER, ip6_of(others[i]), 8);

        memcpy(echo.bytes, MAC_US.octet, 6);
        world_feed(world, &echo);
        assert_dropped(world, drop_ip6_not_ours);
    }
}

static void groups_of_others_stop_at_the_filter(void **state)
{
    struct world *world = *state;
    const struct frame echo = frame_echo6(IP6_PEER, ip6_of("ff02::1:ff00:77"), 8);

    world_feed(world, &echo);
    assert_dropped(world, drop_eth_not_ours);
}

/* RFC 6946 */
static void an_atomic_fragment_is_a_whole_packet(void **state)
{
    struct world *world = *state;
    const struct frame plain = frame_echo6(IP6_PEER, IP6_US, 8);
    uint8_t payload[24] = {58, 0, 0, 0, 0, 0, 0, 7};
    struct frame frame;

    memcpy(payload + 8, plain.bytes + FRAME6_L4, 16);
    frame = frame_ip6(44, IP6_PEER, IP6_US, payload, sizeof payload);
    world_feed(world, &frame);
    assert_ended(world, taken_icmp6);
    assert_int_equal(frame_icmp6_type(world_expect(world)), ECHO_REPLY);
}

static void a_host_off_link_is_reached_by_a_gateway(void **state)
{
    struct world *world = *state;
    const struct frame echo = frame_echo6(ip6_of("2001:db8:9::9"), IP6_US, 8);
    const struct fake_frame *sent;

    world_feed(world, &echo);
    assert_ended(world, taken_icmp6);
    assert_silent(world);
    assert_int_equal(leat_route_add(world->stack, LEAT_IP_ANY, 0, IP6_PEER), LEAT_OK);
    world_feed(world, &echo);
    sent = world_expect(world);
    assert_int_equal(frame_icmp6_type(sent), ECHO_REPLY);
    assert_memory_equal(sent->bytes, MAC_PEER.octet, 6);
    assert_int_equal(leat_route_remove(world->stack, LEAT_IP_ANY, 0), LEAT_OK);
    world_feed(world, &echo);
    assert_silent(world);
}

/* Some hosters give a gateway outside the prefix of the address. */
static void a_gateway_outside_of_all_prefixes_is_on_the_only_link(void **state)
{
    struct world *world = *state;
    struct leat *stack = world->stack;
    const struct leat_ip far = ip6_of("2001:db8:9::9"), beside = ip6_of("2001:db8:77::1");
    const struct frame echo = frame_echo6(far, IP6_US, 8);
    const struct frame back = frame_echo6(beside, IP6_US, 8);
    const struct frame is_there =
        frame_ndp(136, 0x80 | 0x60, beside, IP6_US, beside, &MAC_OTHER, 0);
    const struct fake_frame *sent;

    assert_int_equal(leat_route_add(stack, ip6_of("2001:db8:9::"), 48, beside), LEAT_OK);
    world_feed(world, &echo);
    sent = world_expect(world);
    assert_int_equal(frame_icmp6_type(sent), 135);
    assert_memory_equal(sent->bytes + FRAME6_L4 + 8, beside.bytes, 16);
    world_feed(world, &is_there);
    sent = world_expect(world);
    assert_int_equal(frame_icmp6_type(sent), ECHO_REPLY);
    assert_memory_equal(sent->bytes, MAC_OTHER.octet, 6);
    /* the gateway is a host on the link, whatever other routes say */
    assert_int_equal(leat_route_add(stack, ip6_of("2001:db8::"), 32, IP6_PEER), LEAT_OK);
    world_feed(world, &back);
    sent = world_expect(world);
    assert_memory_equal(sent->bytes, MAC_OTHER.octet, 6);
    assert_int_equal(leat_route_add_by(stack, &world->second.netif, LEAT_IP_ANY, 0, beside),
                     LEAT_ERR_ARGUMENT);
    world_attach_second(world);
    assert_int_equal(leat_route_add(stack, LEAT_IP_ANY, 0, beside), LEAT_ERR_NO_ROUTE);
    assert_int_equal(leat_route_add_by(stack, &world->dev.netif, LEAT_IP_ANY, 0, beside), LEAT_OK);
}

static void routes_and_addresses_that_make_no_sense_are_refused(void **state)
{
    struct world *world = *state;
    struct leat *stack = world->stack;
    struct leat_netif *netif = &world->dev.netif;

    assert_int_equal(leat_address_add(stack, netif, IP6_US, 64), LEAT_ERR_IN_USE);
    assert_int_equal(leat_address_add(stack, netif, IP6_OTHER, 129), LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_address_add(stack, netif, ip6_of("ff02::5"), 64), LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_address_add(stack, netif, ip6_of("::1"), 64), LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_address_add(stack, &world->second.netif, IP6_OTHER, 64),
                     LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_address_add(stack, netif, IP6_OTHER, 64), LEAT_OK);
    for (uint8_t count = 3; count < LEAT_IPV6_ADDRESSES_MAX; count++) {
        struct leat_ip more = IP6_OTHER;

        more.bytes[15] = (uint8_t)(count + 1);
        assert_int_equal(leat_address_add(stack, netif, more, 64), LEAT_OK);
    }
    assert_int_equal(leat_address_add(stack, netif, ip6_of("2001:db8::99"), 64), LEAT_ERR_FULL);
    assert_int_equal(leat_address_remove(stack, netif, IP6_OTHER), LEAT_OK);
    assert_int_equal(leat_address_remove(stack, netif, IP6_OTHER), LEAT_ERR_NOT_FOUND);
    assert_int_equal(leat_route_add(stack, ip6_of("2001:db8::"), 16, IP6_PEER), LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_route_add(stack, LEAT_IP_ANY, 0, IP6_US), LEAT_ERR_NO_ROUTE);
    assert_int_equal(leat_route_add(stack, LEAT_IP_ANY, 0, IP6_PEER_LINK), LEAT_OK);
    assert_int_equal(leat_route_remove(stack, LEAT_IP_ANY, 1), LEAT_ERR_NOT_FOUND);
    assert_int_equal(leat_ipv6_register(stack, 0), LEAT_ERR_IN_USE);
}

/* As for IPv4, the program needn't wait for the end of duplicate address detection. */
static void a_gateway_is_on_link_from_the_first_moment_on(void **state)
{
    struct world *world = *state;
    struct leat *stack = world->stack;
    struct leat_ip gateway = ip6_of("2001:db8:9::1");

    world_attach_second(world); /* otherwise a gateway would be on the only link */
    assert_int_equal(leat_route_add(stack, LEAT_IP_ANY, 0, gateway), LEAT_ERR_NO_ROUTE);
    assert_int_equal(leat_address_add(stack, &world->dev.netif, ip6_of("2001:db8:9::2"), 64),
                     LEAT_OK);
    assert_int_equal(leat_route_add(stack, LEAT_IP_ANY, 0, gateway), LEAT_OK);
}

/* Without leat_ipv6_register() frames and addresses of IPv6 are refused. */
static void without_ipv6_its_frames_and_addresses_are_refused(void **state)
{
    struct world *world = world_create();
    struct frame echo = frame_echo6(IP6_PEER, IP6_US, 8);

    world_init(world);
    *state = world;
    world_feed(world, &echo);
    assert_dropped(world, drop_eth_type);
    echo = frame_echo6(IP6_PEER, IP6_ALL, 8);
    world_feed(world, &echo);
    assert_dropped(world, drop_eth_not_ours);
    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, IP6_US, 64),
                     LEAT_ERR_FAMILY);
    assert_int_equal(leat_address_remove(world->stack, &world->dev.netif, IP6_US), LEAT_ERR_FAMILY);
    assert_int_equal(leat_route_add(world->stack, LEAT_IP_ANY, 0, IP6_PEER), LEAT_ERR_FAMILY);
    assert_int_equal(leat_route_remove(world->stack, IP6_PEER, 128), LEAT_ERR_FAMILY);
}

/* A netif whose MTU is below the minimum of IPv6 gets no IPv6 address (RFC 8200 5). */
static void a_netif_with_a_small_mtu_has_no_ipv6(void **state)
{
    struct world *world = world6_create();

    world->dev.netif.mtu = 1279;
    world_init(world);
    *state = world;
    world_wait(world, 3 * second);
    assert_int_equal(world->usable, 0);
    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, IP6_US, 64),
                     LEAT_ERR_ARGUMENT);
}

static void nothing_is_lost_when_memory_is_short(void **state)
{
    struct world *world = *state;
    const struct frame echo = frame_echo6(IP6_PEER, IP6_US, 8);
    struct leat_buf *all = world_take_all_small(world);

    world_feed(world, &echo);
    assert_ended(world, taken_icmp6);
    assert_grown(world, tx_no_memory, 1);
    world_give_all(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world6_test(echo_is_answered),
        world6_test(echo_to_all_nodes_is_answered_from_an_address_of_ours),
        world6_test(spoilt_messages_are_dropped),
        world6_test(messages_that_mean_nothing_to_us_are_ignored),
        world6_test(an_unregistered_protocol_is_a_parameter_problem),
        world6_test(no_next_header_is_no_error),
        world6_test(test_threat_V8_extension_headers_are_walked_or_complained_about),
        world6_test(echo_behind_options_is_answered),
        world6_test(test_threat_V11_errors_are_sent_to_single_hosts_about_single_hosts),
        world6_test(errors_are_limited),
        cmocka_unit_test(echoes_are_limited),
        world6_test(test_threat_V13_addresses_that_belong_on_no_wire_are_dropped),
        world6_test(groups_of_others_stop_at_the_filter),
        world6_test(an_atomic_fragment_is_a_whole_packet),
        world6_test(a_host_off_link_is_reached_by_a_gateway),
        world6_test(a_gateway_outside_of_all_prefixes_is_on_the_only_link),
        world6_test(routes_and_addresses_that_make_no_sense_are_refused),
        world6_test(a_gateway_is_on_link_from_the_first_moment_on),
        cmocka_unit_test_teardown(without_ipv6_its_frames_and_addresses_are_refused,
                                  world_teardown),
        cmocka_unit_test_teardown(a_netif_with_a_small_mtu_has_no_ipv6, world_teardown),
        world6_test(nothing_is_lost_when_memory_is_short),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
