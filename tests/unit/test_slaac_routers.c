/* test_slaac_routers.c -- which router is taken, and which one no more (RFC 4861 6.3.6, 7.3, RFC
 * 4191). */
#include "routers6.h"

#include "ip/v6/ipv6.h"
#include "base.h"

/* RFC 4191 3.1 */
static void the_preferred_router_and_the_longest_route_are_taken(void **state)
{
    struct home *home = *state;
    struct router first = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    struct router second_one = router6(IP6_ROUTER2, MAC_ROUTER2, 1800);
    struct leat_ip ip;

    home6_settle(home);
    ip = home->facts.ip;
    second_one.message[5] = 0x18; /* low */
    router6_prefix(&second_one, PREFIX6, 64, ON_LINK | AUTONOMOUS, 86400, 14400);
    router6_says(home->world, &second_one);
    assert_true(mac_is(home6_ping(home, IP6_FAR, ip), MAC_ROUTER));
    second_one.message[5] = 0x08; /* high */
    router6_says(home->world, &second_one);
    assert_true(mac_is(home6_ping(home, IP6_FAR, ip), MAC_ROUTER2));
    assert_true(leat_ip_equal(home->facts.gateway, IP6_ROUTER2));
    first.message[5] = 0x18;
    router6_route(&first, "2001:db8:ffff::", 48, 0x18, 600);
    router6_says(home->world, &first);
    assert_true(mac_is(home6_ping(home, IP6_FAR, ip), MAC_ROUTER));
    assert_true(mac_is(home6_ping(home, ip6_of("2001:db8:fffe::1"), ip), MAC_ROUTER2));
    first = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    router6_route(&first, "2001:db8:ffff::", 48, 0x10, 0); /* reserved: ignored */
    router6_says(home->world, &first);
    assert_true(mac_is(home6_ping(home, IP6_FAR, ip), MAC_ROUTER));
    router6_route(&first, "2001:db8:ffff::", 48, 0, 0);
    router6_says(home->world, &first);
    assert_true(mac_is(home6_ping(home, IP6_FAR, ip), MAC_ROUTER2));
    router6_route(&second_one, "::", 0, 0, 0); /* as default router, too (4.2) */
    router6_says(home->world, &second_one);
    assert_true(mac_is(home6_ping(home, IP6_FAR, ip), MAC_ROUTER));
}

/* RFC 4191 2.3: bits after the prefix are ignored, even inside a byte. */
static void a_route_may_end_inside_of_a_byte(void **state)
{
    struct home *home = *state;
    struct router first = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    struct router second_one = router6(IP6_ROUTER2, MAC_ROUTER2, 1800);
    struct leat_ip ip;

    home6_settle(home);
    ip = home->facts.ip;
    router6_says(home->world, &first);
    second_one.message[5] = 0x18;                              /* low */
    router6_route(&second_one, "2001:db8:abcd::", 42, 0, 600); /* 2001:db8:abc0::/42 */
    router6_says(home->world, &second_one);
    assert_true(mac_is(home6_ping(home, ip6_of("2001:db8:abc0::1"), ip), MAC_ROUTER2));
    assert_true(mac_is(home6_ping(home, ip6_of("2001:db8:abbf::1"), ip), MAC_ROUTER));
}

/* RFC 4861 7.3, RFC 4191 3.2, 3.5 */
static void a_router_that_does_not_answer_is_avoided_until_it_does(void **state)
{
    struct home *home = *state;
    struct router second_one = router6(IP6_ROUTER2, MAC_ROUTER2, 9000);
    struct leat_ip ip;

    home6_settle(home);
    ip = home->facts.ip;
    second_one.message[5] = 0x18; /* low */
    router6_prefix(&second_one, PREFIX6, 64, ON_LINK | AUTONOMOUS, 86400, 14400);
    router6_says(home->world, &second_one);
    assert_true(mac_is(home6_ping(home, IP6_FAR, ip), MAC_ROUTER)); /* stale: probed after 5 s */
    world_wait(home->world, 9 * second);                            /* three times */
    assert_true(leat_ip_equal(home->facts.gateway, IP6_ROUTER2));
    assert_true(mac_is(home6_ping(home, IP6_FAR, ip), MAC_ROUTER2));
    home6_answer_for(home, IP6_ROUTER2, &MAC_ROUTER2);
    world_wait(home->world, 40 * second);
    home6_ping(home, IP6_FAR, ip);
    assert_false(home6_was_asked(home, IP6_ROUTER));
    world_wait(home->world, 25 * second); /* a minute later it is probed again */
    home6_ping(home, IP6_FAR, ip);
    fake_netif_forget(&home->world->dev);
    world_wait(home->world, 1100 * ms);
    assert_true(home6_was_asked(home, IP6_ROUTER));
    home6_answer_for(home, IP6_ROUTER, &MAC_ROUTER);
    assert_true(leat_ip_equal(home->facts.gateway, IP6_ROUTER));
    assert_true(mac_is(home6_ping(home, IP6_FAR, ip), MAC_ROUTER));
}

/* While suspects exist, they are probed once a minute. */
static void a_router_that_goes_takes_the_suspicion_with_it(void **state)
{
    struct home *home = *state;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 0);
    const struct ipv6 *ipv6 = home->world->stack->ipv6;

    home6_settle(home);
    home6_ping(home, IP6_FAR, home->facts.ip);
    world_wait(home->world, 9 * second);
    assert_int_equal(ipv6->suspects, 1);
    router6_says(home->world, &router);
    assert_int_equal(ipv6->suspects, 0);
    world_wait(home->world, 61 * second);
    assert_false(timer_is_set(&ipv6->suspects_timer));
}

/* RFC 4861 7.2.5 */
static void a_router_that_says_it_is_none_is_none(void **state)
{
    struct home *home = *state;
    const struct leat_mac mac = MAC_ROUTER;
    struct frame frame;

    home6_settle(home);
    frame = frame_ndp(136, 0x20, IP6_ROUTER, home->facts.ip, IP6_ROUTER, &mac, 0);
    world_feed(home->world, &frame);
    assert_ended(home->world, taken_ndp);
    assert_true(leat_ip_is_any(home->facts.gateway));
}

/* Frames are processed before timers in a turn: an expired router must not be used even then. */
static void an_expired_router_is_not_used(void **state)
{
    struct home *home = *state;
    struct frame asked;

    home6_settle(home);
    assert_true(mac_is(home6_ping(home, IP6_FAR, home->facts.ip), MAC_ROUTER));
    home->world->now_ns += 1800 * second;
    fake_netif_forget(&home->world->dev);
    asked = frame_echo6(IP6_FAR, home->facts.ip, 8);
    world_feed(home->world, &asked);
    assert_int_equal(leat_stats(home->world->stack)->icmp_echo_replies, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        home6_test(the_preferred_router_and_the_longest_route_are_taken),
        home6_test(a_route_may_end_inside_of_a_byte),
        home6_test(a_router_that_does_not_answer_is_avoided_until_it_does),
        home6_test(a_router_that_goes_takes_the_suspicion_with_it),
        home6_test(a_router_that_says_it_is_none_is_none),
        home6_test(an_expired_router_is_not_used),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
