/* test_order.c -- frames for streams that are over, or were never begun. */
#include "http2_test.h"

static void check_refused(struct fixture *f, struct peer *peer, uint32_t code)
{
    world_wait(f->world, 100 * ms);
    assert_true(peer->goaway);
    assert_int_equal(peer->goaway_code, code);
    assert_true(peer->ended);
    assert_int_equal(f->counts->errors, 1);
    close_peer(peer);
}

/* A client with a request whose reply has come. */
static struct peer *ask_once(struct fixture *f)
{
    struct peer *peer = connect_peer(f);

    assert_true(get(peer, "/")->closed);
    assert_false(peer->goaway);
    return peer;
}

static void test_data_for_a_stream_that_is_over(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = ask_once(f);

    send_frame(peer, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "x", 1);
    check_refused(f, peer, NGHTTP2_STREAM_CLOSED);
}

static void test_a_head_for_a_stream_that_is_over(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = ask_once(f);

    send_frame(peer, NGHTTP2_HEADERS, END, 1, BYTES(GET_ROOT));
    check_refused(f, peer, NGHTTP2_STREAM_CLOSED);
    assert_int_equal(f->counts->requests, 1);
}

static void test_data_behind_a_reset(void **state)
{
    static const uint8_t cancel[] = {0, 0, 0, NGHTTP2_CANCEL};
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);

    ask(peer, "POST", "/hold", 200000, NULL);
    flush(peer);
    world_wait(f->world, 10 * ms);
    send_frame(peer, NGHTTP2_RST_STREAM, 0, 1, cancel, 4);
    send_frame(peer, NGHTTP2_DATA, 0, 1, "x", 1);
    check_refused(f, peer, NGHTTP2_STREAM_CLOSED);
    assert_int_equal(f->app.failed, 1);
}

static void test_streams_are_begun_in_order(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);

    send_frame(peer, NGHTTP2_HEADERS, END, 5, BYTES(GET_ROOT));
    send_frame(peer, NGHTTP2_HEADERS, END, 3, BYTES(GET_ROOT));
    check_refused(f, peer, NGHTTP2_PROTOCOL_ERROR);
    assert_true(f->counts->requests <= 1);
}

static void test_a_connection_has_no_priority(void **state)
{
    static const uint8_t priority[] = {0, 0, 0, 3, 7};
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);

    send_frame(peer, NGHTTP2_PRIORITY, 0, 0, priority, 5);
    check_refused(f, peer, NGHTTP2_PROTOCOL_ERROR);
}

/* The server doesn't want the rest of a body, but its client can't know that yet. */
static void test_frames_may_cross_with_a_reset_of_ours(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);
    struct reply *reply;

    reply = ask(peer, "POST", "/count", BIG_BYTES + 1, "content-length", "300001", NULL);
    flush(peer);
    assert_true(world_run(f->world, &reply->closed, second));
    send_frame(peer, NGHTTP2_DATA, 0, 1, "x", 1);
    for (unsigned i = 0; i < 40; i++) /* the stream may be forgotten meanwhile */
        assert_true(get(peer, "/")->whole);
    send_frame(peer, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "x", 1);
    assert_true(get(peer, "/")->whole);
    assert_false(peer->goaway);
    close_peer(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_data_for_a_stream_that_is_over),
        TEST(test_a_head_for_a_stream_that_is_over),
        TEST(test_data_behind_a_reset),
        TEST(test_streams_are_begun_in_order),
        TEST(test_a_connection_has_no_priority),
        TEST(test_frames_may_cross_with_a_reset_of_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
