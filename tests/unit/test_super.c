/* test_super.c -- super-frames: segments of a burst are merged, and what is too long is cut. */
#include "world.h"

#include "link/ethernet.h"
#include "tcp/receive/gro.h"
#include "tcp/send/gso.h"
#include "stack.h"

enum {
    TEXT = 100, /* of a segment */
    COUNT_MAX = 16,
    TS_BYTES = 12
};

static const uint32_t seq_begin = 0xffffff80u; /* the numbers wrap soon */
static const uint8_t ts[TS_BYTES] = {1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9};
static uint8_t text[65536];

static struct frame segment(uint32_t index, uint32_t len, uint8_t flags)
{
    const struct frame_segment s = {.src_port = 80,
                                    .dst_port = 2000,
                                    .seq = seq_begin + index * TEXT,
                                    .ack = 5000,
                                    .flags = flags,
                                    .window = 1000,
                                    .options = ts,
                                    .options_len = sizeof ts};

    return frame_tcp(&s, text + index * TEXT, len);
}

static struct leat_buf *buf_of(struct world *world, const struct frame *frame)
{
    return leat_buf_copy(leat_pool(world->stack), frame->bytes, frame->len);
}

/* The whole frame in one piece of memory. */
static struct frame flat(const struct leat_buf *buf)
{
    struct frame frame;

    assert_true(leat_buf_total(buf) <= sizeof frame.bytes);
    frame.len = leat_buf_read(buf, 0, frame.bytes, sizeof frame.bytes);
    return frame;
}

/* Its IP header is right; so is TCP's checksum, if it should be. */
static void assert_sealed(const struct frame *frame, bool tcp)
{
    struct frame again = *frame;

    assert_int_equal(frame_get16(frame->bytes + FRAME_IP + 2), frame->len - FRAME_IP);
    frame_seal_ip(&again);
    if (tcp)
        frame_seal_tcp(&again);
    assert_memory_equal(frame->bytes, again.bytes, frame->len);
}

/* Merges @first and what follows @count of them; returns how many are left. */
static uint32_t merge(struct world *world, const struct frame *frames, uint32_t count,
                      struct leat_buf **bufs)
{
    for (uint32_t i = 0; i < count; i++)
        bufs[i] = buf_of(world, &frames[i]);
    world_mark(world);
    return gro_merge(world->stack, bufs, count);
}

static void free_all(struct world *world, struct leat_buf **bufs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        leat_buf_free(bufs[i]);
    world->stack->stats = world->before; /* the frames came from nowhere */
}

static void segments_that_follow_each_other_become_one(void **state)
{
    struct world *world = *state;
    const struct frame frames[] = {segment(0, TEXT, 16), segment(1, TEXT, 16),
                                   segment(2, TEXT - 30, 24), segment(3, TEXT, 16)};
    struct leat_buf *bufs[4];
    struct frame whole;

    assert_int_equal(merge(world, frames, 4, bufs), 2); /* PSH and the short one end it */
    assert_grown(world, taken_merged, 2);
    assert_int_equal(bufs[0]->segment_bytes, TEXT);
    assert_int_equal(bufs[0]->checksum, LEAT_CHECKSUM_VERIFIED);
    whole = flat(bufs[0]);
    assert_sealed(&whole, false);
    assert_int_equal(whole.len, FRAME_L4 + 20 + sizeof ts + 3 * TEXT - 30);
    assert_memory_equal(whole.bytes + FRAME_L4 + 32, text, 3 * TEXT - 30);
    assert_int_equal(whole.bytes[FRAME_L4 + 13], 24);
    assert_int_equal(bufs[1]->segment_bytes, 0);
    free_all(world, bufs, 2);
}

/* Any change of a header's byte, made good by the checksums, keeps two segments apart. */
static void every_byte_of_a_header_that_differs_keeps_segments_apart(void **state)
{
    struct world *world = *state;
    const struct frame good[2] = {segment(0, TEXT, 16), segment(1, TEXT, 16)};

    for (uint32_t at = 0; at < FRAME_L4 + 20 + sizeof ts; at++) {
        const bool of_ip_checksum = at == FRAME_IP + 10 || at == FRAME_IP + 11;
        const bool of_tcp_checksum = at == FRAME_L4 + 16 || at == FRAME_L4 + 17;
        const bool may_differ = /* the identification, and the urgent pointer without URG */
            at == FRAME_IP + 4 || at == FRAME_IP + 5 || at == FRAME_L4 + 18 || at == FRAME_L4 + 19;
        struct frame frames[2] = {good[0], good[1]};
        struct leat_buf *bufs[2];
        uint32_t left;

        frames[1].bytes[at] ^= 1;
        if (!of_ip_checksum && at > FRAME_IP && at < FRAME_L4)
            frame_seal_ip(&frames[1]);
        if (!of_tcp_checksum && at >= FRAME_IP + 12)
            frame_seal_tcp(&frames[1]);
        left = merge(world, frames, 2, bufs);
        assert_int_equal(left, may_differ ? 1 : 2);
        if (left == 2) {
            const struct frame seen[2] = {flat(bufs[0]), flat(bufs[1])};

            assert_memory_equal(seen[0].bytes, frames[0].bytes, frames[0].len);
            assert_memory_equal(seen[1].bytes, frames[1].bytes, frames[1].len);
            assert_int_equal(bufs[0]->checksum, LEAT_CHECKSUM_UNKNOWN);
            assert_int_equal(bufs[1]->checksum, LEAT_CHECKSUM_UNKNOWN);
        }
        free_all(world, bufs, left);
    }
}

/* Damage that the checksum shows, anywhere in either: both go up as they came. */
/* A super-frame's header is written into the first frame, which the backend may only have lent. */
static void lent_frames_are_not_merged(void **state)
{
    struct world *world = *state;
    const struct frame frames[] = {segment(0, TEXT, 16), segment(1, TEXT, 16)};
    struct leat_buf *bufs[2];

    for (unsigned i = 0; i < 2; i++)
        bufs[i] =
            leat_buf_lend(leat_pool(world->stack), frames[i].bytes, frames[i].len, NULL, NULL);
    world_mark(world);
    assert_int_equal(gro_merge(world->stack, bufs, 2), 2);
    free_all(world, bufs, 2);
}

static void what_is_damaged_is_not_merged(void **state)
{
    struct world *world = *state;

    for (uint32_t at = FRAME_IP; at < FRAME_L4 + 20 + sizeof ts + TEXT; at++) {
        for (unsigned which = 0; which < 2; which++) {
            struct frame frames[2] = {segment(0, TEXT, 16), segment(1, TEXT, 16)};
            struct leat_buf *bufs[2];

            frames[which].bytes[at] ^= 0x40;
            assert_int_equal(merge(world, frames, 2, bufs), 2);
            assert_grown(world, taken_merged, 0);
            free_all(world, bufs, 2);
        }
    }
}

static void device_that_has_verified_is_believed(void **state)
{
    struct world *world = *state;
    struct frame frames[2] = {segment(0, TEXT, 16), segment(1, TEXT, 16)};
    struct leat_buf *bufs[2];

    for (unsigned i = 0; i < 2; i++) {
        frame_put16(frames[i].bytes + FRAME_L4 + 16, 0xbad);
        bufs[i] = buf_of(world, &frames[i]);
        bufs[i]->checksum = LEAT_CHECKSUM_VERIFIED;
    }
    world_mark(world);
    assert_int_equal(gro_merge(world->stack, bufs, 2), 1);
    free_all(world, bufs, 1);
}

static void only_what_follows_is_merged(void **state)
{
    static const struct {
        uint32_t second_index, first_len, second_len;
        uint8_t first_flags, second_flags;
    } cases[] = {
        {2, TEXT, TEXT, 16, 16},     /* a hole */
        {0, TEXT, TEXT, 16, 16},     /* the same again */
        {1, TEXT, TEXT, 24, 16},     /* PSH: the sender says that no more comes */
        {1, TEXT, TEXT, 16, 17},     /* FIN */
        {1, TEXT, TEXT, 16, 20},     /* RST */
        {1, TEXT, TEXT, 16, 0x30},   /* URG */
        {1, TEXT, TEXT, 16, 0x50},   /* ECE */
        {1, TEXT, TEXT, 0x90, 16},   /* CWR */
        {1, TEXT, 0, 16, 16},        /* an ACK alone */
        {1, TEXT, TEXT + 1, 16, 16}, /* longer than the first */
        {1, TEXT, TEXT, 0, 0}        /* no ACK */
    };
    struct world *world = *state;

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct frame frames[2] = {
            segment(0, cases[i].first_len, cases[i].first_flags),
            segment(cases[i].second_index, cases[i].second_len, cases[i].second_flags)};
        struct leat_buf *bufs[2];

        assert_int_equal(merge(world, frames, 2, bufs), 2);
        free_all(world, bufs, 2);
    }
}

/* ---- cutting ------------------------------------------------------------------------------ */

/* A super-frame with @len bytes of text behind the headers of segment(0), in pieces of @piece. */
static struct leat_buf *super_frame(struct world *world, uint32_t len, uint32_t piece,
                                    uint8_t flags)
{
    struct leat_pool *pool = leat_pool(world->stack);
    const struct frame headers = segment(0, 0, flags);
    struct leat_buf *frame = leat_buf_alloc_small(pool, 48);

    memcpy(leat_buf_put(frame, headers.len), headers.bytes, headers.len);
    for (uint32_t at = 0; at < len; at += piece)
        leat_buf_append(
            frame, leat_buf_lend(pool, text + at, len - at < piece ? len - at : piece, NULL, NULL));
    frame->segment_bytes = TEXT;
    frame->checksum = LEAT_CHECKSUM_PARTIAL;
    return frame;
}

static void super_frame_is_cut_into_right_segments(void **state)
{
    static const uint32_t lens[] = {TEXT + 1, 2 * TEXT, 2 * TEXT + 7, 16 * TEXT - 1, 7 * TEXT};
    static const uint32_t pieces[] = {65536, TEXT, 33, 250};
    struct world *world = *state;

    for (unsigned i = 0; i < 5 * 4; i++) {
        const uint32_t len = lens[i % 5];
        const uint32_t count = (len + TEXT - 1) / TEXT;
        struct leat_buf *super = super_frame(world, len, pieces[i / 5], 25), *cut = NULL;

        for (uint32_t k = 0; k < count; k++) {
            const bool last = k + 1 == count;
            const uint32_t here = last ? len - k * TEXT : TEXT;
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
        assert_ptr_equal(cut, super); /* the last one */
    }
}

static void device_may_have_to_complete_the_checksums_of_a_cut(void **state)
{
    struct world *world = *state;
    struct leat_buf *super = super_frame(world, 2 * TEXT, 65536, 16);
    struct leat_buf *cut = gso_cut(world->stack, super, true);
    struct frame seen = flat(cut);
    const uint16_t field = frame_get16(seen.bytes + FRAME_L4 + 16);

    assert_int_equal(cut->checksum, LEAT_CHECKSUM_PARTIAL);
    assert_sealed(&seen, false);
    /* what the device does: the sum of all, with the pseudo-header's in the field */
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
    struct leat_buf *super = super_frame(world, 3 * TEXT, 65536, 16);
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

/* Whatever is cut can be merged, and is what it was. */
static void what_was_cut_is_merged_again(void **state)
{
    struct world *world = *state;
    struct leat_buf *super = super_frame(world, 9 * TEXT + 50, 65536, 24);
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
    assert_memory_equal(whole.bytes + FRAME_L4 + 32, text, 9 * TEXT + 50);
    free_all(world, bufs, 1);
}

/* ---- through the stack -------------------------------------------------------------------- */

/* A connection to the peer's port 80 with timestamps, established. */
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

static void send_text(struct world *world, struct leat_tcp *conn, uint32_t len)
{
    struct leat_buf *buf = leat_buf_lend(leat_pool(world->stack), text, len, NULL, NULL);

    assert_int_equal(leat_tcp_send(conn, buf), LEAT_OK);
    world_poll(world);
}

static void long_text_leaves_in_right_segments(void **state)
{
    struct world *world = *state;
    uint32_t snd_nxt, at = 0;
    struct leat_tcp *conn = connected(world, &snd_nxt);

    leat_tcp_set_nodelay(conn, true);
    send_text(world, conn, 14000);
    while (at < 14000) {
        const struct fake_frame *sent = world_expect(world);
        const uint32_t here = sent->len - FRAME_L4 - 32;
        struct frame frame = {.len = sent->len};

        memcpy(frame.bytes, sent->bytes, sent->len);
        assert_sealed(&frame, true);
        assert_int_equal(here, 14000 - at < 1448 ? 14000 - at : 1448);
        assert_int_equal(frame_get32(frame.bytes + FRAME_L4 + 4), snd_nxt + at);
        assert_memory_equal(frame.bytes + FRAME_L4 + 32, text + at, here);
        assert_int_equal(frame.bytes[FRAME_L4 + 13], at + here == 14000 ? 24 : 16);
        at += here;
    }
    assert_silent(world);
    assert_grown(world, tcp_sent, 10);
    leat_tcp_abort(conn);
    world_poll(world);
}

/* The queue of the device is full in the middle of a super-frame: the rest follows. */
static void device_without_room_gets_the_rest_later(void **state)
{
    struct world *world = *state;
    uint32_t snd_nxt;
    struct leat_tcp *conn = connected(world, &snd_nxt);

    world->dev.room = 3;
    send_text(world, conn, 10 * 1448);
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

static void device_that_cuts_gets_it_whole(void **state)
{
    struct world *world = *state;
    uint32_t snd_nxt;
    struct leat_tcp *conn;
    const struct fake_frame *sent;

    world->dev.netif.capabilities |= LEAT_NETIF_TSO | LEAT_NETIF_TX_CHECKSUM;
    conn = connected(world, &snd_nxt);
    send_text(world, conn, 1448 * 9 + 10);
    sent = world_expect(world);
    assert_int_equal(sent->whole_len, FRAME_L4 + 32 + 9 * 1448);
    assert_int_equal(sent->segment_bytes, 1448);
    assert_int_equal(frame_get16(sent->bytes + FRAME_IP + 2), 20 + 32 + 9 * 1448);
    assert_grown(world, tcp_sent, 9); /* the short rest waits for them: Nagle */
    assert_silent(world);
    leat_tcp_abort(conn);
    world_poll(world);
}

static int tcp_setup(void **state)
{
    struct world *world = world_create();

    for (uint32_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 7 + i / 251);
    world->with_tcp = true;
    world_init(world);
    assert_int_equal(leat_address_add(world->stack, &world->dev.netif, leat_ip_v4(IP_US), 24),
                     LEAT_OK);
    world_wait(world, 5 * second);
    world_meet(world, IP_PEER, &MAC_PEER);
    *state = world;
    return 0;
}

#define super_test(function) cmocka_unit_test_setup_teardown(function, tcp_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        super_test(segments_that_follow_each_other_become_one),
        super_test(every_byte_of_a_header_that_differs_keeps_segments_apart),
        super_test(lent_frames_are_not_merged),
        super_test(what_is_damaged_is_not_merged),
        super_test(device_that_has_verified_is_believed),
        super_test(only_what_follows_is_merged),
        super_test(super_frame_is_cut_into_right_segments),
        super_test(device_may_have_to_complete_the_checksums_of_a_cut),
        super_test(without_memory_nothing_is_cut),
        super_test(what_was_cut_is_merged_again),
        super_test(long_text_leaves_in_right_segments),
        super_test(device_without_room_gets_the_rest_later),
        super_test(device_that_cuts_gets_it_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
