/* test_http.c -- requests answered by tasks: in a straight line, to their end. */
#include "http_test.h"

#include <leat/http_flow.h>

enum {
    TASKS = 2,
    WAITING = 2,
    STACK_BYTES = 65536, /* a sanitizer's frames are large */
    PIECE = 3000
};

#define CHUNKED           "Transfer-Encoding: chunked\r\n"
#define PUT(path, fields) "PUT " path " HTTP/1.1\r\nHost: leat\r\n" fields "\r\n"

static struct leat_tasks *tasks;
static void *task_memory;
static unsigned begun, ended, gone;
static enum leat_err last; /* what a handler's call said */
static const struct leat_http_head in_pieces = {
    .status = 200, .type = "text/plain", .len = LEAT_HTTP_ANY};

/* ---- Handlers ----------------------------------------------------------------------------- */

/* Reads its body to the end, waits, and says it again, in pieces. */
static enum leat_err echo(struct leat_task *task, struct leat_http_flow *flow, void *arg)
{
    const uint64_t in_ns = leat_task_in(task, 20 * second);
    struct leat_buf *text;

    (void)arg;
    begun++;
    last = leat_http_flow_reply(flow, &in_pieces);
    while (!last && (last = leat_http_flow_read(flow, &text, in_ns)) == LEAT_OK) {
        last = leat_task_sleep(task, leat_task_in(task, ms));
        if (last)
            leat_buf_free(text);
        else
            last = leat_http_flow_send(flow, text, in_ns);
    }
    if (last == LEAT_ERR_END)
        last = leat_http_flow_write(flow, "!", 1, in_ns);
    ended++;
    gone += flow->exchange == NULL;
    return last;
}

/* Sleeps for a second, and answers at once; then it has no request any more. */
static enum leat_err later(struct leat_task *task, struct leat_http_flow *flow, void *arg)
{
    static const struct leat_http_head head = {.status = 200, .type = "text/plain"};
    struct leat_buf *text;

    begun++;
    last = leat_task_sleep(task, leat_task_in(task, second));
    ended++;
    gone += flow->exchange == NULL;
    if (!last && (last = leat_http_flow_answer(flow, &head, arg, (uint32_t)strlen(arg))) == LEAT_OK)
        assert_int_equal(leat_http_flow_read(flow, &text, LEAT_NEVER_NS), LEAT_ERR_CLOSED);
    return last;
}

/* BIG_BYTES, of a length that is told. */
static enum leat_err large(struct leat_task *task, struct leat_http_flow *flow, void *arg)
{
    const struct leat_http_head head = {.status = 200, .len = BIG_BYTES};

    (void)task;
    (void)arg;
    begun++;
    last = leat_http_flow_reply(flow, &head);
    for (size_t at = 0; at < BIG_BYTES && !last; at += PIECE)
        last = leat_http_flow_write(flow, big + at, PIECE, LEAT_NEVER_NS);
    ended++;
    gone += flow->exchange == NULL;
    if (!last)
        assert_int_equal(leat_http_flow_write(flow, "x", 1, LEAT_NEVER_NS), LEAT_ERR_TOO_BIG);
    return last;
}

/* As many bytes of the body as fit into 10. */
static enum leat_err ten(struct leat_task *task, struct leat_http_flow *flow, void *arg)
{
    char bytes[10];
    size_t len;

    (void)arg;
    begun++;
    last = leat_http_flow_read_all(flow, bytes, sizeof bytes, &len, leat_task_in(task, second));
    ended++;
    if (last)
        return last;
    leat_http_flow_reply(flow, &in_pieces);
    return leat_http_flow_write(flow, bytes, len, LEAT_NEVER_NS);
}

static enum leat_err nothing(struct leat_task *task, struct leat_http_flow *flow, void *arg)
{
    (void)task;
    (void)flow;
    return *(const enum leat_err *)arg;
}

static enum leat_err half(struct leat_task *task, struct leat_http_flow *flow, void *arg)
{
    (void)task;
    (void)arg;
    leat_http_flow_reply(flow, &in_pieces);
    leat_http_flow_write(flow, "half", 4, LEAT_NEVER_NS);
    return LEAT_ERR_DEVICE;
}

static const enum leat_err fine = LEAT_OK, full = LEAT_ERR_MEMORY;
static char done[] = "done";
static struct leat_http_handler handlers[] = {
    {.name = "echo", .serve = echo},
    {.name = "later", .serve = later, .arg = done},
    {.name = "busy", .serve = later, .arg = done, .refuse = true},
    {.name = "large", .serve = large},
    {.name = "ten", .serve = ten},
    {.name = "fine", .serve = nothing, .arg = (void *)(uintptr_t)&fine},
    {.name = "full", .serve = nothing, .arg = (void *)(uintptr_t)&full},
    {.name = "half", .serve = half},
    {.name = "short", .serve = later, .arg = done, .time_ns = 100 * 1000000},
    {.name = "cut", .serve = echo, .time_ns = 100 * 1000000},
};
enum {
    ANY = LEAT_HTTP_GET | LEAT_HTTP_PUT,
    HANDLERS = sizeof handlers / sizeof *handlers
};

static const struct leat_http_route routes[] = {
    {LEAT_HTTP_TASK_ROUTE("/echo", ANY, &handlers[0]), .body_bytes_max = LEAT_HTTP_ANY},
    {LEAT_HTTP_TASK_ROUTE("/later", ANY, &handlers[1])},
    {LEAT_HTTP_TASK_ROUTE("/busy", ANY, &handlers[2])},
    {LEAT_HTTP_TASK_ROUTE("/large", ANY, &handlers[3])},
    {LEAT_HTTP_TASK_ROUTE("/ten", ANY, &handlers[4])},
    {LEAT_HTTP_TASK_ROUTE("/fine", ANY, &handlers[5])},
    {LEAT_HTTP_TASK_ROUTE("/full", ANY, &handlers[6])},
    {LEAT_HTTP_TASK_ROUTE("/half", ANY, &handlers[7])},
    {LEAT_HTTP_TASK_ROUTE("/short", ANY, &handlers[8])},
    {LEAT_HTTP_TASK_ROUTE("/cut", ANY, &handlers[9]), .body_bytes_max = LEAT_HTTP_ANY}};

/* ---- Set up ------------------------------------------------------------------------------- */

static int interrupt_after; /* that many waits; < 0: none */

static bool interrupt(const struct leat_task *task, void *arg)
{
    (void)task;
    (void)arg;
    return interrupt_after >= 0 && interrupt_after-- == 0;
}

static int set_up_tasks(void **state)
{
    const struct leat_http_server_config config = {
        .routes = routes, .route_count = HANDLERS, .clients = 8};
    const struct leat_tasks_config task_config = {
        .tasks = TASKS, .waiting = WAITING, .stack_bytes = STACK_BYTES, .interrupt = interrupt};
    const size_t bytes = leat_tasks_memory_bytes(&task_config);
    struct fixture *f;

    set_up_with(state, &config);
    f = *state;
    task_memory = malloc(bytes);
    assert_int_equal(
        leat_tasks_open(&tasks, f->world->stacks[SERVER], task_memory, bytes, &task_config),
        LEAT_OK);
    for (unsigned i = 0; i < HANDLERS; i++)
        leat_http_handler_open(&handlers[i], tasks);
    begun = ended = gone = 0;
    interrupt_after = -1;
    last = LEAT_OK;
    return 0;
}

static int tear_down_tasks(void **state)
{
    if (tasks) {
        assert_int_equal(leat_tasks_counts(tasks)->started, leat_tasks_counts(tasks)->ended);
        leat_tasks_close(tasks);
    }
    tasks = NULL;
    free(task_memory);
    return tear_down(state);
}

static void send_bytes(struct fixture *f, struct client *client, const char *bytes, size_t len)
{
    while (len > 0) {
        size_t taken = 0;

        leat_tcp_write(client->conn, bytes, len, &taken);
        bytes += taken;
        len -= taken;
        world_wait(f->world, 5 * ms);
    }
}

static struct client *ask(struct fixture *f, const char *text)
{
    struct client *client = connect_client(f);

    send_text(client, text);
    return client;
}

static bool has(const struct client *client, const char *text)
{
    return strstr(client->bytes, text) != NULL;
}

static void test_a_body_comes_back_in_pieces(void **state)
{
    static char plain[BIG_BYTES + 10];
    struct fixture *f = *state;
    struct client *client =
        ask(f, PUT("/echo", "Content-Length: 300000\r\nExpect: 100-continue\r\n"));

    world_wait(f->world, 10 * ms);
    send_bytes(f, client, big, BIG_BYTES);
    world_wait(f->world, 5 * second);
    assert_int_equal(text_of_chunks(client, plain), BIG_BYTES + 1);
    assert_memory_equal(plain, big, BIG_BYTES);
    assert_int_equal(plain[BIG_BYTES], '!');
    leave_server(f, client);
    assert_int_equal(ended, 1);
    assert_int_equal(gone, 0);
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
    assert_int_equal(begun, 4);
}

static void test_what_is_more_than_it_takes(void **state)
{
    struct fixture *f = *state;
    struct client *client = ask(f, PUT("/ten", "Content-Length: 11\r\n") "01234567890");

    world_wait(f->world, second);
    assert_int_equal(last, LEAT_ERR_TOO_BIG);
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

static void test_who_takes_nothing_makes_it_wait(void **state)
{
    struct fixture *f = *state;
    struct client *client = connect_client(f);

    client->hold = true;
    send_text(client, GET("/large", ""));
    world_wait(f->world, 5 * second);
    assert_int_equal(ended, 0);
    client->hold = false;
    read_some(client, UINT32_MAX);
    world_wait(f->world, 5 * second);
    assert_int_equal(ended, 1);
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

static void test_what_a_task_returns(void **state)
{
    struct fixture *f = *state;
    struct client *client = ask(f, GET("/fine", "") GET("/full", ""));

    world_wait(f->world, second);
    assert_true(has(client, " 500 "));
    assert_true(has(client, " 503 "));
    send_text(client, GET("/half", ""));
    world_wait(f->world, second);
    assert_true(client->closed); /* its reply is not whole, and it sees that */
    assert_int_equal(client->why, LEAT_ERR_RESET);
    leave_server(f, client);
}

/* ---- As many as there are tasks ----------------------------------------------------------- */

static void test_more_requests_than_tasks_wait(void **state)
{
    struct fixture *f = *state;
    struct client *clients[5];

    for (unsigned i = 0; i < 5; i++) {
        clients[i] = ask(f, GET("/later", ""));
        world_wait(f->world, ms);
    }
    assert_int_equal(begun, TASKS);
    world_wait(f->world, 100 * ms);
    assert_true(has(clients[4], " 503 ")); /* two have tasks, two wait */
    assert_int_equal(leat_tasks_counts(tasks)->refused, 1);
    world_wait(f->world, second);
    assert_int_equal(begun, 2 * TASKS);
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
    assert_int_equal(begun, 2);
    for (unsigned i = 0; i < 3; i++) /* one sleeps, one reads, one waits for a task */
        leat_tcp_abort(clients[i]->conn);
    world_wait(f->world, 100 * ms);
    assert_int_equal(ended, 2);
    assert_int_equal(gone, 2);
    assert_int_equal(begun, 3); /* the fourth */
    send_text(clients[3], "23456789");
    world_wait(f->world, second);
    assert_true(has(clients[3], "!"));
    for (unsigned i = 0; i < 4; i++)
        leave_server(f, clients[i]);
    assert_int_equal(begun, 3);
}

static void test_a_client_that_goes_before_its_task_begins(void **state)
{
    struct fixture *f = *state;
    struct client *clients[3];

    for (unsigned i = 0; i < 3; i++)
        clients[i] = ask(f, GET("/later", ""));
    world_wait(f->world, second - ms);
    for (unsigned i = 0; i < 3; i++) /* in one turn with the end of the first sleep, or nearly */
        leat_tcp_abort(clients[i]->conn);
    world_wait(f->world, 2 * second);
    assert_int_equal(begun, ended);
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
    assert_int_equal(last, LEAT_ERR_CANCELLED);
    assert_true(has(client, " 503 "));
    send_text(client, PUT("/cut", "Content-Length: 10\r\n") "012");
    world_wait(f->world, 50 * ms);
    assert_true(has(client, "012"));
    world_wait(f->world, 100 * ms);
    assert_true(client->closed);
    assert_int_equal(client->why, LEAT_ERR_RESET);
    assert_int_equal(ended, 2);
    leave_server(f, client);
}

static void test_each_wait_cancelled_once(void **state)
{
    struct fixture *f = *state;
    bool whole = false;

    for (int i = 0; !whole; i++) {
        struct client *client = connect_client(f);

        interrupt_after = i;
        send_text(client, PUT("/echo", "Content-Length: 9\r\n") "012");
        world_wait(f->world, 20 * ms);
        if (!client->closed)
            send_text(client, "345678");
        world_wait(f->world, second);
        whole = interrupt_after >= 0;
        assert_int_equal(has(client, "!\r\n0\r\n\r\n"), whole);
        assert_int_equal(begun, i + 1);
        assert_int_equal(ended, i + 1);
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
    leat_tasks_close(tasks);
    tasks = NULL;
    memset(task_memory, 0xa5, 1000);
    assert_int_equal(ended, 2);
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

#define TASK_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_tasks, tear_down_tasks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TASK_TEST(test_a_body_comes_back_in_pieces),
        TASK_TEST(test_requests_one_behind_the_other),
        TASK_TEST(test_what_is_more_than_it_takes),
        TASK_TEST(test_a_head_alone),
        TASK_TEST(test_who_takes_nothing_makes_it_wait),
        TASK_TEST(test_a_pool_that_is_empty_makes_it_wait),
        TASK_TEST(test_what_a_task_returns),
        TASK_TEST(test_more_requests_than_tasks_wait),
        TASK_TEST(test_a_handler_may_refuse_at_once),
        TASK_TEST(test_a_client_that_goes_ends_its_task),
        TASK_TEST(test_a_client_that_goes_before_its_task_begins),
        TASK_TEST(test_a_handlers_time),
        TASK_TEST(test_each_wait_cancelled_once),
        TASK_TEST(test_tasks_that_are_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
