/* test_slaac.c -- routers are solicited, and trusted within bounds (RFC 4861 6.3, RFC 4862 5.5). */
#include "routers6.h"

#include "ip/v6/ipv6.h"
#include "base.h"

#include <leat/autoconf.h>

static const uint64_t minute = 60 * UINT64_C(1000000000);
static const uint64_t hour = 3600 * UINT64_C(1000000000);

/* RFC 7559, RFC 4861 6.3.7 */
static void routers_are_asked_ever_more_rarely_until_one_answers(void **state)
{
    struct home *home = *state;
    const uint64_t begin_ns = home->world->now_ns;
    const struct fake_frame *sent = home6_next_question(home);
    uint64_t before_ns = home->world->now_ns, wait_ns = 4 * second;

    assert_true(before_ns - begin_ns <= 151 * ms);
    assert_true(leat_ip_is_any(frame_ip6_at(sent->bytes + 22)));
    assert_int_equal(sent->len, FRAME6_L4 + 8);
    assert_int_equal(sent->bytes[21], 255);
    for (unsigned i = 0; i < 14; i++) {
        uint64_t waited_ns;

        sent = home6_next_question(home);
        waited_ns = home->world->now_ns - before_ns;
        assert_true(leat_ip_is_link_local(frame_ip6_at(sent->bytes + 22)));
        assert_int_equal(sent->bytes[FRAME6_L4 + 8], 1); /* our link-layer address */
        assert_true(waited_ns >= wait_ns * 7 / 10 && waited_ns <= wait_ns * 13 / 10);
        assert_true(waited_ns <= hour + hour / 10 + ms);
        before_ns = home->world->now_ns;
        wait_ns = 2 * waited_ns < hour ? 2 * waited_ns : hour;
    }
    home6_settle(home);
    world_mark(home->world);
    world_wait(home->world, 20 * minute);
    assert_grown(home->world, ndp_router_solicitations_sent, 0);
}

/* RFC 4861 6.3.7: solicitations start again when the last default router is gone. */
static void routers_are_asked_again_when_the_last_has_gone(void **state)
{
    struct home *home = *state;
    const struct router gone = router6(IP6_ROUTER, MAC_ROUTER, 0);

    home6_settle(home);
    router6_says(home->world, &gone);
    assert_true(leat_ip_is_any(home->facts.gateway));
    world_mark(home->world);
    world_wait(home->world, 5 * second);
    assert_grown(home->world, ndp_router_solicitations_sent, 1);
}

/* RFC 4862 5.5.3, RFC 7217; the time until the address is usable is the random waits and one
 * check. */
static void an_advertisement_gives_an_address_a_gateway_and_the_rest(void **state)
{
    struct home *home = *state;
    struct world *world = home->world;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    const uint64_t begin_ns = world->now_ns;

    router.message[5] = 0xc0;
    router6_prefix(&router, PREFIX6, 64, ON_LINK | AUTONOMOUS, 86400, 14400);
    router6_mtu(&router, 1400);
    router6_server(&router, "2001:db8::53", 600);
    router6_server(&router, "fe80::53", 600);
    router6_domain(&router, "\4leat\7example\0\3lab\7example\0", 26, 600);
    router6_nat64(&router, "64:ff9b::", 0, 600);
    home6_next_question(home);
    router6_says(world, &router);
    while (leat_ip_is_any(home->facts.ip)) {
        world->now_ns = world->next_ns;
        world_poll(world);
    }
    assert_true(world->now_ns - begin_ns <= 1200 * ms);
    assert_true(leat_ip_equal(world->last_address, home->facts.ip));
    assert_memory_equal(home->facts.ip.bytes, ip6_of(PREFIX6).bytes, 8);
    assert_memory_not_equal(home->facts.ip.bytes + 13, world->dev.netif.mac.octet + 3, 3);
    assert_int_equal(home->facts.prefix_bits, 64);
    assert_true(leat_ip_equal(home->facts.gateway, IP6_ROUTER));
    assert_int_equal(home->facts.mtu, 1400);
    assert_true(home->facts.managed && home->facts.other);
    assert_int_equal(home->facts.name_server_count, 2);
    assert_true(leat_ip_equal(home->facts.name_servers[0], ip6_of("2001:db8::53")));
    assert_string_equal(home->facts.search, "leat.example lab.example");
    assert_int_equal(home->facts.nat64_bits, 96);
    assert_true(leat_ip_equal(home->facts.nat64, ip6_of("64:ff9b::")));
    assert_memory_equal(home6_facts(home), &home->facts, sizeof home->facts);
    assert_true(mac_is(home6_ping(home, IP6_FAR, home->facts.ip), MAC_ROUTER));
}

/* The same secret, prefix and netif: the same address. */
static void an_address_is_the_same_after_each_start(void **state)
{
    struct home *home = *state;
    struct home *again = home6_create();

    home6_settle(home);
    again->world->config.seed[3] ^= 1;
    home6_begin(again);
    home6_settle(again);
    assert_true(leat_ip_equal(again->facts.ip, home->facts.ip));
    home6_teardown((void **)&again);
}

/* RFC 4862 5.5.4 */
static void an_address_is_deprecated_and_then_ends(void **state)
{
    struct home *home = *state;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 9000);
    struct leat_ip ip;

    router6_prefix(&router, PREFIX6, 64, ON_LINK | AUTONOMOUS, 9000, 3600);
    router6_says(home->world, &router);
    world_wait(home->world, 2 * second);
    ip = home->facts.ip;
    assert_false(leat_ip_is_any(ip));
    world_wait(home->world, hour);
    assert_true(leat_ip_is_any(home->facts.ip)); /* not for new connections */
    home6_ping(home, IP6_FAR, ip);               /* but for packets to the address */
    world_wait(home->world, 9000 * second - hour);
    world_mark(home->world);
    world_feed(home->world, &(struct frame){.len = 0});
    assert_int_equal(leat_address_remove(home->world->stack, &home->world->dev.netif, ip),
                     LEAT_ERR_NOT_FOUND);
    assert_true(leat_ip_is_any(home->facts.gateway));
}

/* RFC 4862 5.5.3 (e): two hours */
static void a_lifetime_is_shortened_to_two_hours_at_most(void **state)
{
    struct home *home = *state;
    struct router shorter = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    struct leat_ip ip;

    home6_settle(home); /* valid for a day */
    ip = home->facts.ip;
    router6_prefix(&shorter, PREFIX6, 64, AUTONOMOUS, 10, 0);
    router6_says(home->world, &shorter);
    assert_true(leat_ip_is_any(home->facts.ip)); /* deprecated at once */
    world_wait(home->world, 2 * hour - minute);
    router6_says(home->world, &shorter); /* less than two hours are left: ignored */
    home6_ping(home, IP6_FAR, ip);
    world_wait(home->world, 2 * minute);
    assert_int_equal(leat_address_remove(home->world->stack, &home->world->dev.netif, ip),
                     LEAT_ERR_NOT_FOUND);
}

static void a_lifetime_is_prolonged(void **state)
{
    struct home *home = *state;
    struct router longer = router6(IP6_ROUTER, MAC_ROUTER, 65535);
    struct leat_ip ip;

    home6_settle(home);
    ip = home->facts.ip;
    router6_prefix(&longer, PREFIX6, 64, AUTONOMOUS, (uint32_t)FOR_EVER, (uint32_t)FOR_EVER);
    router6_says(home->world, &longer);
    world_wait(home->world, 1000 * 24 * hour);
    assert_true(leat_ip_equal(home6_facts(home)->ip, ip));
}

/* RFC 4862 5.5.3 (a) to (d) */
static void prefixes_that_make_no_address(void **state)
{
    struct home *home = *state;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);

    router6_prefix(&router, PREFIX6, 64, ON_LINK, 86400, 14400);           /* not autonomous */
    router6_prefix(&router, "fe80::", 64, AUTONOMOUS, 86400, 14400);       /* link-local */
    router6_prefix(&router, "ff00::", 64, AUTONOMOUS, 86400, 14400);       /* multicast */
    router6_prefix(&router, "::", 64, AUTONOMOUS, 86400, 14400);           /* reserved */
    router6_prefix(&router, "2001:db8:2::", 64, AUTONOMOUS, 3600, 7200);   /* preferred > valid */
    router6_prefix(&router, "2001:db8:3::", 64, AUTONOMOUS, 0, 0);         /* already ended */
    router6_prefix(&router, "2001:db8:4::", 56, AUTONOMOUS, 86400, 14400); /* not 64 bits */
    router6_says(home->world, &router);
    world_wait(home->world, 3 * second);
    assert_true(leat_ip_is_any(home->facts.ip));
    assert_int_equal(home->world->usable, 1); /* the link-local one */
}

/* RFC 5942 4 */
static void only_advertised_prefixes_are_on_the_link(void **state)
{
    struct home *home = *state;
    const struct leat_ip near = ip6_of("2001:db8:1::99");
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 9000);
    struct leat_ip ip;

    router6_prefix(&router, PREFIX6, 64, AUTONOMOUS, 86400, 14400);
    router6_says(home->world, &router);
    world_wait(home->world, 2 * second);
    ip = home->facts.ip;
    assert_true(mac_is(home6_ping(home, near, ip), MAC_ROUTER));
    router6_prefix(&router, PREFIX6, 64, ON_LINK, 30, 0);
    router6_says(home->world, &router);
    home6_ping(home, near, ip);
    fake_netif_forget(&home->world->dev);
    world_wait(home->world, 1100 * ms);
    assert_true(home6_was_asked(home, near));
    home6_answer_for(home, IP6_ROUTER, &MAC_ROUTER);
    world_wait(home->world, 30 * second);
    assert_true(mac_is(home6_ping(home, near, ip), MAC_ROUTER));
}

/* RFC 8106 5.1 */
static void an_option_has_any_number_of_name_servers(void **state)
{
    static const char *const servers[] = {"2001:db8::53", "2001:db8::54", "2001:db8::55"};
    struct home *home = *state;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    const uint32_t at = router.len;

    router6_server(&router, servers[0], 600);
    for (unsigned i = 1; i < 3; i++) {
        memcpy(router.message + router.len, ip6_of(servers[i]).bytes, 16);
        router.len += 16;
        router.message[at + 1] = (uint8_t)(router.message[at + 1] + 2);
    }
    router6_says(home->world, &router);
    for (unsigned i = 0; i < 3; i++)
        assert_true(leat_ip_equal(home6_facts(home)->name_servers[i], ip6_of(servers[i])));
    assert_true(leat_ip_is_any(home6_facts(home)->name_servers[3]));
}

static void name_servers_end_with_their_lifetime(void **state)
{
    struct home *home = *state;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);

    router6_server(&router, "2001:db8::53", 600);
    router6_server(&router, "2001:db8::54", 300);
    router6_domain(&router, "\4leat\0", 6, 300);
    router6_nat64(&router, "64:ff9b::", 0, 304);
    router6_says(home->world, &router);
    assert_int_equal(home->facts.name_server_count, 2);
    world_wait(home->world, 310 * second);
    assert_int_equal(home->facts.name_server_count, 1);
    assert_true(leat_ip_equal(home->facts.name_servers[0], ip6_of("2001:db8::53")));
    assert_string_equal(home->facts.search, "");
    assert_int_equal(home->facts.nat64_bits, 0);
    router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    router6_server(&router, "2001:db8::53", 0); /* RFC 8106 5.1: removed */
    router6_says(home->world, &router);
    assert_int_equal(home->facts.name_server_count, 0);
}

static void when_it_stops_all_of_it_goes(void **state)
{
    struct home *home = *state;
    struct world *world = home->world;
    struct leat_ip ip;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);

    home6_settle(home);
    ip = home->facts.ip;
    router6_mtu(&router, 1280);
    router6_says(world, &router);
    leat_slaac_stop(home->slaac);
    assert_int_equal(leat_address_remove(world->stack, &world->dev.netif, ip), LEAT_ERR_NOT_FOUND);
    assert_int_equal(leat_slaac_start(world->stack, &world->dev.netif, &home->slaac, 0), LEAT_OK);
    assert_true(leat_ip_is_any(home6_facts(home)->gateway));
    assert_int_equal(home6_facts(home)->mtu, 1500);
    world_wait(world, 10 * second);
    home6_facts(home);
    leat_slaac_stop(home->slaac);
    world_mark(world);
    world_wait(world, 100 * second);
    assert_silent(world);
    {
        const struct frame frame = router6_frame(&router);

        world_feed(world, &frame);
        assert_dropped(world, drop_icmp6_type);
    }
}

static void a_start_that_can_not_be_is_refused(void **state)
{
    struct home *home = *state;
    struct world *world = home->world;
    struct leat_slaac *slaac;

    assert_int_equal(leat_slaac_start(world->stack, &world->dev.netif, &slaac, 0), LEAT_ERR_IN_USE);
    assert_int_equal(leat_slaac_start(world->stack, &world->second.netif, &slaac, 0),
                     LEAT_ERR_ARGUMENT);
    world_attach_second(world);
    world->second.netif.mtu = 1279;
    assert_int_equal(leat_slaac_start(world->stack, &world->second.netif, &slaac, 0),
                     LEAT_ERR_ARGUMENT);
    world->second.netif.mtu = 1280;
    assert_int_equal(leat_slaac_start(world->stack, &world->second.netif, &slaac, 0),
                     LEAT_ERR_FULL);
}

/* ---- together with DHCP (leat/autoconf.h) -------------------------------------------------- */

struct both {
    unsigned configured;
    unsigned changes[LEAT_AUTOCONF_DHCP6_CONFLICT + 1];
};

static void on_configured(struct leat_autoconf *autoconf, const struct leat_autoconf_facts *facts,
                          void *arg)
{
    struct both *both = arg;

    assert_ptr_equal(facts, leat_autoconf_facts(autoconf));
    both->configured++;
}

static void on_news(struct leat_autoconf *autoconf, enum leat_autoconf_change change,
                    const struct leat_autoconf_facts *facts, void *arg)
{
    struct both *both = arg;

    assert_ptr_equal(facts, leat_autoconf_facts(autoconf));
    both->changes[change]++;
}

static void routers_are_heard_beside_dhcp(void **state)
{
    struct home *home = home6_create();
    struct world *world = home->world;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    struct both both = {0};
    const struct leat_autoconf_config config = {
        .slaac = true, .on_configured = on_configured, .on_change = on_news, .arg = &both};
    const struct leat_autoconf_facts *facts;
    struct leat_autoconf *autoconf;

    *state = home;
    world->more_bytes = leat_autoconf_memory_bytes();
    world_init(world);
    assert_int_equal(leat_autoconf_start(world->stack, &world->dev.netif, &autoconf, &config),
                     LEAT_OK);
    facts = leat_autoconf_facts(autoconf);
    router6_prefix(&router, PREFIX6, 64, ON_LINK | AUTONOMOUS, 86400, 14400);
    router6_says(world, &router);
    assert_int_equal(both.configured, 0); /* a router, but no address yet */
    assert_true(leat_ip_equal(facts->ipv6.gateway, IP6_ROUTER));
    world_wait(world, 1500 * ms);
    assert_int_equal(both.configured, 1);
    assert_true(leat_ip_is_any(facts->ip));
    assert_memory_equal(facts->ipv6.ip.bytes, ip6_of(PREFIX6).bytes, 8);
    both.changes[LEAT_AUTOCONF_IPV6] = 0;
    router6_server(&router, "2001:db8::53", 600);
    router6_says(world, &router);
    assert_int_equal(both.changes[LEAT_AUTOCONF_IPV6], 1);
    assert_int_equal(facts->ipv6.name_server_count, 1);
    leat_autoconf_stop(autoconf, false);
    assert_int_equal(facts->ipv6.name_server_count, 0);
    assert_int_equal(leat_autoconf_restart(autoconf), LEAT_OK);
    leat_autoconf_stop(autoconf, false);
    assert_int_equal(both.configured, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        home6_test(routers_are_asked_ever_more_rarely_until_one_answers),
        home6_test(routers_are_asked_again_when_the_last_has_gone),
        home6_test(an_advertisement_gives_an_address_a_gateway_and_the_rest),
        home6_test(an_address_is_the_same_after_each_start),
        home6_test(an_address_is_deprecated_and_then_ends),
        home6_test(a_lifetime_is_shortened_to_two_hours_at_most),
        home6_test(a_lifetime_is_prolonged),
        home6_test(prefixes_that_make_no_address),
        home6_test(only_advertised_prefixes_are_on_the_link),
        home6_test(an_option_has_any_number_of_name_servers),
        home6_test(name_servers_end_with_their_lifetime),
        home6_test(when_it_stops_all_of_it_goes),
        home6_test(a_start_that_can_not_be_is_refused),
        cmocka_unit_test_teardown(routers_are_heard_beside_dhcp, home6_teardown),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
