/* test_streams.c -- requests of HTTP/2, and their replies. */
#include "http2_test.h"

static void test_a_page_has_its_fields(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);
    const struct reply *reply = get(peer, "/");

    assert_string_equal(reply->status, "200");
    assert_true(reply->whole && reply->code == NGHTTP2_NO_ERROR);
    assert_int_equal(reply->have, 11);
    assert_memory_equal(reply->bytes, "<p>leat</p>", 11);
    assert_non_null(strstr(reply->fields, "content-type: text/html\n"));
    assert_non_null(strstr(reply->fields, "content-length: 11\n"));
    assert_non_null(strstr(reply->fields, "etag: \"00000000000000aa\"\n"));
    assert_null(strstr(reply->fields, "connection"));
    assert_int_equal(f->counts->connections, 1);
    assert_int_equal(f->counts->requests, 1);
    assert_int_equal(f->web->ok, 1);
    close_peer(peer);
}

static void test_a_log_names_the_version(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = open_peer(f, 0x0a000009);
    struct reply *reply;

    nghttp2_submit_settings(peer->frames, NGHTTP2_FLAG_NONE, NULL, 0);
    reply = ask(peer, "GET", "/?a=b", 0, "user-agent", "x/1", "referer", "https://y/", NULL);
    flush(peer);
    assert_true(world_run(f->world, &reply->closed, second));
    assert_non_null(strstr(f->log, "10.0.0.9 - - "));
    assert_non_null(strstr(f->log, "\"GET /?a=b HTTP/2.0\" 200 11 \"https://y/\" \"x/1\""));
    close_peer(peer);
}

/* Replies of more than all windows, on several streams at once, arrive whole. */
static void test_streams_share_a_connection(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);
    struct reply *replies[8];

    for (unsigned i = 0; i < 8; i++)
        replies[i] = ask(peer, "GET", i == 3 ? "/" : "/big", 0, NULL);
    flush(peer);
    world_wait(f->world, 2 * second);
    for (unsigned i = 0; i < 8; i++) {
        assert_true(replies[i]->whole);
        assert_int_equal(replies[i]->have, i == 3 ? 11 : BIG_BYTES);
        if (i != 3)
            assert_memory_equal(replies[i]->bytes, big, BIG_BYTES);
    }
    assert_true(nghttp2_session_want_read(peer->frames));
    close_peer(peer);
}

static void test_replies_without_a_body_end_with_their_head(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);
    struct reply *reply = ask(peer, "HEAD", "/big", 0, NULL);
    struct reply *same = ask(peer, "GET", "/", 0, "if-none-match", "\"00000000000000aa\"", NULL);
    struct reply *empty = ask(peer, "GET", "/empty", 0, NULL);
    struct reply *missing = ask(peer, "GET", "/missing", 0, NULL);

    flush(peer);
    world_wait(f->world, second);
    assert_string_equal(reply->status, "200");
    assert_non_null(strstr(reply->fields, "content-length: 300000\n"));
    assert_true(reply->whole && reply->have == 0);
    assert_string_equal(same->status, "304");
    assert_true(same->whole && same->have == 0);
    assert_string_equal(empty->status, "200");
    assert_true(empty->whole && empty->have == 0);
    assert_string_equal(missing->status, "404");
    assert_true(missing->whole && missing->have == strlen("Not Found\n"));
    close_peer(peer);
}

/* A body of unknown length is in chunks for the route, and its reply, too; neither shows. */
static void test_bodies_come_back_without_chunks(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);
    struct reply *unknown = ask(peer, "POST", "/echo", 200000, NULL);
    struct reply *known = ask(peer, "POST", "/echo", 3000, "content-length", "3000", NULL);
    struct reply *none = ask(peer, "POST", "/echo", 0, NULL);

    flush(peer);
    world_wait(f->world, 2 * second);
    assert_int_equal(unknown->have, 200000);
    assert_int_equal(known->have, 3000);
    assert_int_equal(none->have, 0);
    for (size_t i = 0; i < unknown->have; i++)
        assert_int_equal(unknown->bytes[i], 'b');
    assert_true(unknown->whole && known->whole && none->whole);
    assert_non_null(strstr(known->fields, "x-own: Yes\n"));
    assert_null(strstr(known->fields, "transfer-encoding"));
    assert_int_equal(f->app.requests, 3);
    close_peer(peer);
}

/* A body that its route doesn't read stops at the window, and goes on when it is read. */
static void test_windows_follow_the_route(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);
    struct reply *reply;

    f->app.hold_body = true;
    reply = ask(peer, "POST", "/echo", 200000, NULL);
    flush(peer);
    world_wait(f->world, second);
    assert_int_equal(reply->body_left, 200000 - 65535);
    /* the other streams of the connection go on */
    assert_string_equal(get(peer, "/")->status, "200");
    f->app.hold_body = false;
    echo_now(f);
    world_wait(f->world, 2 * second);
    assert_int_equal(reply->have, 200000);
    assert_true(reply->whole);
    close_peer(peer);
}

static void test_permission_to_send_a_body_is_given(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);
    struct reply *reply = ask(peer, "POST", "/count", 100, "expect", "100-continue", NULL);

    flush(peer);
    assert_true(world_run(f->world, &reply->closed, second));
    assert_int_equal(reply->informed, 1);
    assert_string_equal(reply->status, "204");
    assert_int_equal(f->app.body_bytes, 100);
    close_peer(peer);
}

/* RFC 9113 8.1: the reply is whole, and the rest of the request isn't wanted. */
static void test_a_reply_before_the_end_of_the_body(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);
    struct reply *reply =
        ask(peer, "POST", "/count", BIG_BYTES + 1, "content-length", "300001", NULL);

    flush(peer);
    assert_true(world_run(f->world, &reply->closed, second));
    assert_string_equal(reply->status, "413");
    assert_int_equal(reply->code, NGHTTP2_NO_ERROR);
    assert_string_equal(get(peer, "/")->status, "200");
    close_peer(peer);
}

static void test_a_reset_ends_the_exchange(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);
    struct reply *reply = ask(peer, "GET", "/hold", 0, NULL);

    flush(peer);
    world_wait(f->world, 10 * ms);
    assert_non_null(f->app.held);
    nghttp2_submit_rst_stream(peer->frames, NGHTTP2_FLAG_NONE, reply->id, NGHTTP2_CANCEL);
    flush(peer);
    world_wait(f->world, 10 * ms);
    assert_null(f->app.held);
    assert_int_equal(f->app.failed, 1);
    assert_int_equal(f->app.why, LEAT_ERR_RESET);
    assert_int_equal(f->counts->resets, 1);
    close_peer(peer);
}

static void test_an_exchange_that_fails_resets_its_stream_only(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);
    struct reply *reply = ask(peer, "GET", "/hold", 0, NULL);

    flush(peer);
    world_wait(f->world, 10 * ms);
    leat_http_abort(f->app.held);
    world_wait(f->world, 10 * ms);
    assert_true(reply->closed);
    assert_int_equal(reply->code, NGHTTP2_INTERNAL_ERROR);
    assert_string_equal(get(peer, "/")->status, "200");
    close_peer(peer);
}

static void test_a_connection_that_ends_ends_its_exchanges(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);

    ask(peer, "GET", "/hold", 0, NULL);
    ask(peer, "POST", "/count", 20, "content-length", "20", NULL);
    flush(peer);
    world_wait(f->world, 10 * ms);
    close_peer(peer);
    assert_int_equal(f->app.failed, 1);
    assert_int_equal(leat_http_server_clients(f->server), 0);
    assert_int_equal(leat_http2_connections(f->http2), 0);
}

static void test_an_idle_connection_is_told_to_go(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);

    get(peer, "/");
    assert_false(world_run(f->world, &peer->ended, 59 * second));
    assert_true(world_run(f->world, &peer->ended, 2 * second));
    assert_true(peer->goaway);
    assert_int_equal(peer->goaway_code, NGHTTP2_NO_ERROR);
    assert_int_equal(f->counts->idle, 1);
    /* it isn't kept for a client that doesn't close */
    world_wait(f->world, 3 * second);
    assert_int_equal(leat_http2_connections(f->http2), 0);
    close_peer(peer);
}

/* A drain names the last request that is answered, answers it, and closes. */
static void test_a_drain_finishes_what_has_begun(void **state)
{
    static const struct leat_http_head head = {.status = 200, .type = "text/plain"};
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);
    struct reply *reply = ask(peer, "GET", "/hold", 0, NULL);

    flush(peer);
    world_wait(f->world, 10 * ms);
    peer->ends[1].events->on_drain(NULL, false, peer->ends[1].arg);
    world_wait(f->world, 10 * ms);
    assert_true(peer->goaway);
    peer->ends[1].events->on_drain(NULL, true, peer->ends[1].arg);
    world_wait(f->world, 10 * ms);
    assert_false(peer->ended);
    leat_http_answer(f->app.held, &head, "late", 4);
    f->app.held = NULL;
    world_wait(f->world, 10 * ms);
    assert_true(reply->whole && reply->have == 4);
    assert_true(peer->ended);
    close_peer(peer);
}

/* Trailers (RFC 9113 8.1) end a body; nothing reads them. */
static void test_trailers_end_a_body(void **state)
{
    static const uint8_t head[] = "\x83\x87\x44\x06/count\x41\x04leat"; /* POST https */
    static const uint8_t trailer[] = "\x00\x01x\x01y";
    struct fixture *f = *state;
    struct peer *peer = connect_peer(f);

    send_frame(peer, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, head, sizeof head - 1);
    send_frame(peer, NGHTTP2_DATA, 0, 1, "12345", 5);
    send_frame(peer, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1,
               trailer, sizeof trailer - 1);
    world_wait(f->world, second);
    assert_int_equal(f->app.body_bytes, 5);
    assert_int_equal(f->web->ok, 1);
    close_peer(peer);
}

/* All of it works when the server's stack has few buffers, and none is lost. */
static void test_few_buffers(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = open_peer(f, 0);
    static struct hog hog;
    struct reply *replies[4];

    nghttp2_submit_settings(peer->frames, NGHTTP2_FLAG_NONE, NULL, 0);
    for (unsigned i = 0; i < 4; i++)
        replies[i] =
            ask(peer, i & 1 ? "POST" : "GET", i & 1 ? "/echo" : "/big", i & 1 ? 50000 : 0, NULL);
    flush(peer);
    take_all_but(&hog, f->world->stacks[SERVER], 3);
    world_wait(f->world, second);
    give_all(&hog);
    world_wait(f->world, 20 * second);
    for (unsigned i = 0; i < 4; i++)
        assert_true(replies[i]->closed);
    assert_true(replies[0]->whole || replies[0]->code == NGHTTP2_REFUSED_STREAM);
    close_peer(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_page_has_its_fields),
        TEST(test_a_log_names_the_version),
        TEST(test_streams_share_a_connection),
        TEST(test_replies_without_a_body_end_with_their_head),
        TEST(test_bodies_come_back_without_chunks),
        TEST(test_windows_follow_the_route),
        TEST(test_permission_to_send_a_body_is_given),
        TEST(test_a_reply_before_the_end_of_the_body),
        TEST(test_a_reset_ends_the_exchange),
        TEST(test_an_exchange_that_fails_resets_its_stream_only),
        TEST(test_a_connection_that_ends_ends_its_exchanges),
        TEST(test_an_idle_connection_is_told_to_go),
        TEST(test_a_drain_finishes_what_has_begun),
        TEST(test_trailers_end_a_body),
        TEST(test_few_buffers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
