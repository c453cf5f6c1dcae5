/* test_dry.c -- server and client with one failed allocation from the pool, each one in turn: all
 * requests are still answered completely. */
#include "call_test.h"

#include <leat/civil.h>

#include "dry.h"

enum {
    BODY_BYTES = 12000,
    CALLS_MAX = 2000
};

/* Bytes that the server's routes have sent and received. */
static struct {
    size_t sent, have;
    bool by_lends;
} route;

/* ---- Routes ------------------------------------------------------------------------------- */

static bool send_lent(struct leat_http_exchange *exchange, struct leat_pool *pool)
{
    const uint32_t room = leat_http_send_room(exchange);
    const uint32_t left = (uint32_t)(BODY_BYTES - route.sent);
    const uint32_t len = left < room ? left : room;
    struct leat_buf *data;

    if (len == 0)
        return false;
    data = leat_buf_lend(pool, big + route.sent, len, NULL, NULL);
    if (!data) {
        leat_http_want_room(exchange, 1);
        return false;
    }
    if (leat_http_send(exchange, data)) {
        leat_http_want_room(exchange, 1);
        return false;
    }
    route.sent += len;
    return true;
}

static void stream_on(struct leat_http_exchange *exchange, void *arg)
{
    while (route.sent < BODY_BYTES) {
        if (route.by_lends) {
            if (!send_lent(exchange, leat_pool(arg)))
                return;
        } else {
            const size_t wants = BODY_BYTES - route.sent < 700 ? BODY_BYTES - route.sent : 700;
            const size_t len = leat_http_write(exchange, big + route.sent, wants);

            route.sent += len;
            if (len < wants)
                return;
        }
    }
    leat_http_finish(exchange);
}

static void stream(struct leat_http_exchange *exchange, void *arg)
{
    const struct leat_http_head head = {.status = 200, .len = LEAT_HTTP_ANY};

    route.sent = 0;
    leat_http_reply(exchange, &head);
    stream_on(exchange, arg);
}

static void on_body(struct leat_http_exchange *exchange, void *arg)
{
    static const struct leat_http_head head = {.status = 200};
    struct leat_buf *data;

    (void)arg;
    while ((data = leat_http_receive(exchange, UINT32_MAX)) != NULL) {
        const uint32_t len = leat_buf_total(data);
        char bytes[2000];

        for (uint32_t at = 0, part; at < len; at += part) {
            part = leat_buf_read(data, at, bytes, sizeof bytes);
            assert_memory_equal(bytes, big + route.have + at, part);
        }
        route.have += len;
        leat_buf_free(data);
        leat_http_consumed(exchange, len);
    }
    if (leat_http_body_over(exchange))
        leat_http_answer(exchange, &head, "done", 4);
}

static void on_request(struct leat_http_exchange *exchange, void *arg)
{
    (void)exchange;
    (void)arg;
    route.have = 0;
}

static struct leat_http_route routes[] = {
    {.path = "/stream", .methods = LEAT_HTTP_GET, .on_request = stream, .on_writable = stream_on},
    {.path = "/put",
     .methods = LEAT_HTTP_PUT,
     .body_bytes_max = LEAT_HTTP_ANY,
     .on_request = on_request,
     .on_body = on_body},
};

static const struct leat_http_file few[] = {
    {"/index.html", "text/html", PAGE, sizeof PAGE - 1, 0xaa, 1},
    {"/body", "application/octet-stream", big, BODY_BYTES, 0xbb, 0},
};

static int open_both(void **state)
{
    static const struct leat_http_client_config config = {.stall_ns = 0}; /* defaults */
    const struct leat_http_server_config server = {.files = few,
                                                   .file_count = sizeof few / sizeof *few,
                                                   .clients = CLIENTS,
                                                   .routes = routes,
                                                   .route_count = sizeof routes / sizeof *routes};
    struct fixture *f;

    open_client_with(state, &server, &config);
    f = *state;
    leat_civil_set(f->world->stacks[SERVER], UINT64_C(1793707200) * second);
    routes[0].arg = f->world->stacks[SERVER];
    return 0;
}

/* ---- Calls -------------------------------------------------------------------------------- */

struct scene {
    enum leat_http_method method;
    const char *url;
    uint64_t body_len;
    bool is_lent; /* the body is lent, else it is copied */
    bool by_lends;
    uint16_t status;
    size_t reply_bytes;
};

static void write_on(struct leat_http_call *call, void *arg)
{
    struct heard *heard = arg;
    size_t wrote = 1;

    while (heard->to_send > 0 && wrote > 0) {
        const size_t wants = heard->to_send < 500 ? heard->to_send : 500;

        wrote = leat_http_call_write(call, big + BODY_BYTES - heard->to_send, wants);
        heard->to_send -= wrote;
    }
    if (heard->to_send == 0 && heard->request.body_len == LEAT_HTTP_ANY)
        leat_http_call_finish(call);
}

static bool goes_well(struct fixture *f, const struct scene *scene)
{
    struct heard *heard = listen_for(scene->url);
    bool well;

    route.by_lends = scene->by_lends;
    heard->request.method = scene->method;
    heard->request.on_writable = write_on;
    heard->request.body_len = scene->body_len;
    heard->request.body = scene->is_lent ? big : NULL;
    heard->to_send = scene->is_lent || scene->body_len == 0 ? 0 : BODY_BYTES;
    assert_int_equal(leat_http_call(client, &heard->request, &heard->call), LEAT_OK);
    for (unsigned i = 0; i < 300 && !heard->over && !heard->failed; i++)
        world_wait(f->world, 100 * ms);
    well = heard->over && heard->status == scene->status && heard->have == scene->reply_bytes;
    if (well && scene->reply_bytes == BODY_BYTES)
        assert_memory_equal(heard->bytes, big, BODY_BYTES);
    if (well && scene->body_len > 0)
        assert_int_equal(route.have, BODY_BYTES);
    if (!well)
        print_message("%s: over %d failed %d (%s) status %d, %u bytes\n", scene->url, heard->over,
                      heard->failed, leat_err_text(heard->why), heard->status,
                      (unsigned)heard->have);
    free(heard);
    return well;
}

static void fail_each_call(struct fixture *f, unsigned end, const struct scene *scene)
{
    const struct leat_pool *pool = leat_pool(f->world->stacks[end]);
    unsigned call = 0;

    do {
        world_wait(f->world, 400 * second); /* no connection is kept, or in TIME-WAIT */
        dry_at(pool, ++call);
        if (!goes_well(f, scene))
            fail_msg("%s, end %u, call %u", scene->url, end, call);
    } while (dry_ends() && call < CALLS_MAX);
    assert_in_range(call, 5, CALLS_MAX - 1);
}

static void test_each_buffer_lacks_once(void **state)
{
    static const struct scene scenes[] = {
        {.url = "http://10.0.0.1/", .status = 200, .reply_bytes = sizeof PAGE - 1},
        {.url = "http://10.0.0.1/body", .status = 200, .reply_bytes = BODY_BYTES},
        {.url = "http://10.0.0.1/none", .status = 404, .reply_bytes = 10},
        {.url = "http://10.0.0.1/stream", .status = 200, .reply_bytes = BODY_BYTES},
        {.url = "http://10.0.0.1/stream",
         .status = 200,
         .reply_bytes = BODY_BYTES,
         .by_lends = true},
        {.url = "http://10.0.0.1/put",
         .method = LEAT_HTTP_PUT,
         .body_len = BODY_BYTES,
         .is_lent = true,
         .status = 200,
         .reply_bytes = 4},
        {.url = "http://10.0.0.1/put",
         .method = LEAT_HTTP_PUT,
         .body_len = BODY_BYTES,
         .status = 200,
         .reply_bytes = 4},
        {.url = "http://10.0.0.1/put",
         .method = LEAT_HTTP_PUT,
         .body_len = LEAT_HTTP_ANY,
         .status = 200,
         .reply_bytes = 4},
    };
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof scenes / sizeof *scenes; i++)
        for (unsigned end = 0; end < 2; end++)
            fail_each_call(f, end, &scenes[i]);
}

/* A client that waits for 100 (Continue) before it sends its body. */
static void test_each_buffer_lacks_once_with_100_continue(void **state)
{
    struct fixture *f = *state;
    const struct leat_pool *pool = leat_pool(f->world->stacks[SERVER]);
    unsigned call = 0;

    do {
        struct client *asker = connect_client(f);
        size_t taken;

        dry_at(pool, ++call);
        send_text(asker, "PUT /put HTTP/1.1\r\nHost: leat\r\nContent-Length: 2\r\n"
                         "Expect: 100-continue\r\n\r\n");
        world_wait(f->world, 5 * second);
        assert_string_equal(asker->bytes, "HTTP/1.1 100 Continue\r\n\r\n");
        assert_int_equal(leat_tcp_write(asker->conn, big, 2, &taken), LEAT_OK);
        world_wait(f->world, 5 * second);
        assert_non_null(strstr(asker->bytes, "\r\n\r\ndone"));
        leave_server(f, asker);
    } while (dry_ends() && call < CALLS_MAX);
    assert_in_range(call, 5, CALLS_MAX - 1);
}

#define DRY_TEST(name) cmocka_unit_test_setup_teardown(name, open_both, close_client)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRY_TEST(test_each_buffer_lacks_once),
        DRY_TEST(test_each_buffer_lacks_once_with_100_continue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
