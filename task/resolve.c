/*
 * resolve.c -- lets a task wait for the addresses of a name, of both families.
 *
 * Both families are asked at the same time. Their callbacks copy the addresses into memory on the
 * task's stack, and the task is woken when both are over.
 */
#include "service.h"
#include "task/flows.h"

enum {
    FOUND_MAX = 8 /* limit of addresses that are sorted; more are ignored */
};

/* A lookup of one family; NULL: it is over, or was not started. */
struct asked_family {
    struct asked *asked;
    struct leat_lookup *lookup;
    enum leat_err err;
};

/* State of a waiting task, on its stack. */
struct asked {
    struct leat_task *task;
    struct asked_family families[2]; /* IPv4, IPv6 */
    unsigned count;
    struct leat_endpoint found[FOUND_MAX];
    struct leat_lookup_failure *why;
};

static bool is_over(const struct asked *asked)
{
    return !asked->families[0].lookup && !asked->families[1].lookup;
}

/* Reads the records at once, because the message is gone when the task runs. */
static void on_done(void *arg, enum leat_err err, const struct leat_dns_result *result)
{
    struct asked_family *family = arg;
    struct asked *asked = family->asked;
    struct leat_dns_record record;
    size_t cursor = 0;

    family->lookup = NULL;
    family->err = err;
    if (err && (family == asked->families || !asked->families[0].err)) /* the one of ask() */
        leat_lookup_failure_take(asked->why, err, result);
    while (!err && asked->count < FOUND_MAX && leat_dns_result_next(result, &cursor, &record)) {
        /* An answer also holds CNAME records, which have no address. */
        if (leat_dns_record_ip(&record, &asked->found[asked->count].ip))
            asked->count++;
    }
    if (is_over(asked))
        task_wake(asked->task, LEAT_OK);
}

/* A callback after the return of ask() would write into a stack frame that is gone. */
static void cancel(struct asked *asked)
{
    for (unsigned i = 0; i < 2; i++) {
        if (asked->families[i].lookup)
            leat_lookup_cancel(asked->families[i].lookup);
    }
}

/* Starts the lookups and waits for both, or for the deadline. Then the addresses found so far
 * count. */
static enum leat_err __attribute__((noinline))
ask(struct leat_resolver *resolver, const char *name, struct asked *asked, uint64_t deadline_ns)
{
    static const uint16_t types[] = {LEAT_DNS_A, LEAT_DNS_AAAA};
    /* Without IPv6 an AAAA record leads to an address that can't be reached. */
    const unsigned families = service_has_ipv6(asked->task->tasks->stack) ? 2 : 1;
    struct leat_dns_name parsed;
    enum leat_err err = leat_dns_name_parse(name, &parsed);

    for (unsigned i = 0; i < families && !err; i++) {
        struct asked_family *family = &asked->families[i];

        family->asked = asked;
        /* An answer in the cache comes by a callback as well, so on_done() never runs before
         * `lookup` is set. */
        err = leat_lookup_start(resolver, &parsed, types[i], on_done, family, &family->lookup);
    }
    if (!err)
        err = task_wait(asked->task, &asked->task->nowhere, deadline_ns);
    cancel(asked);
    if (asked->count > 0 && (!err || err == LEAT_ERR_TIMEOUT))
        return LEAT_OK;
    if (!err)
        err = asked->families[0].err ? asked->families[0].err : asked->families[1].err;
    return err ? err : LEAT_ERR_NOT_FOUND;
}

/* NOLINTNEXTLINE(readability-function-size): a question, room for its answer, and the task */
enum leat_err leat_task_resolve_why(struct leat_task *task, struct leat_resolver *resolver,
                                    const char *name, uint16_t port, struct leat_endpoint *ends,
                                    unsigned count_max, unsigned *count, uint64_t deadline_ns,
                                    struct leat_lookup_failure *why)
{
    struct asked asked = {.task = task, .why = why};
    enum leat_err err = task_may_wait(task);

    *why = (struct leat_lookup_failure){.err = LEAT_ERR_TIMEOUT, .rcode = LEAT_DNS_NOERROR};
    *count = 0;
    if (err || count_max == 0)
        return err ? err : LEAT_ERR_ARGUMENT;
    /* "192.0.2.1" is no name to ask for. */
    if (leat_ip_parse(name, &ends[0].ip)) {
        ends[0] = leat_endpoint_of(ends[0].ip, port);
        *count = 1;
        return LEAT_OK;
    }
    err = ask(resolver, name, &asked, deadline_ns);
    if (err)
        return err;
    destinations_sort(task->tasks->stack, asked.found, asked.count);
    for (; *count < asked.count && *count < count_max; ++*count)
        ends[*count] = leat_endpoint_of(asked.found[*count].ip, port);
    return LEAT_OK;
}

/* NOLINTNEXTLINE(readability-function-size): the parts of a question, and room for the answer */
enum leat_err leat_task_resolve(struct leat_task *task, struct leat_resolver *resolver,
                                const char *name, uint16_t port, struct leat_endpoint *ends,
                                unsigned count_max, unsigned *count, uint64_t deadline_ns)
{
    struct leat_lookup_failure why;

    return leat_task_resolve_why(task, resolver, name, port, ends, count_max, count, deadline_ns,
                                 &why);
}
