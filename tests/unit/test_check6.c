/* test_check6.c -- duplicate address detection: which addresses, and how long it waits (RFC 4862
 * 5.4). */
#include "routers6.h"

enum {
    SOLICITATION = 135,
    SEEDS = 12
};

struct waits {
    uint64_t least_ns, most_ns;
};

/* The address of the next check that starts. */
static struct leat_ip next_check(struct world *world)
{
    for (unsigned polls = 0; polls < 100; polls++) {
        const struct fake_frame *sent;

        while ((sent = fake_netif_sent(&world->dev))) {
            if (frame_icmp6_type(sent) == SOLICITATION &&
                leat_ip_is_any(frame_ip6_at(sent->bytes + 22)))
                return frame_ip6_at(sent->bytes + FRAME6_L4 + 8);
        }
        world->now_ns = world->next_ns;
        world_poll(world);
    }
    fail_msg("no check");
    return LEAT_IP_ANY;
}

static void note(struct waits *waits, uint64_t wait_ns)
{
    if (waits->least_ns == 0 || wait_ns < waits->least_ns)
        waits->least_ns = wait_ns;
    if (wait_ns > waits->most_ns)
        waits->most_ns = wait_ns;
}

/* RFC 4862 5.4.2: hosts that start at the same time check at different times; within a short time,
 * so that a boot isn't delayed. */
static void hosts_that_begin_together_check_at_different_times(void **state)
{
    struct waits waits = {0};

    (void)state;
    for (uint8_t i = 0; i < SEEDS; i++) {
        struct world *world = world6_create();
        void *fixture = world;
        uint64_t begin_ns;

        world->config.seed[0] ^= i;
        world->config.now_ns = world->now_ns;
        world_init(world);
        begin_ns = world->now_ns;
        next_check(world);
        note(&waits, world->now_ns - begin_ns);
        world_teardown(&fixture);
    }
    assert_true(waits.most_ns <= 150 * ms);
    assert_true(waits.most_ns - waits.least_ns > 50 * ms);
}

/* The same for hosts that receive the same advertisement. */
static void hosts_that_hear_one_router_check_at_different_times(void **state)
{
    struct waits waits = {0};

    (void)state;
    for (uint8_t i = 0; i < SEEDS; i++) {
        struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
        struct home *home = home6_create();
        void *fixture = home;
        uint64_t begin_ns;

        router6_prefix(&router, PREFIX6, 64, ON_LINK | AUTONOMOUS, 86400, 14400);
        home->world->config.seed[0] ^= i;
        home6_begin(home);
        home6_next_question(home);
        begin_ns = home->world->now_ns;
        router6_says(home->world, &router);
        while (memcmp(next_check(home->world).bytes, ip6_of(PREFIX6).bytes, 8) != 0)
            continue;
        note(&waits, home->world->now_ns - begin_ns);
        home6_teardown(&fixture);
    }
    assert_true(waits.most_ns <= 40 * ms);
    assert_true(waits.most_ns - waits.least_ns > 10 * ms);
}

/* RFC 4862 5.4: the link-local address, the program's and that of a router's prefix; none is usable
 * before. */
static void every_address_is_checked_before_it_is_used(void **state)
{
    struct router router = router6(IP6_ROUTER, MAC_ROUTER, 1800);
    struct home *home = *state;
    struct world *world = home->world;
    struct leat_ip ip;

    ip = next_check(world);
    assert_true(leat_ip_is_link_local(ip));
    world_wait(world, 900 * ms);
    assert_int_equal(world->usable, 0);
    world_wait(world, 200 * ms);
    assert_int_equal(world->usable, 1);

    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, IP6_US, 64), LEAT_OK);
    assert_true(leat_ip_equal(next_check(world), IP6_US));
    assert_int_equal(world->usable, 1);
    world_wait(world, 1100 * ms);
    assert_int_equal(world->usable, 2);
    assert_true(leat_ip_equal(world->last_address, IP6_US));

    router6_prefix(&router, PREFIX6, 64, ON_LINK | AUTONOMOUS, 86400, 14400);
    router6_says(world, &router);
    ip = next_check(world);
    assert_memory_equal(ip.bytes, ip6_of(PREFIX6).bytes, 8);
    assert_int_equal(world->usable, 2);
    world_wait(world, 1100 * ms);
    assert_int_equal(world->usable, 3);
    assert_true(leat_ip_equal(world->last_address, ip));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_that_begin_together_check_at_different_times),
        cmocka_unit_test(hosts_that_hear_one_router_check_at_different_times),
        cmocka_unit_test_setup_teardown(every_address_is_checked_before_it_is_used, home6_setup,
                                        home6_teardown),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
