/* test_framing.c -- frames from a stream that is cut anywhere. */
#include "unit_pool.h"

#include "framing.h"

enum {
    BUF_BYTES = 512,
    FRAME_MAX = 1518,
    STREAM_MAX = 64 * 1024
};

static struct unit_pool unit;
static struct framing framing;
static struct leat_socket_counters counters;
static uint8_t stream[STREAM_MAX];
static uint32_t stream_bytes;

static int open_framing(void **state)
{
    (void)state;
    unit_pool_open(&unit, 256, BUF_BYTES, 64, 256);
    counters = (struct leat_socket_counters){0};
    leat_framing_init(&framing, FRAME_MAX, false, &counters);
    stream_bytes = 0;
    return 0;
}

static int close_framing(void **state)
{
    (void)state;
    leat_framing_reset(&framing);
    unit_pool_close(&unit);
    return 0;
}

static uint8_t byte_of(uint32_t frame, uint32_t at)
{
    return (uint8_t)(frame * 31 + at * 7 + (at >> 8));
}

/* The peer writes the length @len, and then a frame of @bytes. */
static void write_frame(uint32_t number, uint32_t len, uint32_t bytes)
{
    const uint8_t head[FRAME_LENGTH_BYTES] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16),
                                              (uint8_t)(len >> 8), (uint8_t)len};

    assert_true(stream_bytes + sizeof head + bytes <= STREAM_MAX);
    memcpy(stream + stream_bytes, head, sizeof head);
    stream_bytes += sizeof head;
    for (uint32_t i = 0; i < bytes; i++)
        stream[stream_bytes++] = byte_of(number, i);
}

/* Feeds bytes @from .. @to of the stream, in buffers as a read would fill them. */
static void read_part(uint32_t from, uint32_t to)
{
    while (from < to) {
        struct leat_buf *buf = leat_buf_alloc(&unit.pool, 126);
        uint32_t here = leat_buf_tailroom(buf);

        if (here > to - from)
            here = to - from;
        memcpy(leat_buf_put(buf, here), stream + from, here);
        leat_framing_put(&framing, buf);
        from += here;
    }
}

/* @frame is number @number, and its headers are contiguous in the first piece. */
static void expect_frame(struct leat_buf *frame, uint32_t number, uint32_t len)
{
    uint8_t bytes[FRAME_MAX];

    assert_int_equal(leat_buf_total(frame), len);
    assert_true(frame->len >= (len < 134 ? len : 134));
    leat_buf_read(frame, 0, bytes, len);
    for (uint32_t i = 0; i < len; i++)
        assert_int_equal(bytes[i], byte_of(number, i));
    leat_buf_free(frame);
}

static void expect_more(void)
{
    struct leat_buf *frame = NULL;

    assert_int_equal(leat_framing_take(&framing, &unit.pool, &frame), FRAMING_MORE);
}

static void expect_next(uint32_t number, uint32_t len)
{
    struct leat_buf *frame = NULL;

    assert_int_equal(leat_framing_take(&framing, &unit.pool, &frame), FRAMING_FRAME);
    expect_frame(frame, number, len);
}

static void frames_come_whole_wherever_the_stream_is_cut(void **state)
{
    static const uint32_t lengths[] = {14, 60, 133, 134, 135, 700, 1518, 64};
    enum {
        COUNT = sizeof lengths / sizeof lengths[0]
    };

    (void)state;
    for (uint32_t i = 0; i < COUNT; i++)
        write_frame(i, lengths[i], lengths[i]);
    for (uint32_t cut = 0; cut <= stream_bytes; cut++) {
        struct leat_buf *frame;
        uint32_t number = 0;

        read_part(0, cut);
        while (leat_framing_take(&framing, &unit.pool, &frame) == FRAMING_FRAME) {
            expect_frame(frame, number, lengths[number]);
            number++;
        }
        read_part(cut, stream_bytes);
        for (; number < COUNT; number++)
            expect_next(number, lengths[number]);
        expect_more();
        assert_int_equal(framing.bytes, 0);
    }
}

static void every_length_comes_through_byte_by_byte(void **state)
{
    (void)state;
    for (uint32_t len = FRAME_MIN; len <= 240; len++) {
        stream_bytes = 0;
        write_frame(len, len, len);
        for (uint32_t at = 0; at < stream_bytes; at++) {
            expect_more();
            read_part(at, at + 1);
        }
        expect_next(len, len);
        assert_true(pool_is_whole(&unit.pool));
    }
}

static void frames_that_share_a_buffer_are_not_copied(void **state)
{
    struct leat_buf *frames[3];

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        write_frame(i, 60, 60);
    read_part(0, stream_bytes);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(leat_framing_take(&framing, &unit.pool, &frames[i]), FRAMING_FRAME);
    assert_ptr_equal(frames[0]->owner, frames[2]->owner);
    assert_int_equal(unit.pool.lists[POOL_FULL].free_count, 255);
    assert_int_equal(counters.rx_copied, 0);
    for (uint32_t i = 0; i < 3; i++)
        expect_frame(frames[i], i, 60);
}

static void frames_too_short_or_too_long_are_counted_and_passed_over(void **state)
{
    (void)state;
    write_frame(1, 13, 13);
    write_frame(2, 0, 0);
    write_frame(3, FRAME_MAX + 1, FRAME_MAX + 1);
    write_frame(4, 60, 60);
    write_frame(5, FRAME_LIMIT, 3000); /* truncated by the test, not by the peer */
    read_part(0, stream_bytes);
    expect_next(4, 60);
    expect_more();
    assert_int_equal(counters.rx_short, 2);
    assert_int_equal(counters.rx_long, 2);
    assert_int_equal(framing.skip_bytes, FRAME_LIMIT - 3000);
    assert_true(pool_is_whole(&unit.pool)); /* discarded data holds no buffer */
}

static void an_illegal_length_breaks_the_stream_behind_earlier_frames(void **state)
{
    struct leat_buf *frame;

    (void)state;
    write_frame(1, 60, 60);
    write_frame(2, UINT32_MAX, 10);
    read_part(0, stream_bytes);
    expect_next(1, 60);
    assert_int_equal(leat_framing_take(&framing, &unit.pool, &frame), FRAMING_BROKEN);
    assert_int_equal(framing.broken_word, UINT32_MAX);
}

static void a_frame_stays_while_there_is_no_descriptor(void **state)
{
    struct leat_buf *taken[256], *frame;
    uint32_t count = 0;

    (void)state;
    write_frame(1, 60, 60);
    write_frame(2, 700, 700);
    write_frame(3, 60, 60);
    read_part(0, stream_bytes);
    while (count < 256 && (taken[count] = leat_buf_slice(framing.first, 0, 1)))
        count++;
    assert_int_equal(leat_framing_take(&framing, &unit.pool, &frame), FRAMING_NO_MEMORY);
    for (uint32_t i = 0; i < count; i++)
        leat_buf_free(taken[i]);
    expect_next(1, 60);
    expect_next(2, 700);
    expect_next(3, 60);
}

static void a_head_that_must_be_copied_waits_for_memory(void **state)
{
    struct leat_buf *taken[256 + 64], *frame;
    uint32_t count = 0;

    (void)state;
    write_frame(1, 400, 400);
    read_part(0, 50); /* the headers span two buffers */
    read_part(50, stream_bytes);
    while ((taken[count] = leat_buf_alloc_small(&unit.pool, 0)))
        count++;
    while ((taken[count] = leat_buf_alloc(&unit.pool, 0)))
        count++;
    assert_int_equal(leat_framing_take(&framing, &unit.pool, &frame), FRAMING_NO_MEMORY);
    for (uint32_t i = 0; i < count; i++)
        leat_buf_free(taken[i]);
    expect_next(1, 400);
    assert_int_equal(counters.rx_copied, 134);
}

static void a_frame_that_is_given_up_frees_its_buffers_and_is_passed_over(void **state)
{
    (void)state;
    write_frame(1, 1500, 1500);
    write_frame(2, 60, 60);
    read_part(0, 900);
    expect_more();
    leat_framing_give_up(&framing);
    assert_true(pool_is_whole(&unit.pool));
    assert_int_equal(counters.rx_dropped, 1);
    read_part(900, stream_bytes);
    expect_next(2, 60);
}

/* The peer writes the header word @word, and then a frame of 60 bytes. */
static void write_word(uint32_t number, uint32_t word)
{
    write_frame(number, word, 60);
}

static void expect_checksum(uint32_t number, enum leat_checksum checksum)
{
    struct leat_buf *frame = NULL;

    assert_int_equal(leat_framing_take(&framing, &unit.pool, &frame), FRAMING_FRAME);
    assert_int_equal(frame->checksum, checksum);
    expect_frame(frame, number, 60);
}

static void a_mark_names_the_left_out_checksum(void **state)
{
    (void)state;
    framing.marked = true;
    write_word(1, FRAME_MARKED | 60);
    write_word(2, FRAME_MARKED | FRAME_NEVER_ON_A_WIRE | 60);
    write_word(3, FRAME_MARKED | 60);
    for (uint32_t at = 0; at < stream_bytes; at++) /* also over many buffers */
        read_part(at, at + 1);
    expect_checksum(1, LEAT_CHECKSUM_UNKNOWN);
    expect_checksum(2, LEAT_CHECKSUM_VERIFIED);
    expect_checksum(3, LEAT_CHECKSUM_UNKNOWN);
    expect_more();
}

static void expect_broken(bool marked, uint32_t word)
{
    struct leat_buf *frame;

    leat_framing_reset(&framing);
    framing.marked = marked;
    stream_bytes = 0;
    write_word(1, word);
    read_part(0, stream_bytes);
    assert_int_equal(leat_framing_take(&framing, &unit.pool, &frame), FRAMING_BROKEN);
    assert_int_equal(framing.broken_word, word);
}

static void marks_stand_in_every_word_or_in_none(void **state)
{
    (void)state;
    expect_broken(true, 60);
    expect_broken(true, FRAME_NEVER_ON_A_WIRE | 60);
    expect_broken(true, FRAME_MARKED | (FRAME_LIMIT + 1));
    expect_broken(true, FRAME_MARKED | 1u << 29 | 60);
    expect_broken(false, FRAME_MARKED | 60);
    expect_broken(false, FRAME_NEVER_ON_A_WIRE | 60);
}

int main(void)
{
#define FRAMING_TEST(name) cmocka_unit_test_setup_teardown(name, open_framing, close_framing)
    const struct CMUnitTest tests[] = {
        FRAMING_TEST(frames_come_whole_wherever_the_stream_is_cut),
        FRAMING_TEST(every_length_comes_through_byte_by_byte),
        FRAMING_TEST(frames_that_share_a_buffer_are_not_copied),
        FRAMING_TEST(frames_too_short_or_too_long_are_counted_and_passed_over),
        FRAMING_TEST(an_illegal_length_breaks_the_stream_behind_earlier_frames),
        FRAMING_TEST(a_frame_stays_while_there_is_no_descriptor),
        FRAMING_TEST(a_head_that_must_be_copied_waits_for_memory),
        FRAMING_TEST(a_frame_that_is_given_up_frees_its_buffers_and_is_passed_over),
        FRAMING_TEST(a_mark_names_the_left_out_checksum),
        FRAMING_TEST(marks_stand_in_every_word_or_in_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
