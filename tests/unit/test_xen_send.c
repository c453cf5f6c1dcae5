/* test_xen_send.c -- frames to a domain that obeys the rules of its ring, or breaks them. */
#include "netback.h"

#include <string.h>

enum {
    FRAME = 100,
    HEADERS = 54
};

static uint8_t outside[70000]; /* memory that has no references */

static int set_up_with(unsigned how, const char *key, const char *value)
{
    const char *why = NULL;

    netback_init();
    if (key)
        netback_set(key, value);
    xen_world_prepare(how);
    for (unsigned i = 0; i < sizeof outside; i++)
        outside[i] = (uint8_t)(i * 5 + (i >> 8));
    return xen_world_start(&why) == LEAT_OK ? 0 : 1;
}

static int set_up(void **state)
{
    (void)state;
    return set_up_with(0, NULL, NULL);
}

static int set_up_untrusted(void **state)
{
    (void)state;
    return set_up_with(0, "device/vif/0/trusted", "0");
}

static int set_up_ours_untrusted(void **state)
{
    (void)state;
    return set_up_with(XEN_WORLD_UNTRUSTED, NULL, NULL);
}

static int set_up_without_sg(void **state)
{
    (void)state;
    return set_up_with(0, "~/feature-sg", NULL);
}

static int tear_down(void **state)
{
    struct leat_xen *xen = &xen_world.xen;

    (void)state;
    xen->netif.ops->close(&xen->netif);
    assert_true(pool_is_whole(&xen_world.pool));
    for (uint32_t ref = 0; ref < NETBACK_REFS; ref++)
        assert_null(netback.grants[ref].page);
    return 0;
}

static const struct leat_xen_counters *counters(void)
{
    return leat_xen_counters(&xen_world.xen);
}

static uint32_t room(void)
{
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);

    return netif->ops->transmit_room(netif);
}

static void send(struct leat_buf *frame)
{
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);

    netif->ops->transmit(netif, netback.now_ns, &frame, 1);
}

static struct leat_buf *lend(uint32_t from, uint32_t len)
{
    return leat_buf_lend(&xen_world.pool, outside + from, len, NULL, NULL);
}

/* A frame of @len bytes in buffers of the pool. */
static struct leat_buf *make(uint32_t len)
{
    return leat_buf_copy(&xen_world.pool, outside, len);
}

/* The other domain takes one frame, which has these bytes. */
static void expect(uint32_t len)
{
    assert_true(netback_take(XEN_STATUS_OKAY));
    assert_int_equal(netback.frame.len, len);
    assert_memory_equal(netback.frame.bytes, outside, len);
}

/* ---- in order ----------------------------------------------------------------------------- */

static void a_frame_is_read_where_it_lies_and_freed_when_it_was_answered(void **state)
{
    (void)state;
    send(make(FRAME));
    assert_int_equal(netback.notified, 2); /* one for pages to write to */
    assert_false(pool_is_whole(&xen_world.pool));
    expect(FRAME);
    assert_int_equal(counters()->tx_copied_bytes, 0);
    room();
    assert_true(pool_is_whole(&xen_world.pool));
}

static void every_length_is_sent_as_it_is(void **state)
{
    (void)state;
    for (uint32_t len = 60; len <= 1514; len++) {
        assert_true(room() > 0);
        send(make(len));
        expect(len);
    }
    assert_int_equal(counters()->tx_copied_bytes, 0);
}

/* It would be refused. */
static void an_Ethernet_header_in_two_pages_is_copied(void **state)
{
    uint8_t *end = xen_world.memory + sizeof xen_world.memory - XEN_PAGE_BYTES; /* not the pool's */

    (void)state;
    for (uint32_t before = 1; before <= 20; before++) {
        const uint64_t copied = counters()->tx_copied_bytes;

        memcpy(end - before, outside, FRAME);
        send(leat_buf_lend(&xen_world.pool, end - before, FRAME, NULL, NULL));
        expect(FRAME);
        assert_int_equal(counters()->tx_copied_bytes - copied, before < 14 ? 14 : 0);
        room();
    }
}

static void a_page_stays_granted_for_reading(void **state)
{
    uint32_t granted = 0;

    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        send(make(FRAME));
        expect(FRAME);
        room();
    }
    for (uint32_t ref = NETBACK_WINDOW_REF; ref < NETBACK_REFS; ref++) {
        granted += netback.grants[ref].page != NULL;
        assert_true(!netback.grants[ref].page || netback.grants[ref].read_only);
    }
    assert_true(granted == 1 || granted == 2);
}

static void a_domain_that_is_not_trusted_sees_nothing_but_frames(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(room() > 0);
        send(make(1400));
        expect(1400);
    }
    assert_int_equal(counters()->tx_copied_bytes, 1400 * 1000);
    for (uint32_t ref = NETBACK_WINDOW_REF; ref < NETBACK_REFS; ref++)
        assert_null(netback.grants[ref].page);
    room();
}

static void memory_without_references_is_copied(void **state)
{
    (void)state;
    send(lend(0, FRAME));
    expect(FRAME);
    assert_int_equal(counters()->tx_copied_bytes, FRAME);
}

/* The longest frame of the protocol, in as many slots as its bytes need. */
static void the_longest_frame_is_sent_and_a_longer_one_is_not(void **state)
{
    (void)state;
    send(lend(0, 65535));
    expect(65535);
    assert_int_equal(netback.frame.slots, 16);
    send(lend(0, 65536));
    assert_false(netback_take(0));
    assert_int_equal(counters()->tx_lost, 1);
}

static void a_frame_in_too_many_pages_is_copied(void **state)
{
    struct leat_buf *frame = make(HEADERS);

    (void)state;
    for (uint32_t i = 0; i < 20; i++)
        leat_buf_append(frame, leat_buf_copy(&xen_world.pool, outside + HEADERS + 100 * i, 100));
    send(frame);
    expect(HEADERS + 2000);
    assert_int_equal(netback.frame.slots, 1);
    assert_int_equal(counters()->tx_copied_bytes, HEADERS + 2000);
}

static void checksums_are_left_to_the_device(void **state)
{
    struct leat_buf *frame = make(FRAME);

    (void)state;
    frame->checksum = LEAT_CHECKSUM_PARTIAL;
    send(frame);
    expect(FRAME);
    assert_int_equal(netback.frame.flags, XEN_TX_CSUM_BLANK | XEN_TX_DATA_VALIDATED);
    send(make(FRAME));
    expect(FRAME);
    assert_int_equal(netback.frame.flags, 0);
}

static void super_frames_say_how_they_are_cut(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct leat_buf *frame;

        outside[14] = v6 ? 0x60 : 0x45;
        frame = make(HEADERS);
        leat_buf_append(frame, leat_buf_copy(&xen_world.pool, outside + HEADERS, 3000));
        frame->checksum = LEAT_CHECKSUM_PARTIAL;
        frame->segment_bytes = 1448;
        send(frame);
        expect(HEADERS + 3000);
        assert_true(netback.frame.slots > 1);
        assert_int_equal(netback.frame.extra.type, XEN_EXTRA_GSO);
        assert_int_equal(netback.frame.extra.gso_bytes, 1448);
        assert_int_equal(netback.frame.extra.gso_type, v6 ? XEN_GSO_TCPV6 : XEN_GSO_TCPV4);
        assert_int_equal(netback.frame.extra.flags, 0);
        room();
        assert_true(pool_is_whole(&xen_world.pool));
    }
    assert_int_equal(counters()->tx_refused, 0); /* the answer of the extra slot is no error */
}

static void without_scatter_and_gather_a_frame_is_one_slot(void **state)
{
    struct leat_buf *frame;

    (void)state;
    for (unsigned i = 0; i < 60; i++) { /* some of the buffers cross the end of a page */
        frame = make(400);
        send(frame);
        expect(400);
        assert_int_equal(netback.frame.slots, 1);
        frame = leat_buf_alloc(&xen_world.pool, 0);
        send(make(400));
        leat_buf_free(frame);
        expect(400);
        assert_int_equal(netback.frame.slots, 1);
        room();
    }
}

static void a_full_ring_has_no_room_and_asks_for_an_event(void **state)
{
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);
    unsigned count = 0;

    (void)state;
    for (; room() > 0; count++)
        send(lend(0, 60));
    assert_true(count >= 256 - 19);
    netif->ops->next_look_ns(netif, netback.now_ns);
    assert_true(netback.queue->tx_head->response_event > count / 2);
    assert_true(netback.queue->tx_head->response_event <= count);
    while (count-- > 0)
        assert_true(netback_take(XEN_STATUS_OKAY));
    assert_true(room() > 0);
    assert_true(pool_is_whole(&xen_world.pool));
}

static void events_are_sent_only_when_asked_for(void **state)
{
    (void)state;
    netback.queue->tx_head->request_event = 5;
    for (unsigned i = 1; i <= 6; i++) {
        send(make(FRAME));
        assert_int_equal(netback.notified, 1 + (i >= 5)); /* one for pages to write to */
    }
}

/* ---- out of order ------------------------------------------------------------------------- */

static void a_frame_that_is_refused_is_counted_once(void **state)
{
    struct leat_buf *frame = make(FRAME);

    (void)state;
    leat_buf_append(frame, leat_buf_copy(&xen_world.pool, outside + FRAME, 700));
    send(frame);
    assert_true(netback_take(-2));
    room();
    assert_int_equal(counters()->tx_refused, 1);
    assert_true(pool_is_whole(&xen_world.pool));
}

static void answer(uint16_t id, int16_t status)
{
    struct xen_tx_ring *ring = (void *)netback.queue->tx_head;

    ring->slots[ring->head.response_produced % XEN_RING_SLOTS].response =
        (struct xen_tx_response){id, status};
    ring->head.response_produced++;
}

static uint16_t id_of(uint32_t at)
{
    return ((struct xen_tx_ring *)(void *)netback.queue->tx_head)
        ->slots[at % XEN_RING_SLOTS]
        .request.id;
}

/* Two frames of a slot each wait; the other domain answers as @wrong says. */
static void is_ended_by(uint16_t first_id, uint16_t second_id, int16_t status)
{
    answer(first_id, status);
    answer(second_id, status);
    assert_int_equal(room(), UINT16_MAX);
    assert_true(leat_xen_lost(&xen_world.xen));
    assert_int_equal(counters()->broken_rules, 1);
    assert_true(pool_is_whole(&xen_world.pool));
}

static void send_two(void)
{
    send(make(60));
    send(make(60));
}

static void an_answer_to_nothing_ends_the_interface(void **state)
{
    (void)state;
    send_two();
    is_ended_by(200, id_of(1), XEN_STATUS_OKAY);
}

static void an_answer_out_of_range_ends_the_interface(void **state)
{
    (void)state;
    send_two();
    is_ended_by(id_of(0), 256, XEN_STATUS_OKAY);
}

static void a_second_answer_ends_the_interface(void **state)
{
    (void)state;
    send_two();
    is_ended_by(id_of(0), id_of(0), XEN_STATUS_OKAY);
}

static void answers_that_are_none_end_the_interface(void **state)
{
    (void)state;
    send_two();
    is_ended_by(id_of(0), id_of(1), XEN_STATUS_NULL);
}

static void answers_without_requests_end_the_interface(void **state)
{
    (void)state;
    send_two();
    answer(0, 0);
    is_ended_by(id_of(0), id_of(1), XEN_STATUS_OKAY);
}

/* Ids of one frame may be answered in any order. */
static void the_slots_of_a_frame_are_answered_in_any_order(void **state)
{
    struct leat_buf *frame = make(FRAME);

    (void)state;
    for (unsigned i = 0; i < 2; i++)
        leat_buf_append(frame, leat_buf_copy(&xen_world.pool, outside, 100));
    send(frame);
    for (uint32_t i = netback.queue->tx_head->request_produced; i > 0; i--) {
        assert_false(pool_is_whole(&xen_world.pool));
        answer(id_of(i - 1), XEN_STATUS_OKAY);
        room();
    }
    assert_true(pool_is_whole(&xen_world.pool));
    assert_false(leat_xen_lost(&xen_world.xen));
}

static void what_is_in_flight_comes_back_at_the_close(void **state)
{
    (void)state;
    send_two();
}

int main(void)
{
#define tx_test_with(name, set_up) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define tx_test(name)              tx_test_with(name, set_up)
    const struct CMUnitTest tests[] = {
        tx_test(a_frame_is_read_where_it_lies_and_freed_when_it_was_answered),
        tx_test(every_length_is_sent_as_it_is),
        tx_test(an_Ethernet_header_in_two_pages_is_copied),
        tx_test(a_page_stays_granted_for_reading),
        tx_test_with(a_domain_that_is_not_trusted_sees_nothing_but_frames, set_up_untrusted),
        tx_test_with(a_domain_that_is_not_trusted_sees_nothing_but_frames, set_up_ours_untrusted),
        tx_test(memory_without_references_is_copied),
        tx_test(the_longest_frame_is_sent_and_a_longer_one_is_not),
        tx_test(a_frame_in_too_many_pages_is_copied),
        tx_test(checksums_are_left_to_the_device),
        tx_test(super_frames_say_how_they_are_cut),
        tx_test_with(without_scatter_and_gather_a_frame_is_one_slot, set_up_without_sg),
        tx_test(a_full_ring_has_no_room_and_asks_for_an_event),
        tx_test(events_are_sent_only_when_asked_for),
        tx_test(a_frame_that_is_refused_is_counted_once),
        tx_test(an_answer_to_nothing_ends_the_interface),
        tx_test(an_answer_out_of_range_ends_the_interface),
        tx_test(a_second_answer_ends_the_interface),
        tx_test(answers_that_are_none_end_the_interface),
        tx_test(answers_without_requests_end_the_interface),
        tx_test(the_slots_of_a_frame_are_answered_in_any_order),
        tx_test(what_is_in_flight_comes_back_at_the_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
