/* inmem_tasks.c -- the server of inmem's requests, by tasks. */
#include "inmem.h"

#include <stdlib.h>

#include <leat/flow.h>

enum {
    STACK_BYTES = 4096
};

static struct leat_service services[PORTS_MAX];
static struct leat_tasks *tasks;
static void *memory;

static enum leat_err answer(struct leat_task *task, struct leat_flow *flow, void *arg)
{
    static const char message[MESSAGE];
    struct leat_buf *data;
    enum leat_err err;

    (void)task;
    (void)arg;
    while (!(err = leat_flow_read(flow, &data, LEAT_NEVER_NS))) {
        leat_buf_free(data);
        if ((err = leat_flow_write(flow, message, MESSAGE, LEAT_NEVER_NS)))
            break;
    }
    return err;
}

void tasks_listen(struct world *world)
{
    const struct leat_tasks_config config = {
        .tasks = world->options.connections, .stack_bytes = STACK_BYTES, .waiting = 1024};
    const size_t bytes = leat_tasks_memory_bytes(&config);

    memory = malloc(bytes);
    if (!memory || leat_tasks_open(&tasks, world->server.stack, memory, bytes, &config))
        world_fail("can't make room for tasks");
    for (uint16_t i = 0; i <= world->options.connections / CONNECTIONS_A_PORT; i++) {
        services[i] = (struct leat_service){.listen = {.port = (uint16_t)(SERVER_PORT + i),
                                                       .backlog = 1024,
                                                       .per_address = world_per_address(world)},
                                            .name = "answer",
                                            .serve = answer,
                                            .at_once = true};
        if (leat_task_serve(tasks, &services[i]))
            world_fail("can't listen");
    }
}

uint64_t tasks_end(void)
{
    const struct leat_tasks_counts *counts = leat_tasks_counts(tasks);
    const uint64_t alive = counts->started - counts->ended;

    leat_tasks_close(tasks);
    free(memory);
    return alive;
}
