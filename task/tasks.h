/*
 * tasks.h -- the inside of tasks.
 *
 * A task lies at the upper end of its stack, so a small one costs one page in all:
 *
 *      slot    | guard page, if there is one | canary ... stack grows down ... | struct leat_task |
 *
 * A wait is a switch to the loop's stack; what ends it either goes on with the task at once (a
 * callback of a stream: the loop's stack is free then) or puts it into the ring of what is ready.
 * So tasks run in step 4 of a turn only, like every callback, and promise 3 holds for them.
 */
#ifndef TASK_TASKS_H
#define TASK_TASKS_H

#include <leat/task.h>
#include <leat/tcp.h>

#include "core/ring.h"
#include "core/shares.h"
#include "core/timer.h"
#include "service.h"
#include "task/sanitizer.h"
#include "task/switch.h"
#include "task/valgrind.h"

struct leat_service; /* leat/flow.h */

enum task_flag {
    TASK_ALIVE = 1 << 0,      /* not a free slot */
    TASK_CANCELLED = 1 << 1,  /* each wait ends at once */
    TASK_ENDING = 1 << 2,     /* its function has returned: it waits for its children */
    TASK_OVER = 1 << 3,       /* its stack will not run again */
    TASK_HAS_HANDLE = 1 << 4, /* somebody is going to join it */
    TASK_STEADY = 1 << 5,     /* the wait is for a child: a cancel reaches that, and ends it so */
    TASK_WATCHED = 1 << 6     /* the program wants to be asked of waits, or told of long runs */
};

struct leat_task {
    _Alignas(16) struct context context; /* the stack ends where this begins */
    struct asan_stack asan;
    struct leat_tasks *tasks;
    struct leat_task **place;  /* what names it until its wait ends; NULL: it waits for nothing */
    struct leat_task *nowhere; /* the place of a wait that nothing else names */
    uint64_t *low;             /* where the stack would overflow: the canary */
    uint64_t deadline_ns;      /* of a wait that has one, else LEAT_NEVER_NS; the timer may be set
                                  for an earlier time */
    struct ready ready;
    struct timer timer;
    leat_task_fn *run;
    void *arg;
    const char *name;
    struct leat_task *parent;
    struct leat_task *joiner; /* waits for it to end */
    union {
        struct ring children;
        struct leat_task *next_free;
    };
    struct ring sibling;  /* in parent->children, or in tasks->roots */
    uint64_t renewed_ns;  /* last progress of the peer that it serves, to a tenth of a second */
    uint32_t share;       /* its place in tasks->shares; SHARES_NONE: another has it */
    uint32_t flows;       /* that it has open */
    uint32_t valgrind_id; /* what valgrind calls its stack */
    uint8_t flags;        /* enum task_flag */
    uint8_t woken_by;     /* enum leat_err: how the wait ended; LEAT_OK until one ends otherwise */
    uint8_t result;       /* enum leat_err: what its function returned */
};

_Static_assert(sizeof(struct leat_task) <= 256, "what task.h says of a stack");

struct pending;

/* What waits for a task. */
struct pending_kind {
    leat_task_fn *run; /* that task; its argument is the struct pending, which it
                          gives back by pending_free() */
    void (*drop)(struct pending *pending);   /* there will be no task any more */
    void (*refuse)(struct pending *pending); /* others need its place */
};

/* A connection that has data, or a request, and no task yet. */
struct pending {
    struct ring ring; /* in tasks->claims if it has a share, or in tasks->pending; until its task is
                         made */
    const struct pending_kind *kind;
    uint64_t holder;
    uint32_t share;              /* in tasks->shares; SHARES_NONE: it waits for one */
    bool displaces;              /* also tasks of addresses that have as few */
    const char *name;            /* of its task */
    void *of;                    /* whose it is */
    void *end;                   /* the connection or the request; NULL: it is over */
    struct leat_http_flow *flow; /* NULL: a request has none yet (http.c) */
};

/* The holder of a share: a task, or a request that waits for one. */
struct task_share {
    struct leat_task *task;
    struct pending *pending;
};

struct leat_tasks {
    struct context loop; /* where leat_poll() runs */
    struct asan_stack asan;
    struct leat_task *running;
    struct leat *stack;
    struct leat_task *free;
    struct ring roots;          /* tasks without a parent */
    struct ring pending;        /* struct pending, without a share */
    struct ring claims;         /* the same, with one */
    struct pending *pendings;   /* config.waiting of them */
    struct shares queue_shares; /* of `pendings` */
    struct shares shares;       /* config.tasks places */
    struct task_share *of_share;
    struct leat_service *services;      /* list */
    struct leat_http_handler *handlers; /* the same */
    struct leat_tasks_config config;    /* with the defaults filled in */
    struct leat_tasks_counts counts;
    uint64_t ran_ns; /* of who is watched: when it began to run, then for how long it did */
    uint8_t *slots;
    size_t slot_bytes;                         /* guard and stack */
    void (*on_free)(struct leat_tasks *tasks); /* a slot has become free (pending.c) */
    bool closing;
};

/* What each stack has at its lower end. */
enum {
    TASK_CANARY_WORDS = 2
};

/* The first of them is looked at whenever a task has come back to the loop, and a task that has
 * more to tell than that it waits says so there: one look for both.  Each is a number of 32 bits
 * with its sign, which is compared in one instruction. */
#define TASK_CANARY UINT64_C(0xffffffffdeadca9a)
#define TASK_CALLS  UINT64_C(0xffffffffca11ca11)

#define TASK_PATTERN UINT64_C(0xa5a5a5a5a5a5a5a5)

static inline uint64_t *task_stack_low(const struct leat_task *task)
{
    return (uint64_t *)(void *)((uint8_t *)(uintptr_t)(task + 1) - task->tasks->config.stack_bytes);
}

/* The loop is to attend to @task, if its stack is in order. */
static inline void task_call_loop(const struct leat_task *task)
{
    if (*task->low == TASK_CANARY)
        *task->low = TASK_CALLS;
}

/* ---- task.c: begin and end ---------------------------------------------------------------- */

/* A slot with everything in it; NULL: there is none. */
struct leat_task *task_new(struct leat_tasks *tasks, struct leat_task *parent, const char *name,
                           leat_task_fn *run, void *arg);

/* Its slot is another's: it is over, and nobody has its handle. */
void task_release(struct leat_task *task);

/* Goes on with @task, from the loop's stack, until it waits or ends. */
void task_resume(struct leat_task *task);

/* ---- pending.c: what waits for a task, and whose makes room ------------------------------- */

/* A place in the queue for what came from @peer, whose name, `of` and end the caller sets; NULL: it
 * is full. */
struct pending *pending_new(struct leat_tasks *tasks, const struct pending_kind *kind,
                            struct leat_ip peer);

/* Its task begins now, or as soon as a stack is free; false: it waits for its turn. */
bool pending_begin(struct leat_tasks *tasks, struct pending *pending);

/* Its task has begun, or there will be none. */
void pending_free(struct leat_tasks *tasks, struct pending *pending);

/* What waits is over: it leaves the queue, or its task, which begins in a moment, finds no end. */
void pending_over(struct leat_tasks *tasks, struct pending *pending);

/* There will be no task for any of them. */
void pending_close(struct leat_tasks *tasks);

/* A slot is free: for a connection that waits for one, if there is any. */
void task_serve_pending(struct leat_tasks *tasks);

/* ---- share.c: the shares of tasks --------------------------------------------------------- */

/* The share @share is a task's, or of what waits for one. */
void share_note(struct leat_tasks *tasks, uint32_t share, struct leat_task *task,
                struct pending *pending);

/* Gives *@share back, unless another has taken it before: a task that ends may have none. */
void share_give(struct leat_tasks *tasks, uint32_t *share);

/* A new task has the share of @pending; NULL: one of the program's own. */
void task_take_share(struct leat_task *task, struct pending *pending);

/* The peer that @task, or its ancestor, serves has made progress: its share is the youngest. */
void task_renew(struct leat_task *task);

/* ---- watch.c: what runs for long ---------------------------------------------------------- */

/* Of a task that the program watches, on its own stack: it begins to run; it goes back to the loop.
 */
void task_watch_begin(struct leat_task *task);
void task_watch_end(struct leat_task *task);

/* It was watched, and has gone back to the loop: counts and tells it if it ran for too long. */
void task_watch_judge(const struct leat_task *task);

/* ---- wait.c ------------------------------------------------------------------------------- */

/* Names @task at @place until somebody wakes it: that is what it is to wait. */
static inline void task_begin_wait(struct leat_task *task, struct leat_task **place)
{
    leat_debug_assert(!task->place && !task->woken_by);
    *place = task;
    task->place = place;
}

/* Waits at @place, where nobody does, until task_wake() or the deadline; how that ended.  @task
 * runs. */
enum leat_err task_wait(struct leat_task *task, struct leat_task **place, uint64_t deadline_ns);

/* To the loop's stack, and back: returns @task. */
static inline __attribute__((always_inline)) struct leat_task *task_leave(struct leat_task *task)
{
    asan_leave(&task->asan, &task->tasks->asan);
    task =
        container_of(context_switch(&task->context, &task->tasks->loop), struct leat_task, context);
    asan_arrive(&task->asan, &task->tasks->asan);
    return task;
}

/* How the wait that is over has ended. */
static inline enum leat_err task_woken_by(struct leat_task *task)
{
    const enum leat_err why = (enum leat_err)task->woken_by;

    if (why)
        task->woken_by = LEAT_OK;
    return why;
}

/* The part of it for waits that have a deadline, or a task that is watched or cancelled. */
enum leat_err task_wait_asked(struct leat_task *task, struct leat_task **place,
                              uint64_t deadline_ns);

/* task_wait() where a request is waited for: what is usual, a wait without an end, calls nothing.
 */
static inline __attribute__((always_inline)) enum leat_err
task_wait_here(struct leat_task *task, struct leat_task **place, uint64_t deadline_ns)
{
    if (deadline_ns != LEAT_NEVER_NS || (task->flags & (TASK_CANCELLED | TASK_WATCHED)))
        return task_wait_asked(task, place, deadline_ns);
    task_begin_wait(task, place);
    return task_woken_by(task_leave(task));
}

/* Waits until all are over. */
void task_wait_for_children(struct leat_task *task);

/* Waits until @child, which @task has the handle of, is over; the errors of leat_task_join(). */
enum leat_err task_wait_for_end(struct leat_task *task, struct leat_task *child,
                                uint64_t deadline_ns);

/* Ends the wait of @task, if it is in one, with @why: it goes on in this or the next turn.  NULL is
 * nobody. */
void task_wake(struct leat_task *task, enum leat_err why);

/* task_wake() with LEAT_OK for who waits at @place, if somebody does, and it goes on now: for a
 * callback from leat_poll(), on the loop's stack. */
static inline void task_wake_now(struct leat_task **place)
{
    struct leat_task *task = *place;

    if (!task)
        return;
    *place = NULL;
    task->place = NULL;
    task_resume(task);
}

/* The task that runs, or NULL: then it may not wait. */
static inline struct leat_task *task_running(const struct leat_tasks *tasks)
{
    return tasks->running;
}

/* What stands against a call that may wait, before anything is done: of task_running(), that there
 * is none, or it was cancelled. */
static inline enum leat_err task_is_refused(const struct leat_task *running)
{
    if (!running)
        return LEAT_ERR_NO_TASK;
    return __builtin_expect(running->flags & TASK_CANCELLED, 0) ? LEAT_ERR_CANCELLED : LEAT_OK;
}

/* The same of any task: only the one that runs can wait. */
static inline enum leat_err task_may_wait(const struct leat_task *task)
{
    return task_is_refused(task && task->tasks->running == task ? task : NULL);
}

timer_fn task_timer;

/* ---- serve.c ------------------------------------------------------------------------------ */

/* Ends all services, and what waits for them. */
void task_services_close(struct leat_tasks *tasks);

#endif
