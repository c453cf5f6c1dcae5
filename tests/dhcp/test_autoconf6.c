/* test_autoconf6.c -- routers announce a DHCPv6 server. */
#include "dhcp6_talk.h"
#include "family.h"
#include "routers6.h"

#include <leat/autoconf.h>

#include "service.h"

#define ROUTER_WHY                                                                                 \
    "router: fe80::a answered, but with an advertisement that is cut short, or has an option of "  \
    "length 0"
#define SERVER_WHY                                                                                 \
    "DHCPv6: fe80::5 answered, but with the status NoAddrsAvail: it has no address for us"

enum {
    MANAGED = 0x80,
    OTHER = 0x40,
    NEITHER = 0
};

struct house {
    struct talk6 talk; /* its client belongs to the autoconf */
    struct leat_autoconf *autoconf;
    unsigned configured;
    unsigned changes[LEAT_AUTOCONF_DHCP6_CONFLICT + 1];
};

static void on_configured(struct leat_autoconf *autoconf, const struct leat_autoconf_facts *facts,
                          void *arg)
{
    struct house *house = arg;

    assert_ptr_equal(facts, leat_autoconf_facts(autoconf));
    assert_false(leat_ip_is_any(facts->ipv6.ip));
    house->configured++;
}

static void on_change(struct leat_autoconf *autoconf, enum leat_autoconf_change change,
                      const struct leat_autoconf_facts *facts, void *arg)
{
    struct house *house = arg;

    assert_ptr_equal(facts, leat_autoconf_facts(autoconf));
    house->changes[change]++;
}

/* @kept: as in the configuration. */
static struct house *build(const uint8_t *kept)
{
    struct house *house = calloc(1, sizeof *house);
    const struct leat_autoconf_config config = {.kept = kept,
                                                .slaac = true,
                                                .on_configured = on_configured,
                                                .on_change = on_change,
                                                .arg = house};
    struct talk6 *talk = &house->talk;
    struct world *world;

    assert_non_null(house);
    world = talk->world = world6_create();
    world->more_bytes = leat_dhcp6_memory_bytes(1) + leat_autoconf_memory_bytes();
    world_init(world);
    assert_int_equal(leat_dhcp6_register(world->stack, 1), LEAT_OK);
    assert_int_equal(
        leat_autoconf_start(world->stack, &world->dev.netif, &house->autoconf, &config), LEAT_OK);
    memcpy(&talk->dhcp6, &(const struct leat_dhcp6 *){leat_autoconf_dhcp6(house->autoconf)},
           sizeof talk->dhcp6);
    world_wait(world, 2 * second);
    talk->us = service_link_local6(world->stack, talk->dhcp6->netif);
    talk6_mark(talk);
    return house;
}

static void demolish(struct house *house)
{
    void *world = house->talk.world;

    world_teardown(&world);
    free(house);
}

static int setup(void **state)
{
    *state = build(NULL);
    return 0;
}

static int teardown(void **state)
{
    demolish(*state);
    return 0;
}

static const struct leat_autoconf_facts *facts_of(const struct house *house)
{
    return leat_autoconf_facts(house->autoconf);
}

/* A router, the default gateway, advertises @flags; @prefix_flags: of its prefix, 0: none. */
static void advertise(struct house *house, uint8_t flags, uint8_t prefix_flags)
{
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 65535);

    router.message[5] = flags;
    if (prefix_flags)
        router6_prefix(&router, PREFIX6, 64, prefix_flags, 86400, 14400);
    router6_says(house->talk.world, &router);
}

/* Rapid commit, a preferred lifetime of half the valid one, and a name server. */
static void lease(struct house *house, uint32_t valid_s)
{
    struct talk6 *talk = &house->talk;
    struct answer6 reply;

    world_wait(talk->world, 101 * ms);
    talk6_heard(talk, DHCP6_SOLICIT);
    reply = answer6(talk, DHCP6_REPLY);
    answer6_option(&reply, DHCP6_RAPID_COMMIT, NULL, 0);
    answer6_option(&reply, DHCP6_NAME_SERVERS, ip6_of("2001:db8::53").bytes, 16);
    answer6_ia(&reply, talk, 0, 0);
    answer6_address(&reply, IP6_LEASED, valid_s / 2, valid_s);
    talk6_feed(talk, &reply);
    world_wait(talk->world, second + 10 * ms);
}

/* Each source has its last refusal told, until it has given something that was taken. */
static void the_reasons_of_all_sources_are_told(void **state)
{
    struct house *house = *state;
    struct talk6 *talk = &house->talk;
    char why[LEAT_AUTOCONF_WHY_BYTES];
    size_t len;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 65535);
    struct frame frame;
    struct answer6 reply;

    assert_int_equal(leat_autoconf_why(house->autoconf, why), 0);
    assert_string_equal(why, "");
    router.message[17] = 0; /* an option of length 0 */
    frame = router6_frame(&router);
    world_feed(talk->world, &frame);
    len = leat_autoconf_why(house->autoconf, why);
    assert_int_equal(len, strlen(why));
    assert_string_equal(why, ROUTER_WHY);
    advertise(house, MANAGED, ON_LINK);
    assert_int_equal(leat_autoconf_why(house->autoconf, why), 0);
    world_wait(talk->world, 101 * ms);
    talk6_heard(talk, DHCP6_SOLICIT);
    reply = answer6(talk, DHCP6_ADVERTISE);
    answer6_status(&reply, DHCP6_NO_ADDRS_AVAIL);
    talk6_feed(talk, &reply);
    world_feed(talk->world, &frame);
    leat_autoconf_why(house->autoconf, why);
    assert_string_equal(why, ROUTER_WHY "; " SERVER_WHY);
    assert_int_equal(leat_slaac_refusal(leat_autoconf_slaac(house->autoconf))->count, 1);
}

static void without_a_flag_no_server_is_asked(void **state)
{
    struct house *house = *state;

    advertise(house, NEITHER, ON_LINK | AUTONOMOUS);
    world_wait(house->talk.world, 10 * second);
    assert_false(talk6_listen(&house->talk));
    assert_int_equal(house->configured, 1); /* by the router alone */
}

/* The flag M, and no prefix for an address: the server's is the only one. */
static void a_managed_network_gives_an_address_and_name_servers(void **state)
{
    struct house *house = *state;
    struct talk6 *talk = &house->talk;

    advertise(house, MANAGED, ON_LINK);
    lease(house, 1000);
    assert_int_equal(house->configured, 1);
    assert_true(leat_ip_equal(facts_of(house)->ipv6.ip, IP6_LEASED));
    assert_int_equal(facts_of(house)->ipv6.prefix_bits, 128); /* RFC 5942 4 */
    assert_true(leat_ip_equal(facts_of(house)->dhcp6.ip, IP6_LEASED));
    assert_true(leat_ip_equal(facts_of(house)->dhcp6.name_servers[0], ip6_of("2001:db8::53")));
    assert_int_equal(house->changes[LEAT_AUTOCONF_DHCP6], 1);
    advertise(house, MANAGED, ON_LINK); /* a repetition starts nothing */
    assert_state6(talk, "BOUND");
    leat_autoconf_stop(house->autoconf, true);
    world_wait(talk->world, ms);
    talk6_heard(talk, DHCP6_RELEASE);
    assert_false(talk6_has(talk, IP6_LEASED));
    assert_int_equal(facts_of(house)->dhcp6.name_server_count, 0);
    assert_int_equal(leat_autoconf_restart(house->autoconf), LEAT_OK);
    advertise(house, MANAGED, ON_LINK);
    lease(house, 1000);
    assert_true(talk6_has(talk, IP6_LEASED));
}

/* True if the leased address would be the source for a host; checks whether it is deprecated. */
static bool source_is_deprecated(struct house *house)
{
    const struct leat_endpoint end = {.ip = ip6_of("2001:db8:77::1"), .port = 80};
    struct destination destination;

    destination_look(house->talk.world->stack, &end, &destination);
    assert_true(leat_ip_equal(destination.source, IP6_LEASED));
    return destination.is_deprecated;
}

/* Once deprecated it is no source if there is another, and it is removed when it expires; RFC
 * 4862 5.5.4. */
static void a_leased_address_is_deprecated_and_then_ends(void **state)
{
    struct house *house = *state;
    struct talk6 *talk = &house->talk;

    advertise(house, MANAGED, ON_LINK);
    lease(house, 1000);
    world_wait(talk->world, 490 * second);
    assert_true(leat_ip_equal(facts_of(house)->ipv6.ip, IP6_LEASED));
    assert_false(source_is_deprecated(house));
    world_wait(talk->world, 12 * second);
    assert_true(source_is_deprecated(house));
    assert_true(leat_ip_is_any(facts_of(house)->ipv6.ip));
    assert_true(talk6_has(talk, IP6_LEASED));
    assert_int_equal(facts_of(house)->dhcp6.name_server_count, 1);
    world_wait(talk->world, 500 * second);
    assert_false(talk6_has(talk, IP6_LEASED));
    assert_int_equal(facts_of(house)->dhcp6.name_server_count, 0);
    assert_int_equal(house->changes[LEAT_AUTOCONF_DHCP6], 2);
    assert_true(house->changes[LEAT_AUTOCONF_DHCP6_SILENCE] > 0);
}

/* The flag O: addresses come from the router, other facts from the server. */
static void another_network_gives_name_servers_alone(void **state)
{
    struct house *house = *state;
    struct talk6 *talk = &house->talk;
    struct answer6 reply;

    advertise(house, OTHER, ON_LINK | AUTONOMOUS);
    world_wait(talk->world, 101 * ms);
    talk6_heard(talk, DHCP6_INFORMATION_REQUEST);
    reply = answer6(talk, DHCP6_REPLY);
    answer6_option(&reply, DHCP6_NAME_SERVERS, ip6_of("2001:db8::53").bytes, 16);
    talk6_feed(talk, &reply);
    assert_int_equal(house->changes[LEAT_AUTOCONF_DHCP6], 1);
    assert_int_equal(facts_of(house)->dhcp6.name_server_count, 1);
    assert_true(leat_ip_is_any(facts_of(house)->dhcp6.ip));
    world_wait(talk->world, 2 * second);
    assert_memory_equal(facts_of(house)->ipv6.ip.bytes, ip6_of(PREFIX6).bytes, 8);
}

/* RFC 4861 4.2: M includes O; RFC 4862: a flag that is cleared ends nothing. */
static void flags_that_rise_are_heeded_and_flags_that_fall_are_not(void **state)
{
    struct house *house = *state;
    struct talk6 *talk = &house->talk;

    advertise(house, OTHER, ON_LINK);
    world_wait(talk->world, 101 * ms);
    talk6_heard(talk, DHCP6_INFORMATION_REQUEST);
    advertise(house, MANAGED | OTHER, ON_LINK);
    lease(house, 1000);
    advertise(house, NEITHER, ON_LINK);
    advertise(house, OTHER, ON_LINK);
    assert_state6(talk, "BOUND");
    assert_true(talk6_has(talk, IP6_LEASED));
}

static void trouble_is_told(void **state)
{
    struct house *house = *state;
    struct talk6 *talk = &house->talk;
    struct answer6 reply;

    advertise(house, MANAGED, ON_LINK);
    world_wait(talk->world, 4 * second);
    assert_int_equal(house->changes[LEAT_AUTOCONF_DHCP6_SILENCE], 2);
    talk6_heard(talk, DHCP6_SOLICIT);
    reply = grant6(talk, DHCP6_REPLY, 1000);
    answer6_option(&reply, DHCP6_RAPID_COMMIT, NULL, 0);
    talk6_feed(talk, &reply);
    talk6_claim(talk, IP6_LEASED);
    assert_int_equal(house->changes[LEAT_AUTOCONF_DHCP6_CONFLICT], 1);
    assert_int_equal(house->changes[LEAT_AUTOCONF_DHCP6], 0);
    assert_int_equal(house->configured, 0);
}

/* RFC 8415 18.2.12: the program passes the record that it has kept. The first start asks the server
 * for the record's address by a Rebind; a start after a stop begins with a Solicit again. */
static void a_kept_address_is_asked_for_at_the_next_start(void **state)
{
    struct house *house = *state;
    struct talk6 *talk;
    uint8_t kept[LEAT_AUTOCONF_KEPT_BYTES], none[LEAT_DHCP_KEPT_BYTES] = {0};
    struct answer6 reply;

    assert_false(leat_autoconf_keep(house->autoconf, kept));
    advertise(house, MANAGED, ON_LINK);
    lease(house, 1000);
    assert_true(leat_autoconf_keep(house->autoconf, kept));
    assert_memory_equal(kept, none, sizeof none); /* there was no DHCPv4 server */
    house = build(kept);
    memset(kept, 0, sizeof kept); /* autoconf has copied it */
    talk = &house->talk;
    advertise(house, MANAGED, ON_LINK);
    world_wait(talk->world, 101 * ms);
    talk6_heard(talk, DHCP6_REBIND);
    assert_true(leat_ip_equal(talk->heard.ip, IP6_LEASED));
    reply = grant6(talk, DHCP6_REPLY, 1000);
    talk6_feed(talk, &reply);
    world_wait(talk->world, second + 10 * ms);
    assert_int_equal(house->configured, 1);
    assert_true(leat_ip_equal(facts_of(house)->dhcp6.ip, IP6_LEASED));
    leat_autoconf_stop(house->autoconf, false);
    assert_int_equal(leat_autoconf_restart(house->autoconf), LEAT_OK);
    advertise(house, MANAGED, ON_LINK);
    world_wait(talk->world, 101 * ms);
    talk6_heard(talk, DHCP6_SOLICIT);
    demolish(house);
}

/* A stopped autoconf ignores routers and DHCPv6 servers; the next start uses both. */
static void after_a_stop_routers_are_not_heard(void **state)
{
    struct house *house = *state;
    struct world *world = house->talk.world;
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    struct frame frame;

    router6_prefix(&router, PREFIX6, 64, ON_LINK | AUTONOMOUS, 86400, 14400);
    frame = router6_frame(&router);
    advertise(house, MANAGED, ON_LINK | AUTONOMOUS);
    lease(house, 1000);
    world_wait(world, 2 * second);
    assert_int_equal(house->configured, 1);
    talk6_mark(&house->talk);
    leat_autoconf_stop(house->autoconf, false);
    world_wait(world, ms);
    assert_false(talk6_listen(&house->talk)); /* no Release */
    world_mark(world);
    world_feed(world, &frame);
    assert_dropped(world, drop_icmp6_type);
    world_wait(world, 10 * second);
    assert_false(talk6_listen(&house->talk));
    assert_true(leat_ip_is_any(facts_of(house)->ipv6.ip));
    assert_int_equal(leat_autoconf_restart(house->autoconf), LEAT_OK);
    advertise(house, MANAGED, ON_LINK | AUTONOMOUS);
    world_wait(world, 2 * second);
    assert_false(leat_ip_is_any(facts_of(house)->ipv6.ip));
}

/* Without leat_dhcp6_register() there is no DHCPv6, whatever routers advertise. */
static void without_a_registration_there_is_no_client(void **state)
{
    struct world *world = world6_create();
    const struct leat_autoconf_config config = {.slaac = true};
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    struct leat_autoconf *autoconf;
    void *ended = world;

    (void)state;
    world->more_bytes = leat_autoconf_memory_bytes();
    world_init(world);
    assert_int_equal(leat_autoconf_start(world->stack, &world->dev.netif, &autoconf, &config),
                     LEAT_OK);
    assert_null(leat_autoconf_dhcp6(autoconf));
    router.message[5] = MANAGED;
    router6_says(world, &router);
    assert_true(leat_autoconf_facts(autoconf)->ipv6.managed);
    leat_autoconf_stop(autoconf, false);
    world_teardown(&ended);
}

/* Without the configuration, without IPv6 in the stack, and below its MTU no router is asked. */
static void routers_are_asked_only_with_ipv6(void **state)
{
    (void)state;
    for (unsigned without = 0; without <= 3; without++) {
        struct world *world = world6_create();
        const struct leat_autoconf_config config = {.slaac = without != 1};
        struct leat_autoconf *autoconf;
        char why[LEAT_AUTOCONF_WHY_BYTES];
        void *ended = world;

        world->more_bytes = leat_autoconf_memory_bytes();
        world->with_ipv6 = without != 2;
        world->dev.netif.mtu = without == 3 ? 1279 : 1280;
        world_init(world);
        assert_int_equal(leat_autoconf_start(world->stack, &world->dev.netif, &autoconf, &config),
                         LEAT_OK);
        assert_int_equal(leat_autoconf_slaac(autoconf) != NULL, without == 0);
        assert_int_equal(leat_autoconf_why(autoconf, why), 0);
        assert_string_equal(why, "");
        world_wait(world, 10 * second);
        assert_int_equal(world->dev.sent[FAKE_ROUTER_SOLICITATION] > 0, without == 0);
        leat_autoconf_stop(autoconf, false);
        world_teardown(&ended);
    }
}

/* The program uses the netif's router advertisements itself: autoconf fails completely. */
static void a_start_that_fails_asks_no_server(void **state)
{
    struct world *world = world6_create();
    const struct leat_autoconf_config config = {.slaac = true, .link_local = true};
    struct leat_autoconf *autoconf;
    struct leat_slaac *slaac;
    const struct fake_frame *frame;
    void *ended = world;

    (void)state;
    world->more_bytes = leat_autoconf_memory_bytes();
    world_init(world);
    assert_int_equal(leat_slaac_start(world->stack, &world->dev.netif, &slaac, NULL), LEAT_OK);
    assert_int_equal(leat_autoconf_start(world->stack, &world->dev.netif, &autoconf, &config),
                     LEAT_ERR_IN_USE);
    world_wait(world, 30 * second);
    while ((frame = fake_netif_sent(&world->dev))) /* neither DHCP nor ARP */
        assert_int_equal(frame_get16(frame->bytes + 12), 0x86dd);
    world_teardown(&ended);
}

int main(void)
{
#define house_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        house_test(the_reasons_of_all_sources_are_told),
        house_test(without_a_flag_no_server_is_asked),
        house_test(a_managed_network_gives_an_address_and_name_servers),
        house_test(a_leased_address_is_deprecated_and_then_ends),
        house_test(another_network_gives_name_servers_alone),
        house_test(flags_that_rise_are_heeded_and_flags_that_fall_are_not),
        house_test(trouble_is_told),
        house_test(a_kept_address_is_asked_for_at_the_next_start),
        house_test(after_a_stop_routers_are_not_heard),
        cmocka_unit_test(routers_are_asked_only_with_ipv6),
        cmocka_unit_test(a_start_that_fails_asks_no_server),
        cmocka_unit_test(without_a_registration_there_is_no_client),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
