/*
 * posix.h -- leat_host on a POSIX machine: CLOCK_MONOTONIC, ppoll, getrandom, stdout.
 *
 * In the library leat-posix, with the backends that need an operating system.
 */
#ifndef LEAT_POSIX_H
#define LEAT_POSIX_H

#include <stdbool.h>
#include <stddef.h>

#include <leat/err.h>
#include <leat/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/** File descriptors that one host watches. */
#define LEAT_POSIX_WATCHED_MAX 16

/** Bytes of a line that explains a failure and its remedy, the final NUL included. */
#define LEAT_WHY_BYTES 256

struct leat_posix;

/**
 * Makes a host.  From here until leat_posix_close() SIGINT and SIGTERM end the loop instead of the
 * process: wait() then returns false, once for each signal.  (They are blocked and read from a
 * descriptor.  So neither a handler nor a global is needed, and a busy loop notices them, too.)
 *
 * Errors: LEAT_ERR_MEMORY, LEAT_ERR_DEVICE (no descriptor left).
 */
enum leat_err leat_posix_open(struct leat_posix **posix);

/**
 * From here until leat_posix_close() SIGHUP calls @p on_hangup, from wait(): usually to read files
 * again.  It may call any function of the stack.  Errors: LEAT_ERR_DEVICE (the kernel refused).
 */
enum leat_err leat_posix_on_hangup(struct leat_posix *posix, void (*on_hangup)(void *arg),
                                   void *arg);

/** The host to give to leat_run(); valid until leat_posix_close(). */
struct leat_host *leat_posix_host(struct leat_posix *posix);

/**
 * Makes wait() return when @p fd can be read.  @p wanted false pauses that, so that a backend
 * without buffers for its input does not spin; its next_look_ns() then returns a time.
 * Errors: LEAT_ERR_FULL (LEAT_POSIX_WATCHED_MAX), LEAT_ERR_ARGUMENT (negative @p fd).
 */
enum leat_err leat_posix_watch(struct leat_posix *posix, int fd, bool wanted);

/**
 * Also makes wait() return when @p fd, which is watched, can be written; @p wanted false ends that.
 * For a backend whose device is full.  Does nothing for a descriptor that isn't watched.
 */
void leat_posix_watch_output(struct leat_posix *posix, int fd, bool wanted);

/** Stops watching @p fd; call it before the descriptor is closed. */
void leat_posix_unwatch(struct leat_posix *posix, int fd);

/**
 * For leat_tasks_config.guard: makes the @p bytes at @p page read-only (@p guarded), or writable
 * again.  Each guard splits a mapping of the kernel, of which a process has 65,530 (Linux,
 * vm.max_map_count); so there can be up to 32,000 tasks.  False: the kernel refused.
 * The first guard installs a handler of SIGSEGV.  It writes to the standard error whose stack has
 * overflowed, and then does what SIGSEGV did before.  The thread gets a signal stack for that, if
 * it has none.
 */
bool leat_posix_guard(void *page, size_t bytes, bool guarded);

/**
 * A page-aligned block of @p bytes for leat_init(); the program releases it by free().  On Linux a
 * block of 16 MiB or more uses huge pages (2 MiB), if there are any: with very many connections,
 * address translation costs a part of each request's time.  NULL: no memory.
 */
void *leat_posix_memory(size_t bytes);

/**
 * Prepares a stack for a task, on architectures for which leat has no switch of its own (the
 * build's option task_switch).  The stack grows down from @p end and begins with @p entry, which
 * must not return.  The result lies on that stack, and is for leat_posix_context_switch().
 */
void *leat_posix_context_begin(void *end, void (*entry)(void *arg), void *arg);

/** Continues @p to; returns when another call continues the context that was stored to @p from. */
void leat_posix_context_switch(void **from, void *to);

/**
 * A descriptor that becomes readable when wait() would return before its deadline: for programs
 * with a loop of their own (epoll, libuv, poll).  When it is readable, wait() with LEAT_NEVER_NS
 * returns at once, false if the program shall end.  Then call leat_poll(), at the latest at the
 * time that its last call returned.  The descriptor belongs to the host.  -1: the kernel has none
 * left.
 */
int leat_posix_descriptor(struct leat_posix *posix);

/** Releases everything and restores the signal mask.  NULL is allowed. */
void leat_posix_close(struct leat_posix *posix);

#ifdef __cplusplus
}
#endif
#endif
