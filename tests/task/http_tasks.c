/* http_tasks.c -- see http_tasks.h. */
#include "http_tasks.h"

enum {
    STACK_BYTES = 65536, /* a sanitizer's frames are large */
    PIECE = 3000
};

struct served served;

static const struct leat_http_head in_pieces = {
    .status = 200, .type = "text/plain", .len = LEAT_HTTP_ANY};

/* ---- Handlers ----------------------------------------------------------------------------- */

/* Reads its body to the end, waits, and sends it back in pieces. */
static enum leat_err echo(struct leat_task *task, struct leat_http_flow *flow, void *arg)
{
    const uint64_t in_ns = leat_task_in(task, 20 * second);
    struct leat_buf *data;

    (void)arg;
    served.begun++;
    served.last = leat_http_flow_reply(flow, &in_pieces);
    while (!served.last && (served.last = leat_http_flow_read(flow, &data, in_ns)) == LEAT_OK) {
        served.last = leat_task_sleep(task, leat_task_in(task, ms));
        if (served.last)
            leat_buf_free(data);
        else
            served.last = leat_http_flow_send(flow, data, in_ns);
    }
    if (served.last == LEAT_ERR_END)
        served.last = leat_http_flow_write(flow, "!", 1, in_ns);
    served.ended++;
    served.gone += flow->exchange == NULL;
    return served.last;
}

/* Sleeps for a second, and answers at once. Then the exchange is over. */
static enum leat_err later(struct leat_task *task, struct leat_http_flow *flow, void *arg)
{
    static const struct leat_http_head head = {.status = 200, .type = "text/plain"};
    struct leat_buf *data;

    served.begun++;
    served.last = leat_task_sleep(task, leat_task_in(task, second));
    served.ended++;
    served.gone += flow->exchange == NULL;
    if (!served.last &&
        (served.last = leat_http_flow_answer(flow, &head, arg, (uint32_t)strlen(arg))) == LEAT_OK)
        assert_int_equal(leat_http_flow_read(flow, &data, LEAT_NEVER_NS), LEAT_ERR_CLOSED);
    return served.last;
}

/* Sends BIG_BYTES, with Content-Length. */
static enum leat_err large(struct leat_task *task, struct leat_http_flow *flow, void *arg)
{
    const struct leat_http_head head = {.status = 200, .len = BIG_BYTES};

    (void)task;
    (void)arg;
    served.begun++;
    served.last = leat_http_flow_reply(flow, &head);
    for (size_t at = 0; at < BIG_BYTES && !served.last; at += PIECE)
        served.last = leat_http_flow_write(flow, big + at, PIECE, LEAT_NEVER_NS);
    served.ended++;
    served.gone += flow->exchange == NULL;
    if (!served.last)
        assert_int_equal(leat_http_flow_write(flow, "x", 1, LEAT_NEVER_NS), LEAT_ERR_TOO_BIG);
    return served.last;
}

/* Reads a body of at most 10 bytes. */
static enum leat_err ten(struct leat_task *task, struct leat_http_flow *flow, void *arg)
{
    char bytes[10];
    size_t len;

    (void)arg;
    served.begun++;
    served.last =
        leat_http_flow_read_all(flow, bytes, sizeof bytes, &len, leat_task_in(task, second));
    served.ended++;
    if (served.last)
        return served.last;
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

/* A status without a body: none is accepted, whatever length the head has. */
static enum leat_err empty(struct leat_task *task, struct leat_http_flow *flow, void *arg)
{
    const struct leat_http_head head = {.status = *(const uint16_t *)arg, .len = 5};

    (void)task;
    leat_http_flow_reply(flow, &head);
    served.last = leat_http_flow_write(flow, "hello", 5, LEAT_NEVER_NS);
    return LEAT_OK;
}

static const uint16_t no_content = 204, not_modified = 304;
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
    {.name = "204", .serve = empty, .arg = (void *)(uintptr_t)&no_content},
    {.name = "304", .serve = empty, .arg = (void *)(uintptr_t)&not_modified},
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
    {LEAT_HTTP_TASK_ROUTE("/cut", ANY, &handlers[9]), .body_bytes_max = LEAT_HTTP_ANY},
    {LEAT_HTTP_TASK_ROUTE("/204", ANY, &handlers[10])},
    {LEAT_HTTP_TASK_ROUTE("/304", ANY, &handlers[11])}};

/* ---- Set up ------------------------------------------------------------------------------- */

static bool interrupt(const struct leat_task *task, void *arg)
{
    (void)task;
    (void)arg;
    return served.interrupt_after >= 0 && served.interrupt_after-- == 0;
}

int set_up_tasks(void **state)
{
    const struct leat_http_server_config config = {
        .routes = routes, .route_count = HANDLERS, .clients = 8};
    const struct leat_tasks_config task_config = {
        .tasks = TASKS, .waiting = WAITING, .stack_bytes = STACK_BYTES, .interrupt = interrupt};
    const size_t bytes = leat_tasks_memory_bytes(&task_config);
    struct fixture *f;

    set_up_with(state, &config);
    f = *state;
    served.memory = malloc(bytes);
    assert_int_equal(leat_tasks_open(&served.tasks, f->world->stacks[SERVER], served.memory, bytes,
                                     &task_config),
                     LEAT_OK);
    for (unsigned i = 0; i < HANDLERS; i++)
        leat_http_handler_open(&handlers[i], served.tasks);
    served.begun = served.ended = served.gone = 0;
    served.interrupt_after = -1;
    served.last = LEAT_OK;
    return 0;
}

int tear_down_tasks(void **state)
{
    if (served.tasks) {
        assert_int_equal(leat_tasks_counts(served.tasks)->started,
                         leat_tasks_counts(served.tasks)->ended);
        leat_tasks_close(served.tasks);
    }
    served.tasks = NULL;
    free(served.memory);
    return tear_down(state);
}

void send_bytes(struct fixture *f, struct client *client, const char *bytes, size_t len)
{
    while (len > 0) {
        size_t taken = 0;

        leat_tcp_write(client->conn, bytes, len, &taken);
        bytes += taken;
        len -= taken;
        world_wait(f->world, 5 * ms);
    }
}

struct client *ask(struct fixture *f, const char *text)
{
    struct client *client = connect_client(f);

    send_text(client, text);
    return client;
}

bool has(const struct client *client, const char *text)
{
    return strstr(client->bytes, text) != NULL;
}
