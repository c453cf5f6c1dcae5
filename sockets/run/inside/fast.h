/* inside/fast.h -- fast mode in the program: data passes through the server's shared memory. */
#ifndef RUN_INSIDE_FAST_H
#define RUN_INSIDE_FAST_H

#include "inside.h"

/* A connection with a slot. */
struct fast {
    int fd;
    struct fast_slot *slot;
    struct fast_rings *rings;
    uint32_t number; /* of the slot, from 0 */
    uint32_t generation;
};

/* ---- fast.c ---------------------------------------------------------------------------------- */

/* True if leat-run has --fast. */
bool fast_is_on(void);

/* NULL: nothing has been attached yet. */
struct fast_region *fast_region(void);

/* Maps it. */
void fast_prepare(void);

/* False: the data of the descriptor passes the kernel. */
bool fast_find(int fd, struct fast *found);

/* The same, without a system call: false, too, if the descriptor hasn't been looked at. */
bool fast_known(int fd, struct fast *found);

/* Notes the slot of a descriptor; number 0: it has none. */
void fast_attach(int fd, struct fast_place place);

/* The number gets another meaning. */
void fast_forget(int fd);

/* Lets the server look at the slot, and wakes it if need be. */
void fast_kick(const struct fast *fast);

/* Locks the program's side of a ring. False: the slot has become another connection's, or a signal
 * handler has interrupted the thread that holds the lock. */
bool fast_lock(const struct fast *fast, enum fast_way way);
void fast_unlock(const struct fast *fast, enum fast_way way);

/* The server has to ring if there is data. */
void fast_want_bell(const struct fast *fast);

/* ---- fast_data.c ----------------------------------------------------------------------------- */

ssize_t fast_receive(const struct fast *fast, struct msghdr *message, int flags);
ssize_t fast_send(const struct fast *fast, const struct msghdr *message, int flags);

/* Bytes that can be read. */
uint32_t fast_readable(const struct fast *fast);

/* Where the kernel says that the descriptor can be read: true if that was only a bell that came
 * late, which is taken away. */
bool fast_is_spurious(const struct fast *fast);

/* shutdown() of the program. */
void fast_shut(const struct fast *fast, int how);

/* There is no room: the descriptor can't be written until half of the ring is free. False: it is.
 */
bool fast_fill(const struct fast *fast);

/* Why nothing can be sent; 0: it can. */
int fast_sending_ended(const struct fast *fast);

/* ---- fast_epoll.c ---------------------------------------------------------------------------- */

/* The descriptor needs bells from now on: it is waited for otherwise than by its epoll. */
void fast_unwatch(const struct fast *fast);

/* The descriptor is closed; other ones of the same connection may be open. */
void fast_drop(const struct fast *fast);

/* True if @fd is an epoll of ours, which needs bells from now on. */
bool fast_share_epoll(int fd);

/* The number of an epoll is closed. */
void fast_forget_epoll(int fd);

#endif
