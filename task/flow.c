/*
 * flow.c -- streams of tasks: open, close, events.
 *
 * A flow is a struct of the program, mostly on the stack of the task that opens it. The stream's
 * events point to it, so let_go() takes them away before that stack frame ends.
 */
#include "task/flows.h"

#include <string.h>

/* ---- events of a stream ---------------------------------------------------------------------- */

/* A task that waits runs inside of this callback, on its own stack (task_wake_now()). */
static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct leat_flow *flow = arg;

    (void)conn;
    task_renew(flow->owner);
    task_wake_now(&flow->reader);
}

static void on_writable(struct leat_tcp *conn, void *arg)
{
    struct leat_flow *flow = arg;

    (void)conn;
    task_renew(flow->owner);
    task_wake_now(&flow->writer);
}

/* The stream's handle is invalid after this callback, so it is cleared first. Waiting tasks get the
 * reason. */
static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct leat_flow *flow = arg;

    (void)conn;
    flow->stream.end = NULL;
    flow->why = why;
    /* task_wake_now() would hand over no reason. */
    task_wake(flow->writer, flow_over(flow));
    task_wake(flow->reader, flow_over(flow));
}

/* A task that waits for its peer to say something has nothing under way once the peer is quiet. */
static bool on_drain(struct leat_tcp *conn, bool quiet, void *arg)
{
    const struct leat_flow *flow = arg;

    (void)conn;
    return !(quiet && flow->reader && !flow->unread);
}

const struct leat_tcp_events flow_events = {.on_open = on_readable,
                                            .on_readable = on_readable,
                                            .on_writable = on_writable,
                                            .on_closed = on_closed,
                                            .on_drain = on_drain};

/* ---- open and close ----------------------------------------------------------------------- */

void flow_init(struct leat_flow *flow, struct leat_task *task, struct leat_stream stream)
{
    memset(flow, 0, sizeof *flow);
    flow->stream = stream;
    flow->tasks = task->tasks;
    flow->owner = task;
    task->flows++;
}

void leat_flow_open(struct leat_flow *flow, struct leat_task *task,
                    const struct leat_stream *stream)
{
    flow_init(flow, task, *stream);
    leat_stream_set_events(stream, &flow_events, flow);
}

/* Separates the connection from the flow. Its events are ignored from now on. */
static struct leat_stream let_go(struct leat_flow *flow)
{
    static const struct leat_tcp_events nothing = {.on_open = NULL};
    const struct leat_stream stream = flow->stream;

    leat_assert(!flow->reader && !flow->writer &&
                flow->owner); /* no task waits for it, and it is open */
    flow->owner->flows--;
    flow->owner = NULL;
    flow->stream.end = NULL;
    flow->why = LEAT_ERR_CLOSED;
    /* After on_closed() there is no connection that an event could come from. */
    if (stream.end)
        leat_stream_set_events(&stream, &nothing, NULL);
    return stream;
}

void leat_flow_abort(struct leat_flow *flow)
{
    const struct leat_stream stream = let_go(flow);

    leat_buf_free(flow->unread);
    flow->unread = NULL;
    if (stream.end)
        leat_stream_abort(&stream);
}

void leat_flow_close(struct leat_flow *flow)
{
    struct leat_stream stream;

    if (flow->unread) { /* a reset tells the peer that data was lost (RFC 1122 4.2.2.13) */
        leat_flow_abort(flow);
        return;
    }
    stream = let_go(flow);
    if (!stream.end)
        return;
    leat_stream_consumed(&stream, flow->unconsumed);
    leat_stream_close(&stream);
}

enum leat_err leat_flow_finish(struct leat_flow *flow)
{
    if (!flow->stream.end)
        return flow_over(flow);
    return leat_stream_shutdown(&flow->stream);
}

enum leat_err leat_flow_connect(struct leat_flow *flow, struct leat_task *task,
                                const struct leat_endpoint *remote, uint64_t deadline_ns)
{
    return leat_flow_connect_from(flow, task, remote, NULL, deadline_ns);
}

enum leat_err leat_flow_connect_from(struct leat_flow *flow, struct leat_task *task,
                                     const struct leat_endpoint *remote,
                                     const struct leat_endpoint *local, uint64_t deadline_ns)
{
    struct leat_tcp *conn;
    enum leat_err err;

    err = task_may_wait(task);
    if (err)
        return err;
    err = leat_tcp_connect(task->tasks->stack, &conn, remote, local, &flow_events, flow);
    if (err)
        return err;
    flow_init(flow, task, leat_stream_of_tcp(conn));
    /* on_open is on_readable, so the reader is woken when the handshake is over. */
    err = task_wait(task, &flow->reader, deadline_ns);
    if (err == LEAT_ERR_END)
        err = LEAT_ERR_CLOSED; /* it was never open */
    /* A flow that failed isn't open: the caller doesn't close it. */
    if (err)
        leat_flow_abort(flow);
    return err;
}
