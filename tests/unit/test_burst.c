/* test_burst.c -- the connections of a burst are prefetched, without any other effect. */
#include "frames6.h"
#include "world.h"

#include "tcp/burst.h"
#include "tcp/conn/table.h"
#include "tcp/tcp.h"

enum {
    CONNECTIONS = 1100, /* so many that the caches don't help */
    FRAMES = 40,        /* more than are prefetched together */
    ACK = 16,
    OPTIONS_AT = FRAME_IP, /* version and length of the header */
    PROTOCOL_AT = FRAME_IP + 9,
    NEXT_AT = FRAME_IP + 6
};

struct burst {
    struct world *world;
    struct tcp *tcp;
    struct leat_tcp *conns[CONNECTIONS];
};

static void begin(struct burst *burst, struct world *world)
{
    burst->world = world;
    world->with_tcp = true;
    world->tcp_config.connections = 2048;
    world_init(world);
    burst->tcp = world->stack->tcp;
}

static void call_all(struct burst *burst, struct leat_ip peer, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct leat_endpoint remote = leat_endpoint_of(peer, (uint16_t)(1000 + i));

        assert_int_equal(leat_tcp_connect(burst->world->stack, &burst->conns[i], &remote, 0,
                                          &world_closes, burst->world),
                         LEAT_OK);
    }
}

/* A segment for connection number @index. */
static struct frame_segment fields_for(const struct burst *burst, uint32_t index)
{
    return (struct frame_segment){.src_port = (uint16_t)(1000 + index),
                                  .dst_port = burst->conns[index]->tcb.local_port,
                                  .flags = ACK,
                                  .window = 1000};
}

static struct frame segment_for(const struct burst *burst, uint32_t index)
{
    const struct frame_segment s = fields_for(burst, index);

    return frame_tcp(&s, "text", 4);
}

static struct frame segment6_for(const struct burst *burst, uint32_t index)
{
    const struct frame_segment s = fields_for(burst, index);

    return frame_tcp6(IP6_PEER, IP6_US, &s, "text", 4);
}

static struct leat_buf *buf_of(const struct burst *burst, const struct frame *frame)
{
    return leat_buf_copy(leat_pool(burst->world->stack), frame->bytes, frame->len);
}

static void free_all(struct leat_buf **bufs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        leat_buf_free(bufs[i]);
}

/* The number of connections that are prefetched for one frame. */
static uint32_t fetched(const struct burst *burst, const struct frame *frame)
{
    struct leat_buf *buf = buf_of(burst, frame);
    const uint32_t found = tcp_fetch(burst->tcp, &buf, 1);

    leat_buf_free(buf);
    return found;
}

static int setup(void **state)
{
    struct burst *burst = calloc(1, sizeof *burst);

    begin(burst, world_create());
    assert_int_equal(
        leat_address_add(burst->world->stack, &burst->world->dev.netif, leat_ip_v4(IP_US), 24),
        LEAT_OK);
    world_wait(burst->world, 5 * second);
    world_meet(burst->world, IP_PEER, &MAC_PEER);
    call_all(burst, leat_ip_v4(IP_PEER), CONNECTIONS);
    *state = burst;
    return 0;
}

static int setup6(void **state)
{
    struct burst *burst = calloc(1, sizeof *burst);

    begin(burst, world6_create());
    world6_settle(burst->world);
    call_all(burst, IP6_PEER, 10);
    *state = burst;
    return 0;
}

static int teardown(void **state)
{
    struct burst *burst = *state;
    void *world = burst->world;

    free(burst);
    return world_teardown(&world);
}

static void each_segment_s_connection_is_fetched(void **state)
{
    const struct burst *burst = *state;
    struct leat_buf *bufs[FRAMES];

    for (uint32_t i = 0; i < FRAMES; i++) {
        const struct frame frame = segment_for(burst, i * 27);

        bufs[i] = buf_of(burst, &frame);
    }
    assert_int_equal(tcp_fetch(burst->tcp, bufs, FRAMES), FRAMES);
    assert_int_equal(tcp_fetch(burst->tcp, bufs, 0), 0);
    free_all(bufs, FRAMES);
}

static void a_frame_without_a_segment_fetches_nothing(void **state)
{
    const struct burst *burst = *state;
    const struct frame good = segment_for(burst, 5);
    struct frame frame = good;

    assert_int_equal(fetched(burst, &good), 1);
    frame.bytes[OPTIONS_AT] = 0x46;
    assert_int_equal(fetched(burst, &frame), 0);
    frame = good;
    frame.bytes[PROTOCOL_AT] = 17;
    assert_int_equal(fetched(burst, &frame), 0);
    frame = good;
    frame.bytes[13] = 6; /* ARP */
    assert_int_equal(fetched(burst, &frame), 0);
    frame = good;
    frame.bytes[12] = 0x86; /* IPv6, which isn't registered */
    frame.bytes[13] = 0xdd;
    frame.bytes[NEXT_AT] = 6;
    frame.len = FRAME6_L4 + 24;
    assert_int_equal(fetched(burst, &frame), 0);
    frame = good;
    frame_put16(frame.bytes + FRAME_L4, 999); /* an unknown peer */
    assert_int_equal(fetched(burst, &frame), 0);
    for (frame = good, frame.len = 1; frame.len < FRAME_L4 + 20; frame.len++)
        assert_int_equal(fetched(burst, &frame), 0);
}

/* The connection is looked up again when the segment is processed. */
static void a_connection_that_has_ended_since_is_not_found(void **state)
{
    const struct burst *burst = *state;
    struct tcb *tcb = &burst->conns[7]->tcb;
    const struct tcp_tuple tuple = tcb_tuple(tcb);
    const struct frame frame = segment_for(burst, 7);

    assert_int_equal(fetched(burst, &frame), 1);
    assert_ptr_equal(tcp_find(burst->tcp, tuple), tcb);
    assert_int_equal(fetched(burst, &frame), 1);
    leat_tcp_abort(burst->conns[7]);
    assert_null(tcp_find(burst->tcp, tuple));
    assert_int_equal(fetched(burst, &frame), 0);
}

/* A burst stays unchanged and isn't counted. */
static void a_burst_is_fetched_and_left_as_it_is(void **state)
{
    struct burst *burst = *state;
    struct leat_buf *bufs[FRAMES], *before[FRAMES];

    assert_true(burst->tcp->conn_count == CONNECTIONS);
    for (uint32_t i = 0; i < FRAMES; i++) {
        const struct frame frame = segment_for(burst, i);

        bufs[i] = before[i] = buf_of(burst, &frame);
    }
    world_mark(burst->world);
    assert_int_equal(tcp_burst(burst->world->stack, bufs, FRAMES), FRAMES);
    assert_memory_equal(bufs, before, sizeof bufs);
    assert_memory_equal(&burst->world->stack->stats, &burst->world->before,
                        sizeof burst->world->before);
    free_all(bufs, FRAMES);
}

static void segments_of_IPv6_are_known_by_their_hosts(void **state)
{
    const struct burst *burst = *state;
    const struct frame good = segment6_for(burst, 3), next = segment6_for(burst, 4);
    struct leat_buf *bufs[2] = {buf_of(burst, &good), buf_of(burst, &next)};
    struct frame frame = good;

    assert_int_equal(tcp_fetch(burst->tcp, bufs, 2), 2);
    free_all(bufs, 2);
    frame.bytes[FRAME_IP + 8 + 15] ^= 0x40; /* an unknown host */
    assert_int_equal(fetched(burst, &frame), 0);
    frame = good;
    frame.bytes[NEXT_AT] = 60; /* destination options: the ports are at another offset */
    assert_int_equal(fetched(burst, &frame), 0);
    for (frame = good, frame.len = FRAME_L4 + 20; frame.len < FRAME6_L4 + 20; frame.len++)
        assert_int_equal(fetched(burst, &frame), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define burst_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
        burst_test(each_segment_s_connection_is_fetched),
        burst_test(a_frame_without_a_segment_fetches_nothing),
        burst_test(a_connection_that_has_ended_since_is_not_found),
        burst_test(a_burst_is_fetched_and_left_as_it_is),
        cmocka_unit_test_setup_teardown(segments_of_IPv6_are_known_by_their_hosts, setup6,
                                        teardown),
    };

    return cmocka_run_group_tests_name("burst", tests, NULL, NULL);
}
