/* test_slaac_threats.c -- limits on the influence of hostile routers. */
#include <stdio.h>

#include "routers6.h"

#include "ip/v6/ipv6.h"
#include "wire/ra.h"

/* V1; RFC 4861 6.1.2 */
static void test_threat_V1_advertisements_with_a_false_envelope_are_dropped(void **state)
{
    struct home *home = *state;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    struct frame bad[7];
    static const char *const says[7] = {
        "fe80::a answered, but from beyond this link: the hop limit isn't 255",
        "cut short",
        "an advertisement that is cut short, or has an option of length 0",
        "cut short",
        "answered, but from an address that isn't link-local",
        "cut short",
        "cut short"};
    char why[LEAT_REFUSAL_TEXT_BYTES];

    for (unsigned i = 0; i < 7; i++)
        bad[i] = router6_frame(&router);
    bad[0].bytes[21] = 254;
    bad[1].bytes[FRAME6_L4 + 1] = 1;
    bad[2].bytes[FRAME6_L4 + 17] = 0;
    bad[3].bytes[FRAME6_L4 + 17] = 2;
    router.ip = IP6_PEER; /* not link-local */
    bad[4] = router6_frame(&router);
    bad[5] = frame_icmp6(IP6_ROUTER, IP6_ALL, router.message, 15);
    router.len = 16;
    for (unsigned i = 0; i < 65; i++) {
        router.message[router.len] = 200;
        router.message[router.len + 1] = 1;
        router.len += 8;
    }
    router.ip = IP6_ROUTER;
    bad[6] = router6_frame(&router);
    for (unsigned i = 0; i < 7; i++) {
        frame_icmp6_repair(&bad[i]);
        world_feed(home->world, &bad[i]);
        assert_dropped(home->world, drop_ndp_format);
        leat_refusal_format(leat_slaac_refusal(home->slaac), why);
        assert_non_null(strstr(why, says[i]));
    }
    assert_int_equal(leat_slaac_counts(home->slaac)->refused, 7);
    assert_true(leat_ip_is_any(home6_facts(home)->gateway));
}

/* Its options would have to be put together first. */
static void test_threat_V1_an_advertisement_in_two_buffers_is_dropped(void **state)
{
    struct home *home = home6_create();
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    struct frame frame;
    char why[LEAT_REFUSAL_TEXT_BYTES];

    *state = home;
    home->world->config.buf_bytes = 512;
    home6_begin(home);
    router.message[router.len] = 200; /* unknown, and so ignored */
    router.message[router.len + 1] = 50;
    router.len += 50 * 8;
    frame = router6_frame(&router);
    world_feed(home->world, &frame);
    assert_dropped(home->world, drop_ndp_format);
    leat_refusal_format(leat_slaac_refusal(home->slaac), why);
    assert_non_null(strstr(why, "with an advertisement that is too long for a buffer"));
}

/* V2: the class of CVE-2010-4669 */
static void test_threat_V2_a_flood_of_advertisements_drives_out_nothing_that_lives(void **state)
{
    struct home *home = *state;
    struct leat_ip ip;

    home6_settle(home);
    ip = home->facts.ip;
    for (unsigned i = 0; i < 500; i++) {
        struct leat_ip from = IP6_ROUTER;
        struct router router;
        char prefix[64], route[64], server[64];

        from.bytes[14] = (uint8_t)(1 + i / 200);
        from.bytes[13] = (uint8_t)(i % 200);
        router = router6(from, MAC_ROUTER2, 65535);
        router.message[5] = 0x08;
        snprintf(prefix, sizeof prefix, "2001:db8:%x::", 0x100 + i);
        snprintf(route, sizeof route, "2001:db9:%x::", 0x100 + i);
        snprintf(server, sizeof server, "2001:db8::%x", 0x100 + i);
        router6_prefix(&router, prefix, 64, ON_LINK | AUTONOMOUS, 86400, 86400);
        router6_route(&router, route, 48, 0, 86400);
        router6_server(&router, server, 86400);
        router6_domain(&router, "\4evil\0", 6, 86400);
        router6_says(home->world, &router);
    }
    assert_true(leat_stats(home->world->stack)->ndp_limits_reached > 1000);
    assert_int_equal(home->facts.name_server_count, LEAT_SLAAC_SERVERS_MAX);
    world_wait(home->world, 2 * second);
    assert_int_equal(home->world->usable, 1 + LEAT_SLAAC_ADDRESSES_MAX);
    assert_true(leat_ip_equal(home->facts.ip, ip));
    assert_true(mac_is(home6_ping(home, ip6_of("2001:dead::1"), ip), MAC_ROUTER));
    /* the program can still add an address */
    assert_int_equal(leat_address_add(home->world->stack, &home->world->dev.netif, IP6_US, 64),
                     LEAT_OK);
}

/* V3: values that would cripple us */
static void test_threat_V3_hostile_numbers_are_not_believed(void **state)
{
    static const uint32_t mtus[] = {0, 1, 68, 1279, 1501, 9000, UINT32_MAX};
    struct home *home = *state;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    struct leat_ip ip;

    home6_settle(home);
    ip = home->facts.ip;
    router.message[4] = 1; /* hop limit */
    memcpy(router.message + 8, "\xff\xff\xff\xff\0\0\0\1", 8);
    for (unsigned i = 0; i < sizeof mtus / sizeof mtus[0]; i++) {
        router6_mtu(&router, mtus[i]);
        router6_says(home->world, &router);
        assert_int_equal(home6_facts(home)->mtu, 1500);
    }
    {
        const struct frame echo = frame_echo6(IP6_FAR, ip, 8);

        world_feed(home->world, &echo);
        assert_int_equal(world_expect(home->world)->bytes[21], 64);
    }
    router.message[4] = 128;
    router6_mtu(&router, 1280);
    router6_says(home->world, &router);
    assert_int_equal(home->facts.mtu, 1280);
    {
        const struct frame echo = frame_echo6(IP6_FAR, ip, 8);

        world_feed(home->world, &echo);
        assert_int_equal(world_expect(home->world)->bytes[21], 128);
    }
    /* the next hop is still probed once a second, not a thousand times */
    world_mark(home->world);
    home6_ping(home, ip6_of("2001:db8:1::77"), ip);
    world_wait(home->world, 900 * ms);
    assert_grown(home->world, ndp_solicitations_sent, 1);
}

/* V5: a host that claims every address disables us; the program is told, and the checks end. */
static void test_threat_V5_a_host_that_claims_every_address_costs_three_checks(void **state)
{
    struct home *home = *state;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    unsigned answered = 0;

    world_wait(home->world, 3 * second);
    router6_prefix(&router, PREFIX6, 64, ON_LINK | AUTONOMOUS, 86400, 14400);
    for (unsigned i = 0; i < 20; i++) {
        const struct fake_frame *sent;

        router6_says(home->world, &router);
        world_wait(home->world, 100 * ms);
        while ((sent = fake_netif_sent(&home->world->dev))) {
            const struct leat_ip target = frame_ip6_at(sent->bytes + FRAME6_L4 + 8);
            const struct frame answer =
                frame_ndp(136, 0x20, target, IP6_ALL, target, &MAC_OTHER, 0);

            if (frame_icmp6_type(sent) != 135)
                continue;
            answered++;
            world_feed(home->world, &answer);
        }
    }
    assert_int_equal(answered, 3);
    assert_int_equal(home->world->conflicts, 1);
    assert_true(leat_ip_is_any(home6_facts(home)->ip));
}

/* V14: a full list of servers stays as it is, and malformed names are ignored */
static void test_threat_V14_name_servers_of_strangers_are_bounded(void **state)
{
    static const char *const odd[] = {"::", "::1", "ff02::1", "::ffff:10.0.0.1"};
    struct home *home = *state;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    char name[70];

    memset(name, 'a', sizeof name);
    name[0] = 63;
    for (unsigned i = 0; i < 4; i++)
        router6_server(&router, odd[i], 600);
    router6_domain(&router, "\4le\nt\0", 6, 600);        /* an invalid character */
    router6_domain(&router, "\300\4leat\0", 7, 600);     /* a pointer */
    router6_domain(&router, "\77aaaaaa", 8, 600);        /* longer than the option */
    router6_domain(&router, "\0\0\0\0\0\0\0\0", 8, 600); /* no name */
    router6_says(home->world, &router);
    assert_int_equal(home6_facts(home)->name_server_count, 0);
    assert_string_equal(home6_facts(home)->search, "");
}

static void test_threat_V14_domains_of_strangers_are_bounded(void **state)
{
    struct home *home = *state;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    char name[] = "\4lea0\0";
    uint64_t before;

    for (char i = 0; i < LEAT_SLAAC_DOMAINS_MAX; i++) {
        name[4] = (char)('0' + i);
        router6_domain(&router, name, 6, 600);
    }
    router6_says(home->world, &router);
    assert_string_equal(home6_facts(home)->search, "lea0 lea1 lea2 lea3");
    before = leat_stats(home->world->stack)->ndp_limits_reached;
    router = router6(IP6_ROUTER2, MAC_ROUTER2, 1800);
    router6_domain(&router, "\4evil\0", 6, 600);
    router6_says(home->world, &router);
    assert_string_equal(home6_facts(home)->search, "lea0 lea1 lea2 lea3");
    assert_int_equal(leat_stats(home->world->stack)->ndp_limits_reached, before + 1);
}

/* RFC 8106 5.1, 5.2: a server option has a whole number of addresses, at least one; a domain option
 * has at least a byte. A shorter option would be read beyond its end. */
static void test_threat_V3_options_of_names_that_are_too_short_mean_nothing(void **state)
{
    static const struct {
        uint8_t type, units;
        enum ra_kind kind;
    } options[] = {{25, 1, RA_MALFORMED}, {25, 2, RA_MALFORMED}, {25, 3, RA_SERVERS},
                   {25, 4, RA_MALFORMED}, {25, 5, RA_SERVERS},   {31, 1, RA_MALFORMED},
                   {31, 2, RA_SEARCH}};

    (void)state;
    for (unsigned i = 0; i < sizeof options / sizeof *options; i++) {
        const uint8_t bytes[40] = {options[i].type, options[i].units};
        struct wire_ra_option option;
        uint32_t at = 0;

        assert_true(wire_ra_next(&option, bytes, options[i].units * 8u, &at));
        assert_int_equal(option.kind, options[i].kind);
        assert_int_equal(at, options[i].units * 8u);
    }
}

/* RFC 4861 6.2.1, 6.3.4: 0 means unspecified, and harmful values are ignored. */
static void numbers_of_a_router_are_taken_within_bounds(void **state)
{
    static const struct {
        uint8_t hop_limit;
        uint32_t reachable_ms, retrans_ms;
        uint8_t hop_limit_is;
        uint32_t reachable_is_ms, retrans_is_ms;
    } cases[] = {
        {32, 1000, 100, 32, 1000, 100},             /* minimum */
        {31, 999, 99, 32, 1000, 100},               /* too small */
        {0, 0, 0, 32, 1000, 100},                   /* unspecified */
        {255, 3600000, 10000, 255, 3600000, 10000}, /* maximum */
        {64, 3600001, 10001, 64, 3600000, 10000},   /* too large */
    };
    struct home *home = *state;
    struct world *world = home->world;
    const struct link6 *link6 = &world->stack->ipv6->links[0];

    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);

        router.message[4] = cases[i].hop_limit;
        frame_put32(router.message + 8, cases[i].reachable_ms);
        frame_put32(router.message + 12, cases[i].retrans_ms);
        router6_says(world, &router);
        assert_int_equal(link6->hop_limit, cases[i].hop_limit_is);
        assert_int_equal(link6->reachable_ns, cases[i].reachable_is_ms * ms);
        assert_int_equal(link6->retrans_ns, cases[i].retrans_is_ms * ms);
    }
}

/* RFC 8106 5.1: a lifetime of 0 removes an entry, and needs no free one. */
static void a_server_withdrawn_before_it_was_given_needs_no_place(void **state)
{
    struct home *home = *state;
    const struct leat_stats *stats = leat_stats(home->world->stack);
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);

    for (unsigned i = 0; i < LEAT_SLAAC_SERVERS_MAX; i++) {
        char ip[] = "2001:db8::a";

        ip[10] = (char)('a' + i);
        router6_server(&router, ip, 600);
    }
    for (unsigned i = 0; i < LEAT_SLAAC_DOMAINS_MAX; i++) {
        char domain[] = "\1a\0\0\0\0";

        domain[1] = (char)('a' + i);
        router6_domain(&router, domain, 6, 600);
    }
    router6_says(home->world, &router);
    assert_int_equal(home->facts.name_server_count, LEAT_SLAAC_SERVERS_MAX);
    router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    router6_server(&router, "2001:db8::99", 0);
    router6_domain(&router, "\4leat\0", 6, 0);
    router6_says(home->world, &router);
    assert_int_equal(home->facts.name_server_count, LEAT_SLAAC_SERVERS_MAX);
    assert_int_equal(stats->ndp_limits_reached, 0);
    router6_server(&router, "2001:db8::99", 1);
    router6_domain(&router, "\4leat\0", 6, 1);
    router6_says(home->world, &router);
    assert_int_equal(stats->ndp_limits_reached, 2);
}

/* Each of these costs itself, and the rest of the advertisement is used. */
static void a_malformed_option_costs_only_itself(void **state)
{
    struct home *home = *state;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    const struct leat_slaac_counts *counts = leat_slaac_counts(home->slaac);

    world_wait(home->world, 3 * second);
    router6_mtu(&router, 1500);
    router.message[router.len - 8 + 1] = 2; /* too long: it takes in the next */
    router6_mtu(&router, 1279);
    router6_mtu(&router, 1279);                                                      /* too small */
    router6_prefix(&router, "2001:db8:2::", 63, ON_LINK | AUTONOMOUS, 86400, 14400); /* not 64 */
    router6_prefix(&router, "2001:db8:3::", 64, ON_LINK | AUTONOMOUS, 1, 2);
    router6_prefix(&router, "fe80::", 64, ON_LINK, 86400, 14400);
    router6_route(&router, "ff00::", 8, 0, 600);
    router6_server(&router, "ff02::1", 600);
    router6_domain(&router, "\4le?t\0", 6, 600);
    router6_prefix(&router, PREFIX6, 64, ON_LINK | AUTONOMOUS, 86400, 14400);
    router6_server(&router, "2001:db8::53", 600);
    router6_domain(&router, "\4leat\0", 6, 600);
    router6_says(home->world, &router);
    world_wait(home->world, 2 * second);
    assert_int_equal(counts->taken, 1);
    assert_int_equal(counts->ignored_parts, 8);
    assert_int_equal(counts->ignored_option, 5);
    assert_int_equal(leat_stats(home->world->stack)->ndp_parts_ignored, 8);
    assert_false(leat_ip_is_any(home->facts.ip));
    assert_int_equal(home->facts.name_server_count, 1);
    assert_string_equal(home->facts.search, "leat");
    assert_true(leat_ip_equal(home->facts.gateway, IP6_ROUTER));
}

/* An unknown option isn't malformed. */
static void unknown_option_is_not_counted(void **state)
{
    struct home *home = *state;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);

    router6_mtu(&router, 1280);
    router.message[router.len - 8] = 200;
    router6_nat64(&router, "64:ff9b::", 0, 600);
    router6_says(home->world, &router);
    assert_int_equal(leat_slaac_counts(home->slaac)->ignored_parts, 0);
    assert_null(leat_slaac_refusal(home->slaac)->why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        home6_test(test_threat_V1_advertisements_with_a_false_envelope_are_dropped),
        cmocka_unit_test_teardown(test_threat_V1_an_advertisement_in_two_buffers_is_dropped,
                                  home6_teardown),
        home6_test(test_threat_V2_a_flood_of_advertisements_drives_out_nothing_that_lives),
        home6_test(test_threat_V3_hostile_numbers_are_not_believed),
        cmocka_unit_test(test_threat_V3_options_of_names_that_are_too_short_mean_nothing),
        home6_test(test_threat_V5_a_host_that_claims_every_address_costs_three_checks),
        home6_test(a_malformed_option_costs_only_itself),
        home6_test(unknown_option_is_not_counted),
        home6_test(numbers_of_a_router_are_taken_within_bounds),
        home6_test(a_server_withdrawn_before_it_was_given_needs_no_place),
        home6_test(test_threat_V14_name_servers_of_strangers_are_bounded),
        home6_test(test_threat_V14_domains_of_strangers_are_bounded),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
