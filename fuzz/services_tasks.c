/* services_tasks.c -- tasks of the first stack: an echo service, a route, and independent tasks.
 */
#include "services.h"

#include <stdlib.h>
#include <string.h>

#include <leat/flow.h>
#include <leat/http_flow.h>
#include <leat/task.h>

enum {
    SERVICES_MAX = 4, /* a service exists as long as the stack, so task memory can be opened
                       * so often */
    RUNNING = 6,
    WORD_BYTES = 300,
    STACK_BYTES = 65536 /* frames with a sanitizer are large */
};

static const uint64_t second_ns = 1000000000;

/* A task that the program has started. */
struct running {
    struct leat_task *task; /* while it is running */
    bool used;
    struct services_act act;
    struct leat_connecting connecting;
};

static struct leat_tasks *tasks;
static void *memory;
static struct leat_service echo_services[SERVICES_MAX];
static unsigned opened; /* during one input */
static struct running running[RUNNING];
static uint32_t waits, cancel_wait;
static struct leat_connect_config no_names;
struct leat_http_handler services_handler;

/* ---- work of the tasks --------------------------------------------------------------------- */

static enum leat_err echo(struct leat_task *task, struct leat_flow *flow, void *arg)
{
    enum leat_err err = LEAT_OK;

    (void)arg;
    while (!err) {
        struct leat_buf *data;

        err = leat_flow_read(flow, &data, leat_task_in(task, 5 * second_ns));
        if (!err)
            err = leat_flow_send(flow, data, leat_task_in(task, 2 * second_ns));
        services_obey(SERVICES_IN_TASK, NULL);
    }
    return err;
}

/* Answers a request with the buffers of its body, and then with a short text or nothing. */
static enum leat_err give_back(struct leat_task *task, struct leat_http_flow *flow)
{
    const struct leat_http_head head = {.status = 200, .len = LEAT_HTTP_ANY};
    enum leat_err err = leat_http_flow_reply(flow, &head);
    struct leat_buf *data;

    while (!err) {
        err = leat_http_flow_read(flow, &data, leat_task_in(task, second_ns));
        if (!err)
            err = leat_http_flow_send(flow, data, leat_task_in(task, second_ns));
        services_obey(SERVICES_IN_TASK, NULL);
    }
    return err == LEAT_ERR_END ? LEAT_OK : err;
}

/* Answers a request by its contents. */
static enum leat_err answer(struct leat_task *task, struct leat_http_flow *flow, void *arg)
{
    const struct leat_http_head head = {.status = 200, .len = LEAT_HTTP_ANY};
    uint8_t word[WORD_BYTES];
    size_t len = 0;
    enum leat_err err;

    (void)arg;
    if (services_draw.tasks & 128)
        return give_back(task, flow);
    err = leat_http_flow_read_all(flow, word, sizeof word, &len, leat_task_in(task, second_ns));
    if (err && err != LEAT_ERR_TOO_BIG)
        return err;
    services_obey(SERVICES_IN_TASK, NULL);
    err = leat_http_flow_reply(flow, &head);
    for (unsigned i = 0; i < 3 && !err; i++)
        err = leat_http_flow_write(flow, word, len, leat_task_in(task, second_ns));
    if (!err)
        err = leat_task_yield(task);
    return err;
}

static enum leat_err talk(struct leat_task *task, struct leat_flow *flow,
                          const struct running *self)
{
    const uint32_t len = 1u + self->act.more * 4u;
    uint8_t word[WORD_BYTES];
    enum leat_err err;
    size_t got;

    err = leat_flow_write(flow, services_file, len, leat_task_in(task, 2 * second_ns));
    services_obey(SERVICES_IN_TASK, NULL);
    if (!err)
        err = leat_flow_read_until(flow, '\n', word, sizeof word, &got,
                                   leat_task_in(task, 2 * second_ns));
    if (!err)
        err = leat_flow_finish(flow);
    while (!err)
        err = leat_flow_read_some(flow, word, sizeof word, &got, leat_task_in(task, second_ns));
    return err;
}

static enum leat_err connect(struct leat_task *task, struct running *self)
{
    static const uint16_t ports[] = {SERVICES_PORT_WILD, SERVICES_PORT_ECHO, 9,
                                     SERVICES_PORT_NAMES};
    const struct leat_endpoint remote = services_at(1, ports[self->act.how >> 3 & 3]);
    const uint64_t deadline_ns = leat_task_in(task, 5 * second_ns);
    struct leat_flow flow;
    char name[16];
    enum leat_err err;

    if (self->act.how & 32 && services_name(self->act.more, name))
        err = leat_flow_connect_name(&flow, task, &self->connecting, &no_names, name,
                                     SERVICES_PORT_WILD, deadline_ns);
    else
        err = leat_flow_connect(&flow, task, &remote, deadline_ns);
    if (err)
        return err;
    err = talk(task, &flow, self);
    if (self->act.how & 64)
        leat_flow_abort(&flow);
    else
        leat_flow_close(&flow);
    return err;
}

static enum leat_err resolve(struct leat_task *task, const struct running *self)
{
    struct leat_endpoint ends[4];
    unsigned count = 0;
    char name[16];
    enum leat_err err;

    services_name(self->act.more, name);
    if (!services_resolver())
        return LEAT_ERR_NOT_FOUND;
    err = leat_task_resolve(task, services_resolver(), name, 1, ends, 4, &count,
                            leat_task_in(task, 3 * second_ns));
    services_demand(err || (count > 0 && count <= 4), "addresses without one");
    return err;
}

static enum leat_err nap(struct leat_task *task, void *arg)
{
    const struct running *self = arg;

    return leat_task_sleep(task, leat_task_in(task, self->act.more * 10000000u));
}

/* Starts a child task, and waits for it. */
static enum leat_err have_child(struct leat_task *task, struct running *self)
{
    struct leat_task *child;
    enum leat_err err, result;

    err = leat_task_start(tasks, "nap", nap, self, &child);
    if (err)
        return err;
    services_obey(SERVICES_IN_TASK, NULL);
    while ((err = leat_task_join(task, child, &result, leat_task_in(task, second_ns))) ==
           LEAT_ERR_TIMEOUT)
        leat_task_cancel(child);
    return err;
}

static enum leat_err go_about(struct leat_task *task, void *arg)
{
    struct running *self = arg;
    enum leat_err err;

    self->task = task;
    switch (self->act.how % 8) {
    case 0:
        err = resolve(task, self);
        break;
    case 1:
        err = nap(task, self);
        break;
    case 2:
        err = have_child(task, self);
        break;
    default:
        err = connect(task, self);
        break;
    }
    services_obey(SERVICES_IN_TASK, NULL);
    self->task = NULL;
    self->used = false;
    return err;
}

/* ---- the services ------------------------------------------------------------------------- */

static bool interrupt(const struct leat_task *task, void *arg)
{
    (void)task;
    (void)arg;
    return ++waits == cancel_wait;
}

static void open_services(void)
{
    struct leat_service *service = &echo_services[opened % SERVICES_MAX];

    *service = (struct leat_service){.name = "echo",
                                     .serve = echo,
                                     .at_once = services_draw.tasks & 4,
                                     .listen = {.port = SERVICES_PORT_ECHO,
                                                .backlog = 4,
                                                .idle_timeout_ns = 20 * second_ns,
                                                .displace = services_draw.tasks & 8}};
    (void)leat_task_serve(tasks, service);
    services_handler =
        (struct leat_http_handler){.name = "route",
                                   .serve = answer,
                                   .time_ns = services_draw.tasks & 16 ? second_ns : 3 * second_ns,
                                   .refuse = services_draw.tasks & 32};
    leat_http_handler_open(&services_handler, tasks);
}

void services_tasks_forget(void)
{
    opened = 0;
    waits = cancel_wait = 0;
}

void services_tasks_open(void)
{
    const uint8_t draw = services_draw.tasks;
    const struct leat_tasks_config config = {.tasks = 1 + draw % 4u * 2u,
                                             .stack_bytes = STACK_BYTES,
                                             .waiting = draw & 64 ? 1 : 0,
                                             .interrupt = interrupt};
    const size_t bytes = leat_tasks_memory_bytes(&config);

    if (tasks || opened == SERVICES_MAX)
        return;
    no_names = (struct leat_connect_config){.resolver = services_resolver()};
    memory = services_memory(bytes);
    services_demand(!leat_tasks_open(&tasks, services_ends[0].stack, memory, bytes, &config),
                    "tasks");
    open_services();
    opened++;
}

void services_tasks_close(void)
{
    if (!tasks)
        return;
    leat_tasks_close(tasks);
    for (unsigned i = 0; i < RUNNING; i++) {
        services_demand(!running[i].task, "a task that didn't run to its end");
        running[i].used = false; /* a task that had not begun */
    }
    tasks = NULL;
    free(memory);
    memory = NULL;
}

static void start(const struct services_act *act)
{
    unsigned i = 0;

    while (i < RUNNING && running[i].used)
        i++;
    if (!tasks || i == RUNNING)
        return;
    running[i].act = *act;
    running[i].used = !leat_task_start(tasks, "about", go_about, &running[i], NULL);
}

void services_tasks_act(const struct services_act *act)
{
    const struct running *chosen = &running[act->how % RUNNING];

    switch (act->which % 4) {
    case 0:
        if (chosen->task)
            leat_task_cancel(chosen->task);
        break;
    case 1:
        cancel_wait = waits + 1 + act->more % 16u;
        break;
    default:
        start(act);
        break;
    }
}

unsigned services_tasks_pending(void)
{
    const struct leat_tasks_counts *counts = tasks ? leat_tasks_counts(tasks) : NULL;

    return counts ? (unsigned)(counts->started - counts->ended) : 0;
}
