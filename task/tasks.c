/* tasks.c -- slots of tasks, how a task begins and how it ends. */
#include "task/tasks.h"

#include <string.h>

enum {
    ALIGN = 64,
    STACK_ALIGN = 16
};

/* ---- memory ------------------------------------------------------------------------------- */

static struct leat_tasks_config with_defaults(const struct leat_tasks_config *given)
{
    struct leat_tasks_config config = *given;

    if (config.tasks == 0)
        config.tasks = 64;
    if (config.stack_bytes == 0)
        config.stack_bytes = 16384;
    if (config.reserve > config.tasks)
        config.reserve = config.tasks;
    if (config.waiting == 0)
        config.waiting = config.tasks;
    return config;
}

static size_t align_up(size_t bytes, size_t to)
{
    return (bytes + to - 1) & ~(to - 1);
}

/* What the stacks begin at: a page, if they fill pages. */
static size_t slots_align(const struct leat_tasks_config *config)
{
    return config->guard || config->stack_bytes % LEAT_TASK_GUARD_BYTES == 0 ? LEAT_TASK_GUARD_BYTES
                                                                             : ALIGN;
}

static size_t slot_bytes(const struct leat_tasks_config *config)
{
    if (!config->guard)
        return config->stack_bytes;
    return LEAT_TASK_GUARD_BYTES + align_up(config->stack_bytes, LEAT_TASK_GUARD_BYTES);
}

size_t leat_tasks_memory_bytes(const struct leat_tasks_config *config)
{
    const struct leat_tasks_config full = with_defaults(config);

    return ALIGN + align_up(sizeof(struct leat_tasks), ALIGN) +
           align_up(full.waiting * sizeof(struct pending), ALIGN) +
           align_up(full.tasks * sizeof(struct task_share), ALIGN) +
           align_up(shares_bytes(full.tasks), ALIGN) + align_up(shares_bytes(full.waiting), ALIGN) +
           slots_align(&full) + full.tasks * slot_bytes(&full);
}

static bool is_possible(const struct leat_tasks_config *full)
{
    return full->stack_bytes >= LEAT_TASK_STACK_BYTES_MIN + CONTEXT_STACK_BYTES &&
           full->stack_bytes % STACK_ALIGN == 0 && (full->slow_ns == 0 || full->clock_ns);
}

/* A task lies at the end of its slot. */
static struct leat_task *task_of_slot(const struct leat_tasks *tasks, uint32_t i)
{
    return (struct leat_task *)(void *)(tasks->slots + (i + 1) * tasks->slot_bytes) - 1;
}

static void *guard_of_slot(const struct leat_tasks *tasks, uint32_t i)
{
    return tasks->slots + i * tasks->slot_bytes;
}

/* The next part of the block at @at, zeroed. */
static void *part(uint8_t **at, size_t bytes)
{
    void *made = *at;

    memset(made, 0, bytes);
    *at += align_up(bytes, ALIGN);
    return made;
}

static struct leat_tasks *lay_out(void *memory, struct leat *stack,
                                  const struct leat_tasks_config *full)
{
    uint8_t *at = (uint8_t *)memory + (ALIGN - (uintptr_t)memory % ALIGN) % ALIGN;
    const uint64_t key[2] = {service_table_key(stack)->k0, service_table_key(stack)->k1};
    const size_t align = slots_align(full);
    struct leat_tasks *tasks = part(&at, sizeof *tasks);

    tasks->config = *full;
    tasks->stack = stack;
    tasks->pendings = part(&at, full->waiting * sizeof *tasks->pendings);
    tasks->of_share = part(&at, full->tasks * sizeof *tasks->of_share);
    shares_init(&tasks->shares, part(&at, shares_bytes(full->tasks)), full->tasks, full->reserve,
                key);
    shares_init(&tasks->queue_shares, part(&at, shares_bytes(full->waiting)), full->waiting, 0,
                key);
    at += (align - (uintptr_t)at % align) % align;
    tasks->slots = at;
    tasks->slot_bytes = slot_bytes(full);
    ring_init(&tasks->roots);
    ring_init(&tasks->pending);
    ring_init(&tasks->claims);
    return tasks;
}

/* Unguards the first @count slots. */
static void unguard(const struct leat_tasks *tasks, uint32_t count)
{
    for (uint32_t i = 0; tasks->config.guard && i < count; i++)
        tasks->config.guard(guard_of_slot(tasks, i), LEAT_TASK_GUARD_BYTES, false);
}

/* From the last to the first, so that the first is taken first. */
static enum leat_err make_slots(struct leat_tasks *tasks)
{
    const uint32_t count = tasks->config.tasks;

    for (uint32_t i = 0; tasks->config.guard && i < count; i++) {
        const char *const *name = &task_of_slot(tasks, i)->name;

        memcpy(guard_of_slot(tasks, i), &name, sizeof name);
        if (!tasks->config.guard(guard_of_slot(tasks, i), LEAT_TASK_GUARD_BYTES, true)) {
            unguard(tasks, i);
            return LEAT_ERR_DEVICE;
        }
    }
    for (uint32_t i = count; i-- > 0;) {
        struct leat_task *task = task_of_slot(tasks, i);

        task->flags = 0;
        task->name = "none";
        task->tasks = tasks;
        task->next_free = tasks->free;
        tasks->free = task;
    }
    return LEAT_OK;
}

enum leat_err leat_tasks_open(struct leat_tasks **tasks, struct leat *stack, void *memory,
                              size_t bytes, const struct leat_tasks_config *config)
{
    const struct leat_tasks_config full = with_defaults(config);
    struct leat_tasks *made;
    enum leat_err err;

    if (!is_possible(&full))
        return LEAT_ERR_ARGUMENT;
    if (bytes < leat_tasks_memory_bytes(config))
        return LEAT_ERR_MEMORY;
    made = lay_out(memory, stack, &full);
    err = make_slots(made);
    if (!err)
        *tasks = made;
    return err;
}

/* ---- begin and end ------------------------------------------------------------------------ */

void task_release(struct leat_task *task)
{
    struct leat_tasks *tasks = task->tasks;

    ring_remove(&task->sibling);
    valgrind_stack_end(task->valgrind_id);
    task->flags = 0;
    task->next_free = tasks->free;
    tasks->free = task;
    task_give_share(task);
    if (!ring_is_empty(&tasks->pending) || !ring_is_empty(&tasks->claims))
        task_serve_pending(tasks);
}

/* Children that are over, and that nobody has joined. */
static void task_release_children(struct leat_task *task)
{
    struct ring *next;

    for (struct ring *node = task->children.next; node != &task->children; node = next) {
        struct leat_task *child = container_of(node, struct leat_task, sibling);

        next = node->next;
        if (child->flags & TASK_OVER)
            task_release(child);
    }
}

static uint64_t clock_ns(const struct leat_tasks *tasks)
{
    return tasks->config.slow_ns > 0 ? tasks->config.clock_ns(tasks->config.arg) : 0;
}

/* The loop is to attend to @task, if its stack is in order. */
static void call_loop(const struct leat_task *task)
{
    if (*task->low == TASK_CANARY)
        *task->low = TASK_CALLS;
}

void task_watch_begin(struct leat_task *task)
{
    task->tasks->ran_ns = clock_ns(task->tasks);
}

void task_watch_end(struct leat_task *task)
{
    task->tasks->ran_ns = clock_ns(task->tasks) - task->tasks->ran_ns;
    call_loop(task);
}

/* Where a task begins, on its own stack; nobody returns from here. */
static void begin(struct context *self)
{
    struct leat_task *task = container_of(self, struct leat_task, context);
    struct leat_tasks *tasks = task->tasks;

    asan_arrive(&task->asan, &tasks->asan);
    if (task->flags & TASK_WATCHED)
        task_watch_begin(task);
    task->result = (uint8_t)task->run(task, task->arg);
    leat_assert(task->flows == 0); /* it closes what it has opened: the struct was on its stack */
    task->flags |= TASK_ENDING;
    task_release_children(task);
    task_wait_for_children(task);
    task->flags |= TASK_OVER;
    if (task->flags & TASK_WATCHED)
        task_watch_end(task);
    call_loop(task);
    asan_leave(NULL, &tasks->asan);
    context_switch(&task->context, &tasks->loop);
    __builtin_unreachable();
}

static void fill(struct leat_task *task)
{
    uint64_t *low = task->low;

    for (unsigned i = 0; i < TASK_CANARY_WORDS; i++)
        low[i] = TASK_CANARY;
    for (low += TASK_CANARY_WORDS; task->tasks->config.measure && low < (uint64_t *)(void *)task;
         low++)
        *low = TASK_PATTERN;
}

struct leat_task *task_new(struct leat_tasks *tasks, struct leat_task *parent, const char *name,
                           leat_task_fn *run, void *arg)
{
    struct leat_task *task = tasks->free;

    if (!task || tasks->closing)
        return NULL;
    tasks->free = task->next_free;
    memset(task, 0, sizeof *task);
    task->tasks = tasks;
    asan_begin(&task->asan, task_stack_low(task),
               (size_t)((uint8_t *)task - (uint8_t *)task_stack_low(task)));
    task->flags = TASK_ALIVE;
    if (tasks->config.slow_ns > 0 || tasks->config.interrupt)
        task->flags |= TASK_WATCHED;
    task->low = task_stack_low(task);
    task->valgrind_id = valgrind_stack_begin(task->low, task);
    task->name = name;
    task->run = run;
    task->arg = arg;
    task->timer.fire = task_timer;
    task->deadline_ns = LEAT_NEVER_NS;
    task->share = SHARES_NONE;
    task->parent = parent;
    ring_init(&task->children);
    ring_put(parent ? &parent->children : &tasks->roots, &task->sibling);
    if (parent && (parent->flags & TASK_CANCELLED))
        task->flags |= TASK_CANCELLED;
    fill(task);
    context_begin(&task->context, task, begin);
    tasks->counts.started++;
    return task;
}

/* Its stack has run for the last time.  Who has its handle releases it; a parent whose function has
 * returned has none any more. */
static void task_ended(struct leat_task *task)
{
    struct leat_task *parent = task->parent;
    const bool is_last = parent && (parent->flags & TASK_ENDING);

    service_timer_cancel(task->tasks->stack, &task->timer);
    task->tasks->counts.ended++;
    task_wake(task->joiner, LEAT_OK);
    if (is_last || !(task->flags & TASK_HAS_HANDLE))
        task_release(task);
    if (is_last)
        task_wake(parent, LEAT_OK);
}

/* It was watched: did it run for too long? */
static void judge(struct leat_tasks *tasks, const struct leat_task *task)
{
    if (tasks->ran_ns <= tasks->config.slow_ns)
        return;
    tasks->counts.slow++;
    if (tasks->config.on_slow)
        tasks->config.on_slow(task->name, tasks->ran_ns, tasks->config.arg);
}

/* Of a task that has come back: it has called, or its stack has overflowed, and what that has
 * overwritten nobody knows. */
static void __attribute__((noinline)) attend(struct leat_task *task)
{
    if (*task->low != TASK_CALLS)
        leat_task_overflowed(task->name);
    *task->low = TASK_CANARY;
    if (task->flags & TASK_WATCHED)
        judge(task->tasks, task);
    if (task->flags & TASK_OVER)
        task_ended(task);
}

__attribute__((weak)) void leat_task_overflowed(const char *name)
{
    (void)name;
    __builtin_trap();
}

/* From the loop's stack to the task's, and back: returns @task. */
static inline __attribute__((always_inline)) struct leat_task *enter(struct leat_task *task)
{
    struct leat_tasks *tasks = task->tasks;

    leat_debug_assert(!tasks->running && !(task->flags & TASK_OVER));
    tasks->running = task;
    asan_leave(&tasks->asan, &task->asan);
    tasks = container_of(context_switch(&tasks->loop, &task->context), struct leat_tasks, loop);
    asan_arrive(&tasks->asan, NULL);
    task = tasks->running;
    tasks->running = NULL;
    return task;
}

/* Keeps nothing over the switch. */
void task_resume(struct leat_task *task)
{
    task = enter(task);
    if (*task->low != TASK_CANARY)
        attend(task);
}

enum leat_err leat_task_start(struct leat_tasks *tasks, const char *name, leat_task_fn *run,
                              void *arg, struct leat_task **task)
{
    struct leat_task *made = task_new(tasks, tasks->running, name, run, arg);

    if (!made)
        return LEAT_ERR_MEMORY;
    task_take_share(made, NULL);
    if (task) {
        made->flags |= TASK_HAS_HANDLE;
        *task = made;
    }
    task_begin_wait(made, &made->nowhere);
    task_wake(made, LEAT_OK);
    return LEAT_OK;
}

/* ---- the end of all ----------------------------------------------------------------------- */

/* Runs what is ready; false: nothing was. */
static bool run_ready(struct leat_tasks *tasks)
{
    bool ran = false;

    for (uint32_t i = 0; i < tasks->config.tasks; i++) {
        struct leat_task *task = task_of_slot(tasks, i);

        if (!task->flags || !task->ready.prev)
            continue;
        stack_not_ready(&task->ready);
        task_resume(task);
        ran = true;
    }
    return ran;
}

void leat_tasks_close(struct leat_tasks *tasks)
{
    leat_assert(!tasks->running);
    tasks->closing = true;
    task_services_close(tasks);
    for (struct ring *node = tasks->roots.next; node != &tasks->roots; node = node->next)
        leat_task_cancel(container_of(node, struct leat_task, sibling));
    while (run_ready(tasks)) {
    }
    unguard(tasks, tasks->config.tasks);
}

/* ---- what the program asks ---------------------------------------------------------------- */

const struct leat_tasks_counts *leat_tasks_counts(const struct leat_tasks *tasks)
{
    return &tasks->counts;
}

struct leat *leat_tasks_stack(const struct leat_tasks *tasks)
{
    return tasks->stack;
}

struct leat_task *leat_task_running(const struct leat_tasks *tasks)
{
    return tasks->running;
}

struct leat_tasks *leat_task_tasks(const struct leat_task *task)
{
    return task->tasks;
}

const char *leat_task_name(const struct leat_task *task)
{
    return task->name;
}

size_t leat_task_stack_used(const struct leat_task *task)
{
    const uint64_t *at = task_stack_low(task) + TASK_CANARY_WORDS;

    if (!task->tasks->config.measure)
        return 0;
    while (at < (const uint64_t *)(const void *)task && *at == TASK_PATTERN)
        at++;
    return (size_t)((const uint8_t *)(task + 1) - (const uint8_t *)at);
}
