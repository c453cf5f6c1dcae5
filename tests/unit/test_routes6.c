/*
 * test_routes6.c -- datagrams with a cached path take a better one as soon as there is one, and
 * received packets are checked again when the path back has changed.
 */
#include "routers6.h"

#include "ip/v6/ipv6.h"

enum {
    PORT = 9,
    HIGH = 0x08, /* preferences of an advertisement (RFC 4191 2.2) */
    LOW = 0x18
};

struct sender {
    struct home *home;
    struct leat_udp *udp;
};

static void is_there(struct home *home, struct leat_ip router, struct leat_mac mac)
{
    const struct frame answer =
        frame_ndp(136, 0x80 | 0x60, router, home->facts.ip, router, &mac, 0);

    world_feed(home->world, &answer);
}

static void says(struct home *home, uint8_t preference, uint16_t lifetime_s)
{
    struct router router = router6(IP6_ROUTER2, MAC_ROUTER2, lifetime_s);

    router.message[5] = preference;
    router6_prefix(&router, PREFIX6, 64, ON_LINK | AUTONOMOUS, 86400, 14400);
    router6_says(home->world, &router);
}

/* Sends a datagram to a host behind the routers; returns the Ethernet address of the router. */
static struct leat_mac way(struct sender *sender)
{
    struct world *world = sender->home->world;
    const struct fake_frame *sent;
    struct leat_mac mac = {{0}};

    assert_int_equal(world_send_to(world, sender->udp, leat_endpoint_of(IP6_FAR, PORT), "text", 4),
                     LEAT_OK);
    while ((sent = fake_netif_sent(&world->dev))) {
        if (sent->bytes[20] == 17)
            memcpy(mac.octet, sent->bytes, 6);
    }
    return mac;
}

static bool goes_by(struct sender *sender, struct leat_mac mac)
{
    return mac_is(way(sender), mac);
}

/* Two routers that are known; datagrams use the first one, with cached headers. */
static struct sender begin(struct home *home)
{
    struct sender sender = {.home = home};

    home6_settle(home);
    says(home, 0, 1800);
    sender.udp = world_socket(home->world, 7);
    is_there(home, IP6_ROUTER, MAC_ROUTER);
    is_there(home, IP6_ROUTER2, MAC_ROUTER2);
    for (unsigned i = 0; i < 3; i++) {
        (void)way(&sender);
        is_there(home, IP6_ROUTER, MAC_ROUTER);
    }
    assert_true(goes_by(&sender, MAC_ROUTER));
    return sender;
}

static void a_flow_follows_advertisements(void **state)
{
    struct home *home = *state;
    struct sender sender = begin(home);

    says(home, HIGH, 1800);
    assert_true(goes_by(&sender, MAC_ROUTER2));
    is_there(home, IP6_ROUTER2, MAC_ROUTER2);
    assert_true(goes_by(&sender, MAC_ROUTER2));
    says(home, LOW, 1800);
    assert_true(goes_by(&sender, MAC_ROUTER));
    says(home, HIGH, 1800);
    assert_true(goes_by(&sender, MAC_ROUTER2));
    says(home, HIGH, 0);
    assert_true(goes_by(&sender, MAC_ROUTER));
    is_there(home, IP6_ROUTER, MAC_ROUTER);
    assert_true(goes_by(&sender, MAC_ROUTER));
    says(home, HIGH, 5); /* a new router */
    assert_true(goes_by(&sender, MAC_ROUTER2));
    is_there(home, IP6_ROUTER2, MAC_ROUTER2);
    assert_true(goes_by(&sender, MAC_ROUTER2));
    world_wait(home->world, 6 * second);
    assert_true(goes_by(&sender, MAC_ROUTER));
}

/* Both routers lead to the destination's network; the preference changes nothing else. */
static void a_flow_follows_the_preference_of_a_route(void **state)
{
    static const uint8_t preferences[] = {HIGH, LOW, HIGH, LOW};
    struct home *home = *state;
    struct sender sender = begin(home);
    struct router first = router6(IP6_ROUTER, MAC_ROUTER, 1800);

    router6_route(&first, "2001:db8:ffff::", 48, 0, 600);
    router6_says(home->world, &first);
    for (unsigned i = 0; i < 4; i++) {
        const bool is_second = preferences[i] == HIGH;
        struct router second_one = router6(IP6_ROUTER2, MAC_ROUTER2, 1800);

        router6_route(&second_one, "2001:db8:ffff::", 48, preferences[i], 600);
        router6_says(home->world, &second_one);
        assert_true(goes_by(&sender, is_second ? MAC_ROUTER2 : MAC_ROUTER));
        is_there(home, IP6_ROUTER2, MAC_ROUTER2);
        is_there(home, IP6_ROUTER, MAC_ROUTER);
        assert_true(goes_by(&sender, is_second ? MAC_ROUTER2 : MAC_ROUTER));
    }
}

static void a_flow_follows_the_programs_routes(void **state)
{
    struct home *home = *state;
    struct sender sender = begin(home);
    struct leat *stack = home->world->stack;

    assert_int_equal(leat_route_add(stack, IP6_FAR, 128, IP6_ROUTER2), LEAT_OK);
    assert_true(goes_by(&sender, MAC_ROUTER2));
    is_there(home, IP6_ROUTER2, MAC_ROUTER2);
    assert_true(goes_by(&sender, MAC_ROUTER2));
    assert_int_equal(leat_route_add(stack, IP6_FAR, 128, IP6_ROUTER),
                     LEAT_OK); /* replaces the route */
    assert_true(goes_by(&sender, MAC_ROUTER));
    assert_int_equal(leat_route_add(stack, IP6_FAR, 128, IP6_ROUTER2), LEAT_OK);
    assert_true(goes_by(&sender, MAC_ROUTER2));
    is_there(home, IP6_ROUTER2, MAC_ROUTER2);
    assert_true(goes_by(&sender, MAC_ROUTER2));
    assert_int_equal(leat_route_remove(stack, IP6_FAR, 128), LEAT_OK);
    assert_true(goes_by(&sender, MAC_ROUTER));
}

/* The first router stops answering, and answers again. */
static void a_flow_follows_the_router_that_answers(void **state)
{
    struct home *home = *state;
    struct sender sender = begin(home);
    unsigned seconds = 0;

    for (; seconds < 100 && goes_by(&sender, MAC_ROUTER); seconds++) {
        world_wait(home->world, second);
        is_there(home, IP6_ROUTER2, MAC_ROUTER2);
    }
    assert_in_range(seconds, 10, 60);
    assert_true(goes_by(&sender, MAC_ROUTER2));
    for (seconds = 0; seconds < 100 && home->world->stack->ipv6->suspects > 0; seconds++) {
        world_wait(home->world, second);
        is_there(home, IP6_ROUTER2, MAC_ROUTER2);
        (void)way(&sender);
        is_there(home, IP6_ROUTER, MAC_ROUTER);
    }
    assert_int_equal(home->world->stack->ipv6->suspects, 0);
}

/* The same for a route of the program, while the default router stays. */
static void a_flow_follows_the_router_that_answers_for_a_network(void **state)
{
    struct home *home = *state;
    struct sender sender = begin(home);
    unsigned seconds = 0;

    assert_int_equal(leat_route_add(home->world->stack, IP6_FAR, 128, IP6_ROUTER2), LEAT_OK);
    for (; seconds < 100 && goes_by(&sender, MAC_ROUTER2); seconds++) {
        world_wait(home->world, second);
        is_there(home, IP6_ROUTER, MAC_ROUTER);
    }
    assert_in_range(seconds, 10, 60);
    assert_true(goes_by(&sender, MAC_ROUTER));
    world_wait(home->world, 65 * second); /* it is probed again */
    (void)way(&sender);
    is_there(home, IP6_ROUTER, MAC_ROUTER);
    is_there(home, IP6_ROUTER2, MAC_ROUTER2);
    assert_true(goes_by(&sender, MAC_ROUTER2));
}

/* The better router stopped answering a minute ago: sending a datagram probes it, but a program
 * that only reads the facts doesn't. */
static void facts_that_are_looked_at_ask_no_router(void **state)
{
    struct home *home = *state;
    struct sender sender = begin(home);
    const uint64_t *asked = &home->world->stack->stats.ndp_solicitations_sent;
    uint64_t before;

    for (unsigned i = 0; i < 100 && goes_by(&sender, MAC_ROUTER); i++) {
        world_wait(home->world, second);
        is_there(home, IP6_ROUTER2, MAC_ROUTER2);
    }
    world_wait(home->world, 65 * second);
    before = *asked;
    assert_true(leat_ip_equal(leat_slaac_facts(home->slaac)->gateway, IP6_ROUTER2));
    assert_int_equal(*asked, before);
    (void)way(&sender);
    assert_int_equal(*asked, before + 1);
}

/* When a suspect router is forgotten, the suspicion ends: there are no probes each minute for
 * ever. */
static void a_suspect_that_goes_is_forgotten(void **state)
{
    struct home *home = *state;
    struct leat *stack = home->world->stack;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 0);
    uint32_t generation;

    home6_settle(home);
    (void)home6_ping(home, IP6_FAR, home->facts.ip);
    world_wait(home->world, 10 * second);
    assert_int_equal(stack->ipv6->suspects, 1);
    router6_says(home->world, &router);
    assert_int_equal(stack->ipv6->suspects, 0);
    world_wait(home->world, 100 * second);
    generation = stack->route_generation;
    world_wait(home->world, 600 * second);
    assert_int_equal(stack->route_generation, generation);
}

static void a_suspect_that_is_replaced_is_forgotten(void **state)
{
    struct home *home = *state;
    struct leat *stack = home->world->stack;

    home6_settle(home);
    assert_int_equal(leat_route_add(stack, IP6_FAR, 128, IP6_ROUTER2), LEAT_OK);
    says(home, LOW, 1800);
    (void)home6_ping(home, IP6_FAR, home->facts.ip);
    world_wait(home->world, 10 * second);
    assert_int_equal(stack->ipv6->suspects, 2); /* as default router, and for the network */
    assert_int_equal(leat_route_add(stack, IP6_FAR, 128, IP6_ROUTER), LEAT_OK);
    assert_int_equal(stack->ipv6->suspects, 1);
}

/* ---- on the path of the last packet -------------------------------------------------------- */

static struct frame data_to_us(void)
{
    return frame_udp6(IP6_PEER, PORT, IP6_US, 7, "text", 4);
}

/* Exchanges datagrams with the peer, so that its next one is on the path of the last packet. */
static void talk(struct world *world)
{
    const struct frame known = frame_ndp(136, 0x60, IP6_PEER, IP6_US, IP6_PEER, &MAC_PEER, 0);
    const struct frame data = data_to_us();
    struct leat_udp *udp = world_socket(world, 7);

    world_feed(world, &known);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(world_send_to(world, udp, leat_endpoint_of(IP6_PEER, PORT), "text", 4),
                         LEAT_OK);
        world_feed(world, &data);
        assert_ended(world, taken_udp);
    }
}

static void an_address_that_has_gone_hears_nothing_more(void **state)
{
    struct world *world = *state;
    const struct frame data = data_to_us();

    talk(world);
    assert_int_equal(leat_address_remove(world->stack, &world->dev.netif, IP6_US), LEAT_OK);
    world_feed(world, &data);
    assert_dropped(world, drop_ip6_not_ours);
}

static void a_packet_by_another_link_is_not_for_the_address_of_this_one(void **state)
{
    struct world *world = *state;
    struct frame data = data_to_us();

    world_attach_second(world);
    frame_to(&data, &world->second.netif.mac);
    world_wait(world, 5 * second);
    talk(world);
    world_mark(world);
    fake_netif_feed(&world->second, data.bytes, data.len);
    world_poll(world);
    assert_ended(world, drop_ip6_not_ours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        home6_test(a_flow_follows_advertisements),
        home6_test(a_flow_follows_the_preference_of_a_route),
        home6_test(a_flow_follows_the_programs_routes),
        home6_test(a_flow_follows_the_router_that_answers),
        home6_test(a_flow_follows_the_router_that_answers_for_a_network),
        home6_test(facts_that_are_looked_at_ask_no_router),
        home6_test(a_suspect_that_goes_is_forgotten),
        home6_test(a_suspect_that_is_replaced_is_forgotten),
        world6_test(an_address_that_has_gone_hears_nothing_more),
        world6_test(a_packet_by_another_link_is_not_for_the_address_of_this_one),
    };

    return cmocka_run_group_tests_name("routes6", tests, 0, 0);
}
