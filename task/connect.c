/* connect.c -- connects a task to a name. */
#include "task/flows.h"

#include <leat/connect.h>

/* State of a waiting task, on its stack. */
struct wanted {
    struct leat_flow *flow;
    struct leat_task *task;
    enum leat_err err;
    bool done;
};

/* The flow takes the connection at once, because data may arrive before the task runs. */
static void on_done(struct leat_connecting *connecting, enum leat_err err, struct leat_tcp *conn,
                    void *arg)
{
    struct wanted *wanted = arg;

    (void)connecting;
    wanted->done = true;
    wanted->err = err;
    if (conn) {
        const struct leat_stream stream = leat_stream_of_tcp(conn);

        leat_flow_open(wanted->flow, wanted->task, &stream);
    }
    task_wake(wanted->task, LEAT_OK);
}

/* NOLINTNEXTLINE(readability-function-size): the arguments of leat_connect(), flow and task */
enum leat_err leat_flow_connect_name(struct leat_flow *flow, struct leat_task *task,
                                     struct leat_connecting *connecting,
                                     const struct leat_connect_config *config, const char *host,
                                     uint16_t port, uint64_t deadline_ns)
{
    struct wanted wanted = {.flow = flow, .task = task};
    enum leat_err err = task_may_wait(task);

    if (err)
        return err;
    connecting->on_done = on_done;
    /* @wanted is safe: before the return, the connect is over or cancelled, so on_done() isn't
     * called later */
    // cppcheck-suppress autoVariables
    connecting->arg = &wanted;
    err = leat_connect(task->tasks->stack, connecting, config, host, port, deadline_ns);
    if (err)
        return err;
    /* this wait has no deadline: leat_connect() has it, and can say which address timed out */
    err = task_wait(task, &task->nowhere, LEAT_NEVER_NS);
    if (wanted.done)
        return wanted.err;
    leat_connect_cancel(connecting);
    return err;
}
