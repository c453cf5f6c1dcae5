/* test_link_local.c -- the address that a host chooses when no server answers (RFC 3927). */
#include "dhcp_home.h"

/* The address that a host with @mac chooses. */
static leat_ip4 chosen_by(struct leat_mac mac)
{
    const struct leat_autoconf_config config = {.link_local = true};
    struct world *world = world_create();
    struct leat_autoconf *autoconf;
    void *ended = world;
    leat_ip4 ip;

    world->more_bytes = leat_autoconf_memory_bytes();
    world->dev.netif.mac = mac;
    world_init(world);
    assert_int_equal(leat_autoconf_start(world->stack, &world->dev.netif, &autoconf, &config),
                     LEAT_OK);
    world_wait(world, 20 * second);
    assert_true(leat_autoconf_facts(autoconf)->is_link_local);
    ip = leat_ip_v4_number(leat_autoconf_facts(autoconf)->ip);
    world_teardown(&ended);
    return ip;
}

/* 2.1: pseudo-random, different for each host, and the same after each start; each octet has
 * an effect. */
static void each_octet_of_the_MAC_makes_another_address(void **state)
{
    static const struct leat_mac mac = {{0x02, 0x11, 0x22, 0x33, 0x44, 0x55}};
    leat_ip4 seen[1 + sizeof mac.octet];

    (void)state;
    seen[0] = chosen_by(mac);
    assert_int_equal(seen[0], IP4(169, 254, 142, 0)); /* a known value */
    assert_int_equal(chosen_by(mac), seen[0]);
    for (unsigned i = 0; i < sizeof mac.octet; i++) {
        struct leat_mac other = mac;

        other.octet[i] ^= 0x80;
        seen[i + 1] = chosen_by(other);
        for (unsigned k = 0; k <= i; k++)
            assert_int_not_equal(seen[i + 1], seen[k]);
    }
}

/* The same octets in another order give another address. */
static void the_order_of_octets_counts(void **state)
{
    (void)state;
    assert_int_not_equal(chosen_by((struct leat_mac){{2, 1, 0, 0, 0, 0}}),
                         chosen_by((struct leat_mac){{2, 0, 0, 0, 0, 1}}));
}

/* After the stop it doesn't wait for a server, and chooses no address. */
static void a_stopped_client_chooses_none(void **state)
{
    const struct leat_autoconf_config config = {.link_local = true};
    struct world *world = world_create();
    struct leat_autoconf *autoconf;
    void *ended = world;

    (void)state;
    world->more_bytes = leat_autoconf_memory_bytes();
    world_init(world);
    assert_int_equal(leat_autoconf_start(world->stack, &world->dev.netif, &autoconf, &config),
                     LEAT_OK);
    world_wait(world, 9 * second);
    leat_autoconf_stop(autoconf, false);
    world_wait(world, 60 * second);
    assert_int_equal(leat_stats(world->stack)->arp_requests_sent, 0);
    assert_false(leat_autoconf_facts(autoconf)->is_link_local);
    world_teardown(&ended);
}

/* A stop forgets the lease: the next start without a server chooses an address. */
static void after_a_lease_and_a_stop_an_address_is_chosen_again(void **state)
{
    struct home *home = *state;

    home->config.link_local = true;
    home_configure(home);
    leat_autoconf_stop(home->autoconf, true);
    world_wait(home->talk.world, ms);
    assert_int_equal(leat_autoconf_restart(home->autoconf), LEAT_OK);
    world_wait(home->talk.world, 20 * second);
    assert_true(leat_autoconf_facts(home->autoconf)->is_link_local);
    assert_int_equal(leat_ip_v4_number(leat_autoconf_facts(home->autoconf)->ip) >> 16, 0xa9fe);
}

static void after_a_lease_that_ends_an_address_is_chosen(void **state)
{
    struct home *home = *state;

    home->config.link_local = true;
    home_configure(home);
    world_wait(home->talk.world, 3620 * second); /* no server has renewed it */
    assert_true(leat_autoconf_facts(home->autoconf)->is_link_local);
}

static void silence_is_told_and_an_address_chosen_if_wanted(void **state)
{
    struct home *home = *state;
    struct talk *talk = &home->talk;
    const struct leat_autoconf_facts *facts;
    struct answer made;
    leat_ip4 chosen;

    home->config.link_local = true;
    home_start(home);
    world_wait(talk->world, 9 * second);
    assert_true(home->changes[LEAT_AUTOCONF_SILENCE] >= 1);
    assert_true(leat_autoconf_waited_ns(home->autoconf) >= 9 * second);
    assert_int_equal(home->configured, 0);
    world_wait(talk->world, 9 * second);
    assert_int_equal(home->configured, 1);
    facts = leat_autoconf_facts(home->autoconf);
    chosen = leat_ip_v4_number(facts->ip);
    assert_true(facts->is_link_local);
    assert_int_equal(chosen >> 16, 0xa9fe);
    assert_in_range(chosen >> 8 & 0xff, 1, 254);
    assert_int_equal(leat_ip_v4_number(leat_address(talk->world->stack, home_netif(home))), chosen);
    /* RFC 3927 1.9: when a server answers after all, the address is withdrawn */
    talk_wait_until(talk, talk->dhcp->rexmt_ns);
    assert_int_equal(talk_heard(talk, 1)->src, IP4_ANY);
    made = answer(talk, OFFER, 3600);
    talk_feed(talk, &made);
    home_acknowledge(home, IP4(9, 9, 9, 9));
    assert_int_equal(home->changes[LEAT_AUTOCONF_ADDRESS], 1);
    assert_int_equal(leat_ip_v4_number(facts->ip), IP_GRANTED);
    assert_false(facts->is_link_local);
    assert_int_equal(leat_address_remove(talk->world->stack, home_netif(home), leat_ip_v4(chosen)),
                     LEAT_ERR_NOT_FOUND);
}

static void a_chosen_address_that_is_taken_is_left_for_another(void **state)
{
    struct home *home = *state;
    struct talk *talk = &home->talk;
    leat_ip4 before = IP4_ANY;

    home->config.link_local = true;
    home_start(home);
    for (unsigned i = 0; i < 20; i++) {
        const uint64_t begun_ns = talk->world->now_ns;
        const leat_ip4 wanted = home_next_probe(home);

        assert_int_not_equal(wanted, before);
        before = wanted;
        talk_claim(talk, wanted);
        fake_netif_forget(&talk->world->dev);
        if (i > 0) /* 9: at once, and from the tenth conflict on once a minute; 2.2.1: probed
                    * within 1 s */
            assert_in_range(talk->world->now_ns - begun_ns, i <= 10 ? 0 : 60 * second,
                            (i <= 10 ? 0 : 60 * second) + 5 * second / 4);
    }
    assert_int_equal(home->configured, 0);
}

/* The program stops autoconf in the stack's callback for the address, the first of all. */
static void stop_it(struct leat *stack, struct leat_netif *netif, struct leat_ip ip, void *arg)
{
    struct home *home = arg;

    (void)stack;
    (void)netif;
    (void)ip;
    leat_autoconf_stop(home->autoconf, false);
}

static struct home *home_that_stops(bool at_conflict)
{
    struct home *home = home_create();
    struct world *world = home->talk.world;

    world->config.on_address = at_conflict ? NULL : stop_it;
    world->config.on_conflict = at_conflict ? stop_it : NULL;
    world->config.arg = home;
    home->config.link_local = true;
    world_init(world);
    return home;
}

static void expect_stopped(struct home *home)
{
    void *state = home;

    world_wait(home->talk.world, 200 * second);
    assert_state(&home->talk, "STOPPED");
    assert_int_equal(home->configured, 0);
    assert_int_equal(home->changes[LEAT_AUTOCONF_ADDRESS], 0);
    assert_int_equal(leat_autoconf_facts(home->autoconf)->prefix_bits, 0);
    assert_true(leat_ip_is_any(leat_address(home->talk.world->stack, home_netif(home))));
    home_teardown(&state);
}

static void a_stop_at_the_first_address_leaves_none(void **state)
{
    struct home *home = home_that_stops(false);

    (void)state;
    home_start(home);
    world_wait(home->talk.world, 30 * second); /* a link-local one */
    expect_stopped(home);
}

static void a_stop_at_the_address_of_a_lease_leaves_none(void **state)
{
    struct home *home = home_that_stops(false);
    struct answer offer;

    (void)state;
    home_start(home);
    offer = answer(&home->talk, OFFER, 3600);
    talk_feed(&home->talk, &offer);
    talk_listen(&home->talk);
    home_acknowledge(home, IP4(9, 9, 9, 9));
    expect_stopped(home);
}

static void a_stop_at_a_conflict_chooses_no_other_address(void **state)
{
    struct home *home = home_that_stops(true);

    (void)state;
    home_start(home);
    talk_claim(&home->talk, home_next_probe(home));
    expect_stopped(home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_octet_of_the_MAC_makes_another_address),
        cmocka_unit_test(the_order_of_octets_counts),
        cmocka_unit_test(a_stopped_client_chooses_none),
        home_test(after_a_lease_and_a_stop_an_address_is_chosen_again),
        home_test(after_a_lease_that_ends_an_address_is_chosen),
        home_test(silence_is_told_and_an_address_chosen_if_wanted),
        home_test(a_chosen_address_that_is_taken_is_left_for_another),
        cmocka_unit_test(a_stop_at_the_first_address_leaves_none),
        cmocka_unit_test(a_stop_at_the_address_of_a_lease_leaves_none),
        cmocka_unit_test(a_stop_at_a_conflict_chooses_no_other_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
