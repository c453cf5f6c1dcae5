/*
 * tasks.c -- all tasks of a stack: memory, open and close.
 *
 * All memory is one block that the program gives: struct leat_tasks, the queue of waiting
 * connections, the accounts by address, and then the slots. leat_tasks_open() lays it out; nothing
 * is allocated afterwards.
 */
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

/* Alignment of the slots: a page, if stacks are multiples of pages. */
static size_t slots_align(const struct leat_tasks_config *config)
{
    return config->guard || config->stack_bytes % LEAT_TASK_GUARD_BYTES == 0 ? LEAT_TASK_GUARD_BYTES
                                                                             : ALIGN;
}

/* With guards, a slot is a page for the guard and whole pages for the stack, so that the next guard
 * is at the beginning of a page, too. */
static size_t slot_bytes(const struct leat_tasks_config *config)
{
    if (!config->guard)
        return config->stack_bytes;
    return LEAT_TASK_GUARD_BYTES + align_up(config->stack_bytes, LEAT_TASK_GUARD_BYTES);
}

/* The same parts as in lay_out(), in the same order. The two alignments are counted in full,
 * because the address of the memory isn't known yet. */
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
    /* Multiples of 16 keep the upper end of each stack, and so the struct of the task, at the
     * alignment that the ABIs want. POSIX keeps two of its contexts on the stack itself. */
    return !LEAT_RESERVED_IS_USED(full) &&
           full->stack_bytes >= LEAT_TASK_STACK_BYTES_MIN + CONTEXT_STACK_BYTES &&
           full->stack_bytes % STACK_ALIGN == 0 && (full->slow_ns == 0 || full->clock_ns);
}

/* A task is at the upper end of its slot. */
static struct leat_task *task_of_slot(const struct leat_tasks *tasks, uint32_t i)
{
    return (struct leat_task *)(void *)(tasks->slots + (i + 1) * tasks->slot_bytes) - 1;
}

static void *guard_of_slot(const struct leat_tasks *tasks, uint32_t i)
{
    return tasks->slots + i * tasks->slot_bytes;
}

/* Takes @bytes of the block at @at, zeroed. */
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
    tasks->on_free = task_serve_pending;
    tasks->pendings = part(&at, full->waiting * sizeof *tasks->pendings);
    tasks->of_share = part(&at, full->tasks * sizeof *tasks->of_share);
    shares_init(&tasks->shares, part(&at, shares_bytes(full->tasks)), full->tasks, full->reserve,
                key);
    /* The queue has no reserve: its entries start nothing else. */
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

/* Removes the guards of the first @count slots. */
static void unguard(const struct leat_tasks *tasks, uint32_t count)
{
    for (uint32_t i = 0; tasks->config.guard && i < count; i++)
        tasks->config.guard(guard_of_slot(tasks, i), LEAT_TASK_GUARD_BYTES, false);
}

/* Makes free slots from the last to the first, so that the first is used first. */
static enum leat_err make_slots(struct leat_tasks *tasks)
{
    const uint32_t count = tasks->config.tasks;

    for (uint32_t i = 0; tasks->config.guard && i < count; i++) {
        /* The trap handler knows only the address of the guard. So the guard's first word leads to
         * the name, and is written before the page becomes read-only. */
        const char *const *name = &task_of_slot(tasks, i)->name;

        memcpy(guard_of_slot(tasks, i), &name, sizeof name);
        /* Guards that were made are removed, as the memory is the program's again. */
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

/* ---- close ----------------------------------------------------------------------------------- */

/* Runs the tasks that are ready. False: there were none. */
static bool run_ready(struct leat_tasks *tasks)
{
    bool ran = false;

    for (uint32_t i = 0; i < tasks->config.tasks; i++) {
        struct leat_task *task = task_of_slot(tasks, i);

        /* A free slot, or a task that waits and isn't woken. */
        if (!task->flags || !task->ready.prev)
            continue;
        /* The loop's own turn must not run it a second time. */
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
    /* Services first, so that the end of a task finds nothing in the queue to begin. */
    task_services_close(tasks);
    for (struct ring *node = tasks->roots.next; node != &tasks->roots; node = node->next)
        leat_task_cancel(container_of(node, struct leat_task, sibling));
    /* Each round lets every woken task run up to its end, or to a wait for its children, which
     * later rounds end. So this loop ends when no task is left. */
    while (run_ready(tasks)) {
    }
    unguard(tasks, tasks->config.tasks);
}

/* ---- queries --------------------------------------------------------------------------------- */

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
