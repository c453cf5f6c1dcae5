/* test_access.c -- the access log: the server tells each request once. */
#include "http_test.h"

#include <leat/host.h>

#include "pipe.h"

enum {
    SEEN_MAX = 8
};

/* A copy of a request that on_access got. */
struct seen {
    struct leat_http_access access;
    char line[LEAT_HTTP_ACCESS_LINE_BYTES + 1];
    char target[LEAT_HTTP_ACCESS_LINE_BYTES + 1];
    char referer[LEAT_HTTP_ACCESS_FIELD_BYTES + 1];
    char agent[LEAT_HTTP_ACCESS_FIELD_BYTES + 1];
};

static struct seen seen[SEEN_MAX];
static unsigned seen_count;

static void on_access(void *arg, const struct leat_http_access *access)
{
    struct seen *to = &seen[seen_count++];

    (void)arg;
    assert_true(seen_count <= SEEN_MAX);
    memset(to, 0, sizeof *to);
    to->access = *access;
    memcpy(to->line, access->line, access->line_len);
    if (access->target_len > 0)
        memcpy(to->target, access->target, access->target_len);
    memcpy(to->referer, access->referer, access->referer_len);
    memcpy(to->agent, access->agent, access->agent_len);
}

static struct leat_http_exchange *held;

static void hold(struct leat_http_exchange *exchange, void *arg)
{
    const struct leat_http_head head = {
        .status = 200, .type = "text/plain", .len = *(uint64_t *)arg};

    held = exchange;
    leat_http_reply(exchange, &head);
}

static uint64_t thousand = 1000, any = LEAT_HTTP_ANY;
static const struct leat_http_route routes[] = {
    {.path = "/hold", .methods = LEAT_HTTP_GET, .on_request = hold, .arg = &thousand},
    {.path = "/chunks", .methods = LEAT_HTTP_GET, .on_request = hold, .arg = &any}};

static int set_up_log(void **state)
{
    const struct leat_http_server_config config = {.files = files,
                                                   .file_count = FILES,
                                                   .clients = CLIENTS,
                                                   .routes = routes,
                                                   .route_count = 2,
                                                   .on_access = on_access};

    seen_count = 0;
    held = NULL;
    return set_up_with(state, &config);
}

/* Sends @request, and reads what comes within a second. */
static struct client *ask(struct fixture *f, const char *request)
{
    struct client *client = connect_client(f);

    send_text(client, request);
    world_wait(f->world, 1000000000);
    return client;
}

static void test_a_request_is_told_as_it_came(void **state)
{
    struct fixture *f = *state;
    const struct seen *one = &seen[0];

    leave_server(f, ask(f, "\r\nGET /%69ndex.html?a=b\"c HTTP/1.1\r\nHost: leat\r\n"
                           "referer: \t http://a/\"b c \t\r\nUSER-AGENT:x\\y\r\n"
                           "User-Agent: another\r\n\r\n"));
    assert_int_equal(seen_count, 1);
    assert_string_equal(one->line, "GET /%69ndex.html?a=b\"c HTTP/1.1");
    assert_string_equal(one->target, "/%69ndex.html?a=b\"c");
    assert_string_equal(one->referer, "http://a/\"b c");
    assert_string_equal(one->agent, "x\\y");
    assert_int_equal(one->access.method, LEAT_HTTP_GET);
    assert_int_equal(one->access.status, 200);
    assert_int_equal(one->access.reply_bytes, 11);
    assert_int_equal(one->access.minor_version, 1);
    assert_true(one->access.complete && !one->access.secure && !one->access.is_cut);
    assert_true(one->access.conn && leat_ip_is_v4(one->access.peer));
    assert_int_equal(one->access.took_ns, 0); /* there is no clock but the stack's */
    assert_int_equal(f->counts->latencies[0], 1);
}

static void test_nothing_of_the_request_before_stays(void **state)
{
    struct fixture *f = *state;

    leave_server(
        f, ask(f, GET("/first", "Referer: r\r\nUser-Agent: a\r\n") "HEAD / HTTP/1.0\r\n\r\n"));
    assert_int_equal(seen_count, 2);
    assert_string_equal(seen[0].target, "/first");
    assert_string_equal(seen[0].agent, "a");
    assert_int_equal(seen[0].access.status, 404);
    assert_int_equal(seen[0].access.reply_bytes, strlen("Not Found\n"));
    assert_string_equal(seen[1].line, "HEAD / HTTP/1.0");
    assert_string_equal(seen[1].referer, "");
    assert_string_equal(seen[1].agent, "");
    assert_int_equal(seen[1].access.reply_bytes, 0);
    assert_int_equal(seen[1].access.minor_version, 0);
}

/* Heads that are refused show what was refused. */
static void test_a_refused_line_is_told_as_far_as_it_came(void **state)
{
    static const struct {
        const char *sent, *line, *target;
        uint16_t status;
    } cases[] = {{"\x16\x03\x01\x02 hello\n", "\x16\x03\x01\x02 hello", "", 400},
                 {"BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", "BREW /pot HTTP/1.1", "/pot", 501},
                 {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1", "*", 405},
                 {"GET / HTTP/2.0\r\n\r\n", "GET / HTTP/2.0", "", 505},
                 {"GET /a b HTTP/1.1\r\n\r\n", "GET /a b HTTP/1.1", "", 400},
                 {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1", "/", 400}};
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        leave_server(f, ask(f, cases[i].sent));
        assert_int_equal(seen_count, i + 1);
        assert_string_equal(seen[i].line, cases[i].line);
        assert_string_equal(seen[i].target, cases[i].target);
        assert_int_equal(seen[i].access.status, cases[i].status);
    }
}

static void test_long_texts_are_cut_at_their_limits(void **state)
{
    struct fixture *f = *state;
    static char request[4000];
    const struct seen *one = &seen[0];

    snprintf(request, sizeof request,
             "GET /%0999d HTTP/1.1\r\nHost: a\r\nReferer: %0999d\r\nUser-Agent: %0256d\r\n\r\n", 1,
             2, 3);
    leave_server(f, ask(f, request));
    assert_int_equal(one->access.line_len, LEAT_HTTP_ACCESS_LINE_BYTES);
    assert_int_equal(one->access.target_len, LEAT_HTTP_ACCESS_LINE_BYTES - 4);
    assert_int_equal(one->access.referer_len, LEAT_HTTP_ACCESS_FIELD_BYTES);
    assert_int_equal(one->access.agent_len, LEAT_HTTP_ACCESS_FIELD_BYTES);
    assert_true(one->access.is_cut);
    leave_server(f, ask(f, GET("/", "User-Agent: short\r\n")));
    assert_false(seen[1].access.is_cut);
}

/* The limit is within "HTTP/1.1". */
static void test_a_target_ends_before_a_version_that_is_cut(void **state)
{
    struct fixture *f = *state;
    static char request[500];

    snprintf(request, sizeof request, "GET /%0*d HTTP/1.1\r\nHost: a\r\n\r\n",
             LEAT_HTTP_ACCESS_LINE_BYTES - 10, 1);
    leave_server(f, ask(f, request));
    assert_true(seen[0].access.is_cut);
    assert_memory_equal(seen[0].line + LEAT_HTTP_ACCESS_LINE_BYTES - 5, " HTTP", 5);
    assert_int_equal(seen[0].access.target_len, LEAT_HTTP_ACCESS_LINE_BYTES - 9);
}

static void test_a_head_that_comes_in_pieces(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    static const char request[] = GET("/a/b", "User-Agent: in pieces\r\n");

    for (size_t i = 0; request[i]; i++) {
        const char one[] = {request[i], '\0'};

        send_text(client, one);
        world_wait(f->world, 10000000);
    }
    leave_server(f, client);
    assert_string_equal(seen[0].line, "GET /a/b HTTP/1.1");
    assert_string_equal(seen[0].agent, "in pieces");
    assert_true(seen[0].access.took_ns > 400000000);
    assert_int_equal(f->counts->latencies[11] + f->counts->latencies[12], 1); /* to 0.5 s, to 1 s */
    assert_int_equal(f->counts->latency_sum_ns, seen[0].access.took_ns);
}

static struct dns_world *clocked;

/* A clock that goes on in a poll. */
static uint64_t polled_and_more_ns(struct leat_host *host)
{
    (void)host;
    return clocked->now_ns + 700000;
}

static struct leat_host clock_host = {.now_ns = polled_and_more_ns};

static int set_up_clock(void **state)
{
    const struct leat_http_server_config config = {.files = files,
                                                   .file_count = FILES,
                                                   .clients = CLIENTS,
                                                   .on_access = on_access,
                                                   .clock = &clock_host};

    seen_count = 0;
    return set_up_with(state, &config);
}

static void test_a_clock_gives_a_request_of_one_poll_its_duration(void **state)
{
    struct fixture *f = *state;

    clocked = f->world;
    leave_server(f, ask(f, GET("/", "")));
    assert_int_equal(seen[0].access.took_ns, 700000);
    assert_int_equal(f->counts->latencies[3], 1); /* to 1 ms */
    assert_int_equal(f->counts->latency_sum_ns, 700000);
}

/* A reply that a route doesn't finish has the bytes that went. */
static void test_a_reply_that_is_broken_off(void **state)
{
    struct fixture *f = *state;
    struct client *client = ask(f, GET("/hold", ""));

    assert_non_null(held);
    assert_int_equal(leat_http_write(held, "0123456789", 10), 10);
    world_wait(f->world, 100000000);
    assert_int_equal(f->counts->reply_bytes, 10);
    leat_http_abort(held);
    assert_true(world_run(f->world, &client->closed, 1000000000));
    assert_int_equal(seen_count, 1);
    assert_int_equal(seen[0].access.status, 200);
    assert_int_equal(seen[0].access.reply_bytes, 10);
    assert_false(seen[0].access.complete);
    assert_int_equal(f->counts->latencies[0], 0);
    leave_server(f, client);
}

/* The framing of chunks is no data of the reply, also while its end waits for a buffer. */
static void test_the_end_of_chunks_is_not_counted(void **state)
{
    struct fixture *f = *state;
    struct leat_pool *pool = leat_pool(f->world->stacks[SERVER]);
    struct client *client = ask(f, GET("/chunks", ""));
    struct leat_buf *all = NULL, *one;

    assert_int_equal(leat_http_write(held, "0123456789", 10), 10);
    world_wait(f->world, 100000000);
    while ((one = leat_buf_lend(pool, "x", 1, NULL, NULL)) != NULL) {
        one->next = all;
        all = one;
    }
    leat_http_finish(held);
    world_wait(f->world, 100000000);
    assert_int_equal(seen_count, 0);
    assert_int_equal(f->counts->reply_bytes, 10);
    leat_buf_free(all);
    world_wait(f->world, 1000000000);
    assert_int_equal(seen_count, 1);
    assert_true(seen[0].access.complete);
    assert_int_equal(seen[0].access.reply_bytes, 10);
    assert_int_equal(f->counts->reply_bytes, 10);
    leave_server(f, client);
}

/* Nothing of the reply before is in its line. */
static void test_a_client_that_goes_before_its_reply(void **state)
{
    struct fixture *f = *state;
    struct client *client = ask(f, GET("/", "") "GET /unfinis");

    leat_tcp_abort(client->conn);
    world_wait(f->world, 1000000000);
    assert_int_equal(seen_count, 2);
    assert_int_equal(seen[0].access.reply_bytes, 11);
    assert_string_equal(seen[1].line, "GET /unfinis");
    assert_int_equal(seen[1].access.target_len, 0);
    assert_int_equal(seen[1].access.status, 0);
    assert_int_equal(seen[1].access.reply_bytes, 0);
    assert_false(seen[1].access.complete);
    leave_server(f, client);
}

/* The server ends one of them in favour of a new one, and the others because they are idle. */
static void test_a_connection_between_requests_is_not_told(void **state)
{
    struct fixture *f = *state;
    struct client *clients[CLIENTS + 1];

    clients[0] = ask(f, GET("/", ""));
    assert_int_equal(seen_count, 1);
    for (unsigned i = 1; i <= CLIENTS; i++) {
        clients[i] = connect_client(f);
        clients[i]->stay = true;
        world_wait(f->world, 1000000000);
    }
    assert_int_equal(f->counts->displaced, 1);
    world_wait(f->world, UINT64_C(100000000000));
    assert_int_equal(f->counts->idle, CLIENTS);
    assert_int_equal(seen_count, 1);
    for (unsigned i = 0; i <= CLIENTS; i++)
        leave_server(f, clients[i]);
    assert_int_equal(seen_count, 1);
}

static void test_a_stream_that_is_not_tcp_is_secure(void **state)
{
    struct fixture *f = *state;
    struct pipe_end ends[2];
    struct leat_stream user, served;
    static const char request[] = GET("/", "");
    static const struct leat_tcp_events nothing;
    size_t taken;

    pipe_open(ends, f->world->stacks[SERVER], 100000);
    user = pipe_stream(&ends[0]);
    served = pipe_stream(&ends[1]);
    leat_stream_set_events(&user, &nothing, NULL);
    assert_true(leat_http_server_serve(f->server, &served));
    assert_int_equal(leat_stream_write(&user, request, strlen(request), &taken), LEAT_OK);
    world_wait(f->world, 1000000000);
    assert_int_equal(seen_count, 1);
    assert_true(seen[0].access.secure && !seen[0].access.conn);
    leat_stream_abort(&user);
    world_wait(f->world, 1000000000);
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up_log, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(a_request_is_told_as_it_came),
        LOG_TEST(nothing_of_the_request_before_stays),
        LOG_TEST(a_refused_line_is_told_as_far_as_it_came),
        LOG_TEST(long_texts_are_cut_at_their_limits),
        LOG_TEST(a_target_ends_before_a_version_that_is_cut),
        LOG_TEST(a_head_that_comes_in_pieces),
        cmocka_unit_test_setup_teardown(test_a_clock_gives_a_request_of_one_poll_its_duration,
                                        set_up_clock, tear_down),
        LOG_TEST(a_reply_that_is_broken_off),
        LOG_TEST(the_end_of_chunks_is_not_counted),
        LOG_TEST(a_client_that_goes_before_its_reply),
        LOG_TEST(a_connection_between_requests_is_not_told),
        LOG_TEST(a_stream_that_is_not_tcp_is_secure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
