/*
 * serve.c -- a task for each connection, from its first text on.
 *
 * An idle connection has no task and no stack: until its first text it costs what any connection
 * costs.  Where all tasks are taken it waits in a bounded queue, its text where TCP keeps it.
 */
#include "task/flows.h"

static void pending_free(struct leat_tasks *tasks, struct pending *pending)
{
    ring_remove(&pending->ring);
    pending->next_free = tasks->free_pending;
    tasks->free_pending = pending;
}

/* The task of one connection. */
static enum leat_err serve(struct leat_task *task, void *arg)
{
    struct pending *pending = arg;
    const struct leat_service *service = pending->service;
    const struct leat_stream stream = leat_stream_of_tcp(pending->conn);
    struct leat_flow flow;
    enum leat_err err;

    pending_free(task->tasks, pending);
    if (!stream.end)
        return LEAT_ERR_CLOSED; /* it ended before its turn */
    leat_flow_open(&flow, task, &stream);
    err = service->serve(task, &flow, service->arg);
    if (err == LEAT_OK || err == LEAT_ERR_END)
        leat_flow_close(&flow);
    else
        leat_flow_abort(&flow);
    return err;
}

/* A task for the connection that has waited longest; NULL: none waits, or no slot is free. */
static struct leat_task *task_of_first(struct leat_tasks *tasks)
{
    struct pending *pending = container_of(tasks->pending.next, struct pending, ring);
    struct leat_task *task;

    if (ring_is_empty(&tasks->pending))
        return NULL;
    task = task_new(tasks, NULL, pending->service->name, serve, pending);
    if (!task)
        return NULL;
    ring_remove(&pending->ring);
    task_begin_wait(task, &task->nowhere);
    return task;
}

void task_serve_pending(struct leat_tasks *tasks)
{
    task_wake(task_of_first(tasks), LEAT_OK);
}

/* A connection that waits for its task is over. */
static void pending_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct pending *pending = arg;

    (void)conn;
    (void)why;
    if (ring_is_in(&pending->ring))
        pending_free(pending->service->tasks, pending);
    else
        pending->conn = NULL; /* its task begins in a moment, and sees that */
}

static void begin(struct leat_service *service, struct leat_tcp *conn)
{
    static const struct leat_tcp_events pending_events = {.on_closed = pending_closed};
    struct leat_tasks *tasks = service->tasks;
    struct pending *pending = tasks ? tasks->free_pending : NULL;
    struct leat_task *task;

    if (!pending) {
        if (tasks)
            tasks->counts.refused++;
        leat_tcp_set_events(conn, NULL, NULL);
        leat_tcp_abort(conn);
        return;
    }
    tasks->free_pending = pending->next_free;
    pending->conn = conn;
    pending->service = service;
    leat_tcp_set_events(conn, &pending_events, pending);
    ring_put(&tasks->pending, &pending->ring);
    task = task_of_first(tasks);
    if (task)
        task_wake_now(task->place);
}

static void first_text(struct leat_tcp *conn, void *arg)
{
    begin(arg, conn);
}

static void accept_all(struct leat_tcp_listener *listener, void *arg)
{
    static const struct leat_tcp_events idle_events = {.on_readable = first_text};
    struct leat_service *service = arg;
    struct leat_tcp *conn;

    while ((conn = leat_tcp_accept(listener, &idle_events, service))) {
        leat_tcp_set_nodelay(conn, true); /* a task writes what belongs together at once */
        if (service->at_once)
            begin(service, conn);
    }
}

enum leat_err leat_task_serve(struct leat_tasks *tasks, struct leat_service *service)
{
    struct leat_tcp_listen_config listen = service->listen;
    enum leat_err err;

    listen.on_acceptable = accept_all;
    listen.arg = service;
    err = leat_tcp_listen(tasks->stack, &service->listener, &listen);
    if (err)
        return err;
    service->tasks = tasks;
    service->next = tasks->services;
    tasks->services = service;
    return LEAT_OK;
}

void task_services_close(struct leat_tasks *tasks)
{
    for (struct leat_service *service = tasks->services; service; service = service->next) {
        leat_tcp_listener_close(service->listener);
        service->tasks = NULL;
    }
    while (!ring_is_empty(&tasks->pending)) {
        struct pending *pending = container_of(tasks->pending.next, struct pending, ring);
        struct leat_tcp *conn = pending->conn;

        pending_free(tasks, pending);
        leat_tcp_set_events(conn, NULL, NULL);
        leat_tcp_abort(conn);
    }
}
