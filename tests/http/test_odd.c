/* test_odd.c -- rare cases between client and server: connections that end, change or wait at odd
 * times. */
#include "call_test.h"

enum {
    WIDE = 3000
};

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* ---- The client --------------------------------------------------------------------------- */

static void test_each_method_has_its_name(void **state)
{
    static const struct {
        enum leat_http_method method;
        const char *name;
    } methods[] = {{LEAT_HTTP_GET, "GET /"},     {LEAT_HTTP_HEAD, "HEAD /"},
                   {LEAT_HTTP_POST, "POST /"},   {LEAT_HTTP_PUT, "PUT /"},
                   {LEAT_HTTP_PATCH, "PATCH /"}, {LEAT_HTTP_DELETE, "DELETE /"}};
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct peer *peer = open_peer(f);
        struct heard *heard = listen_for(URL);

        heard->request.method = methods[i].method;
        begin(f, heard);
        assert_memory_equal(peer->bytes, methods[i].name, strlen(methods[i].name));
        leat_http_call_close(heard->call);
        free(heard);
        close_peer(f, peer);
    }
}

/* The program has received a part of a complete reply and acknowledged nothing: the connection
 * stays. */
static void test_a_call_is_closed_before_its_reply_is_read(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = open_peer(f);
    struct heard *heard = listen_for(URL);
    struct leat_buf *part;

    heard->hold = true;
    begin(f, heard);
    say(f, peer, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789");
    part = leat_http_call_receive(heard->call, 4);
    assert_int_equal(leat_buf_total(part), 4);
    leat_buf_free(part);
    leat_http_call_close(heard->call);
    assert_false(peer->closed || leat_stream_at_end(&peer->stream));
    heard->hold = false;
    begin(f, heard);
    assert_int_equal(counts->reused, 2);
    say(f, peer, OK_REPLY);
    assert_string_equal(heard->bytes, "ok");
    free(heard);
    close_peer(f, peer);
}

static void test_a_connection_ends_under_a_call_that_is_over(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = open_peer(f);
    struct heard *heard = listen_for(URL);

    heard->keep_open = true;
    begin(f, heard);
    say(f, peer, OK_REPLY);
    assert_true(heard->over);
    leat_stream_abort(&peer->stream);
    world_wait(f->world, second);
    assert_false(heard->failed);
    leat_http_call_close(heard->call);
    assert_int_equal(counts->failed, 0);
    free(heard);
    close_peer(f, peer);
}

/* Received data of a reply stays readable after its connection has ended: all of it, or a part and
 * then the reason. */
static void test_a_connection_ends_before_its_reply_is_taken(void **state)
{
    static const char *const replies[] = {
        OK_REPLY, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", "HTTP/1.1 200 OK\r\n\r\nok"};
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof replies / sizeof *replies; i++) {
        struct peer *peer = open_peer(f);
        struct heard *heard = listen_for(URL);

        heard->hold = true;
        begin(f, heard);
        say(f, peer, replies[i]);
        leat_stream_abort(&peer->stream);
        world_wait(f->world, 100 * second);
        assert_false(heard->failed);
        heard->hold = false;
        take(heard);
        assert_string_equal(heard->bytes, "ok");
        world_wait(f->world, second);
        assert_int_equal(heard->over, i < 2);
        assert_int_equal(heard->failed, i >= 2);
        if (heard->failed)
            assert_int_equal(heard->why, LEAT_ERR_RESET);
        free(heard);
        close_peer(f, peer);
    }
}

/* The server answers before it has all of the request's body, and its connection ends. The body
 * can't be sent any more; the reply stays readable. */
static void test_a_connection_ends_while_a_body_is_sent(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 3; i++) {
        struct peer *peer = open_peer(f);
        struct heard *heard = listen_for(URL);

        heard->request.method = LEAT_HTTP_PUT;
        heard->request.body = i == 0 ? big : NULL;
        heard->request.body_len = i < 2 ? 20000 : LEAT_HTTP_ANY;
        heard->to_send = i == 0 ? 0 : 20000;
        heard->hold = peer->deaf = true;
        begin(f, heard);
        say(f, peer, OK_REPLY);
        assert_int_equal(heard->replies, 1);
        leat_stream_abort(&peer->stream);
        world_wait(f->world, 100 * second);
        assert_int_equal(leat_http_call_send_room(heard->call), 0);
        assert_int_equal(leat_http_call_write(heard->call, big, i == 0 ? 0 : 10), 0);
        world_wait(f->world, 100 * second);
        assert_false(heard->failed);
        heard->hold = false;
        take(heard);
        world_wait(f->world, second);
        assert_true(heard->over);
        assert_false(heard->failed);
        assert_string_equal(heard->bytes, "ok");
        free(heard);
        close_peer(f, peer);
    }
}

/* Each interim reply shows that the server is working. */
static void test_interim_replies_take_their_time(void **state)
{
    struct fixture *f = *state;
    struct peer *peer = open_peer(f);
    struct heard *heard = listen_for(URL);

    begin(f, heard);
    for (unsigned i = 0; i < 4; i++) {
        world_wait(f->world, 20 * second);
        assert_false(heard->failed);
        say(f, peer, "HTTP/1.1 102 Processing\r\n\r\n");
    }
    say(f, peer, OK_REPLY);
    assert_string_equal(heard->bytes, "ok");
    free(heard);
    close_peer(f, peer);
}

/* All places have kept connections to another server: the oldest is closed. */
static void test_a_kept_connection_gives_way_to_another_origin(void **state)
{
    struct fixture *f = *state;
    struct peer *first = open_peer(f), *second_one;
    struct heard *heard = listen_for("http://10.0.0.1/");

    world_wait(f->world, ms);
    second_one = open_peer(f);
    begin(f, heard);
    assert_true(leat_stream_at_end(&first->stream));
    assert_false(leat_stream_at_end(&second_one->stream));
    world_wait(f->world, second);
    assert_string_equal(heard->bytes, PAGE);
    free(heard);
    close_peer(f, first);
    close_peer(f, second_one);
}

/* Data that arrives just before the request is sent is no reply to it: another connection is
 * opened. */
static void test_data_comes_before_the_request_leaves(void **state)
{
    struct fixture *f = *state;
    struct pipe_end ends[2];
    struct heard *heard = listen_for("http://10.0.0.1/");
    struct leat_stream ours, theirs;
    size_t taken;

    pipe_open(ends, f->world->stacks[CLIENT], WIDE);
    ours = pipe_stream(&ends[0]);
    theirs = pipe_stream(&ends[1]);
    assert_int_equal(leat_http_client_keep(client, "http://10.0.0.1/", &ours), LEAT_OK);
    assert_int_equal(leat_http_call(client, &heard->request, &heard->call), LEAT_OK);
    leat_stream_write(&theirs, OK_REPLY, strlen(OK_REPLY), &taken);
    world_wait(f->world, second);
    assert_string_equal(heard->bytes, PAGE);
    assert_int_equal(counts->retried, 1);
    free(heard);
    leat_stream_abort(&theirs);
    world_wait(f->world, second);
}

static void test_how_long_a_reply_says_that_it_is(void **state)
{
    static const struct {
        const char *reply;
        uint64_t length;
    } replies[] = {
        {OK_REPLY, 2},
        {"HTTP/1.1 204 No\r\n\r\n", 0},
        {"HTTP/1.1 200 OK\r\n\r\nabc", LEAT_HTTP_ANY},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", LEAT_HTTP_ANY}};
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof replies / sizeof *replies; i++) {
        struct peer *peer = open_peer(f);
        struct heard *heard = listen_for(URL);

        heard->keep_open = true;
        begin(f, heard);
        say(f, peer, replies[i].reply);
        assert_true(leat_http_call_length(heard->call) == replies[i].length);
        leat_http_call_close(heard->call);
        free(heard);
        close_peer(f, peer);
    }
}

static void test_more_than_there_is_room_for_is_refused(void **state)
{
    struct fixture *f = *state;
    struct leat_pool *pool = leat_pool(f->world->stacks[CLIENT]);
    struct peer *peer = open_peer(f);
    struct heard *heard = listen_for(URL);

    heard->request.method = LEAT_HTTP_PUT;
    heard->request.body_len = 2 * WIDE;
    heard->request.on_writable = NULL;
    peer->deaf = true;
    begin(f, heard);
    assert_int_equal(
        leat_http_call_send(heard->call, leat_buf_lend(pool, big, 2 * WIDE, NULL, NULL)),
        LEAT_ERR_FULL);
    assert_int_equal(
        leat_http_call_send(heard->call, leat_buf_lend(pool, big, 2 * WIDE + 1, NULL, NULL)),
        LEAT_ERR_TOO_BIG);
    leat_http_call_close(heard->call);
    free(heard);
    close_peer(f, peer);
}

/* ---- The server --------------------------------------------------------------------------- */

/* The server is told to stop while it sends a file: the file is sent completely, then the end. */
static void test_a_server_stops_in_a_file(void **state)
{
    struct fixture *f = *state;
    struct client *reader = connect_client(f);

    reader->hold = true;
    send_text(reader, GET("/big", ""));
    world_wait(f->world, second);
    leat_http_server_stop(f->server);
    reader->hold = false;
    read_some(reader, UINT32_MAX);
    assert_true(world_run(f->world, &reader->closed, 10 * second));
    assert_int_equal(reader->why, LEAT_OK);
    assert_true(reader->have > BIG_BYTES);
    assert_memory_equal(reader->bytes + reader->have - BIG_BYTES, big, BIG_BYTES);
    leave_server(f, reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CALL_TEST(test_each_method_has_its_name),
        CALL_TEST(test_a_call_is_closed_before_its_reply_is_read),
        CALL_TEST(test_a_connection_ends_under_a_call_that_is_over),
        CALL_TEST(test_a_connection_ends_before_its_reply_is_taken),
        CALL_TEST(test_a_connection_ends_while_a_body_is_sent),
        CALL_TEST(test_interim_replies_take_their_time),
        CALL_TEST(test_a_kept_connection_gives_way_to_another_origin),
        CALL_TEST(test_data_comes_before_the_request_leaves),
        CALL_TEST(test_how_long_a_reply_says_that_it_is),
        CALL_TEST(test_more_than_there_is_room_for_is_refused),
        TEST(test_a_server_stops_in_a_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
