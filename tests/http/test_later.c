/* test_later.c -- a route that answers outside of its callbacks, when it wants. */
#include "http_test.h"

static struct leat_http_exchange *held;
static uint64_t held_ns; /* time of the request */

static void hold(struct leat_http_exchange *exchange, void *arg)
{
    (void)arg;
    held = exchange;
    held_ns = leat_now_ns(leat_tcp_stack(leat_http_request_conn(exchange)));
}

static const struct leat_http_route routes[] = {
    {.path = "/hold", .methods = LEAT_HTTP_GET, .on_request = hold}};

static int set_up_routes(void **state)
{
    const struct leat_http_server_config config = {.files = files,
                                                   .file_count = FILES,
                                                   .clients = CLIENTS,
                                                   .routes = routes,
                                                   .route_count = sizeof routes / sizeof *routes};

    return set_up_with(state, &config);
}

/* The program answers in the turn in which its client's deadline is checked. */
static void test_a_reply_comes_when_the_time_is_looked_at(void **state)
{
    static const struct leat_http_head head = {.status = 200, .type = "text/plain"};
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client, GET("/hold", ""));
    world_wait(f->world, second);
    world_wait(f->world, held_ns + 30 * second - ms - f->world->now_ns);
    leat_http_answer(held, &head, "later", 5);
    f->world->now_ns += 2 * ms;
    world_wait(f->world, second);
    assert_non_null(strstr(client->bytes, "\r\n\r\nlater"));
    leave_server(f, client);
}

/* A reply with pauses between its data: data that was just sent is no sign of a client that doesn't
 * read. */
static void test_a_reply_pauses(void **state)
{
    static const struct leat_http_head head = {.status = 200, .len = LEAT_HTTP_ANY};
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client, GET("/hold", ""));
    world_wait(f->world, second);
    leat_http_reply(held, &head);
    assert_int_equal(leat_http_write(held, "a", 1), 1);
    world_wait(f->world, held_ns + 60 * second - ms - f->world->now_ns);
    assert_int_equal(leat_http_write(held, "b", 1), 1);
    f->world->now_ns += 2 * ms;
    world_wait(f->world, second);
    assert_false(client->closed);
    leat_http_finish(held);
    world_wait(f->world, second);
    assert_non_null(strstr(client->bytes, "\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n"));
    leave_server(f, client);
}

/* The head doesn't wait for data, not even outside of a callback. */
static void test_a_head_goes_at_once(void **state)
{
    static const struct leat_http_head head = {.status = 200, .len = LEAT_HTTP_ANY};
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client, GET("/hold", ""));
    world_wait(f->world, second);
    leat_http_reply(held, &head);
    world_wait(f->world, second);
    assert_string_equal(client->bytes, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    leat_http_finish(held);
    world_wait(f->world, second);
    leave_server(f, client);
}

/* RFC 9110 15: the first digit is the class. */
static void test_statuses_are_counted_by_their_class(void **state)
{
    static const uint16_t statuses[] = {200, 299, 304, 399, 400, 499, 500, 599};
    struct fixture *f = *state;

    for (unsigned i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        const struct leat_http_head head = {.status = statuses[i]};
        struct client *client = connect_client(f);

        send_text(client, GET("/hold", ""));
        world_wait(f->world, second);
        leat_http_answer(held, &head, "", 0);
        world_wait(f->world, second);
        leave_server(f, client);
    }
    assert_int_equal(f->counts->ok, 3);
    assert_int_equal(f->counts->not_modified, 1);
    assert_int_equal(f->counts->client_errors, 2);
    assert_int_equal(f->counts->server_errors, 2);
    assert_int_equal(f->counts->requests, 8);
}

#define ROUTE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_routes, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROUTE_TEST(test_a_reply_comes_when_the_time_is_looked_at),
        ROUTE_TEST(test_a_reply_pauses),
        ROUTE_TEST(test_a_head_goes_at_once),
        ROUTE_TEST(test_statuses_are_counted_by_their_class),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
