/* test_hosts6.c -- the numbers that hosts of IPv6 have: who may hold how many (src/ip/host.h). */
#include "frames6.h"

/* An eighth of the numbers is for those that come and go. */
static void sockets_cannot_hold_all_numbers(void **state)
{
    struct world *world = world6_create();
    struct leat_udp *udp[64];
    struct leat_ip to = IP6_PEER;
    uint32_t connected = 0;

    (void)state;
    world->ipv6_config.hosts = 1; /* which is 64 */
    world_init(world);
    world6_settle(world);
    for (uint32_t i = 0; i < 64; i++) {
        udp[i] = world_socket(world, 0);
        to.bytes[15] = (uint8_t)(100 + i);
        connected += leat_udp_connect(udp[i], to, 9) == LEAT_OK;
    }
    assert_int_equal(connected, 55); /* and our own address is one */
    assert_int_equal(leat_udp_connect(udp[63], to, 9), LEAT_ERR_MEMORY);
    leat_udp_close(udp[0]);
    assert_int_equal(leat_udp_connect(udp[63], to, 9), LEAT_OK);
    *state = world;
    world_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_cannot_hold_all_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
