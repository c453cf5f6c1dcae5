/*
 * test_xen_glance.c -- slots of Xen's rings that the other domain changes after the driver has
 * looked at them (XSA-155), whenever that is.
 *
 * The driver may take what was there before or after the change, but no mixture of both: a length
 * that was checked is the one that is used.
 */
#include "blkback.h"
#include "glance.h"

#include <string.h>

enum {
    LEN = 1000,
    FAR = 4000, /* impossible, as offset together with a length, and as a number of a slot */
    SECTORS = 8,
    LOOKS_MAX = 50
};

static uint8_t bytes[XEN_PAGE_BYTES];

/* A slot, which changes after the driver has looked at it so many times. */
static struct {
    void *at;
    size_t bytes;
    unsigned looks, looks_before;
    uint8_t other[16]; /* its first bytes from then on */
    size_t other_bytes;
} slot;

static void change(const void *at)
{
    const uint8_t *from = slot.at, *touched = at;

    if (touched < from || touched >= from + slot.bytes)
        return;
    slot.looks++;
    if (slot.looks == slot.looks_before)
        memcpy(slot.at, slot.other, slot.other_bytes);
}

static void begin(void *ring, void *at, size_t len, const void *other, size_t other_bytes)
{
    slot.at = at;
    slot.bytes = len;
    slot.looks = 0;
    memcpy(slot.other, other, other_bytes);
    slot.other_bytes = other_bytes;
    glance_begin(ring, change);
}

/* Does @what with a slot that changes after the first look, with one that changes after the second,
 * and so on, until there are no more looks. */
static void after_each_look(void (*set_up)(void), void (*what)(void), void (*tear_down)(void))
{
    slot.looks_before = 0;
    do {
        slot.looks_before++;
        assert_true(slot.looks_before < LOOKS_MAX);
        set_up();
        what();
        tear_down();
    } while (slot.looks >= slot.looks_before);
    assert_true(slot.looks > 0);
}

static void set_up(void)
{
    const char *why = NULL;

    netback_init();
    xen_world_prepare(0);
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + 3);
    assert_int_equal(xen_world_start(&why), LEAT_OK);
}

static void tear_down(void)
{
    struct leat_xen *xen = &xen_world.xen;

    xen->netif.ops->close(&xen->netif);
    assert_true(pool_is_whole(&xen_world.pool));
}

static uint32_t receive(struct leat_buf **frame)
{
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);

    return netif->ops->receive(netif, netback.now_ns, &xen_world.pool, frame, 1);
}

/* A frame of LEN bytes becomes one that lies partly behind its page. */
static void receive_one(void)
{
    const struct xen_rx_response other = {.offset = FAR, .status = FAR};
    struct xen_rx_ring *ring = (void *)netback.queue->rx_head;
    struct leat_buf *frame = NULL;
    uint8_t seen[LEN];
    uint32_t count;

    netback_put(bytes, LEN, 0);
    begin(ring, &ring->slots[0], sizeof ring->slots[0], &other, sizeof other);
    count = receive(&frame);
    glance_end();
    if (count == 0) {
        assert_int_equal(leat_xen_counters(&xen_world.xen)->rx_refused, 1);
        return;
    }
    assert_int_equal(leat_buf_total(frame), LEN);
    leat_buf_read(frame, 0, seen, LEN);
    assert_memory_equal(seen, bytes, LEN);
    leat_buf_free(frame);
}

/* Extra information becomes a size that no segment has. */
static void receive_a_super_frame(void)
{
    const struct xen_extra extra = {
        .type = XEN_EXTRA_GSO, .gso_bytes = 500, .gso_type = XEN_GSO_TCPV4};
    const struct xen_extra other = {.type = XEN_EXTRA_GSO};
    struct xen_rx_ring *ring = (void *)netback.queue->rx_head;
    struct leat_buf *frame = NULL;
    uint32_t count;

    memcpy(bytes + 12, "\x08\x00\x45", 3); /* TCP over IPv4 */
    bytes[23] = 6;
    netback_put(bytes, LEN, XEN_RX_CSUM_BLANK | XEN_RX_DATA_VALIDATED | XEN_RX_EXTRA_INFO);
    netback_put_extra(extra);
    begin(ring, &ring->slots[1], sizeof ring->slots[1], &other, sizeof other);
    count = receive(&frame);
    glance_end();
    if (count == 0) {
        assert_int_equal(leat_xen_counters(&xen_world.xen)->rx_refused, 1);
        return;
    }
    assert_int_equal(frame->segment_bytes, 500);
    leat_buf_free(frame);
}

/* The answer to one frame becomes one to no frame. */
static void take_an_answer(void)
{
    const struct xen_tx_response other = {.id = FAR, .status = XEN_STATUS_OKAY};
    struct leat_netif *netif = leat_xen_netif(&xen_world.xen);
    struct xen_tx_ring *ring = (void *)netback.queue->tx_head;
    struct leat_buf *frame = leat_buf_copy(&xen_world.pool, bytes, LEN);

    netif->ops->transmit(netif, netback.now_ns, &frame, 1);
    assert_true(netback_take(XEN_STATUS_OKAY));
    begin(ring, &ring->slots[0], sizeof ring->slots[0], &other, sizeof other);
    netif->ops->transmit_room(netif);
    glance_end();
    assert_int_equal(leat_xen_counters(&xen_world.xen)->broken_rules,
                     leat_xen_lost(&xen_world.xen));
    assert_true(pool_is_whole(&xen_world.pool));
}

static void set_up_disk(void)
{
    const char *why = NULL;

    blkback_init();
    assert_int_equal(blkback_start(&why), LEAT_OK);
}

static void tear_down_disk(void)
{
    struct leat_block_device *device = leat_xen_block_device(&blkback.block);

    device->ops->close(device);
}

/* The answer to one request becomes one to no request. */
static void take_an_answer_of_a_disk(void)
{
    const struct xen_block_ring_response other = {.id = FAR};
    struct leat_block_device *device = leat_xen_block_device(&blkback.block);
    struct xen_block_ring *ring = (void *)blkback.head;
    struct leat_buf buf = {.data = bytes, .len = SECTORS * 512};
    struct leat_block_request request = {.what = LEAT_BLOCK_READ, .buf = &buf};

    assert_true(device->ops->start(device, &request));
    blkback_serve();
    begin(ring, &ring->slots[0], sizeof other, &other, sizeof other);
    assert_ptr_equal(device->ops->finished(device, netback.now_ns), &request);
    glance_end();
    assert_int_equal(request.err, leat_xen_block_why(&blkback.block) ? LEAT_ERR_DEVICE : LEAT_OK);
}

static void a_received_slot_is_read_once(void **state)
{
    (void)state;
    after_each_look(set_up, receive_one, tear_down);
}

static void extra_information_is_read_once(void **state)
{
    (void)state;
    after_each_look(set_up, receive_a_super_frame, tear_down);
}

static void an_answer_is_read_once(void **state)
{
    (void)state;
    after_each_look(set_up, take_an_answer, tear_down);
}

static void an_answer_of_a_disk_is_read_once(void **state)
{
    (void)state;
    after_each_look(set_up_disk, take_an_answer_of_a_disk, tear_down_disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_received_slot_is_read_once),
        cmocka_unit_test(extra_information_is_read_once),
        cmocka_unit_test(an_answer_is_read_once),
        cmocka_unit_test(an_answer_of_a_disk_is_read_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
