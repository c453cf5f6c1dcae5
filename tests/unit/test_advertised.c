/* test_advertised.c -- which options of a router are taken, and which are left out and counted. */
#include "routers6.h"

#include "base.h"
#include "ip/v6/ipv6.h"

static const struct link6 *settings_of(const struct home *home)
{
    return &home->world->stack->ipv6->links[0];
}

static uint64_t parts(const struct home *home)
{
    return leat_stats(home->world->stack)->ndp_parts_ignored;
}

/* RFC 4861 6.3.4: from 1,280 up to the device's. */
static void an_MTU_fits_the_link(void **state)
{
    static const struct {
        uint32_t said;
        bool good;
    } table[] = {{1280, true}, {1279, false}, {1500, true},   {1501, false},
                 {1400, true}, {0, false},    {65536, false}, {UINT32_MAX, false}};
    struct home *home = *state;
    uint16_t mtu = 0;

    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
        const uint64_t before = parts(home);
        const uint32_t generation = home->world->stack->route_generation;

        router6_says(home->world, &router); /* the router itself is known by now */
        router6_mtu(&router, table[i].said);
        router6_says(home->world, &router);
        mtu = table[i].good ? (uint16_t)table[i].said : mtu;
        assert_int_equal(settings_of(home)->mtu, mtu);
        assert_int_equal(parts(home), before + !table[i].good);
        /* cached paths have the old one */
        assert_true(!table[i].good || home->world->stack->route_generation != generation);
    }
}

static void an_MTU_that_is_repeated_changes_no_path(void **state)
{
    struct home *home = *state;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    uint32_t generation;

    router6_mtu(&router, 1400);
    router6_says(home->world, &router);
    generation = home->world->stack->route_generation;
    router6_says(home->world, &router);
    assert_int_equal(home->world->stack->route_generation, generation);
}

/* RFC 4861 6.3.4: 0 means unspecified. */
static void a_hop_limit_changes_paths_if_it_is_new(void **state)
{
    enum {
        HOP_LIMIT_AT = 4
    };
    struct home *home = *state;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    uint32_t generation;

    router6_says(home->world, &router); /* the router itself is known by now */
    router.message[HOP_LIMIT_AT] = 33;
    generation = home->world->stack->route_generation;
    router6_says(home->world, &router);
    assert_int_equal(settings_of(home)->hop_limit, 33);
    assert_int_not_equal(home->world->stack->route_generation, generation);
    generation = home->world->stack->route_generation;
    router6_says(home->world, &router);
    router.message[HOP_LIMIT_AT] = 0;
    router6_says(home->world, &router);
    assert_int_equal(settings_of(home)->hop_limit, 33);
    assert_int_equal(home->world->stack->route_generation, generation);
}

/* Addresses that no name server has. */
static void a_name_server_is_a_host(void **state)
{
    static const struct {
        const char *ip;
        bool good;
    } table[] = {{"2001:db8::53", true},   {"fe80::53", true}, {"fd00::53", true},
                 {"ff02::fb", false},      {"::", false},      {"::1", false},
                 {"::ffff:9.9.9.9", false}};
    struct home *home = *state;
    unsigned count = 0;

    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
        const uint64_t before = parts(home);

        router6_server(&router, table[i].ip, 600);
        router6_says(home->world, &router);
        count += table[i].good;
        assert_int_equal(home6_facts(home)->name_server_count, count);
        assert_int_equal(parts(home), before + !table[i].good);
    }
    assert_true(leat_ip_equal(home6_facts(home)->name_servers[0], ip6_of("2001:db8::53")));
    assert_true(leat_ip_equal(home6_facts(home)->name_servers[2], ip6_of("fd00::53")));
}

/* RFC 4862 5.5.3: which prefixes make an address. */
static void a_prefix_makes_an_address_or_none(void **state)
{
    static const struct {
        const char *prefix;
        uint8_t bits, flags;
        uint32_t valid_s, preferred_s;
        bool makes, good;
    } table[] = {
        {"2001:db8:1::", 64, AUTONOMOUS, 100, 100, true, true},
        {"2001:db8:2::", 64, AUTONOMOUS, 100, 99, true, true},
        {"2001:db8:3::", 64, AUTONOMOUS, 100, 101, false, false},
        {"2001:db8:4::", 63, AUTONOMOUS, 100, 100, false, false},
        {"2001:db8:5::", 65, AUTONOMOUS, 100, 100, false, false},
        {"2001:db8:6::", 64, AUTONOMOUS, 0, 0, false, true},
        {"2001:db8:7::", 64, ON_LINK, 100, 100, false, true},
        {"2001:db8:8::", 64, 0, 100, 200, false, true},
        {"fe80::", 64, AUTONOMOUS, 100, 100, false, false},
        {"ff02::", 64, AUTONOMOUS, 100, 100, false, false},
        {"12::", 64, AUTONOMOUS, 100, 100, false, false}, /* 0::/8 */
        {"100::", 64, AUTONOMOUS, 100, 100, true, true},
    };
    struct home *home = *state;
    const struct address6 *all = addresses6_of(&home->world->stack->links[0]);

    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
        const struct leat_ip prefix = ip6_of(table[i].prefix);
        const uint64_t before = parts(home);
        bool made = false;

        router6_prefix(&router, table[i].prefix, table[i].bits, table[i].flags, table[i].valid_s,
                       table[i].preferred_s);
        router6_says(home->world, &router);
        for (unsigned k = 1; k < LEAT_IPV6_ADDRESSES_MAX; k++) /* the first one is link-local */
            made |= all[k].state != ADDRESS6_NONE && memcmp(all[k].ip.bytes, prefix.bytes, 8) == 0;
        if (made != table[i].makes || parts(home) != before + !table[i].good)
            fail_msg("%s: %d, %u", table[i].prefix, made, (unsigned)(parts(home) - before));
    }
}

/* A group is no router's Ethernet address. */
static void a_routers_Ethernet_address_is_no_group(void **state)
{
    struct home *home = *state;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    const uint64_t before = parts(home);

    router6_says(home->world, &router);
    assert_int_equal(parts(home), before);
    router.message[18] = 0x33;
    router6_says(home->world, &router);
    assert_int_equal(parts(home), before + 1);
    assert_int_equal(leat_slaac_counts(home->slaac)->ignored_option, 1);
    assert_int_equal(leat_slaac_counts(home->slaac)->ignored_parts, 1);
}

/* RFC 8781 5.1: the first prefix stays until it ends; only its own option changes it. */
static void a_prefix_of_NAT64_is_that_of_the_first(void **state)
{
    struct home *home = *state;
    static const struct {
        const char *prefix;
        uint16_t lifetime_s;
        const char *is;
    } table[] = {{"64:ff9b:1::", 0, NULL},
                 {"64:ff9b::", 600, "64:ff9b::"},
                 {"64:ff9b:1::", 600, "64:ff9b::"},
                 {"64:ff9b:1::", 0, "64:ff9b::"},
                 {"64:ff9b::", 0, NULL},
                 {"64:ff9b:1::", 600, "64:ff9b:1::"}};

    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);

        router6_nat64(&router, table[i].prefix, 0, table[i].lifetime_s);
        router6_says(home->world, &router);
        assert_int_equal(home6_facts(home)->nat64_bits, table[i].is ? 96 : 0);
        if (table[i].is)
            assert_true(leat_ip_equal(home6_facts(home)->nat64, ip6_of(table[i].is)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        home6_test(an_MTU_fits_the_link),
        home6_test(an_MTU_that_is_repeated_changes_no_path),
        home6_test(a_hop_limit_changes_paths_if_it_is_new),
        home6_test(a_name_server_is_a_host),
        home6_test(a_prefix_makes_an_address_or_none),
        home6_test(a_routers_Ethernet_address_is_no_group),
        home6_test(a_prefix_of_NAT64_is_that_of_the_first),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
