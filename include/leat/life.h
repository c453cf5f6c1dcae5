/*
 * life.h -- the end of a program: stop the loop, or first let servers finish their work.
 *
 * A drain refuses new connections, lets each connection finish what it has begun, closes the others
 * in order, and resets those that are left at a deadline.  Then it stops the loop with status 0.
 * leat_run() drains when its host says that the program shall end (on POSIX: SIGINT or SIGTERM).
 */
#ifndef LEAT_LIFE_H
#define LEAT_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat;

/** Ends leat_run() with @p status when the current or the next leat_poll() is over.  A second call
 * changes nothing. */
void leat_stop(struct leat *stack, int status);

/** True after leat_stop(); then @p status (may be NULL) is what it was called with.  For loops of
 * the program's own, after each leat_poll(). */
bool leat_stopped(const struct leat *stack, int *status);

/**
 * Lets the program end in order, and then calls leat_stop() with 0; from the next leat_poll() on.
 *
 * Listeners refuse new connections (RST) and finish the handshakes that have begun.  Each
 * connection's on_drain (leat_tcp_events) may finish its work and close.  A connection without
 * on_drain, or whose on_drain returns false, gets our FIN when nothing has come or gone for half a
 * second.  Connections that we opened don't delay the end.  At @p deadline_ns, of leat_now_ns()'s
 * clock, quiet connections are closed and all others reset; a FIN then has half a second to be
 * acknowledged.  If the deadline has come already, the next poll does all that, and doesn't wait.
 *
 * A second call only moves the deadline.
 */
void leat_drain(struct leat *stack, uint64_t deadline_ns);

/** For a signal: the first call drains to a deadline leat_config.drain_ns after leat_now_ns(), a
 * second one at once.  Call it after a leat_poll(), so that this time isn't an old one. */
void leat_end(struct leat *stack);

/** True after leat_drain(). */
bool leat_is_draining(const struct leat *stack);

/** The ends of the connections that were open during a drain.  Those that we opened count only
 * if it had to end them. */
struct leat_drained {
    uint32_t finished; /**< ended by their programs or their peers */
    uint32_t closed;   /**< quiet, and closed by the drain: FIN */
    uint32_t reset;    /**< reset by the drain at its deadline, data or a FIN not acknowledged */
};

/** The counts up to now; all of them are final once leat_stopped() is true. */
struct leat_drained leat_drained(const struct leat *stack);

/** Work that has no connection, such as a question by UDP.  The program's memory, which must stay
 * where it is until the stack is closed or leat_drainer_remove() was called. */
struct leat_drainer {
    /** Called from leat_poll() in a drain that waits for no connection, every 20 ms or more.  True:
     * it waits for this work, until its deadline.  May remove this drainer, and no other one. */
    bool (*is_busy)(struct leat_drainer *drainer);
    struct leat_drainer *next; /**< private */
};

/** Adds @p drainer. */
void leat_drainer_add(struct leat *stack, struct leat_drainer *drainer);

/** Removes @p drainer, if it is there. */
void leat_drainer_remove(struct leat *stack, struct leat_drainer *drainer);

#ifdef __cplusplus
}
#endif
#endif
