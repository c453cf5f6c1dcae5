/* test_super.c -- super-frames: segmentation by the stack or by the device. */
#include "super.h"
#include "needs.h"

#include "link/ethernet.h"
#include "link/link.h"
#include "link/transmit.h"
#include "tcp/send/gso.h"
#include "base.h"

/* ---- segmentation ------------------------------------------------------------------------- */

/* A super-frame with @len bytes of payload after the headers of segment(0), in pieces of @piece. */
static struct leat_buf *super_frame(struct world *world, uint32_t len, uint32_t piece,
                                    uint8_t flags)
{
    struct leat_pool *pool = leat_pool(world->stack);
    const struct frame headers = segment(0, 0, flags);
    struct leat_buf *frame = leat_buf_alloc_small(pool, 48);

    memcpy(leat_buf_put(frame, headers.len), headers.bytes, headers.len);
    for (uint32_t at = 0; at < len; at += piece)
        leat_buf_append(frame, leat_buf_lend(pool, payload + at,
                                             len - at < piece ? len - at : piece, NULL, NULL));
    frame->segment_bytes = DATA;
    frame->checksum = LEAT_CHECKSUM_PARTIAL;
    return frame;
}

static void super_frame_is_cut_into_right_segments(void **state)
{
    static const uint32_t lens[] = {DATA + 1, 2 * DATA, 2 * DATA + 7, 16 * DATA - 1, 7 * DATA};
    static const uint32_t pieces[] = {65536, DATA, 33, 250};
    struct world *world = *state;

    for (unsigned i = 0; i < 5 * 4; i++) {
        const uint32_t len = lens[i % 5];
        const uint32_t count = (len + DATA - 1) / DATA;
        struct leat_buf *super = super_frame(world, len, pieces[i / 5], 25), *cut = NULL;

        for (uint32_t k = 0; k < count; k++) {
            const bool last = k + 1 == count;
            const uint32_t here = last ? len - k * DATA : DATA;
            const struct frame wanted = segment(k, here, last ? 25 : 16);
            struct frame seen;

            assert_int_equal(super_segments(super), count - k);
            cut = gso_cut(world->stack, super, false);
            seen = flat(cut);
            assert_int_equal(seen.len, wanted.len);
            assert_memory_equal(seen.bytes, wanted.bytes, wanted.len);
            assert_int_equal(cut->segment_bytes, 0);
            leat_buf_free(cut);
        }
        assert_ptr_equal(cut, super); /* the last segment */
    }
}

static void device_may_have_to_complete_the_checksums_of_a_cut(void **state)
{
    struct world *world = *state;
    struct leat_buf *super = super_frame(world, 2 * DATA, 65536, 16);
    struct leat_buf *cut = gso_cut(world->stack, super, true);
    struct frame seen = flat(cut);
    const uint16_t field = frame_get16(seen.bytes + FRAME_L4 + 16);

    assert_int_equal(cut->checksum, LEAT_CHECKSUM_PARTIAL);
    assert_sealed(&seen, false);
    /* as the device does: the sum of everything, with the pseudo-header's sum in the field */
    frame_put16(seen.bytes + FRAME_L4 + 16, 0);
    frame_put16(seen.bytes + FRAME_L4 + 16,
                frame_sum(seen.bytes + FRAME_L4, seen.len - FRAME_L4, field));
    assert_sealed(&seen, true);
    leat_buf_free(cut);
    leat_buf_free(super);
}

static void without_memory_nothing_is_cut(void **state)
{
    struct world *world = *state;
    struct leat_pool *pool = leat_pool(world->stack);
    struct leat_buf *super = super_frame(world, 3 * DATA, 65536, 16);
    struct leat_buf *held = NULL, *buf, *views = leat_buf_alloc(pool, 0);

    while ((buf = leat_buf_alloc_small(pool, 0))) {
        buf->next = held;
        held = buf;
    }
    assert_null(gso_cut(world->stack, super, false));
    assert_int_equal(super_segments(super), 3);
    leat_buf_free(held);
    leat_buf_put(views, 1);
    for (held = NULL; (buf = leat_buf_slice(views, 0, 1)); held = buf)
        buf->next = held;
    assert_null(gso_cut(world->stack, super, false));
    leat_buf_free(held);
    leat_buf_free(views);
    assert_int_equal(super_segments(super), 3);
    buf = gso_cut(world->stack, super, false);
    assert_non_null(buf);
    leat_buf_free(buf);
    leat_buf_free(super);
}

/* The segments of any super-frame can be merged, to the same super-frame. */
static void a_cut_super_frame_is_merged_again(void **state)
{
    struct world *world = *state;
    struct leat_buf *super = super_frame(world, 9 * DATA + 50, 65536, 24);
    struct leat_buf *bufs[COUNT_MAX];
    struct frame whole;
    uint32_t count = 0;

    do {
        struct leat_buf *cut = gso_cut(world->stack, super, false);
        const struct frame frame = flat(cut);

        bufs[count++] = buf_of(world, &frame);
        if (cut == super)
            super = NULL;
        leat_buf_free(cut);
    } while (super);
    assert_int_equal(count, 10);
    world_mark(world);
    assert_int_equal(gro_merge(world->stack, bufs, count), 1);
    whole = flat(bufs[0]);
    assert_sealed(&whole, false);
    assert_memory_equal(whole.bytes + FRAME_L4 + 32, payload, 9 * DATA + 50);
    free_all(world, bufs, 1);
}

/* ---- through the stack -------------------------------------------------------------------- */

/* An established connection to the peer's port 80, with timestamps. */
static struct leat_tcp *connected(struct world *world, uint32_t *snd_nxt)
{
    static const uint8_t options[] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0};
    const struct leat_endpoint remote = leat_endpoint_of(leat_ip_v4(IP_PEER), 80);
    struct frame_segment answer = {.src_port = 80,
                                   .seq = 5000,
                                   .flags = 2 | 16,
                                   .window = 60000,
                                   .options = options,
                                   .options_len = sizeof options};
    const struct fake_frame *syn;
    struct leat_tcp *conn;

    world_mark(world);
    assert_int_equal(leat_tcp_connect(world->stack, &conn, &remote, 0, NULL, 0), LEAT_OK);
    world_poll(world);
    syn = world_expect(world);
    answer.dst_port = frame_get16(syn->bytes + FRAME_L4);
    *snd_nxt = frame_get32(syn->bytes + FRAME_L4 + 4) + 1;
    answer.ack = *snd_nxt;
    const struct frame syn_ack = frame_tcp(&answer, NULL, 0);

    world_feed(world, &syn_ack);
    world_mark(world);
    return conn;
}

static void send_data(struct world *world, struct leat_tcp *conn, uint32_t len)
{
    struct leat_buf *buf = leat_buf_lend(leat_pool(world->stack), payload, len, NULL, NULL);

    assert_int_equal(leat_tcp_send(conn, buf), LEAT_OK);
    world_poll(world);
}

static void long_data_leaves_in_right_segments(void **state)
{
    struct world *world = *state;
    uint32_t snd_nxt, at = 0;
    struct leat_tcp *conn = connected(world, &snd_nxt);

    leat_tcp_set_nodelay(conn, true);
    send_data(world, conn, 14000);
    while (at < 14000) {
        const struct fake_frame *sent = world_expect(world);
        const uint32_t here = sent->len - FRAME_L4 - 32;
        struct frame frame = {.len = sent->len};

        memcpy(frame.bytes, sent->bytes, sent->len);
        assert_sealed(&frame, true);
        assert_int_equal(here, 14000 - at < 1448 ? 14000 - at : 1448);
        assert_int_equal(frame_get32(frame.bytes + FRAME_L4 + 4), snd_nxt + at);
        assert_memory_equal(frame.bytes + FRAME_L4 + 32, payload + at, here);
        assert_int_equal(frame.bytes[FRAME_L4 + 13], at + here == 14000 ? 24 : 16);
        at += here;
    }
    assert_silent(world);
    assert_grown(world, tcp_sent, 10);
    leat_tcp_abort(conn);
    world_poll(world);
}

/* The device is full in the middle of a super-frame: the rest follows. */
static void device_without_room_gets_the_rest_later(void **state)
{
    struct world *world = *state;
    uint32_t snd_nxt;
    struct leat_tcp *conn = connected(world, &snd_nxt);

    world->dev.room = 3;
    send_data(world, conn, 10 * 1448);
    for (unsigned round = 0; round < 4; round++) {
        const uint32_t count = fake_netif_sent_count(&world->dev);

        assert_int_equal(count, round < 3 ? 3 : 1);
        fake_netif_forget(&world->dev);
        world->dev.room = 3;
        world_poll(world);
    }
    assert_silent(world);
    leat_tcp_abort(conn);
    world_poll(world);
}

/* All of a super-frame is dropped then, so that frames behind it don't wait for memory. */
static void super_frame_without_memory_is_dropped_and_counted_once(void **state)
{
    NEEDS(SUPER_FRAMES);
    struct world *world = *state;
    struct link *link = &world->stack->links[0];

    for (unsigned slow = 0; slow < 2; slow++) {
        struct leat_buf *all;

        world->dev.room = slow ? 0 : UINT32_MAX;
        transmit_put(link, super_frame(world, 9 * DATA, 65536, 16));
        if (slow) {
            world_poll(world);
            assert_true(link->tx_is_slow);
        }
        assert_int_equal(link->tx_waiting, 9);
        all = world_take_all_small(world);
        world_mark(world);
        world->dev.room = UINT32_MAX;
        world_poll(world);
        assert_silent(world);
        assert_grown(world, tx_no_memory, 1);
        assert_grown(world, tx_frames, 0);
        assert_int_equal(link->tx_waiting, 0);
        world_give_all(all);
    }
}

static void device_that_cuts_gets_it_whole(void **state)
{
    NEEDS(SUPER_FRAMES);
    struct world *world = *state;
    uint32_t snd_nxt;
    struct leat_tcp *conn;
    const struct fake_frame *sent;

    world->dev.netif.capabilities |= LEAT_NETIF_TSO | LEAT_NETIF_TX_CHECKSUM;
    conn = connected(world, &snd_nxt);
    send_data(world, conn, 1448 * 9 + 10);
    sent = world_expect(world);
    assert_int_equal(sent->whole_len, FRAME_L4 + 32 + 9 * 1448);
    assert_int_equal(sent->segment_bytes, 1448);
    assert_int_equal(frame_get16(sent->bytes + FRAME_IP + 2), 20 + 32 + 9 * 1448);
    assert_grown(world, tcp_sent, 9); /* the short rest waits for their ACK: Nagle */
    assert_silent(world);
    leat_tcp_abort(conn);
    world_poll(world);
}

/* No super-frame exceeds the limit of the device. The headers are counted at their longest:
 * those of IPv6 with all options of TCP. */
static void device_that_cuts_says_how_long_a_super_frame_may_be(void **state)
{
    NEEDS(SUPER_FRAMES);
    const uint32_t headers_max = 14 + 40 + 20 + 40;
    struct world *world = *state;
    uint32_t snd_nxt, at = 0;
    struct leat_tcp *conn;

    world->dev.netif.capabilities |= LEAT_NETIF_TSO | LEAT_NETIF_TX_CHECKSUM;
    world->dev.netif.super_bytes = (uint16_t)(headers_max + 3 * 1448 - 1);
    conn = connected(world, &snd_nxt);
    send_data(world, conn, 1448 * 8);
    while (at < 1448 * 8) {
        const struct fake_frame *sent = world_expect(world);

        assert_true(sent->whole_len <= world->dev.netif.super_bytes);
        assert_int_equal(sent->whole_len, FRAME_L4 + 32 + 2 * 1448);
        assert_int_equal(sent->segment_bytes, 1448);
        at += 2 * 1448;
    }
    assert_silent(world);
    leat_tcp_abort(conn);
    world_poll(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        super_test(super_frame_is_cut_into_right_segments),
        super_test(device_may_have_to_complete_the_checksums_of_a_cut),
        super_test(without_memory_nothing_is_cut),
        super_test(a_cut_super_frame_is_merged_again),
        super_test(long_data_leaves_in_right_segments),
        super_test(device_without_room_gets_the_rest_later),
        super_test(super_frame_without_memory_is_dropped_and_counted_once),
        super_test(device_that_cuts_gets_it_whole),
        super_test(device_that_cuts_says_how_long_a_super_frame_may_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
