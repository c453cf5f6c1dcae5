/* echo_task.c -- the Echo Protocol (RFC 862) by TCP as a straight-line task.  echo.c does the same
 * by callbacks, with the same bytes on the wire. */
#include <leat/flow.h>

#include "example.h"

enum {
    TASKS = 64
};

static enum leat_err echo(struct leat_task *task, struct leat_flow *flow, void *arg)
{
    struct leat_buf *data;
    enum leat_err err;

    (void)task, (void)arg;
    while (!(err = leat_flow_read(flow, &data, LEAT_NEVER_NS))) {
        if ((err = leat_flow_send(flow, data, LEAT_NEVER_NS)))
            break;
    }
    return err;
}

static struct leat_service service = {.name = "echo", .serve = echo};
static _Alignas(16) unsigned char memory[EXAMPLE_TASK_BYTES(TASKS)];

static const char *start(struct leat_platform *platform)
{
    const struct leat_tasks_config config = {.tasks = TASKS, .guard = platform->guard};
    struct leat_tasks *tasks;

    if (platform->argument_count > 0)
        return "echo_task takes no arguments";
    service.listen.port = platform->port;
    service.listen.backlog = 1024;
    service.listen.idle_timeout_ns = platform->idle_ns;
    service.listen.displace = true;
    if (leat_tasks_open(&tasks, platform->stack, memory, sizeof memory, &config))
        return "no memory for the tasks";
    if (leat_task_serve(tasks, &service))
        return EXAMPLE_PORT_TAKEN;
    return NULL;
}

const struct leat_app example = {.name = "echo_task",
                                 .summary = "Echoes TCP (RFC 862) by tasks.",
                                 .arguments = "",
                                 .default_port = 7,
                                 .start = start};
