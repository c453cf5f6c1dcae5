/*
 * task.h -- straight-line programs: functions that wait, each on a stack of its own.
 *
 * Tasks are coroutines in the loop of one TCP/IP stack: no threads, no preemption.  leat_poll()
 * runs a task when it calls the program back, until the task waits or ends.  So between two waits
 * no other task runs, and the same configuration, seed and inputs give the same run.
 *
 * Each call that waits has a deadline, in ns of leat_now_ns()'s clock (LEAT_NEVER_NS: none;
 * leat_task_in(): from now on), and one of these outcomes beside its own:
 *
 *      LEAT_ERR_TIMEOUT    the deadline has come
 *      LEAT_ERR_CANCELLED  leat_task_cancel(): from now on each wait of this task returns this at
 * once LEAT_ERR_NO_TASK    the call was made outside of a task
 *
 * So a task always ends by returning.  A task that is started by a task is its child: it is
 * cancelled with its parent, and ends before it.
 *
 * Streams, datagrams and names for tasks are in flow.h.
 */
#ifndef LEAT_TASK_H
#define LEAT_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/err.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_tasks;
struct leat_task;

/** The function of a task.  Its result is for leat_task_join(). */
typedef enum leat_err leat_task_fn(struct leat_task *task, void *arg);

enum {
    LEAT_TASK_STACK_BYTES_MIN = 4096, /**< smallest stack, for tasks that resolve no names */
    LEAT_TASK_GUARD_BYTES = 4096      /**< in front of each stack, with leat_tasks_config.guard */
};

/** Options and limits of the tasks of a stack.  Every 0 means the default named beside it. */
struct leat_tasks_config {
    /** Tasks at a time: 64.  Tasks of servers are counted by the address that they serve; an IPv6
     * address counts as its /64.  While all tasks are taken, a new connection or request may cancel
     * a task of the address that has the most: the one whose last progress is longest ago.  The
     * newcomer's address must have at least two tasks fewer.  See also
     * leat_tcp_listen_config.displace.
     */
    uint32_t tasks;
    uint32_t reserve; /**< while no more than so many are free, an address may hold at most as many
                           as it leaves free, for servers whose tasks start others: 0 */
    uint32_t stack_bytes; /**< of each, the struct of the task included (256 at most): 16,384; a
                               multiple of 16 */
    uint32_t waiting; /**< connections that have data, but no task yet, at a time: as many as tasks.
                           One more aborts one of the address with the most, the one that has
                           waited longest, or is aborted itself */
    bool measure;     /**< fill stacks with a pattern first, for leat_task_stack_used() */
    /**
     * Makes @p bytes at @p page, both multiples of LEAT_TASK_GUARD_BYTES, trap on writes
     * (@p guarded), or makes them ordinary memory again.  False: it can't.  A `const char *const *`
     * at @p page leads to the name of the task, for the message of the trap handler.  NULL: no
     * guards; then a canary shows an overflow when the task waits next, see leat_task_overflowed().
     * leat_posix_guard() and leat_metal_guard() are such functions.
     */
    bool (*guard)(void *page, size_t bytes, bool guarded);
    uint64_t slow_ns; /**< a task that ran for longer without a wait is reported to on_slow; 0: none
                           is */
    uint64_t (*clock_ns)(void *arg); /**< for slow_ns: a clock that runs during a poll */
    /** A task ran for @p ns without a wait, and so delayed all others.  May be NULL: then it is
     * only counted. */
    void (*on_slow)(const char *name, uint64_t ns, void *arg);
    /** Called before each wait; true cancels the task there.  With it tests can make each wait of a
     * program fail.  May be NULL. */
    bool (*interrupt)(const struct leat_task *task, void *arg);
    void *arg;                        /**< for the three callbacks */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Counters of tasks. */
struct leat_tasks_counts {
    uint64_t started;   /**< tasks started */
    uint64_t ended;     /**< tasks ended */
    uint64_t cancelled; /**< waits ended by a cancel */
    uint64_t timeouts;  /**< waits ended by their deadline */
    uint64_t refused;   /**< connections aborted: no task, and no room to wait for one */
    uint64_t displaced; /**< tasks of servers cancelled because another address needed one */
    uint64_t slow;      /**< times that a task ran for longer than slow_ns */
};

/** Bytes that leat_tasks_open() needs. */
size_t leat_tasks_memory_bytes(const struct leat_tasks_config *config);

/**
 * Prepares tasks on @p stack.  @p memory (any alignment) of @p bytes belongs to them until
 * leat_tasks_close().  Errors: LEAT_ERR_MEMORY; LEAT_ERR_ARGUMENT (a stack too small or no multiple
 * of 16, slow_ns without a clock); LEAT_ERR_DEVICE (guard() failed).
 */
enum leat_err leat_tasks_open(struct leat_tasks **tasks, struct leat *stack, void *memory,
                              size_t bytes, const struct leat_tasks_config *config);

/**
 * Stops all services, resets their connections that wait for a task or for data, cancels all tasks
 * and runs them to their ends.  The memory is the program's
 * again.  Call it before leat_close(), and not from inside of a task.
 */
void leat_tasks_close(struct leat_tasks *tasks);

/** The counters; live, valid until leat_tasks_close(). */
const struct leat_tasks_counts *leat_tasks_counts(const struct leat_tasks *tasks);

/** The TCP/IP stack of the tasks. */
struct leat *leat_tasks_stack(const struct leat_tasks *tasks);

/** The task that runs now, or NULL. */
struct leat_task *leat_task_running(const struct leat_tasks *tasks);

/**
 * Starts a task: @p run(task, @p arg) begins in this or the next turn.  Inside of a task it is a
 * child of that one.  @p name is for messages, and must live as long as the task.  With @p task,
 * the caller must leat_task_join() it; NULL: the task isn't joined. Errors: LEAT_ERR_MEMORY (no
 * stack is free).
 */
enum leat_err leat_task_start(struct leat_tasks *tasks, const char *name, leat_task_fn *run,
                              void *arg, struct leat_task **task);

/**
 * Waits until @p child, which this task started with a handle, has ended; @p result (may be NULL)
 * is its return value.  LEAT_OK: the handle is invalid now.  LEAT_ERR_TIMEOUT: it is still valid.
 * A cancel doesn't end this wait, unlike any other: the child was cancelled, too, and must be done
 * with our objects, such as a flow, before we continue.
 */
enum leat_err leat_task_join(struct leat_task *task, struct leat_task *child, enum leat_err *result,
                             uint64_t deadline_ns);

/** Cancels a task and its children: their current and all further waits return LEAT_ERR_CANCELLED.
 * May be called from anywhere, also for the running task. */
void leat_task_cancel(struct leat_task *task);

/** True once it was cancelled. */
bool leat_task_is_cancelled(const struct leat_task *task);

/** Waits until @p at_ns, and returns LEAT_OK then. */
enum leat_err leat_task_sleep(struct leat_task *task, uint64_t at_ns);

/** Lets all other tasks run: continues in the next turn. */
enum leat_err leat_task_yield(struct leat_task *task);

/** @p ns from now, for a deadline. */
uint64_t leat_task_in(const struct leat_task *task, uint64_t ns);

/** The tasks that it belongs to. */
struct leat_tasks *leat_task_tasks(const struct leat_task *task);

/** The name given to leat_task_start(). */
const char *leat_task_name(const struct leat_task *task);

/** Bytes of its stack that were ever used, with leat_tasks_config.measure; else 0.  Slow: it reads
 * the whole stack. */
size_t leat_task_stack_used(const struct leat_task *task);

/**
 * Called when the canary of a task's stack is dead: the stack has overflowed and damaged the one
 * below it, which is the next task's.  It must not return, nor call the TCP/IP stack.  The
 * default traps; the one in leat-posix first writes the task's name to the standard error, as those
 * of the examples do.  A program may define this function to say more.
 */
__attribute__((noreturn)) void leat_task_overflowed(const char *name);

/** A queue of pointers between tasks, with a bounded number of places. */
struct leat_channel {
    struct leat_tasks *tasks; /**< the tasks that use it; private, as the rest */
    void **items;             /**< a ring */
    uint32_t count_max;       /**< places in it */
    uint32_t count;           /**< items in it */
    uint32_t first;           /**< the place of the first */
    bool closed;              /**< no more is sent */
    void *senders[2];         /**< ring of tasks that wait for a place */
    void *receivers[2];       /**< ring of tasks that wait for an item */
};

/** Makes a channel of @p items, an array of @p count_max (1 at least).  Both must outlive it. */
void leat_channel_open(struct leat_channel *channel, struct leat_tasks *tasks, void **items,
                       uint32_t count_max);

/** Waits for a place, and appends @p item.  LEAT_ERR_CLOSED: leat_channel_close() was called. */
enum leat_err leat_channel_send(struct leat_channel *channel, void *item, uint64_t deadline_ns);

/** Appends @p item without waiting; may be called from anywhere.  LEAT_ERR_FULL: there is no place.
 */
enum leat_err leat_channel_offer(struct leat_channel *channel, void *item);

/** Waits for an item, and takes the first.  LEAT_ERR_END: the channel is closed and empty. */
enum leat_err leat_channel_receive(struct leat_channel *channel, void **item, uint64_t deadline_ns);

/** Takes the first item without waiting, from anywhere.  False: there is none. */
bool leat_channel_take(struct leat_channel *channel, void **item);

/** Ends sending; items in the channel can still be received.  Tasks that wait are woken. */
void leat_channel_close(struct leat_channel *channel);

#ifdef __cplusplus
}
#endif
#endif
