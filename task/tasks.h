/*
 * tasks.h -- internal declarations of tasks.
 *
 * A task is at the upper end of its stack, so a small one needs only one page:
 *
 *      slot    | guard page, if there is one | canary ... stack grows down ... | struct leat_task |
 *
 * A wait switches to the loop's stack. A callback of a stream runs on the loop's stack, so it can
 * continue the task at once; others put it into the ring of ready tasks. So tasks run only in step
 * 4 of a turn, like callbacks, and promise 3 holds for them.
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
    TASK_CANCELLED = 1 << 1,  /* each wait fails at once */
    TASK_ENDING = 1 << 2,     /* its function has returned, and it waits for its children */
    TASK_OVER = 1 << 3,       /* its stack will not run again */
    TASK_HAS_HANDLE = 1 << 4, /* another task may join it */
    TASK_STEADY = 1 << 5,     /* waits for a child, which a cancel reaches directly */
    TASK_WATCHED = 1 << 6     /* the program is asked before waits, or told of long runs */
};

struct leat_task {
    _Alignas(16) struct context context; /* the stack ends where this begins */
    struct asan_stack asan;
    struct leat_tasks *tasks;
    struct leat_task **place;  /* the pointer to it that its wait has set; NULL: it doesn't wait */
    struct leat_task *nowhere; /* for waits without another such pointer */
    uint64_t *low;             /* lowest word of the stack: the canary */
    uint64_t deadline_ns;      /* of the current wait, or LEAT_NEVER_NS; the timer may be set for an
                                  earlier time */
    struct ready ready;
    struct timer timer;
    leat_task_fn *run;
    void *arg;
    const char *name;
    struct leat_task *parent;
    struct leat_task *joiner; /* the task that waits for its end */
    union {
        struct ring children;
        struct leat_task *next_free;
    };
    struct ring sibling; /* in parent->children, or in tasks->roots */
    uint64_t renewed_ns; /* last progress of the peer that it serves, renewed at most every 0.1 s */
    uint32_t share;      /* in tasks->shares; SHARES_NONE: evicted */
    uint32_t flows;      /* number of open flows */
    uint32_t valgrind_id; /* valgrind's number of its stack */
    uint8_t flags;        /* enum task_flag */
    uint8_t woken_by;     /* enum leat_err: the result of its wait */
    uint8_t result;       /* enum leat_err: the result of its function */
};

_Static_assert(sizeof(struct leat_task) <= 256, "what task.h says of a stack");

struct pending;

/* Kinds of queue entries: connections and requests. */
struct pending_kind {
    leat_task_fn *run; /* the task's function; its argument is the struct pending, which it returns
                          by pending_free() */
    void (*drop)(struct pending *pending);   /* called if there will be no task any more */
    void (*refuse)(struct pending *pending); /* called if the entry is evicted */
};

/* A connection with data, or a request, without a task so far. */
struct pending {
    struct ring ring; /* in tasks->claims with a share, else in tasks->pending */
    const struct pending_kind *kind;
    uint64_t holder;
    uint32_t share;              /* in tasks->shares; SHARES_NONE: it waits for one */
    bool displaces;              /* may evict tasks of addresses that have as few */
    const char *name;            /* of its task */
    void *of;                    /* its service or handler */
    void *end;                   /* the connection or the request; NULL: it has ended */
    struct leat_http_flow *flow; /* a request's flow; NULL: none yet (http.c) */
};

/* The user of a share: a task, or a request that waits for one. */
struct task_share {
    struct leat_task *task;
    struct pending *pending;
};

struct leat_tasks {
    struct context loop; /* the stack of leat_poll() */
    struct asan_stack asan;
    struct leat_task *running;
    struct leat *stack;
    struct leat_task *free;
    struct ring roots;          /* tasks without a parent */
    struct ring pending;        /* struct pending without a share */
    struct ring claims;         /* struct pending with a share */
    struct pending *pendings;   /* config.waiting entries */
    struct shares queue_shares; /* shares in `pendings` */
    struct shares shares;       /* config.tasks places */
    struct task_share *of_share;
    struct leat_service *services;      /* list */
    struct leat_http_handler *handlers; /* list */
    struct leat_tasks_config config;    /* with the defaults filled in */
    struct leat_tasks_counts counts;
    uint64_t ran_ns; /* of a watched task: start of its run, then its duration */
    uint8_t *slots;
    size_t slot_bytes;                         /* guard and stack */
    void (*on_free)(struct leat_tasks *tasks); /* called when a slot is free (pending.c) */
    bool closing;
};

/* At the lower end of each stack. */
enum {
    TASK_CANARY_WORDS = 2
};

/* The first word is checked whenever a task returns to the loop. A task that returns for another
 * reason than a wait writes TASK_CALLS there, so that one comparison covers both cases. Each value
 * is a sign-extended number of 32 bits, which can be an immediate operand of a comparison. */
#define TASK_CANARY UINT64_C(0xffffffffdeadca9a)
#define TASK_CALLS  UINT64_C(0xffffffffca11ca11)

#define TASK_PATTERN UINT64_C(0xa5a5a5a5a5a5a5a5)

static inline uint64_t *task_stack_low(const struct leat_task *task)
{
    return (uint64_t *)(void *)((uint8_t *)(uintptr_t)(task + 1) - task->tasks->config.stack_bytes);
}

/* Marks that the loop must attend to @task, unless its stack has overflowed. */
static inline void task_call_loop(const struct leat_task *task)
{
    if (*task->low == TASK_CANARY)
        *task->low = TASK_CALLS;
}

/* ---- task.c: begin and end ---------------------------------------------------------------- */

/* Takes a slot and fills it in. NULL: all are taken. */
struct leat_task *task_new(struct leat_tasks *tasks, struct leat_task *parent, const char *name,
                           leat_task_fn *run, void *arg);

/* Frees the slot of a task that is over and has no handle. */
void task_release(struct leat_task *task);

/* Runs @task from the loop's stack until it waits or ends. */
void task_resume(struct leat_task *task);

/* ---- pending.c: the queue for tasks, and evictions ------------------------------------------- */

/* Takes a place in the queue for @peer. The caller sets name, `of` and end. NULL: the queue is
 * full. */
struct pending *pending_new(struct leat_tasks *tasks, const struct pending_kind *kind,
                            struct leat_ip peer);

/* Starts its task now, or as soon as a stack is free. False: it waits for a share. */
bool pending_begin(struct leat_tasks *tasks, struct pending *pending);

/* Frees an entry whose task has begun, or that will get none. */
void pending_free(struct leat_tasks *tasks, struct pending *pending);

/* The connection or request has ended. The entry leaves the queue; a task that is about to begin
 * finds no end. */
void pending_over(struct leat_tasks *tasks, struct pending *pending);

/* Drops all entries. */
void pending_close(struct leat_tasks *tasks);

/* Uses a free slot for a waiting entry, if there is one. */
void task_serve_pending(struct leat_tasks *tasks);

/* ---- share.c: the shares of tasks --------------------------------------------------------- */

/* Records the user of @share: a task, or a request that waits for one. */
void share_note(struct leat_tasks *tasks, uint32_t share, struct leat_task *task,
                struct pending *pending);

/* Frees *@share, unless the task has lost it before. */
void share_give(struct leat_tasks *tasks, uint32_t *share);

/* Gives the share of @pending to a new task. NULL: a task of the program. */
void task_take_share(struct leat_task *task, struct pending *pending);

/* The peer that @task or its ancestor serves has made progress: makes its share the youngest. */
void task_renew(struct leat_task *task);

/* ---- watch.c: tasks that run for too long ---------------------------------------------------- */

/* Called on the stack of a watched task: when it begins to run, and before it returns to the
 * loop. */
void task_watch_begin(struct leat_task *task);
void task_watch_end(struct leat_task *task);

/* After a watched task has returned to the loop: counts and reports it if it ran for too long. */
void task_watch_judge(const struct leat_task *task);

/* ---- wait.c ------------------------------------------------------------------------------- */

/* Stores @task in @place, where task_wake_now() finds it. This begins its wait. */
static inline void task_begin_wait(struct leat_task *task, struct leat_task **place)
{
    leat_debug_assert(!task->place && !task->woken_by);
    *place = task;
    task->place = place;
}

/* Lets @task, which runs, wait at the unused @place until task_wake() or the deadline. Returns the
 * result. */
enum leat_err task_wait(struct leat_task *task, struct leat_task **place, uint64_t deadline_ns);

/* Switches to the loop's stack, and back. Returns @task. */
static inline __attribute__((always_inline)) struct leat_task *task_leave(struct leat_task *task)
{
    asan_leave(&task->asan, &task->tasks->asan);
    task =
        container_of(context_switch(&task->context, &task->tasks->loop), struct leat_task, context);
    asan_arrive(&task->asan, &task->tasks->asan);
    return task;
}

/* Takes the result of a wait that is over. */
static inline enum leat_err task_woken_by(struct leat_task *task)
{
    const enum leat_err why = (enum leat_err)task->woken_by;

    if (why)
        task->woken_by = LEAT_OK;
    return why;
}

/* The slow path of task_wait_here(), for a deadline, or a task that is watched or cancelled. */
enum leat_err task_wait_asked(struct leat_task *task, struct leat_task **place,
                              uint64_t deadline_ns);

/* task_wait() for a common place to wait: without a deadline it is inlined and calls nothing. */
static inline __attribute__((always_inline)) enum leat_err
task_wait_here(struct leat_task *task, struct leat_task **place, uint64_t deadline_ns)
{
    if (deadline_ns != LEAT_NEVER_NS || (task->flags & (TASK_CANCELLED | TASK_WATCHED)))
        return task_wait_asked(task, place, deadline_ns);
    task_begin_wait(task, place);
    return task_woken_by(task_leave(task));
}

/* Waits until all children are over. */
void task_wait_for_children(struct leat_task *task);

/* Waits until @child, whose handle @task has, is over. Returns the errors of leat_task_join(). */
enum leat_err task_wait_for_end(struct leat_task *task, struct leat_task *child,
                                uint64_t deadline_ns);

/* Ends the wait of @task, if there is one, with @why. It runs in this or the next turn. @task may
 * be NULL. */
void task_wake(struct leat_task *task, enum leat_err why);

/* task_wake() with LEAT_OK for the task at @place, if there is one; runs it now. Only for callbacks
 * from leat_poll(), on the loop's stack. */
static inline void task_wake_now(struct leat_task **place)
{
    struct leat_task *task = *place;

    if (!task)
        return;
    *place = NULL;
    task->place = NULL;
    task_resume(task);
}

/* The running task. NULL: no task runs, so nothing can wait. */
static inline struct leat_task *task_running(const struct leat_tasks *tasks)
{
    return tasks->running;
}

/* The reason why a call that may wait must fail before it does anything: no task runs, or the task
 * was cancelled. */
static inline enum leat_err task_is_refused(const struct leat_task *running)
{
    if (!running)
        return LEAT_ERR_NO_TASK;
    return __builtin_expect(running->flags & TASK_CANCELLED, 0) ? LEAT_ERR_CANCELLED : LEAT_OK;
}

/* task_is_refused() for any task: only the running one can wait. */
static inline enum leat_err task_may_wait(const struct leat_task *task)
{
    return task_is_refused(task && task->tasks->running == task ? task : NULL);
}

timer_fn task_timer;

/* ---- serve.c ------------------------------------------------------------------------------ */

/* Closes all services, and connections that wait for their tasks. */
void task_services_close(struct leat_tasks *tasks);

#endif
