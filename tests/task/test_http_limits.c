/* test_http_limits.c -- more requests than tasks, and tasks that end early. */
#include "http_tasks.h"

#include "pipe.h"

static void test_more_requests_than_tasks_wait(void **state)
{
    struct fixture *f = *state;
    struct client *clients[5];

    for (unsigned i = 0; i < 5; i++) {
        clients[i] = ask(f, GET("/later", ""));
        world_wait(f->world, ms);
    }
    assert_int_equal(served.begun, TASKS);
    world_wait(f->world, 100 * ms);
    assert_true(has(clients[4], " 503 ")); /* two have tasks, two wait */
    assert_int_equal(leat_tasks_counts(served.tasks)->refused, 1);
    world_wait(f->world, second);
    assert_int_equal(served.begun, 2 * TASKS);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(has(clients[i], "done"), i < TASKS);
    world_wait(f->world, second);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(has(clients[i], "done"), i < 4);
        leave_server(f, clients[i]);
    }
}

static void test_a_handler_may_refuse_at_once(void **state)
{
    struct fixture *f = *state;
    struct client *clients[3];

    for (unsigned i = 0; i < 3; i++) {
        clients[i] = ask(f, GET("/busy", ""));
        world_wait(f->world, ms);
    }
    world_wait(f->world, 2 * second);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(has(clients[i], "done"), i < 2);
        assert_int_equal(has(clients[i], " 503 "), i == 2);
        leave_server(f, clients[i]);
    }
}

/* Slow bodies of one address take all tasks and fill the queue. Another address is served at
 * once. */
static void test_requests_of_one_address_shut_out_no_other(void **state)
{
    static const struct leat_tcp_events nothing;
    static struct pipe_end ends[TASKS + WAITING][2];
    struct fixture *f = *state;
    unsigned turned_away = 0;
    struct client *client;
    size_t taken;

    for (unsigned i = 0; i < TASKS + WAITING; i++) {
        const struct leat_stream from =
            (pipe_open(ends[i], f->world->stacks[SERVER], 65536), pipe_stream(&ends[i][0]));
        const struct leat_stream served_one = pipe_stream(&ends[i][1]);
        static const char slow[] = PUT("/echo", "Content-Length: 10\r\n") "01";

        ends[i][1].peer = LEAT_IP4(192, 0, 2, 66);
        leat_stream_set_events(&from, &nothing, NULL);
        assert_true(leat_http_server_serve(f->server, &served_one));
        leat_stream_write(&from, slow, sizeof slow - 1, &taken);
        world_wait(f->world, 10 * ms);
    }
    assert_int_equal(served.begun, TASKS);
    client = ask(f, GET("/large", ""));
    world_wait(f->world, second);
    assert_true(has(client, " 200 "));
    assert_int_equal(leat_tasks_counts(served.tasks)->displaced, 1);
    for (unsigned i = 0; i < TASKS + WAITING; i++) {
        const struct leat_stream from = pipe_stream(&ends[i][0]);
        struct leat_buf *reply = leat_stream_receive(&from, UINT32_MAX);
        char text[64] = "";

        leat_buf_read(reply, 0, (uint8_t *)text, sizeof text - 1);
        leat_buf_free(reply);
        turned_away += strncmp(text, "HTTP/1.1 503 ", 13) == 0;
        if (!ends[i][0].told_closed)
            leat_stream_abort(&from);
    }
    world_wait(f->world, second);
    assert_int_equal(turned_away, 1);
    leave_server(f, client);
}

static struct pipe_end slow_ends[TASKS][2];

/* Sends one more byte of a body, or makes room for more of a reply. */
static void go_on(struct fixture *f, struct pipe_end *end, bool reads)
{
    const struct leat_stream stream = pipe_stream(end);
    struct leat_buf *data = reads ? leat_stream_receive(&stream, UINT32_MAX) : NULL;
    size_t taken;

    if (reads) {
        leat_stream_consumed(&stream, leat_buf_total(data));
        leat_buf_free(data);
    } else {
        leat_stream_write(&stream, "2", 1, &taken);
    }
    world_wait(f->world, 10 * ms);
}

/* Two requests of one address. The first one has made progress since, so the second is evicted. */
static void check_renewal(struct fixture *f, const char *request, bool reads)
{
    static const struct leat_tcp_events nothing;
    struct client *client;
    size_t taken;

    for (unsigned i = 0; i < TASKS; i++) {
        const struct leat_stream from = (pipe_open(slow_ends[i], f->world->stacks[SERVER], 65536),
                                         pipe_stream(&slow_ends[i][0]));
        const struct leat_stream to = pipe_stream(&slow_ends[i][1]);

        slow_ends[i][1].peer = LEAT_IP4(192, 0, 2, 66);
        leat_stream_set_events(&from, &nothing, NULL);
        assert_true(leat_http_server_serve(f->server, &to));
        leat_stream_write(&from, request, strlen(request), &taken);
        world_wait(f->world, 10 * ms);
    }
    world_wait(f->world, second);
    go_on(f, &slow_ends[0][0], reads);
    client = ask(f, GET("/fine", ""));
    world_wait(f->world, 100 * ms);
    assert_int_equal(leat_tasks_counts(served.tasks)->displaced, 1);
    assert_false(slow_ends[0][0].told_closed);
    assert_true(slow_ends[1][0].told_closed);
    go_on(f, &slow_ends[0][0], true);
    if (!slow_ends[0][0].told_closed) {
        const struct leat_stream from = pipe_stream(&slow_ends[0][0]);

        leat_stream_abort(&from);
    }
    world_wait(f->world, second);
    leave_server(f, client);
}

static void test_a_body_that_goes_on_keeps_its_task(void **state)
{
    check_renewal(*state, PUT("/echo", "Content-Length: 10\r\n") "01", false);
}

static void test_a_reply_that_goes_on_keeps_its_task(void **state)
{
    check_renewal(*state, GET("/large", ""), true);
}

/* ---- To their end ------------------------------------------------------------------------- */

static void test_a_client_that_goes_ends_its_task(void **state)
{
    struct fixture *f = *state;
    struct client *clients[4];

    for (unsigned i = 0; i < 4; i++) {
        clients[i] = connect_client(f);
        send_text(clients[i],
                  i % 2 ? PUT("/echo", "Content-Length: 10\r\n") "01" : GET("/later", ""));
        world_wait(f->world, 10 * ms);
    }
    assert_int_equal(served.begun, 2);
    for (unsigned i = 0; i < 3; i++) /* one sleeps, one reads, one waits for a task */
        leat_tcp_abort(clients[i]->conn);
    world_wait(f->world, 100 * ms);
    assert_int_equal(served.ended, 2);
    assert_int_equal(served.gone, 2);
    assert_int_equal(served.begun, 3); /* of the fourth client */
    send_text(clients[3], "23456789");
    world_wait(f->world, second);
    assert_true(has(clients[3], "!"));
    for (unsigned i = 0; i < 4; i++)
        leave_server(f, clients[i]);
    assert_int_equal(served.begun, 3);
}

static void test_a_client_that_goes_before_its_task_begins(void **state)
{
    struct fixture *f = *state;
    struct client *clients[3];

    for (unsigned i = 0; i < 3; i++)
        clients[i] = ask(f, GET("/later", ""));
    world_wait(f->world, second - ms);
    for (unsigned i = 0; i < 3; i++) /* in the same turn as the end of the first sleep, or nearly */
        leat_tcp_abort(clients[i]->conn);
    world_wait(f->world, 2 * second);
    assert_int_equal(served.begun, served.ended);
    for (unsigned i = 0; i < 3; i++)
        leave_server(f, clients[i]);
}

static void test_a_handlers_time(void **state)
{
    struct fixture *f = *state;
    struct client *client = ask(f, GET("/short", ""));

    world_wait(f->world, 90 * ms);
    assert_int_equal(client->have, 0);
    world_wait(f->world, 20 * ms);
    assert_int_equal(served.last, LEAT_ERR_CANCELLED);
    assert_true(has(client, " 503 "));
    send_text(client, PUT("/cut", "Content-Length: 10\r\n") "012");
    world_wait(f->world, 50 * ms);
    assert_true(has(client, "012"));
    world_wait(f->world, 100 * ms);
    assert_true(client->closed);
    assert_int_equal(client->why, LEAT_ERR_RESET);
    assert_int_equal(served.ended, 2);
    leave_server(f, client);
}

static void test_each_wait_cancelled_once(void **state)
{
    struct fixture *f = *state;
    bool whole = false;

    for (int i = 0; !whole; i++) {
        struct client *client = connect_client(f);

        served.interrupt_after = i;
        send_text(client, PUT("/echo", "Content-Length: 9\r\n") "012");
        world_wait(f->world, 20 * ms);
        if (!client->closed)
            send_text(client, "345678");
        world_wait(f->world, second);
        whole = served.interrupt_after >= 0;
        assert_int_equal(has(client, "!\r\n0\r\n\r\n"), whole);
        assert_int_equal(served.begun, i + 1);
        assert_int_equal(served.ended, i + 1);
        leave_server(f, client);
        assert_true(i < 20);
        assert_true(whole || i < 5);
    }
}

static void test_tasks_that_are_closed(void **state)
{
    struct fixture *f = *state;
    struct client *clients[4];

    for (unsigned i = 0; i < 4; i++) {
        clients[i] = connect_client(f);
        send_text(clients[i],
                  i == 1 ? PUT("/echo", "Content-Length: 9\r\n") "0" : GET("/later", ""));
        world_wait(f->world, 10 * ms);
    }
    leat_tasks_close(served.tasks);
    served.tasks = NULL;
    memset(served.memory, 0xa5, 1000);
    assert_int_equal(served.ended, 2);
    world_wait(f->world, second);
    assert_true(has(clients[0], " 503 "));
    for (unsigned i = 1; i < 4; i++)
        assert_true(clients[i]->closed);
    send_text(clients[0], GET("/later", ""));
    world_wait(f->world, second);
    assert_non_null(strstr(strstr(clients[0]->bytes, " 503 ") + 1, " 503 "));
    for (unsigned i = 0; i < 4; i++)
        leave_server(f, clients[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TASK_TEST(test_more_requests_than_tasks_wait),
        TASK_TEST(test_a_handler_may_refuse_at_once),
        TASK_TEST(test_requests_of_one_address_shut_out_no_other),
        TASK_TEST(test_a_body_that_goes_on_keeps_its_task),
        TASK_TEST(test_a_reply_that_goes_on_keeps_its_task),
        TASK_TEST(test_a_client_that_goes_ends_its_task),
        TASK_TEST(test_a_client_that_goes_before_its_task_begins),
        TASK_TEST(test_a_handlers_time),
        TASK_TEST(test_each_wait_cancelled_once),
        TASK_TEST(test_tasks_that_are_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
