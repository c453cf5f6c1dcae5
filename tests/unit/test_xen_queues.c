/* test_xen_queues.c -- several pairs of rings to the other domain of Xen. */
#include "netback.h"

#include <string.h>

enum {
    LEN = 90,
    BURST = 32,
    FLOWS = 200
};

static int set_up_with(const char *offer, unsigned memory)
{
    const char *why = NULL;

    netback_init();
    netback_set("~/multi-queue-max-queues", offer);
    netback.memory_of_queues = memory;
    xen_world_prepare(0);
    return xen_world_start(&why) == LEAT_OK ? 0 : 1;
}

static int set_up(void **state)
{
    (void)state;
    return set_up_with("3", XEN_NET_QUEUES);
}

static int set_up_many(void **state)
{
    (void)state;
    return set_up_with("64", XEN_NET_QUEUES);
}

static int set_up_one(void **state)
{
    (void)state;
    return set_up_with("1", XEN_NET_QUEUES);
}

static int set_up_nonsense(void **state)
{
    (void)state;
    return set_up_with("-4294967295", XEN_NET_QUEUES);
}

static int set_up_without_memory(void **state)
{
    (void)state;
    return set_up_with("4", 2);
}

static int tear_down(void **state)
{
    struct leat_xen *xen = &xen_world.xen;

    (void)state;
    xen->netif.ops->close(&xen->netif);
    assert_true(pool_is_whole(&xen_world.pool));
    assert_int_equal(netback.ports_open, 0);
    for (uint32_t ref = 0; ref < NETBACK_REFS; ref++)
        assert_true(!netback.grants[ref].page || netback.grants[ref].mapped);
    return 0;
}

static uint32_t room(void)
{
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);

    return netif->ops->transmit_room(netif);
}

static uint32_t take(struct leat_buf **frames, uint32_t frames_max)
{
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);

    return netif->ops->receive(netif, netback.now_ns, &xen_world.pool, frames, frames_max);
}

/* The headers of a datagram, and a number behind them. */
struct datagram {
    bool v6, tag;
    uint8_t protocol;
    uint8_t host;  /* the last byte of its destination */
    uint16_t port; /* or what lies there */
    uint8_t number;
};

static void send(struct datagram of)
{
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);
    uint8_t bytes[LEN] = {2, [12] = of.tag ? 0x81 : 0};
    uint8_t *ip = bytes + (of.tag ? 18 : 14);
    struct leat_buf *frame;

    memcpy(ip - 2, of.v6 ? "\x86\xdd" : "\x08\x00", 2);
    ip[0] = of.v6 ? 0x60 : 0x45;
    ip[of.v6 ? 6 : 9] = of.protocol;
    ip[of.v6 ? 39 : 19] = of.host;
    ip[of.v6 ? 42 : 22] = (uint8_t)(of.port >> 8);
    ip[of.v6 ? 43 : 23] = (uint8_t)of.port;
    bytes[LEN - 1] = of.number;
    /* memory without references is copied at once */
    frame = leat_buf_lend(&xen_world.pool, bytes, LEN, NULL, NULL);
    assert_non_null(frame);
    netif->ops->transmit(netif, netback.now_ns, &frame, 1);
}

/* The queue that has the next sent frame; UINT_MAX: none has one. */
static unsigned take_sent(void)
{
    for (unsigned i = 0; i < netback.queue_count; i++) {
        netback.queue = &netback.queues[i];
        if (netback_take(XEN_STATUS_OKAY))
            return i;
    }
    return UINT32_MAX;
}

static unsigned queue_of(struct datagram of)
{
    unsigned queue;

    send(of);
    queue = take_sent();
    assert_int_equal(take_sent(), UINT32_MAX);
    room();
    return queue;
}

/* Each of the queues takes a frame in each direction. */
static void all_work(unsigned count)
{
    static const uint8_t bytes[LEN] = {2};
    struct leat_buf *frames[BURST];
    unsigned used = 0;

    assert_int_equal(netback.queue_count, count);
    assert_int_equal(netback.ports_open, count);
    assert_int_equal(netback_number("device/vif/0/multi-queue-num-queues"), count);
    for (uint16_t port = 0; port < FLOWS; port++)
        used |= 1u << queue_of((struct datagram){.protocol = 6, .port = port});
    assert_int_equal(used, (1u << count) - 1);
    for (unsigned i = 0; i < count; i++) {
        netback.queue = &netback.queues[i];
        assert_true(netback_put(bytes, LEN, 0));
    }
    assert_int_equal(take(frames, BURST), count);
    for (unsigned i = 0; i < count; i++)
        leat_buf_free(frames[i]);
}

/* The other domain goes, and comes back with so many queues. */
static void come_back(const char *offer)
{
    netback_set("~/state", "5");
    netback.disconnect();
    netback_set("~/multi-queue-max-queues", offer);
    xen_world_look_for(3);
    assert_true(leat_xen_link_up(&xen_world.xen));
}

/* ---- how many ----------------------------------------------------------------------------- */

static void as_many_queues_are_used_as_are_offered(void **state)
{
    (void)state;
    all_work(3);
}

static void no_more_than_four_queues_are_used(void **state)
{
    (void)state;
    all_work(4);
}

static void one_queue_has_its_keys_where_all_keys_are(void **state)
{
    (void)state;
    all_work(1);
    assert_non_null(netback_key("device/vif/0/tx-ring-ref"));
    assert_null(netback_key("device/vif/0/queue-0/tx-ring-ref"));
}

static void a_number_that_is_none_is_one_queue(void **state)
{
    (void)state;
    all_work(1);
}

static void with_little_memory_there_are_fewer_queues(void **state)
{
    (void)state;
    all_work(2);
}

static void without_event_channels_there_are_fewer_queues(void **state)
{
    const char *why;

    (void)state;
    netback_init();
    netback_set("~/multi-queue-max-queues", "4");
    netback.ports_max = 3;
    xen_world_prepare(0);
    assert_int_equal(xen_world_start(&why), LEAT_OK);
    all_work(3);
}

static void a_backend_may_come_back_with_another_number_of_queues(void **state)
{
    static const char *const offers[] = {"1", "4", "2", "0"};
    static const unsigned counts[] = {1, 4, 2, 1};

    (void)state;
    all_work(4);
    for (unsigned i = 0; i < 4; i++) {
        come_back(offers[i]);
        all_work(counts[i]);
    }
}

/* All memory that was left is the program's by now. */
static void memory_for_queues_is_taken_at_the_start_only(void **state)
{
    (void)state;
    come_back("4");
    all_work(1);
}

static void a_queue_whose_rings_stay_mapped_is_used_no_more(void **state)
{
    (void)state;
    netback.grants[xen_world.queues[1].ref].mapped = true;
    netback_set("~/state", "5");
    netback.disconnect();
    xen_world_look(1);
    assert_int_equal(leat_xen_counters(&xen_world.xen)->pages_kept, 1);
    netback.grants[xen_world.queues[1].ref].domain = NETBACK_DOMAIN + 1; /* an earlier domain's */
    xen_world_look_for(3);
    all_work(1);
}

/* ---- flows -------------------------------------------------------------------------------- */

static void a_flow_of_TCP_is_addresses_and_ports(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 4; kind++) {
        struct datagram of = {.v6 = kind & 1, .tag = kind & 2, .protocol = 6, .host = 1};
        const unsigned first = queue_of(of);
        unsigned used = 0;

        for (of.number = 0; of.number < 20; of.number++)
            assert_int_equal(queue_of(of), first);
        for (of.port = 0; of.port < FLOWS; of.port++)
            used |= 1u << queue_of(of);
        assert_int_equal(used, 7);
    }
}

/* Its fragments have no ports, but other bytes in their place. */
static void a_flow_of_UDP_is_addresses(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct datagram of = {.v6 = v6, .protocol = 17, .host = 1};
        const unsigned first = queue_of(of);
        unsigned used = 0;

        for (of.port = 0; of.port < FLOWS; of.port++)
            assert_int_equal(queue_of(of), first);
        for (of.host = 0; of.host < FLOWS; of.host++)
            used |= 1u << queue_of(of);
        assert_int_equal(used, 7);
    }
}

static void other_frames_go_through_one_queue(void **state)
{
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);
    uint8_t bytes[LEN] = {2, [12] = 8, [13] = 6};

    (void)state;
    for (unsigned i = 0; i < FLOWS; i++) {
        struct leat_buf *frame;

        bytes[30] = bytes[20] = (uint8_t)i;
        frame = leat_buf_copy(&xen_world.pool, bytes, 15 + i % 60);
        netif->ops->transmit(netif, netback.now_ns, &frame, 1);
        assert_int_equal(take_sent(), 0);
        room();
    }
}

/* Frames of many flows at a time: those of each one leave in order, whatever the other domain takes
 * first. */
static void each_flow_stays_in_order(void **state)
{
    uint64_t random = 1;
    uint8_t sent[16] = {0}, seen[16] = {0};
    unsigned left = 0;

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        const uint16_t port = (uint16_t)unit_below(&random, 16);

        if (room() > 0 && unit_below(&random, 2)) {
            send((struct datagram){.protocol = 6, .port = port, .number = sent[port]++});
            left++;
        }
        netback.queue = &netback.queues[unit_below(&random, 3)];
        if (unit_below(&random, 2) && netback_take(XEN_STATUS_OKAY)) {
            const uint8_t flow = netback.frame.bytes[37];

            assert_int_equal(netback.frame.bytes[LEN - 1], seen[flow]++);
            left--;
        }
    }
    while (take_sent() != UINT32_MAX) {
        assert_int_equal(netback.frame.bytes[LEN - 1], seen[netback.frame.bytes[37]]++);
        left--;
    }
    assert_int_equal(left, 0);
    assert_memory_equal(sent, seen, sizeof sent);
}

static void the_event_of_a_queue_goes_to_its_port(void **state)
{
    (void)state;
    for (uint16_t port = 0; port < 20; port++) {
        unsigned queue;

        netback.notified = 0;
        send((struct datagram){.protocol = 6, .port = port});
        assert_int_equal(netback.notified, 1);
        queue = take_sent();
        assert_int_equal(netback.notified_port, netback.queues[queue].port);
        netback.queue->tx_head->request_event = netback.queue->tx_taken + 1;
        room();
    }
}

/* ---- queues that misbehave ----------------------------------------------------------------- */

/* Puts frames with numbers into a queue: as many as it takes. */
static unsigned put_all(unsigned queue)
{
    unsigned count = 0;

    netback.queue = &netback.queues[queue];
    while (netback_put((uint8_t[LEN]){2, [LEN - 1] = (uint8_t)queue}, LEN, 0))
        count++;
    return count;
}

static void no_queue_keeps_the_others_back(void **state)
{
    unsigned seen[3] = {0};
    struct leat_buf *frame;

    (void)state;
    for (unsigned round = 0; round < 300; round++) {
        put_all(0); /* always full */
        put_all(2);
        if (round == 0)
            put_all(1);
        assert_int_equal(take(&frame, 1), 1);
        seen[frame->data[LEN - 1]]++;
        leat_buf_free(frame);
    }
    assert_true(seen[0] >= 90 && seen[1] >= 90 && seen[2] >= 90);
}

static void a_queue_that_is_not_served_holds_frames_back_until_it_is(void **state)
{
    const struct datagram of = {.protocol = 6, .port = 1};
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);
    struct leat_buf *frame;
    unsigned queue, count = 0;

    (void)state;
    queue = queue_of(of);
    for (; room() > 0 && count <= XEN_RING_SLOTS; count++)
        send(of);
    assert_in_range(count, XEN_RING_SLOTS - 19, XEN_RING_SLOTS);
    put_all((queue + 1) % 3); /* the others go on */
    assert_int_equal(take(&frame, 1), 1);
    leat_buf_free(frame);
    while (take(&frame, 1) == 1)
        leat_buf_free(frame);
    netif->ops->next_look_ns(netif, netback.now_ns);
    assert_true(netback.queues[queue].tx_head->response_event > count / 2);
    while (take_sent() != UINT32_MAX)
        continue;
    assert_true(room() > 0);
    assert_false(leat_xen_lost(&xen_world.xen));
}

static void is_lost(void)
{
    assert_true(leat_xen_lost(&xen_world.xen));
    assert_int_equal(leat_xen_counters(&xen_world.xen)->broken_rules, 1);
    assert_int_equal(netback.ports_open, 0);
    netback.disconnect();
}

static void responses_without_requests_in_any_queue_end_the_interface(void **state)
{
    struct leat_buf *frames[BURST];

    (void)state;
    put_all(0);
    put_all(1);
    netback.queues[2].rx_head->response_produced = 257;
    for (uint32_t i = take(frames, BURST); i > 0; i--)
        leat_buf_free(frames[i - 1]);
    for (uint32_t i = take(frames, BURST); i > 0; i--)
        leat_buf_free(frames[i - 1]);
    is_lost();
}

/* The answer to a frame comes in a queue that has sent none. */
static void an_answer_in_another_queue_ends_the_interface(void **state)
{
    const unsigned queue = (queue_of((struct datagram){.protocol = 6}) + 1) % 3;

    (void)state;
    send((struct datagram){.protocol = 6});
    netback.queues[queue].tx_head->response_produced++;
    room();
    is_lost();
}

#define queues_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        queues_test(as_many_queues_are_used_as_are_offered),
        cmocka_unit_test_setup_teardown(no_more_than_four_queues_are_used, set_up_many, tear_down),
        cmocka_unit_test_setup_teardown(one_queue_has_its_keys_where_all_keys_are, set_up_one,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_number_that_is_none_is_one_queue, set_up_nonsense,
                                        tear_down),
        cmocka_unit_test_setup_teardown(with_little_memory_there_are_fewer_queues,
                                        set_up_without_memory, tear_down),
        cmocka_unit_test_teardown(without_event_channels_there_are_fewer_queues, tear_down),
        cmocka_unit_test_setup_teardown(a_backend_may_come_back_with_another_number_of_queues,
                                        set_up_many, tear_down),
        cmocka_unit_test_setup_teardown(memory_for_queues_is_taken_at_the_start_only, set_up_one,
                                        tear_down),
        queues_test(a_queue_whose_rings_stay_mapped_is_used_no_more),
        queues_test(a_flow_of_TCP_is_addresses_and_ports),
        queues_test(a_flow_of_UDP_is_addresses),
        queues_test(other_frames_go_through_one_queue),
        queues_test(each_flow_stays_in_order),
        queues_test(the_event_of_a_queue_goes_to_its_port),
        queues_test(no_queue_keeps_the_others_back),
        queues_test(a_queue_that_is_not_served_holds_frames_back_until_it_is),
        queues_test(responses_without_requests_in_any_queue_end_the_interface),
        queues_test(an_answer_in_another_queue_ends_the_interface),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
