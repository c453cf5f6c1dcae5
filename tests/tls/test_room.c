/* test_room.c -- room for data, limited by records and by the pool's buffers. */
#include "tls_test.h"

enum {
    WIDE = 1 << 18,
    LEFT = 8 /* buffers of the pool that sending leaves to others */
};

static uint32_t granted, room_before;

/* Limits the total room from now on. */
static uint32_t grant_in_all(struct pipe_end *end, uint32_t room)
{
    (void)end;
    room_before = room_before > 0 ? room_before : room;
    return granted > room_before - room ? granted - (room_before - room) : 0;
}

/* A record of less than 512 bytes is only worth its overhead if it holds all remaining data. */
static void test_room_that_is_worth_a_record(void **state)
{
    static const struct {
        uint32_t room, len, sent;
    } cases[] = {{TLS_OVERHEAD + 100, 100, 100},    {TLS_OVERHEAD + 99, 100, 0},
                 {TLS_OVERHEAD + 511, 1000, 0},     {TLS_OVERHEAD + 512, 1000, 512},
                 {TLS_OVERHEAD + 999, 1000, 999},   {TLS_OVERHEAD + 1000, 1000, 1000},
                 {TLS_OVERHEAD + 2000, 1000, 1000}, {TLS_OVERHEAD, 1, 0}};
    static uint8_t bytes[1000];
    struct fixture *f = *state;
    size_t total = 0;

    open_both(f, WIDE);
    f->ends[SERVER].grants = grant_in_all;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct leat_buf payload = {.data = bytes, .len = cases[i].len};

        granted = cases[i].room;
        room_before = 0;
        assert_int_equal(tls_data_send(session_of(f, SERVER), &payload, cases[i].len),
                         cases[i].sent);
        total += cases[i].sent;
        world_wait(f->world, ms);
        assert_int_equal(f->users[CLIENT]->have, total);
    }
    f->ends[SERVER].grants = NULL;
    leave(f);
}

/* A record takes whole buffers, and eight are left to others. */
static void test_room_is_no_more_than_the_pool_has(void **state)
{
    static struct hog hog;
    struct fixture *f = *state;
    struct leat_pool *pool = leat_pool(f->world->stacks[SERVER]);
    const struct leat_stream *stream = &f->users[SERVER]->stream;
    uint32_t size, data_max, each;

    open_both(f, WIDE);
    send_pattern(f, SERVER, 200000, 100000); /* long records from then on */
    size = leat_pool_buf_bytes(pool) - LEAT_BUF_HEADROOM;
    data_max = tls_data_max(session_of(f, SERVER));
    each = (data_max + TLS_OVERHEAD + size - 1) / size;
    assert_in_range(each, 2, 20);
    take_all_but(&hog, f->world->stacks[SERVER], LEFT + 3 * each);
    assert_int_equal(leat_stream_send_room(stream), 3 * data_max);
    give_all(&hog);
    take_all_but(&hog, f->world->stacks[SERVER], LEFT + 2 * each - 1);
    assert_int_equal(leat_stream_send_room(stream), data_max);
    give_all(&hog);
    take_all_but(&hog, f->world->stacks[SERVER], LEFT + 1);
    assert_int_equal(leat_stream_send_room(stream), size - TLS_OVERHEAD);
    give_all(&hog);
    take_all_but(&hog, f->world->stacks[SERVER], LEFT);
    assert_int_equal(leat_stream_send_room(stream), 0);
    give_all(&hog);
    leave(f);
}

/* A program that found no buffer gets one on_writable when there are some. */
static void test_a_pool_that_has_buffers_again_is_told_once(void **state)
{
    static struct hog hog;
    struct fixture *f = *state;

    open_both(f, WIDE);
    take_all_but(&hog, f->world->stacks[SERVER], 0);
    assert_int_equal(leat_stream_send_room(&f->users[SERVER]->stream), 0);
    assert_true(session_of(f, SERVER)->wanted > 0);
    give_all(&hog);
    f->users[SERVER]->writable = 0;
    for (unsigned i = 0; i < 1000 && f->users[SERVER]->writable == 0; i++)
        world_wait(f->world, ms);
    assert_int_equal(session_of(f, SERVER)->wanted, 0);
    world_wait(f->world, second);
    assert_int_equal(f->users[SERVER]->writable, 1);
    leave(f);
}

/* A program may take a record in parts; none is larger than it asks for. */
static void test_a_record_is_received_in_parts(void **state)
{
    static const uint32_t asked[] = {1, 30, 68, 1, 1}, got[] = {1, 30, 68, 1, 0};
    struct fixture *f = *state;
    const struct leat_stream *stream;
    char text[101];

    open_both(f, WIDE);
    stream = &f->users[SERVER]->stream;
    f->users[SERVER]->hold = true;
    memset(text, 'x', 100);
    text[100] = '\0';
    say(f, CLIENT, text);
    assert_null(leat_stream_receive(stream, 0));
    for (unsigned i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct leat_buf *data = leat_stream_receive(stream, asked[i]);

        assert_int_equal(leat_buf_total(data), got[i]);
        leat_buf_free(data);
        leat_stream_consumed(stream, got[i]);
    }
    assert_int_equal(session_of(f, SERVER)->data_bytes, 0);
    f->users[SERVER]->hold = false;
    leave(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_room_that_is_worth_a_record),
        TEST(test_a_record_is_received_in_parts),
        TEST(test_room_is_no_more_than_the_pool_has),
        TEST(test_a_pool_that_has_buffers_again_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
