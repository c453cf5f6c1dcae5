/*
 * lookup.c -- looks up addresses for HTTP clients, by tasks.  A client posts names to /lookup, one
 * per line; each is answered by a line as soon as its addresses are known.
 */
#include <stdio.h>
#include <string.h>

#include <leat/flow.h>
#include <leat/http_flow.h>
#include <leat/http_server.h>

#include "example.h"

enum {
    CLIENTS = 64,
    TASKS = 16,            /* requests that are answered at a time; as many more may wait */
    QUESTION_BYTES = 2000, /* longest text of names in a request */
    ADDRESSES = 4          /* most addresses in the answer for a name */
};

static const uint64_t second_ns = 1000000000;

/* The memory of a request: a task has one while it answers, so that its stack stays small. */
struct request {
    bool taken;
    char names[QUESTION_BYTES + 1];
    char line[600];
};

static _Alignas(16) unsigned char http_memory[264 * 1024];
static _Alignas(16) unsigned char resolver_memory[256 * 1024];
static _Alignas(4096) unsigned char task_memory[EXAMPLE_TASK_BYTES(TASKS)];
static struct request requests[TASKS];
static struct leat_tasks *tasks;
static struct leat_resolver *resolver;

/* The line of one name: the name, and its addresses or why there are none. */
static size_t tell(struct leat_task *task, const char *name, char *line, size_t size)
{
    struct leat_endpoint ends[ADDRESSES];
    unsigned count;
    struct leat_lookup_failure failure;
    const enum leat_err err =
        leat_task_resolve_why(task, resolver, name, 0, ends, ADDRESSES, &count,
                              leat_task_in(task, 5 * second_ns), &failure);
    char why[LEAT_REFUSAL_TEXT_BYTES];
    size_t len = (size_t)snprintf(line, size, "%.255s", name);

    for (unsigned i = 0; i < count && !err; i++) {
        char ip[LEAT_IP_TEXT_BYTES];

        leat_ip_format(ends[i].ip, ip);
        len += (size_t)snprintf(line + len, size - len, " %s", ip);
    }
    if (err == LEAT_ERR_FORMAT)
        len += (size_t)snprintf(line + len, size - len, ": %s", leat_err_text(err));
    else if (err) {
        leat_lookup_failure_format(resolver, &failure, why);
        len += (size_t)snprintf(line + len, size - len, ": %s (%s)", leat_err_text(err), why);
    }
    line[len++] = '\n';
    return len;
}

/* From the request's body to the end of its reply. */
static enum leat_err answer(struct leat_task *task, struct leat_http_flow *flow,
                            struct request *request)
{
    static const struct leat_http_head ok = {
        .status = 200, .type = "text/plain", .len = LEAT_HTTP_ANY};
    const uint64_t deadline_ns = leat_task_in(task, 30 * second_ns);
    size_t len;
    enum leat_err err =
        leat_http_flow_read_all(flow, request->names, QUESTION_BYTES, &len, deadline_ns);

    if (!err)
        err = leat_http_flow_reply(flow, &ok);
    request->names[err ? 0 : len] = '\0';
    for (char *name = request->names; !err && *name != '\0';) {
        char *next = name;

        while (*next != '\0' && *next != '\r' && *next != '\n')
            next++;
        if (*next != '\0')
            *next++ = '\0';
        if (*name != '\0') {
            len = tell(task, name, request->line, sizeof request->line);
            err = leat_http_flow_write(flow, request->line, len, deadline_ns);
        }
        name = next;
    }
    return err;
}

static enum leat_err lookup(struct leat_task *task, struct leat_http_flow *flow, void *arg)
{
    struct request *request = requests;
    enum leat_err err;

    (void)arg;
    while (request->taken) /* there are as many as tasks */
        request++;
    request->taken = true;
    err = answer(task, flow, request);
    request->taken = false;
    return err;
}

static struct leat_http_handler handler = {
    .name = "lookup", .serve = lookup, .time_ns = UINT64_C(60000000000), .displace = true};
static const struct leat_http_route routes[] = {
    {LEAT_HTTP_TASK_ROUTE("/lookup", LEAT_HTTP_POST, &handler), .body_bytes_max = QUESTION_BYTES}};

static const char *start(struct leat_platform *platform)
{
    const struct leat_tasks_config task_config = {.tasks = TASKS, .guard = platform->guard};
    static struct leat_resolver_config resolver_config = {.server_count = 1,
                                                          .rounds = 2}; /* in all 4.5 s */
    struct leat_http_server_config http_config = {
        .routes = routes, .route_count = 1, .port = platform->port, .clients = CLIENTS};
    struct leat_http_server *server;

    if (leat_ip_is_any(platform->server))
        return "no name server: give --server ADDRESS";
    resolver_config.servers[0].ip = platform->server;
    resolver_config.timeout_ns = 3 * second_ns / 2;
    if (leat_resolver_open(&resolver, platform->stack, resolver_memory, sizeof resolver_memory,
                           &resolver_config) ||
        leat_tasks_open(&tasks, platform->stack, task_memory, sizeof task_memory, &task_config))
        return "there is too little memory";
    leat_http_handler_open(&handler, tasks);
    return leat_platform_serve_http(platform, &server, http_memory, sizeof http_memory,
                                    &http_config)
               ? EXAMPLE_PORT_TAKEN
               : NULL;
}

const struct leat_app example = {.name = "lookup",
                                 .summary = "Answers which addresses names have, by HTTP.",
                                 .arguments = "",
                                 .default_port = LEAT_HTTP_PORT,
                                 .has_http = true,
                                 .lacks = leat_platform_lacks_server,
                                 .start = start};
