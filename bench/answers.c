/*
 * answers.c -- the cost of an HTTP request for a server, by callbacks and by tasks; both ends in
 * one process, over TCP, on one connection.
 *
 *      answers callbacks|tasks get|post [UNITS]
 *
 * get: answered at once; post: its body of 5 bytes, which comes behind its head, is sent back in a
 * chunk.  Prints how many units, and how many seconds they took; with
 * valgrind --tool=callgrind --toggle-collect=server_poll it counts the server's instructions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/http_flow.h>
#include <leat/http_server.h>

#include "world.h"

enum {
    WARM_UP = 100
};

static const char get[] = "GET /a HTTP/1.1\r\nHost: leat\r\n\r\n";
static const char post[] = "POST /b HTTP/1.1\r\nHost: leat\r\nContent-Length: 5\r\n\r\n";
static const char body[] = "hello";
static struct {
    struct leat_tcp *conn;
    bool open;
    char last[8]; /* bytes that came */
    uint64_t whole;
} client;

static const struct leat_http_head plain = {.status = 200, .type = "text/plain"};
static const struct leat_http_head pieces = {
    .status = 200, .type = "text/plain", .len = LEAT_HTTP_ANY};

/* ---- The server, told twice ---------------------------------------------------------------- */

static void on_get(struct leat_http_exchange *exchange, void *arg)
{
    (void)arg;
    leat_http_answer(exchange, &plain, body, sizeof body - 1);
}

static void on_post(struct leat_http_exchange *exchange, void *arg)
{
    (void)exchange;
    (void)arg;
}

static void on_body(struct leat_http_exchange *exchange, void *arg)
{
    struct leat_buf *data = leat_http_receive(exchange, UINT32_MAX);

    (void)arg;
    if (!data)
        return;
    leat_http_reply(exchange, &pieces);
    leat_http_send(exchange, data);
    leat_http_finish(exchange);
}

static enum leat_err task_get(struct leat_task *task, struct leat_http_flow *flow, void *arg)
{
    (void)task;
    (void)arg;
    return leat_http_flow_answer(flow, &plain, body, sizeof body - 1);
}

static enum leat_err task_post(struct leat_task *task, struct leat_http_flow *flow, void *arg)
{
    struct leat_buf *data;

    (void)task;
    (void)arg;
    if (leat_http_flow_read(flow, &data, LEAT_NEVER_NS))
        return LEAT_ERR_END;
    leat_http_flow_reply(flow, &pieces);
    return leat_http_flow_send(flow, data, LEAT_NEVER_NS);
}

static struct leat_http_handler handlers[] = {{.name = "get", .serve = task_get},
                                              {.name = "post", .serve = task_post}};
static const struct leat_http_route by_callbacks[] = {
    {.path = "/a", .methods = LEAT_HTTP_GET, .on_request = on_get},
    {.path = "/b", .methods = LEAT_HTTP_POST, .on_request = on_post, .on_body = on_body}};
static const struct leat_http_route by_tasks[] = {
    {LEAT_HTTP_TASK_ROUTE("/a", LEAT_HTTP_GET, &handlers[0])},
    {LEAT_HTTP_TASK_ROUTE("/b", LEAT_HTTP_POST, &handlers[1])}};

static void open_server(struct world *world, bool tasks)
{
    const struct leat_http_server_config config = {.routes = tasks ? by_tasks : by_callbacks,
                                                   .route_count = 2,
                                                   .port = SERVER_PORT,
                                                   .clients = 4};
    const struct leat_tasks_config task_config = {.tasks = 4};
    const size_t bytes = leat_http_server_memory_bytes(&config);
    const size_t task_bytes = leat_tasks_memory_bytes(&task_config);
    struct leat_http_server *server;
    struct leat_tasks *made;

    if (leat_http_server_open(&server, world->server.stack, malloc(bytes), bytes, &config) ||
        leat_tasks_open(&made, world->server.stack, malloc(task_bytes), task_bytes, &task_config))
        world_fail("no server");
    for (unsigned i = 0; i < 2; i++)
        leat_http_handler_open(&handlers[i], made);
}

/* ---- The client ---------------------------------------------------------------------------- */

static void on_open(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    (void)arg;
    client.open = true;
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct leat_buf *data = leat_tcp_receive(conn, UINT32_MAX);
    const uint32_t len = leat_buf_total(data);

    (void)arg;
    if (len >= sizeof client.last)
        leat_buf_read(data, len - (uint32_t)sizeof client.last, client.last, sizeof client.last);
    leat_buf_free(data);
    leat_tcp_consumed(conn, len);
    client.whole += memcmp(client.last + 3, body, 5) == 0 || memcmp(client.last, "o\r\n0", 4) == 0;
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)arg;
    world_fail(leat_err_text(why));
}

static void write_all(const char *text, size_t len)
{
    size_t taken;

    if (leat_tcp_write(client.conn, text, len, &taken) || taken < len)
        world_fail("a request was not taken");
}

static void ask(struct world *world, bool with_body, uint32_t units, bool counted)
{
    void (*turn)(struct world *) = counted ? world_counted_turn : world_turn;

    for (uint32_t i = 0; i < units; i++) {
        const uint64_t whole = client.whole;

        write_all(with_body ? post : get, with_body ? sizeof post - 1 : sizeof get - 1);
        turn(world);
        if (with_body)
            write_all(body, sizeof body - 1);
        while (client.whole == whole)
            turn(world);
    }
}

int main(int argc, char **argv)
{
    static const struct leat_tcp_events events = {
        .on_open = on_open, .on_readable = on_readable, .on_closed = on_closed};
    const struct options options = {
        .connections = 1, .window_bytes = 65536, .step_ns = 1000, .outstanding = 1};
    const bool with_body = argc > 2 && strcmp(argv[2], "post") == 0;
    const uint32_t units = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 10000;
    struct world *world = world_create(&options);
    const struct leat_endpoint server = world_server(world, 0);

    if (argc < 3) {
        fputs("usage: answers callbacks|tasks get|post [UNITS]\n", stderr);
        return 2;
    }
    open_server(world, strcmp(argv[1], "tasks") == 0);
    if (leat_tcp_connect(world->client.stack, &client.conn, &server, NULL, &events, NULL))
        world_fail("can't connect");
    while (!client.open)
        world_turn(world);
    leat_tcp_set_nodelay(client.conn, true);
    ask(world, with_body, WARM_UP, false);
    world_count_begin(world);
    ask(world, with_body, units, true);
    printf("units %u seconds %.6f\n", (unsigned)units, world_count_end(world));
    return 0;
}
