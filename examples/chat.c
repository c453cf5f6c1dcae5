/*
 * chat.c -- a chat room: each line of a client is sent to all others.
 *
 * Each client has two tasks: one reads its lines, one writes the lines of others to it.  Between
 * them lies a channel of bounded length: a slow client misses lines, and delays no other.  A line
 * is copied once, and each client gets a view of it.
 */
#include <stdio.h>
#include <string.h>

#include <leat/flow.h>

#include "example.h"

enum {
    SPARE = 4, /* more clients, for addresses without one */
    CLIENTS = 32 + SPARE,
    TASKS = 2 * CLIENTS,
    LINES = 64, /* queued for a client */
    LINE_BYTES = 512,
    NAME_BYTES = 16
};

static struct client {
    bool taken;
    struct leat_flow *flow; /* NULL: it has no name yet, and gets no lines */
    struct leat_channel heard;
    void *lines[LINES];
    char name[NAME_BYTES + 1];
    char line[NAME_BYTES + 2 + LINE_BYTES];
} clients[CLIENTS];

/* Queues the first @len bytes of @speaker's line for all other clients. */
static void tell_others(struct leat_flow *flow, const struct client *speaker, uint32_t len)
{
    struct leat_pool *pool = leat_pool(leat_tasks_stack(flow->tasks));
    struct leat_buf *line = leat_buf_copy(pool, speaker->line, len);

    for (struct client *to = clients; line && to < clients + CLIENTS; to++) {
        struct leat_buf *view = to->flow && to != speaker ? leat_buf_slice(line, 0, len) : NULL;

        if (view && leat_channel_offer(&to->heard, view))
            leat_buf_free(view); /* it doesn't keep up */
    }
    leat_buf_free(line);
}

static void say(struct leat_flow *flow, struct client *client, const char *what)
{
    const int len = snprintf(client->line, sizeof client->line, "* %s %s\n", client->name, what);

    tell_others(flow, client, (uint32_t)len);
}

/* Writes queued lines to its client. */
static enum leat_err write_lines(struct leat_task *task, void *arg)
{
    struct client *client = arg;
    enum leat_err err;
    void *line;

    (void)task;
    while (!(err = leat_channel_receive(&client->heard, &line, LEAT_NEVER_NS))) {
        if ((err = leat_flow_send(client->flow, line, LEAT_NEVER_NS)))
            break;
    }
    return err;
}

static enum leat_err ask_name(struct leat_task *task, struct leat_flow *flow, struct client *client)
{
    static const char question[] = "Who are you?\n";
    const uint64_t deadline_ns = leat_task_in(task, 60ull * 1000000000);
    enum leat_err err = leat_flow_lend(flow, question, sizeof question - 1, deadline_ns);
    size_t len = 0;

    if (!err)
        err = leat_flow_read_until(flow, '\n', client->name, NAME_BYTES, &len, deadline_ns);
    while (len > 0 && (client->name[len - 1] == '\n' || client->name[len - 1] == '\r'))
        len--;
    client->name[len] = '\0';
    return err;
}

/* Serves a client that has given its name, until it leaves. */
static enum leat_err talk(struct leat_flow *flow, struct client *client)
{
    enum leat_err err;
    size_t at, len;

    client->flow = flow;
    say(flow, client, "is here");
    at = (size_t)snprintf(client->line, sizeof client->line, "%s: ", client->name);
    while (!(
        err = leat_flow_read_until(flow, '\n', client->line + at, LINE_BYTES, &len, LEAT_NEVER_NS)))
        tell_others(flow, client, (uint32_t)(at + len));
    return err;
}

/* Both tasks are started at once, so that there is always a second one.  This one reads lines. */
static enum leat_err serve_client(struct leat_task *task, struct leat_flow *flow,
                                  struct client *client)
{
    struct leat_task *writer;
    enum leat_err err;
    void *line;

    leat_channel_open(&client->heard, flow->tasks, client->lines, LINES);
    err = leat_task_start(flow->tasks, "writer", write_lines, client, &writer);
    if (err)
        return err;
    err = ask_name(task, flow, client);
    if (!err)
        err = talk(flow, client);
    leat_task_cancel(writer);
    leat_task_join(task, writer, NULL, LEAT_NEVER_NS);
    while (leat_channel_take(&client->heard, &line))
        leat_buf_free(line);
    if (client->flow) {
        client->flow = NULL;
        say(flow, client, "has left");
    }
    return err;
}

static enum leat_err serve(struct leat_task *task, struct leat_flow *flow, void *arg)
{
    struct client *client = clients;
    enum leat_err err;

    (void)arg;
    while (client < clients + CLIENTS && client->taken)
        client++;
    if (client == clients + CLIENTS)
        return LEAT_ERR_FULL;
    client->taken = true;
    err = serve_client(task, flow, client);
    client->taken = false;
    return err;
}

static const char *start(struct leat_platform *platform)
{
    const struct leat_tasks_config config = {
        .tasks = TASKS, .reserve = 2 * SPARE, .guard = platform->guard};
    static _Alignas(16) unsigned char memory[EXAMPLE_TASK_BYTES(TASKS)];
    static struct leat_service service = {.name = "client", .serve = serve, .at_once = true};
    struct leat_tasks *tasks;

    if (platform->argument_count > 0)
        return "chat takes no arguments";
    service.listen.port = platform->port;
    service.listen.idle_timeout_ns = platform->idle_ns;
    service.listen.displace = true; /* a silent client doesn't keep out others */
    if (leat_tasks_open(&tasks, platform->stack, memory, sizeof memory, &config))
        return "no memory for the tasks";
    return leat_task_serve(tasks, &service) ? EXAMPLE_PORT_TAKEN : NULL;
}

const struct leat_app example = {.name = "chat",
                                 .summary = "A room to talk in, by lines over TCP.",
                                 .arguments = "",
                                 .default_port = 2323,
                                 .start = start};
