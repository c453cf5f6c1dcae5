/* test_temporary.c -- temporary addresses (RFC 8981). */
#include "routers6.h"

#include "ip/v6/ipv6.h"
#include "link/address.h"

static const uint64_t day = 86400 * UINT64_C(1000000000);

/* A netif whose router advertises its prefix with these lifetimes. */
static struct home *begin(void **state, uint32_t valid_s, uint32_t preferred_s)
{
    struct home *home = home6_create();
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 65535);

    *state = home;
    home->world->ipv6_config.temporary = true;
    home6_begin(home);
    router6_prefix(&router, PREFIX6, 64, ON_LINK | AUTONOMOUS, valid_s, preferred_s);
    router6_says(home->world, &router);
    world_wait(home->world, 3 * second);
    return home;
}

/* The number of usable temporary addresses; *@last: the one that is preferred for longest. */
static unsigned count_of(const struct home *home, struct address6 *last)
{
    const struct address6 *all = home->world->stack->ipv6->addresses[0];
    unsigned count = 0;

    memset(last, 0, sizeof *last);
    for (unsigned i = 0; i < LEAT_IPV6_ADDRESSES_MAX; i++) {
        if (all[i].state != ADDRESS6_USABLE || all[i].kind != ADDRESS6_TEMPORARY)
            continue;
        assert_memory_equal(all[i].ip.bytes, ip6_of(PREFIX6).bytes, 8);
        count++;
        if (all[i].preferred_until_ns > last->preferred_until_ns)
            *last = all[i];
    }
    return count;
}

/* The source of the answer to an echo request from @peer to all nodes. */
static struct leat_ip source_toward(struct home *home, struct leat_ip peer)
{
    const struct frame echo = frame_echo6(peer, IP6_ALL, 8);

    world_feed(home->world, &echo);
    assert_ended(home->world, taken_icmp6);
    return frame_ip6_at(world_expect(home->world)->bytes + 22);
}

/* RFC 8981 3.8: the lifetime is shorter by up to 0.4 of it, at random. */
static void each_shorter_lifetime_is_drawn(void **state)
{
    unsigned drawn[9] = {0};

    (void)state;
    for (uint8_t seed = 0; seed < 120; seed++) {
        struct home *home = home6_create();
        struct router router = router6(IP6_ROUTER, MAC_ROUTER, 65535);
        struct address6 last;
        void *ended = home;
        uint64_t begun_ns, lives_s;

        home->world->config.seed[0] = seed;
        home->world->ipv6_config.temporary = true;
        home->world->ipv6_config.temporary_preferred_s = 20;
        home6_begin(home);
        router6_prefix(&router, PREFIX6, 64, ON_LINK | AUTONOMOUS, 86400, 86400);
        router6_says(home->world, &router);
        begun_ns = home->world->now_ns;
        world_wait(home->world, 3 * second);
        assert_int_equal(count_of(home, &last), 1);
        lives_s = (last.preferred_max_ns - begun_ns) / second;
        assert_in_range(lives_s, 12, 20);
        drawn[20 - lives_s]++;
        home6_teardown(&ended);
    }
    for (unsigned less = 0; less <= 8; less++)
        assert_true(drawn[less] > 0);
}

static void there_is_none_unless_it_is_wanted(void **state)
{
    struct home *home = *state;
    struct address6 last;

    home6_settle(home);
    assert_int_equal(count_of(home, &last), 0);
}

/* RFC 8981 3.4, 3.8 */
static void it_lives_no_longer_than_the_prefix_or_a_day(void **state)
{
    struct home *home = begin(state, 3600, 1800);
    struct address6 last;

    assert_int_equal(count_of(home, &last), 1);
    assert_in_range(last.preferred_until_ns - home->world->now_ns, 1790 * second, 1800 * second);
    assert_in_range(last.valid_until_ns - home->world->now_ns, 3590 * second, 3600 * second);
    home6_teardown(state);
    home = begin(state, (uint32_t)FOR_EVER, (uint32_t)FOR_EVER);
    assert_int_equal(count_of(home, &last), 1);
    assert_in_range(last.preferred_until_ns - home->world->now_ns, day / 10 * 6 - 4 * second, day);
    assert_in_range(last.valid_until_ns - home->world->now_ns, 2 * day - 4 * second, 2 * day);
    assert_false(leat_ip_equal(home->facts.ip,
                               last.ip)); /* the facts have the stable address, for servers */
}

/* RFC 6724 5, rule 7 */
static void our_own_connections_have_it_for_their_source(void **state)
{
    struct home *home = begin(state, 86400, 14400);
    struct address6 last;

    assert_int_equal(count_of(home, &last), 1);
    assert_true(leat_ip_equal(source_toward(home, IP6_FAR), last.ip));
    assert_true(mac_is(home6_ping(home, IP6_FAR, home->facts.ip),
                       MAC_ROUTER)); /* answers keep the stable address */
}

/* RFC 6724 5, rule 5.5: it is known to the same routers as the stable address */
static void another_router_of_the_prefix_knows_it_too(void **state)
{
    struct home *home = begin(state, 86400, 14400);
    struct router gone = router6(IP6_ROUTER, MAC_ROUTER, 0);
    struct router other = router6(IP6_ROUTER2, MAC_ROUTER2, 65535);
    struct address6 last;

    router6_says(home->world, &gone);
    router6_prefix(&other, PREFIX6, 64, ON_LINK | AUTONOMOUS, 86400, 14400);
    router6_says(home->world, &other);
    assert_int_equal(count_of(home, &last), 1);
    assert_true(leat_ip_equal(source_toward(home, IP6_FAR), last.ip));
}

/* RFC 8981 3.4 (2) */
static void a_router_prolongs_it_no_further_than_a_day(void **state)
{
    struct home *home = begin(state, 3600, 1800);
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 65535);
    struct address6 first, last;

    count_of(home, &first);
    router6_prefix(&router, PREFIX6, 64, ON_LINK | AUTONOMOUS, 30 * 86400, 20 * 86400);
    router6_says(home->world, &router);
    assert_int_equal(count_of(home, &last), 1);
    assert_true(leat_ip_equal(first.ip, last.ip));
    assert_true(last.preferred_until_ns == last.preferred_max_ns);
    assert_true(last.valid_until_ns == last.valid_max_ns);
    assert_in_range(last.preferred_until_ns - home->world->now_ns, day / 10 * 6 - 4 * second, day);
}

/* RFC 8981 3.4 (5), 3.5 */
static void another_one_follows_before_it_is_deprecated(void **state)
{
    struct home *home = begin(state, (uint32_t)FOR_EVER, (uint32_t)FOR_EVER);
    struct address6 first, next;

    assert_int_equal(count_of(home, &first), 1);
    world_wait(home->world, first.preferred_until_ns - home->world->now_ns - 6 * second);
    assert_int_equal(count_of(home, &next), 1);
    world_wait(home->world, 4 * second);
    assert_int_equal(count_of(home, &next), 2); /* its check is complete */
    assert_false(leat_ip_equal(first.ip, next.ip));
    world_wait(home->world, 3 * second);
    assert_true(leat_ip_equal(source_toward(home, ip6_of("2001:db8:1::99")), next.ip));
    world_wait(home->world, first.valid_until_ns - home->world->now_ns + second);
    assert_false(address6_is_usable(home->world->stack->links, first.ip));
    for (unsigned days = 0; days < 10; days++) {
        world_wait(home->world, day);
        assert_in_range(count_of(home, &next), 2, 3);
        assert_true(next.preferred_until_ns > home->world->now_ns);
    }
}

/* RFC 8981 3.4 (4) */
static void a_prefix_that_nears_its_end_gets_none(void **state)
{
    struct home *home = begin(state, 3600, 5);
    struct address6 last;

    assert_int_equal(count_of(home, &last), 0);
    home6_settle(home); /* but when the prefix is preferred again */
    world_wait(home->world, 2 * second);
    assert_int_equal(count_of(home, &last), 1);
    leat_slaac_stop(home->slaac);
    assert_int_equal(count_of(home, &last), 0);
    assert_int_equal(leat_slaac_start(home->world->stack, &home->world->dev.netif, &home->slaac, 0),
                     LEAT_OK);
}

static void not_told(struct address_watch *watch)
{
    (void)watch;
}

/* A leased address in the prefix isn't temporary, and the router can't remove it. */
static void a_lease_stays_when_the_prefix_goes(void **state)
{
    static struct address_watch watch = {.usable = not_told, .taken = not_told};
    struct home *home = begin(state, 86400, 14400);
    struct leat *stack = home->world->stack;
    const struct leat_ip leased = ip6_of("2001:db8:1::77");
    const uint64_t end_ns = home->world->now_ns + day;
    struct address6 last;

    assert_int_equal(address6_lease(stack->links, leased, end_ns, end_ns, &watch), LEAT_OK);
    assert_int_equal(addresses6_of_routers(stack->links), 2);
    world_wait(home->world, 2 * second);
    assert_int_equal(count_of(home, &last), 1);
    assert_true(leat_ip_equal(source_toward(home, ip6_of("2001:db8:1::99")), last.ip));
    leat_slaac_stop(home->slaac);
    assert_int_equal(count_of(home, &last), 0);
    assert_true(address6_is_usable(stack->links, leased));
    assert_int_equal(leat_slaac_start(stack, &home->world->dev.netif, &home->slaac, 0), LEAT_OK);
}

/* RFC 8981 3.3.3; V5 */
static void test_threat_V5_three_identifiers_are_drawn_and_no_more(void **state)
{
    struct home *home = begin(state, 86400, 14400);
    const struct address6 *all = home->world->stack->ipv6->addresses[0];
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 65535);
    struct address6 last;
    unsigned checks = 0;

    router6_prefix(&router, "2001:db8:2::", 64, AUTONOMOUS, 86400, 14400);
    router6_says(home->world, &router);
    for (unsigned i = 0; i < 2000; i++) {
        for (unsigned k = 0; k < LEAT_IPV6_ADDRESSES_MAX; k++) {
            const struct leat_ip ip = all[k].ip;
            const struct frame taken = frame_ndp(136, 0x20, ip, IP6_ALL, ip, &MAC_PEER, 0);

            if (all[k].state != ADDRESS6_TENTATIVE || all[k].kind != ADDRESS6_TEMPORARY ||
                !all[k].asked)
                continue;
            checks++;
            world_feed(home->world, &taken);
        }
        world_wait(home->world, 5 * ms);
        if (i % 500 == 0)
            router6_says(home->world, &router);
    }
    assert_int_equal(checks, 3);
    assert_int_equal(count_of(home, &last), 1); /* of the first prefix */
}

static void test_threat_V2_many_prefixes_leave_room_for_the_programs_addresses(void **state)
{
    struct home *home = begin(state, 86400, 14400);
    struct leat *stack = home->world->stack;
    struct leat_netif *netif = &home->world->dev.netif;

    for (uint8_t i = 1; i < 8; i++) {
        struct router router = router6(IP6_ROUTER, MAC_ROUTER, 65535);
        char text[] = "2001:db8:2:a::";

        text[11] = (char)('a' + i % 6);
        router6_prefix(&router, text, 64, AUTONOMOUS, 86400, 14400);
        router6_says(home->world, &router);
        world_wait(home->world, second);
    }
    assert_true(leat_stats(stack)->ndp_limits_reached > 0);
    assert_int_equal(leat_address_add(stack, netif, IP6_US, 64), LEAT_OK);
    assert_int_equal(leat_address_add(stack, netif, IP6_OTHER, 64), LEAT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        home6_test(there_is_none_unless_it_is_wanted),
        cmocka_unit_test(each_shorter_lifetime_is_drawn),
        cmocka_unit_test_teardown(it_lives_no_longer_than_the_prefix_or_a_day, home6_teardown),
        cmocka_unit_test_teardown(our_own_connections_have_it_for_their_source, home6_teardown),
        cmocka_unit_test_teardown(another_router_of_the_prefix_knows_it_too, home6_teardown),
        cmocka_unit_test_teardown(a_router_prolongs_it_no_further_than_a_day, home6_teardown),
        cmocka_unit_test_teardown(another_one_follows_before_it_is_deprecated, home6_teardown),
        cmocka_unit_test_teardown(a_prefix_that_nears_its_end_gets_none, home6_teardown),
        cmocka_unit_test_teardown(a_lease_stays_when_the_prefix_goes, home6_teardown),
        cmocka_unit_test_teardown(test_threat_V5_three_identifiers_are_drawn_and_no_more,
                                  home6_teardown),
        cmocka_unit_test_teardown(
            test_threat_V2_many_prefixes_leave_room_for_the_programs_addresses, home6_teardown),
    };

    return cmocka_run_group_tests_name("temporary", tests, 0, 0);
}
