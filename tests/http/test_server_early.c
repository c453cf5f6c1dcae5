/* test_server_early.c -- the server, and requests as early data of TLS (0-RTT, RFC 8470). */
#include "call_tls.h"

#include "web/http/server_conn.h"

/* A client of TLS alone, which sends what the test wants. */
struct asker {
    struct leat_stream session;
    struct leat_tls_client what;
    const char *late; /* sent when the session is open; NULL: nothing */
    uint32_t taken;   /* bytes of early data that were accepted */
    bool closed;
    enum leat_err why;
    size_t have;
    char heard[2 * BIG_BYTES];
};

static struct leat_tls_ticket ticket;
static unsigned route_calls;
static uint64_t accepted_then; /* number of completed handshakes when the last reply was queued */

static void on_access(void *arg, const struct leat_http_access *access)
{
    (void)arg;
    (void)access;
    accepted_then = leat_tls_counts(tls[SERVER])->accepted;
}

static void on_request(struct leat_http_exchange *exchange, void *arg)
{
    const struct leat_http_head head = {.status = 204};

    (void)arg;
    route_calls++;
    leat_http_reply(exchange, &head);
    leat_http_finish(exchange);
}

static const struct leat_http_route routes[] = {
    {.path = "/do", .methods = LEAT_HTTP_GET, .on_request = on_request}};

static int open_server(void **state)
{
    const struct https what = {.tls = {.early = &leat_tls_early,
                                       .early_bytes = EARLY_BYTES,
                                       .on_early = leat_http_server_early},
                               .server = {.routes = routes,
                                          .route_count = 1,
                                          .receive_early = leat_tls_receive_early,
                                          .on_access = on_access}};

    memset(&ticket, 0, sizeof ticket);
    route_calls = 0;
    return open_https(state, &what);
}

/* ---- The asker ---- */

static void on_open(struct leat_tcp *conn, void *arg)
{
    struct asker *asker = arg;
    struct leat_tls_info info;
    size_t taken;

    (void)conn;
    leat_tls_get_info(&asker->session, &info);
    asker->taken = info.early_bytes;
    if (asker->late)
        assert_int_equal(
            leat_stream_write(&asker->session, asker->late, strlen(asker->late), &taken), LEAT_OK);
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct asker *asker = arg;
    struct leat_buf *data;

    (void)conn;
    while ((data = leat_stream_receive(&asker->session, 10000)) != NULL) {
        const uint32_t len = leat_buf_total(data);

        assert_true(asker->have + len < sizeof asker->heard);
        asker->have += leat_buf_read(data, 0, (uint8_t *)asker->heard + asker->have, len);
        leat_buf_free(data);
        leat_stream_consumed(&asker->session, len);
    }
    if (leat_stream_at_end(&asker->session))
        leat_stream_close(&asker->session);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct asker *asker = arg;

    (void)conn;
    asker->closed = true;
    asker->why = why;
}

/* Sends @early as early data, and @late when the session is open. Collects the answers of a
 * second. */
static struct asker *ask_with(struct fixture *f, const char *early, const char *late)
{
    static const struct leat_tcp_events below = {.on_open = NULL},
                                        events = {.on_open = on_open,
                                                  .on_readable = on_readable,
                                                  .on_closed = on_closed};
    const struct leat_endpoint server = leat_endpoint_of(SERVER_IP, 443);
    struct asker *asker = calloc(1, sizeof *asker);
    struct leat_stream stream;
    struct leat_tcp *conn;

    asker->late = late;
    asker->what = (struct leat_tls_client){.name = "leat.test",
                                           .anchors = &anchors,
                                           .ticket = &ticket,
                                           .early = early,
                                           .early_len = strlen(early)};
    assert_int_equal(leat_tcp_connect(f->world->stacks[CLIENT], &conn, &server, NULL, &below, NULL),
                     LEAT_OK);
    stream = leat_stream_of_tcp(conn);
    assert_int_equal(leat_tls_connect(tls[CLIENT], &stream, &asker->what, &asker->session),
                     LEAT_OK);
    leat_stream_set_events(&asker->session, &events, asker);
    world_wait(f->world, second);
    return asker;
}

/* Closes the session if the server hasn't, and waits until early data is accepted again. */
static void leave(struct fixture *f, struct asker *asker)
{
    if (!asker->closed)
        leat_stream_close(&asker->session);
    world_wait(f->world, WINDOW_S * second);
    assert_true(asker->closed);
    assert_int_equal(asker->why, LEAT_OK);
    free(asker);
}

/* Opens a session to get a ticket. */
static void get_ticket(struct fixture *f)
{
    struct asker *asker = ask_with(f, "", NULL);

    assert_int_equal(asker->taken, 0);
    leave(f, asker);
    assert_true(ticket.early_bytes > 0);
}

/* @early alone is answered by @expected before the handshake is complete. */
static void check_early(struct fixture *f, const char *early, const char *expected)
{
    const uint64_t before = leat_tls_counts(tls[SERVER])->accepted;
    struct asker *asker = ask_with(f, early, NULL);

    assert_int_equal(asker->taken, strlen(early));
    assert_string_equal(asker->heard, expected);
    assert_int_equal(accepted_then, before);
    assert_int_equal(leat_tls_counts(tls[SERVER])->accepted, before + 1);
    leave(f, asker);
}

#define TOO_EARLY(text)                                                                            \
    "HTTP/1.1 425 Too Early\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n"                 \
    "Connection: close\r\n\r\n" text

/* ---- Tests ---- */

static void test_a_page_is_answered_before_the_handshake_is_over(void **state)
{
    struct fixture *f = *state;

    get_ticket(f);
    check_early(f, GET("/", ""), PAGE_HEAD PAGE);
    check_early(f, "HEAD / HTTP/1.1\r\nHost: leat\r\n\r\n", PAGE_HEAD);
    check_early(f, GET("/", "") GET("/", ""), PAGE_HEAD PAGE PAGE_HEAD PAGE);
    assert_int_equal(f->counts->early, 4);
    assert_int_equal(f->counts->too_early, 0);
    assert_int_equal(f->counts->ok, 4);
}

static void test_unsafe_requests_are_too_early(void **state)
{
    static const char *const unsafe[] = {
        "POST / HTTP/1.1\r\nHost: leat\r\nContent-Length: 2\r\n\r\nhi",
        "PUT / HTTP/1.1\r\nHost: leat\r\n\r\n",
        "DELETE / HTTP/1.1\r\nHost: leat\r\n\r\n",
        "BREW / HTTP/1.1\r\nHost: leat\r\n\r\n",
        GET("/", "Content-Length: 1\r\n") "h",
        GET("/", "Transfer-Encoding: chunked\r\n") "0\r\n\r\n",
        GET("/", "Expect: 100-continue\r\n"),
    };
    struct fixture *f = *state;

    get_ticket(f);
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++)
        check_early(f, unsafe[i], TOO_EARLY("Too Early\n"));
    assert_int_equal(f->counts->too_early, sizeof unsafe / sizeof *unsafe);
}

static void test_requests_for_routes_are_too_early(void **state)
{
    struct fixture *f = *state;
    struct asker *asker;

    get_ticket(f);
    check_early(f, GET("/do", ""), TOO_EARLY("Too Early\n"));
    check_early(f, "HEAD /do HTTP/1.1\r\nHost: leat\r\n\r\n", TOO_EARLY(""));
    assert_int_equal(route_calls, 0);
    asker = ask_with(f, "", GET("/do", ""));
    assert_int_equal(route_calls, 1);
    leave(f, asker);
}

/* An end before the end of the handshake would abort it. */
static void test_the_end_behind_an_early_reply_waits_for_the_handshake(void **state)
{
    struct fixture *f = *state;
    struct asker *asker;

    get_ticket(f);
    asker = ask_with(f, GET("/", "Connection: close\r\n"), NULL);
    assert_non_null(strstr(asker->heard, "Connection: close\r\n\r\n" PAGE));
    assert_true(asker->closed);
    assert_int_equal(f->counts->early, 1);
    leave(f, asker);
}

/* The client can't get that much at once: the rest follows. */
static void test_a_large_file_is_begun_early(void **state)
{
    struct fixture *f = *state;
    struct asker *asker;

    get_ticket(f);
    asker = ask_with(f, GET("/big", ""), NULL);
    assert_int_equal(f->counts->early, 1);
    assert_true(asker->have > BIG_BYTES);
    assert_memory_equal(asker->heard + asker->have - BIG_BYTES, big, BIG_BYTES);
    leave(f, asker);
}

/* A client that sends the last part of a head after the handshake isn't a replay. */
static void test_a_request_whose_rest_comes_later_is_not_early(void **state)
{
    struct fixture *f = *state;
    struct asker *asker;

    get_ticket(f);
    asker = ask_with(f, "DELETE / HTTP/1.1\r\nHo", "st: leat\r\n\r\n" GET("/", ""));
    assert_int_equal(asker->taken, strlen("DELETE / HTTP/1.1\r\nHo"));
    assert_memory_equal(asker->heard, "HTTP/1.1 405 ", 13);
    assert_non_null(strstr(asker->heard, PAGE_HEAD PAGE));
    assert_int_equal(f->counts->early, 0);
    leave(f, asker);
}

static void test_without_receive_early_a_request_waits(void **state)
{
    struct fixture *f = *state;
    struct asker *asker;

    get_ticket(f);
    f->server->config.receive_early = NULL;
    asker = ask_with(f, GET("/do", ""), NULL);
    assert_int_equal(asker->taken, strlen(GET("/do", "")));
    assert_int_equal(route_calls, 1);
    assert_int_equal(f->counts->early + f->counts->too_early, 0);
    leave(f, asker);
}

#define EARLY_TEST(name) cmocka_unit_test_setup_teardown(name, open_server, close_https)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EARLY_TEST(test_a_page_is_answered_before_the_handshake_is_over),
        EARLY_TEST(test_unsafe_requests_are_too_early),
        EARLY_TEST(test_requests_for_routes_are_too_early),
        EARLY_TEST(test_the_end_behind_an_early_reply_waits_for_the_handshake),
        EARLY_TEST(test_a_large_file_is_begun_early),
        EARLY_TEST(test_a_request_whose_rest_comes_later_is_not_early),
        EARLY_TEST(test_without_receive_early_a_request_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
