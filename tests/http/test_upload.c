/* test_upload.c -- bodies that the program takes as they arrive: flow control, limits, slow
 * clients. */
#include "http_test.h"

enum {
    SMALL_MAX = 10,
    BODY_BYTES = 250000
};

static struct {
    struct leat_http_exchange *exchange;
    size_t have;
    unsigned calls, over, failures;
    enum leat_err why;
    bool hold; /* take nothing */
    char bytes[2 * BIG_BYTES];
} upload;

static const struct leat_http_head done_head = {.status = 200};

/* Takes the data that is there, at most @bytes_max at a time. */
static void take(struct leat_http_exchange *exchange, uint32_t bytes_max)
{
    struct leat_buf *data;

    while ((data = leat_http_receive(exchange, bytes_max)) != NULL) {
        const uint32_t len = leat_buf_total(data);

        assert_true(upload.have + len <= sizeof upload.bytes);
        leat_buf_read(data, 0, upload.bytes + upload.have, len);
        upload.have += len;
        leat_buf_free(data);
        leat_http_consumed(exchange, len);
    }
}

static void on_request(struct leat_http_exchange *exchange, void *arg)
{
    (void)arg;
    upload.exchange = exchange;
}

static void on_body(struct leat_http_exchange *exchange, void *arg)
{
    upload.calls++;
    if (upload.hold)
        return;
    take(exchange, arg ? 7 : UINT32_MAX);
    if (!leat_http_body_over(exchange))
        return;
    upload.over++;
    leat_http_answer(exchange, &done_head, "done", 4);
}

static void on_failed(struct leat_http_exchange *exchange, enum leat_err why, void *arg)
{
    (void)arg;
    assert_ptr_equal(exchange, upload.exchange);
    upload.failures++;
    upload.why = why;
}

static void refuse(struct leat_http_exchange *exchange, void *arg)
{
    static const struct leat_http_head head = {.status = 403};

    (void)arg;
    leat_http_answer(exchange, &head, "no", 2);
}

/* Begins its reply and never ends it. */
static void begin(struct leat_http_exchange *exchange, void *arg)
{
    static const struct leat_http_head head = {.status = 200, .len = LEAT_HTTP_ANY};

    (void)arg;
    upload.exchange = exchange;
    leat_http_reply(exchange, &head);
}

static char bites[] = "bites";

#define BODY .on_request = on_request, .on_body = on_body, .on_failed = on_failed

static const struct leat_http_route routes[] = {
    {.path = "/put", .methods = LEAT_HTTP_PUT, .body_bytes_max = LEAT_HTTP_ANY, BODY},
    {.path = "/bites",
     .methods = LEAT_HTTP_PUT,
     .body_bytes_max = LEAT_HTTP_ANY,
     BODY,
     .arg = bites},
    {.path = "/small", .methods = LEAT_HTTP_PUT, .body_bytes_max = SMALL_MAX, BODY},
    {.path = "/refuse",
     .methods = LEAT_HTTP_PUT,
     .body_bytes_max = LEAT_HTTP_ANY,
     .on_request = refuse},
    {.path = "/begin", .methods = LEAT_HTTP_PUT, .on_request = begin, .on_failed = on_failed},
};

static int set_up_uploads(void **state)
{
    const struct leat_http_server_config config = {.files = files,
                                                   .file_count = FILES,
                                                   .clients = CLIENTS,
                                                   .routes = routes,
                                                   .route_count = sizeof routes / sizeof *routes};

    memset(&upload, 0, sizeof upload);
    return set_up_with(state, &config);
}

#define PUT(path, fields) "PUT " path " HTTP/1.1\r\nHost: leat\r\n" fields "\r\n"
#define CHUNKED           "Transfer-Encoding: chunked\r\n"
#define DONE              "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"

static void send_bytes(struct fixture *f, struct client *client, const char *bytes, size_t len)
{
    while (len > 0) {
        size_t taken = 0;

        assert_false(client->closed);
        leat_tcp_write(client->conn, bytes, len, &taken);
        bytes += taken;
        len -= taken;
        world_wait(f->world, 10 * ms);
    }
}

/* ---- Whole bodies ------------------------------------------------------------------------- */

static void test_a_body_by_length(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client, PUT("/put", "Content-Length: 250000\r\n"));
    send_bytes(f, client, big, BODY_BYTES);
    send_text(client, GET("/", ""));
    world_wait(f->world, second);
    assert_string_equal(client->bytes, DONE PAGE_HEAD PAGE);
    assert_int_equal(upload.have, BODY_BYTES);
    assert_memory_equal(upload.bytes, big, BODY_BYTES);
    assert_int_equal(upload.over, 1);
    leave_server(f, client);
}

static void test_a_body_in_chunks(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    size_t at = 0;

    send_text(client, PUT("/bites", CHUNKED));
    while (at < BODY_BYTES) {
        const size_t len = at % 4000 < BODY_BYTES - at ? at % 4000 + 1 : BODY_BYTES - at;
        char line[50];

        snprintf(line, sizeof line, "%zx;x=y\r\n", len);
        send_bytes(f, client, line, strlen(line));
        send_bytes(f, client, big + at, len);
        send_bytes(f, client, "\r\n", 2);
        at += len;
    }
    send_text(client, "0\r\nX-Sum: 5\r\n\r\n" GET("/", ""));
    world_wait(f->world, second);
    assert_string_equal(client->bytes, DONE PAGE_HEAD PAGE);
    assert_int_equal(upload.have, BODY_BYTES);
    assert_memory_equal(upload.bytes, big, BODY_BYTES);
    leave_server(f, client);
}

static void test_bodies_cut_anywhere(void **state)
{
    static const char text[] = PUT("/put", CHUNKED) "3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n" PUT(
        "/put", "Content-Length: 2\r\n") "fg" PUT("/put", "Content-Length: 0\r\n") PUT("/put", "");
    struct fixture *f = *state;

    for (size_t cut = 1; cut < sizeof text - 1; cut++) {
        struct client *client = connect_client(f);

        upload.have = 0;
        send_bytes(f, client, text, cut);
        world_wait(f->world, 20 * ms);
        send_bytes(f, client, text + cut, sizeof text - 1 - cut);
        world_wait(f->world, 50 * ms);
        assert_string_equal(client->bytes, DONE DONE DONE DONE);
        assert_memory_equal(upload.bytes, "abcdefg", 7);
        leave_server(f, client);
    }
    assert_int_equal(upload.failures, 0);
}

/* Data that the program doesn't take stays with the client. */
static void test_a_program_that_takes_nothing_closes_the_window(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    struct leat_tcp_info info;
    size_t sent = 0, taken;

    upload.hold = true;
    send_text(client, PUT("/put", "Content-Length: 20000000\r\n"));
    for (int i = 0; i < 100; i++) {
        taken = 0;
        leat_tcp_write(client->conn, big, BIG_BYTES, &taken);
        sent += taken;
        world_wait(f->world, 100 * ms);
    }
    leat_tcp_get_info(client->conn, &info);
    assert_true(sent < 10000000);
    assert_true(info.snd_wnd_bytes < 3000);
    world_wait(f->world, 40 * second); /* the client isn't the reason */
    assert_int_equal(upload.failures, 0);
    upload.hold = false;
    upload.have = 0;
    take(upload.exchange, 100000); /* outside of any callback */
    assert_true(upload.have > 100000);
    world_wait(f->world, 2 * second);
    assert_int_equal(upload.have, sent);
    leat_tcp_abort(client->conn);
    world_wait(f->world, second);
    assert_int_equal(upload.failures, 1);
    leave_server(f, client);
}

/* ---- Expect: 100-continue (RFC 9110 10.1.1) ----------------------------------------------- */

static void test_a_client_that_waits_gets_100(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client, PUT("/put", "Content-Length: 2\r\nExpect: 100-continue\r\n"));
    world_wait(f->world, second);
    assert_string_equal(client->bytes, "HTTP/1.1 100 Continue\r\n\r\n");
    send_text(client, "hi" GET("/", ""));
    world_wait(f->world, second);
    assert_string_equal(client->bytes, "HTTP/1.1 100 Continue\r\n\r\n" DONE PAGE_HEAD PAGE);
    leave_server(f, client);
}

static void test_a_client_that_waits_may_be_refused_at_once(void **state)
{
    static const char *const requests[] = {
        PUT("/refuse", "Content-Length: 20\r\nExpect: 100-continue\r\n"),
        PUT("/small", "Content-Length: 11\r\nExpect: 100-continue\r\n"),
        PUT("/", "Content-Length: 20\r\nExpect: 100-continue\r\n"),
        PUT("/refuse", "Content-Length: 999999999\r\n"),
        PUT("/refuse", CHUNKED),
    };
    static const char *const statuses[] = {" 403 ", " 413 ", " 405 ", " 403 ", " 403 "};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct client *client = connect_client(f);

        send_text(client, requests[i]);
        assert_true(world_run(f->world, &client->closed, second));
        assert_non_null(strstr(client->bytes, statuses[i]));
        assert_non_null(strstr(client->bytes, "\r\nConnection: close\r\n"));
        assert_null(strstr(client->bytes, " 100 "));
        leave_server(f, client);
    }
}

static void test_threat_W5_a_client_that_waits_and_never_sends_is_ended(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client, PUT("/put", "Content-Length: 2\r\nExpect: 100-continue\r\n"));
    assert_true(world_run(f->world, &client->closed, 32 * second));
    assert_non_null(strstr(client->bytes, " 408 "));
    assert_int_equal(upload.failures, 1);
    assert_int_equal(upload.why, LEAT_ERR_TIMEOUT);
    assert_int_equal(f->counts->timeouts, 1);
    leave_server(f, client);
}

/* ---- Refusals -------------------------------------------------------------------------------- */

static void check_refused(struct fixture *f, const char *request, const char *status,
                          enum leat_err why)
{
    struct client *client = connect_client(f);

    upload.failures = 0;
    send_text(client, request);
    assert_true(world_run(f->world, &client->closed, second));
    assert_non_null(strstr(client->bytes, status));
    assert_null(strstr(client->bytes + 1, "HTTP/1.1"));
    assert_int_equal(upload.failures, why != LEAT_OK);
    if (why)
        assert_int_equal(upload.why, why);
    leave_server(f, client);
}

/* RFC 9112 11.2: two lengths, or framing that others read differently. Data after it is not
 * answered. */
static void test_threat_W1_smuggled_requests(void **state)
{
    static const char *const heads[] = {
        PUT("/put", CHUNKED "Content-Length: 3\r\n"),
        PUT("/put", "Content-Length: 3\r\nContent-Length: 3\r\n"),
        PUT("/put", "Content-Length: 3, 3\r\n"),
        PUT("/put", "Content-Length: +3\r\n"),
        PUT("/put", "Content-Length : 3\r\n"),
        "PUT /put HTTP/1.0\r\n" CHUNKED "\r\n",
    };
    static const char *const bodies[] = {
        "+3\r\nabc\r\n0\r\n\r\n",    " 3\r\nabc\r\n0\r\n\r\n", "3 \r\nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",       "3\r\nabc\n0\r\n\r\n",    "0x3\r\nabc\r\n0\r\n\r\n",
        "3;\nx\r\nabc\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n", "3\r\nabc\r\n0\r\n\n"};
    struct fixture *f = *state;
    char request[300];

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        snprintf(request, sizeof request, "%s0\r\n\r\n%s", heads[i], GET("/", ""));
        check_refused(f, request, " 400 ", LEAT_OK);
    }
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        snprintf(request, sizeof request, "%s%s%s", PUT("/put", CHUNKED), bodies[i], GET("/", ""));
        check_refused(f, request, " 400 ", LEAT_ERR_FORMAT);
    }
    check_refused(f, PUT("/put", "Transfer-Encoding: chunked, chunked\r\n") GET("/", ""), " 400 ",
                  LEAT_OK);
    check_refused(f, PUT("/put", CHUNKED CHUNKED) GET("/", ""), " 400 ", LEAT_OK);
}

static void test_a_body_beyond_its_limit(void **state)
{
    struct fixture *f = *state;

    check(f, PUT("/small", "Content-Length: 10\r\n") "0123456789", DONE);
    check(f, PUT("/small", CHUNKED) "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n", DONE);
    check_refused(f, PUT("/small", "Content-Length: 11\r\n"), " 413 ", LEAT_OK);
    check_refused(f, PUT("/small", "Content-Length: 18446744073709551626\r\n"), " 413 ", LEAT_OK);
    check_refused(f, PUT("/small", CHUNKED) "5\r\n01234\r\n6\r\n", " 413 ", LEAT_ERR_TOO_BIG);
    check_refused(f, PUT("/small", CHUNKED) "ffffffffffffffff\r\n", " 413 ", LEAT_ERR_TOO_BIG);
    assert_int_equal(f->counts->client_errors, 4);
    assert_int_equal(f->counts->failed, 0); /* each is one error: its reply was whole */
}

static void test_a_body_that_is_cut(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client, PUT("/put", "Content-Length: 10\r\n") "01234");
    leat_tcp_shutdown(client->conn);
    assert_true(world_run(f->world, &client->closed, second));
    assert_int_equal(upload.failures, 1);
    assert_int_equal(upload.why, LEAT_ERR_END);
    assert_int_equal(upload.have, 5);
    leave_server(f, client);
    client = connect_client(f);
    send_text(client, PUT("/begin", CHUNKED));
    world_wait(f->world, second);
    send_text(client, "g");
    assert_true(world_run(f->world, &client->closed, second));
    assert_int_equal(client->why, LEAT_ERR_RESET); /* there is a reply, but it isn't complete */
    assert_int_equal(upload.why, LEAT_ERR_FORMAT);
    leave_server(f, client);
}

/* ---- Slow clients ------------------------------------------------------------------------- */

static void test_threat_W2_a_body_by_drops_is_ended(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client, PUT("/put", "Content-Length: 1000000\r\n"));
    for (int i = 0; i < 60 && upload.failures == 0; i++) {
        send_text(client, "0123456789"); /* 10 per second: never silent, but too slow */
        world_wait(f->world, second);
    }
    assert_int_equal(upload.failures, 1);
    assert_int_equal(upload.why, LEAT_ERR_TIMEOUT);
    assert_true(upload.have > 250 && upload.have < 400);
    assert_true(world_run(f->world, &client->closed, 5 * second));
    assert_non_null(strstr(client->bytes, " 408 "));
    leave_server(f, client);
}

/* Each second of silence is compensated by four fifths: 30 s last for 150 s. */
static void test_a_body_that_is_a_fifth_too_slow_is_ended_late(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    int seconds = 0;

    send_text(client, PUT("/put", "Content-Length: 100000\r\n"));
    while (seconds < 200 && upload.failures == 0) {
        send_bytes(f, client, big, 400);
        world_wait(f->world, second - 10 * ms);
        seconds++;
    }
    assert_in_range(seconds, 145, 155);
    assert_int_equal(upload.why, LEAT_ERR_TIMEOUT);
    assert_true(world_run(f->world, &client->closed, 5 * second));
    leave_server(f, client);
}

static void test_a_slow_body_is_taken(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client, PUT("/put", "Content-Length: 72000\r\n"));
    for (int i = 0; i < 120; i++) { /* 600 per second */
        send_bytes(f, client, big, 600);
        world_wait(f->world, second - 10 * ms);
    }
    assert_string_equal(client->bytes, DONE);
    leave_server(f, client);
}

/* ---- Short memory ------------------------------------------------------------------------- */

static void test_bodies_on_short_memory(void **state)
{
    struct fixture *f = *state;
    struct hog *hog = calloc(1, sizeof *hog);
    struct client *client = connect_client(f);

    send_text(client, PUT("/bites", "Content-Length: 100000\r\nExpect: 100-continue\r\n"));
    world_wait(f->world, second);
    take_all_but(hog, f->world->stacks[SERVER], 2);
    send_bytes(f, client, big, 5000);
    world_wait(f->world, 15 * second);
    give_all(hog);
    send_bytes(f, client, big + 5000, 95000);
    world_wait(f->world, 60 * second);
    assert_string_equal(client->bytes, "HTTP/1.1 100 Continue\r\n\r\n" DONE);
    assert_memory_equal(upload.bytes, big, 100000);
    leave_server(f, client);
    free(hog);
}

#define UPLOAD_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_uploads, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UPLOAD_TEST(test_a_body_by_length),
        UPLOAD_TEST(test_a_body_in_chunks),
        UPLOAD_TEST(test_bodies_cut_anywhere),
        UPLOAD_TEST(test_a_program_that_takes_nothing_closes_the_window),
        UPLOAD_TEST(test_a_client_that_waits_gets_100),
        UPLOAD_TEST(test_a_client_that_waits_may_be_refused_at_once),
        UPLOAD_TEST(test_threat_W5_a_client_that_waits_and_never_sends_is_ended),
        UPLOAD_TEST(test_threat_W1_smuggled_requests),
        UPLOAD_TEST(test_a_body_beyond_its_limit),
        UPLOAD_TEST(test_a_body_that_is_cut),
        UPLOAD_TEST(test_threat_W2_a_body_by_drops_is_ended),
        UPLOAD_TEST(test_a_body_that_is_a_fifth_too_slow_is_ended_late),
        UPLOAD_TEST(test_a_slow_body_is_taken),
        UPLOAD_TEST(test_bodies_on_short_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
