/* test_http.c -- requests answered by tasks, to their end. */
#include "http_tasks.h"

static void test_a_body_comes_back_in_pieces(void **state)
{
    static char plain[BIG_BYTES + 10];
    struct fixture *f = *state;
    struct client *client =
        ask(f, PUT("/echo", "Content-Length: 300000\r\nExpect: 100-continue\r\n"));

    world_wait(f->world, 10 * ms);
    send_bytes(f, client, big, BIG_BYTES);
    world_wait(f->world, 5 * second);
    assert_int_equal(data_of_chunks(client, plain), BIG_BYTES + 1);
    assert_memory_equal(plain, big, BIG_BYTES);
    assert_int_equal(plain[BIG_BYTES], '!');
    leave_server(f, client);
    assert_int_equal(served.ended, 1);
    assert_int_equal(served.gone, 0);
}

static void test_requests_one_behind_the_other(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    send_text(client,
              PUT("/echo", "Transfer-Encoding: chunked\r\n") "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" PUT(
                  "/ten", "Content-Length: 10\r\n") "0123456789" GET("/ten", "") GET("/later", ""));
    world_wait(f->world, 3 * second);
    assert_true(has(client, "\r\nabc"));
    assert_true(has(client, "!\r\n0\r\n\r\nHTTP/1.1 200 OK"));
    assert_true(has(client, "a\r\n0123456789\r\n0\r\n\r\nHTTP/1.1 200 OK"));
    assert_true(has(client, "Content-Length: 4\r\n\r\ndone"));
    leave_server(f, client);
    assert_int_equal(served.begun, 4);
}

static void test_a_body_beyond_the_buffer_of_its_task(void **state)
{
    struct fixture *f = *state;
    struct client *client = ask(f, PUT("/ten", "Content-Length: 11\r\n") "01234567890");

    world_wait(f->world, second);
    assert_int_equal(served.last, LEAT_ERR_TOO_BIG);
    assert_true(has(client, " 500 "));
    leave_server(f, client);
}

static void test_a_head_alone(void **state)
{
    struct fixture *f = *state;
    struct client *client = ask(f, "HEAD /large HTTP/1.1\r\nHost: leat\r\n\r\n");

    world_wait(f->world, second);
    assert_true(has(client, "Content-Length: 300000\r\n\r\n"));
    assert_string_equal(strstr(client->bytes, "\r\n\r\n"), "\r\n\r\n");
    leave_server(f, client);
}

static void test_a_client_that_reads_nothing_makes_its_task_wait(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    client->hold = true;
    send_text(client, GET("/large", ""));
    world_wait(f->world, 5 * second);
    assert_int_equal(served.ended, 0);
    client->hold = false;
    read_some(client, UINT32_MAX);
    world_wait(f->world, 5 * second);
    assert_int_equal(served.ended, 1);
    assert_memory_equal(strstr(client->bytes, "\r\n\r\n") + 4, big, BIG_BYTES);
    leave_server(f, client);
}

static void test_a_pool_that_is_empty_makes_it_wait(void **state)
{
    struct fixture *f = *state;
    struct hog *hog = calloc(1, sizeof *hog);
    struct client *client = ask(f, GET("/later", ""));

    world_wait(f->world, 500 * ms);
    take_all_but(hog, f->world->stacks[SERVER], 1);
    world_wait(f->world, 2 * second);
    send_text(client, GET("/large", ""));
    world_wait(f->world, 2 * second);
    give_all(hog);
    world_wait(f->world, 20 * second);
    assert_memory_equal(client->bytes + client->have - BIG_BYTES, big, BIG_BYTES);
    leave_server(f, client);
    free(hog);
}

static void test_results_of_a_task(void **state)
{
    struct fixture *f = *state;
    struct client *client = ask(f, GET("/fine", "") GET("/full", ""));

    world_wait(f->world, second);
    assert_non_null(strstr(strstr(client->bytes, " 500 "), "\r\n\r\nThat went wrong.\n"));
    assert_non_null(strstr(strstr(client->bytes, " 503 "),
                           "\r\n\r\nThere is no task for this now. Come again.\n"));
    send_text(client, GET("/half", ""));
    world_wait(f->world, second);
    assert_true(client->closed); /* its reply is incomplete, and the reset shows that */
    assert_int_equal(client->why, LEAT_ERR_RESET);
    leave_server(f, client);
}

static void test_a_status_without_a_body_takes_none(void **state)
{
    static const char *const requests[] = {GET("/204", ""), GET("/304", "")};
    struct fixture *f = *state;

    for (unsigned i = 0; i < 2; i++) {
        struct client *client = ask(f, requests[i]);

        served.last = LEAT_OK;
        world_wait(f->world, 100 * ms);
        assert_int_equal(served.last, LEAT_ERR_TOO_BIG);
        assert_false(has(client, "hello"));
        assert_true(has(client, "HTTP/1.1 "));
        leave_server(f, client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TASK_TEST(test_a_body_comes_back_in_pieces),
        TASK_TEST(test_requests_one_behind_the_other),
        TASK_TEST(test_a_body_beyond_the_buffer_of_its_task),
        TASK_TEST(test_a_head_alone),
        TASK_TEST(test_a_client_that_reads_nothing_makes_its_task_wait),
        TASK_TEST(test_a_pool_that_is_empty_makes_it_wait),
        TASK_TEST(test_results_of_a_task),
        TASK_TEST(test_a_status_without_a_body_takes_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
