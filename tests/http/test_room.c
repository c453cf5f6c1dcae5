/* test_room.c -- streams with hardly any room, and room that is gone when it is used: no part of a
 * reply or of a request is lost. */
#include "call_test.h"

enum {
    TIGHT = 10, /* bytes of room, less than any head */
    WIDE = 3000
};

/* ---- Replies ------------------------------------------------------------------------------ */

static bool is_tight;

static uint32_t grants(struct pipe_end *end, uint32_t room)
{
    (void)end;
    return is_tight && room > TIGHT ? TIGHT : room;
}

static void hello(struct leat_http_exchange *exchange, void *arg)
{
    static const struct leat_http_head head = {.status = 200, .type = "text/plain"};

    (void)arg;
    leat_http_answer(exchange, &head, "hello", 5);
}

static void on_body(struct leat_http_exchange *exchange, void *arg)
{
    struct leat_buf *data = leat_http_receive(exchange, UINT32_MAX);

    leat_http_consumed(exchange, leat_buf_total(data));
    leat_buf_free(data);
    if (leat_http_body_over(exchange))
        hello(exchange, arg);
}

static void nothing(struct leat_http_exchange *exchange, void *arg)
{
    (void)exchange;
    (void)arg;
}

/* Room that is there when it is queried first, and hardly any the second time, as if a copy took
 * the buffers that were counted. */
static unsigned asks;

static uint32_t grants_once(struct pipe_end *end, uint32_t room)
{
    (void)end;
    return asks > 0 && --asks == 0 && room > 4 * TIGHT ? 4 * TIGHT : room;
}

static void write_twice(struct leat_http_exchange *exchange, void *arg)
{
    static const struct leat_http_head head = {.status = 200, .len = LEAT_HTTP_ANY};

    (void)arg;
    leat_http_reply(exchange, &head);
    assert_int_equal(leat_http_write(exchange, "abc", 3), 3);
    asks = 2;
    assert_int_equal(leat_http_write(exchange, big, 500), 0);
    assert_int_equal(asks, 0);
}

/* The stream has no room for the first chunk, although it had promised some. */
static void write_nothing(struct leat_http_exchange *exchange, void *arg)
{
    static const struct leat_http_head head = {.status = 200, .len = LEAT_HTTP_ANY};

    (void)arg;
    leat_http_reply(exchange, &head);
    assert_true(leat_http_send_room(exchange) > 0);
    asks = 3;
    assert_int_equal(leat_http_write(exchange, big, 500), 0);
    assert_int_equal(asks, 0);
}

/* Room that is counted in the pool's buffers, as for a session of TLS. It is 0 as soon as one more
 * buffer is taken. */
static uint32_t buffers_needed;

static uint32_t grants_by_pool(struct pipe_end *end, uint32_t room)
{
    return leat_pool_free_count(leat_pool(end->stack)) < buffers_needed ? 0 : room;
}

static struct leat_stream scarce; /* a stream with that room */

static void hello_with_the_last_buffer(struct leat_http_exchange *exchange, void *arg)
{
    buffers_needed = leat_pool_free_count(leat_pool(leat_stream_stack(&scarce)));
    hello(exchange, arg);
}

static void write_rest(struct leat_http_exchange *exchange, void *arg)
{
    (void)arg;
    assert_int_equal(leat_http_write(exchange, "def", 3), 3);
    leat_http_finish(exchange);
}

static const struct leat_http_route routes[] = {
    {.path = "/twice",
     .methods = LEAT_HTTP_GET,
     .on_request = write_twice,
     .on_writable = write_rest},
    {.path = "/nothing",
     .methods = LEAT_HTTP_GET,
     .on_request = write_nothing,
     .on_writable = write_rest},
    {.path = "/hello", .methods = LEAT_HTTP_GET, .on_request = hello},
    {.path = "/last", .methods = LEAT_HTTP_GET, .on_request = hello_with_the_last_buffer},
    {.path = "/put", .methods = LEAT_HTTP_PUT, .on_request = nothing, .on_body = on_body}};

static int set_up_routes(void **state)
{
    const struct leat_http_server_config config = {.files = files,
                                                   .file_count = FILES,
                                                   .clients = CLIENTS,
                                                   .routes = routes,
                                                   .route_count = sizeof routes / sizeof *routes};

    return set_up_with(state, &config);
}

static void hear(struct leat_tcp *conn, void *arg)
{
    struct peer *peer = arg;
    struct leat_buf *data = leat_stream_receive(&peer->stream, UINT32_MAX);

    (void)conn;
    peer->have += leat_buf_read(data, 0, peer->bytes + peer->have, leat_buf_total(data));
    leat_stream_consumed(&peer->stream, leat_buf_total(data));
    leat_buf_free(data);
}

/* A reply of a route and 100 (Continue) find no room at first. */
static void test_a_reply_waits_for_room_for_its_head(void **state)
{
    static const struct leat_tcp_events events = {.on_readable = hear};
    static const char *const asked[] = {
        GET("/hello", ""),
        "PUT /put HTTP/1.1\r\nHost: leat\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"};
    static const char *const answers[] = {"HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n"};
    struct fixture *f = *state;

    for (unsigned i = 0; i < 2; i++) {
        struct peer *peer = calloc(1, sizeof *peer);
        struct leat_stream served;
        size_t taken;

        pipe_open(peer->ends, f->world->stacks[SERVER], WIDE);
        served = pipe_stream(&peer->ends[1]);
        peer->stream = pipe_stream(&peer->ends[0]);
        peer->ends[1].grants = grants;
        leat_stream_set_events(&peer->stream, &events, peer);
        is_tight = true;
        assert_true(leat_http_server_serve(f->server, &served));
        leat_stream_write(&peer->stream, asked[i], strlen(asked[i]), &taken);
        world_wait(f->world, ms);
        assert_int_equal(peer->have, 0);
        is_tight = false;
        leat_stream_want_room(&served, 1); /* calls on_writable, as on a wire */
        world_wait(f->world, second);
        assert_memory_equal(peer->bytes, answers[i], strlen(answers[i]));
        leat_stream_abort(&peer->stream);
        world_wait(f->world, second);
        free(peer);
    }
}

/* The room that was counted includes the head's buffer. */
static void test_a_head_takes_the_last_buffer(void **state)
{
    static const struct leat_tcp_events events = {.on_readable = hear};
    struct fixture *f = *state;
    struct peer *peer = calloc(1, sizeof *peer);
    size_t taken;

    pipe_open(peer->ends, f->world->stacks[SERVER], WIDE);
    scarce = pipe_stream(&peer->ends[1]);
    peer->stream = pipe_stream(&peer->ends[0]);
    peer->ends[1].grants = grants_by_pool;
    buffers_needed = 0;
    leat_stream_set_events(&peer->stream, &events, peer);
    assert_true(leat_http_server_serve(f->server, &scarce));
    leat_stream_write(&peer->stream, GET("/last", ""), strlen(GET("/last", "")), &taken);
    world_wait(f->world, ms);
    assert_int_equal(peer->have, 0);
    buffers_needed = 0;
    leat_stream_want_room(&scarce, 1); /* on_writable, when there are buffers */
    world_wait(f->world, second);
    assert_memory_equal(peer->bytes, "HTTP/1.1 200 OK\r\n", 17);
    assert_memory_equal(peer->bytes + peer->have - 9, "\r\n\r\nhello", 9);
    assert_int_equal(f->counts->ok, 1);
    leat_stream_abort(&peer->stream);
    world_wait(f->world, second);
    free(peer);
}

/* Expects the one reply to @request, with room that shrinks on its way. */
static void check_shrinking(struct fixture *f, const char *request, const char *expected)
{
    static const struct leat_tcp_events events = {.on_readable = hear};
    struct peer *peer = calloc(1, sizeof *peer);
    struct leat_stream served;
    size_t taken;

    pipe_open(peer->ends, f->world->stacks[SERVER], WIDE);
    served = pipe_stream(&peer->ends[1]);
    peer->stream = pipe_stream(&peer->ends[0]);
    peer->ends[1].grants = grants_once;
    leat_stream_set_events(&peer->stream, &events, peer);
    assert_true(leat_http_server_serve(f->server, &served));
    leat_stream_write(&peer->stream, request, strlen(request), &taken);
    world_wait(f->world, second);
    assert_non_null(strstr(peer->bytes, expected));
    leat_stream_abort(&peer->stream);
    world_wait(f->world, second);
    free(peer);
}

static void test_room_that_shrinks_before_it_is_used(void **state)
{
    check_shrinking(*state, GET("/twice", ""), "chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
    check_shrinking(*state, GET("/nothing", ""), "chunked\r\n\r\n3\r\ndef\r\n0\r\n\r\n");
}

/* ---- Requests ----------------------------------------------------------------------------- */

static unsigned writes;

static void write_once_more(struct leat_http_call *call, void *arg)
{
    (void)arg;
    if (writes++ > 0) {
        assert_int_equal(leat_http_call_write(call, "def", 3), 3);
        leat_http_call_finish(call);
        return;
    }
    assert_int_equal(leat_http_call_write(call, "abc", 3), 3);
    asks = 2;
    assert_int_equal(leat_http_call_write(call, big, 500), 0);
    assert_int_equal(asks, 0);
}

static void write_nothing_first(struct leat_http_call *call, void *arg)
{
    (void)arg;
    if (writes++ > 0) {
        assert_int_equal(leat_http_call_write(call, "def", 3), 3);
        leat_http_call_finish(call);
        return;
    }
    asks = 3;
    assert_int_equal(leat_http_call_write(call, big, 500), 0);
    assert_int_equal(asks, 0);
}

static void check_shrinking_request(struct fixture *f,
                                    void (*on_writable)(struct leat_http_call *call, void *arg),
                                    const char *expected)
{
    struct peer *peer = open_peer(f);
    struct heard *heard = listen_for(URL);

    writes = asks = 0;
    peer->ends[0].grants = grants_once;
    heard->request.method = LEAT_HTTP_PUT;
    heard->request.body_len = LEAT_HTTP_ANY;
    heard->request.on_writable = on_writable;
    begin(f, heard);
    world_wait(f->world, second);
    assert_non_null(strstr(peer->bytes, expected));
    leat_http_call_close(heard->call);
    free(heard);
    close_peer(f, peer);
}

static void test_room_of_a_request_that_shrinks_before_it_is_used(void **state)
{
    check_shrinking_request(*state, write_once_more,
                            "chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
    check_shrinking_request(*state, write_nothing_first, "chunked\r\n\r\n3\r\ndef\r\n0\r\n\r\n");
}

/* ---- The end of a request -------------------------------------------------------------------- */

static uint32_t exact; /* room that is left for the end; 0: all */

static uint32_t grants_exactly(struct pipe_end *end, uint32_t room)
{
    (void)end;
    return exact > 0 && room > exact ? exact : room;
}

static void write_and_finish(struct leat_http_call *call, void *arg)
{
    const uint32_t left = *(const uint32_t *)arg;

    if (writes++ > 0)
        return;
    assert_int_equal(leat_http_call_write(call, "abc", 3), 3);
    exact = left;
    leat_http_call_finish(call);
}

/* The last chunk is sent when there is room for exactly that, and never in parts. */
static void test_the_end_of_a_request_needs_room_for_itself_alone(void **state)
{
    static const char end[] = "\r\n3\r\nabc\r\n0\r\n\r\n";
    static const uint32_t needs = 7;
    struct fixture *f = *state;

    for (uint32_t left = needs - 1; left <= needs; left++) {
        struct peer *peer = open_peer(f);
        struct heard *heard = listen_for(URL);

        writes = exact = 0;
        peer->ends[0].grants = grants_exactly;
        heard->request.method = LEAT_HTTP_PUT;
        heard->request.body_len = LEAT_HTTP_ANY;
        heard->request.on_writable = write_and_finish;
        heard->request.arg = &left;
        begin(f, heard);
        world_wait(f->world, second);
        assert_true((strstr(peer->bytes, end) != NULL) == (left == needs));
        assert_int_equal(peer->bytes[peer->have - 1], left == needs ? '\n' : 'c');
        leat_http_call_close(heard->call);
        free(heard);
        close_peer(f, peer);
    }
    exact = 0;
}

#define ROUTE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_routes, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROUTE_TEST(test_a_reply_waits_for_room_for_its_head),
        ROUTE_TEST(test_a_head_takes_the_last_buffer),
        ROUTE_TEST(test_room_that_shrinks_before_it_is_used),
        CALL_TEST(test_room_of_a_request_that_shrinks_before_it_is_used),
        CALL_TEST(test_the_end_of_a_request_needs_room_for_itself_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
