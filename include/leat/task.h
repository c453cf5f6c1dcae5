/*
 * task.h -- programs in a straight line: functions that wait, each on a stack of its own.
 *
 * Tasks are coroutines over one stack's loop: no threads, no preemption.  A task runs when
 * leat_poll() calls the program back, until it waits or ends; so between two waits it is alone, and
 * the same configuration, seed and inputs give the same run.
 *
 * Each call that waits has a deadline, in ns of leat_now_ns()'s clock (LEAT_NEVER_NS: none;
 * leat_task_in() for "from now"), and one of these outcomes beside its own:
 *
 *      LEAT_ERR_TIMEOUT    the deadline has come
 *      LEAT_ERR_CANCELLED  leat_task_cancel(): from now on each wait of this task says so at once
 *      LEAT_ERR_NO_TASK    nothing waits here: this was called outside of a task
 *
 * So a task ends by returning, whatever happens to it.  A task that is started by a task is its
 * child: it is cancelled with it, and ends before it does.
 *
 * Streams, datagrams and names for tasks are in flow.h.
 */
#ifndef LEAT_TASK_H
#define LEAT_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/err.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_tasks;
struct leat_task;

/** What a task does.  What it returns is for leat_task_join(). */
typedef enum leat_err leat_task_fn(struct leat_task *task, void *arg);

enum {
    LEAT_TASK_STACK_BYTES_MIN = 4096, /**< no stack is smaller; leat's own calls take about half */
    LEAT_TASK_GUARD_BYTES = 4096      /**< in front of each stack, with leat_tasks_config.guard */
};

/** The tasks of a stack.  Every 0 means the default named beside it. */
struct leat_tasks_config {
    /** At a time: 64.  Those of servers are counted by the address that they serve, of IPv6 by its
     * /64: a connection, or a request, of an address with fewer tasks by two cancels the one of the
     * address with most that has gone on least lately (leat_tcp_listen_config.displace says more).
     */
    uint32_t tasks;
    uint32_t reserve; /**< of the last so many of them an address takes no more than it leaves, for
                           servers whose tasks start others: 0 */
    uint32_t stack_bytes; /**< of each, the task itself included (256 at most): 16,384; a multiple
                               of 16 */
    uint32_t waiting; /**< connections that have text, but no task yet, at a time: as many as tasks;
                           one more makes the one of the address with most go that has waited
                           longest, or is aborted itself */
    bool measure;     /**< fill stacks with a pattern first, for leat_task_stack_used() */
    /**
     * Makes @p bytes at @p page, both multiples of LEAT_TASK_GUARD_BYTES, trap when written
     * to (@p guarded), or memory like any other again; false if it can't.  At @p page lies a
     * `const char *const *`: whoever finds a trap there finds the name of the task so, and says it.
     * NULL: no guards, and a stack that overflows is found by a canary, when its task waits next:
     * leat_task_overflowed().  leat_posix_guard() and leat_metal_guard() are such.
     */
    bool (*guard)(void *page, size_t bytes, bool guarded);
    uint64_t slow_ns; /**< a task that ran for longer without a wait is told to on_slow: 0 means
                           nobody looks */
    uint64_t (*clock_ns)(void *arg); /**< for that: a clock that goes on during a poll */
    /** Told of a task that ran for @p ns without a wait: everybody else had to.  May be NULL: then
     * it is counted only. */
    void (*on_slow)(const char *name, uint64_t ns, void *arg);
    /** Asked before each wait; true cancels the task there: for tests, which so see what a program
     * does when each of its waits fails.  May be NULL. */
    bool (*interrupt)(const struct leat_task *task, void *arg);
    void *arg; /**< for the three callbacks */
};

/** What tasks have done. */
struct leat_tasks_counts {
    uint64_t started;   /**< tasks that were */
    uint64_t ended;     /**< of these */
    uint64_t cancelled; /**< waits that ended so */
    uint64_t timeouts;  /**< the same by their deadline */
    uint64_t refused;   /**< connections aborted: no task, and no room to wait for one */
    uint64_t displaced; /**< tasks of servers cancelled: another address needed one */
    uint64_t slow;      /**< times that a task ran for longer than slow_ns */
};

/** Bytes that leat_tasks_open() needs. */
size_t leat_tasks_memory_bytes(const struct leat_tasks_config *config);

/**
 * Makes room for tasks on @p stack.  @p memory (any alignment) of @p bytes belongs to them until
 * leat_tasks_close().  Errors: LEAT_ERR_MEMORY; LEAT_ERR_ARGUMENT (a stack too small or no multiple
 * of 16, slow_ns without a clock); LEAT_ERR_DEVICE (guard() failed).
 */
enum leat_err leat_tasks_open(struct leat_tasks **tasks, struct leat *stack, void *memory,
                              size_t bytes, const struct leat_tasks_config *config);

/**
 * Cancels all tasks and runs them to their ends, stops all services; the memory is the program's
 * again.  Not from inside of a task, and before leat_close().
 */
void leat_tasks_close(struct leat_tasks *tasks);

/** The counters; live, valid until leat_tasks_close(). */
const struct leat_tasks_counts *leat_tasks_counts(const struct leat_tasks *tasks);

/** The stack they run on. */
struct leat *leat_tasks_stack(const struct leat_tasks *tasks);

/** The task that runs now, or NULL. */
struct leat_task *leat_task_running(const struct leat_tasks *tasks);

/**
 * Starts a task: @p run(task, @p arg) begins in this or the next turn.  Inside of a task it is a
 * child of that one.  @p name is for people, and must live as long.  With @p task, the caller must
 * leat_task_join() it; NULL: nobody waits for it by name.
 * Errors: LEAT_ERR_MEMORY (no stack is free).
 */
enum leat_err leat_task_start(struct leat_tasks *tasks, const char *name, leat_task_fn *run,
                              void *arg, struct leat_task **task);

/**
 * Waits until @p child, started by this task with a handle, has ended; @p result (may be NULL) is
 * what it returned.  LEAT_OK: the handle is dead.  LEAT_ERR_TIMEOUT: it isn't.  This wait alone
 * isn't ended by a cancel: the child was cancelled, too, and what it has of ours, a flow, it must
 * be done with before we go on.
 */
enum leat_err leat_task_join(struct leat_task *task, struct leat_task *child, enum leat_err *result,
                             uint64_t deadline_ns);

/** Cancels a task and its children: the wait that each is in, and all that follow, say
 * LEAT_ERR_CANCELLED.  From anywhere, also of oneself. */
void leat_task_cancel(struct leat_task *task);

/** True once it was cancelled. */
bool leat_task_is_cancelled(const struct leat_task *task);

/** Waits until @p at_ns: LEAT_OK then. */
enum leat_err leat_task_sleep(struct leat_task *task, uint64_t at_ns);

/** Lets everybody else run: goes on in the next turn. */
enum leat_err leat_task_yield(struct leat_task *task);

/** @p ns from now, for a deadline. */
uint64_t leat_task_in(const struct leat_task *task, uint64_t ns);

/** Whose task it is. */
struct leat_tasks *leat_task_tasks(const struct leat_task *task);

/** As it was started. */
const char *leat_task_name(const struct leat_task *task);

/** Bytes of its stack that were ever used, with leat_tasks_config.measure; else 0.  Not for a loop:
 * it looks at each word. */
size_t leat_task_stack_used(const struct leat_task *task);

/**
 * Called when the canary of a task's stack is dead: it has overflowed, and what lies below it, the
 * next task's stack, is damaged.  It must not return, nor call the stack.  leat's own traps; that
 * of leat-posix names the task first, on the standard error, and so do the examples everywhere.  A
 * program that defines one, with this name, can say more.
 */
__attribute__((noreturn)) void leat_task_overflowed(const char *name);

/** A queue of pointers between tasks, with a bounded number of places. */
struct leat_channel {
    struct leat_tasks *tasks; /**< private, as the rest: whose */
    void **items;             /**< a ring */
    uint32_t count_max;       /**< places in it */
    uint32_t count;           /**< items in it */
    uint32_t first;           /**< the place of the first */
    bool closed;              /**< nothing is sent any more */
    void *senders[2];         /**< ring of those that wait for a place */
    void *receivers[2];       /**< ring of those that wait for an item */
};

/** Makes a channel of @p items, an array of @p count_max (1 at least), which both must outlive. */
void leat_channel_open(struct leat_channel *channel, struct leat_tasks *tasks, void **items,
                       uint32_t count_max);

/** Puts @p item at the end, when there is a place.  LEAT_ERR_CLOSED: leat_channel_close(). */
enum leat_err leat_channel_send(struct leat_channel *channel, void *item, uint64_t deadline_ns);

/** The same without waiting, from anywhere.  LEAT_ERR_FULL: there is no place. */
enum leat_err leat_channel_offer(struct leat_channel *channel, void *item);

/** Takes the first item, when there is one.  LEAT_ERR_END: it is closed, and empty. */
enum leat_err leat_channel_receive(struct leat_channel *channel, void **item, uint64_t deadline_ns);

/** Takes the first item without waiting, from anywhere; false: there is none. */
bool leat_channel_take(struct leat_channel *channel, void **item);

/** Nothing is sent any more; what is in it can still be received.  Who waits is told. */
void leat_channel_close(struct leat_channel *channel);

#ifdef __cplusplus
}
#endif
#endif
