/* test_families.c -- a client with both families: IPv6 first, IPv4 if that takes too long. */
#include "connect_talk.h"

#include <leat/ipv6.h>

#include "service.h"
#include "family.h"
#include "link/link.h"

/* The same /64 on both ends; ::99 is unused. */
static const char zone[] = "$ORIGIN example.test.\n"
                           "@ 60 SOA ns host 1 2 3 4 5\n"
                           "@ 60 NS ns\n"
                           "ns 60 A 10.0.0.1\n"
                           "both 60 A 10.0.0.1\n"
                           "both 60 AAAA 2001:db8::1\n"
                           "half 60 A 10.0.0.1\n"
                           "half 60 AAAA 2001:db8::99\n"
                           "most 60 A 10.0.0.1\n"
                           "most 60 AAAA 2001:db8::98\n"
                           "most 60 AAAA 2001:db8::99\n"
                           "six 60 AAAA 2001:db8::1\n"
                           "refused 60 A 10.0.0.1\n"
                           "refused 60 AAAA 2001:db8::1\n";

static int both_set_up(void **state)
{
    static const uint8_t prefix[15] = {0x20, 0x01, 0x0d, 0xb8};
    struct talk *talk;

    world_has_ipv6 = true;
    talk_set_up(state);
    world_has_ipv6 = false;
    talk = *state;
    for (int end = 0; end < 2; end++) {
        struct dns_world *world = talk->f->world;
        struct leat_ip ip;

        memcpy(ip.bytes, prefix, sizeof prefix);
        ip.bytes[15] = (uint8_t)(end + 1);
        assert_int_equal(
            leat_address_add(world->stacks[end], leat_link_end(world->link, end), ip, 64), LEAT_OK);
    }
    world_wait(talk->f->world, 10 * second); /* RFC 4862 5.4 */
    talk_serve(talk, zone);
    return 0;
}

#define both_test(name) cmocka_unit_test_setup_teardown(name, both_set_up, talk_tear_down)

static struct leat_connect_try try_of(const struct talk *talk, const char *text)
{
    struct leat_ip ip;

    assert_true(leat_ip_parse(text, &ip));
    for (unsigned i = 0; i < talk->connecting.try_count; i++) {
        if (leat_ip_equal(talk->connecting.tries[i].remote.ip, ip))
            return talk->connecting.tries[i];
    }
    fail_msg("%s is no address of it", text);
    return (struct leat_connect_try){0};
}

static void assert_connected_to(const struct talk *talk, const char *text)
{
    struct leat_tcp_info info;
    char remote[LEAT_IP_TEXT_BYTES];

    assert_non_null(talk->conn);
    leat_tcp_get_info(talk->conn, &info);
    leat_ip_format(info.remote.ip, remote);
    assert_string_equal(remote, text);
    assert_int_equal(try_of(talk, text).err, LEAT_OK);
}

static void IPv6_is_tried_first_and_wins(void **state)
{
    struct talk *talk = *state;

    assert_int_equal(talk_connect(talk, "both.example.test", OPEN_PORT), LEAT_OK);
    assert_connected_to(talk, "2001:db8::1");
    assert_int_equal(try_of(talk, "10.0.0.1").state, LEAT_CONNECT_WAITS);
    assert_true(talk_took_ns(talk) < 20 * ms);
    assert_int_equal(talk_connect(talk, "six.example.test", OPEN_PORT), LEAT_OK);
    assert_connected_to(talk, "2001:db8::1");
}

/* RFC 8305 5 */
static void IPv4_is_tried_when_IPv6_has_been_silent_for_250_ms(void **state)
{
    struct talk *talk = *state;

    assert_int_equal(talk_connect(talk, "half.example.test", OPEN_PORT), LEAT_OK);
    assert_connected_to(talk, "10.0.0.1");
    assert_int_equal(try_of(talk, "2001:db8::99").state, LEAT_CONNECT_UNDER_WAY);
    assert_in_range(talk_took_ns(talk), 250 * ms, 260 * ms);
    talk->config.attempt_delay_ns = 100 * ms;
    assert_int_equal(talk_connect(talk, "half.example.test", OPEN_PORT), LEAT_OK);
    assert_in_range(talk_took_ns(talk), 100 * ms, 110 * ms);
}

/* RFC 8305 4: families alternate */
static void the_families_take_turns(void **state)
{
    struct talk *talk = *state;
    const char *first = "2001:db8::98", *second_one = "2001:db8::99";

    assert_int_equal(talk_connect(talk, "most.example.test", OPEN_PORT), LEAT_OK);
    assert_connected_to(talk, "10.0.0.1");
    assert_in_range(talk_took_ns(talk), 250 * ms, 260 * ms);
    assert_int_equal((try_of(talk, first).state == LEAT_CONNECT_UNDER_WAY) +
                         (try_of(talk, second_one).state == LEAT_CONNECT_UNDER_WAY),
                     1);
}

static const struct leat_ip ours = {{0x20, 0x01, 0x0d, 0xb8, [15] = 2}};

/* The server is its router. */
static void give_again(struct talk *talk)
{
    struct leat *server = talk->f->world->stacks[SERVER];

    assert_int_equal(
        leat_address_add(talk->client, leat_link_end(talk->f->world->link, CLIENT), ours, 128),
        LEAT_OK);
    assert_int_equal(leat_route_add(talk->client, LEAT_IP_ANY, 0,
                                    server->ipv6_family->link_local(&server->links[0])),
                     LEAT_OK);
}

static void take(struct talk *talk)
{
    assert_int_equal(
        leat_address_remove(talk->client, leat_link_end(talk->f->world->link, CLIENT), ours),
        LEAT_OK);
}

/* RFC 4862 5.4: a program that starts at once has only its link-local IPv6 address for a
 * second, which routers don't forward. */
static void who_has_IPv6_in_a_second_waits_for_it_if_nothing_else_helps(void **state)
{
    struct talk *talk = *state;

    take(talk);
    give_again(talk);
    assert_false(leat_address_is_ours(talk->client, ours));
    assert_int_equal(talk_connect(talk, "both.example.test", OPEN_PORT), LEAT_OK);
    assert_connected_to(talk, "10.0.0.1");
    assert_true(talk_took_ns(talk) < 20 * ms);
    assert_int_equal(talk_connect(talk, "six.example.test", OPEN_PORT), LEAT_OK);
    assert_connected_to(talk, "2001:db8::1");
    assert_in_range(talk_took_ns(talk), 800 * ms, 1250 * ms);
    assert_true(talk_took_ns(talk) % (50 * ms) < ms); /* checked every 50 ms */
    assert_true(leat_address_is_ours(talk->client, ours));
}

/* Each address without a route is tried again, not only the first. */
static void all_addresses_are_tried_again_when_there_is_a_route(void **state)
{
    struct talk *talk = *state;

    take(talk);
    give_again(talk);
    talk->config.hosts =
        "2001:db8::98 three.test\n2001:db8::99 three.test\n2001:db8::1 three.test\n";
    assert_int_equal(talk_connect(talk, "three.test", OPEN_PORT), LEAT_OK);
    assert_connected_to(talk, "2001:db8::1");
    assert_in_range(talk_took_ns(talk), 800 * ms, 1750 * ms);
}

/* Another error is final: the address isn't tried again while the route is awaited. */
static void an_address_that_has_refused_is_not_tried_again(void **state)
{
    struct talk *talk = *state;

    take(talk);
    give_again(talk);
    assert_int_equal(talk_connect(talk, "refused.example.test", SHUT_PORT), LEAT_ERR_REFUSED);
    assert_int_equal(try_of(talk, "2001:db8::1").err, LEAT_ERR_REFUSED);
    assert_int_equal(try_of(talk, "10.0.0.1").err, LEAT_ERR_REFUSED);
    assert_in_range(talk_took_ns(talk), 800 * ms, 1250 * ms);
    assert_true(try_of(talk, "10.0.0.1").begun_ns < talk->began_ns + 20 * ms);
}

static void who_has_no_IPv6_waits_for_nothing(void **state)
{
    struct talk *talk = *state;

    take(talk);
    assert_int_equal(talk_connect(talk, "six.example.test", OPEN_PORT), LEAT_ERR_NO_ROUTE);
    assert_true(talk_took_ns(talk) < 20 * ms);
}

/* RFC 6724 2.1: fc00::/7 has a lower precedence than IPv4; this matters if both are known at
 * once. */
static void a_unique_local_address_goes_behind_IPv4(void **state)
{
    struct talk *talk = *state;

    talk->config.hosts = "fd00::99 local.example.test\n10.0.0.1 local.example.test";
    assert_int_equal(talk_connect(talk, "local.example.test", OPEN_PORT), LEAT_OK);
    assert_connected_to(talk, "10.0.0.1");
    assert_true(talk_took_ns(talk) < 20 * ms);
    assert_int_equal(try_of(talk, "fd00::99").state, LEAT_CONNECT_WAITS);
}

/* RFC 6724 6, rule 5: our only address is IPv6, and its label differs from theirs. */
static void a_source_that_does_not_suit_goes_behind_IPv4(void **state)
{
    struct talk *talk = *state;
    struct dns_world *world = talk->f->world;
    struct leat_netif *netif = leat_link_end(world->link, CLIENT);
    struct leat_ip global, local, gateway;

    assert_true(leat_ip_parse("2001:db8::2", &global));
    assert_true(leat_ip_parse("fd00::2", &local));
    assert_true(leat_ip_parse("fd00::1", &gateway));
    assert_int_equal(leat_address_remove(world->stacks[CLIENT], netif, global), LEAT_OK);
    assert_int_equal(leat_address_add(world->stacks[CLIENT], netif, local, 64), LEAT_OK);
    world_wait(world, 10 * second);
    assert_int_equal(leat_route_add(world->stacks[CLIENT], LEAT_IP_ANY, 0, gateway), LEAT_OK);
    talk->config.hosts = "2001:db8:1::99 far.example.test\n10.0.0.1 far.example.test";
    assert_int_equal(talk_connect(talk, "far.example.test", OPEN_PORT), LEAT_OK);
    assert_connected_to(talk, "10.0.0.1");
    assert_int_equal(try_of(talk, "2001:db8:1::99").state, LEAT_CONNECT_WAITS);
}

/* Rule 9 */
static void the_longest_prefix_in_common_goes_first(void **state)
{
    struct talk *talk = *state;
    struct leat_ip gateway;

    assert_true(leat_ip_parse("2001:db8::77", &gateway));
    assert_int_equal(leat_route_add(talk->f->world->stacks[CLIENT], LEAT_IP_ANY, 0, gateway),
                     LEAT_OK);
    talk->config.hosts = "2001:db8:8000::99 two.example.test\n2001:db8::1 two.example.test";
    assert_int_equal(talk_connect(talk, "two.example.test", OPEN_PORT), LEAT_OK);
    assert_connected_to(talk, "2001:db8::1");
    assert_int_equal(try_of(talk, "2001:db8:8000::99").state, LEAT_CONNECT_WAITS);
}

/* Rule 1: without an IPv6 address of ours these addresses come last. */
static void unreachable_addresses_come_last(void **state)
{
    struct talk *talk = *state;
    struct dns_world *world = talk->f->world;
    struct leat_ip global;

    assert_true(leat_ip_parse("2001:db8::2", &global));
    assert_int_equal(
        leat_address_remove(world->stacks[CLIENT], leat_link_end(world->link, CLIENT), global),
        LEAT_OK);
    talk->config.hosts = "10.0.0.1 two.example.test\n2001:db8::1 two.example.test";
    assert_int_equal(talk_connect(talk, "two.example.test", OPEN_PORT), LEAT_OK);
    assert_connected_to(talk, "10.0.0.1");
    assert_int_equal(try_of(talk, "2001:db8::1").state, LEAT_CONNECT_WAITS);
}

static struct destination reached(const char *ip, const char *source)
{
    struct destination made = {.source_bits = 64};

    assert_true(leat_ip_parse(ip, &made.ip));
    assert_true(leat_ip_parse(source, &made.source));
    return made;
}

/* The examples of RFC 6724 10.2, except those about home addresses: the first of each pair is
 * preferred. */
static void the_examples_of_RFC_6724(void **state)
{
    static const char *const examples[][4] = {
        {"2001:db8::1", "2001:db8::2", "198.51.100.121", "169.254.13.78"},
        {"198.51.100.121", "198.51.100.117", "2001:db8:1::1", "fe80::1"},
        {"2001:db8:1::1", "2001:db8:1::2", "10.1.2.3", "10.1.2.4"},
        {"fe80::1", "fe80::2", "2001:db8:1::1", "2001:db8:1::2"},
        {"2002:c633:6401::1", "2002:c633:6401::2", "2001:db8:1::1", "2002:c633:6401::2"},
        {"2001:db8:1::1", "2001:db8:1::2", "2002:c633:6401::1", "2002:c633:6401::2"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const struct destination first = reached(examples[i][0], examples[i][1]);
        const struct destination other = reached(examples[i][2], examples[i][3]);

        assert_true(destination_goes_before(NULL, &first, &other));
        assert_false(destination_goes_before(NULL, &other, &first));
    }
}

/* Rule 3 */
static void a_deprecated_source_goes_behind(void **state)
{
    const struct destination other = reached("2001:db8:1::1", "2001:db8:2::2");
    struct destination first = reached("2001:db8:2::1", "2001:db8:2::2");

    (void)state;
    assert_true(destination_goes_before(NULL, &first, &other)); /* by rule 9 */
    first.is_deprecated = true;
    assert_false(destination_goes_before(NULL, &first, &other));
    assert_true(destination_goes_before(NULL, &other, &first));
}

static void refusals_by_both_families_are_reported(void **state)
{
    struct talk *talk = *state;

    assert_int_equal(talk_connect(talk, "refused.example.test", SHUT_PORT), LEAT_ERR_REFUSED);
    assert_int_equal(try_of(talk, "2001:db8::1").err, LEAT_ERR_REFUSED);
    assert_int_equal(try_of(talk, "10.0.0.1").err, LEAT_ERR_REFUSED);
    assert_true(talk_took_ns(talk) < 20 * ms); /* without the delay */
}

static void a_family_without_an_address_is_told(void **state)
{
    struct talk *talk = *state;
    struct dns_world *world = talk->f->world;
    struct leat_netif *netif = leat_link_end(world->link, CLIENT);
    struct leat_ip ip;

    assert_true(leat_ip_parse("2001:db8::2", &ip));
    assert_int_equal(leat_address_remove(world->stacks[CLIENT], netif, ip), LEAT_OK);
    assert_int_equal(talk_connect(talk, "2001:db8::1", OPEN_PORT), LEAT_ERR_NO_ROUTE);
    assert_string_equal(talk_text(talk), "2001:db8::1: 2001:db8::1 no route to host (we have no "
                                         "IPv6 address but link-local ones)");
    assert_true(leat_ip_parse("10.0.0.2", &ip));
    assert_int_equal(talk_connect(talk, "192.0.2.1", OPEN_PORT), LEAT_ERR_NO_ROUTE);
    assert_string_equal(talk_text(talk), "192.0.2.1: 192.0.2.1 no route to host");
    assert_int_equal(leat_address_remove(world->stacks[CLIENT], netif, ip), LEAT_OK);
    assert_int_equal(talk_connect(talk, "10.0.0.1", OPEN_PORT), LEAT_ERR_NO_ROUTE);
    assert_string_equal(talk_text(talk),
                        "10.0.0.1: 10.0.0.1 no route to host (we have no IPv4 address)");
}

static void a_neighbour_that_does_not_answer_is_told(void **state)
{
    struct talk *talk = *state;

    assert_int_equal(talk_connect(talk, "2001:db8::99", OPEN_PORT), LEAT_ERR_TIMEOUT);
    assert_string_equal(talk_text(talk), "2001:db8::99: 2001:db8::99 timed out (no answer from "
                                         "2001:db8::99 to neighbour discovery)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        both_test(IPv6_is_tried_first_and_wins),
        both_test(IPv4_is_tried_when_IPv6_has_been_silent_for_250_ms),
        both_test(the_families_take_turns),
        both_test(who_has_IPv6_in_a_second_waits_for_it_if_nothing_else_helps),
        both_test(all_addresses_are_tried_again_when_there_is_a_route),
        both_test(an_address_that_has_refused_is_not_tried_again),
        both_test(who_has_no_IPv6_waits_for_nothing),
        both_test(a_unique_local_address_goes_behind_IPv4),
        both_test(a_source_that_does_not_suit_goes_behind_IPv4),
        both_test(the_longest_prefix_in_common_goes_first),
        both_test(unreachable_addresses_come_last),
        cmocka_unit_test(the_examples_of_RFC_6724),
        cmocka_unit_test(a_deprecated_source_goes_behind),
        both_test(refusals_by_both_families_are_reported),
        both_test(a_family_without_an_address_is_told),
        both_test(a_neighbour_that_does_not_answer_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
