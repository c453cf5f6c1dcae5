/* test_hosts6.c -- the numbers of IPv6 hosts, and limits on holding them (src/ip/host.h). */
#include "frames6.h"

#include "ip/host.h"
#include "ip/v6/ipv6.h"
#include "base.h"

/* An eighth of the numbers is reserved for hosts that aren't held. */
static void sockets_cannot_hold_all_numbers(void **state)
{
    struct world *world = world6_create();
    struct leat_udp *udp[64];
    struct leat_ip to = IP6_PEER;
    uint32_t connected = 0;

    (void)state;
    world->ipv6_config.hosts = 1; /* raised to 64 */
    world_init(world);
    world6_settle(world);
    for (uint32_t i = 0; i < 64; i++) {
        udp[i] = world_socket(world, 0);
        to.bytes[15] = (uint8_t)(100 + i);
        connected += leat_udp_connect(udp[i], to, 9) == LEAT_OK;
    }
    assert_int_equal(connected, 55); /* and our own address takes one */
    assert_int_equal(leat_udp_connect(udp[63], to, 9), LEAT_ERR_MEMORY);
    leat_udp_close(udp[0]);
    assert_int_equal(leat_udp_connect(udp[63], to, 9), LEAT_OK);
    *state = world;
    world_teardown(state);
}

/* Also that of "::", which no host has had before. */
static void a_number_stays_whichever_is_looked_up_first(void **state)
{
    struct world *world = world6_create();
    leat_ip4 first, other, again;

    world_init(world);
    assert_true(host_of(world->stack, LEAT_IP_ANY, 0, &first));
    assert_true(host_of(world->stack, IP6_PEER, 0, &other));
    assert_true(host_of(world->stack, IP6_OTHER, 0, &other));
    assert_true(host_of(world->stack, LEAT_IP_ANY, 0, &again));
    assert_int_equal(again, first);
    *state = world;
    world_teardown(state);
}

/* Cached paths with our address as their source end when its number is given to another host. */
static void a_number_of_ours_takes_its_paths_with_it(void **state)
{
    struct world *world = world6_create();
    struct leat_udp *udp;
    struct leat_ip stranger = IP6_PEER;
    uint32_t generation;

    world->ipv6_config.hosts = 64;
    world_init(world);
    world6_settle(world);
    udp = world_socket(world, 7);
    assert_int_equal(
        world_send_to(world, udp, (struct leat_endpoint){.ip = IP6_PEER, .port = 9}, "x", 1),
        LEAT_OK);
    generation = world->stack->route_generation;
    for (unsigned i = 0; i < 200; i++) {
        leat_ip4 host;

        stranger.bytes[12] = 1;
        stranger.bytes[15] = (uint8_t)i;
        assert_true(host_of(world->stack, stranger, 0, &host));
    }
    assert_true(world->stack->route_generation > generation);
    *state = world;
    world_teardown(state);
}

static leat_ip4 number_of(struct world *world, uint32_t number)
{
    struct leat_ip ip = IP6_PEER;
    leat_ip4 host;

    ip.bytes[13] = 1;
    ip.bytes[14] = (uint8_t)(number >> 8);
    ip.bytes[15] = (uint8_t)number;
    assert_true(host_of(world->stack, ip, 0, &host));
    return host;
}

/* Held numbers stay valid and unique, and are found, while other addresses come and go. */
static void held_numbers_stay_while_strangers_come_and_go(void **state)
{
    enum {
        HELD = 24,
        STRANGERS = 5000
    };
    struct world *world = world6_create();
    leat_ip4 held[HELD];

    world->ipv6_config.hosts = 64;
    world_init(world);
    world6_settle(world);
    for (uint32_t i = 0; i < HELD; i++) {
        held[i] = number_of(world, i);
        host_hold(world->stack, held[i]);
        (void)number_of(world, 1000 + i); /* others in between, not held */
    }
    for (uint32_t i = 0; i < STRANGERS; i++) {
        const leat_ip4 stranger = number_of(world, 2000 + i);

        assert_int_equal(number_of(world, 2000 + i), stranger);
        assert_int_equal(host_ip(world->stack, stranger).bytes[15], (uint8_t)(2000 + i));
        assert_int_equal(number_of(world, i % HELD), held[i % HELD]);
    }
    for (uint32_t i = 0; i < HELD; i++) { /* some of them share a bucket */
        const struct leat_ip ip = host_ip(world->stack, held[i]);

        assert_int_equal(host6_known(world->stack, ip.bytes), held[i]);
        host_release(world->stack, held[i]);
    }
    *state = world;
    world_teardown(state);
}

/* Each number stays valid for HOSTS_RECENT further lookups, wherever the clock hand is. */
static void recent_numbers_are_not_given_to_others(void **state)
{
    enum {
        NUMBERS = 64,
        STRANGERS = 8000
    };
    struct world *world = world6_create();
    uint32_t next = NUMBERS;

    world->ipv6_config.hosts = NUMBERS;
    world_init(world);
    world6_settle(world);
    while (next < STRANGERS) { /* the hand reaches the oldest numbers soon */
        const uint32_t old = next - (NUMBERS - next / (HOSTS_RECENT + 1) % 20);
        const leat_ip4 host = number_of(world, old);

        for (unsigned i = 0; i < HOSTS_RECENT; i++) {
            (void)number_of(world, next++);
            assert_int_equal(host_ip(world->stack, host).bytes[15], (uint8_t)old);
            assert_int_equal(host_ip(world->stack, host).bytes[14], (uint8_t)(old >> 8));
        }
    }
    *state = world;
    world_teardown(state);
}

/* The cached hash of the last address equals the computed one, for all zeros, too, and for
 * addresses that share a half with the last one. */
static void an_address_has_one_hash_after_any_lookup(void **state)
{
    static const uint64_t ips[][2] = {{0, 0}, {1, 2}, {1, 3}, {2, 3},
                                      {2, 3}, {1, 2}, {0, 0}, {0, 1}};
    struct world *world = world6_create();

    world_init(world);
    for (unsigned i = 0; i < sizeof ips / sizeof *ips; i++) {
        uint8_t bytes[16];

        memcpy(bytes, ips[i], sizeof bytes);
        for (unsigned k = 0; k < 4; k++)
            assert_int_equal(host6_hash(world->stack, bytes, k & 1),
                             siphash13(&world->stack->table_key, ips[i][0], ips[i][1]));
    }
    *state = world;
    world_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_stays_whichever_is_looked_up_first),
        cmocka_unit_test(a_number_of_ours_takes_its_paths_with_it),
        cmocka_unit_test(sockets_cannot_hold_all_numbers),
        cmocka_unit_test(held_numbers_stay_while_strangers_come_and_go),
        cmocka_unit_test(recent_numbers_are_not_given_to_others),
        cmocka_unit_test(an_address_has_one_hash_after_any_lookup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
