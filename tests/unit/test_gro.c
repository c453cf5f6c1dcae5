/* test_gro.c -- consecutive segments of a burst become one super-frame. */
#include "super.h"

static void segments_that_follow_each_other_become_one(void **state)
{
    struct world *world = *state;
    const struct frame frames[] = {segment(0, DATA, 16), segment(1, DATA, 16),
                                   segment(2, DATA - 30, 24), segment(3, DATA, 16)};
    struct leat_buf *bufs[4];
    struct frame whole;

    assert_int_equal(merge(world, frames, 4, bufs), 2); /* PSH and the short segment end it */
    assert_grown(world, taken_merged, 2);
    assert_int_equal(bufs[0]->segment_bytes, DATA);
    assert_int_equal(bufs[0]->checksum, LEAT_CHECKSUM_VERIFIED);
    whole = flat(bufs[0]);
    assert_sealed(&whole, false);
    assert_int_equal(whole.len, FRAME_L4 + 20 + sizeof ts + 3 * DATA - 30);
    assert_memory_equal(whole.bytes + FRAME_L4 + 32, payload, 3 * DATA - 30);
    assert_int_equal(whole.bytes[FRAME_L4 + 13], 24);
    assert_int_equal(bufs[1]->segment_bytes, 0);
    free_all(world, bufs, 2);
}

/* If any byte of a header differs, with valid checksums, two segments aren't merged. */
static void every_byte_of_a_header_that_differs_keeps_segments_apart(void **state)
{
    struct world *world = *state;
    const struct frame good[2] = {segment(0, DATA, 16), segment(1, DATA, 16)};

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
    const struct frame frames[] = {segment(0, DATA, 16), segment(1, DATA, 16)};
    struct leat_buf *bufs[2];

    for (unsigned i = 0; i < 2; i++)
        bufs[i] =
            leat_buf_lend(leat_pool(world->stack), frames[i].bytes, frames[i].len, NULL, NULL);
    world_mark(world);
    assert_int_equal(gro_merge(world->stack, bufs, 2), 2);
    free_all(world, bufs, 2);
}

static void damaged_segments_are_not_merged(void **state)
{
    struct world *world = *state;

    for (uint32_t at = FRAME_IP; at < FRAME_L4 + 20 + sizeof ts + DATA; at++) {
        for (unsigned which = 0; which < 2; which++) {
            struct frame frames[2] = {segment(0, DATA, 16), segment(1, DATA, 16)};
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
    struct frame frames[2] = {segment(0, DATA, 16), segment(1, DATA, 16)};
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

static void only_consecutive_segments_are_merged(void **state)
{
    static const struct {
        uint32_t second_index, first_len, second_len;
        uint8_t first_flags, second_flags;
    } cases[] = {
        {2, DATA, DATA, 16, 16},     /* a gap */
        {0, DATA, DATA, 16, 16},     /* a duplicate */
        {1, DATA, DATA, 24, 16},     /* PSH: end of the sender's data */
        {1, DATA, DATA, 16, 17},     /* FIN */
        {1, DATA, DATA, 16, 20},     /* RST */
        {1, DATA, DATA, 16, 0x30},   /* URG */
        {1, DATA, DATA, 16, 0x50},   /* ECE */
        {1, DATA, DATA, 0x90, 16},   /* CWR */
        {1, DATA, 0, 16, 16},        /* a pure ACK */
        {1, DATA, DATA + 1, 16, 16}, /* longer than the first */
        {1, DATA, DATA, 0, 0}        /* no ACK */
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

/* Sets AE, CWR and ECE of @frame: a counter of Accurate ECN, in nearly every segment. */
static void set_ace(struct frame *frame, unsigned ace)
{
    frame->bytes[FRAME_L4 + 12] = (uint8_t)((frame->bytes[FRAME_L4 + 12] & 0xfe) | ace >> 2);
    frame->bytes[FRAME_L4 + 13] = (uint8_t)((frame->bytes[FRAME_L4 + 13] & 0x3f) | (ace & 3) << 6);
    frame_seal_tcp(frame);
}

static void segments_that_say_the_same_of_ECN_are_merged(void **state)
{
    struct world *world = *state;

    for (unsigned i = 0; i < 64; i++) {
        const unsigned ace = i >> 3, next_ace = i & 7;
        struct frame frames[2] = {segment(0, DATA, 16), segment(1, DATA, 24)};
        struct leat_buf *bufs[2];
        uint32_t left;

        set_ace(&frames[0], ace);
        set_ace(&frames[1], next_ace);
        left = merge(world, frames, 2, bufs);
        assert_int_equal(left, ace == next_ace ? 1 : 2);
        if (left == 1) {
            const struct frame whole = flat(bufs[0]);

            assert_int_equal(whole.bytes[FRAME_L4 + 12], frames[0].bytes[FRAME_L4 + 12]);
            assert_int_equal(whole.bytes[FRAME_L4 + 13], frames[1].bytes[FRAME_L4 + 13]);
        }
        free_all(world, bufs, left);
    }
}

/* @rounds segments from each of @senders, interleaved. */
static void segments_in_turn(struct frame *frames, uint32_t senders, uint32_t rounds)
{
    for (uint32_t i = 0; i < senders * rounds; i++)
        frames[i] = segment_of((uint16_t)(80 + i % senders), i / senders, DATA, 16);
}

static void segments_of_senders_in_turn_become_one_each(void **state)
{
    enum {
        SENDERS = 32,
        ROUNDS = 3
    };
    static struct frame frames[SENDERS * ROUNDS];
    struct leat_buf *bufs[SENDERS * ROUNDS];
    struct world *world = *state;

    segments_in_turn(frames, SENDERS, ROUNDS);
    assert_int_equal(merge(world, frames, SENDERS * ROUNDS, bufs), SENDERS);
    for (uint32_t i = 0; i < SENDERS; i++) {
        const struct frame merged = flat(bufs[i]);

        assert_sealed(&merged, false);
        assert_int_equal(merged.len, frames[0].len + (ROUNDS - 1) * DATA);
        assert_int_equal(frame_get16(merged.bytes + FRAME_IP + 20), 80 + i);
        assert_memory_equal(merged.bytes + frames[0].len - DATA, payload, ROUNDS * DATA);
    }
    free_all(world, bufs, SENDERS);
}

/* With too many senders, each frame is still processed once, those of one sender in order. */
static void senders_beyond_those_remembered_lose_nothing(void **state)
{
    enum {
        SENDERS = 41,
        ROUNDS = 4
    };
    static struct frame frames[SENDERS * ROUNDS];
    struct leat_buf *bufs[SENDERS * ROUNDS];
    struct world *world = *state;
    uint32_t next[SENDERS] = {0};
    uint32_t left;

    segments_in_turn(frames, SENDERS, ROUNDS);
    left = merge(world, frames, SENDERS * ROUNDS, bufs);
    for (uint32_t i = 0; i < left; i++) {
        const struct frame merged = flat(bufs[i]);
        const uint32_t sender = frame_get16(merged.bytes + FRAME_IP + 20) - 80u;
        const uint32_t len = merged.len - frames[0].len + DATA;

        assert_sealed(&merged, false);
        assert_int_equal(frame_get32(merged.bytes + FRAME_IP + 24), seq_begin + next[sender]);
        next[sender] += len;
    }
    for (uint32_t sender = 0; sender < SENDERS; sender++)
        assert_int_equal(next[sender], ROUNDS * DATA);
    free_all(world, bufs, left);
}

/* A request is a segment with PSH, with which no super-frame begins. */
static void requests_take_no_place_among_the_senders_remembered(void **state)
{
    enum {
        REQUESTS = 64,
        COUNT = REQUESTS + 3
    };
    static struct frame frames[COUNT];
    struct leat_buf *bufs[COUNT];
    struct world *world = *state;

    frames[0] = segment_of(80, 0, DATA, 16);
    for (uint32_t i = 0; i < REQUESTS; i++)
        frames[1 + i] = segment_of((uint16_t)(100 + i), 0, DATA, 24);
    frames[COUNT - 2] = segment_of(81, 0, DATA, 16);
    frames[COUNT - 1] = segment_of(81, 1, DATA, 24);
    assert_int_equal(merge(world, frames, COUNT, bufs), COUNT - 1);
    assert_int_equal(leat_buf_total(bufs[COUNT - 2]), frames[0].len + DATA);
    free_all(world, bufs, COUNT - 1);
}

/* A segment that can't be merged ends the super-frame of its flow, or else data would overtake
 * it. */
static void an_unmergeable_segment_is_not_overtaken_in_its_flow(void **state)
{
    struct world *world = *state;
    const struct frame frames[] = {
        segment_of(80, 0, DATA, 16),   segment_of(81, 0, DATA, 16),
        segment_of(80, 7, DATA, 0x30), /* URG */
        segment_of(81, 1, DATA, 16),   segment_of(80, 1, DATA, 16),
    };
    struct leat_buf *bufs[5];

    assert_int_equal(merge(world, frames, 5, bufs), 4);
    assert_int_equal(leat_buf_total(bufs[0]), frames[0].len);
    assert_int_equal(leat_buf_total(bufs[1]), frames[1].len + DATA);
    assert_int_equal(leat_buf_total(bufs[2]), frames[2].len);
    assert_int_equal(leat_buf_total(bufs[3]), frames[4].len);
    free_all(world, bufs, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        super_test(segments_that_follow_each_other_become_one),
        super_test(every_byte_of_a_header_that_differs_keeps_segments_apart),
        super_test(lent_frames_are_not_merged),
        super_test(damaged_segments_are_not_merged),
        super_test(device_that_has_verified_is_believed),
        super_test(only_consecutive_segments_are_merged),
        super_test(segments_that_say_the_same_of_ECN_are_merged),
        super_test(segments_of_senders_in_turn_become_one_each),
        super_test(senders_beyond_those_remembered_lose_nothing),
        super_test(requests_take_no_place_among_the_senders_remembered),
        super_test(an_unmergeable_segment_is_not_overtaken_in_its_flow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
