/* test_autoconf_facts.c -- each fact of a lease, each report, and the limits of a configuration. */
#include "dhcp_home.h"
#include "service_netif.h"

static const char empty[] = "";

/* An ACK with every option that autoconf takes; @more is added to numbers. */
static void acknowledge_all(struct home *home, uint8_t more)
{
    const uint8_t dns[8] = {9, 9, 9, (uint8_t)(1 + more), 9, 9, 9, 2};
    const uint8_t ntp[12] = {8, 8, 8, (uint8_t)(1 + more), 8, 8, 8, 2, 8, 8, 8, 3};
    const uint8_t mtu[2] = {5, (uint8_t)(100 + more)};
    struct answer ack = answer(&home->talk, ACK, 3600);

    answer_option32(&ack, 3, IP_GATEWAY);
    answer_option(&ack, 6, dns, sizeof dns);
    answer_option(&ack, 42, ntp, sizeof ntp);
    answer_option(&ack, 12, more ? "host2" : "host1", 5);
    answer_option(&ack, 15, more ? "net2.test" : "net1.test", 9);
    answer_option(&ack, 119, more ? "\2s2\4test\0" : "\2s1\4test\0", 9);
    answer_option(&ack, 26, mtu, sizeof mtu);
    talk_feed(&home->talk, &ack);
}

static void offer(struct home *home)
{
    struct answer made;

    home_start(home);
    made = answer(&home->talk, OFFER, 3600);
    talk_feed(&home->talk, &made);
    talk_listen(&home->talk);
}

static void expect_facts(struct home *home, uint8_t more)
{
    const struct leat_autoconf_facts *facts = leat_autoconf_facts(home->autoconf);

    assert_int_equal(leat_ip_v4_number(facts->ip), IP_GRANTED);
    assert_int_equal(facts->prefix_bits, 24);
    assert_int_equal(leat_ip_v4_number(facts->gateway), IP_GATEWAY);
    assert_int_equal(facts->mtu, 5 * 256 + 100 + more);
    assert_int_equal(facts->name_server_count, 2);
    assert_int_equal(leat_ip_v4_number(facts->name_servers[0]), IP4(9, 9, 9, 1) + more);
    assert_int_equal(leat_ip_v4_number(facts->name_servers[1]), IP4(9, 9, 9, 2));
    assert_int_equal(facts->ntp_server_count, 3);
    assert_int_equal(leat_ip_v4_number(facts->ntp_servers[0]), IP4(8, 8, 8, 1) + more);
    assert_int_equal(leat_ip_v4_number(facts->ntp_servers[2]), IP4(8, 8, 8, 3));
    assert_string_equal(facts->host_name, more ? "host2" : "host1");
    assert_string_equal(facts->domain_name, more ? "net2.test" : "net1.test");
    assert_string_equal(facts->search, more ? "s2.test" : "s1.test");
}

/* All bytes are 0 again, but for the MTU. */
static void expect_no_facts(struct home *home)
{
    struct leat_autoconf_facts facts, none;

    memset(&none, 0, sizeof none);
    memcpy(&facts, leat_autoconf_facts(home->autoconf), sizeof facts);
    assert_int_equal(facts.mtu, 1500);
    facts.mtu = 0;
    assert_memory_equal(&facts, &none, sizeof none);
}

static void every_fact_comes_changes_and_goes(void **state)
{
    struct home *home = *state;
    struct talk *talk = &home->talk;

    offer(home);
    expect_no_facts(home);
    acknowledge_all(home, 0);
    expect_facts(home, 0);
    talk_wait_until(talk, talk->dhcp->t1_ns);
    world_wait(talk->world, ms);
    talk_heard(talk, 3);
    acknowledge_all(home, 1);
    expect_facts(home, 1);
    assert_int_equal(home->changes[LEAT_AUTOCONF_FACTS], 1);
    leat_autoconf_stop(home->autoconf, false);
    expect_no_facts(home);
    world_wait(talk->world, second);
    assert_false(talk_listen(talk)); /* a stop without a release is silent */
}

/* Facts that a renewal doesn't repeat are gone. */
static void a_renewal_without_options_clears_their_facts(void **state)
{
    struct home *home = *state;
    struct talk *talk = &home->talk;
    const struct leat_autoconf_facts *facts;
    struct answer ack;

    offer(home);
    acknowledge_all(home, 0);
    talk_wait_until(talk, talk->dhcp->t1_ns);
    world_wait(talk->world, ms);
    talk_heard(talk, 3);
    ack = answer(talk, ACK, 3600);
    talk_feed(talk, &ack);
    facts = leat_autoconf_facts(home->autoconf);
    assert_int_equal(leat_ip_v4_number(facts->ip), IP_GRANTED);
    assert_true(leat_ip_is_any(facts->gateway));
    assert_int_equal(facts->mtu, 1500);
    assert_int_equal(facts->name_server_count + facts->ntp_server_count, 0);
    assert_true(leat_ip_is_any(facts->name_servers[0]));
    assert_true(leat_ip_is_any(facts->ntp_servers[0]));
    assert_string_equal(facts->host_name, empty);
    assert_string_equal(facts->domain_name, empty);
    assert_string_equal(facts->search, empty);
}

/* An ACK with option 121: @count routes by the gateway, to 172.16.0.0/24 and those behind it. */
static void acknowledge_routes(struct home *home, unsigned count)
{
    struct answer ack = answer(&home->talk, ACK, 3600);
    uint8_t routes[8 * LEAT_DHCP_ROUTES_MAX];

    for (unsigned i = 0; i < count; i++)
        memcpy(routes + 8 * i, (const uint8_t[]){24, 172, 16, (uint8_t)i, 10, 0, 0, 9}, 8);
    if (count > 0)
        answer_option(&ack, 121, routes, 8 * count);
    talk_feed(&home->talk, &ack);
}

static void expect_routes(struct home *home, unsigned count)
{
    const struct leat *stack = home->talk.world->stack;

    for (unsigned i = 0; i < LEAT_DHCP_ROUTES_MAX; i++)
        assert_int_equal(service_has_route(stack, IP4(172, 16, i, 0), 24), i < count);
    assert_false(service_has_route(stack, IP4_ANY, 0));
    assert_true(leat_ip_is_any(leat_autoconf_facts(home->autoconf)->gateway));
}

/* No other route is added beside them, and no default without a router. */
static void each_route_of_a_lease_is_added_and_withdrawn(void **state)
{
    static const unsigned counts[] = {0, 1, 2, LEAT_DHCP_ROUTES_MAX - 1, LEAT_DHCP_ROUTES_MAX};

    (void)state;
    for (unsigned i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct home *home = home_create();
        void *arg = home;

        home->config.routes = true;
        home->talk.world->config.routes = LEAT_DHCP_ROUTES_MAX + 1;
        world_init(home->talk.world);
        offer(home);
        acknowledge_routes(home, counts[i]);
        assert_int_equal(home->configured, 1);
        expect_routes(home, counts[i]);
        leat_autoconf_stop(home->autoconf, false);
        expect_routes(home, 0);
        home_teardown(&arg);
    }
}

/* Each report once, and no other beside it. */
static void expect_changes(const struct home *home, unsigned refused, unsigned conflict,
                           unsigned address)
{
    assert_int_equal(home->changes[LEAT_AUTOCONF_REFUSED], refused);
    assert_int_equal(home->changes[LEAT_AUTOCONF_CONFLICT], conflict);
    assert_int_equal(home->changes[LEAT_AUTOCONF_ADDRESS], address);
    assert_int_equal(home->changes[LEAT_AUTOCONF_FACTS], 0);
}

/* A refusal before there is a lease withdraws nothing. */
static void a_refusal_and_a_conflict_are_told_apart(void **state)
{
    struct home *home = *state;
    struct talk *talk = &home->talk;
    struct answer nak;

    offer(home);
    nak = answer(talk, NAK, 0);
    talk_feed(talk, &nak);
    expect_changes(home, 1, 0, 0);
    assert_int_equal(home->configured, 0);
    world_wait(talk->world, 20 * second);
    talk_heard(talk, 1);
    nak = answer(talk, OFFER, 3600);
    talk_feed(talk, &nak);
    talk_listen(talk);
    home_acknowledge(home, IP4(9, 9, 9, 9));
    assert_int_equal(home->configured, 1);
    talk_claim(talk, IP_GRANTED);
    expect_changes(home, 1, 1, 1);
    expect_no_facts(home);
}

static bool says_no(struct leat_autoconf *autoconf, const struct leat_dhcp_lease *lease, void *arg)
{
    (void)autoconf;
    assert_int_equal(leat_ip_v4_number(lease->ip), IP_GRANTED);
    ((struct home *)arg)->configured += 100;
    return false;
}

static void the_program_may_refuse_a_lease(void **state)
{
    struct home *home = *state;

    home->config.on_lease = says_no;
    offer(home);
    acknowledge_all(home, 0);
    assert_true(home->configured >= 100);
    assert_int_equal(home->configured % 100, 0);
    expect_no_facts(home);
}

static void no_callback_is_needed(void **state)
{
    struct home *home = *state;

    home->config.on_configured = NULL;
    home->config.on_change = NULL;
    offer(home);
    acknowledge_all(home, 0);
    expect_facts(home, 0);
    talk_wait_until(&home->talk, home->talk.dhcp->expires_ns);
    expect_no_facts(home);
}

static void what_is_kept_has_zeros_for_the_rest(void **state)
{
    static const uint8_t zeros[LEAT_AUTOCONF_KEPT_BYTES];
    struct home *home = *state;
    uint8_t kept[LEAT_AUTOCONF_KEPT_BYTES];

    offer(home);
    memset(kept, 0xff, sizeof kept);
    assert_false(leat_autoconf_keep(home->autoconf, kept));
    assert_memory_equal(kept, zeros, sizeof kept);
    acknowledge_all(home, 0);
    memset(kept, 0xff, sizeof kept);
    assert_true(leat_autoconf_keep(home->autoconf, kept));
    assert_memory_not_equal(kept, zeros, LEAT_DHCP_KEPT_BYTES);
    assert_memory_equal(kept + LEAT_DHCP_KEPT_BYTES, zeros, LEAT_DHCP6_KEPT_BYTES);
}

/* How long after its start a host probes for an address of its own. */
static uint64_t first_probe_ns(uint64_t after_ns)
{
    struct home *home = home_create();
    void *state = home;
    uint64_t begin_ns, took_ns;

    home->config.link_local = true;
    home->config.link_local_after_ns = after_ns;
    world_init(home->talk.world);
    begin_ns = home->talk.world->now_ns;
    home_start(home);
    home_next_probe(home);
    took_ns = home->talk.world->now_ns - begin_ns;
    home_teardown(&state);
    return took_ns;
}

static void an_address_is_chosen_after_10_s_or_as_the_program_says(void **state)
{
    (void)state;
    assert_in_range(first_probe_ns(0), 10 * second, 11300 * ms); /* RFC 5227 1.1: within 1 s */
    assert_in_range(first_probe_ns(3 * second), 3 * second, 4300 * ms);
    assert_in_range(first_probe_ns(1), 0, 1300 * ms);
}

static void a_start_that_can_not_be_is_refused(void **state)
{
    struct home *home = *state;
    struct leat *stack = home->talk.world->stack;
    struct leat_netif other = {.mtu = 1500};
    struct leat_autoconf *autoconf = NULL;

    assert_int_equal(leat_autoconf_start(stack, &other, &autoconf, &home->config),
                     LEAT_ERR_ARGUMENT);
    for (unsigned i = 0; i < LEAT_RESERVED; i++) {
        home->config.reserved[i] = 1;
        assert_int_equal(leat_autoconf_start(stack, home_netif(home), &autoconf, &home->config),
                         LEAT_ERR_ARGUMENT);
        home->config.reserved[i] = 0;
    }
    assert_null(autoconf);
    home_start(home);
    assert_int_equal(leat_autoconf_start(stack, home_netif(home), &autoconf, &home->config),
                     LEAT_ERR_MEMORY); /* the world has room for one */
    assert_null(autoconf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        home_test(every_fact_comes_changes_and_goes),
        home_test(a_renewal_without_options_clears_their_facts),
        cmocka_unit_test(each_route_of_a_lease_is_added_and_withdrawn),
        home_test(a_refusal_and_a_conflict_are_told_apart),
        home_test(the_program_may_refuse_a_lease),
        home_test(no_callback_is_needed),
        home_test(what_is_kept_has_zeros_for_the_rest),
        cmocka_unit_test(an_address_is_chosen_after_10_s_or_as_the_program_says),
        home_test(a_start_that_can_not_be_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
