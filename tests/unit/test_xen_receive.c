/* test_xen_receive.c -- frames from a domain that obeys the rules of its ring, or breaks them. */
#include "netback.h"

#include <string.h>

enum {
    SHORT = 60,
    LONG = 1000,
    BURST = 16
};

static uint8_t bytes[XEN_PAGE_BYTES];

static int set_up_with(unsigned how)
{
    const char *why = NULL;

    netback_init();
    xen_world_prepare(how);
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + 3);
    return xen_world_start(&why) == LEAT_OK ? 0 : 1;
}

static int set_up(void **state)
{
    (void)state;
    return set_up_with(0);
}

static int set_up_no_offload(void **state)
{
    (void)state;
    return set_up_with(XEN_WORLD_NO_OFFLOAD);
}

static int tear_down(void **state)
{
    struct leat_xen *xen = &xen_world.xen;

    (void)state;
    xen->netif.ops->close(&xen->netif);
    assert_true(pool_is_whole(&xen_world.pool));
    assert_int_equal(xen_world.queues[0].rx_free_count + xen->counters.pages_kept,
                     XEN_NET_RX_PAGES);
    return 0;
}

static const struct leat_xen_counters *counters(void)
{
    return leat_xen_counters(&xen_world.xen);
}

static uint32_t take(struct leat_buf **frames, uint32_t frames_max)
{
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);

    return netif->ops->receive(netif, netback.now_ns, &xen_world.pool, frames, frames_max);
}

/* Asserts that one frame comes, of the first @len bytes; the caller owns it. */
static struct leat_buf *take_one(uint32_t len)
{
    struct leat_buf *frames[BURST];
    uint8_t seen[3 * XEN_PAGE_BYTES];

    assert_int_equal(take(frames, BURST), 1);
    assert_int_equal(leat_buf_total(frames[0]), len);
    leat_buf_read(frames[0], 0, seen, sizeof seen);
    assert_memory_equal(seen, bytes, len < sizeof bytes ? len : sizeof bytes);
    return frames[0];
}

static void nothing_comes(void)
{
    struct leat_buf *frames[BURST];

    assert_int_equal(take(frames, BURST), 0);
}

/* The headers of TCP over either family at the front of `bytes`. */
static void make_tcp(bool v6)
{
    bytes[12] = v6 ? 0x86 : 0x08;
    bytes[13] = v6 ? 0xdd : 0x00;
    bytes[14] = v6 ? 0x60 : 0x45;
    bytes[v6 ? 20 : 23] = 6;
}

/* ---- in order ----------------------------------------------------------------------------- */

static void a_short_frame_is_copied_and_its_page_goes_back(void **state)
{
    const uint16_t free_before = xen_world.queues[0].rx_free_count;

    (void)state;
    netback_put(bytes, SHORT, 0);
    leat_buf_free(take_one(SHORT));
    assert_int_equal(counters()->rx_copied_bytes, SHORT);
    assert_int_equal(xen_world.queues[0].rx_free_count, free_before);
    assert_int_equal(netback.queue->rx_head->request_produced, 257);
}

/* And the other domain can't reach the page as long as the stack has the frame. */
static void a_long_frame_is_lent_and_its_page_is_ours_alone(void **state)
{
    const struct xen_rx_ring *ring = (void *)netback.queue->rx_head;
    const uint32_t ref = ring->slots[0].request.ref;
    struct leat_buf *frame;

    (void)state;
    assert_non_null(netback_page(ref, true));
    netback_put(bytes, LONG, 0);
    frame = take_one(LONG);
    assert_null(netback_page(ref, false));
    assert_int_equal(counters()->rx_copied_bytes, 0);
    assert_int_equal(leat_buf_headroom(frame), 0);
    leat_buf_free(frame);
}

static void every_length_comes_as_it_was_sent(void **state)
{
    (void)state;
    for (uint32_t len = 14; len <= 1514; len++) {
        assert_true(netback_put(bytes, len, 0));
        leat_buf_free(take_one(len));
    }
}

static void a_page_that_is_held_for_long_does_not_stop_the_ring(void **state)
{
    struct leat_buf *frame;

    (void)state;
    netback_put(bytes, LONG, 0);
    frame = take_one(LONG);
    for (unsigned i = 0; i < 2000; i++) {
        assert_true(netback_put(bytes, LONG, 0));
        leat_buf_free(take_one(LONG));
    }
    leat_buf_free(frame);
}

/* A program or TCP may hold all pages but half a ring, and then the frames are copied. */
static void half_a_ring_stays_when_many_pages_are_lent(void **state)
{
    struct leat_buf *frames[XEN_NET_RX_PAGES];
    uint32_t count = 0;

    (void)state;
    do {
        assert_true(netback_put(bytes, LONG, 0));
        frames[count++] = take_one(LONG);
    } while (counters()->rx_copied_bytes == 0);
    assert_int_equal(counters()->rx_copied_bytes, LONG);
    assert_int_equal(count - 1, XEN_NET_RX_PAGES - XEN_RING_SLOTS / 2);
    for (uint32_t slot = 0; slot < XEN_RING_SLOTS / 2; slot++)
        assert_true(netback_put(bytes, SHORT, 0));
    assert_false(netback_put(bytes, SHORT, 0));
    while (count > 0)
        leat_buf_free(frames[--count]);
}

/* So are they if the pool gives no buffers that show pages. */
static void frames_are_copied_while_the_pool_lends_nothing(void **state)
{
    struct leat_buf *held[NETBACK_SMALL];
    uint32_t count = 0;

    (void)state;
    while ((held[count] = leat_buf_lend(&xen_world.pool, bytes, 1, NULL, NULL)))
        count++;
    assert_true(netback_put(bytes, LONG, 0));
    leat_buf_free(take_one(LONG));
    assert_int_equal(counters()->rx_copied_bytes, LONG);
    while (count > 0)
        leat_buf_free(held[--count]);
}

static void a_frame_of_several_slots_is_put_together(void **state)
{
    struct leat_buf *frame;

    (void)state;
    netback_put(bytes, 500, XEN_RX_MORE_DATA);
    netback_put(bytes + 500, 500, XEN_RX_MORE_DATA);
    netback_put(bytes + 1000, 100, 0);
    frame = take_one(1100);
    assert_int_equal(frame->len, 500);
    leat_buf_free(frame);
}

/* A backend may show the slots of one frame at different times. */
static void the_slots_of_a_frame_may_come_one_by_one(void **state)
{
    (void)state;
    netback_put(bytes, 500, XEN_RX_MORE_DATA);
    nothing_comes();
    netback_put(bytes + 500, 500, XEN_RX_MORE_DATA);
    nothing_comes();
    netback_put(bytes + 1000, 100, 0);
    leat_buf_free(take_one(1100));
}

static void the_offset_in_the_page_counts(void **state)
{
    (void)state;
    netback_put_raw(bytes, LONG, XEN_PAGE_BYTES - LONG, 0, LONG);
    leat_buf_free(take_one(LONG));
}

static void checksums_of_the_device_are_believed(void **state)
{
    static const struct {
        uint16_t flags;
        enum leat_checksum sum;
    } kinds[] = {{0, LEAT_CHECKSUM_UNKNOWN},
                 {XEN_RX_DATA_VALIDATED, LEAT_CHECKSUM_VERIFIED},
                 {XEN_RX_DATA_VALIDATED | XEN_RX_CSUM_BLANK, LEAT_CHECKSUM_VERIFIED}};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct leat_buf *frame;

        netback_put(bytes, LONG, kinds[i].flags);
        frame = take_one(LONG);
        assert_int_equal(frame->checksum, kinds[i].sum);
        leat_buf_free(frame);
    }
}

/* One piece with its extra information, and a second one: as Linux' netback sends them. */
static void put_super(uint16_t gso_bytes, uint8_t gso_type, uint16_t flags)
{
    netback_put(bytes, XEN_PAGE_BYTES, (uint16_t)(flags | XEN_RX_EXTRA_INFO | XEN_RX_MORE_DATA));
    netback_put_extra(
        (struct xen_extra){.type = XEN_EXTRA_GSO, .gso_bytes = gso_bytes, .gso_type = gso_type});
    netback_put(bytes, 900, 0);
}

static void super_frames_of_both_families_come_whole(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct leat_buf *frame;

        make_tcp(v6);
        put_super(1448, v6 ? XEN_GSO_TCPV6 : XEN_GSO_TCPV4,
                  XEN_RX_CSUM_BLANK | XEN_RX_DATA_VALIDATED);
        frame = take_one(XEN_PAGE_BYTES + 900);
        assert_int_equal(frame->segment_bytes, 1448);
        assert_int_equal(frame->checksum, LEAT_CHECKSUM_VERIFIED);
        leat_buf_free(frame);
    }
}

static void a_burst_stops_at_frames_max_and_goes_on(void **state)
{
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);
    struct leat_buf *frames[3];

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        netback_put(bytes, SHORT, 0);
    assert_int_equal(take(frames, 3), 3);
    assert_int_equal(netif->ops->next_look_ns(netif, netback.now_ns), netback.now_ns);
    for (unsigned i = 0; i < 3; i++)
        leat_buf_free(frames[i]);
    assert_int_equal(take(frames, 3), 2);
    leat_buf_free(frames[0]);
    leat_buf_free(frames[1]);
}

static void an_event_is_asked_for_before_the_driver_sleeps(void **state)
{
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);

    (void)state;
    netback_put(bytes, SHORT, 0);
    leat_buf_free(take_one(SHORT));
    assert_true(netif->ops->next_look_ns(netif, netback.now_ns) > netback.now_ns);
    assert_int_equal(netback.queue->rx_head->response_event,
                     netback.queue->rx_head->response_produced + 1);
    netback_put(bytes, SHORT, 0); /* between the last look and the wish */
    assert_int_equal(netif->ops->next_look_ns(netif, netback.now_ns), netback.now_ns);
    leat_buf_free(take_one(SHORT));
}

static void without_buffers_frames_are_dropped_and_counted(void **state)
{
    struct leat_buf *held = NULL, *buf;

    (void)state;
    while ((buf = leat_buf_alloc(&xen_world.pool, 0))) {
        buf->next = held;
        held = buf;
    }
    netback_put(bytes, SHORT, 0);
    nothing_comes();
    assert_int_equal(counters()->rx_starved, 1);
    leat_buf_free(held);
    netback_put(bytes, SHORT, 0);
    leat_buf_free(take_one(SHORT));
}

/* ---- out of order ------------------------------------------------------------------------- */

static void a_page_that_stays_mapped_ends_the_interface(void **state)
{
    const struct xen_rx_ring *ring = (void *)netback.queue->rx_head;

    (void)state;
    netback.grants[ring->slots[0].request.ref].mapped = true;
    netback_put(bytes, LONG, 0);
    nothing_comes();
    assert_true(leat_xen_lost(&xen_world.xen));
    assert_int_equal(counters()->broken_rules, 1);
    assert_int_equal(counters()->pages_kept, 1);
}

/* Rings that are full again at each look, and an event for each (XSA-391): a look takes what was
 * there when it began. */
static void events_without_end_take_a_ring_at_a_time(void **state)
{
    const struct xen_store_head event = {.type = XEN_STORE_WATCH_EVENT};
    struct leat_buf *frames[2 * XEN_RING_SLOTS];
    uint32_t slots = 0, events = xen_world.store.watch_events;

    (void)state;
    for (unsigned round = 0; round < 5; round++) {
        uint32_t count;

        /* there is room for an answer to the driver, too */
        for (unsigned i = 0; i < XEN_STORE_RING_BYTES / sizeof event - 4; i++, events++)
            netback_store_bytes(&event, sizeof event);
        while (netback_put(bytes, SHORT, 0))
            slots++;
        assert_int_equal(slots, (round + 1) * XEN_RING_SLOTS);
        count = take(frames, 2 * XEN_RING_SLOTS);
        assert_true(count <= XEN_RING_SLOTS);
        assert_int_equal(xen_world.queues[0].rx.responses, slots);
        assert_int_equal(xen_world.store.watch_events, events);
        while (count > 0)
            leat_buf_free(frames[--count]);
    }
}

static void responses_without_requests_end_the_interface(void **state)
{
    (void)state;
    netback.queue->rx_head->response_produced = 257;
    nothing_comes();
    assert_string_equal(leat_xen_why(&xen_world.xen), "the backend broke the rules of its rings");
    netback.queue->rx_head = NULL;
}

static void impossible_slots_are_dropped_and_counted(void **state)
{
    static const struct {
        uint16_t offset;
        int16_t status;
    } slots[] = {{0, -1}, {0, 0}, {1, 4096}, {4096, 1}, {65535, 100}, {0, 4097}, {0, INT16_MIN}};

    (void)state;
    for (unsigned i = 0; i < sizeof slots / sizeof *slots; i++) {
        netback_put_raw(bytes, 0, slots[i].offset, 0, slots[i].status);
        nothing_comes();
        assert_int_equal(counters()->rx_refused, i + 1);
    }
}

static void impossible_lengths_are_dropped_and_counted(void **state)
{
    (void)state;
    netback_put(bytes, 13, 0);
    netback_put(bytes, 1519, 0); /* 1,500 bytes of MTU, the header, a tag, and one more */
    nothing_comes();
    assert_int_equal(counters()->rx_length, 2);
}

static void a_frame_of_too_many_slots_is_dropped_whole(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 30; i++)
        netback_put(bytes, 20, XEN_RX_MORE_DATA);
    netback_put(bytes, 20, 0);
    nothing_comes();
    assert_int_equal(counters()->rx_refused, 1);
    netback_put(bytes, SHORT, 0);
    leat_buf_free(take_one(SHORT));
}

static void impossible_super_frames_are_dropped_and_counted(void **state)
{
    (void)state;
    make_tcp(false);
    put_super(0, XEN_GSO_TCPV4, XEN_RX_CSUM_BLANK);
    put_super(1448, XEN_GSO_TCPV6, XEN_RX_CSUM_BLANK); /* the other family */
    put_super(1448, 9, XEN_RX_CSUM_BLANK);
    put_super(1448, XEN_GSO_TCPV4, 0); /* its checksum is not complete */
    nothing_comes();
    assert_int_equal(counters()->rx_refused, 4);
}

static void super_frames_that_were_not_agreed_on_are_dropped(void **state)
{
    (void)state;
    make_tcp(false);
    put_super(1448, XEN_GSO_TCPV4, XEN_RX_CSUM_BLANK);
    nothing_comes();
    assert_int_equal(counters()->rx_refused, 1);
}

/* More items than there are kinds can't be right, however long the list goes on. */
static void endless_extra_information_is_dropped(void **state)
{
    (void)state;
    netback_put(bytes, SHORT, XEN_RX_EXTRA_INFO);
    for (unsigned i = 0; i < 100; i++)
        netback_put_extra((struct xen_extra){.type = 5, .flags = XEN_EXTRA_MORE});
    netback_put_extra((struct xen_extra){.type = 5});
    nothing_comes();
    assert_int_equal(counters()->rx_refused, 1);
    netback_put(bytes, SHORT, 0);
    leat_buf_free(take_one(SHORT));
}

static void unknown_extra_information_is_dropped_and_known_one_is_passed_over(void **state)
{
    (void)state;
    netback_put(bytes, SHORT, XEN_RX_EXTRA_INFO);
    netback_put_extra((struct xen_extra){.type = 6});
    netback_put(bytes, SHORT, XEN_RX_EXTRA_INFO);
    netback_put_extra((struct xen_extra){.type = 0});
    nothing_comes();
    assert_int_equal(counters()->rx_refused, 2);
    netback_put(bytes, SHORT, XEN_RX_EXTRA_INFO);
    netback_put_extra((struct xen_extra){.type = 4, .flags = XEN_EXTRA_MORE}); /* a hash */
    netback_put_extra((struct xen_extra){.type = 5});                          /* XDP's */
    leat_buf_free(take_one(SHORT));
}

int main(void)
{
#define rx_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        rx_test(a_short_frame_is_copied_and_its_page_goes_back),
        rx_test(a_long_frame_is_lent_and_its_page_is_ours_alone),
        rx_test(every_length_comes_as_it_was_sent),
        rx_test(a_page_that_is_held_for_long_does_not_stop_the_ring),
        rx_test(half_a_ring_stays_when_many_pages_are_lent),
        rx_test(frames_are_copied_while_the_pool_lends_nothing),
        rx_test(a_frame_of_several_slots_is_put_together),
        rx_test(the_slots_of_a_frame_may_come_one_by_one),
        rx_test(the_offset_in_the_page_counts),
        rx_test(checksums_of_the_device_are_believed),
        rx_test(super_frames_of_both_families_come_whole),
        rx_test(a_burst_stops_at_frames_max_and_goes_on),
        rx_test(an_event_is_asked_for_before_the_driver_sleeps),
        rx_test(without_buffers_frames_are_dropped_and_counted),
        rx_test(a_page_that_stays_mapped_ends_the_interface),
        rx_test(events_without_end_take_a_ring_at_a_time),
        rx_test(responses_without_requests_end_the_interface),
        rx_test(impossible_slots_are_dropped_and_counted),
        rx_test(impossible_lengths_are_dropped_and_counted),
        rx_test(a_frame_of_too_many_slots_is_dropped_whole),
        rx_test(impossible_super_frames_are_dropped_and_counted),
        cmocka_unit_test_setup_teardown(super_frames_that_were_not_agreed_on_are_dropped,
                                        set_up_no_offload, tear_down),
        rx_test(endless_extra_information_is_dropped),
        rx_test(unknown_extra_information_is_dropped_and_known_one_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
