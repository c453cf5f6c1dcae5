/* test_begin.c -- a stack before its first poll, and without protocols. */
#include "world.h"

static const uint64_t hour = 3600 * second;

static struct leat *begin(struct world *world, bool registers)
{
    const size_t bytes = leat_memory_bytes(&world->config) + leat_udp_memory_bytes(0);

    world->memory = malloc(bytes);
    assert_int_equal(leat_init(&world->stack, world->memory, bytes, &world->config), LEAT_OK);
    assert_int_equal(leat_attach(world->stack, &world->dev.netif), LEAT_OK);
    if (registers)
        assert_int_equal(leat_udp_register(world->stack, 0), LEAT_OK);
    return world->stack;
}

static void rings(struct leat_timer *timer, void *arg)
{
    (void)timer;
    ++*(unsigned *)arg;
}

static void timer_before_the_first_poll_counts_from_the_clock(void **state)
{
    struct world *world = world_create();
    struct leat *stack;
    unsigned rung = 0;
    struct leat_timer timer = {.on_time = rings, .arg = &rung};

    world->config.now_ns = 7 * hour;
    stack = begin(world, true);
    assert_int_equal(leat_now_ns(stack), 7 * hour);
    leat_timer_set(stack, &timer, leat_now_ns(stack) + second);
    leat_poll(stack, 7 * hour + second / 2);
    assert_int_equal(rung, 0);
    leat_poll(stack, 7 * hour + second + ms);
    assert_int_equal(rung, 1);
    *state = world;
    world_teardown(state);
}

/* A protocol that the program forgot to register has an error code of its own; nothing crashes. */
static void protocol_that_is_not_registered_is_an_error_of_its_own(void **state)
{
    struct world *world = world_create();
    struct leat *stack = begin(world, false);
    const struct leat_endpoint remote = leat_endpoint_of(leat_ip_v4(IP_PEER), 80);
    const struct leat_tcp_listen_config listen = {.port = 80};
    struct leat_tcp_listener *listener;
    struct leat_tcp *conn;
    struct leat_udp *udp;

    assert_int_equal(leat_udp_open(stack, &udp, 0, 0), LEAT_ERR_PROTOCOL);
    assert_int_equal(leat_tcp_listen(stack, &listener, &listen), LEAT_ERR_PROTOCOL);
    assert_int_equal(leat_tcp_connect(stack, &conn, &remote, 0, 0, 0), LEAT_ERR_PROTOCOL);
    assert_string_equal(leat_err_text(LEAT_ERR_PROTOCOL), "protocol not registered");
    *state = world;
    world_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timer_before_the_first_poll_counts_from_the_clock),
        cmocka_unit_test(protocol_that_is_not_registered_is_an_error_of_its_own),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
