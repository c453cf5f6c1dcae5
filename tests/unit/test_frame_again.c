/*
 * test_frame_again.c -- a frame with the same header as the one before takes a fast path, with the
 * same result as any other frame.
 */
#include "world.h"

#include "link/link.h"

enum {
    BEGIN_BYTES = FRAME_L4, /* the headers of Ethernet and IPv4 */
    DATA_BYTES = 40         /* enough to need no padding */
};

static const uint8_t data[DATA_BYTES] = "some text";

/* Sends to the peer. The stack knows the path then, so it needn't check the addresses of packets
 * from the peer. */
static void answer(struct world *world, struct leat_udp *udp)
{
    assert_int_equal(world_send(world, udp, IP_PEER, 9, data, sizeof data), LEAT_OK);
}

static struct frame datagram_to(struct world *world, struct leat_udp *udp)
{
    answer(world, udp);
    return frame_udp(IP_PEER, 9, IP_US, 1000, data, sizeof data);
}

/* The increments of all counters by one frame. */
struct grown {
    uint64_t by[LEAT_STAT_COUNT];
};

static struct grown grown_by(struct world *world, const struct frame *frame)
{
    struct grown grown;

    world_wait(world, 40 * second); /* incomplete datagrams have timed out by then */
    world_feed(world, frame);
    for (unsigned i = 0; i < LEAT_STAT_COUNT; i++) {
        const enum leat_stat_group group = leat_stat_group((enum leat_stat)i);

        grown.by[i] = group == LEAT_STAT_TAKEN || group == LEAT_STAT_DROP
                          ? world_grown(world, (enum leat_stat)i)
                          : 0;
    }
    return grown;
}

/* Forgets the header and the path, as if no frame had been received or sent before. */
static void forget(struct world *world)
{
    world->stack->links[0].for_us_begin[0] = UINT64_MAX;
    world->stack->route_generation++;
}

static void assert_same_end(struct world *world, struct leat_udp *udp, const struct frame *good,
                            const struct frame *frame)
{
    struct grown first, again;

    forget(world);
    first = grown_by(world, frame);
    answer(world, udp);
    world_feed(world, good);
    assert_ended(world, taken_udp);
    again = grown_by(world, frame);
    assert_memory_equal(&first, &again, sizeof first);
}

static void each_bit_of_the_headers_is_judged_as_ever(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    const struct frame good = datagram_to(world, udp);

    for (unsigned bit = 0; bit < BEGIN_BYTES * 8; bit++) {
        struct frame bad = good;

        bad.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_same_end(world, udp, &good, &bad);
        frame_seal_ip(&bad);
        assert_same_end(world, udp, &good, &bad);
    }
}

static void each_length_of_a_frame_is_judged_as_ever(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    const struct frame good = datagram_to(world, udp);

    for (uint32_t len = 0; len <= good.len + 8; len++) {
        struct frame cut = good;

        cut.len = len;
        assert_same_end(world, udp, &good, &cut);
    }
}

/* Its header differs from the peer's only in the last octet of the source. */
static void a_frame_from_our_own_station_is_dropped_as_ever(void **state)
{
    struct world *world = *state;
    struct leat_udp *udp = world_socket(world, 1000);
    const struct frame good = datagram_to(world, udp);
    struct frame bad = good;

    frame_from(&bad, &MAC_US);
    assert_same_end(world, udp, &good, &bad);
    assert_dropped(world, drop_eth_source);
}

static void an_address_that_has_gone_is_not_ours_any_more(void **state)
{
    struct world *world = *state;
    const struct frame good = datagram_to(world, world_socket(world, 1000));

    world_feed(world, &good);
    assert_ended(world, taken_udp);
    assert_int_equal(leat_address_remove(world->stack, &world->dev.netif, world_ip(world, IP_US)),
                     LEAT_OK);
    world_feed(world, &good);
    assert_dropped(world, drop_ip_not_ours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(each_bit_of_the_headers_is_judged_as_ever),
        world_test(each_length_of_a_frame_is_judged_as_ever),
        world_test(a_frame_from_our_own_station_is_dropped_as_ever),
        world_test(an_address_that_has_gone_is_not_ours_any_more),
    };

    return cmocka_run_group_tests(tests, 0, 0);
}
