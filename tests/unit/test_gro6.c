/* test_gro6.c -- consecutive IPv6 segments become one super-frame, which is segmented again. */
#include "frames6.h"
#include "super.h"

#include "tcp/send/gso.h"

enum {
    HEADERS = FRAME6_L4 + 20 + TS_BYTES,
    LENGTH_AT = FRAME_IP + 4,
    NEXT_AT = FRAME_IP + 6,
    CHECKSUM_AT = FRAME6_L4 + 16
};

/* Like segment_of(), from the peer at @port. */
static struct frame segment6_of(uint16_t port, uint32_t index, uint32_t len, uint8_t flags)
{
    const struct frame_segment s = fields_of(port, index, flags);

    return frame_tcp6(IP6_PEER, IP6_US, &s, payload + index * DATA, len);
}

static struct frame segment6(uint32_t index, uint32_t len, uint8_t flags)
{
    return segment6_of(80, index, len, flags);
}

/* Corrects TCP's checksum for any headers. */
static void seal(struct frame *frame)
{
    const uint32_t len = frame->len - FRAME6_L4;
    uint32_t sum = 6 + len;

    for (uint32_t at = FRAME_IP + 8; at < FRAME6_L4; at += 2)
        sum += frame_get16(frame->bytes + at);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    frame_put16(frame->bytes + CHECKSUM_AT, 0);
    frame_put16(frame->bytes + CHECKSUM_AT,
                frame_sum(frame->bytes + FRAME6_L4, len, (uint16_t)sum));
}

static void segments_that_follow_each_other_become_one(void **state)
{
    struct world *world = *state;
    const struct frame frames[] = {segment6(0, DATA, 16), segment6(1, DATA, 16),
                                   segment6(2, DATA - 30, 24), segment6(3, DATA, 16)};
    struct leat_buf *bufs[4];
    struct frame whole;

    assert_int_equal(merge(world, frames, 4, bufs), 2);
    assert_grown(world, taken_merged, 2);
    assert_int_equal(bufs[0]->segment_bytes, DATA);
    assert_int_equal(bufs[0]->checksum, LEAT_CHECKSUM_VERIFIED);
    whole = flat(bufs[0]);
    assert_int_equal(whole.len, HEADERS + 3 * DATA - 30);
    assert_int_equal(frame_get16(whole.bytes + LENGTH_AT), whole.len - FRAME6_L4);
    assert_memory_equal(whole.bytes + HEADERS, payload, 3 * DATA - 30);
    assert_int_equal(whole.bytes[FRAME6_L4 + 13], 24);
    free_all(world, bufs, 2);
}

/* If any byte of a header differs, with a valid checksum, two segments aren't merged. */
static void every_byte_of_a_header_that_differs_keeps_segments_apart(void **state)
{
    struct world *world = *state;

    for (uint32_t at = 0; at < HEADERS; at++) {
        struct frame frames[2] = {segment6(0, DATA, 16), segment6(1, DATA, 16)};
        const bool may_differ = /* the urgent pointer without URG */
            at == FRAME6_L4 + 18 || at == FRAME6_L4 + 19;
        struct leat_buf *bufs[2];
        uint32_t left;

        frames[1].bytes[at] ^= 1;
        if (at != CHECKSUM_AT && at != CHECKSUM_AT + 1)
            seal(&frames[1]);
        left = merge(world, frames, 2, bufs);
        if (left != (may_differ ? 1 : 2))
            fail_msg("byte %u", (unsigned)at);
        free_all(world, bufs, left);
    }
}

static void damaged_segments_are_not_merged(void **state)
{
    struct world *world = *state;

    for (uint32_t at = FRAME6_L4; at < HEADERS + DATA; at++) {
        for (unsigned which = 0; which < 2; which++) {
            struct frame frames[2] = {segment6(0, DATA, 16), segment6(1, DATA, 16)};
            struct leat_buf *bufs[2];

            frames[which].bytes[at] ^= 0x40;
            assert_int_equal(merge(world, frames, 2, bufs), 2);
            free_all(world, bufs, 2);
        }
    }
}

/* Flows of both families, interleaved; a packet with extension headers may belong to any flow. */
static void flows_of_both_families_become_one_each(void **state)
{
    struct world *world = *state;
    struct frame frames[] = {segment6(0, DATA, 16), segment(0, DATA, 16), segment6(1, DATA, 16),
                             segment(1, DATA, 16), segment6(2, DATA, 16)};
    struct leat_buf *bufs[5];

    assert_int_equal(merge(world, frames, 5, bufs), 2);
    assert_int_equal(leat_buf_total(bufs[0]), frames[0].len + 2 * DATA);
    assert_int_equal(leat_buf_total(bufs[1]), frames[1].len + DATA);
    free_all(world, bufs, 2);
    frames[2].bytes[NEXT_AT] = 60; /* destination options: the ports are at another offset */
    assert_int_equal(merge(world, frames, 5, bufs), 5);
    free_all(world, bufs, 5);
    frames[2] = segment6(7, DATA, 0x30); /* URG, of the same flow */
    assert_int_equal(merge(world, frames, 5, bufs), 4);
    free_all(world, bufs, 4);
}

static void a_cut_super_frame_is_merged_again(void **state)
{
    struct world *world = *state;
    const struct frame headers = segment6(0, 0, 24);
    struct leat_buf *super = leat_buf_alloc_small(leat_pool(world->stack), 20);
    struct leat_buf *bufs[COUNT_MAX], *cut;
    struct frame whole;
    uint32_t count = 0;

    memcpy(leat_buf_put(super, headers.len), headers.bytes, headers.len);
    leat_buf_append(super,
                    leat_buf_lend(leat_pool(world->stack), payload, 9 * DATA + 50, NULL, NULL));
    super->segment_bytes = DATA;
    super->checksum = LEAT_CHECKSUM_PARTIAL;
    do {
        const uint32_t here = count == 9 ? 50 : DATA;
        const struct frame wanted = segment6(count, here, count == 9 ? 24 : 16);
        struct frame seen;

        cut = gso_cut(world->stack, super, false);
        seen = flat(cut);
        assert_int_equal(seen.len, wanted.len);
        assert_memory_equal(seen.bytes, wanted.bytes, wanted.len);
        bufs[count++] = buf_of(world, &seen);
        leat_buf_free(cut);
    } while (cut != super);
    assert_int_equal(count, 10);
    world_mark(world);
    assert_int_equal(gro_merge(world->stack, bufs, count), 1);
    whole = flat(bufs[0]);
    assert_memory_equal(whole.bytes + HEADERS, payload, 9 * DATA + 50);
    free_all(world, bufs, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        super_test(segments_that_follow_each_other_become_one),
        super_test(every_byte_of_a_header_that_differs_keeps_segments_apart),
        super_test(damaged_segments_are_not_merged),
        super_test(flows_of_both_families_become_one_each),
        super_test(a_cut_super_frame_is_merged_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
