/* test_route.c -- addresses and routes: the next hop and the source of packets. */
#include "world.h"

#include "ip/host.h"
#include "ip/ipv4.h"
#include "ip/route.h"
#include "link/link.h"

static const leat_ip4 gateway = IP4(10, 0, 0, 254);
static const leat_ip4 far_away = IP4(192, 0, 2, 1);

static struct path path_to(struct world *world, leat_ip4 src, leat_ip4 dst)
{
    struct path path;

    assert_int_equal(ipv4_path(world->stack, src, dst, &path), LEAT_OK);
    return path;
}

static void assert_no_path(struct world *world, leat_ip4 src, leat_ip4 dst)
{
    struct path path;

    assert_int_equal(ipv4_path(world->stack, src, dst, &path), LEAT_ERR_NO_ROUTE);
}

static void on_link_is_reached_directly(void **state)
{
    struct world *world = *state;
    const struct path path = path_to(world, 0, IP_OTHER);

    assert_int_equal(path.src, IP_US);
    assert_int_equal(path.next_hop, IP_OTHER);
    assert_int_equal(path.mtu, 1500);
    assert_false(path.is_group);
    assert_no_path(world, 0, far_away);
}

static void default_route_goes_by_its_gateway(void **state)
{
    struct world *world = *state;
    struct path path;

    assert_int_equal(leat_route_add(world->stack, LEAT_IP4_ANY, 0, leat_ip_v4(gateway)), LEAT_OK);
    path = path_to(world, 0, far_away);
    assert_int_equal(path.src, IP_US);
    assert_int_equal(path.next_hop, gateway);
    assert_int_equal(path_to(world, 0, IP_OTHER).next_hop, IP_OTHER);
    assert_int_equal(leat_route_remove(world->stack, LEAT_IP4_ANY, 0), LEAT_OK);
    assert_int_equal(leat_route_remove(world->stack, LEAT_IP4_ANY, 0), LEAT_ERR_NOT_FOUND);
    assert_no_path(world, 0, far_away);
}

static void longest_prefix_wins(void **state)
{
    struct world *world = *state;

    leat_route_add(world->stack, LEAT_IP4(192, 0, 2, 0), 24, LEAT_IP4(10, 0, 0, 24));
    leat_route_add(world->stack, LEAT_IP4_ANY, 0, leat_ip_v4(gateway));
    leat_route_add(world->stack, LEAT_IP4(192, 0, 0, 0), 16, LEAT_IP4(10, 0, 0, 16));
    leat_route_add(world->stack, LEAT_IP4(192, 0, 2, 1), 32, LEAT_IP4(10, 0, 0, 32));
    leat_route_add(world->stack, LEAT_IP4(10, 0, 0, 128), 25, LEAT_IP4(10, 0, 0, 25));
    assert_int_equal(path_to(world, 0, IP4(192, 0, 2, 1)).next_hop, IP4(10, 0, 0, 32));
    assert_int_equal(path_to(world, 0, IP4(192, 0, 2, 2)).next_hop, IP4(10, 0, 0, 24));
    assert_int_equal(path_to(world, 0, IP4(192, 0, 3, 1)).next_hop, IP4(10, 0, 0, 16));
    assert_int_equal(path_to(world, 0, IP4(8, 8, 8, 8)).next_hop, gateway);
    /* even longer than the link's own prefix */
    assert_int_equal(path_to(world, 0, IP4(10, 0, 0, 200)).next_hop, IP4(10, 0, 0, 25));
    assert_int_equal(path_to(world, 0, IP4(10, 0, 0, 100)).next_hop, IP4(10, 0, 0, 100));
}

static void bad_routes_are_refused(void **state)
{
    struct world *world = *state;
    struct leat *stack = world->stack;

    assert_int_equal(leat_route_add(stack, LEAT_IP4_ANY, 33, leat_ip_v4(gateway)),
                     LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_route_add(stack, leat_ip_v4(far_away), 24, leat_ip_v4(gateway)),
                     LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_route_add(stack, LEAT_IP4_ANY, 0, LEAT_IP4(224, 0, 0, 1)),
                     LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_route_add(stack, LEAT_IP4_ANY, 0, leat_ip_v4(IP_US)), LEAT_ERR_NO_ROUTE);
    for (uint32_t i = 0; i < 16; i++)
        assert_int_equal(leat_route_add(stack, LEAT_IP4(192, 0, i, 0), 24, leat_ip_v4(gateway)),
                         LEAT_OK);
    assert_int_equal(leat_route_add(stack, LEAT_IP4_ANY, 0, leat_ip_v4(gateway)), LEAT_ERR_FULL);
    /* an existing route may be changed */
    assert_int_equal(leat_route_add(stack, LEAT_IP4(192, 0, 2, 0), 24, leat_ip_v4(IP_OTHER)),
                     LEAT_OK);
    assert_int_equal(path_to(world, 0, far_away).next_hop, IP_OTHER);
}

static void bad_addresses_are_refused(void **state)
{
    static const leat_ip4 bad[] = {IP4(0, 0, 0, 0),         IP4(127, 0, 0, 1), IP4(224, 0, 0, 1),
                                   IP4(255, 255, 255, 255), IP4(192, 0, 2, 0), IP4(192, 0, 2, 255)};
    struct world *world = *state;
    struct leat_netif *netif = &world->dev.netif;

    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(leat_address_add(world->stack, netif, leat_ip_v4(bad[i]), 24),
                         LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_address_add(world->stack, netif, leat_ip_v4(far_away), 33),
                     LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_address_add(world->stack, &world->second.netif, leat_ip_v4(far_away), 24),
                     LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_address_add(world->stack, netif, leat_ip_v4(IP_US), 24), LEAT_ERR_IN_USE);
    for (uint32_t i = 1; i < LEAT_ADDRESSES_MAX; i++)
        assert_int_equal(leat_address_add(world->stack, netif, leat_ip_v4(far_away + i), 24),
                         LEAT_OK);
    assert_int_equal(leat_address_add(world->stack, netif, leat_ip_v4(far_away), 24),
                     LEAT_ERR_FULL);
}

static void several_addresses_each_reach_their_own_prefix(void **state)
{
    struct world *world = *state;
    struct leat_netif *netif = &world->dev.netif;
    const struct frame echo = frame_icmp(IP_PEER, IP4(10, 2, 0, 1), 8, 0, 1, 0, 0);
    const struct fake_frame *reply;

    leat_address_add(world->stack, netif, LEAT_IP4(10, 2, 0, 1), 16);
    world_attach_second(world);
    assert_int_equal(path_to(world, 0, IP4(10, 2, 9, 9)).src, IP4(10, 2, 0, 1));
    assert_int_equal(path_to(world, 0, IP4(10, 1, 0, 9)).src, IP4(10, 1, 0, 1));
    assert_ptr_equal(path_to(world, 0, IP4(10, 1, 0, 9)).link, &world->stack->links[1]);
    assert_int_equal(path_to(world, 0, IP_OTHER).src, IP_US);
    /* the strong model: packets from an address leave only on its own link (RFC 1122 3.3.4.2) */
    assert_no_path(world, IP_US, IP4(10, 1, 0, 9));
    assert_no_path(world, far_away, IP_OTHER);
    /* and the source of an answer is the destination of the request */
    leat_route_add(world->stack, LEAT_IP4_ANY, 0, LEAT_IP4(10, 2, 0, 254));
    world_meet(world, IP4(10, 2, 0, 254), &MAC_OTHER);
    world_feed(world, &echo);
    assert_ended(world, taken_icmp);
    reply = world_expect(world);
    assert_int_equal(frame_get32(reply->bytes + FRAME_IP + 12), IP4(10, 2, 0, 1));
    assert_int_equal(frame_get32(reply->bytes + FRAME_IP + 16), IP_PEER);
}

/* A neighbour of one prefix sends to our address of another prefix; both are on one link. */
static void prefixes_of_a_link_reach_each_other(void **state)
{
    struct world *world = *state;
    const struct frame echo = frame_icmp(IP_PEER, IP4(10, 2, 0, 1), 8, 0, 1, 0, 0);
    const struct fake_frame *reply;

    leat_address_add(world->stack, &world->dev.netif, LEAT_IP4(10, 2, 0, 1), 16);
    world_feed(world, &echo);
    assert_ended(world, taken_icmp);
    reply = world_expect(world);
    assert_int_equal(frame_get32(reply->bytes + FRAME_IP + 12), IP4(10, 2, 0, 1));
    assert_int_equal(frame_get32(reply->bytes + FRAME_IP + 16), IP_PEER);
    /* even with a gateway, which wouldn't be shorter */
    leat_route_add(world->stack, LEAT_IP4_ANY, 0, leat_ip_v4(gateway));
    assert_int_equal(path_to(world, IP4(10, 2, 0, 1), IP_OTHER).next_hop, IP_OTHER);
    assert_int_equal(path_to(world, IP_US, IP4(10, 2, 9, 9)).next_hop, IP4(10, 2, 9, 9));
    assert_int_equal(path_to(world, IP_US, far_away).next_hop, gateway);
    /* a longer route is preferred */
    leat_route_add(world->stack, LEAT_IP4(10, 2, 9, 0), 24, LEAT_IP4(10, 0, 0, 25));
    assert_int_equal(path_to(world, IP_US, IP4(10, 2, 9, 9)).next_hop, IP4(10, 0, 0, 25));
}

static void source_of_a_gateway_route_may_be_chosen(void **state)
{
    struct world *world = *state;

    leat_address_add(world->stack, &world->dev.netif, LEAT_IP4(198, 51, 100, 1), 32);
    leat_route_add(world->stack, LEAT_IP4_ANY, 0, leat_ip_v4(gateway));
    assert_int_equal(path_to(world, 0, far_away).src, IP_US);
    assert_int_equal(path_to(world, IP4(198, 51, 100, 1), far_away).src, IP4(198, 51, 100, 1));
    assert_int_equal(path_to(world, IP4(198, 51, 100, 1), far_away).next_hop, gateway);
}

static void hosts_of_a_routed_link_are_reached_directly(void **state)
{
    struct world *world = *state;
    struct leat *stack = world->stack;
    struct leat_udp *udp = world_socket(world, 1000);
    const struct fake_frame *frame;

    assert_int_equal(leat_route_add_on_link(stack, &world->dev.netif, LEAT_IP4(192, 0, 2, 0), 24),
                     LEAT_OK);
    assert_int_equal(path_to(world, 0, far_away).next_hop, far_away);
    assert_int_equal(path_to(world, 0, far_away).src, IP_US);
    world_send(world, udp, far_away, 9, "x", 1);
    frame = world_expect(world);
    assert_int_equal(frame_get16(frame->bytes + 12), 0x0806);
    assert_int_equal(frame_get32(frame->bytes + 28), IP_US); /* the request is from our address */
    assert_int_equal(frame_get32(frame->bytes + 38), far_away);
    world_meet(world, far_away, &MAC_OTHER);
    world_send(world, udp, far_away, 9, "x", 1);
    frame = world_expect(world);
    assert_memory_equal(frame->bytes, MAC_OTHER.octet, 6);
    /* a gateway may be on that network; longer prefixes use other gateways */
    assert_int_equal(leat_route_add(stack, LEAT_IP4_ANY, 0, LEAT_IP4(192, 0, 2, 254)), LEAT_OK);
    assert_int_equal(leat_route_add(stack, LEAT_IP4(192, 0, 2, 128), 25, leat_ip_v4(gateway)),
                     LEAT_OK);
    assert_int_equal(path_to(world, 0, IP4(8, 8, 8, 8)).next_hop, IP4(192, 0, 2, 254));
    assert_int_equal(path_to(world, 0, IP4(192, 0, 2, 129)).next_hop, gateway);
    /* the strong model, as for prefixes */
    world_attach_second(world);
    assert_no_path(world, IP4(10, 1, 0, 1), far_away);
    assert_no_path(world, IP4(10, 1, 0, 1), IP4(8, 8, 8, 8));
    assert_int_equal(leat_route_remove(stack, LEAT_IP4(192, 0, 2, 0), 24), LEAT_OK);
    assert_no_path(world, 0, IP4(8, 8, 8, 8)); /* the gateway has no route any more */
}

static void a_link_beyond_an_address_alone_is_routed(void **state)
{
    struct world *world = world_create();
    struct leat *stack;

    world_init(world);
    stack = world->stack;
    leat_address_add(stack, &world->dev.netif, LEAT_IP4(10, 128, 0, 5), 32);
    assert_no_path(world, 0, IP4(10, 128, 0, 1));
    assert_int_equal(leat_route_add_on_link(stack, &world->dev.netif, LEAT_IP4(10, 128, 0, 1), 32),
                     LEAT_OK);
    assert_int_equal(leat_route_add(stack, LEAT_IP4_ANY, 0, LEAT_IP4(10, 128, 0, 1)), LEAT_OK);
    assert_int_equal(path_to(world, 0, far_away).next_hop, IP4(10, 128, 0, 1));
    assert_int_equal(path_to(world, 0, far_away).src, IP4(10, 128, 0, 5));
    leat_address_remove(stack, &world->dev.netif, LEAT_IP4(10, 128, 0, 5));
    assert_no_path(world, 0, far_away);
    *state = world;
    world_teardown(state);
}

static void bad_links_of_routes_are_refused(void **state)
{
    struct world *world = *state;
    struct leat *stack = world->stack;
    const struct leat_netif *netif = &world->dev.netif;

    assert_int_equal(leat_route_add_on_link(stack, netif, LEAT_IP4_ANY, 33), LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_route_add_on_link(stack, netif, leat_ip_v4(far_away), 24),
                     LEAT_ERR_ARGUMENT);
    assert_int_equal(
        leat_route_add_on_link(stack, &world->second.netif, LEAT_IP4(192, 0, 2, 0), 24),
        LEAT_ERR_ARGUMENT);
    assert_int_equal(leat_route_add_on_link(stack, netif, (struct leat_ip){{0x20, 1}}, 16),
                     LEAT_ERR_FAMILY);
    for (uint32_t i = 0; i < 16; i++)
        assert_int_equal(leat_route_add_on_link(stack, netif, LEAT_IP4(192, 0, i, 0), 24), LEAT_OK);
    assert_int_equal(leat_route_add_on_link(stack, netif, LEAT_IP4(192, 0, 16, 0), 24),
                     LEAT_ERR_FULL);
}

static void broadcasts_and_groups_go_to_many(void **state)
{
    static const leat_ip4 many[] = {IP4(255, 255, 255, 255), IP4(10, 0, 0, 255), IP4(10, 0, 0, 0)};
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    const struct fake_frame *frame;

    leat_udp_set_broadcast(udp, true);
    for (unsigned i = 0; i < 3; i++) {
        const struct path path = path_to(world, 0, many[i]);

        assert_true(path.is_group);
        assert_int_equal(path.src, IP_US);
        assert_int_equal(world_send(world, udp, many[i], 9, "x", 1), LEAT_OK);
        frame = world_expect(world);
        assert_memory_equal(frame->bytes, MAC_ALL.octet, 6);
        assert_int_equal(frame->bytes[FRAME_IP + 8], 64);
    }
    world_send(world, udp, IP4(239, 255, 1, 2), 9, "x", 1);
    frame = world_expect(world);
    assert_memory_equal(frame->bytes, "\x01\x00\x5e\x7f\x01\x02", 6);
    assert_int_equal(frame->bytes[FRAME_IP + 8], 1); /* RFC 1112 6.1 */
}

static void host_without_address_may_broadcast(void **state)
{
    struct world *world = world_create();
    struct leat_udp *udp;
    const struct fake_frame *frame;

    world_init(world);
    udp = world_socket(world, 68);
    leat_udp_set_broadcast(udp, true);
    assert_int_equal(world_send(world, udp, IP4_BROADCAST, 67, "x", 1), LEAT_OK);
    frame = world_expect(world);
    assert_int_equal(frame_get32(frame->bytes + FRAME_IP + 12), 0);
    assert_int_equal(world_send(world, udp, IP_PEER, 67, "x", 1), LEAT_ERR_NO_ROUTE);
    assert_int_equal(world_send(world, udp, IP4(224, 0, 0, 1), 67, "x", 1), LEAT_ERR_NO_ROUTE);
    *state = world;
    world_teardown(state);
}

static void no_host_has_a_reserved_address(void **state)
{
    struct world *world = *state;

    leat_route_add(world->stack, LEAT_IP4_ANY, 0, leat_ip_v4(gateway));
    assert_no_path(world, 0, IP4(0, 0, 0, 0));
    assert_no_path(world, 0, IP4(0, 1, 2, 3));
    assert_no_path(world, 0, IP4(241, 0, 0, 1)); /* 240/8 are IPv6 host numbers: host.h */
}

static void point_to_point_prefixes_have_no_broadcast(void **state)
{
    /* RFC 3021 */
    struct world *world = *state;

    assert_int_equal(
        leat_address_add(world->stack, &world->dev.netif, LEAT_IP4(198, 51, 100, 1), 31), LEAT_OK);
    assert_false(path_to(world, 0, IP4(198, 51, 100, 0)).is_group);
    assert_int_equal(path_to(world, 0, IP4(198, 51, 100, 0)).src, IP4(198, 51, 100, 1));
}

/* ---- the cache of routes, and its invalidation -------------------------------------------- */

/* A cached path equals the one that an empty cache would find, whatever was looked up before. Hosts
 * behind a gateway share entries; near prefixes, addresses and reserved blocks limit these. */
static void cached_route_is_that_of_the_tables(void **state)
{
    static const leat_ip4 near[] = {
        IP4(10, 0, 0, 0),      IP4(10, 0, 1, 0),  IP4(192, 0, 2, 0),       IP4(192, 0, 2, 128),
        IP4(192, 0, 3, 77),    IP4(127, 0, 0, 1), IP4(126, 255, 255, 255), IP4(223, 255, 255, 255),
        IP4(0, 255, 255, 255), IP4(1, 0, 0, 0),   IP4(93, 184, 216, 34)};
    static struct route_cache_entry kept[ROUTE_CACHE_HOSTS + ROUTE_CACHE_BLOCKS];
    struct world *world = *state;
    struct leat *stack = world->stack;
    uint32_t random = 1;
    unsigned shared = 0;

    leat_route_add(stack, LEAT_IP4_ANY, 0, leat_ip_v4(gateway));
    leat_route_add(stack, LEAT_IP4(192, 0, 2, 0), 24, LEAT_IP4(10, 0, 0, 24));
    leat_route_add(stack, LEAT_IP4(192, 0, 2, 128), 25, LEAT_IP4(10, 0, 0, 25));
    leat_route_add(stack, LEAT_IP4(10, 0, 0, 192), 26, LEAT_IP4(10, 0, 0, 26));
    leat_route_add(stack, LEAT_IP4(192, 0, 3, 77), 32, LEAT_IP4(10, 0, 0, 32));
    leat_route_add_on_link(stack, &world->dev.netif, LEAT_IP4(192, 0, 2, 192), 26);
    for (unsigned i = 0; i < 20000; i++) {
        struct path cached, fresh;
        enum leat_err cached_err, fresh_err;
        leat_ip4 dst;

        random = random * 1664525 + 1013904223;
        dst = i % 3 == 0 ? random : near[(random >> 8) % (sizeof near / sizeof near[0])];
        dst ^= i % 3 == 1 ? random >> 24 : 0;
        if (host_is_v6(dst))
            continue; /* an IPv6 host number; this stack has no IPv6 */
        cached_err = ipv4_path(stack, IP4_ANY, dst, &cached);
        shared += route_cache_get(stack, IP4_ANY, dst) != 0;
        memcpy(kept, stack->route_cache, sizeof kept);
        memset(stack->route_cache, 0, sizeof kept);
        fresh_err = ipv4_path(stack, IP4_ANY, dst, &fresh);
        memcpy(stack->route_cache, kept, sizeof kept);
        assert_int_equal(cached_err, fresh_err);
        if (cached_err)
            continue;
        assert_int_equal(cached.dst, dst);
        assert_int_equal(cached.next_hop, fresh.next_hop);
        assert_int_equal(cached.pseudo_sum, fresh.pseudo_sum);
        assert_int_equal(cached.src, fresh.src);
        assert_int_equal(cached.is_group, fresh.is_group);
        assert_ptr_equal(cached.link, fresh.link);
    }
    assert_true(shared > 5000);
}

static void peers_behind_a_gateway_share_a_cached_route(void **state)
{
    struct world *world = *state;
    struct leat *stack = world->stack;

    leat_route_add(stack, LEAT_IP4_ANY, 0, leat_ip_v4(gateway));
    path_to(world, 0, IP4(93, 184, 216, 34));
    for (leat_ip4 i = 0; i < 1000; i++) {
        const struct path *path = route_cache_get(stack, IP4_ANY, IP4(93, 0, 0, 1) + i * 257);

        assert_non_null(path);
        assert_int_equal(path->dst, IP4(93, 0, 0, 1) + i * 257);
        assert_int_equal(path->next_hop, gateway);
    }
    assert_null(route_cache_get(stack, IP4_ANY, IP4(127, 0, 0, 1)));
    assert_null(route_cache_get(stack, IP4_ANY, IP_OTHER));
}

static void cached_route_is_void_when_the_routes_change(void **state)
{
    struct world *world = *state;

    assert_int_equal(path_to(world, 0, IP_OTHER).next_hop, IP_OTHER);
    assert_non_null(route_cache_get(world->stack, 0, IP_OTHER));
    assert_int_equal(leat_route_add(world->stack, leat_ip_v4(IP_OTHER), 32, leat_ip_v4(gateway)),
                     LEAT_OK);
    assert_null(route_cache_get(world->stack, 0, IP_OTHER));
    assert_int_equal(path_to(world, 0, IP_OTHER).next_hop, gateway);
    assert_int_equal(leat_route_remove(world->stack, leat_ip_v4(IP_OTHER), 32), LEAT_OK);
    assert_int_equal(path_to(world, 0, IP_OTHER).next_hop, IP_OTHER);
}

static void cached_route_is_void_when_its_address_goes(void **state)
{
    struct world *world = *state;

    path_to(world, 0, IP_OTHER);
    path_to(world, IP_US, IP_PEER);
    assert_int_equal(leat_address_remove(world->stack, &world->dev.netif, leat_ip_v4(IP_US)),
                     LEAT_OK);
    assert_no_path(world, 0, IP_OTHER);
    assert_no_path(world, IP_US, IP_PEER);
}

/* RFC 5227 2.1.1: an address isn't used while probed, so the old path stays valid until then. */
static void cached_route_is_void_when_a_nearer_address_becomes_usable(void **state)
{
    const leat_ip4 near = IP4(10, 0, 0, 201), dst = IP4(10, 0, 0, 200);
    struct world *world = *state;

    world->stack->config.arp_probe = true;
    assert_int_equal(path_to(world, 0, dst).src, IP_US);
    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, leat_ip_v4(near), 28),
                     LEAT_OK);
    assert_int_equal(path_to(world, 0, dst).src, IP_US);
    world_wait(world, 15 * second);
    assert_int_equal(path_to(world, 0, dst).src, near);
}

/* An observer with many addresses compares identifications before and after we send to another
 * host: they reveal nothing about that traffic. */
static void test_threat_Q22_identifications_do_not_count_packets_to_others(void **state)
{
    struct leat *stack = ((struct world *)*state)->stack;
    unsigned near = 0;

    for (uint32_t i = 0; i < 1024; i++) {
        const uint16_t before = route_next_id(stack);

        for (unsigned k = 0; k < i % 16; k++)
            route_next_id(stack);
        near += (uint16_t)(route_next_id(stack) - before) - 1u < 16;
    }
    assert_in_range(near, 0, 4); /* one of 1,024 by chance, in a quarter of the cases */
}

/* RFC 7739 5.1: identifications come from a secret.  A machine and its clone draw the same ones
 * until the program renews the secret. */
static void identifications_of_a_clone_are_the_same_until_it_gets_a_new_secret(void **state)
{
    static const uint8_t seed[LEAT_SEED_BYTES] = {9};
    struct world *world = *state;
    const size_t bytes = leat_memory_bytes(&world->config);
    void *image = malloc(bytes);
    uint16_t ours[8];
    unsigned same = 0;

    assert_non_null(image);
    route_next_id(world->stack); /* leaves some of one draw */
    path_to(world, 0, IP_PEER);
    memcpy(image, world->memory, bytes);
    for (unsigned i = 0; i < 8; i++)
        ours[i] = route_next_id(world->stack);
    memcpy(world->memory, image, bytes);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(route_next_id(world->stack), ours[i]);
    memcpy(world->memory, image, bytes);
    assert_int_equal(leat_reseed(world->stack, seed), LEAT_OK);
    assert_null(route_cache_get(world->stack, 0, IP_PEER));
    for (unsigned i = 0; i < 8; i++)
        same += route_next_id(world->stack) == ours[i];
    assert_int_equal(same, 0);
    free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(on_link_is_reached_directly),
        world_test(test_threat_Q22_identifications_do_not_count_packets_to_others),
        world_test(default_route_goes_by_its_gateway),
        world_test(longest_prefix_wins),
        world_test(bad_routes_are_refused),
        world_test(bad_addresses_are_refused),
        world_test(several_addresses_each_reach_their_own_prefix),
        world_test(prefixes_of_a_link_reach_each_other),
        world_test(source_of_a_gateway_route_may_be_chosen),
        world_test(hosts_of_a_routed_link_are_reached_directly),
        cmocka_unit_test(a_link_beyond_an_address_alone_is_routed),
        world_test(bad_links_of_routes_are_refused),
        world_test(broadcasts_and_groups_go_to_many),
        cmocka_unit_test(host_without_address_may_broadcast),
        world_test(no_host_has_a_reserved_address),
        world_test(point_to_point_prefixes_have_no_broadcast),
        world_test(cached_route_is_that_of_the_tables),
        world_test(peers_behind_a_gateway_share_a_cached_route),
        world_test(cached_route_is_void_when_the_routes_change),
        world_test(cached_route_is_void_when_its_address_goes),
        world_test(cached_route_is_void_when_a_nearer_address_becomes_usable),
        world_test(identifications_of_a_clone_are_the_same_until_it_gets_a_new_secret),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
