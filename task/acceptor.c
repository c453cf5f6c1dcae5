/*
 * acceptor.c -- a listener whose connections one task accepts.
 *
 * The listener keeps established connections until a task accepts them, so that a connection has no
 * flow, and no task, while all tasks of the program are busy.
 */
#include "task/flows.h"

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    struct leat_acceptor *acceptor = arg;

    (void)listener;
    task_wake_now(&acceptor->waiter);
}

enum leat_err leat_acceptor_open(struct leat_acceptor *acceptor, struct leat_tasks *tasks,
                                 const struct leat_tcp_listen_config *config)
{
    /* a copy, because the program's configuration stays as it is */
    struct leat_tcp_listen_config listen = *config;

    *acceptor = (struct leat_acceptor){.tasks = tasks};
    listen.on_acceptable = on_acceptable;
    listen.arg = acceptor;
    return leat_tcp_listen(tasks->stack, &acceptor->listener, &listen);
}

enum leat_err leat_flow_accept(struct leat_flow *flow, struct leat_acceptor *acceptor,
                               uint64_t deadline_ns)
{
    struct leat_task *task = task_running(acceptor->tasks);
    enum leat_err err = task_may_wait(task);

    while (!err) {
        /* The events are set in the same call. The flow is filled in behind it, which is early
         * enough: events come from leat_poll() only. */
        struct leat_tcp *conn = leat_tcp_accept(acceptor->listener, &flow_events, flow);

        if (conn) {
            flow_init(flow, task, leat_stream_of_tcp(conn));
            return LEAT_OK;
        }
        leat_assert(!acceptor->waiter); /* only one task may accept */
        err = task_wait(task, &acceptor->waiter, deadline_ns);
    }
    return err;
}

void leat_acceptor_close(struct leat_acceptor *acceptor)
{
    leat_assert(!acceptor->waiter);
    leat_tcp_listener_close(acceptor->listener);
}
