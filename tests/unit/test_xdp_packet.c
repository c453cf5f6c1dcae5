/* test_xdp_packet.c -- frames received by a packet ring of the kernel; the test acts as the kernel.
 */
#include "unit_pool.h"

#include "packet.h"

#include <linux/if_packet.h>

enum {
    PLACES = 256, /* of the ring */
    PLACE_BYTES = 4096,
    MAC_AT = 66, /* offset of the frame, after the kernel's header */
    BUFS = 4,
    BUF_BYTES = 2048,
    FRAME = 60
};

static struct unit_pool unit;
static struct xdp_packet packet;
static unsigned written; /* frames so far */

static int open_ring(void **state)
{
    (void)state;
    unit_pool_open(&unit, BUFS, BUF_BYTES, 0, 0);
    packet = (struct xdp_packet){.ring = calloc(PLACES, PLACE_BYTES), .frame_bytes = PLACE_BYTES};
    assert_non_null(packet.ring);
    written = 0;
    return 0;
}

static int close_ring(void **state)
{
    (void)state;
    free(packet.ring);
    unit_pool_close(&unit);
    return 0;
}

/* A frame of @len bytes arrives, of which @there are in the ring. */
static struct tpacket2_hdr *comes(uint32_t len, uint32_t there)
{
    uint8_t *place = packet.ring + (size_t)(written++ % PLACES) * PLACE_BYTES;
    struct tpacket2_hdr *header = (void *)place;

    assert_int_equal(header->tp_status, TP_STATUS_KERNEL);
    *header = (struct tpacket2_hdr){
        .tp_status = TP_STATUS_USER, .tp_len = len, .tp_snaplen = there, .tp_mac = MAC_AT};
    memset(place + MAC_AT, (int)written, there);
    return header;
}

/* Empties the ring: @given frames are received and freed, @lost are counted as lost. */
static void assert_taken(uint32_t given, uint64_t lost)
{
    const uint64_t lost_before = packet.lost;
    struct leat_buf *frames[PLACES];

    assert_int_equal(leat_xdp_packet_receive(&packet, &unit.pool, frames, PLACES), given);
    assert_int_equal(packet.lost - lost_before, lost);
    for (uint32_t i = 0; i < given; i++)
        leat_buf_free(frames[i]);
    for (unsigned i = 0; i < PLACES; i++)
        assert_int_equal(
            ((struct tpacket2_hdr *)(void *)(packet.ring + i * PLACE_BYTES))->tp_status,
            TP_STATUS_KERNEL);
    assert_true(pool_is_whole(&unit.pool));
}

static void a_whole_frame_is_copied_and_its_place_given_back(void **state)
{
    struct leat_buf *frame;
    uint8_t bytes[FRAME + 1], sent[FRAME];

    (void)state;
    memset(sent, 1, sizeof sent);
    comes(FRAME, FRAME);
    assert_int_equal(leat_xdp_packet_receive(&packet, &unit.pool, &frame, 1), 1);
    assert_int_equal(leat_buf_read(frame, 0, bytes, sizeof bytes), FRAME);
    assert_memory_equal(bytes, sent, FRAME);
    assert_int_equal(frame->checksum, LEAT_CHECKSUM_UNKNOWN);
    leat_buf_free(frame);
    assert_int_equal(packet.taken, 1);
    assert_int_equal(packet.copied, FRAME);
    assert_taken(0, 0);
}

/* A frame from this machine has no checksum yet, and was never on a wire. */
static void a_frame_that_has_no_sum_yet_needs_none(void **state)
{
    struct leat_buf *frame;

    (void)state;
    comes(FRAME, FRAME)->tp_status |= TP_STATUS_CSUMNOTREADY;
    assert_int_equal(leat_xdp_packet_receive(&packet, &unit.pool, &frame, 1), 1);
    assert_int_equal(frame->checksum, LEAT_CHECKSUM_VERIFIED);
    leat_buf_free(frame);
}

/* A truncated frame is dropped, because its IP lengths would be wrong. */
static void a_frame_that_the_ring_has_cut_is_lost(void **state)
{
    (void)state;
    comes(FRAME + 1, FRAME);
    assert_taken(0, 1);
    comes(FRAME, FRAME);
    assert_taken(1, 0);
}

static void a_frame_longer_than_a_buffer_is_lost(void **state)
{
    const uint32_t most = BUF_BYTES - LEAT_BUF_HEADROOM + 2;

    (void)state;
    comes(most, most);
    assert_taken(1, 0);
    comes(most + 1, most + 1);
    assert_taken(0, 1);
}

/* Linux has removed the tag; a tag with VLAN 0 holds only a priority. */
static void a_frame_for_a_VLAN_is_lost(void **state)
{
    struct tpacket2_hdr *header;

    (void)state;
    header = comes(FRAME, FRAME);
    header->tp_status |= TP_STATUS_VLAN_VALID;
    header->tp_vlan_tci = 5u << 13;
    assert_taken(1, 0);
    header = comes(FRAME, FRAME);
    header->tp_status |= TP_STATUS_VLAN_VALID;
    header->tp_vlan_tci = 5u << 13 | 7;
    assert_taken(0, 1);
}

static void a_frame_without_a_buffer_is_lost_and_the_ring_goes_on(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PLACES; i++)
        comes(FRAME, FRAME);
    assert_taken(BUFS, PLACES - BUFS);
    comes(FRAME, FRAME); /* the first entry again */
    assert_taken(1, 0);
}

#define ring_test(function) cmocka_unit_test_setup_teardown(function, open_ring, close_ring)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ring_test(a_whole_frame_is_copied_and_its_place_given_back),
        ring_test(a_frame_that_has_no_sum_yet_needs_none),
        ring_test(a_frame_that_the_ring_has_cut_is_lost),
        ring_test(a_frame_longer_than_a_buffer_is_lost),
        ring_test(a_frame_for_a_VLAN_is_lost),
        ring_test(a_frame_without_a_buffer_is_lost_and_the_ring_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
