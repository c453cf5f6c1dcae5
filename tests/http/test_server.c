/* test_server.c -- replies of the server of files, over a wire. Time is virtual. */
#include "http_test.h"

static void test_a_page(void **state)
{
    struct fixture *f = *state;

    check(f, GET("/", ""), PAGE_HEAD PAGE);
    check(f, GET("/index.html", ""), PAGE_HEAD PAGE);
    check(f, "HEAD / HTTP/1.1\r\nHost: leat\r\n\r\n", PAGE_HEAD);
    check(f, GET("/sub/", ""),
          "HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nContent-Type: text/html\r\n"
          "Content-Length: 3\r\n\r\nsub");
    check(f, GET("/empty", ""),
          "HTTP/1.1 200 OK\r\nETag: \"00000000000000cc\"\r\nAccept-Ranges: bytes\r\n"
          "Content-Type: text/plain\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(f->counts->ok, 5);
    assert_int_equal(f->counts->requests, 5);
}

static void test_refusals(void **state)
{
    struct fixture *f = *state;

    check(f, GET("/sub", ""),
          "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n"
          "Not Found\n");
    check(f, "HEAD /nothing HTTP/1.1\r\nHost: leat\r\n\r\n",
          "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n");
    check(f, "DELETE / HTTP/1.1\r\nHost: leat\r\n\r\n",
          "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Type: text/plain\r\n"
          "Content-Length: 19\r\n\r\nMethod Not Allowed\n");
    check(f, "BREW / HTTP/1.1\r\nHost: leat\r\n\r\n",
          "HTTP/1.1 501 Not Implemented\r\nContent-Type: text/plain\r\nContent-Length: 16\r\n\r\n"
          "Not Implemented\n");
    check(f, "GET / HTTP/1.1\r\n\r\n",
          "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n"
          "Connection: close\r\n\r\nBad Request\n");
    assert_int_equal(f->counts->client_errors, 4);
    assert_int_equal(f->counts->server_errors, 1);
}

static void test_ranges(void **state)
{
    struct fixture *f = *state;

    check(f, GET("/", "Range: bytes=3-6\r\n"),
          "HTTP/1.1 206 Partial Content\r\nETag: " PAGE_TAG "\r\nContent-Range: bytes 3-6/11\r\n"
          "Content-Type: text/html\r\nContent-Length: 4\r\n\r\nleat");
    check(f, GET("/", "Range: bytes=7-99\r\n"),
          "HTTP/1.1 206 Partial Content\r\nETag: " PAGE_TAG "\r\nContent-Range: bytes 7-10/11\r\n"
          "Content-Type: text/html\r\nContent-Length: 4\r\n\r\n</p>");
    check(f, GET("/", "Range: bytes=-99\r\nIf-Range: " PAGE_TAG "\r\n"),
          "HTTP/1.1 206 Partial Content\r\nETag: " PAGE_TAG "\r\nContent-Range: bytes 0-10/11\r\n"
          "Content-Type: text/html\r\nContent-Length: 11\r\n\r\n" PAGE);
    check(f, GET("/", "Range: bytes=11-\r\n"),
          "HTTP/1.1 416 Range Not Satisfiable\r\nETag: " PAGE_TAG
          "\r\nContent-Range: bytes */11\r\n"
          "Content-Type: text/plain\r\nContent-Length: 22\r\n\r\nRange Not Satisfiable\n");
    check(f, GET("/", "Range: bytes=0-1\r\nIf-Range: \"another\"\r\n"), PAGE_HEAD PAGE);
    check(f, GET("/", "Range: bytes=0-5,4-10\r\n"), PAGE_HEAD PAGE); /* 13 of 11 bytes */
    check(f, GET("/", "Range: bytes=0-1,6-5\r\n"), PAGE_HEAD PAGE);
    check(f, GET("/", "Range: bytes=3-6,11-\r\n"),
          "HTTP/1.1 206 Partial Content\r\nETag: " PAGE_TAG "\r\nContent-Range: bytes 3-6/11\r\n"
          "Content-Type: text/html\r\nContent-Length: 4\r\n\r\nleat");
    check(f, GET("/empty", "Range: bytes=0-\r\n"),
          "HTTP/1.1 200 OK\r\nETag: \"00000000000000cc\"\r\nAccept-Ranges: bytes\r\n"
          "Content-Type: text/plain\r\nContent-Length: 0\r\n\r\n");
    check(f, "HEAD / HTTP/1.1\r\nHost: leat\r\nRange: bytes=0-1\r\n\r\n", PAGE_HEAD);
}

static void test_conditions(void **state)
{
    struct fixture *f = *state;
    const char *not_modified = "HTTP/1.1 304 Not Modified\r\nETag: " PAGE_TAG "\r\n\r\n";
    const char *failed = "HTTP/1.1 412 Precondition Failed\r\nETag: " PAGE_TAG "\r\n"
                         "Content-Type: text/plain\r\nContent-Length: 20\r\n\r\n"
                         "Precondition Failed\n";

    check(f, GET("/", "If-None-Match: " PAGE_TAG "\r\n"), not_modified);
    check(f, GET("/", "If-None-Match: \"x\", W/" PAGE_TAG "\r\n"), not_modified);
    check(f, GET("/", "If-None-Match: *\r\n"), not_modified);
    check(f, GET("/", "If-None-Match: \"x\"\r\n"), PAGE_HEAD PAGE);
    check(f, GET("/", "If-Match: " PAGE_TAG "\r\n"), PAGE_HEAD PAGE);
    check(f, GET("/", "If-Match: *\r\n"), PAGE_HEAD PAGE);
    check(f, GET("/", "If-Match: W/" PAGE_TAG "\r\n"), failed);
    check(f, GET("/", "If-Match: \"x\"\r\nIf-None-Match: " PAGE_TAG "\r\n"), failed);
}

static void test_a_request_with_close_ends_the_connection(void **state)
{
    static const char *const requests[] = {GET("/", "Connection: close\r\n"),
                                           "GET / HTTP/1.0\r\n\r\n", "nonsense\r\n",
                                           GET("/", "Transfer-Encoding: chunked\r\n") "b\r\nhello"};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct client *client = connect_client(f);

        send_text(client, requests[i]);
        assert_true(world_run(f->world, &client->closed, second));
        assert_int_equal(client->why, LEAT_OK);
        assert_non_null(strstr(client->bytes, "\r\nConnection: close\r\n"));
        leave_server(f, client);
    }
}

static void test_old_clients_may_keep_their_connection(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    for (int i = 0; i < 3; i++)
        send_text(client, "GET /sub/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    world_wait(f->world, second);
    assert_false(client->ended);
    assert_non_null(strstr(client->bytes, "\r\nConnection: keep-alive\r\n"));
    assert_int_equal(f->counts->ok, 3);
    leave_server(f, client);
}

/* RFC 9112 9.3.2: replies come in the order of the requests, however those are cut. */
static void test_pipelined_requests(void **state)
{
    static const char requests[] = "HEAD /big HTTP/1.1\r\nHost: leat\r\n\r\n" GET("/", "")
        GET("/big", "") GET("/sub/", "Connection: close\r\n");
    struct fixture *f = *state;

    for (size_t cut = 0; cut < sizeof requests - 1; cut += 7) {
        struct client *client = connect_client(f);
        const char *at;

        if (cut > 0) {
            char first[sizeof requests];

            memcpy(first, requests, cut);
            first[cut] = '\0';
            send_text(client, first);
            world_wait(f->world, 50 * ms);
        }
        send_text(client, requests + cut);
        assert_true(world_run(f->world, &client->closed, 60 * second));
        at = strstr(client->bytes, PAGE_HEAD PAGE);
        assert_non_null(at);
        at = strstr(at, "Content-Length: 300000\r\n\r\n");
        assert_non_null(at);
        at = strstr(at, "\r\n\r\n") + 4;
        assert_memory_equal(at, big, BIG_BYTES);
        assert_string_equal(client->bytes + client->have - 5, "\r\nsub");
        leave_server(f, client);
    }
}

static void test_many_pipelined_requests(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    for (int i = 0; i < 200; i++) {
        send_text(client, GET("/", ""));
        if (i % 50 == 49)
            world_wait(f->world, 100 * ms);
    }
    world_wait(f->world, second);
    assert_int_equal(client->have, 200 * (sizeof PAGE_HEAD PAGE - 1));
    assert_int_equal(f->counts->ok, 200);
    leave_server(f, client);
}

static void test_bodies_of_requests_are_thrown_away(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client, "POST / HTTP/1.1\r\nHost: leat\r\nContent-Length: 10\r\n\r\n0123");
    world_wait(f->world, 50 * ms);
    send_text(client, "456789" GET("/", ""));
    world_wait(f->world, second);
    assert_non_null(strstr(client->bytes, " 405 "));
    assert_non_null(strstr(client->bytes, PAGE_HEAD PAGE));
    leave_server(f, client);
}

/* The rest of a body that isn't read doesn't reset the connection before its reply is read. */
static void test_a_long_body_ends_the_connection_in_order(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    client->stay = true;
    send_text(client, "PUT / HTTP/1.1\r\nHost: leat\r\nContent-Length: 99999999\r\n\r\n");
    for (int i = 0; i < 10; i++) {
        send_text(client, "0123456789012345678901234567890123456789");
        world_wait(f->world, 20 * ms);
    }
    assert_true(client->ended);
    assert_false(client->closed);
    assert_non_null(strstr(client->bytes, "Method Not Allowed\n"));
    leave_server(f, client);
}

static void test_half_closed_client_gets_its_replies(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client, GET("/big", "") GET("/sub/", ""));
    leat_tcp_shutdown(client->conn);
    assert_true(world_run(f->world, &client->closed, 60 * second));
    assert_int_equal(client->why, LEAT_OK);
    assert_string_equal(client->bytes + client->have - 3, "sub");
    leave_server(f, client);
}

/* For a request that may be longer than the send queue. */
static void assert_status(struct fixture *f, const char *request, const char *status)
{
    struct client *client = connect_client(f);

    for (size_t at = 0; at < strlen(request) && client->have == 0; at += 4000) {
        char part[4001];

        snprintf(part, sizeof part, "%s", request + at);
        send_text(client, part);
        world_wait(f->world, 10 * ms);
    }
    world_wait(f->world, second);
    assert_int_equal(strncmp(client->bytes, status, strlen(status)), 0);
    leave_server(f, client);
}

/* RFC 9110 15.5.15, 15.5.18, RFC 6585 5 */
static void test_refusals_say_why(void **state)
{
    struct fixture *f = *state;
    char zeros[17001], request[17100];

    memset(zeros, '0', 17000);
    zeros[17000] = '\0';
    sprintf(request, "GET /%.9000s HTTP/1.1\r\nHost: leat\r\n\r\n", zeros);
    assert_status(f, request, "HTTP/1.1 414 URI Too Long\r\n");
    assert_status(f, GET("/", "Expect: miracles\r\n"), "HTTP/1.1 417 Expectation Failed\r\n");
    sprintf(request, "GET / HTTP/1.1\r\nHost: leat\r\nA: %s\r\n\r\n", zeros);
    assert_status(f, request, "HTTP/1.1 431 Request Header Fields Too Large\r\n");
}

static void test_a_server_with_defaults_serves(void **state)
{
    struct fixture *f = *state;
    const struct leat_http_server_config config = {
        .port = 8080, .files = files, .file_count = FILES};
    const size_t bytes = leat_http_server_memory_bytes(&config);
    struct leat_http_server *server;
    void *memory = malloc(bytes);

    assert_int_equal(
        leat_http_server_open(&server, f->world->stacks[SERVER], memory, bytes, &config), LEAT_OK);
    leat_http_server_close(server);
    free(memory);
}

static void test_the_parts_of_a_reply_do_not_wait(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client, GET("/", ""));
    world_wait(f->world, 100 * ms);
    world_expect_nodelay(f->world, SERVER);
    leave_server(f, client);
}

static enum leat_err late_why;

static void late_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    late_why = why;
    *(bool *)arg = true;
}

static void test_a_server_that_stops_listens_no_more(void **state)
{
    static const struct leat_tcp_events late = {.on_closed = late_closed};
    const struct leat_endpoint server = leat_endpoint_of(SERVER_IP, 80);
    struct leat_tcp *conn;
    struct fixture *f = *state;
    bool closed = false;

    leat_http_server_stop(f->server);
    assert_int_equal(
        leat_tcp_connect(f->world->stacks[CLIENT], &conn, &server, NULL, &late, &closed), LEAT_OK);
    assert_true(world_run(f->world, &closed, second));
    assert_int_equal(late_why, LEAT_ERR_REFUSED);
}

static void test_a_server_that_closes_resets_each_client(void **state)
{
    struct fixture *f = *state;
    struct client *clients[CLIENTS];

    for (unsigned i = 0; i < CLIENTS; i++)
        clients[i] = connect_client(f);
    assert_int_equal(leat_http_server_clients(f->server), CLIENTS);
    leat_http_server_close(f->server);
    for (unsigned i = 0; i < CLIENTS; i++) {
        assert_true(world_run(f->world, &clients[i]->closed, second));
        assert_int_equal(clients[i]->why, LEAT_ERR_RESET);
        free(clients[i]);
    }
    world_destroy(f->world);
    free(f->memory);
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_refusals_say_why),
        TEST(test_a_server_with_defaults_serves),
        TEST(test_a_page),
        TEST(test_refusals),
        TEST(test_ranges),
        TEST(test_conditions),
        TEST(test_a_request_with_close_ends_the_connection),
        TEST(test_old_clients_may_keep_their_connection),
        TEST(test_pipelined_requests),
        TEST(test_many_pipelined_requests),
        TEST(test_bodies_of_requests_are_thrown_away),
        TEST(test_a_long_body_ends_the_connection_in_order),
        TEST(test_half_closed_client_gets_its_replies),
        TEST(test_the_parts_of_a_reply_do_not_wait),
        TEST(test_a_server_that_stops_listens_no_more),
        cmocka_unit_test_setup(test_a_server_that_closes_resets_each_client, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
