/* test_virtio_net.c -- a virtio-net device that obeys the rules: negotiation, and received frames.
 * fuzz/fuzz_virtqueue.c is one that breaks them. */
#include "feature_names.h"
#include "virtio_world.h"

#include <string.h>

/* Expects a frame with this checksum and segment size, or none if @checksum is -1. */
static void expect(struct virtio_net_header header, bool v6, uint8_t protocol, int checksum,
                   int segment_bytes)
{
    struct leat_buf *frame;

    header.buffer_count = 1;
    comes(header, v6, protocol, FRAME);
    frame = take_one();
    assert_int_equal(frame != NULL, checksum >= 0);
    if (!frame)
        return;
    assert_int_equal(leat_buf_total(frame), FRAME);
    assert_int_equal(frame->checksum, checksum);
    assert_int_equal(frame->segment_bytes, segment_bytes);
    leat_buf_free(frame);
}

/* ---- Negotiation -------------------------------------------------------------------------- */

static void a_device_offers_everything(void **state)
{
    const struct leat_netif *netif = &world.virtio.netif;

    (void)state;
    assert_int_equal(start(everything, 0, false), LEAT_OK);
    assert_true(world.agreed == everything);
    assert_int_equal(netif->capabilities, LEAT_NETIF_GATHER | LEAT_NETIF_TX_CHECKSUM |
                                              LEAT_NETIF_RX_CHECKSUM | LEAT_NETIF_TSO |
                                              LEAT_NETIF_TSO6 | LEAT_NETIF_GRO | LEAT_NETIF_TAGGED);
    assert_int_equal(netif->mtu, MTU);
    assert_memory_equal(netif->mac.octet, world.config, 6);
    assert_int_equal(world.status,
                     VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
    assert_int_equal(world.queues[VIRTIO_NET_TX]->size, 16);
    netif->ops->close(&world.virtio.netif);
    assert_int_equal(world.status, 0);
    assert_true(leat_virtio_lost(&world.virtio));
    assert_null(leat_virtio_why(&world.virtio));
}

/* 5.1.3.1: a feature that needs another is refused without it. */
static void a_feature_without_its_base_is_not_agreed_on(void **state)
{
    const uint64_t tso = VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6;

    (void)state;
    assert_int_equal(start(everything & ~VIRTIO_NET_F_CSUM, 0, false), LEAT_OK);
    assert_true(world.agreed == (everything & ~(VIRTIO_NET_F_CSUM | tso)));
    assert_int_equal(start(everything & ~VIRTIO_NET_F_HOST_TSO4, 0, false), LEAT_OK);
    assert_true(world.agreed == (everything & ~tso));
    assert_int_equal(start(everything & ~VIRTIO_NET_F_GUEST_CSUM, 0, false), LEAT_OK);
    assert_true(world.agreed == (everything & ~(VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_GUEST_TSO)));
    assert_int_equal(start(everything & ~VIRTIO_NET_F_MRG_RXBUF, 0, false), LEAT_OK);
    assert_true(world.agreed == (everything & ~(VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_GUEST_TSO)));
    assert_int_equal(start(everything, 0, true), LEAT_OK);
    assert_true(world.agreed == (everything & ~(tso | VIRTIO_NET_GUEST_TSO)));
    assert_int_equal(start(VIRTIO_F_VERSION_1, 0, false), LEAT_OK);
    assert_int_equal(world.virtio.netif.capabilities, LEAT_NETIF_GATHER);
    assert_int_equal(world.virtio.netif.mtu, 1500);
    assert_int_equal(start(everything & ~VIRTIO_F_VERSION_1, 0, false), LEAT_ERR_DEVICE);
}

/* virtio 1.2, 6: these say where the device's memory is and in which order it sees writes. */
static void features_of_the_platform_are_always_agreed_on(void **state)
{
    const uint64_t platform = VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_ORDER_PLATFORM;

    (void)state;
    world.needed = platform;
    assert_int_equal(start(VIRTIO_F_VERSION_1 | platform, 0, true), LEAT_OK);
    assert_true(world.agreed == (VIRTIO_F_VERSION_1 | platform));
}

/* The device refuses the driver's features without this one. */
static void expect_needed(unsigned bit, const char *name)
{
    const uint64_t one = UINT64_C(1) << bit;
    const uint64_t platform = VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_ORDER_PLATFORM;
    const char *why;

    world.needed = one;
    why = complaint(everything | one | UINT64_C(1) << 34);
    if ((everything | platform) & one) {
        assert_null(why);
        return;
    }
    assert_non_null(why);
    assert_non_null(strstr(why, name));
    assert_int_equal(world.status, VIRTIO_FAILED);
}

static void a_feature_that_the_device_insists_on_is_named(void **state)
{
    (void)state;
#define EXPECT(bit, name) expect_needed(bit, "the feature " #name ",");
    VIRTIO_FEATURES(EXPECT)
#undef EXPECT
    expect_needed(49, "newer than virtio 1.3");
    world.needed = UINT64_C(3) << 34;
    assert_non_null(strstr(complaint(everything | world.needed), "more than one"));
    assert_non_null(strstr(complaint(everything & ~VIRTIO_F_VERSION_1), "VERSION_1"));
}

/* ---- The device's state ------------------------------------------------------------------- */

static void a_link_goes_down_and_up(void **state)
{
    struct leat_netif *netif = &world.virtio.netif;

    (void)state;
    start(everything, 0, false);
    assert_true(leat_virtio_link_up(&world.virtio));
    world.config[6] = 0xfe;
    look(1);
    assert_false(leat_virtio_link_up(&world.virtio));
    world.config[6] = 1;
    assert_int_equal(netif->ops->next_look_ns(netif, 1500000000), 2000000000);
    look(2);
    assert_true(leat_virtio_link_up(&world.virtio));
    world.config[6] = 0;
    look(2); /* not again in the same second */
    assert_true(leat_virtio_link_up(&world.virtio));
    assert_int_equal(leat_virtio_counters(&world.virtio)->link_changes, 2);
    assert_false(leat_virtio_lost(&world.virtio));
}

static void a_device_that_does_not_report_its_link_has_one(void **state)
{
    (void)state;
    start(everything & ~VIRTIO_NET_F_STATUS, 0, false);
    world.config[6] = 0;
    look(1);
    assert_true(leat_virtio_link_up(&world.virtio));
}

/* Its buffers come back: tear_down() counts them. */
static void a_device_that_is_unplugged_is_lost(void **state)
{
    (void)state;
    start(everything, 0, false);
    look(1);
    world.gone = true;
    world.status = 0xff; /* what a bus reads where no device is */
    look(2);
    assert_true(leat_virtio_lost(&world.virtio));
    assert_non_null(strstr(leat_virtio_why(&world.virtio), "unplugged"));
    assert_int_equal(leat_virtio_counters(&world.virtio)->resets, 0);
}

static void a_device_that_asks_for_a_reset_is_lost(void **state)
{
    (void)state;
    start(everything, 0, false);
    look(1);
    world.status |= VIRTIO_NEEDS_RESET;
    look(2);
    assert_true(leat_virtio_lost(&world.virtio));
    assert_non_null(strstr(leat_virtio_why(&world.virtio), "asks for a reset"));
    assert_int_equal(world.status, 0);
}

static void an_mtu_or_a_queue_that_cannot_be(void **state)
{
    (void)state;
    assert_int_equal(start(everything, MTU + 1, false), LEAT_ERR_ARGUMENT);
    assert_int_equal(start(everything, 67, false), LEAT_ERR_ARGUMENT);
    assert_int_equal(start(everything, 68, false), LEAT_OK);
    assert_int_equal(world.virtio.netif.mtu, 68);
    world.queue_max = 0;
    assert_int_equal(start(everything, 0, false), LEAT_ERR_DEVICE);
    world.queue_max = 100; /* must be a power of two */
    assert_int_equal(start(everything, 0, false), LEAT_OK);
    assert_int_equal(world.queues[VIRTIO_NET_RX]->size, 64);
}

/* ---- Receiving ---------------------------------------------------------------------------- */

static void a_header_tells_of_checksums_and_super_frames(void **state)
{
    const struct virtio_net_header plain = {0}, valid = {.flags = VIRTIO_NET_HEADER_DATA_VALID};
    struct virtio_net_header partial = {
        .flags = VIRTIO_NET_HEADER_NEEDS_CSUM, .checksum_start = 34, .checksum_offset = 16};

    (void)state;
    start(everything & ~VIRTIO_NET_F_GUEST_TSO6, 0, false);
    assert_null(take_one()); /* gives the device its buffers */
    assert_int_equal(world.notified[VIRTIO_NET_RX], 1);
    expect(plain, false, 6, LEAT_CHECKSUM_UNKNOWN, 0);
    expect(valid, false, 6, LEAT_CHECKSUM_VERIFIED, 0);
    expect(partial, false, 6, LEAT_CHECKSUM_VERIFIED, 0);
    partial.gso_type = VIRTIO_NET_HEADER_TCPV4;
    expect(partial, false, 6, -1, 0); /* without a segment size */
    partial.gso_size = 1000;
    expect(partial, false, 6, LEAT_CHECKSUM_VERIFIED, 1000);
    expect(partial, false, 17, LEAT_CHECKSUM_VERIFIED, 0);
    partial.gso_type = VIRTIO_NET_HEADER_TCPV6; /* not negotiated */
    expect(partial, true, 6, -1, 0);
    partial.gso_type = 0;
    partial.checksum_offset = FRAME - 34 - 2;
    expect(partial, false, 6, LEAT_CHECKSUM_VERIFIED, 0);
    partial.checksum_offset++; /* beyond the frame's end */
    expect(partial, false, 6, -1, 0);
    partial = (struct virtio_net_header){.gso_type = VIRTIO_NET_HEADER_TCPV4, .gso_size = 1000};
    expect(partial, false, 6, -1, 0); /* without a partial checksum */
    assert_int_equal(leat_virtio_counters(&world.virtio)->rx_header, 4);
}

static void super_frames_of_ipv6(void **state)
{
    const struct virtio_net_header header = {.flags = VIRTIO_NET_HEADER_NEEDS_CSUM,
                                             .gso_type = VIRTIO_NET_HEADER_TCPV6,
                                             .gso_size = 900,
                                             .checksum_start = 34};

    (void)state;
    start(everything, 0, false);
    assert_null(take_one());
    expect(header, true, 6, LEAT_CHECKSUM_VERIFIED, 900);
    expect(header, true, 17, LEAT_CHECKSUM_VERIFIED, 0);
}

static void checksums_not_agreed_on_are_dropped(void **state)
{
    const struct virtio_net_header header = {.flags = VIRTIO_NET_HEADER_NEEDS_CSUM},
                                   valid = {.flags = VIRTIO_NET_HEADER_DATA_VALID};

    (void)state;
    start(VIRTIO_F_VERSION_1, 0, false);
    assert_null(take_one());
    expect(header, false, 6, -1, 0);
    expect(valid, false, 6, LEAT_CHECKSUM_UNKNOWN, 0);
}

static void a_frame_may_fill_several_buffers(void **state)
{
    uint8_t bytes[BUFFER_BYTES] = {[10] = 3};
    struct leat_buf *frame;
    uint32_t first;

    (void)state;
    start(everything, 0, false);
    assert_null(take_one());
    first = world.queues[VIRTIO_NET_RX]->descriptors[0].len;
    write_next(bytes, first);
    write_next(bytes, 100);
    write_next(bytes, 50);
    frame = take_one();
    assert_non_null(frame);
    assert_int_equal(leat_buf_total(frame), first - VIRTIO_NET_HEADER_BYTES + 150);
    leat_buf_free(frame);
    write_next(bytes, first); /* announces three buffers, but is alone */
    assert_null(take_one());
    bytes[10] = 0;
    write_next(bytes, 100);
    assert_null(take_one());
    bytes[10] = 3;
    write_next(bytes, first);
    use(VIRTIO_NET_RX, next_of(VIRTIO_NET_RX), 0); /* with length 0 */
    write_next(bytes, 100);
    assert_null(take_one());
    assert_int_equal(leat_virtio_counters(&world.virtio)->rx_length, 2);
    assert_int_equal(leat_virtio_counters(&world.virtio)->rx_header, 1);
}

static void lengths_have_bounds(void **state)
{
    const struct virtio_net_header header = {.buffer_count = 1};
    struct leat_buf *frame;

    (void)state;
    start(everything, 100, false);
    assert_null(take_one());
    comes(header, false, 6, 13);
    assert_null(take_one());
    comes(header, false, 6, 14);
    frame = take_one();
    assert_non_null(frame);
    leat_buf_free(frame);
    for (uint32_t len = 118; len <= 119; len++) { /* the MTU, an Ethernet header and a tag */
        uint8_t bytes[VIRTIO_NET_HEADER_BYTES + 119] = {[10] = 1};

        write_next(bytes, VIRTIO_NET_HEADER_BYTES + len);
        frame = take_one();
        assert_int_equal(frame != NULL, len == 118);
        leat_buf_free(frame);
    }
    assert_int_equal(leat_virtio_counters(&world.virtio)->rx_length, 2);
}

/* Without MRG_RXBUF each entry must hold the largest frame. */
static void entries_are_chains_where_nothing_merges(void **state)
{
    uint32_t room = 0;
    uint16_t at;

    (void)state;
    start(VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC, 0, false);
    assert_null(take_one());
    for (at = next_of(VIRTIO_NET_RX);; at = world.queues[VIRTIO_NET_RX]->descriptors[at].next) {
        room += world.queues[VIRTIO_NET_RX]->descriptors[at].len;
        if (!(world.queues[VIRTIO_NET_RX]->descriptors[at].flags & 1))
            break;
    }
    assert_in_range(room, 12 + 1518, 12 + 1518 + BUFFER_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_device_offers_everything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_feature_without_its_base_is_not_agreed_on, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(features_of_the_platform_are_always_agreed_on, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_feature_that_the_device_insists_on_is_named, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_link_goes_down_and_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_device_that_does_not_report_its_link_has_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_device_that_is_unplugged_is_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_device_that_asks_for_a_reset_is_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_mtu_or_a_queue_that_cannot_be, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_header_tells_of_checksums_and_super_frames, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(super_frames_of_ipv6, set_up, tear_down),
        cmocka_unit_test_setup_teardown(checksums_not_agreed_on_are_dropped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_frame_may_fill_several_buffers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lengths_have_bounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(entries_are_chains_where_nothing_merges, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
