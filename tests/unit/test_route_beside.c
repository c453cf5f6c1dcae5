/* test_route_beside.c -- gateways outside all of our prefixes. */
#include "world.h"

#include "ip/ipv4.h"
#include "base.h"

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

/* Clouds lease a /32 with a router outside it; RFC 1122 doesn't forbid that. */
static void a_gateway_outside_of_all_prefixes_is_on_the_only_link(void **state)
{
    struct world *world = *state;
    struct leat *stack = world->stack;
    const leat_ip4 beside = IP4(10, 9, 0, 1);

    assert_no_path(world, 0, beside);
    assert_int_equal(leat_route_add(stack, LEAT_IP4(192, 0, 2, 0), 24, leat_ip_v4(beside)),
                     LEAT_OK);
    assert_int_equal(path_to(world, 0, far_away).next_hop, beside);
    assert_int_equal(path_to(world, 0, far_away).src, IP_US);
    assert_int_equal(path_to(world, IP_US, far_away).next_hop, beside);
    /* the gateway is a host on the link, whatever other routes say */
    assert_int_equal(leat_route_add(stack, LEAT_IP4_ANY, 0, leat_ip_v4(gateway)), LEAT_OK);
    assert_int_equal(path_to(world, 0, IP4(10, 9, 0, 2)).next_hop, gateway);
    assert_int_equal(path_to(world, 0, beside).next_hop, beside);
    assert_int_equal(path_to(world, 0, IP4(10, 9, 0, 0)).next_hop, gateway);
    assert_int_equal(leat_route_remove(stack, LEAT_IP4(192, 0, 2, 0), 24), LEAT_OK);
    assert_int_equal(path_to(world, 0, beside).next_hop, gateway);
}

static void of_several_links_the_program_says_which_a_gateway_is_on(void **state)
{
    struct world *world = *state;
    struct leat *stack = world->stack;
    const struct leat_ip beside = LEAT_IP4(10, 9, 0, 1);
    struct leat_netif *other = &world->second.netif;

    assert_int_equal(leat_route_add_by(stack, other, LEAT_IP4_ANY, 0, beside),
                     LEAT_ERR_ARGUMENT); /* not attached */
    world_attach_second(world);
    assert_int_equal(leat_route_add(stack, LEAT_IP4_ANY, 0, beside), LEAT_ERR_NO_ROUTE);
    assert_int_equal(leat_route_add_by(stack, other, LEAT_IP4_ANY, 0, beside), LEAT_OK);
    assert_int_equal(path_to(world, 0, far_away).src, IP4(10, 1, 0, 1));
    assert_int_equal(path_to(world, 0, far_away).next_hop, IP4(10, 9, 0, 1));
    assert_no_path(world, IP_US, far_away); /* the strong model */
    /* even if a prefix of another link contains it */
    assert_int_equal(leat_route_add_by(stack, other, LEAT_IP4_ANY, 0, leat_ip_v4(IP_OTHER)),
                     LEAT_OK);
    assert_int_equal(path_to(world, 0, far_away).src, IP4(10, 1, 0, 1));
    assert_int_equal(leat_route_add_by(stack, other, LEAT_IP4_ANY, 0, leat_ip_v4(IP_US)),
                     LEAT_ERR_NO_ROUTE);
    assert_int_equal(leat_route_add_by(stack, other, LEAT_IP4_ANY, 0, LEAT_IP4(224, 0, 0, 1)),
                     LEAT_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(a_gateway_outside_of_all_prefixes_is_on_the_only_link),
        world_test(of_several_links_the_program_says_which_a_gateway_is_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
