/* test_isn.c -- sequence numbers and ports that outsiders can't predict (RFC 6528, RFC 6056). */
#include "world.h"

#include "tcp/conn/isn.h"
#include "tcp/conn/table.h"
#include "tcp/passive/time_wait.h"
#include "tcp/tcp.h"

static struct tcb tuple(uint16_t remote_port)
{
    return (struct tcb){
        .local_ip = IP_US, .remote_ip = IP_PEER, .local_port = 40000, .remote_port = remote_port};
}

static int open_world(void **state)
{
    struct world *world = world_create();

    world->with_tcp = true;
    world_init(world);
    *state = world;
    return 0;
}

/* RFC 6528 3: ISN = M + F(...); M counts units of 4 microseconds */
static void isn_follows_the_clock_for_the_same_tuple(void **state)
{
    struct world *world = *state;
    const struct tcb tcb = tuple(80);
    const uint32_t first = tcp_isn(world->stack, &tcb);
    uint32_t grown;

    world->stack->now_ns += second;
    grown = tcp_isn(world->stack, &tcb) - first;
    assert_in_range(grown, 240000, 250000);
    world->stack->now_ns -= second;
}

/* F depends on each of the four parts of the tuple */
static void isn_differs_for_other_tuples(void **state)
{
    struct world *world = *state;
    struct tcb tcb = tuple(80);
    const uint32_t first = tcp_isn(world->stack, &tcb);

    tcb.remote_port++;
    assert_int_not_equal(tcp_isn(world->stack, &tcb), first);
    tcb = tuple(80);
    tcb.local_port++;
    assert_int_not_equal(tcp_isn(world->stack, &tcb), first);
    tcb = tuple(80);
    tcb.remote_ip++;
    assert_int_not_equal(tcp_isn(world->stack, &tcb), first);
    tcb = tuple(80);
    tcb.local_ip++;
    assert_int_not_equal(tcp_isn(world->stack, &tcb), first);
}

/* Adjacent ports get numbers from the whole space: their top bits are distributed evenly. */
static void isns_of_neighbours_are_spread(void **state)
{
    struct world *world = *state;
    unsigned hits[16] = {0};

    for (uint16_t port = 1; port <= 1600; port++) {
        const struct tcb tcb = tuple(port);

        hits[tcp_isn(world->stack, &tcb) >> 28]++;
    }
    for (unsigned i = 0; i < 16; i++)
        assert_in_range(hits[i], 60, 140);
}

static void isn_changes_with_the_secret(void **state)
{
    static const uint8_t seed[LEAT_SEED_BYTES] = {9};
    struct world *world = *state;
    const struct tcb tcb = tuple(80);
    const uint32_t first = tcp_isn(world->stack, &tcb);

    assert_int_equal(leat_reseed(world->stack, seed), LEAT_OK);
    assert_int_not_equal(tcp_isn(world->stack, &tcb), first);
}

/* RFC 6056 3.3.4: steps of one for one destination, an offset of its own for each */
static void ports_of_one_destination_differ_and_lie_in_the_upper_half(void **state)
{
    struct world *world = *state;
    uint8_t seen[32768] = {0};

    for (unsigned i = 0; i < 32768; i++) {
        struct tcb tcb = tuple(80);

        assert_true(tcp_choose_port(world->stack->tcp, &tcb));
        assert_true(tcb.local_port >= 32768);
        assert_int_equal(seen[tcb.local_port - 32768], 0);
        seen[tcb.local_port - 32768] = 1;
    }
}

static void ports_of_several_destinations_have_no_common_start(void **state)
{
    struct world *world = *state;
    unsigned hits[8] = {0};

    for (uint16_t port = 1; port <= 800; port++) {
        struct tcb tcb = tuple(port);

        assert_true(tcp_choose_port(world->stack->tcp, &tcb));
        hits[(tcb.local_port - 32768) >> 12]++;
    }
    for (unsigned i = 0; i < 8; i++)
        assert_in_range(hits[i], 60, 140);
}

/* If the port after the last chosen one is in use, the next one is chosen. */
static void ports_in_use_are_skipped(void **state)
{
    struct world *world = *state;
    struct tcp *tcp = world->stack->tcp;
    struct tcb chosen = tuple(80), taken, *entry;

    assert_true(tcp_choose_port(tcp, &chosen));
    taken = chosen;
    taken.local_port = (uint16_t)(32768 + (chosen.local_port + 1) % 32768);
    entry = &tcp_take_time_wait(tcp)->tcb;
    assert_non_null(entry);
    entry->local_ip = taken.local_ip;
    entry->local_port = taken.local_port;
    entry->remote_ip = taken.remote_ip;
    entry->remote_port = taken.remote_port;
    tcp_hash(tcp, entry);
    assert_true(tcp_choose_port(tcp, &chosen));
    assert_int_equal(chosen.local_port, 32768 + (taken.local_port + 1) % 32768);
    tcp_unhash(tcp, entry);
    tcp_give_entry(tcp, entry);
}

#define isn_test(function) cmocka_unit_test_setup_teardown(function, open_world, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        isn_test(isn_follows_the_clock_for_the_same_tuple),
        isn_test(isn_differs_for_other_tuples),
        isn_test(isns_of_neighbours_are_spread),
        isn_test(isn_changes_with_the_secret),
        isn_test(ports_of_one_destination_differ_and_lie_in_the_upper_half),
        isn_test(ports_of_several_destinations_have_no_common_start),
        isn_test(ports_in_use_are_skipped),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
