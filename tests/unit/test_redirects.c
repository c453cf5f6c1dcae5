/* test_redirects.c -- redirects of routers (RFC 4861 8). */
#include "routers6.h"

enum {
    REDIRECT = 137,
    MESSAGE_BYTES = 48
};

#define IP6_FAR2 ip6_of("2001:db8:ffff::2")
#define MAC_FAR  ((struct leat_mac){{2, 0, 0, 0, 0, 0xf}})

/* A redirect from @router: @target, which is at @mac, is the next hop to @dst. */
static struct frame redirect_of(struct leat_ip router, struct leat_ip us, struct leat_ip dst,
                                struct leat_ip target, struct leat_mac mac)
{
    uint8_t message[MESSAGE_BYTES] = {REDIRECT};
    struct frame frame;

    memcpy(message + 8, target.bytes, 16);
    memcpy(message + 24, dst.bytes, 16);
    message[40] = 2;
    message[41] = 1;
    memcpy(message + 42, mac.octet, 6);
    frame = frame_icmp6(router, us, message, sizeof message);
    frame_from(&frame, &MAC_ROUTER);
    return frame;
}

/* The usual redirect: to another router. */
static struct frame to_router2(const struct home *home)
{
    return redirect_of(IP6_ROUTER, home->facts.ip, IP6_FAR, IP6_ROUTER2, MAC_ROUTER2);
}

static struct leat_mac way_to(struct home *home, struct leat_ip dst)
{
    return home6_ping(home, dst, home->facts.ip);
}

static bool goes_to(struct home *home, struct leat_ip dst, struct leat_mac mac)
{
    return mac_is(way_to(home, dst), mac);
}

/* Feeds a redirect, which must be accepted. */
static void is_taken(struct home *home, const struct frame *frame)
{
    world_feed(home->world, frame);
    assert_dropped(home->world, taken_ndp);
}

/* RFC 4861 8.3 */
static void packets_to_a_host_follow_the_redirect_of_its_router(void **state)
{
    struct home *home = *state;
    struct frame frame;

    home6_settle(home);
    frame = to_router2(home);
    assert_true(goes_to(home, IP6_FAR, MAC_ROUTER));
    is_taken(home, &frame);
    assert_grown(home->world, ndp_redirects, 1);
    assert_true(goes_to(home, IP6_FAR, MAC_ROUTER2));
    assert_true(goes_to(home, IP6_FAR2, MAC_ROUTER));
    /* only the present next hop may redirect again */
    frame = redirect_of(IP6_ROUTER, home->facts.ip, IP6_FAR, IP6_FAR, MAC_FAR);
    world_feed(home->world, &frame);
    assert_dropped(home->world, drop_ndp_not_ours);
    frame = redirect_of(IP6_ROUTER2, home->facts.ip, IP6_FAR, IP6_FAR, MAC_FAR);
    is_taken(home, &frame);
    assert_true(goes_to(home, IP6_FAR, MAC_FAR));
}

static void a_destination_may_turn_out_to_be_a_neighbour(void **state)
{
    struct home *home = *state;
    const struct leat_ip far = IP6_FAR;
    struct frame frame, advertisement;

    home6_settle(home);
    frame = redirect_of(IP6_ROUTER, home->facts.ip, far, far, MAC_FAR);
    is_taken(home, &frame);
    assert_true(goes_to(home, far, MAC_FAR));
    /* it is no router, and needn't be one */
    advertisement = frame_ndp(136, 0x60, far, home->facts.ip, far, &MAC_FAR, 0);
    world_feed(home->world, &advertisement);
    assert_ended(home->world, taken_ndp);
    assert_true(goes_to(home, far, MAC_FAR));
}

/* RFC 4861 7.3.3, 7.2.5 */
static void a_redirect_to_a_silent_host_or_no_router_ends(void **state)
{
    struct home *home = *state;
    const struct leat_ip router2 = IP6_ROUTER2;
    struct frame frame, advertisement;

    home6_settle(home);
    frame = to_router2(home);
    world_feed(home->world, &frame);
    assert_true(goes_to(home, IP6_FAR, MAC_ROUTER2));
    world_wait(home->world, 10 * second); /* three probes, no answer */
    assert_true(goes_to(home, IP6_FAR, MAC_ROUTER));
    world_feed(home->world, &frame);
    assert_true(goes_to(home, IP6_FAR, MAC_ROUTER2));
    advertisement = frame_ndp(136, 0x20, router2, IP6_ALL, router2, &MAC_ROUTER2, 0);
    world_feed(home->world, &advertisement);
    assert_true(goes_to(home, IP6_FAR, MAC_ROUTER));
}

static void a_redirect_ends_after_ten_minutes(void **state)
{
    struct home *home = *state;
    const struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    const struct leat_ip router2 = IP6_ROUTER2;
    struct frame frame;

    home6_settle(home);
    frame = to_router2(home);
    world_feed(home->world, &frame);
    for (unsigned i = 0; i < 2; i++) {
        const struct frame is_there =
            frame_ndp(136, 0xe0, router2, home->facts.ip, router2, &MAC_ROUTER2, 0);

        assert_true(goes_to(home, IP6_FAR, MAC_ROUTER2));
        world_feed(home->world, &is_there);
        world_wait(home->world, 299 * second);
        router6_says(home->world, &router);
    }
    assert_true(goes_to(home, IP6_FAR, MAC_ROUTER2));
    world_wait(home->world, 3 * second);
    assert_true(goes_to(home, IP6_FAR, MAC_ROUTER));
}

static void only_so_many_are_kept_and_the_oldest_goes(void **state)
{
    struct home *home = *state;
    struct frame frame;

    home6_settle(home);
    for (uint8_t i = 0; i < 17; i++) {
        struct leat_ip dst = IP6_FAR;

        dst.bytes[15] = i;
        frame = redirect_of(IP6_ROUTER, home->facts.ip, dst, IP6_ROUTER2, MAC_ROUTER2);
        is_taken(home, &frame);
        world_wait(home->world, ms);
    }
    assert_true(mac_is(way_to(home, ip6_of("2001:db8:ffff::")), MAC_ROUTER));
    assert_true(goes_to(home, IP6_FAR, MAC_ROUTER2));
    assert_true(mac_is(way_to(home, ip6_of("2001:db8:ffff::10")), MAC_ROUTER2));
    leat_slaac_stop(home->slaac); /* redirects end with the router's configuration */
    assert_int_equal(leat_slaac_start(home->world->stack, &home->world->dev.netif, &home->slaac, 0),
                     LEAT_OK);
    home6_settle(home);
    assert_true(goes_to(home, IP6_FAR, MAC_ROUTER));
}

static void expect_refusal(struct home *home, const struct frame *frame, bool by_format)
{
    world_feed(home->world, frame);
    if (by_format)
        assert_dropped(home->world, drop_ndp_format);
    else
        assert_dropped(home->world, drop_ndp_not_ours);
    assert_true(goes_to(home, IP6_FAR, MAC_ROUTER));
}

/* V7: RFC 4861 8.1 */
static void test_threat_V7_redirects_of_others_are_ignored(void **state)
{
    struct home *home = *state;
    struct leat_ip us;
    struct frame frame;

    home6_settle(home);
    us = home->facts.ip;
    frame = redirect_of(IP6_ROUTER2, us, IP6_FAR, IP6_ROUTER2, MAC_ROUTER2);
    expect_refusal(home, &frame, false);
    frame = redirect_of(IP6_FAR, us, IP6_FAR, IP6_ROUTER2, MAC_ROUTER2); /* no link-local source */
    expect_refusal(home, &frame, true);
    frame = to_router2(home);
    frame.bytes[21] = 254;
    expect_refusal(home, &frame, true);
    frame = redirect_of(IP6_ROUTER, IP6_ALL, IP6_FAR, IP6_ROUTER2, MAC_ROUTER2);
    frame.bytes[0] = frame.bytes[1] = 0x33;
    memcpy(frame.bytes + 2, IP6_ALL.bytes + 12, 4);
    expect_refusal(home, &frame, true);
    frame = to_router2(home);
    frame.bytes[FRAME6_L4 + 1] = 1;
    frame_icmp6_repair(&frame);
    expect_refusal(home, &frame, true);
    frame = to_router2(home);
    frame.bytes[FRAME6_L4 + 41] = 0;
    frame_icmp6_repair(&frame);
    expect_refusal(home, &frame, true);
}

/* V7: a target must be a router on the link or the destination itself, and not be us or a
 * neighbour */
static void test_threat_V7_redirects_to_strange_targets_are_ignored(void **state)
{
    struct home *home = *state;
    struct leat_ip us, neighbour;
    struct frame frame;

    home6_settle(home);
    us = neighbour = home->facts.ip;
    neighbour.bytes[15] ^= 1;
    frame = redirect_of(IP6_ROUTER, us, IP6_FAR, IP6_FAR2, MAC_ROUTER2);
    expect_refusal(home, &frame, false);
    frame = redirect_of(IP6_ROUTER, us, IP6_FAR, us, MAC_ROUTER2);
    expect_refusal(home, &frame, false);
    frame = redirect_of(IP6_ROUTER, us, us, IP6_ROUTER2, MAC_ROUTER2);
    expect_refusal(home, &frame, false);
    frame = redirect_of(IP6_ROUTER, us, IP6_FAR, IP6_ALL, MAC_ROUTER2);
    expect_refusal(home, &frame, true);
    frame = redirect_of(IP6_ROUTER, us, IP6_ALL, IP6_ROUTER2, MAC_ROUTER2);
    expect_refusal(home, &frame, true);
    frame = redirect_of(IP6_ROUTER, us, neighbour, IP6_ROUTER2, MAC_ROUTER2);
    expect_refusal(home, &frame, false);
    frame = redirect_of(IP6_ROUTER, us, LEAT_IP_ANY, IP6_ROUTER2, MAC_ROUTER2);
    expect_refusal(home, &frame, false);
}

static void test_threat_V7_redirects_are_off_by_configuration(void **state)
{
    struct home *home = home6_create();
    struct frame frame;

    *state = home;
    home->world->ipv6_config.no_redirects = true;
    home6_begin(home);
    home6_settle(home);
    frame = to_router2(home);
    expect_refusal(home, &frame, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        home6_test(packets_to_a_host_follow_the_redirect_of_its_router),
        home6_test(a_destination_may_turn_out_to_be_a_neighbour),
        home6_test(a_redirect_to_a_silent_host_or_no_router_ends),
        home6_test(a_redirect_ends_after_ten_minutes),
        home6_test(only_so_many_are_kept_and_the_oldest_goes),
        home6_test(test_threat_V7_redirects_of_others_are_ignored),
        home6_test(test_threat_V7_redirects_to_strange_targets_are_ignored),
        cmocka_unit_test_teardown(test_threat_V7_redirects_are_off_by_configuration,
                                  home6_teardown),
    };

    return cmocka_run_group_tests_name("redirects", tests, 0, 0);
}
