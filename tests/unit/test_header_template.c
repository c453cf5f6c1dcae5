/*
 * test_header_template.c -- headers that are prepared once for a path and copied in front of
 * packets: they equal those of ipv4_output(), and aren't used when they have become invalid.
 */
#include "world.h"

#include "ip/header_template.h"
#include "ip/route.h"
#include "link/arp.h"
#include "base.h"

enum {
    DATA_BYTES = 40 /* enough to need no padding */
};

static bool has_head(struct world *world, leat_ip4 ip)
{
    const struct path *path = route_cache_get(world->stack, IP_US, ip);

    return path && path->template &&
           path->template->generation == world->stack->neighbour_generation;
}

/* Sends a datagram to @ip; returns the frame. */
static struct frame next_to(struct world *world, struct leat_udp *udp, leat_ip4 ip)
{
    static const uint8_t data[DATA_BYTES] = "a text of some length";
    struct frame frame = {0};
    const struct fake_frame *sent;

    assert_int_equal(world_send(world, udp, ip, 9, data, sizeof data), LEAT_OK);
    sent = world_expect(world);
    frame.len = sent->len;
    memcpy(frame.bytes, sent->bytes, sent->len);
    return frame;
}

/* The first packet caches the path, the second one the neighbour; then the template exists. */
static void make_head(struct world *world, struct leat_udp *udp)
{
    next_to(world, udp, IP_PEER);
    next_to(world, udp, IP_PEER);
    assert_true(has_head(world, IP_PEER));
}

static void the_copied_headers_are_those_that_were_put_together(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    struct frame first, next;

    next_to(world, udp, IP_PEER);
    first = next_to(world, udp, IP_PEER);
    assert_true(has_head(world, IP_PEER));
    next = next_to(world, udp, IP_PEER);
    assert_int_equal(frame_sum(next.bytes + FRAME_IP, 20, 0), 0);
    assert_int_not_equal(frame_get16(next.bytes + FRAME_IP + 4),
                         frame_get16(first.bytes + FRAME_IP + 4));
    /* they are the same except for identification and checksum */
    memcpy(next.bytes + FRAME_IP + 4, first.bytes + FRAME_IP + 4, 2);
    memcpy(next.bytes + FRAME_IP + 10, first.bytes + FRAME_IP + 10, 2);
    assert_int_equal(first.len, next.len);
    assert_memory_equal(first.bytes, next.bytes, first.len);
}

static void tos_and_ttl_of_a_socket_go_into_each_packet(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    struct frame frame;

    make_head(world, udp);
    frame = next_to(world, udp, IP_PEER);
    assert_int_equal(frame.bytes[FRAME_IP + 1], 0);
    assert_int_equal(frame.bytes[FRAME_IP + 8], 64);
    leat_udp_set_tos(udp, 0xb8);
    frame = next_to(world, udp, IP_PEER);
    assert_int_equal(frame.bytes[FRAME_IP + 1], 0xb8);
    assert_int_equal(frame_sum(frame.bytes + FRAME_IP, 20, 0), 0);
    leat_udp_set_ttl(udp, 3);
    frame = next_to(world, udp, IP_PEER);
    assert_int_equal(frame.bytes[FRAME_IP + 8], 3);
    assert_int_equal(frame_sum(frame.bytes + FRAME_IP, 20, 0), 0);
}

static void a_moved_neighbour_gets_the_next_packet(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    const struct frame announcement = frame_arp(1, &MAC_OTHER, IP_PEER, IP_PEER);
    struct frame frame;

    make_head(world, udp);
    world_feed(world, &announcement);
    world_wait(world, second); /* the old address is silent */
    assert_false(has_head(world, IP_PEER));
    frame = next_to(world, udp, IP_PEER);
    assert_memory_equal(frame.bytes, MAC_OTHER.octet, 6);
    assert_true(has_head(world, IP_PEER));
    frame = next_to(world, udp, IP_PEER);
    assert_memory_equal(frame.bytes, MAC_OTHER.octet, 6);
}

static void a_sign_of_life_from_the_same_place_changes_nothing(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    const struct frame announcement = frame_arp(1, &MAC_PEER, IP_PEER, IP_PEER);

    make_head(world, udp);
    world_feed(world, &announcement);
    assert_true(has_head(world, IP_PEER));
}

static void a_forgotten_neighbour_is_asked_for_again(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    const struct fake_frame *sent;

    make_head(world, udp);
    world_wait(world, 70 * second); /* three requests, no answer */
    assert_int_equal(neighbour_count(world->stack), 0);
    assert_false(has_head(world, IP_PEER));
    world_send(world, udp, IP_PEER, 9, "x", 1);
    sent = world_expect(world);
    assert_int_equal(frame_get16(sent->bytes + 12), 0x0806);
    assert_silent(world);
    world_meet(world, IP_PEER, &MAC_PEER);
}

/* A neighbour that the template is used for is probed, as if it had been looked up. */
static void a_neighbour_that_is_sent_to_counts_as_used(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);

    make_head(world, udp);
    world_meet(world, IP_PEER, &MAC_PEER); /* confirmed, and not used since */
    next_to(world, udp, IP_PEER);
    assert_true(has_head(world, IP_PEER));
    world_mark(world);
    world_wait(world, 61 * second);
    assert_int_equal(frame_get16(world_expect(world)->bytes + 12), 0x0806);
}

/* It isn't evicted for a new neighbour, which is known only from a packet of its own. */
static void a_neighbour_that_is_sent_to_is_the_youngest(void **state)
{
    static const uint8_t data[DATA_BYTES] = {0};
    struct world *world = world_create();
    struct leat_udp *udp;
    struct frame frame;

    *state = world;
    world->config.arp_entries = 8;
    world_init(world);
    world_settle(world);
    udp = world_socket(world, 1000);
    make_head(world, udp);
    for (uint32_t i = 0; i < 6; i++)
        world_meet(world, IP4(10, 0, 0, 10) + i, &MAC_OTHER);
    assert_true(has_head(world, IP_PEER));
    next_to(world, udp, IP_PEER);
    for (uint32_t i = 0; i < 7; i++) /* each evicts the oldest entry */
        world_send(world, udp, IP4(10, 0, 0, 100) + i, 9, data, sizeof data);
    assert_grown(world, arp_evictions, 1);
    frame = next_to(world, udp, IP_PEER);
    assert_memory_equal(frame.bytes, MAC_PEER.octet, 6);
}

static void a_removed_address_is_not_sent_from(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    uint8_t data[DATA_BYTES] = {0};

    make_head(world, udp);
    assert_int_equal(leat_address_remove(world->stack, &world->dev.netif, leat_ip_v4(IP_US)),
                     LEAT_OK);
    assert_null(route_cache_get(world->stack, IP_US, IP_PEER));
    assert_int_equal(world_send(world, udp, IP_PEER, 9, data, sizeof data), LEAT_ERR_NO_ROUTE);
}

/* Packets that need more work take the general path: padding, fragmentation, a full queue. */
static void the_unusual_finds_no_head(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    const struct leat_endpoint peer = leat_endpoint_of(leat_ip_v4(IP_PEER), 9);
    uint8_t data[2000] = {0};

    make_head(world, udp);
    world_send(world, udp, IP_PEER, 9, data, 1);
    assert_int_equal(world_expect(world)->len, 60);
    world_send(world, udp, IP_PEER, 9, data, sizeof data);
    assert_grown(world, ip_fragments_sent, 2);
    world->dev.room = 0;
    for (uint32_t i = 0; i < world->stack->config.tx_queue_frames + 3u; i++)
        leat_udp_send_to(udp, leat_buf_copy(leat_pool(world->stack), data, DATA_BYTES), &peer);
    assert_grown(world, tx_dropped, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(the_copied_headers_are_those_that_were_put_together),
        world_test(tos_and_ttl_of_a_socket_go_into_each_packet),
        world_test(a_moved_neighbour_gets_the_next_packet),
        world_test(a_sign_of_life_from_the_same_place_changes_nothing),
        world_test(a_forgotten_neighbour_is_asked_for_again),
        world_test(a_neighbour_that_is_sent_to_counts_as_used),
        cmocka_unit_test_teardown(a_neighbour_that_is_sent_to_is_the_youngest, world_teardown),
        world_test(a_removed_address_is_not_sent_from),
        world_test(the_unusual_finds_no_head),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
