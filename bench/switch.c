/* switch.c -- the cost of switching from one stack to another: bare, and with a wait and its end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "task/tasks.h"

enum {
    STACK_BYTES = 65536,
    BUFS = 64
};

static struct context loop, other;
static struct leat_task *waiting;

/* Processor time, so that a busy machine gives the same result. */
static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void go_back(struct context *self)
{
    for (;;)
        context_switch(self, &loop);
}

/* Two switches a round, and nothing else. */
static double bare(unsigned long rounds)
{
    static _Alignas(16) char stack[STACK_BYTES];
    const uint64_t begin_ns = now_ns();

    context_begin(&other, stack + sizeof stack, go_back);
    for (unsigned long i = 0; i < rounds; i++)
        context_switch(&loop, &other);
    return (double)(now_ns() - begin_ns) / (2 * (double)rounds);
}

static enum leat_err wait_for_ever(struct leat_task *task, void *arg)
{
    (void)arg;
    while (!task_wait(task, &waiting, LEAT_NEVER_NS)) {
    }
    return LEAT_OK;
}

/* A wait that a callback ends, and the next one. */
static double wait_and_wake(unsigned long rounds)
{
    const struct leat_config config = {.seed = {1}, .buf_count = BUFS};
    const struct leat_tasks_config tasks_config = {.tasks = 1, .stack_bytes = STACK_BYTES};
    const size_t bytes = leat_memory_bytes(&config);
    const size_t tasks_bytes = leat_tasks_memory_bytes(&tasks_config);
    void *memory = malloc(bytes), *tasks_memory = malloc(tasks_bytes);
    struct leat_tasks *tasks;
    struct leat *stack;
    uint64_t begin_ns, end_ns;

    if (!memory || !tasks_memory || leat_init(&stack, memory, bytes, &config) ||
        leat_tasks_open(&tasks, stack, tasks_memory, tasks_bytes, &tasks_config) ||
        leat_task_start(tasks, "waits", wait_for_ever, NULL, NULL))
        exit(1);
    leat_poll(stack, 1);
    begin_ns = now_ns();
    for (unsigned long i = 0; i < rounds; i++)
        task_wake_now(&waiting);
    end_ns = now_ns();
    leat_tasks_close(tasks);
    leat_close(stack);
    free(tasks_memory);
    free(memory);
    return (double)(end_ns - begin_ns) / (double)rounds;
}

int main(int count, char **words)
{
    const char what = count == 3 ? words[1][0] : '\0';
    const unsigned long rounds = count == 3 ? strtoul(words[2], NULL, 10) : 0;

    if (rounds == 0 || (what != 'b' && what != 'w')) {
        fprintf(stderr, "usage: switch bare|wait ROUNDS\n"
                        "Prints ns a switch, or a wait with its end: two switches.\n");
        return 2;
    }
    printf("%.3f\n", what == 'b' ? bare(rounds) : wait_and_wake(rounds));
    return 0;
}
