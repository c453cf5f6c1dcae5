/* test_queries6.c -- what each query of a link's IPv6 addresses finds, by their states, origins and
 * lifetimes. */
#include "frames6.h"

#include "ip/v6/ipv6.h"
#include "ip/v6/slaac.h"

enum {
    STATES = ADDRESS6_USABLE + 1,
    KINDS = ADDRESS6_TEMPORARY + 1
};

static struct address6 kept[LEAT_NETIFS_MAX][LEAT_IPV6_ADDRESSES_MAX];
static struct address6 *all; /* of the first link */
static struct link *link;

/* Two links without addresses; clean() puts the real ones back. */
static struct world *begin(void **state)
{
    struct world *world = *state;

    world_attach_second(world);
    link = &world->stack->links[0];
    all = addresses6_of(link);
    memcpy(kept, world->stack->ipv6->addresses, sizeof kept);
    memset(world->stack->ipv6->addresses, 0, sizeof kept);
    return world;
}

static void end(struct world *world)
{
    memcpy(world->stack->ipv6->addresses, kept, sizeof kept);
}

static void put(struct address6 *at, const char *ip, unsigned state, unsigned kind)
{
    *at = (struct address6){.link = link,
                            .ip = ip6_of(ip),
                            .prefix_bits = 64,
                            .state = (uint8_t)state,
                            .kind = (uint8_t)kind,
                            .preferred_until_ns = IP6_FOR_EVER,
                            .valid_until_ns = IP6_FOR_EVER};
}

/* Asserts what is found of the only address @at, 2001:db8:7::1. */
static void check(struct world *world, const struct address6 *at)
{
    const struct leat_ip ip = at->ip, beside = ip6_of("2001:db8:7::2"),
                         far = ip6_of("2001:db8:8::1");
    const bool is_there = at->state >= ADDRESS6_TENTATIVE, sends = at->state >= ADDRESS6_OPTIMISTIC;
    const bool is_known = at->state != ADDRESS6_NONE;
    const struct leat_ip link_local = address6_link_local(link);

    assert_ptr_equal(address6_find(link, ip), is_there ? at : NULL);
    assert_null(address6_find(link, beside));
    assert_null(address6_find(link + 1, ip));
    assert_int_equal(address6_is_usable(link, ip), sends);
    assert_false(address6_is_usable(link, beside));
    assert_int_equal(ipv6_is_ours(world->stack, ip), sends);
    assert_false(ipv6_is_ours(world->stack, beside));
    assert_int_equal(addresses6_are_probed(world->stack), at->state == ADDRESS6_TENTATIVE);
    assert_int_equal(addresses6_are_global(world->stack), sends);
    assert_int_equal(address6_on_link(link, beside), is_there && at->kind == ADDRESS6_GIVEN);
    assert_false(address6_on_link(link, far));
    assert_int_equal(address6_hears(link, ip6_solicited_node(ip)), is_there);
    assert_false(address6_hears(link, ip6_solicited_node(beside)));
    assert_memory_equal(&link_local, sends && at->kind == ADDRESS6_LINK_LOCAL ? &ip : &LEAT_IP_ANY,
                        sizeof ip);
    assert_ptr_equal(address6_stable(link, beside),
                     is_known && at->kind == ADDRESS6_STABLE ? at : NULL);
    assert_null(address6_stable(link, far));
    assert_int_equal(addresses6_of_routers(link), is_known && at->kind >= ADDRESS6_STABLE);
    assert_ptr_equal(
        address6_preferred(link),
        sends && at->kind != ADDRESS6_LINK_LOCAL && at->kind != ADDRESS6_TEMPORARY ? at : NULL);
}

static void a_query_looks_at_states_and_origins(void **state)
{
    struct world *world = begin(state);

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        for (unsigned at = 0; at < STATES * KINDS; at++) {
            put(&all[i], "2001:db8:7::1", at % STATES, at / STATES);
            check(world, &all[i]);
        }
        all[i].state = ADDRESS6_NONE;
    }
    end(world);
}

static void addresses_of_each_link_count(void **state)
{
    struct world *world = begin(state);
    struct address6 *others = addresses6_of(link + 1);

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        for (unsigned at = 0; at < STATES; at++) {
            put(&others[i], "2001:db8:7::1", at, ADDRESS6_GIVEN);
            assert_int_equal(addresses6_are_probed(world->stack), at == ADDRESS6_TENTATIVE);
            assert_int_equal(addresses6_are_global(world->stack), at >= ADDRESS6_OPTIMISTIC);
            assert_int_equal(ipv6_is_ours(world->stack, others[i].ip), at >= ADDRESS6_OPTIMISTIC);
        }
        put(&others[i], "fe80::1", ADDRESS6_USABLE, ADDRESS6_LINK_LOCAL);
        assert_false(addresses6_are_global(world->stack));
        others[i].state = ADDRESS6_NONE;
    }
    assert_true(ipv6_is_ours(world->stack, ip6_of("::1")));
    assert_false(ipv6_is_ours(world->stack, LEAT_IP_ANY));
    assert_true(address6_on_link(link, ip6_of("fe80::1")));
    assert_true(address6_hears(link, IP6_ALL));
    assert_false(address6_hears(link, ip6_of("ff02::2")));
    end(world);
}

static void several_addresses_of_routers_are_counted(void **state)
{
    struct world *world = begin(state);

    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        put(&all[i], "2001:db8:7::1", ADDRESS6_FAILED,
            i % 2 ? ADDRESS6_STABLE : ADDRESS6_TEMPORARY);
        assert_int_equal(addresses6_of_routers(link), i + 1);
    }
    end(world);
}

/* An address is preferred until that time, and not at it. */
static void lifetimes_end_at_their_time(void **state)
{
    struct world *world = begin(state);
    const uint64_t now_ns = world->stack->now_ns;

    put(&all[1], "2001:db8:7::1", ADDRESS6_USABLE, ADDRESS6_STABLE);
    put(&all[3], "2001:db8:7::2", ADDRESS6_FAILED, ADDRESS6_STABLE);
    put(&all[4], "2001:db8:7::3", ADDRESS6_USABLE, ADDRESS6_GIVEN);
    assert_true(addresses6_next_deprecation_ns(link) == IP6_FOR_EVER);
    all[1].preferred_until_ns = now_ns + 1;
    assert_ptr_equal(address6_preferred(link), &all[1]);
    all[1].preferred_until_ns = now_ns;
    assert_ptr_equal(address6_preferred(link), &all[4]);
    assert_true(addresses6_next_deprecation_ns(link) == IP6_FOR_EVER); /* that one is over */
    all[1].preferred_until_ns = now_ns + 20;
    all[3].preferred_until_ns = now_ns + 10;
    all[4].preferred_until_ns = now_ns + 30;
    assert_true(addresses6_next_deprecation_ns(link) == now_ns + 10);
    all[3].preferred_until_ns = now_ns + 1;
    assert_true(addresses6_next_deprecation_ns(link) == now_ns + 1);
    all[3].state = ADDRESS6_NONE;
    assert_true(addresses6_next_deprecation_ns(link) == now_ns + 20);
    end(world);
}

/* RFC 8981 3.8: a temporary address needs a successor five seconds before it is deprecated. */
static void a_temporary_address_is_succeeded_five_seconds_before(void **state)
{
    struct world *world = begin(state);
    const uint64_t now_ns = world->stack->now_ns;
    struct address6 *address = &all[2];

    assert_true(address6_ends_soon(world->stack, now_ns + 5 * second));
    assert_false(address6_ends_soon(world->stack, now_ns + 5 * second + 1));
    put(address, "2001:db8:7::1", ADDRESS6_USABLE, ADDRESS6_TEMPORARY);
    address->valid_until_ns = now_ns + 100 * second;
    assert_true(address6_next_ns(address) == now_ns + 100 * second);
    address->preferred_until_ns = now_ns + 50 * second;
    assert_true(address6_next_ns(address) == now_ns + 45 * second);
    address->preferred_until_ns = now_ns + 5 * second + 1;
    assert_true(address6_next_ns(address) == now_ns + 1);
    address->preferred_until_ns = now_ns + 5 * second;
    assert_true(address6_next_ns(address) == now_ns + 5 * second);
    address->preferred_until_ns = now_ns + 1;
    assert_true(address6_next_ns(address) == now_ns + 1);
    address->preferred_until_ns = now_ns;
    assert_true(address6_next_ns(address) == now_ns + 100 * second);
    address->kind = ADDRESS6_STABLE;
    address->preferred_until_ns = now_ns + 50 * second;
    assert_true(address6_next_ns(address) == now_ns + 50 * second);
    end(world);
}

static void an_address_has_the_two_last_routers(void **state)
{
    struct world *world = begin(state);

    put(&all[0], "2001:db8:7::1", ADDRESS6_USABLE, ADDRESS6_STABLE);
    all[0].routers[0] = ip6_of("fe80::a");
    all[0].routers[1] = ip6_of("fe80::b");
    assert_true(address6_is_of_router(&all[0], ip6_of("fe80::a")));
    assert_true(address6_is_of_router(&all[0], ip6_of("fe80::b")));
    assert_false(address6_is_of_router(&all[0], ip6_of("fe80::c")));
    end(world);
}

#define query_test(name) cmocka_unit_test_setup_teardown(name, world6_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        query_test(a_query_looks_at_states_and_origins),
        query_test(addresses_of_each_link_count),
        query_test(several_addresses_of_routers_are_counted),
        query_test(lifetimes_end_at_their_time),
        query_test(a_temporary_address_is_succeeded_five_seconds_before),
        query_test(an_address_has_the_two_last_routers),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
