/*
 * whois.c -- asks a WHOIS server (RFC 3912): one line there, text back until it closes.
 *
 * A client by a task: a deadline for each step, and another try when one of them fails, after a
 * pause that doubles.
 */
#include <string.h>

#include <leat/flow.h>

#include "example.h"

enum {
    TRIES = 4,
    LINE_BYTES = 320
};

static const uint64_t pause_ns = 1000000000; /* before the second try */
static const uint64_t connect_ns = 5000000000;
static const uint64_t answer_ns = 10000000000;

/* Reads and prints the answer, a line at a time. */
static enum leat_err read_answer(struct leat_task *task, struct leat_flow *flow,
                                 struct example_platform *platform)
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
            platform->say(platform, line);
    } while (err == LEAT_OK || err == LEAT_ERR_TOO_BIG);
    return err;
}

/* One try: LEAT_ERR_END if the server has said all. */
static enum leat_err ask(struct leat_task *task, struct example_platform *platform)
{
    const struct leat_endpoint server = {.ip = platform->server, .port = platform->port};
    const char *question = platform->arguments[0];
    struct leat_flow flow;
    enum leat_err err;

    err = leat_flow_connect(&flow, task, &server, leat_task_in(task, connect_ns));
    if (err)
        return err;
    err = leat_flow_write(&flow, question, strlen(question), leat_task_in(task, answer_ns));
    if (!err)
        err = leat_flow_write(&flow, "\r\n", 2, leat_task_in(task, answer_ns));
    if (!err)
        err = read_answer(task, &flow, platform);
    leat_flow_close(&flow);
    return err;
}

static enum leat_err whois(struct leat_task *task, void *arg)
{
    struct example_platform *platform = arg;
    enum leat_err err = ask(task, platform);

    for (unsigned i = 1; err != LEAT_ERR_END && i < TRIES; i++) {
        platform->say(platform, leat_err_text(err));
        leat_task_sleep(task, leat_task_in(task, pause_ns << (i - 1)));
        err = ask(task, platform);
    }
    if (err != LEAT_ERR_END)
        platform->say(platform, leat_err_text(err));
    platform->finish(platform, err == LEAT_ERR_END ? 0 : 1);
    return err;
}

static const char *start(struct example_platform *platform)
{
    const struct leat_tasks_config config = {.tasks = 1, .guard = platform->guard};
    static _Alignas(16) unsigned char memory[EXAMPLE_TASK_BYTES(1)];
    struct leat_tasks *tasks;

    if (platform->argument_count != 1)
        return "whois takes one question, as one argument";
    if (leat_ip_is_any(platform->server))
        return "whom to ask? give --server or --gateway";
    if (leat_tasks_open(&tasks, platform->stack, memory, sizeof memory, &config) ||
        leat_task_start(tasks, "whois", whois, platform, NULL))
        return "no memory for the task";
    return NULL;
}

const struct example example = {.name = "whois",
                                .summary = "Asks a WHOIS server (RFC 3912).",
                                .arguments = "QUESTION",
                                .default_port = 43,
                                .start = start};
