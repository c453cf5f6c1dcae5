/* test_route.c -- requests that the program answers: choice of the route, and all forms of
 * replies. */
#include "http_test.h"

#include <leat/timer.h>

enum {
    STREAM_BYTES = 200000
};

static struct leat_http_exchange *held; /* a request that is answered later */
static unsigned failures;
static enum leat_err failed_why;
static size_t streamed;
static char access_log[2000];

static const struct leat_http_head text_head = {.status = 200, .type = "text/plain"};

static void hello(struct leat_http_exchange *exchange, void *arg)
{
    leat_http_answer(exchange, &text_head, arg, (uint32_t)strlen(arg));
}

/* Answers with the request's properties, in chunks. */
static void tell(struct leat_http_exchange *exchange, void *arg)
{
    static const struct leat_http_head head = {
        .status = 299, .fields = "X-A: b\r\nX-C: d\r\n", .len = LEAT_HTTP_ANY};
    char text[1000];
    size_t path_len, query_len, type_len;
    const char *path = leat_http_request_path(exchange, &path_len);
    const char *query = leat_http_request_query(exchange, &query_len);
    const char *type = leat_http_request_type(exchange, &type_len);
    const size_t len = (size_t)snprintf(text, sizeof text, "%d %.*s|%.*s|%.*s|%d",
                                        (int)leat_http_request_method(exchange), (int)path_len,
                                        path, (int)query_len, query, (int)type_len, type,
                                        (int)leat_http_request_length(exchange));

    (void)arg;
    assert_non_null(leat_http_request_conn(exchange));
    leat_http_reply(exchange, &head);
    assert_int_equal(leat_http_write(exchange, text, 3), 3);
    assert_int_equal(leat_http_write(exchange, text, 0), 0);
    assert_int_equal(leat_http_write(exchange, text + 3, len - 3), len - 3);
    leat_http_finish(exchange);
}

/* Sends STREAM_BYTES as there is room, of known (@arg) or unknown length. */
static void stream_on(struct leat_http_exchange *exchange, void *arg)
{
    (void)arg;
    while (streamed < STREAM_BYTES) {
        const size_t wants = streamed % 3000 < STREAM_BYTES - streamed ? streamed % 3000 + 1 : 1;
        const size_t len = leat_http_write(exchange, big + streamed, wants);

        streamed += len;
        if (len < wants)
            return;
    }
    leat_http_finish(exchange);
}

static void stream(struct leat_http_exchange *exchange, void *arg)
{
    const struct leat_http_head head = {.status = 200, .len = arg ? STREAM_BYTES : LEAT_HTTP_ANY};

    streamed = 0;
    leat_http_reply(exchange, &head);
    stream_on(exchange, arg);
}

static void hold(struct leat_http_exchange *exchange, void *arg)
{
    (void)arg;
    held = exchange;
}

static void failed(struct leat_http_exchange *exchange, enum leat_err why, void *arg)
{
    (void)exchange;
    (void)arg;
    failures++;
    failed_why = why;
}

static void too_short(struct leat_http_exchange *exchange, void *arg)
{
    static const struct leat_http_head head = {.status = 200, .len = 10};

    (void)arg;
    leat_http_reply(exchange, &head);
    assert_int_equal(leat_http_write(exchange, "012345678901", 12), 10);
    assert_int_equal(leat_http_send_room(exchange), 0);
    assert_int_equal(
        leat_http_send(
            exchange,
            leat_buf_copy(leat_pool(leat_tcp_stack(leat_http_request_conn(exchange))), "x", 1)),
        LEAT_ERR_TOO_BIG);
    leat_http_finish(exchange);
}

static void short_by_one(struct leat_http_exchange *exchange, void *arg)
{
    static const struct leat_http_head head = {.status = 200, .len = 10};

    (void)arg;
    leat_http_reply(exchange, &head);
    leat_http_write(exchange, "012345678", 9);
    leat_http_finish(exchange);
}

static void abort_it(struct leat_http_exchange *exchange, void *arg)
{
    (void)arg;
    leat_http_abort(exchange);
}

static void no_content(struct leat_http_exchange *exchange, void *arg)
{
    static const struct leat_http_head head = {.status = 204};

    (void)arg;
    leat_http_answer(exchange, &head, "ignored", 7);
}

static char greeting[] = "hello", wide[] = "below";
static const char path_and_more[] = "/ends\0more"; /* a path, and bytes after its NUL */

static const struct leat_http_route routes[] = {
    {.path = "/hello", .methods = LEAT_HTTP_GET, .on_request = hello, .arg = greeting},
    {.path = "/files/", .below = true, .methods = LEAT_HTTP_GET, .on_request = hello, .arg = wide},
    {.path = "/tell", .methods = LEAT_HTTP_GET | LEAT_HTTP_DELETE, .on_request = tell},
    {.path = "/tell", .methods = LEAT_HTTP_PATCH, .on_request = tell},
    {.path = "/stream", .methods = LEAT_HTTP_GET, .on_request = stream, .on_writable = stream_on},
    {.path = "/known",
     .methods = LEAT_HTTP_GET,
     .on_request = stream,
     .on_writable = stream_on,
     .arg = wide},
    {.path = "/hold", .methods = LEAT_HTTP_GET, .on_request = hold, .on_failed = failed},
    {.path = "/exact", .methods = LEAT_HTTP_GET, .on_request = too_short},
    {.path = "/short", .methods = LEAT_HTTP_GET, .on_request = short_by_one},
    {.path = "/abort", .methods = LEAT_HTTP_GET, .on_request = abort_it},
    {.path = path_and_more, .methods = LEAT_HTTP_GET, .on_request = hello, .arg = greeting},
    {.path = "/none", .methods = LEAT_HTTP_DELETE, .on_request = no_content},
    {.path = "/index.html", .methods = LEAT_HTTP_PUT, .on_request = no_content},
};

static void on_access(void *arg, const struct leat_http_access *access)
{
    const size_t at = strlen(access_log);

    assert_ptr_equal(arg, access_log);
    snprintf(access_log + at, sizeof access_log - at, "%d %.*s %u %u\n", (int)access->method,
             (int)access->path_len, access->path, access->status, (unsigned)access->reply_bytes);
}

static int set_up_routes(void **state)
{
    const struct leat_http_server_config config = {.files = files,
                                                   .file_count = FILES,
                                                   .clients = CLIENTS,
                                                   .routes = routes,
                                                   .route_count = sizeof routes / sizeof *routes,
                                                   .on_access = on_access,
                                                   .on_access_arg = access_log};

    held = NULL;
    failures = 0;
    access_log[0] = '\0';
    return set_up_with(state, &config);
}

/* ---- Which route -------------------------------------------------------------------------- */

static void test_a_route_answers(void **state)
{
    struct fixture *f = *state;
    const char *reply = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n";
    char expected[200];

    snprintf(expected, sizeof expected, "%shello", reply);
    check(f, GET("/hello", ""), expected);
    check(f, GET("/hello?x", ""), expected);
    check(f, "HEAD /hello HTTP/1.1\r\nHost: leat\r\n\r\n", reply);
    snprintf(expected, sizeof expected, "%sbelow", reply);
    check(f, GET("/files/", ""), expected);
    check(f, GET("/files/a/b", ""), expected);
    check(f, GET("/", ""), PAGE_HEAD PAGE);
    assert_int_equal(f->counts->ok, 6);
}

static void test_no_route_answers(void **state)
{
    struct fixture *f = *state;

    check(f, GET("/hello/", ""),
          "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n"
          "Not Found\n");
    check(f, GET("/files", ""),
          "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n"
          "Not Found\n");
    check(f, "POST /tell HTTP/1.1\r\nHost: leat\r\n\r\n",
          "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD, PATCH, DELETE\r\n"
          "Content-Type: text/plain\r\nContent-Length: 19\r\n\r\nMethod Not Allowed\n");
    check(f, GET("/none", ""),
          "HTTP/1.1 405 Method Not Allowed\r\nAllow: DELETE\r\n"
          "Content-Type: text/plain\r\nContent-Length: 19\r\n\r\nMethod Not Allowed\n");
    check(f, "POST /index.html HTTP/1.1\r\nHost: leat\r\n\r\n",
          "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD, PUT\r\n"
          "Content-Type: text/plain\r\nContent-Length: 19\r\n\r\nMethod Not Allowed\n");
    check(f, "PUT /index.html HTTP/1.1\r\nHost: leat\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n");
    assert_int_equal(f->counts->client_errors, 5);
}

/* The path of a route ends with its NUL. In a request, a NUL is a character like any other. */
static void test_a_nul_in_a_path_is_compared_with_nothing(void **state)
{
    struct fixture *f = *state;
    const char *not_found =
        "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n"
        "Not Found\n";

    check(f, GET("/ends%00more", ""), not_found);
    check(f, GET("/ends%00", ""), not_found);
    check(f, GET("/ends", ""),
          "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
}

static void test_properties_of_a_request_for_a_route(void **state)
{
    struct fixture *f = *state;
    const char *head = "HTTP/1.1 299 \r\nTransfer-Encoding: chunked\r\nX-A: b\r\nX-C: d\r\n\r\n";
    char expected[400];

    snprintf(expected, sizeof expected, "%s3\r\n1 /\r\n15\r\ntell|a=%%20b?|text/x|0\r\n0\r\n\r\n",
             head);
    check(f, GET("/te%6Cl?a=%20b?", "Content-Type: \t text/x \t\r\n"), expected);
    check(f, "PATCH /tell HTTP/1.1\r\nHost: leat\r\nContent-Length: 2\r\n\r\nab",
          "HTTP/1.1 299 \r\nTransfer-Encoding: chunked\r\nX-A: b\r\nX-C: d\r\n\r\n"
          "3\r\n16 \r\n9\r\n/tell|||2\r\n0\r\n\r\n");
    /* the second request has nothing of the first */
    check(f, GET("/tell?q", "Content-Type: a/b\r\n") GET("/tell", ""),
          "HTTP/1.1 299 \r\nTransfer-Encoding: chunked\r\nX-A: b\r\nX-C: d\r\n\r\n"
          "3\r\n1 /\r\nc\r\ntell|q|a/b|0\r\n0\r\n\r\n"
          "HTTP/1.1 299 \r\nTransfer-Encoding: chunked\r\nX-A: b\r\nX-C: d\r\n\r\n"
          "3\r\n1 /\r\n8\r\ntell|||0\r\n0\r\n\r\n");
    check(f, "GET /tell HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
          "HTTP/1.1 299 \r\nConnection: close\r\nX-A: b\r\nX-C: d\r\n\r\n1 /tell|||0");
}

static void test_a_long_query_is_refused(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    char request[500], query[300];

    memset(query, 'q', sizeof query);
    snprintf(request, sizeof request, "GET /tell?%.256s HTTP/1.1\r\nHost: leat\r\n\r\n", query);
    send_text(client, request);
    assert_true(world_run(f->world, &client->closed, second));
    assert_non_null(strstr(client->bytes, "HTTP/1.1 414 URI Too Long\r\n"));
    leave_server(f, client);
}

/* ---- Replies ------------------------------------------------------------------------------ */

/* Joins the chunks at @at in place. Returns the length. */
static size_t join_chunks(char *at, const char **end)
{
    char *to = at;
    const char *from = at;

    for (;;) {
        char *line_end;
        const size_t len = strtoul(from, &line_end, 16);

        assert_memory_equal(line_end, "\r\n", 2);
        from = line_end + 2;
        memmove(to, from, len);
        to += len;
        from += len;
        assert_memory_equal(from, "\r\n", 2);
        from += 2;
        if (len == 0)
            break;
    }
    *end = from;
    return (size_t)(to - at);
}

static void check_stream(struct fixture *f, const char *path)
{
    struct client *client = connect_client(f);
    char request[200];
    const char *end;
    char *at;

    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: leat\r\n\r\n" GET("/sub/", ""),
             path);
    client->hold = true;
    send_text(client, request);
    world_wait(f->world, second);
    for (int i = 0; i < 400; i++) { /* a slow reader */
        read_some(client, 3000);
        world_wait(f->world, 20 * ms);
    }
    at = strstr(client->bytes, "\r\n\r\n") + 4;
    if (strstr(client->bytes, "chunked"))
        assert_int_equal(join_chunks(at, &end), STREAM_BYTES);
    else
        end = at + STREAM_BYTES;
    assert_memory_equal(at, big, STREAM_BYTES);
    assert_memory_equal(end, "HTTP/1.1 200 OK\r\n", 17);
    assert_string_equal(client->bytes + client->have - 5, "\r\nsub");
    leave_server(f, client);
}

static void test_a_reply_in_chunks(void **state)
{
    check_stream(*state, "/stream");
}

static void test_a_reply_of_known_length(void **state)
{
    check_stream(*state, "/known");
}

static void test_a_reply_on_short_memory(void **state)
{
    struct fixture *f = *state;
    struct hog *hog = calloc(1, sizeof *hog);
    struct client *client = connect_client(f);
    const char *end;
    char *at;

    client->hold = true;
    send_text(client, GET("/stream", ""));
    world_wait(f->world, second);
    take_all_but(hog, f->world->stacks[SERVER], 2);
    client->hold = false;
    read_some(client, UINT32_MAX);
    world_wait(f->world, 60 * second);
    give_all(hog);
    world_wait(f->world, 60 * second);
    at = strstr(client->bytes, "\r\n\r\n") + 4;
    assert_int_equal(join_chunks(at, &end), STREAM_BYTES);
    assert_memory_equal(at, big, STREAM_BYTES);
    leave_server(f, client);
    free(hog);
}

static void test_a_reply_may_come_later(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client, GET("/hold", "") GET("/sub/", ""));
    world_wait(f->world, 100 * second); /* the program takes that long, not the client */
    assert_int_equal(client->have, 0);
    assert_non_null(held);
    leat_http_answer(held, &text_head, "later", 5); /* outside of any callback */
    world_wait(f->world, second);
    assert_memory_equal(client->bytes, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n", 43);
    assert_non_null(strstr(client->bytes, "\r\n\r\nlaterHTTP/1.1 200 OK"));
    assert_int_equal(failures, 0);
    leave_server(f, client);
}

static void test_a_client_that_leaves_ends_the_exchange(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client, GET("/hold", ""));
    world_wait(f->world, second);
    leat_tcp_abort(client->conn);
    world_wait(f->world, second);
    assert_int_equal(failures, 1);
    assert_int_equal(failed_why, LEAT_ERR_RESET);
    assert_int_equal(f->counts->failed, 1);
    leave_server(f, client);
    assert_string_equal(access_log, "1 /hold 0 0\n");
}

static void test_a_reply_is_never_longer_or_shorter_than_told(void **state)
{
    struct fixture *f = *state;
    struct client *client;

    check(f, GET("/exact", ""), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789");
    for (int i = 0; i < 2; i++) {
        client = connect_client(f);
        send_text(client, i ? GET("/abort", "") : GET("/short", ""));
        assert_true(world_run(f->world, &client->closed, second));
        assert_int_equal(client->why, LEAT_ERR_RESET);
        leave_server(f, client);
    }
    assert_int_equal(f->counts->failed, 2);
}

static void test_the_log_has_each_request_once(void **state)
{
    struct fixture *f = *state;

    check(f, GET("/hello", ""),
          "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
    check(f, GET("/", "") GET("/", "If-None-Match: *\r\n"),
          PAGE_HEAD PAGE "HTTP/1.1 304 Not Modified\r\nETag: " PAGE_TAG "\r\n\r\n");
    leave_server(f, connect_client(f)); /* no request */
    check(f, "DELETE /none HTTP/1.1\r\nHost: leat\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n");
    check(f, "GET /tell HTTP/1.0\r\n\r\n",
          "HTTP/1.1 299 \r\nConnection: close\r\nX-A: b\r\nX-C: d\r\n\r\n1 /tell|||0");
    check(f, GET("/tell", ""),
          "HTTP/1.1 299 \r\nTransfer-Encoding: chunked\r\nX-A: b\r\nX-C: d\r\n\r\n"
          "3\r\n1 /\r\n8\r\ntell|||0\r\n0\r\n\r\n");
    check(f, "nonsense\r\n",
          "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n"
          "Connection: close\r\n\r\nBad Request\n");
    assert_string_equal(access_log, "1 /hello 200 5\n1 / 200 11\n1 / 304 0\n32 /none 204 0\n"
                                    "1 /tell 299 11\n1 /tell 299 11\n0  400 12\n");
}

/* ---- The end of the server ---------------------------------------------------------------- */

static void test_a_server_stops_when_all_is_said(void **state)
{
    struct fixture *f = *state;
    struct client *idle = connect_client(f);
    struct client *busy = connect_client(f);

    send_text(busy, GET("/hold", "") GET("/", ""));
    world_wait(f->world, second);
    assert_int_equal(leat_http_server_clients(f->server), 2);
    leat_http_server_stop(f->server);
    leat_http_server_stop(f->server);
    assert_true(world_run(f->world, &idle->closed, second));
    assert_int_equal(idle->why, LEAT_OK);
    assert_int_equal(leat_http_server_clients(f->server), 1);
    leat_http_answer(held, &text_head, "last", 4);
    assert_true(world_run(f->world, &busy->closed, second));
    assert_non_null(strstr(busy->bytes, "\r\nConnection: close\r\n\r\nlast"));
    assert_null(strstr(busy->bytes, PAGE)); /* a request after the last reply is not answered */
    world_wait(f->world, second);
    assert_int_equal(leat_http_server_clients(f->server), 0);
    leave_server(f, idle);
    leave_server(f, busy);
}

/* A client that has shut down still gets its reply. A server that is closed before calls no
 * events. */
static void test_a_server_closes_in_an_exchange(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    client->stay = true;
    send_text(client, GET("/hold", ""));
    leat_tcp_shutdown(client->conn);
    world_wait(f->world, second);
    assert_non_null(held);
    assert_false(client->closed);
    leat_http_server_close(f->server);
    assert_true(world_run(f->world, &client->closed, second));
    assert_int_equal(client->why, LEAT_ERR_RESET);
    assert_int_equal(failures, 0);
    free(client);
    world_destroy(f->world);
    free(f->memory);
    free(f);
}

#define ROUTE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_routes, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROUTE_TEST(test_a_route_answers),
        ROUTE_TEST(test_no_route_answers),
        ROUTE_TEST(test_a_nul_in_a_path_is_compared_with_nothing),
        ROUTE_TEST(test_properties_of_a_request_for_a_route),
        ROUTE_TEST(test_a_long_query_is_refused),
        ROUTE_TEST(test_a_reply_in_chunks),
        ROUTE_TEST(test_a_reply_of_known_length),
        ROUTE_TEST(test_a_reply_on_short_memory),
        ROUTE_TEST(test_a_reply_may_come_later),
        ROUTE_TEST(test_a_client_that_leaves_ends_the_exchange),
        ROUTE_TEST(test_a_reply_is_never_longer_or_shorter_than_told),
        ROUTE_TEST(test_the_log_has_each_request_once),
        ROUTE_TEST(test_a_server_stops_when_all_is_said),
        cmocka_unit_test_setup(test_a_server_closes_in_an_exchange, set_up_routes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
