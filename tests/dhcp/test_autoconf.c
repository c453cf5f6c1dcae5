/* test_autoconf.c -- the settings of a lease in the stack, and their withdrawal. */
#include "dhcp_home.h"

#include "ip/ipv4.h"
#include <leat/autoconf.h>

#define IP_FAR IP4(192, 0, 2, 1)

static enum leat_err path_to(struct home *home, struct path *path)
{
    return ipv4_path(home->talk.world->stack, IP4_ANY, IP_FAR, path);
}

static void a_lease_sets_address_route_and_mtu(void **state)
{
    struct home *home = *state;
    const struct leat_autoconf_facts *facts;
    struct path path;

    home_configure(home);
    facts = leat_autoconf_facts(home->autoconf);
    assert_int_equal(leat_ip_v4_number(facts->ip), IP_GRANTED);
    assert_int_equal(facts->prefix_bits, 24);
    assert_false(facts->is_link_local);
    assert_int_equal(leat_ip_v4_number(facts->gateway), IP_GATEWAY);
    assert_int_equal(facts->mtu, 1400);
    assert_int_equal(leat_ip_v4_number(facts->name_servers[0]), IP4(9, 9, 9, 9));
    assert_int_equal(path_to(home, &path), LEAT_OK);
    assert_int_equal(path.next_hop, IP_GATEWAY);
    assert_int_equal(path.src, IP_GRANTED);
    assert_int_equal(path.mtu, 1400);
}

/* RFC 2132 8.4, 9.13 */
static void the_vendor_class_is_said_and_its_answer_is_in_the_lease(void **state)
{
    struct home *home = *state;
    const struct leat_dhcp_lease *lease;
    struct answer made;

    home->config.vendor_class = "leat test";
    home_start(home);
    assert_memory_equal(heard_option(&home->talk.heard, 60), "\11leat test", 10);
    made = answer(&home->talk, OFFER, 3600);
    talk_feed(&home->talk, &made);
    talk_listen(&home->talk);
    made = answer(&home->talk, ACK, 3600);
    answer_option(&made, 43, "\1\2ab", 4);
    talk_feed(&home->talk, &made);
    assert_int_equal(home->configured, 1);
    lease = leat_dhcp_lease(leat_autoconf_dhcp(home->autoconf));
    assert_int_equal(lease->vendor_bytes, 4);
    assert_memory_equal(lease->vendor, "\1\2ab", 4);
}

static void only_changes_of_a_renewal_are_told(void **state)
{
    struct home *home = *state;
    struct talk *talk = &home->talk;

    home_configure(home);
    for (unsigned i = 0; i < 2; i++) {
        talk_wait_until(talk, talk->dhcp->t1_ns);
        world_wait(talk->world, ms);
        talk_heard(talk, 3);
        home_acknowledge(home, i == 0 ? IP4(9, 9, 9, 9) : IP4(1, 1, 1, 1));
        assert_int_equal(home->changes[LEAT_AUTOCONF_FACTS], i);
    }
    assert_int_equal(leat_ip_v4_number(leat_autoconf_facts(home->autoconf)->name_servers[0]),
                     IP4(1, 1, 1, 1));
    assert_int_equal(home->changes[LEAT_AUTOCONF_ADDRESS], 0);
    assert_int_equal(home->configured, 1);
}

/* A network that grows: its router has the broadcast address of the old mask. */
static void a_renewal_may_have_another_mask_and_a_router_behind_it(void **state)
{
    struct home *home = *state;
    struct talk *talk = &home->talk;
    struct answer ack;
    struct path path;

    home_configure(home);
    talk_wait_until(talk, talk->dhcp->t1_ns);
    world_wait(talk->world, ms);
    talk_heard(talk, 3);
    ack = answer(talk, ACK, 3600);
    answer_change(&ack, 1, "\xff\xff\xfe\0", 4);
    answer_option32(&ack, 3, IP4(10, 0, 1, 1));
    talk_feed(talk, &ack);
    assert_int_equal(leat_autoconf_facts(home->autoconf)->prefix_bits, 23);
    assert_int_equal(path_to(home, &path), LEAT_OK);
    assert_int_equal(path.next_hop, IP4(10, 0, 1, 1));
    assert_int_equal(path.src, IP_GRANTED);
}

static void all_goes_with_the_lease_and_comes_back(void **state)
{
    struct home *home = *state;
    struct talk *talk = &home->talk;
    struct answer made;
    struct path path;

    home_configure(home);
    talk_wait_until(talk, talk->dhcp->expires_ns);
    assert_int_equal(home->changes[LEAT_AUTOCONF_ADDRESS], 1);
    assert_int_equal(leat_ip_v4_number(leat_autoconf_facts(home->autoconf)->ip), IP4_ANY);
    assert_int_equal(leat_autoconf_facts(home->autoconf)->mtu, 1500);
    assert_int_equal(leat_ip_v4_number(leat_address(talk->world->stack, home_netif(home))),
                     IP4_ANY);
    assert_int_equal(path_to(home, &path), LEAT_ERR_NO_ROUTE);
    assert_int_equal(leat_route_remove(talk->world->stack, LEAT_IP4_ANY, 0), LEAT_ERR_NOT_FOUND);
    world_wait(talk->world, ms);
    talk_heard(talk, 1);
    made = answer(talk, OFFER, 3600);
    talk_feed(talk, &made);
    home_acknowledge(home, IP4(9, 9, 9, 9));
    assert_int_equal(home->changes[LEAT_AUTOCONF_ADDRESS], 2);
    assert_int_equal(home->configured, 1);
    assert_int_equal(path_to(home, &path), LEAT_OK);
}

static void a_refused_renewal_is_told_and_ends_it(void **state)
{
    struct home *home = *state;
    struct talk *talk = &home->talk;
    struct answer nak;

    home_configure(home);
    talk_wait_until(talk, talk->dhcp->t1_ns);
    nak = answer(talk, NAK, 0);
    talk_feed(talk, &nak);
    assert_int_equal(home->changes[LEAT_AUTOCONF_REFUSED], 1);
    assert_int_equal(home->changes[LEAT_AUTOCONF_ADDRESS], 1);
}

static void a_route_that_is_there_is_left_alone(void **state)
{
    struct home *home = *state;
    struct leat *stack = home->talk.world->stack;

    assert_int_equal(leat_address_add(stack, home_netif(home), LEAT_IP4(10, 0, 0, 77), 24),
                     LEAT_OK);
    assert_int_equal(leat_route_add(stack, LEAT_IP4_ANY, 0, LEAT_IP4(10, 0, 0, 78)), LEAT_OK);
    home_configure(home);
    assert_int_equal(leat_ip_v4_number(leat_autoconf_facts(home->autoconf)->gateway), IP4_ANY);
    leat_autoconf_stop(home->autoconf, true);
    assert_int_equal(leat_route_remove(stack, LEAT_IP4_ANY, 0), LEAT_OK);
}

/* RFC 3442, as clouds route an address without a network to its router. */
static void routes_on_the_link_are_set_with_those_behind_them(void **state)
{
    static const uint8_t routes[] = {0, 172, 16, 0, 1, 32, 172, 16, 0, 1, 0, 0, 0, 0};
    struct home *home = *state;
    struct talk *talk = &home->talk;
    struct answer made;
    struct path path;

    home->config.routes = true;
    home_start(home);
    made = answer(talk, OFFER, 3600);
    talk_feed(talk, &made);
    talk_listen(talk);
    made = answer(talk, ACK, 3600);
    answer_change(&made, 1, "\xff\xff\xff\xff", 4);
    answer_option(&made, 121, routes, sizeof routes);
    talk_feed(talk, &made);
    assert_int_equal(home->configured, 1);
    assert_int_equal(path_to(home, &path), LEAT_OK);
    assert_int_equal(path.next_hop, IP4(172, 16, 0, 1));
    assert_int_equal(path.src, IP_GRANTED);
    assert_int_equal(leat_ip_v4_number(leat_autoconf_facts(home->autoconf)->gateway),
                     IP4(172, 16, 0, 1));
    leat_autoconf_stop(home->autoconf, true);
    assert_int_equal(leat_route_remove(talk->world->stack, LEAT_IP4(172, 16, 0, 1), 32),
                     LEAT_ERR_NOT_FOUND);
}

static void stop_takes_all_out_and_restart_begins_again(void **state)
{
    struct home *home = *state;
    struct talk *talk = &home->talk;
    uint8_t kept[LEAT_AUTOCONF_KEPT_BYTES];

    assert_int_equal(leat_route_remove(talk->world->stack, LEAT_IP4_ANY, 0), LEAT_ERR_NOT_FOUND);
    home_configure(home);
    assert_true(leat_autoconf_keep(home->autoconf, kept));
    assert_int_equal(leat_autoconf_restart(home->autoconf), LEAT_ERR_IN_USE);
    leat_autoconf_stop(home->autoconf, true);
    world_wait(talk->world, ms);
    talk_heard(talk, 7);
    assert_false(leat_autoconf_keep(home->autoconf, kept));
    assert_int_equal(leat_ip_v4_number(leat_address(talk->world->stack, home_netif(home))),
                     IP4_ANY);
    assert_int_equal(leat_autoconf_restart(home->autoconf), LEAT_OK);
    world_wait(talk->world, ms);
    talk_heard(talk, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        home_test(the_vendor_class_is_said_and_its_answer_is_in_the_lease),
        home_test(a_lease_sets_address_route_and_mtu),
        home_test(only_changes_of_a_renewal_are_told),
        home_test(a_renewal_may_have_another_mask_and_a_router_behind_it),
        home_test(all_goes_with_the_lease_and_comes_back),
        home_test(a_refused_renewal_is_told_and_ends_it),
        home_test(a_route_that_is_there_is_left_alone),
        home_test(routes_on_the_link_are_set_with_those_behind_them),
        home_test(stop_takes_all_out_and_restart_begins_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
