/* overflow.c -- a task that overflows its stack; the argument is the depth of its recursion. */
#include <leat/task.h>

#include <string.h>

#include "example.h"

enum {
    STACK_BYTES = 16384
};

/* Each frame points to the one above it, so that no compiler turns the recursion into a loop. */
struct frame {
    volatile struct frame *above;
    char bytes[448 - sizeof(void *)];
};

static unsigned __attribute__((noinline)) deeper(volatile struct frame *above, unsigned depth)
{
    volatile struct frame here;

    here.above = above;
    for (unsigned i = 0; i < sizeof here.bytes; i++) /* a canary detects written bytes */
        here.bytes[i] = (char)depth;
    return depth == 0 ? 1 : deeper(&here, depth - 1) + (here.above == above);
}

/* Stands below the overflowing stack, which damages this one. */
static enum leat_err sleeps(struct leat_task *task, void *arg)
{
    (void)arg;
    return leat_task_sleep(task, LEAT_NEVER_NS);
}

static enum leat_err overflows(struct leat_task *task, void *arg)
{
    struct leat_platform *platform = arg;
    const bool fits = strcmp(platform->arguments[0], "fits") == 0;
    const unsigned frames = STACK_BYTES / sizeof(struct frame);
    const bool right = deeper(NULL, fits ? frames / 2 : frames) > 0;
    const enum leat_err err = leat_task_yield(task); /* the canary is checked here */

    platform->say(platform, "the task goes on");
    platform->finish(platform, right && !err ? 0 : 1);
    return err;
}

static const char *start(struct leat_platform *platform)
{
    static _Alignas(16) unsigned char memory[EXAMPLE_TASK_BYTES(3)];
    struct leat_tasks_config config = {.tasks = 3, .stack_bytes = STACK_BYTES};
    struct leat_tasks *tasks;

    if (platform->argument_count != 1)
        return "guard, canary or fits?";
    if (strcmp(platform->arguments[0], "canary") != 0)
        config.guard = platform->guard;
    if (leat_tasks_open(&tasks, platform->stack, memory, sizeof memory, &config) ||
        leat_task_start(tasks, "sleeps", sleeps, NULL, NULL) ||
        leat_task_start(tasks, "overflows", overflows, platform, NULL))
        return "no memory for the tasks";
    return NULL;
}

const struct leat_app example = {.name = "overflow",
                                 .summary = "Goes deeper than its stack.",
                                 .arguments = "guard|canary|fits",
                                 .default_port = 7,
                                 .start = start};
