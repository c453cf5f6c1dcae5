/* test_link_local.c -- the address that a host chooses when no server answers (RFC 3927). */
#include "world.h"

#include <leat/autoconf.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_octet_of_the_MAC_makes_another_address),
        cmocka_unit_test(the_order_of_octets_counts),
        cmocka_unit_test(a_stopped_client_chooses_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
