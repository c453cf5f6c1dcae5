/*
 * http.c -- requests of HTTP for tasks.
 *
 * The server's events carry one pointer. Until the request has a task, it points into its entry in
 * the queue (struct pending); then it points into the task's flow. Both begin with a pointer to the
 * flow, which is NULL in the queue.
 */
#include <leat/http_flow.h>

#include <string.h>

#include "task/flows.h"

static void refuse(struct leat_http_exchange *exchange, uint16_t status)
{
    static const char again[] = "There is no task for this now. Come again.\n";
    static const char broken[] = "That went wrong.\n";
    const struct leat_http_head head = {.status = status, .type = "text/plain"};

    if (status == 503)
        leat_http_answer(exchange, &head, again, sizeof again - 1);
    else
        leat_http_answer(exchange, &head, broken, sizeof broken - 1);
}

/* ---- end ------------------------------------------------------------------------------------- */

/* Separates the exchange from the flow. */
static struct leat_http_exchange *let_go(struct leat_http_flow *flow)
{
    struct leat_http_exchange *exchange = flow->exchange;

    flow->exchange = NULL;
    leat_timer_cancel(leat_tasks_stack(leat_task_tasks(flow->owner)), &flow->timer);
    return exchange;
}

/* Ends the exchange when the task has returned @err. A task that returns without a reply gets one
 * here, so that the client doesn't wait for its own time limit. */
static void settle(struct leat_http_flow *flow, enum leat_err err)
{
    struct leat_http_exchange *exchange = let_go(flow);

    leat_assert(!flow->reader && !flow->writer);
    if (!exchange)
        return;
    /* 503 asks the client to come again, because the server's load was the reason. Any other error
     * is the handler's own. */
    if (!flow->begun)
        refuse(exchange, err == LEAT_ERR_CANCELLED || err == LEAT_ERR_MEMORY ? 503 : 500);
    else if (err == LEAT_OK)
        leat_http_finish(exchange);
    else
        /* The status has been sent, so only a reset tells the client that the body isn't
         * complete. */
        leat_http_abort(exchange);
}

/* The handler's time limit is over. */
static void on_time(struct leat_timer *timer, void *arg)
{
    struct leat_http_flow *flow = arg;

    (void)timer;
    leat_task_cancel(flow->owner);
}

/* ---- begin ----------------------------------------------------------------------------------- */

/* The task of one request. */
static enum leat_err serve(struct leat_task *task, void *arg)
{
    struct pending *pending = arg;
    const struct leat_http_handler *handler = pending->of;
    struct leat_http_flow flow = {.exchange = pending->end, .handler = pending->of, .owner = task};
    enum leat_err err;

    /* The entry is free for another request from here on; `flow` has its values. */
    pending_free(task->tasks, pending);
    if (!flow.exchange)
        return LEAT_ERR_CLOSED; /* the request ended before its task began */
    flow.self = &flow;
    flow.timer = (struct leat_timer){.on_time = on_time, .arg = &flow};
    /* From here on the server's events find the flow instead of the entry. */
    leat_http_set_arg(flow.exchange, &flow.self);
    if (handler->time_ns > 0)
        leat_timer_set(task->tasks->stack, &flow.timer, leat_task_in(task, handler->time_ns));
    err = handler->serve(task, &flow, handler->arg);
    settle(&flow, err);
    return err;
}

/* The tasks are closed before the request has one. */
static void drop(struct pending *pending)
{
    leat_http_abort(pending->end);
}

/* The request's place in the queue is needed for another address. */
static void turn_away(struct pending *pending)
{
    refuse(pending->end, 503);
}

void leat_http_handler_open(struct leat_http_handler *handler, struct leat_tasks *tasks)
{
    handler->tasks = tasks;
    handler->next = tasks->handlers;
    tasks->handlers = handler;
}

void leat_http_handler_on_request(struct leat_http_exchange *exchange, void *arg)
{
    static const struct pending_kind kind = {.run = serve, .drop = drop, .refuse = turn_away};
    struct leat_http_handler *handler = arg;
    struct leat_tasks *tasks = handler->tasks;
    struct pending *pending =
        tasks ? pending_new(tasks, &kind, leat_http_request_peer(exchange)) : NULL;

    if (pending) {
        pending->name = handler->name;
        pending->of = handler;
        pending->end = exchange;
        pending->displaces = handler->displace;
        leat_http_set_arg(exchange, &pending->flow);
        /* Without `refuse`, a request without a share waits in the queue, with its data in TCP. */
        if (pending_begin(tasks, pending) || !handler->refuse)
            return;
        pending_free(tasks, pending);
    }
    if (tasks)
        tasks->counts.refused++;
    refuse(exchange, 503);
}

/* ---- events of the server -------------------------------------------------------------------- */

void leat_http_handler_on_body(struct leat_http_exchange *exchange, void *arg)
{
    struct leat_http_flow *flow = *(struct leat_http_flow **)arg;

    (void)exchange;
    if (!flow)
        return;
    task_renew(flow->owner);
    task_wake_now(&flow->reader);
}

void leat_http_handler_on_writable(struct leat_http_exchange *exchange, void *arg)
{
    struct leat_http_flow *flow = *(struct leat_http_flow **)arg;

    (void)exchange;
    if (!flow)
        return;
    task_renew(flow->owner);
    task_wake_now(&flow->writer);
}

void leat_http_handler_on_failed(struct leat_http_exchange *exchange, enum leat_err why, void *arg)
{
    struct leat_http_flow *flow = *(struct leat_http_flow **)arg;

    (void)exchange;
    if (!flow) {
        struct pending *pending = container_of((struct leat_http_flow **)arg, struct pending, flow);
        const struct leat_http_handler *handler = pending->of;

        pending_over(handler->tasks, pending);
        return;
    }
    /* let_go() clears the handle, which is invalid once this callback returns. The handler's next
     * call gets the reason. */
    flow->why = why;
    let_go(flow);
    leat_task_cancel(flow->owner);
}

/* ---- the request's body ---------------------------------------------------------------------- */

static struct leat_tasks *tasks_of(const struct leat_http_flow *flow)
{
    return flow->owner->tasks;
}

/* The reason why a call that may wait must fail, or LEAT_OK. */
static enum leat_err may_go_on(const struct leat_http_flow *flow)
{
    const enum leat_err err = task_is_refused(task_running(tasks_of(flow)));

    if (err || flow->exchange)
        return err;
    return flow->why == LEAT_OK ? LEAT_ERR_CLOSED : flow->why;
}

static void consume_last(struct leat_http_flow *flow)
{
    leat_http_consumed(flow->exchange, flow->unconsumed);
    flow->unconsumed = 0;
}

/* Receives up to @bytes_max of the body, at least one byte. */
static enum leat_err receive(struct leat_http_flow *flow, struct leat_buf **data,
                             uint32_t bytes_max, uint64_t deadline_ns)
{
    for (;;) {
        enum leat_err err = may_go_on(flow);

        if (err)
            return err;
        consume_last(flow);
        *data = leat_http_receive(flow->exchange, bytes_max);
        if (*data)
            break;
        if (leat_http_body_over(flow->exchange))
            return LEAT_ERR_END;
        leat_assert(!flow->reader); /* only one task may read */
        err = task_wait(task_running(tasks_of(flow)), &flow->reader, deadline_ns);
        if (err)
            return err;
    }
    flow->unconsumed = leat_buf_total(*data);
    return LEAT_OK;
}

enum leat_err leat_http_flow_read(struct leat_http_flow *flow, struct leat_buf **data,
                                  uint64_t deadline_ns)
{
    return receive(flow, data, UINT32_MAX, deadline_ns);
}

enum leat_err leat_http_flow_read_all(struct leat_http_flow *flow, void *bytes, size_t size,
                                      size_t *len, uint64_t deadline_ns)
{
    *len = 0;
    for (;;) {
        /* One byte more than fits is asked for: if it comes, the body is too long. */
        const size_t room = size - *len < UINT32_MAX ? size - *len : UINT32_MAX - 1;
        struct leat_buf *payload;
        enum leat_err err = receive(flow, &payload, (uint32_t)room + 1, deadline_ns);

        if (err)
            return err == LEAT_ERR_END ? LEAT_OK : err;
        err = leat_buf_total(payload) > room ? LEAT_ERR_TOO_BIG : LEAT_OK;
        for (const struct leat_buf *piece = payload; piece && !err; piece = piece->next) {
            memcpy((char *)bytes + *len, piece->data, piece->len);
            *len += piece->len;
        }
        leat_buf_free(payload);
        if (err)
            return err;
    }
}

/* ---- the reply ------------------------------------------------------------------------------- */

enum leat_err leat_http_flow_reply(struct leat_http_flow *flow, const struct leat_http_head *head)
{
    const enum leat_err err = may_go_on(flow);

    if (err)
        return err;
    flow->begun = true;
    /* 204 and 304 have no body, whatever their length says (RFC 9110 6.4.1). */
    flow->left = head->status == 204 || head->status == 304 ? 0 : head->len;
    leat_http_reply(flow->exchange, head);
    return LEAT_OK;
}

/* The reason why @len more bytes of the reply must fail, or LEAT_OK. A byte more than
 * Content-Length would be read as the beginning of the next reply. */
static enum leat_err may_add(struct leat_http_flow *flow, size_t len)
{
    const enum leat_err err = may_go_on(flow);

    if (err)
        return err;
    leat_assert(flow->begun);
    /* no length was announced */
    if (flow->left == LEAT_HTTP_ANY)
        return LEAT_OK;
    if (len > flow->left)
        return LEAT_ERR_TOO_BIG;
    flow->left -= len;
    return LEAT_OK;
}

static enum leat_err wait_for_room(struct leat_http_flow *flow, uint64_t deadline_ns)
{
    leat_assert(!flow->writer); /* only one task may write */
    return task_wait(task_running(tasks_of(flow)), &flow->writer, deadline_ns);
}

enum leat_err leat_http_flow_write(struct leat_http_flow *flow, const void *bytes, size_t len,
                                   uint64_t deadline_ns)
{
    const char *at = bytes;
    enum leat_err err = may_add(flow, len);

    while (!err) {
        const size_t taken = leat_http_write(flow->exchange, at, len);

        at += taken;
        len -= taken;
        if (len == 0)
            return LEAT_OK;
        err = wait_for_room(flow, deadline_ns);
        if (!err)
            err = may_go_on(flow);
    }
    return err;
}

enum leat_err leat_http_flow_send(struct leat_http_flow *flow, struct leat_buf *data,
                                  uint64_t deadline_ns)
{
    enum leat_err err = data ? may_add(flow, leat_buf_total(data)) : LEAT_ERR_MEMORY;

    while (data && !err) {
        const uint32_t room = leat_http_send_room(flow->exchange);
        struct leat_buf *part = room > 0 ? flow_part_of(&data, room) : NULL;

        if (part) {
            err = leat_http_send(flow->exchange, part);
            continue;
        }
        leat_http_want_room(flow->exchange, flow_worth_it(leat_buf_total(data)));
        err = wait_for_room(flow, deadline_ns);
        if (!err)
            err = may_go_on(flow);
    }
    leat_buf_free(data);
    return err;
}

enum leat_err leat_http_flow_answer(struct leat_http_flow *flow, const struct leat_http_head *head,
                                    const void *bytes, uint32_t len)
{
    const enum leat_err err = may_go_on(flow);

    if (err)
        return err;
    leat_assert(!flow->begun);
    /* before let_go(), which takes the exchange away */
    consume_last(flow);
    leat_http_answer(let_go(flow), head, bytes, len);
    return LEAT_OK;
}
