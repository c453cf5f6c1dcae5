/* test_vlan.c -- a netif for each VLAN of a device: frames that it sends, accepts and refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <leat/vlan.h>

#include "two_lists.h"

enum {
    RED = 10,
    BLUE = 20
};

static const struct leat_vlan_member members[] = {{RED, 0}, {BLUE, 5}, {LEAT_VLAN_UNTAGGED, 0}};

struct fixture {
    struct leat *stack; /* for its pool */
    void *memory, *vlan_memory;
    struct leat_pool *pool;
    uint32_t free_before;
    struct leat_vlan *vlan;
    const struct leat_vlan_counts *counts;
};

static int set_up_with(void **state, uint32_t capabilities, uint32_t queue_frames)
{
    const struct leat_vlan_config config = {
        .members = members, .member_count = 3, .queue_frames = queue_frames};
    struct fixture *f = calloc(1, sizeof *f);

    two_lists_open(capabilities);
    f->stack = two_lists_stack(&f->memory);
    f->pool = leat_pool(f->stack);
    f->free_before = leat_pool_free_count(f->pool);
    f->vlan_memory = malloc(leat_vlan_memory_bytes() + 1);
    assert_int_equal(leat_vlan_init(&f->vlan, &two_lists.netif, (uint8_t *)f->vlan_memory + 1,
                                    leat_vlan_memory_bytes(), &config),
                     LEAT_OK);
    f->counts = leat_vlan_counts(f->vlan);
    *state = f;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, LEAT_NETIF_GATHER | LEAT_NETIF_TX_CHECKSUM | LEAT_NETIF_TSO, 0);
}

static int set_up_plain(void **state)
{
    return set_up_with(state, 0, 2);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 3; i++) {
        struct leat_netif *netif = leat_vlan_netif(f->vlan, members[i].id);

        netif->ops->close(netif);
        netif->ops->close(netif);
        assert_int_equal(two_lists.closed, i == 2);
    }
    two_lists_close();
    assert_int_equal(leat_pool_free_count(f->pool), f->free_before);
    leat_close(f->stack);
    free(f->memory);
    free(f->vlan_memory);
    free(f);
    return 0;
}

/* ---- Frames -------------------------------------------------------------------------------- */

#define ADDRESSES "\2\0\0\0\0\1\2\0\0\0\0\2"

/* Lets a frame arrive: both addresses, then @rest. */
static void come(struct fixture *f, const void *rest, uint32_t len)
{
    struct leat_buf *frame = leat_buf_alloc(f->pool, LEAT_BUF_HEADROOM - 2);

    memcpy(leat_buf_put(frame, 12), ADDRESSES, 12);
    memcpy(leat_buf_put(frame, len), rest, len);
    two_lists.in[two_lists.in_count++] = frame;
}

static uint32_t receive(struct fixture *f, uint16_t id, struct leat_buf **frames, uint32_t max)
{
    struct leat_netif *netif = leat_vlan_netif(f->vlan, id);

    return netif->ops->receive(netif, 0, f->pool, frames, max);
}

/* Expects that the netif @id gets one frame: both addresses and @rest. */
static void expect_frame(struct fixture *f, uint16_t id, const void *rest, uint32_t len)
{
    struct leat_buf *frame = NULL;
    uint8_t bytes[64];

    assert_int_equal(receive(f, id, &frame, 1), 1);
    assert_int_equal(leat_buf_read(frame, 0, bytes, sizeof bytes), 12 + len);
    assert_memory_equal(bytes, ADDRESSES, 12);
    assert_memory_equal(bytes + 12, rest, len);
    leat_buf_free(frame);
}

static void expect_none(struct fixture *f, uint16_t id)
{
    struct leat_buf *frame;

    assert_int_equal(receive(f, id, &frame, 1), 0);
}

static void test_each_vlan_gets_its_frames_without_the_tag(void **state)
{
    struct fixture *f = *state;

    come(f, "\x81\0\0\x0a\x08\0red", 9);
    come(f, "\x81\0\xa0\x14\x08\0blue", 10);
    come(f, "\x08\0plain", 7);
    come(f, "\x81\0\0\x0a\x86\xddmore", 10);
    expect_frame(f, BLUE, "\x08\0blue", 6);
    assert_int_equal(
        leat_vlan_netif(f->vlan, RED)->ops->next_look_ns(leat_vlan_netif(f->vlan, RED), 5), 5);
    expect_none(f, BLUE);
    expect_frame(f, RED, "\x08\0red", 5);
    expect_frame(f, RED, "\x86\xddmore", 6);
    expect_frame(f, LEAT_VLAN_UNTAGGED, "\x08\0plain", 7);
    expect_none(f, RED);
    assert_int_equal(
        leat_vlan_netif(f->vlan, RED)->ops->next_look_ns(leat_vlan_netif(f->vlan, RED), 5),
        LEAT_NEVER_NS);
}

/* VLAN 0: the tag holds only a priority (IEEE 802.1Q 9.6). */
static void test_a_tag_of_vlan_0_is_none(void **state)
{
    struct fixture *f = *state;

    come(f, "\x81\0\xe0\0\x08\0first", 11);
    expect_frame(f, LEAT_VLAN_UNTAGGED, "\x08\0first", 7);
}

static void test_frames_of_no_member_are_counted(void **state)
{
    struct fixture *f = *state;

    come(f, "\x81\0\x0\x1e\x08\0lost", 10); /* VLAN 30 */
    come(f, "\x81\0\xf\xff\x08\0lost", 10); /* reserved */
    come(f, "\x81\0\0", 3);
    come(f, "\x81\0\0\x0a\x08", 5); /* the type after the tag is truncated */
    expect_none(f, RED);
    expect_none(f, LEAT_VLAN_UNTAGGED);
    assert_int_equal(f->counts->rx_unknown, 1);
    assert_int_equal(f->counts->last_unknown, 30);
    assert_int_equal(f->counts->rx_malformed, 3);
}

/* A VLAN that isn't polled holds two frames, and no more of the pool; the others continue. */
static void test_a_queue_is_bounded(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 5; i++)
        come(f, "\x81\0\0\x0a\x08\0red", 9);
    come(f, "\x81\0\0\x14\x08\0blue", 10);
    for (unsigned i = 0; i < 5; i++)
        expect_none(f, LEAT_VLAN_UNTAGGED);
    expect_frame(f, BLUE, "\x08\0blue", 6);
    expect_frame(f, RED, "\x08\0red", 5);
    expect_frame(f, RED, "\x08\0red", 5);
    expect_none(f, RED);
    assert_int_equal(f->counts->rx_overflowed, 3);
}

/* ---- Out ------------------------------------------------------------------------------------ */

/* Sends a frame of both addresses and @rest by netif @id. */
static void send(struct fixture *f, uint16_t id, struct leat_buf *frame)
{
    struct leat_netif *netif = leat_vlan_netif(f->vlan, id);

    assert_true(netif->ops->transmit_room(netif) > 0);
    netif->ops->transmit(netif, 0, &frame, 1);
}

static struct leat_buf *make(struct fixture *f, uint32_t headroom, const void *rest, uint32_t len)
{
    struct leat_buf *frame = leat_buf_alloc(f->pool, headroom);

    memcpy(leat_buf_put(frame, 12), ADDRESSES, 12);
    memcpy(leat_buf_put(frame, len), rest, len);
    return frame;
}

static void expect_sent(const void *rest, uint32_t len)
{
    uint8_t bytes[2048];

    assert_int_equal(two_lists.out_count, 1);
    assert_int_equal(leat_buf_read(two_lists.out[0], 0, bytes, sizeof bytes), 12 + len);
    assert_memory_equal(bytes, ADDRESSES, 12);
    assert_memory_equal(bytes + 12, rest, len);
}

static void test_a_tag_is_put_in_place(void **state)
{
    struct fixture *f = *state;

    send(f, BLUE, make(f, 4, "\x08\0text", 6));
    expect_sent("\x81\0\xa0\x14\x08\0text", 10);
    assert_null(two_lists.out[0]->next);
}

static void test_an_untagged_frame_stays_as_it_is(void **state)
{
    struct fixture *f = *state;

    send(f, LEAT_VLAN_UNTAGGED, make(f, 4, "\x08\0text", 6));
    expect_sent("\x08\0text", 6);
}

/* Shared storage is not written to, and its payload is not copied. */
static void test_shared_storage_is_left_alone(void **state)
{
    struct fixture *f = *state;
    uint8_t rest[400];
    struct leat_buf *frame, *other;

    for (unsigned i = 0; i < sizeof rest; i++)
        rest[i] = (uint8_t)i;
    memcpy(rest, "\x08\0", 2);
    frame = make(f, 64, rest, sizeof rest);
    other = leat_buf_slice(frame, 0, frame->len);
    frame->checksum = LEAT_CHECKSUM_PARTIAL;
    frame->segment_bytes = 100;
    send(f, RED, frame);
    assert_memory_equal(other->data, ADDRESSES, 12);
    assert_memory_equal(other->data + 12, rest, sizeof rest);
    assert_int_equal(two_lists.out[0]->checksum, LEAT_CHECKSUM_PARTIAL);
    assert_int_equal(two_lists.out[0]->segment_bytes, 100);
    assert_ptr_equal(two_lists.out[0]->next->data + two_lists.out[0]->next->len,
                     other->data + other->len);
    leat_buf_free(other);
    memmove(rest + 4, rest, sizeof rest - 4);
    assert_int_equal(leat_buf_total(two_lists.out[0]), 12 + 4 + sizeof rest);
}

/* A device that can't gather gets frames of one piece. */
static void test_one_piece_for_a_device_that_does_not_gather(void **state)
{
    struct fixture *f = *state;

    send(f, RED, make(f, 0, "\x08\0text", 6));
    expect_sent("\x81\0\0\x0a\x08\0text", 10);
    assert_null(two_lists.out[0]->next);
}

/* A device that completes checksums only in untagged frames completes none for tagged ones. */
static void test_offloads_hold_for_tagged_frames_where_the_device_says_so(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(leat_vlan_netif(f->vlan, RED)->capabilities, LEAT_NETIF_GATHER);
    assert_int_equal(leat_vlan_netif(f->vlan, RED)->gather_pieces, LEAT_NETIF_GATHER_PIECES - 1);
}

/* The tag is a part of the longest super-frame that the device takes. */
static void test_the_longest_super_frame_has_room_for_the_tag(void **state)
{
    struct fixture *f = *state;
    const struct leat_vlan_config config = {.members = members, .member_count = 2};
    void *memory = malloc(leat_vlan_memory_bytes());
    struct leat_vlan *vlan;

    assert_int_equal(leat_vlan_netif(f->vlan, RED)->super_bytes, 0); /* no limit stays none */
    two_lists.netif.super_bytes = 65535;
    assert_int_equal(
        leat_vlan_init(&vlan, &two_lists.netif, memory, leat_vlan_memory_bytes(), &config),
        LEAT_OK);
    assert_int_equal(leat_vlan_netif(vlan, RED)->super_bytes, 65531);
    two_lists.netif.super_bytes = 0;
    free(memory);
}

static void test_wrong_configurations_are_refused(void **state)
{
    struct fixture *f = *state;
    static const struct leat_vlan_member wrong[][2] = {
        {{1, 0}, {1, 0}}, {{4095, 0}, {1, 0}}, {{1, 8}, {2, 0}}};
    struct leat_vlan_config config = {.members = members, .member_count = 0};
    uint8_t memory[16];
    struct leat_vlan *vlan = NULL;

    assert_int_equal(leat_vlan_init(&vlan, &two_lists.netif, memory, 99999, &config),
                     LEAT_ERR_ARGUMENT);
    config.member_count = 2;
    for (unsigned i = 0; i < 3; i++) {
        config.members = wrong[i];
        assert_int_equal(leat_vlan_init(&vlan, &two_lists.netif, memory, 99999, &config),
                         LEAT_ERR_ARGUMENT);
    }
    config.members = members;
    config.mtu = 1501;
    assert_int_equal(leat_vlan_init(&vlan, &two_lists.netif, memory, 99999, &config),
                     LEAT_ERR_ARGUMENT);
    config.mtu = 0;
    assert_int_equal(leat_vlan_init(&vlan, &two_lists.netif, memory, sizeof memory, &config),
                     LEAT_ERR_MEMORY);
    assert_null(vlan);
    assert_null(leat_vlan_netif(f->vlan, 11));
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define PLAIN(name) cmocka_unit_test_setup_teardown(name, set_up_plain, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_vlan_gets_its_frames_without_the_tag),
        TEST(test_a_tag_of_vlan_0_is_none),
        TEST(test_frames_of_no_member_are_counted),
        PLAIN(test_a_queue_is_bounded),
        TEST(test_a_tag_is_put_in_place),
        TEST(test_an_untagged_frame_stays_as_it_is),
        TEST(test_shared_storage_is_left_alone),
        PLAIN(test_one_piece_for_a_device_that_does_not_gather),
        TEST(test_offloads_hold_for_tagged_frames_where_the_device_says_so),
        TEST(test_the_longest_super_frame_has_room_for_the_tag),
        TEST(test_wrong_configurations_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
