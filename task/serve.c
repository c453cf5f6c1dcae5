/*
 * serve.c -- starts a task for each connection when its first data arrives.
 *
 * An idle connection has no task and no stack, so it costs no more than any connection. If all
 * tasks are taken, a connection waits in a bounded queue, and its data stays in TCP.
 */
#include "task/flows.h"

#include <leat/http_flow.h>

/* ---- connections -------------------------------------------------------------------------- */

/* The task of one connection. */
static enum leat_err serve(struct leat_task *task, void *arg)
{
    struct pending *pending = arg;
    const struct leat_service *service = pending->of;
    const struct leat_stream stream = leat_stream_of_tcp(pending->end);
    struct leat_flow flow;
    enum leat_err err;

    pending_free(task->tasks, pending);
    if (!stream.end)
        return LEAT_ERR_CLOSED; /* the connection ended before its task began */
    leat_flow_open(&flow, task, &stream);
    err = service->serve(task, &flow, service->arg);
    if (err == LEAT_OK || err == LEAT_ERR_END)
        leat_flow_close(&flow);
    else
        leat_flow_abort(&flow);
    return err;
}

/* A connection in the queue has ended. */
static void pending_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct pending *pending = arg;
    const struct leat_service *service = pending->of;

    (void)conn;
    (void)why;
    pending_over(service->tasks, pending);
}

/* Resets a connection that will get no task. */
static void reset(struct leat_tcp *conn)
{
    leat_tcp_set_events(conn, NULL, NULL);
    leat_tcp_abort(conn);
}

static void drop(struct pending *pending)
{
    reset(pending->end);
}

static void begin(struct leat_service *service, struct leat_tcp *conn)
{
    static const struct leat_tcp_events pending_events = {.on_closed = pending_closed};
    static const struct pending_kind kind = {.run = serve, .drop = drop, .refuse = drop};
    const struct leat_stream stream = leat_stream_of_tcp(conn);
    struct leat_tasks *tasks = service->tasks;
    struct pending *pending = tasks ? pending_new(tasks, &kind, leat_stream_peer(&stream)) : NULL;

    if (!pending) {
        if (tasks)
            tasks->counts.refused++;
        reset(conn);
        return;
    }
    pending->name = service->name;
    pending->of = service;
    pending->end = conn;
    pending->displaces = service->listen.displace;
    leat_tcp_set_events(conn, &pending_events, pending);
    pending_begin(tasks, pending);
}

static void first_data(struct leat_tcp *conn, void *arg)
{
    begin(arg, conn);
}

static const struct leat_tcp_events idle_events = {.on_readable = first_data};

static void accept_all(struct leat_tcp_listener *listener, void *arg)
{
    struct leat_service *service = arg;
    struct leat_tcp *conn;

    while ((conn = leat_tcp_accept(listener, &idle_events, service))) {
        leat_tcp_set_nodelay(conn, true); /* a task writes what belongs together in one call */
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
        /* Their idle timeout is the listener's, and no list has them. */
        leat_tcp_abort_of(tasks->stack, &idle_events, service);
        service->tasks = NULL;
    }
    for (struct leat_http_handler *handler = tasks->handlers; handler; handler = handler->next)
        handler->tasks = NULL;
    pending_close(tasks);
}
