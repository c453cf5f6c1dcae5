/* test_drain.c -- clients of a server whose stack drains. */
#include "http_test.h"

#include <leat/life.h>

static struct leat *served(const struct fixture *f)
{
    return f->world->stacks[SERVER];
}

static void drain(struct fixture *f)
{
    leat_drain(served(f), leat_now_ns(served(f)) + 10 * second);
    world_wait(f->world, 2 * ms);
}

/* Waits for the end of the drain; all its connections were finished by the server. */
static void end(struct fixture *f, struct client *client, uint32_t finished)
{
    leave_server(f, client);
    world_wait(f->world, 50 * ms);
    assert_true(leat_stopped(served(f), NULL));
    assert_int_equal(leat_drained(served(f)).finished, finished);
    assert_int_equal(leat_drained(served(f)).closed + leat_drained(served(f)).reset, 0);
}

static void a_download_is_finished(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);
    const char *body;

    client->hold = true;
    send_text(client, GET("/big", ""));
    world_wait(f->world, 100 * ms);
    drain(f);
    world_wait(f->world, 3 * second);
    assert_false(leat_stopped(served(f), NULL));
    client->hold = false;
    read_some(client, UINT32_MAX);
    assert_true(world_run(f->world, &client->closed, 5 * second));
    assert_int_equal(client->why, LEAT_OK);
    body = strstr(client->bytes, "\r\n\r\n") + 4;
    assert_int_equal(client->have - (size_t)(body - client->bytes), BIG_BYTES);
    assert_memory_equal(body, big, BIG_BYTES);
    end(f, client, 1);
}

static void a_client_between_two_requests_is_closed_at_once(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client, GET("/", ""));
    world_wait(f->world, 100 * ms);
    assert_string_equal(client->bytes, PAGE_HEAD PAGE);
    assert_false(client->ended);
    drain(f);
    world_wait(f->world, 10 * ms);
    assert_true(client->ended);
    end(f, client, 1);
}

static void a_new_client_may_ask_once(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    drain(f);
    world_wait(f->world, 300 * ms);
    assert_false(client->ended);
    send_text(client, "GET / HTT");
    world_wait(f->world, 400 * ms);
    assert_false(client->ended);
    send_text(client, "P/1.1\r\nHost: leat\r\n\r\n");
    world_wait(f->world, 50 * ms);
    assert_non_null(strstr(client->bytes, "Connection: close\r\n"));
    assert_non_null(strstr(client->bytes, PAGE));
    assert_true(client->ended);
    end(f, client, 1);
}

static void a_new_client_that_does_not_ask_is_closed_after_half_a_second(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    drain(f);
    world_wait(f->world, 450 * ms);
    assert_false(client->ended);
    world_wait(f->world, 100 * ms);
    assert_true(client->ended);
    end(f, client, 1);
}

static void a_download_that_nobody_takes_is_reset_at_the_deadline(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    client->hold = true;
    send_text(client, GET("/big", ""));
    world_wait(f->world, 100 * ms);
    leat_drain(served(f), leat_now_ns(served(f)) + second);
    world_wait(f->world, 1300 * ms);
    assert_true(leat_stopped(served(f), NULL));
    assert_int_equal(leat_drained(served(f)).reset, 1);
    client->hold = false;
    read_some(client, UINT32_MAX);
    assert_true(world_run(f->world, &client->closed, second));
    assert_int_equal(client->why, LEAT_ERR_RESET);
    free(client);
}

/* ---- a route that answers later ------------------------------------------------------------ */

static struct leat_http_exchange *asked;

static void on_request(struct leat_http_exchange *exchange, void *arg)
{
    (void)arg;
    asked = exchange;
}

static const struct leat_http_route routes[] = {
    {.path = "/later", .methods = LEAT_HTTP_GET | LEAT_HTTP_POST, .on_request = on_request}};

static int set_up_later(void **state)
{
    const struct leat_http_server_config config = {.files = files,
                                                   .file_count = FILES,
                                                   .routes = routes,
                                                   .route_count = 1,
                                                   .clients = CLIENTS};

    return set_up_with(state, &config);
}

static void a_reply_that_comes_later_is_waited_for(void **state)
{
    static const struct leat_http_head head = {.status = 200};
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client, GET("/later", ""));
    world_wait(f->world, 50 * ms);
    drain(f);
    world_wait(f->world, 4 * second); /* quiet, but there is work */
    assert_false(client->ended);
    leat_http_answer(asked, &head, "done", 4);
    world_wait(f->world, 50 * ms);
    assert_non_null(strstr(client->bytes, "Connection: close\r\n"));
    assert_non_null(strstr(client->bytes, "\r\n\r\ndone"));
    assert_true(client->ended);
    end(f, client, 1);
}

#define TEST_LATER(name) cmocka_unit_test_setup_teardown(name, set_up_later, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_download_is_finished),
        TEST(a_client_between_two_requests_is_closed_at_once),
        TEST(a_new_client_may_ask_once),
        TEST(a_new_client_that_does_not_ask_is_closed_after_half_a_second),
        TEST(a_download_that_nobody_takes_is_reset_at_the_deadline),
        TEST_LATER(a_reply_that_comes_later_is_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
