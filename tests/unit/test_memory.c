/* test_memory.c -- each part takes exactly the memory that its ..._memory_bytes() returns. */
#include "world.h"

#include <leat/autoconf.h>
#include <leat/dhcp6.h>
#include <leat/sntp.h>

#include "base.h"

enum {
    MORE_BYTES = 16 << 20
};

static size_t left(const struct world *world)
{
    return (size_t)(world->stack->arena.end - world->stack->arena.next);
}

/* A stack and its device in memory that starts at a cache line and is more than enough. */
static void begin(struct world *world)
{
    const size_t needed = leat_memory_bytes(&world->config);
    const size_t bytes = needed + MORE_BYTES;

    world->memory = aligned_alloc(ARENA_ALIGN, bytes);
    assert_non_null(world->memory);
    memset(world->memory, 0xa5, bytes);
    assert_int_equal(leat_init(&world->stack, world->memory, bytes, &world->config), LEAT_OK);
    /* the returned size includes space for aligning the memory */
    assert_int_equal(bytes - left(world), needed - ARENA_ALIGN);
    assert_int_equal(leat_attach(world->stack, &world->dev.netif), LEAT_OK);
}

static void end(struct world *world)
{
    void *state = world;

    world_teardown(&state);
}

static void a_stack_takes_the_memory_it_says(void **state)
{
    static const struct leat_config configs[] = {
        {.buf_count = 1024}, /* all defaults */
        {.buf_count = 65, .small_count = 77, .view_count = 99},
        {.arp_entries = 3, .routes = 3, .reassemblies = 3, .reassembly_fragments = 5},
        {.arp_entries = 1000, .routes = 100, .reassemblies = 100, .buf_bytes = 4096}};

    (void)state;
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        struct world *world = world_create();

        world->config = configs[i];
        world->config.seed[0] = 1;
        begin(world);
        end(world);
    }
}

/* A stack without the part, which the test will register. */
static struct world *without_it(size_t *before)
{
    struct world *world = world_create();

    begin(world);
    *before = left(world);
    return world;
}

static void took(struct world *world, size_t before, enum leat_err err, size_t said)
{
    assert_int_equal(err, LEAT_OK);
    assert_int_equal(before - left(world), said);
    end(world);
}

static void udp_takes_the_memory_it_says(void **state)
{
    static const struct leat_udp_config configs[] = {
        {0}, {.sockets = 3}, {.sockets = 1000, .groups = 3}, {.groups = 100}};

    (void)state;
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        size_t before;
        struct world *world = without_it(&before);

        took(world, before, leat_udp_register(world->stack, &configs[i]),
             leat_udp_memory_bytes(&configs[i]));
    }
}

static void tcp_takes_the_memory_it_says(void **state)
{
    static const struct leat_tcp_config configs[] = {
        {0},
        {.connections = 3, .half_open = 5, .time_wait = 7, .listeners = 1},
        {.reorder_runs = 77, .sent_segments = 99, .transfers = 3, .peers = 9},
        {.bbr_connections = 5, .no_rack = true, .no_sack = true}};

    (void)state;
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        size_t before;
        struct world *world = without_it(&before);

        took(world, before, leat_tcp_register(world->stack, &configs[i]),
             leat_tcp_memory_bytes(&configs[i]));
    }
}

static void ipv6_takes_the_memory_it_says(void **state)
{
    static const struct leat_ipv6_config configs[] = {
        {.secret = {1}},
        {.neighbours = 3, .routes = 1, .redirects = 3, .hosts = 64},
        {.neighbours = 1000, .hosts = 5000, .slaacs = 3, .groups = 33}};

    (void)state;
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        size_t before;
        struct world *world = without_it(&before);

        took(world, before, leat_ipv6_register(world->stack, &configs[i]),
             leat_ipv6_memory_bytes(&configs[i]));
    }
}

static void clients_take_the_memory_they_say(void **state)
{
    static const struct leat_dhcp_config dhcp_config = {.host_name = NULL};
    static const struct leat_autoconf_config autoconf_config = {.slaac = false};
    static const struct leat_sntp_config sntp_config = {.server_count = 0};
    struct world *world = world_create();
    struct leat_dhcp *dhcp;
    struct leat_autoconf *autoconf;
    struct leat_sntp *sntp;
    size_t before;

    (void)state;
    begin(world);
    assert_int_equal(leat_attach(world->stack, &world->second.netif), LEAT_OK);
    assert_int_equal(leat_udp_register(world->stack, NULL), LEAT_OK);
    assert_int_equal(leat_ipv6_register(world->stack, NULL), LEAT_OK);
    before = left(world);
    assert_int_equal(leat_dhcp_open(world->stack, &world->dev.netif, &dhcp, &dhcp_config), LEAT_OK);
    assert_int_equal(before - left(world), leat_dhcp_memory_bytes());
    before = left(world);
    assert_int_equal(
        leat_autoconf_start(world->stack, &world->second.netif, &autoconf, &autoconf_config),
        LEAT_OK);
    assert_int_equal(before - left(world), leat_autoconf_memory_bytes());
    before = left(world);
    assert_int_equal(leat_dhcp6_register(world->stack, 3), LEAT_OK);
    assert_int_equal(before - left(world), leat_dhcp6_memory_bytes(3));
    before = left(world);
    assert_int_equal(leat_sntp_open(world->stack, &sntp, &sntp_config), LEAT_OK);
    assert_int_equal(before - left(world), leat_sntp_memory_bytes());
    end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stack_takes_the_memory_it_says),
        cmocka_unit_test(udp_takes_the_memory_it_says),
        cmocka_unit_test(tcp_takes_the_memory_it_says),
        cmocka_unit_test(ipv6_takes_the_memory_it_says),
        cmocka_unit_test(clients_take_the_memory_they_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
