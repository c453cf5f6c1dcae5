/*
 * whois.c -- asks a WHOIS server (RFC 3912): sends one line, and prints text until it closes.
 *
 * A client as a task: with a deadline for each step, and a second try when one of them fails, after
 * a pause that doubles.  The server may have a name, and addresses of both families.
 */
#include <stdio.h>
#include <string.h>

#include <leat/connect.h>
#include <leat/flow.h>

#include "asked.h"
#include "example.h"
#include "idn.h"

enum {
    TRIES = 4,
    LINE_BYTES = 320
};

static struct leat_connect_config names;
static const char *server_name; /* of the command line, in ASCII; NULL: it is that of --server */

static const uint64_t pause_ns = 1000000000; /* before the second try */
static const uint64_t connect_ns = 5000000000;
static const uint64_t answer_ns = 10000000000;

static void print(struct leat_platform *platform, const char *line, size_t len)
{
    if (platform->write(platform, line, len) || platform->write(platform, "\n", 1))
        platform->finish(platform, ASKED_NOT_WRITTEN);
}

/* Reads and prints the answer, a line at a time. */
static enum leat_err read_answer(struct leat_task *task, struct leat_flow *flow,
                                 struct leat_platform *platform)
{
    char line[LINE_BYTES + 1];
    enum leat_err err;
    size_t len;

    do {
        err =
            leat_flow_read_until(flow, '\n', line, LINE_BYTES, &len, leat_task_in(task, answer_ns));
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            len--;
        line[len] = '\0';
        if (err == LEAT_OK || len > 0)
            print(platform, line, len);
    } while (err == LEAT_OK || err == LEAT_ERR_TOO_BIG);
    return err;
}

/* Connects to the server of the command line, or to that of --server.  Prints failures. */
static enum leat_err reach(struct leat_task *task, struct leat_flow *flow,
                           struct leat_platform *platform)
{
    static struct leat_connecting connecting;
    static char told[LEAT_CONNECT_TEXT_BYTES];
    const struct leat_endpoint server = {.ip = platform->server, .port = platform->port};
    const uint64_t until_ns = leat_task_in(task, connect_ns);
    enum leat_err err;

    if (!server_name) {
        err = leat_flow_connect(flow, task, &server, until_ns);
        snprintf(told, sizeof told, "%s", leat_err_text(err));
    } else {
        err = leat_flow_connect_name(flow, task, &connecting, &names, server_name, platform->port,
                                     until_ns);
        leat_connect_format(&connecting, err, told);
    }
    if (err)
        platform->say(platform, told);
    return err;
}

/* One try: LEAT_ERR_END if the answer is complete. */
static enum leat_err ask(struct leat_task *task, struct leat_platform *platform)
{
    const char *question = platform->arguments[0];
    struct leat_flow flow;
    enum leat_err err = reach(task, &flow, platform);

    if (err)
        return err;
    err = leat_flow_write(&flow, question, strlen(question), leat_task_in(task, answer_ns));
    if (!err)
        err = leat_flow_write(&flow, "\r\n", 2, leat_task_in(task, answer_ns));
    if (!err)
        err = read_answer(task, &flow, platform);
    leat_flow_close(&flow);
    if (err != LEAT_ERR_END)
        platform->say(platform, leat_err_text(err));
    return err;
}

static enum leat_err whois(struct leat_task *task, void *arg)
{
    struct leat_platform *platform = arg;
    enum leat_err err = ask(task, platform);

    for (unsigned i = 1; err != LEAT_ERR_END && i < TRIES; i++) {
        leat_task_sleep(task, leat_task_in(task, pause_ns << (i - 1)));
        err = ask(task, platform);
    }
    platform->finish(platform, err == LEAT_ERR_END ? 0 : asked_status(err));
    return err;
}

/* The name server of --server looks up a server's name. */
static const char *open_names(struct leat_platform *platform)
{
    static _Alignas(16) unsigned char memory[1 << 15];
    const struct leat_resolver_config config = {
        .servers = {{.ip = platform->server}}, .server_count = 1, .lookups = 2};

    if (leat_ip_is_any(platform->server)) /* then it must be an address */
        return NULL;
    names.search = platform->search;
    return leat_resolver_open(&names.resolver, platform->stack, memory, sizeof memory, &config)
               ? "no memory for the resolver"
               : NULL;
}

static const char *start(struct leat_platform *platform)
{
    const struct leat_tasks_config config = {.tasks = 1, .guard = platform->guard};
    static _Alignas(16) unsigned char memory[EXAMPLE_TASK_BYTES(1)];
    const bool is_named = platform->argument_count == 2;
    struct leat_tasks *tasks;
    const char *wrong = is_named ? open_names(platform) : NULL;

    if (wrong)
        return wrong;
    if (platform->argument_count < 1 || platform->argument_count > 2)
        return "whois takes one question, as one argument, and perhaps the server to ask";
    server_name = is_named ? idn_host(platform->arguments[1]) : NULL;
    if (is_named && !server_name)
        return "the name of that server can't be written as DNS has it";
    if (leat_ip_is_any(platform->server) && !is_named)
        return "no name server: give --server or --gateway";
    if (leat_tasks_open(&tasks, platform->stack, memory, sizeof memory, &config) ||
        leat_task_start(tasks, "whois", whois, platform, NULL))
        return "no memory for the task";
    return NULL;
}

const struct leat_app example = {.name = "whois",
                                 .summary = "Asks a WHOIS server (RFC 3912).",
                                 .arguments = "QUESTION [SERVER]",
                                 .default_port = 43,
                                 .prints = true,
                                 .start = start};
