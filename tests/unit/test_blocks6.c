/*
 * test_blocks6.c -- hosts behind a router share a cached path (src/ip/v6/block6.h), as long as it
 * is the path of each; packets from them are checked as before.
 */
#include "routers6.h"
#include "unit.h"

#include "ip/host.h"
#include "ip/v6/block6.h"
#include "ip/v6/route6.h"

enum {
    PORT = 9,
    HOSTS = 200 /* more than the cache of paths holds */
};

static struct leat_ip far(uint32_t number)
{
    struct leat_ip ip = IP6_FAR;

    frame_put16(&ip.bytes[14], number);
    return ip;
}

static void is_there(struct home *home, struct leat_ip router, struct leat_mac mac)
{
    const struct frame answer =
        frame_ndp(136, 0x80 | 0x60, router, home->facts.ip, router, &mac, 0);

    world_feed(home->world, &answer);
    fake_netif_forget(&home->world->dev); /* the packets that were parked for it */
}

/* Our answer to @ip: a datagram from the address that it was sent to; NULL: none. */
static const struct fake_frame *answer(struct home *home, struct leat_udp *udp, struct leat_ip ip)
{
    struct leat *stack = home->world->stack;
    const struct leat_endpoint peer = leat_endpoint_of(ip, PORT);
    const struct fake_frame *sent;

    assert_int_equal(
        leat_udp_send_from(udp, leat_buf_copy(leat_pool(stack), "text", 4), &peer, home->facts.ip),
        LEAT_OK);
    world_poll(home->world);
    while ((sent = fake_netif_sent(&home->world->dev))) {
        if (sent->bytes[20] == 17)
            return sent;
    }
    return NULL;
}

static bool goes_by(struct home *home, struct leat_udp *udp, struct leat_ip ip, struct leat_mac mac)
{
    const struct fake_frame *sent = answer(home, udp, ip);

    assert_non_null(sent);
    frame_is_ip6(sent, 17);
    assert_true(leat_ip_equal(frame_ip6_at(sent->bytes + 22), home->facts.ip));
    assert_true(leat_ip_equal(frame_ip6_at(sent->bytes + 38), ip));
    return memcmp(sent->bytes, mac.octet, 6) == 0;
}

/* A socket; both routers are known, and a datagram has been sent through the first one. */
static struct leat_udp *begin(struct home *home)
{
    struct leat_udp *udp;

    home6_settle(home);
    udp = world_socket(home->world, 7);
    is_there(home, IP6_ROUTER, MAC_ROUTER);
    for (unsigned i = 0; i < 3; i++) {
        (void)answer(home, udp, far(1));
        is_there(home, IP6_ROUTER, MAC_ROUTER);
    }
    return udp;
}

static unsigned blocks(const struct home *home)
{
    const struct leat *stack = home->world->stack;
    unsigned count = 0;

    for (unsigned i = 0; i < BLOCKS6; i++)
        count += stack->ipv6->blocks->all[i].generation == stack->route_generation;
    return count;
}

static void many_hosts_share_one_way(void **state)
{
    struct home *home = *state;
    struct leat_udp *udp = begin(home);

    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < HOSTS; i++)
            assert_true(goes_by(home, udp, far(i), MAC_ROUTER));
    }
    assert_int_equal(blocks(home), SHORTCUTS ? 1 : BLOCKS6);
}

static void a_route_inside_of_the_block_is_taken(void **state)
{
    struct home *home = *state;
    struct leat_udp *udp = begin(home);
    struct leat_ip inside = IP6_FAR;

    inside.bytes[7] = 7; /* 2001:db8:ffff:7::/64 */
    assert_true(goes_by(home, udp, inside, MAC_ROUTER));
    assert_int_equal(
        leat_route_add(home->world->stack, ip6_of("2001:db8:ffff:7::"), 64, IP6_ROUTER2), LEAT_OK);
    assert_true(goes_by(home, udp, far(1), MAC_ROUTER));
    (void)answer(home, udp, inside);
    is_there(home, IP6_ROUTER2, MAC_ROUTER2);
    for (uint32_t i = 2; i < HOSTS; i++) {
        assert_true(goes_by(home, udp, far(i), MAC_ROUTER));
        inside.bytes[15] = (uint8_t)i;
        assert_true(goes_by(home, udp, inside, MAC_ROUTER2));
    }
}

static void a_host_on_the_link_is_asked_itself(void **state)
{
    struct home *home = *state;
    struct leat_udp *udp = begin(home);
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    const struct leat_ip near = ip6_of("2001:db8:ffff::77");
    const struct leat_endpoint peer = leat_endpoint_of(near, PORT);
    struct leat *stack = home->world->stack;

    assert_true(goes_by(home, udp, near, MAC_ROUTER));
    router6_prefix(&router, "2001:db8:ffff::", 64, ON_LINK, 86400, 14400);
    router6_says(home->world, &router);
    assert_int_equal(
        leat_udp_send_from(udp, leat_buf_copy(leat_pool(stack), "text", 4), &peer, home->facts.ip),
        LEAT_OK);
    world_poll(home->world);
    assert_true(home6_was_asked(home, near));
}

static void an_address_that_cannot_be_a_source_is_none_behind_the_router(void **state)
{
    static const char *const sources[] = {"ff02::1", "::", "::1", "::ffff:10.0.0.9", "ff0e::9"};
    struct home *home = *state;
    struct leat_udp *udp = begin(home);
    struct leat *stack = home->world->stack;
    struct frame frame;
    uint64_t before;

    assert_true(goes_by(home, udp, far(1), MAC_ROUTER));
    for (unsigned i = 0; i <= sizeof sources / sizeof *sources; i++) {
        const struct leat_ip src =
            i < sizeof sources / sizeof *sources ? ip6_of(sources[i]) : home->facts.ip;

        (void)answer(home, udp, far(1));
        before = leat_stats(stack)->drop_ip6_source;
        frame = frame_udp6(src, PORT, home->facts.ip, 7, "text", 4);
        world_feed(home->world, &frame);
        assert_int_equal(leat_stats(stack)->drop_ip6_source, before + 1);
    }
    before = leat_stats(stack)->drop_ip6_not_ours;
    frame = frame_udp6(far(1), PORT, far(2), 7, "text", 4);
    world_feed(home->world, &frame);
    assert_int_equal(leat_stats(stack)->drop_ip6_not_ours, before + 1);
    before = leat_stats(stack)->taken_udp;
    frame = frame_udp6(far(2), PORT, home->facts.ip, 7, "text", 4);
    world_feed(home->world, &frame);
    assert_int_equal(leat_stats(stack)->taken_udp, before + 1);
}

/* An address near @ip: one bit differs, and all later bits are random. */
static struct leat_ip near(struct leat_ip ip, uint64_t *seed)
{
    const uint32_t bit = unit_below(seed, 129);

    for (uint32_t i = bit; i < 128; i++) {
        if (i == bit || unit_below(seed, 2) == 0)
            ip.bytes[i / 8] ^= (uint8_t)(0x80 >> i % 8);
    }
    return ip;
}

static struct leat_ip prefix(struct leat_ip ip, uint32_t bits)
{
    for (uint32_t i = bits; i < 128; i++)
        ip.bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
    return ip;
}

/* An address at which the choice of a path may change. */
static struct leat_ip landmark(const struct leat *stack, uint64_t *seed)
{
    static const char *const others[] = {"::1",     "ff02::1",       "fe80::1",
                                         "f000::1", "2001:db8:4::1", "2001:db8:ffff::1"};
    const uint32_t i = unit_below(seed, 12);

    if (i < 6)
        return ip6_of(others[i]);
    return stack->ipv6->addresses[0][unit_below(seed, 5)].ip;
}

/* An on-link prefix without addresses, one with addresses that isn't on-link, one added
 * manually. */
static void three_more_prefixes(struct home *home)
{
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);

    router6_prefix(&router, "2001:db8:3::", 64, AUTONOMOUS, 86400, 14400);
    router6_prefix(&router, "2001:db8:4::", 64, ON_LINK, 86400, 14400);
    router6_says(home->world, &router);
    assert_int_equal(
        leat_address_add(home->world->stack, &home->world->dev.netif, ip6_of("2001:db8:5::1"), 64),
        LEAT_OK);
    world_wait(home->world, 2 * second);
    is_there(home, IP6_ROUTER, MAC_ROUTER);
}

static bool is_behind(struct leat *stack, struct leat_ip src, struct leat_ip ip)
{
    return !leat_ip_is_multicast(ip) && !leat_ip_is_v4(ip) && !leat_ip_is_any(ip) &&
           !ipv6_is_ours(stack, ip) && !address6_on_link(stack->links, ip) &&
           route6_to(stack->links, src, ip).route;
}

/* Adds or removes a route, or does neither. */
static void change_routes(struct leat *stack, uint64_t *seed)
{
    const uint8_t bits = (uint8_t)(4 + unit_below(seed, 125));
    const struct leat_ip network = prefix(near(landmark(stack, seed), seed), bits);
    const uint32_t what = unit_below(seed, 16);

    if (what < 2)
        (void)leat_route_add(stack, network, bits, what == 0 ? IP6_ROUTER : IP6_ROUTER2);
    else if (what == 2)
        (void)leat_route_remove(stack, stack->ipv6->routes[0].network,
                                stack->ipv6->routes[0].prefix_bits);
}

/* A block's path is the path of each address in it. */
static void all_of_a_block_have_the_same_way(void **state)
{
    struct home *home = *state;
    struct leat *stack = home->world->stack;
    uint64_t seed = 17;
    leat_ip4 src;
    unsigned checked = 0;

    (void)begin(home);
    three_more_prefixes(home);
    assert_true(host_of(stack, home->facts.ip, 0, &src));
    for (unsigned round = 0; round < 3000; round++) {
        const struct leat_ip first = near(landmark(stack, &seed), &seed);
        struct block6 *block;

        if (round > 1000) /* earlier rounds have no routes that narrow the blocks */
            change_routes(stack, &seed);
        if (!is_behind(stack, home->facts.ip, first))
            continue;
        block6_put(stack, src, first, stack->links);
        block = block6_find(stack, src, &first);
        for (unsigned i = 0; block && i < 200; i++) {
            const struct leat_ip other = near(i % 2 ? landmark(stack, &seed) : first, &seed);

            if (!block6_leads(stack, block, src, other.bytes))
                continue;
            checked++;
            assert_true(is_behind(stack, home->facts.ip, other));
            assert_ptr_equal(route6_to(stack->links, home->facts.ip, other).route,
                             route6_to(stack->links, home->facts.ip, first).route);
        }
    }
    assert_true(checked > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        home6_test(many_hosts_share_one_way),
        home6_test(a_route_inside_of_the_block_is_taken),
        home6_test(a_host_on_the_link_is_asked_itself),
        home6_test(an_address_that_cannot_be_a_source_is_none_behind_the_router),
        home6_test(all_of_a_block_have_the_same_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
