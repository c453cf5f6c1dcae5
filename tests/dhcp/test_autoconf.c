/* test_autoconf.c -- the settings of a lease in the stack, and their withdrawal. */
#include "dhcp_talk.h"

#include "ip/ipv4.h"
#include <leat/autoconf.h>

enum {
    OFFER = 2,
    ACK = 5,
    NAK = 6
};

#define IP_GATEWAY IP4(10, 0, 0, 9)
#define IP_FAR     IP4(192, 0, 2, 1)

struct home {
    struct talk talk;
    struct leat_autoconf_config config;
    struct leat_autoconf *autoconf;
    unsigned configured;
    unsigned changes[LEAT_AUTOCONF_DHCP6_CONFLICT + 1];
};

static void on_configured(struct leat_autoconf *autoconf, const struct leat_autoconf_facts *facts,
                          void *arg)
{
    struct home *home = arg;

    assert_ptr_equal(autoconf, home->autoconf);
    assert_false(leat_ip_is_any(facts->ip));
    home->configured++;
}

static void on_change(struct leat_autoconf *autoconf, enum leat_autoconf_change change,
                      const struct leat_autoconf_facts *facts, void *arg)
{
    struct home *home = arg;

    assert_ptr_equal(facts, leat_autoconf_facts(autoconf));
    home->changes[change]++;
}

static int setup(void **state)
{
    struct home *home = calloc(1, sizeof *home);

    assert_non_null(home);
    home->talk.world = world_create();
    home->talk.world->more_bytes = leat_autoconf_memory_bytes();
    home->talk.world->dev.answers_arp = true;
    home->config = (struct leat_autoconf_config){
        .on_configured = on_configured, .on_change = on_change, .arg = home};
    world_init(home->talk.world);
    *state = home;
    return 0;
}

static int teardown(void **state)
{
    struct home *home = *state;
    void *world = home->talk.world;

    world_teardown(&world);
    free(home);
    return 0;
}

static struct leat_netif *netif_of(struct home *home)
{
    return &home->talk.world->dev.netif;
}

static void start(struct home *home)
{
    struct talk *talk = &home->talk;

    assert_int_equal(
        leat_autoconf_start(talk->world->stack, netif_of(home), &home->autoconf, &home->config),
        LEAT_OK);
    assert_int_equal(leat_autoconf_facts(home->autoconf)->mtu, 1500); /* before there is a lease */
    /* the servers of the test answer in the client's exchange */
    memcpy(&talk->dhcp, &(const struct leat_dhcp *){leat_autoconf_dhcp(home->autoconf)},
           sizeof talk->dhcp);
    world_wait(talk->world, ms);
    talk_listen(talk);
}

/* An ACK with a router, a name server and an MTU. */
static void acknowledge(struct home *home, leat_ip4 name_server)
{
    struct answer ack = answer(&home->talk, ACK, 3600);

    answer_option32(&ack, 3, IP_GATEWAY);
    answer_option32(&ack, 6, name_server);
    answer_option(&ack, 26, "\x05\x78", 2);
    talk_feed(&home->talk, &ack);
}

static void configure(struct home *home)
{
    struct answer offer;

    start(home);
    offer = answer(&home->talk, OFFER, 3600);
    talk_feed(&home->talk, &offer);
    talk_listen(&home->talk);
    acknowledge(home, IP4(9, 9, 9, 9));
    assert_int_equal(home->configured, 1);
}

static enum leat_err path_to(struct home *home, struct path *path)
{
    return ipv4_path(home->talk.world->stack, IP4_ANY, IP_FAR, path);
}

static void a_lease_sets_address_route_and_mtu(void **state)
{
    struct home *home = *state;
    const struct leat_autoconf_facts *facts;
    struct path path;

    configure(home);
    facts = leat_autoconf_facts(home->autoconf);
    assert_int_equal(leat_ip_v4_number(facts->ip), IP_GRANTED);
    assert_int_equal(facts->prefix_bits, 24);
    assert_false(facts->is_link_local);
    assert_int_equal(leat_ip_v4_number(facts->gateway), IP_GATEWAY);
    assert_int_equal(facts->mtu, 1400);
    assert_int_equal(leat_ip_v4_number(facts->name_servers[0]), IP4(9, 9, 9, 9));
    assert_int_equal(path_to(home, &path), LEAT_OK);
    assert_int_equal(path.next_hop, IP_GATEWAY);
    assert_int_equal(path.src, IP_GRANTED);
    assert_int_equal(path.mtu, 1400);
}

/* RFC 2132 8.4, 9.13 */
static void the_vendor_class_is_said_and_its_answer_is_in_the_lease(void **state)
{
    struct home *home = *state;
    const struct leat_dhcp_lease *lease;
    struct answer made;

    home->config.vendor_class = "leat test";
    start(home);
    assert_memory_equal(heard_option(&home->talk.heard, 60), "\11leat test", 10);
    made = answer(&home->talk, OFFER, 3600);
    talk_feed(&home->talk, &made);
    talk_listen(&home->talk);
    made = answer(&home->talk, ACK, 3600);
    answer_option(&made, 43, "\1\2ab", 4);
    talk_feed(&home->talk, &made);
    assert_int_equal(home->configured, 1);
    lease = leat_dhcp_lease(leat_autoconf_dhcp(home->autoconf));
    assert_int_equal(lease->vendor_bytes, 4);
    assert_memory_equal(lease->vendor, "\1\2ab", 4);
}

static void only_changes_of_a_renewal_are_told(void **state)
{
    struct home *home = *state;
    struct talk *talk = &home->talk;

    configure(home);
    for (unsigned i = 0; i < 2; i++) {
        talk_wait_until(talk, talk->dhcp->t1_ns);
        world_wait(talk->world, ms);
        talk_heard(talk, 3);
        acknowledge(home, i == 0 ? IP4(9, 9, 9, 9) : IP4(1, 1, 1, 1));
        assert_int_equal(home->changes[LEAT_AUTOCONF_FACTS], i);
    }
    assert_int_equal(leat_ip_v4_number(leat_autoconf_facts(home->autoconf)->name_servers[0]),
                     IP4(1, 1, 1, 1));
    assert_int_equal(home->changes[LEAT_AUTOCONF_ADDRESS], 0);
    assert_int_equal(home->configured, 1);
}

/* A network that grows: its router has the broadcast address of the old mask. */
static void a_renewal_may_have_another_mask_and_a_router_behind_it(void **state)
{
    struct home *home = *state;
    struct talk *talk = &home->talk;
    struct answer ack;
    struct path path;

    configure(home);
    talk_wait_until(talk, talk->dhcp->t1_ns);
    world_wait(talk->world, ms);
    talk_heard(talk, 3);
    ack = answer(talk, ACK, 3600);
    answer_change(&ack, 1, "\xff\xff\xfe\0", 4);
    answer_option32(&ack, 3, IP4(10, 0, 1, 1));
    talk_feed(talk, &ack);
    assert_int_equal(leat_autoconf_facts(home->autoconf)->prefix_bits, 23);
    assert_int_equal(path_to(home, &path), LEAT_OK);
    assert_int_equal(path.next_hop, IP4(10, 0, 1, 1));
    assert_int_equal(path.src, IP_GRANTED);
}

static void all_goes_with_the_lease_and_comes_back(void **state)
{
    struct home *home = *state;
    struct talk *talk = &home->talk;
    struct answer made;
    struct path path;

    configure(home);
    talk_wait_until(talk, talk->dhcp->expires_ns);
    assert_int_equal(home->changes[LEAT_AUTOCONF_ADDRESS], 1);
    assert_int_equal(leat_ip_v4_number(leat_autoconf_facts(home->autoconf)->ip), IP4_ANY);
    assert_int_equal(leat_autoconf_facts(home->autoconf)->mtu, 1500);
    assert_int_equal(leat_ip_v4_number(leat_address(talk->world->stack, netif_of(home))), IP4_ANY);
    assert_int_equal(path_to(home, &path), LEAT_ERR_NO_ROUTE);
    assert_int_equal(leat_route_remove(talk->world->stack, LEAT_IP4_ANY, 0), LEAT_ERR_NOT_FOUND);
    world_wait(talk->world, ms);
    talk_heard(talk, 1);
    made = answer(talk, OFFER, 3600);
    talk_feed(talk, &made);
    acknowledge(home, IP4(9, 9, 9, 9));
    assert_int_equal(home->changes[LEAT_AUTOCONF_ADDRESS], 2);
    assert_int_equal(home->configured, 1);
    assert_int_equal(path_to(home, &path), LEAT_OK);
}

static void a_refused_renewal_is_told_and_ends_it(void **state)
{
    struct home *home = *state;
    struct talk *talk = &home->talk;
    struct answer nak;

    configure(home);
    talk_wait_until(talk, talk->dhcp->t1_ns);
    nak = answer(talk, NAK, 0);
    talk_feed(talk, &nak);
    assert_int_equal(home->changes[LEAT_AUTOCONF_REFUSED], 1);
    assert_int_equal(home->changes[LEAT_AUTOCONF_ADDRESS], 1);
}

static void a_route_that_is_there_is_left_alone(void **state)
{
    struct home *home = *state;
    struct leat *stack = home->talk.world->stack;

    assert_int_equal(leat_address_add(stack, netif_of(home), LEAT_IP4(10, 0, 0, 77), 24), LEAT_OK);
    assert_int_equal(leat_route_add(stack, LEAT_IP4_ANY, 0, LEAT_IP4(10, 0, 0, 78)), LEAT_OK);
    configure(home);
    assert_int_equal(leat_ip_v4_number(leat_autoconf_facts(home->autoconf)->gateway), IP4_ANY);
    leat_autoconf_stop(home->autoconf, true);
    assert_int_equal(leat_route_remove(stack, LEAT_IP4_ANY, 0), LEAT_OK);
}

/* RFC 3442, as clouds route an address without a network to its router. */
static void routes_on_the_link_are_set_with_those_behind_them(void **state)
{
    static const uint8_t routes[] = {0, 172, 16, 0, 1, 32, 172, 16, 0, 1, 0, 0, 0, 0};
    struct home *home = *state;
    struct talk *talk = &home->talk;
    struct answer made;
    struct path path;

    home->config.routes = true;
    start(home);
    made = answer(talk, OFFER, 3600);
    talk_feed(talk, &made);
    talk_listen(talk);
    made = answer(talk, ACK, 3600);
    answer_change(&made, 1, "\xff\xff\xff\xff", 4);
    answer_option(&made, 121, routes, sizeof routes);
    talk_feed(talk, &made);
    assert_int_equal(home->configured, 1);
    assert_int_equal(path_to(home, &path), LEAT_OK);
    assert_int_equal(path.next_hop, IP4(172, 16, 0, 1));
    assert_int_equal(path.src, IP_GRANTED);
    assert_int_equal(leat_ip_v4_number(leat_autoconf_facts(home->autoconf)->gateway),
                     IP4(172, 16, 0, 1));
    leat_autoconf_stop(home->autoconf, true);
    assert_int_equal(leat_route_remove(talk->world->stack, LEAT_IP4(172, 16, 0, 1), 32),
                     LEAT_ERR_NOT_FOUND);
}

static void stop_takes_all_out_and_restart_begins_again(void **state)
{
    struct home *home = *state;
    struct talk *talk = &home->talk;
    uint8_t kept[LEAT_AUTOCONF_KEPT_BYTES];

    assert_int_equal(leat_route_remove(talk->world->stack, LEAT_IP4_ANY, 0), LEAT_ERR_NOT_FOUND);
    configure(home);
    assert_true(leat_autoconf_keep(home->autoconf, kept));
    assert_int_equal(leat_autoconf_restart(home->autoconf), LEAT_ERR_IN_USE);
    leat_autoconf_stop(home->autoconf, true);
    world_wait(talk->world, ms);
    talk_heard(talk, 7);
    assert_false(leat_autoconf_keep(home->autoconf, kept));
    assert_int_equal(leat_ip_v4_number(leat_address(talk->world->stack, netif_of(home))), IP4_ANY);
    assert_int_equal(leat_autoconf_restart(home->autoconf), LEAT_OK);
    world_wait(talk->world, ms);
    talk_heard(talk, 1);
}

/* A stop forgets the lease: the next start without a server chooses an address. */
static void after_a_lease_and_a_stop_an_address_is_chosen_again(void **state)
{
    struct home *home = *state;

    home->config.link_local = true;
    configure(home);
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
    configure(home);
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
    start(home);
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
    assert_int_equal(leat_ip_v4_number(leat_address(talk->world->stack, netif_of(home))), chosen);
    /* RFC 3927 1.9: when a server answers after all, the address is withdrawn */
    talk_wait_until(talk, talk->dhcp->rexmt_ns);
    assert_int_equal(talk_heard(talk, 1)->src, IP4_ANY);
    made = answer(talk, OFFER, 3600);
    talk_feed(talk, &made);
    acknowledge(home, IP4(9, 9, 9, 9));
    assert_int_equal(home->changes[LEAT_AUTOCONF_ADDRESS], 1);
    assert_int_equal(leat_ip_v4_number(facts->ip), IP_GRANTED);
    assert_false(facts->is_link_local);
    assert_int_equal(leat_address_remove(talk->world->stack, netif_of(home), leat_ip_v4(chosen)),
                     LEAT_ERR_NOT_FOUND);
}

static void a_chosen_address_that_is_taken_is_left_for_another(void **state)
{
    struct home *home = *state;
    struct talk *talk = &home->talk;
    leat_ip4 before = IP4_ANY;

    home->config.link_local = true;
    start(home);
    for (unsigned i = 0; i < 20; i++) {
        const uint64_t begun_ns = talk->world->now_ns;
        const struct fake_frame *frame;
        leat_ip4 wanted = IP4_ANY;

        while (wanted == IP4_ANY) { /* a probe: the sender's address is 0 */
            world_wait(talk->world, second / 4);
            while ((frame = fake_netif_sent(&talk->world->dev))) {
                if (frame_get16(frame->bytes + 12) == 0x0806)
                    wanted = frame_get32(frame->bytes + 38);
            }
        }
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
    struct home *home = calloc(1, sizeof *home);
    struct world *world = world_create();

    assert_non_null(home);
    home->talk.world = world;
    world->more_bytes = leat_autoconf_memory_bytes();
    world->dev.answers_arp = true;
    world->config.on_address = at_conflict ? NULL : stop_it;
    world->config.on_conflict = at_conflict ? stop_it : NULL;
    world->config.arg = home;
    home->config = (struct leat_autoconf_config){
        .on_configured = on_configured, .on_change = on_change, .arg = home, .link_local = true};
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
    assert_true(leat_ip_is_any(leat_address(home->talk.world->stack, netif_of(home))));
    teardown(&state);
}

static void a_stop_at_the_first_address_leaves_none(void **state)
{
    struct home *home = home_that_stops(false);

    (void)state;
    start(home);
    world_wait(home->talk.world, 30 * second); /* a link-local one */
    expect_stopped(home);
}

static void a_stop_at_the_address_of_a_lease_leaves_none(void **state)
{
    struct home *home = home_that_stops(false);
    struct answer offer;

    (void)state;
    start(home);
    offer = answer(&home->talk, OFFER, 3600);
    talk_feed(&home->talk, &offer);
    talk_listen(&home->talk);
    acknowledge(home, IP4(9, 9, 9, 9));
    expect_stopped(home);
}

static void a_stop_at_a_conflict_chooses_no_other_address(void **state)
{
    struct home *home = home_that_stops(true);
    const struct fake_frame *frame;
    leat_ip4 wanted = IP4_ANY;

    (void)state;
    start(home);
    while (wanted == IP4_ANY) {
        world_wait(home->talk.world, second / 4);
        while ((frame = fake_netif_sent(&home->talk.world->dev))) {
            if (frame_get16(frame->bytes + 12) == 0x0806)
                wanted = frame_get32(frame->bytes + 38);
        }
    }
    talk_claim(&home->talk, wanted);
    expect_stopped(home);
}

int main(void)
{
#define home_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        home_test(the_vendor_class_is_said_and_its_answer_is_in_the_lease),
        home_test(a_lease_sets_address_route_and_mtu),
        home_test(only_changes_of_a_renewal_are_told),
        home_test(a_renewal_may_have_another_mask_and_a_router_behind_it),
        home_test(all_goes_with_the_lease_and_comes_back),
        home_test(a_refused_renewal_is_told_and_ends_it),
        home_test(a_route_that_is_there_is_left_alone),
        home_test(routes_on_the_link_are_set_with_those_behind_them),
        home_test(stop_takes_all_out_and_restart_begins_again),
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
