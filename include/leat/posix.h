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

/** Bytes of a line that says what failed and what to do about it, the final NUL included. */
#define LEAT_WHY_BYTES 256

struct leat_posix;

/**
 * Makes a host.  From here until leat_posix_close() SIGINT and SIGTERM end the loop instead of the
 * process: wait() then returns false.  (They are blocked and read from a descriptor, so that no
 * handler and no global is needed, and so that a busy loop hears them too.)
 *
 * Errors: LEAT_ERR_MEMORY, LEAT_ERR_DEVICE (no descriptor left).
 */
enum leat_err leat_posix_open(struct leat_posix **posix);

/** The host to give to leat_run(); valid until leat_posix_close(). */
struct leat_host *leat_posix_host(struct leat_posix *posix);

/**
 * Makes wait() return when @p fd can be read.  @p wanted false pauses that, so that a backend which
 * has no buffers for its input does not spin; it then gives a time by next_look_ns().
 * Errors: LEAT_ERR_FULL (LEAT_POSIX_WATCHED_MAX), LEAT_ERR_ARGUMENT (negative @p fd).
 */
enum leat_err leat_posix_watch(struct leat_posix *posix, int fd, bool wanted);

/**
 * Makes wait() return as well when @p fd, which is watched, can be written; @p wanted false ends
 * that.  For a backend whose device was full.  It does nothing for a descriptor that isn't watched.
 */
void leat_posix_watch_output(struct leat_posix *posix, int fd, bool wanted);

/** Forgets @p fd; call it before the descriptor is closed. */
void leat_posix_unwatch(struct leat_posix *posix, int fd);

/**
 * For leat_tasks_config.guard: forbids to write to the @p bytes at @p page (@p guarded), or allows
 * it again.  Each guard splits a mapping of the kernel's, of which a process has 65,530
 * (Linux, vm.max_map_count): so up to 32,000 tasks.  False: the kernel refused.
 * The first guard makes SIGSEGV say on the standard error whose stack has overflowed, before it does
 * what it did until then; the thread gets a signal stack for that, if it has none.
 */
bool leat_posix_guard(void *page, size_t bytes, bool guarded);

/**
 * A block of @p bytes for leat_init(), at the beginning of a page, whose memory is the program's to
 * give back by free().  Of 16 MiB or more it lies in the kernel's large pages (2 MiB, on Linux),
 * where there are any: with very many connections a part of a request's time goes into finding its
 * pages.  NULL: no memory.
 */
void *leat_posix_memory(size_t bytes);

/**
 * For the switch of tasks where leat has none of its own (the build's option task_switch): a stack
 * that grows down from @p end and begins with @p entry, which must not return.  What is returned
 * lies there, and is for leat_posix_context_switch().
 */
void *leat_posix_context_begin(void *end, void (*entry)(void *arg), void *arg);

/** Goes on with @p to; returns when somebody goes on with what @p from then points to. */
void leat_posix_context_switch(void **from, void *to);

/**
 * A descriptor that can be read when wait() would return before its deadline: for who has a loop of
 * its own (epoll, libuv, poll).  When it can be read, wait() with LEAT_NEVER_NS returns at once,
 * and says whether the program shall end; then, and at the latest at the time that it returned
 * last, leat_poll() is called.  It belongs to the host.  -1: the kernel has none left.
 */
int leat_posix_descriptor(struct leat_posix *posix);

/** Gives everything back and restores the signal mask.  NULL is allowed. */
void leat_posix_close(struct leat_posix *posix);

#ifdef __cplusplus
}
#endif
#endif
