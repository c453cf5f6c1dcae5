/* test_transmit.c -- the queue of a link whose device is full: flows in turn, places for control
 * frames. */
#include "world.h"

#include "link/frame_flow.h"
#include "link/transmit.h"
#include "link/link.h"

enum {
    SRC_PORT_AT = FRAME_IP + 20,
    PEER_PORT = 9000,
    LONG = 1472, /* payload of a datagram that fills the MTU */
    SHORT = 100
};

/* Queues a datagram from @udp until the next poll. */
static void queue_datagram(struct world *world, struct leat_udp *udp, uint32_t len)
{
    const struct leat_endpoint peer = leat_endpoint_of(LEAT_IP4(10, 0, 0, 2), PEER_PORT);
    static const uint8_t bytes[LONG];

    assert_int_equal(
        leat_udp_send_to(udp, leat_buf_copy(leat_pool(world->stack), bytes, len), &peer), LEAT_OK);
}

static void queue_datagrams(struct world *world, struct leat_udp *udp, uint32_t len, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        queue_datagram(world, udp, len);
}

/* Lets the device take @frames. */
static void give_room(struct world *world, uint32_t frames)
{
    fake_netif_forget(&world->dev);
    world->dev.room = frames;
    world_poll(world);
}

static uint16_t port_of(const struct fake_frame *frame)
{
    return frame_get16(frame->bytes + SRC_PORT_AT);
}

/* Expects datagrams with these ports, in order. */
static void expect_ports(struct world *world, const uint16_t *ports, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(port_of(world_expect(world)), ports[i]);
    assert_silent(world);
}

static bool is_slow(const struct world *world)
{
    return world->stack->links[0].tx_is_slow;
}

static void frames_keep_their_order_while_the_device_takes_them(void **state)
{
    static const uint16_t order[] = {1, 1, 1, 2, 2, 1};
    struct world *world = *state;
    struct leat_udp *one = world_socket(world, 1), *two = world_socket(world, 2);

    queue_datagrams(world, one, LONG, 3);
    queue_datagrams(world, two, SHORT, 2);
    queue_datagrams(world, one, LONG, 1);
    give_room(world, 6);
    expect_ports(world, order, 6);
    assert_false(is_slow(world));
}

static void flows_are_served_in_turn_when_the_device_is_full(void **state)
{
    static const uint16_t order[] = {1, 2, 1, 2, 1, 2, 1, 1};
    struct world *world = *state;
    struct leat_udp *one = world_socket(world, 1), *two = world_socket(world, 2);

    world->dev.room = 0;
    queue_datagrams(world, one, LONG, 5);
    queue_datagrams(world, two, LONG, 3);
    world_poll(world);
    assert_true(is_slow(world));
    give_room(world, 8);
    expect_ports(world, order, 8);
}

static void flow_that_sends_little_goes_first(void **state)
{
    static const uint16_t order[] = {3, 1, 2};
    struct world *world = *state;
    struct leat_udp *one = world_socket(world, 1), *two = world_socket(world, 2);
    struct leat_udp *three = world_socket(world, 3);

    world->dev.room = 0;
    queue_datagrams(world, one, LONG, 10);
    queue_datagrams(world, two, LONG, 10);
    world_poll(world);
    give_room(world, 4);
    queue_datagram(world, three, SHORT);
    give_room(world, 3);
    expect_ports(world, order, 3);
}

/* Turns count bytes, not frames: of frames with a tenth of the length, ten times as many leave. */
static void flows_of_short_and_of_long_frames_get_as_many_bytes(void **state)
{
    struct world *world = *state;
    struct leat_udp *one = world_socket(world, 1), *two = world_socket(world, 2);
    uint32_t bytes[3] = {0};

    world->dev.room = 0;
    queue_datagrams(world, one, LONG, 40);
    queue_datagrams(world, two, SHORT, 400);
    world_poll(world);
    give_room(world, 200);
    while (fake_netif_sent_count(&world->dev) > 0) {
        const struct fake_frame *frame = world_expect(world);

        bytes[port_of(frame)] += frame->whole_len;
    }
    assert_in_range(bytes[1], bytes[2] - 2 * 1514, bytes[2] + 2 * 1514);
}

static void oldest_frame_of_the_largest_flow_makes_room(void **state)
{
    struct world *world = *state;
    struct leat_udp *one = world_socket(world, 1), *two = world_socket(world, 2);
    const uint32_t places = world->stack->config.tx_queue_frames;

    world_mark(world);
    world->dev.room = 0;
    queue_datagram(world, two, SHORT);
    for (uint32_t i = 0; i < places + 10; i++)
        queue_datagram(world, one, 18 + i); /* so that each is recognized by its length */
    queue_datagram(world, two, SHORT);
    assert_grown(world, tx_dropped, 12);
    give_room(world, UINT32_MAX);
    assert_int_equal(fake_netif_sent_count(&world->dev), places);
    assert_int_equal(port_of(world_expect(world)), 2);
    assert_int_equal(port_of(world_expect(world)), 2);
    assert_int_equal(world_expect(world)->len, 42 + 18 + 12);
}

static void feed_echo(struct world *world)
{
    const struct frame echo = frame_icmp(IP_PEER, IP_US, 8, 0, 1, 0, 0);

    fake_netif_feed(&world->dev, echo.bytes, echo.len);
    world_poll(world);
}

static void control_has_places_that_bulk_cannot_take(void **state)
{
    struct world *world = *state;
    struct leat_udp *one = world_socket(world, 1);
    const uint32_t places = world->stack->config.tx_queue_frames;
    const struct frame arp = frame_arp(1, &MAC_PEER, IP_PEER, IP_US);

    world->dev.room = 0;
    queue_datagrams(world, one, LONG, places + 5);
    world_poll(world);
    world_mark(world);
    feed_echo(world);
    world_feed(world, &arp);
    queue_datagrams(world, one, LONG, 5);
    assert_grown(world, tx_dropped, 5); /* bulk displaces bulk */
    give_room(world, 3);
    assert_int_equal(port_of(world_expect(world)), 1);   /* the first one */
    assert_int_equal(world_expect(world)->bytes[23], 1); /* ICMP */
    assert_int_equal(frame_get16(world_expect(world)->bytes + 12), 0x0806);
}

/* A flood of pings uses free places, and yields them. */
static void test_threat_Q19_flood_of_pings_leaves_bulk_its_places(void **state)
{
    struct world *world = *state;
    struct leat_udp *one = world_socket(world, 1);
    const uint32_t places = world->stack->config.tx_queue_frames;

    world->dev.room = 0;
    for (uint32_t i = 0; i < places + places / 4; i++)
        feed_echo(world);
    assert_int_equal(leat_stats(world->stack)->tx_dropped, 0);
    queue_datagrams(world, one, SHORT, places);
    world_poll(world);
    assert_int_equal(world->stack->links[0].flows.frames[FLOW_BULK], places);
    assert_int_equal(world->stack->links[0].flows.frames[FLOW_CONTROL], places / 4);
    give_room(world, UINT32_MAX);
    assert_int_equal(fake_netif_sent_count(&world->dev), places + places / 4);
}

static void link_is_fast_again_when_its_device_had_room_for_100_ms(void **state)
{
    struct world *world = *state;
    struct leat_udp *one = world_socket(world, 1);

    world->dev.room = 0;
    queue_datagrams(world, one, LONG, 3);
    world_poll(world);
    give_room(world, UINT32_MAX);
    assert_true(is_slow(world));
    world->now_ns += 99 * ms;
    world_poll(world);
    assert_true(is_slow(world));
    world->now_ns += 1 * ms;
    world_poll(world);
    assert_false(is_slow(world));
    assert_int_equal(world->stack->links[0].tx_places, world->stack->config.tx_queue_frames);
    assert_int_equal(world->stack->links[0].flows.taken, 0);
}

/* A flow of datagrams doesn't starve after the device has stalled. */
static void every_flow_goes_on_when_the_device_has_stalled_for_a_second(void **state)
{
    struct world *world = *state;
    struct leat_udp *flows[8];
    unsigned seen[8] = {0};

    for (uint16_t i = 0; i < 8; i++) {
        flows[i] = world_socket(world, (uint16_t)(i + 1));
        queue_datagrams(world, flows[i], LONG, i == 0 ? 400 : 1);
    }
    world->dev.room = 0;
    world_poll(world);
    world->now_ns += second;
    world_poll(world);
    give_room(world, 10);
    while (fake_netif_sent_count(&world->dev) > 0)
        seen[port_of(world_expect(world)) - 1]++;
    for (unsigned i = 1; i < 8; i++)
        assert_int_equal(seen[i], 1);
    assert_int_equal(seen[0], 3);
}

/* The rate is measured between two moments at which the device was full. */
static void rate_of_the_device_is_learned_while_it_is_full(void **state)
{
    struct world *world = *state;
    struct leat_udp *one = world_socket(world, 1);
    const struct link *link = &world->stack->links[0];

    world->dev.room = 0;
    queue_datagrams(world, one, LONG, 100);
    world_poll(world);
    assert_int_equal(link->rate.bytes_per_ms, 0);
    for (unsigned i = 0; i < 4; i++) { /* 2,500 frames per second */
        world->now_ns += 2 * ms;
        give_room(world, 5);
    }
    assert_int_equal(link->rate.bytes_per_ms, 5 * 1514 / 2);
    for (unsigned i = 0; i < 30; i++) {
        world->now_ns += 2 * ms;
        give_room(world, 1);
    }
    assert_in_range(link->rate.bytes_per_ms, 1514 / 2, 1514 / 2 + 10);
}

/* Each flow has a queue of its own while entries are free; further flows share one. */
static void flows_beyond_the_table_share_one_queue(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp[12];

    for (uint16_t i = 0; i < 12; i++)
        udp[i] = world_socket(world, (uint16_t)(i + 1));
    world->dev.room = 0;
    for (unsigned i = 0; i < 12; i++)
        queue_datagrams(world, udp[i], LONG, 1);
    world_poll(world);
    assert_int_equal(world->stack->links[0].flows.taken, 8);
    give_room(world, UINT32_MAX);
    assert_int_equal(fake_netif_sent_count(&world->dev), 12);
}

static int few_flows_setup(void **state)
{
    struct world *world = world_create();

    world->config.tx_queue_frames = 16;
    world_init(world);
    world_settle(world);
    *state = world;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(frames_keep_their_order_while_the_device_takes_them),
        world_test(flows_are_served_in_turn_when_the_device_is_full),
        world_test(flow_that_sends_little_goes_first),
        world_test(flows_of_short_and_of_long_frames_get_as_many_bytes),
        world_test(oldest_frame_of_the_largest_flow_makes_room),
        world_test(control_has_places_that_bulk_cannot_take),
        world_test(test_threat_Q19_flood_of_pings_leaves_bulk_its_places),
        world_test(link_is_fast_again_when_its_device_had_room_for_100_ms),
        world_test(every_flow_goes_on_when_the_device_has_stalled_for_a_second),
        world_test(rate_of_the_device_is_learned_while_it_is_full),
        cmocka_unit_test_setup_teardown(flows_beyond_the_table_share_one_queue, few_flows_setup,
                                        world_teardown),
    };

    return cmocka_run_group_tests_name("transmit", tests, 0, 0);
}
