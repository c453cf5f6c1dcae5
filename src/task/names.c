/* names.c -- a task waits for the addresses of a name. */
#include "task/flows.h"

/* A lookup that a task waits for; on its stack. */
struct asked {
    struct leat_task *task;
    struct leat_endpoint *ends;
    unsigned count_max;
    unsigned count;
    uint16_t port;
    enum leat_err err;
    bool done;
};

/* The records are read here: the message isn't there any more when the task runs. */
static void on_done(void *arg, enum leat_err err, const struct leat_dns_result *result)
{
    struct asked *asked = arg;
    struct leat_dns_record record;
    size_t cursor = 0;

    asked->done = true;
    asked->err = err;
    while (!err && asked->count < asked->count_max &&
           leat_dns_result_next(result, &cursor, &record)) {
        asked->ends[asked->count].port = asked->port;
        if (leat_dns_record_ip(&record, &asked->ends[asked->count].ip))
            asked->count++;
    }
    task_wake(asked->task, LEAT_OK);
}

/* Starts the lookup and waits for its end. */
static enum leat_err ask(struct leat_resolver *resolver, const char *name, struct asked *asked,
                         uint64_t deadline_ns)
{
    struct leat_lookup *lookup;
    struct leat_dns_name parsed;
    enum leat_err err = leat_dns_name_parse(name, &parsed);

    if (!err)
        err = leat_lookup_start(resolver, &parsed, LEAT_DNS_A, on_done, asked, &lookup);
    if (err)
        return err;
    err = task_wait(asked->task, &asked->task->nowhere, deadline_ns);
    if (asked->done)
        return asked->err;
    leat_lookup_cancel(lookup);
    return err;
}

enum leat_err leat_task_resolve(struct leat_task *task, struct leat_resolver *resolver,
                                const char *name, uint16_t port, struct leat_endpoint *ends,
                                unsigned count_max, unsigned *count, uint64_t deadline_ns)
{
    struct asked asked = {.task = task, .ends = ends, .count_max = count_max, .port = port};
    enum leat_err err = task_may_wait(task);

    *count = 0;
    if (err || count_max == 0)
        return err ? err : LEAT_ERR_ARGUMENT;
    if (leat_ip_parse(name, &ends[0].ip)) {
        ends[0].port = port;
        *count = 1;
        return LEAT_OK;
    }
    err = ask(resolver, name, &asked, deadline_ns);
    *count = asked.count;
    if (!err && asked.count == 0)
        err = LEAT_ERR_NOT_FOUND;
    return err;
}
