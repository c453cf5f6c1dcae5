/* test_transmit_share.c -- what a flow of TCP may add to a full link's queue, and when it waits. */
#include "world.h"

#include "link/frame_flow.h"
#include "link/link.h"
#include "link/transmit.h"

enum {
    PLACES = 64,
    SEGMENT = 1460,
    FRAME = 1514
};

static int share_setup(void **state)
{
    struct world *world = world_create();

    world->config.tx_queue_frames = PLACES;
    world_init(world);
    world_settle(world);
    *state = world;
    return 0;
}

static struct link *link_of(struct world *world)
{
    return &world->stack->links[0];
}

/* Queues @count datagrams of a full frame from @port; the device takes none. */
static void queue_full(struct world *world, uint16_t port, unsigned count)
{
    static const uint8_t bytes[1472];
    const struct leat_endpoint peer = leat_endpoint_of(LEAT_IP4(10, 0, 0, 2), 9000);
    struct leat_udp *udp = world_socket(world, port);

    world->dev.room = 0;
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(
            leat_udp_send_to(udp, leat_buf_copy(leat_pool(world->stack), bytes, sizeof bytes),
                             &peer),
            LEAT_OK);
    world_poll(world);
    assert_true(link_of(world)->tx_is_slow);
}

/* The key of the only flow that was added last. */
static uint64_t key_of_last(struct world *world)
{
    const struct fair_queue *flows = &link_of(world)->flows;

    return flows->table->all[flows->sparse.last].key;
}

static void a_flow_without_frames_may_queue_two_segments(void **state)
{
    struct world *world = *state;

    queue_full(world, 1, 1);
    assert_int_equal(transmit_left(link_of(world), 77, SEGMENT), 2 * SEGMENT);
    assert_int_equal(transmit_left(link_of(world), 77, 100), 200);
    assert_int_equal(transmit_left(link_of(world), 77, 1), 2);
}

/* The rate of the device is divided among the flows that have frames, and this one. */
static void the_rate_is_shared_by_the_flows_that_have_frames(void **state)
{
    struct world *world = *state;
    struct link *link = link_of(world);
    const uint32_t all = PLACES * 1500 - PLACES * 1500 / 4; /* a fourth is not TCP's */
    uint64_t key;

    queue_full(world, 1, 2);
    key = key_of_last(world);
    link->rate.bytes_per_ms = 40000;
    assert_int_equal(transmit_left(link, 77, SEGMENT), 20000);
    assert_int_equal(transmit_left(link, key, SEGMENT), 40000 - 2 * FRAME); /* counted already */
    link->rate.bytes_per_ms = 2 * 2 * SEGMENT;
    assert_int_equal(transmit_left(link, 77, SEGMENT), 2 * SEGMENT);
    link->rate.bytes_per_ms = 2 * 2 * SEGMENT + 2;
    assert_int_equal(transmit_left(link, 77, SEGMENT), 2 * SEGMENT + 1);
    link->rate.bytes_per_ms = all;
    assert_int_equal(transmit_left(link, 77, SEGMENT), all / 2);
    link->rate.bytes_per_ms = all + 1000;
    assert_int_equal(transmit_left(link, 77, SEGMENT), all / 2);
    queue_full(world, 2, 1);
    assert_int_equal(transmit_left(link, 77, SEGMENT), all / 3);
}

/* No more than there are places for, one frame each. */
static void free_places_are_a_limit(void **state)
{
    struct world *world = *state;
    struct link *link = link_of(world);

    queue_full(world, 1, PLACES - 3);
    link->rate.bytes_per_ms = 1000000;
    assert_int_equal(transmit_left(link, 77, SEGMENT), 3 * SEGMENT);
    queue_full(world, 2, 2);
    assert_int_equal(transmit_left(link, 77, SEGMENT), SEGMENT);
    queue_full(world, 3, 1);
    /* all are taken, and the largest flow has more than an eighth */
    assert_int_equal(transmit_left(link, 77, SEGMENT), SEGMENT);
}

/* When no flow has more than an eighth of the places, none is displaced. */
static void equal_flows_displace_none(void **state)
{
    struct world *world = *state;
    struct link *link = link_of(world);

    for (uint16_t port = 1; port <= 8; port++)
        queue_full(world, port, PLACES / 8);
    assert_int_equal(link->flows.frames[FLOW_BULK], PLACES);
    assert_int_equal(transmit_left(link, 77, SEGMENT), 0);
}

static void what_a_flow_has_counts(void **state)
{
    struct world *world = *state;
    struct link *link = link_of(world);
    uint64_t key;

    queue_full(world, 1, 1);
    key = key_of_last(world);
    assert_int_equal(transmit_left(link, key, SEGMENT), 2 * SEGMENT - FRAME);
    queue_full(world, 2, 3);
    assert_int_equal(transmit_left(link, key_of_last(world), SEGMENT), 0);
    assert_int_equal(transmit_left(link, key, SEGMENT), 2 * SEGMENT - FRAME);
}

static void a_flow_has_frames_until_they_leave(void **state)
{
    struct world *world = *state;
    struct link *link = link_of(world);
    uint64_t key;

    assert_false(transmit_has(link, 77)); /* a fast link */
    queue_full(world, 1, 2);
    key = key_of_last(world);
    assert_true(transmit_has(link, key));
    assert_false(transmit_has(link, key + 1));
    world->dev.room = 1;
    world_poll(world);
    assert_true(transmit_has(link, key));
    world->dev.room = 1;
    world_poll(world);
    assert_false(transmit_has(link, key));
    assert_true(link->tx_is_slow);
}

/* A flow wakes one waiter, when half of its bytes have left. */
static void one_waiter_is_noted_for_half(void **state)
{
    struct world *world = *state;
    struct link *link = link_of(world);
    const struct flow *flow;
    uint64_t key;

    queue_full(world, 1, 4);
    key = key_of_last(world);
    assert_false(transmit_wait(link, key + 1, 5)); /* it has no frames */
    assert_true(transmit_wait(link, key, 5));
    flow = fair_queue_find(&link->flows, key);
    assert_int_equal(flow->waiter, 5);
    assert_int_equal(flow->wake_bytes, 2 * FRAME);
    assert_false(transmit_wait(link, key, 6));
    assert_int_equal(flow->waiter, 5);
    assert_true(transmit_wait(link, key, 5)); /* the same one again */
    flow = NULL;
    ((struct flow *)fair_queue_find(&link->flows, key))->waiter = 0; /* no connection to wake */
}

/* The queue of a fast link goes out in order, in bursts, as far as the device takes it. */
static void a_device_with_some_room_gets_as_many(void **state)
{
    struct world *world = *state;
    static const uint8_t byte[1];
    const struct leat_endpoint peer = leat_endpoint_of(LEAT_IP4(10, 0, 0, 2), 9000);
    struct leat_udp *udp = world_socket(world, 1);

    for (uint32_t room = 1; room < 40; room++) {
        fake_netif_forget(&world->dev);
        world_mark(world);
        world->dev.room = room;
        for (unsigned i = 0; i < 40; i++)
            assert_int_equal(
                leat_udp_send_to(udp, leat_buf_copy(leat_pool(world->stack), byte, 1), &peer),
                LEAT_OK);
        world_poll(world);
        assert_int_equal(fake_netif_sent_count(&world->dev), room);
        assert_grown(world, tx_frames, room);
        assert_int_equal(link_of(world)->tx_waiting, 40 - room);
        world->dev.room = UINT32_MAX;
        world_poll(world);
        assert_int_equal(fake_netif_sent_count(&world->dev), 40);
        assert_int_equal(link_of(world)->tx_waiting, 0);
    }
}

int main(void)
{
#define share_test(name) cmocka_unit_test_setup_teardown(name, share_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        share_test(a_flow_without_frames_may_queue_two_segments),
        share_test(the_rate_is_shared_by_the_flows_that_have_frames),
        share_test(free_places_are_a_limit),
        share_test(equal_flows_displace_none),
        share_test(what_a_flow_has_counts),
        share_test(a_flow_has_frames_until_they_leave),
        share_test(one_waiter_is_noted_for_half),
        share_test(a_device_with_some_room_gets_as_many),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
