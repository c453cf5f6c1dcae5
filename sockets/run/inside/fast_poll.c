/*
 * fast_poll.c -- fast mode: poll() and select().
 *
 * The kernel waits, so each descriptor needs bells. One whose ring has data already is ready at
 * once, whether or not its bell has come.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <time.h>

#include "fast.h"

enum {
    DATA = POLLIN | POLLRDNORM,
    NS_PER_S = 1000000000
};

/* ---- time ------------------------------------------------------------------------------------ */

/* On CLOCK_MONOTONIC. */
static struct timespec end_of(const struct timespec *rest)
{
    struct timespec end;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += rest->tv_sec;
    end.tv_nsec += rest->tv_nsec;
    if (end.tv_nsec >= NS_PER_S) {
        end.tv_sec++;
        end.tv_nsec -= NS_PER_S;
    }
    return end;
}

static struct timespec rest_of(const struct timespec *end)
{
    static const struct timespec none = {0};
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    now.tv_sec = end->tv_sec - now.tv_sec;
    now.tv_nsec = end->tv_nsec - now.tv_nsec;
    if (now.tv_nsec < 0) {
        now.tv_sec--;
        now.tv_nsec += NS_PER_S;
    }
    return now.tv_sec < 0 ? none : now;
}

/* ---- poll() ---------------------------------------------------------------------------------- */

/* True: it has data. It needs bells from now on. */
static bool look(int fd)
{
    struct fast fast;

    fast_share_epoll(fd);
    if (!fast_find(fd, &fast))
        return false;
    fast_unwatch(&fast);
    return fast_readable(&fast) > 0;
}

static bool any_has_data(const struct pollfd *fds, nfds_t count)
{
    bool found = false;

    for (nfds_t i = 0; i < count; i++)
        found |= fds[i].fd >= 0 && look(fds[i].fd) && (fds[i].events & DATA);
    return found;
}

/* Corrects what the kernel says about data: adds what has no bell, takes away what has only one. */
static int correct(struct pollfd *fds, nfds_t count, int ready)
{
    struct fast fast;

    for (nfds_t i = 0; i < count; i++) {
        const short wanted = fds[i].events & DATA, before = fds[i].revents;

        if (fds[i].fd < 0 || !wanted || !fast_known(fds[i].fd, &fast))
            continue;
        if (fast_readable(&fast) > 0)
            fds[i].revents = (short)(before | wanted);
        else if ((before & DATA) && fast_is_spurious(&fast))
            fds[i].revents = (short)(before & ~DATA);
        ready += (fds[i].revents != 0) - (before != 0);
    }
    return ready;
}

EXPORT int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                 const sigset_t *mask)
{
    static const struct timespec at_once = {0};
    struct timespec end = {0}, rest;
    bool has_data;
    int ready, seen;

    if (!fast_is_on() || !fast_region())
        return NEXT(ppoll)(fds, count, timeout, mask);
    if (timeout)
        end = end_of(timeout);
    do {
        has_data = any_has_data(fds, count);

        if (timeout)
            rest = rest_of(&end);
        seen = NEXT(ppoll)(fds, count, has_data ? &at_once : timeout ? &rest : NULL, mask);
        ready = seen >= 0 ? correct(fds, count, seen) : seen;
        /* it was a bell, or another thread has taken the data */
    } while (ready == 0 && (seen > 0 || has_data));
    return ready;
}

EXPORT int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    const struct timespec rest = {.tv_sec = timeout / 1000,
                                  .tv_nsec = timeout % 1000 * INT64_C(1000000)};

    if (!fast_is_on() || !fast_region())
        return NEXT(poll)(fds, count, timeout);
    return ppoll(fds, count, timeout < 0 ? NULL : &rest, NULL);
}

/* ---- select() -------------------------------------------------------------------------------- */

struct sets {
    fd_set *reads, *writes, *excepts; /* NULL: none is wanted */
};

static fd_set *copy_of(fd_set *set, fd_set *copy)
{
    if (set)
        *copy = *set;
    return set ? copy : NULL;
}

/* True: one of @wanted has data. */
static bool any_readable(int count, const fd_set *wanted)
{
    bool found = false;

    for (int fd = 0; wanted && fd < count && fd < FD_SETSIZE; fd++)
        found |= FD_ISSET(fd, wanted) && look(fd);
    return found;
}

/* As correct(), for a set. */
static int correct_set(int count, const fd_set *wanted, fd_set *found, int ready)
{
    struct fast fast;

    for (int fd = 0; wanted && fd < count && fd < FD_SETSIZE; fd++) {
        const bool before = FD_ISSET(fd, found);

        if (!FD_ISSET(fd, wanted) || !fast_known(fd, &fast))
            continue;
        if (!before && fast_readable(&fast) > 0) {
            FD_SET(fd, found);
            ready++;
        } else if (before && fast_is_spurious(&fast)) {
            FD_CLR(fd, found);
            ready--;
        }
    }
    return ready;
}

/* pselect() until @end; NULL: for ever. */
static int select_until(int count, const struct sets *wanted, const struct timespec *end,
                        const sigset_t *mask)
{
    fd_set reads, writes, excepts;
    struct timespec rest;
    struct sets found;
    bool has_data;
    int ready, seen;

    do {
        has_data = any_readable(count, wanted->reads);
        rest = (struct timespec){0};
        found.reads = copy_of(wanted->reads, &reads);
        found.writes = copy_of(wanted->writes, &writes);
        found.excepts = copy_of(wanted->excepts, &excepts);
        if (end && !has_data)
            rest = rest_of(end);
        seen = NEXT(pselect)(count, found.reads, found.writes, found.excepts,
                             end || has_data ? &rest : NULL, mask);
        ready = seen >= 0 ? correct_set(count, wanted->reads, found.reads, seen) : seen;
    } while (ready == 0 && (seen > 0 || has_data));
    if (ready < 0)
        return ready;
    copy_of(found.reads, wanted->reads);
    copy_of(found.writes, wanted->writes);
    copy_of(found.excepts, wanted->excepts);
    return ready;
}

EXPORT int pselect(int count, fd_set *restrict reads, fd_set *restrict writes,
                   fd_set *restrict excepts, const struct timespec *restrict timeout,
                   const sigset_t *restrict mask)
{
    const struct sets wanted = {reads, writes, excepts};
    struct timespec end;

    if (!fast_is_on() || !fast_region() || count > FD_SETSIZE)
        return NEXT(pselect)(count, reads, writes, excepts, timeout, mask);
    if (timeout)
        end = end_of(timeout);
    return select_until(count, &wanted, timeout ? &end : NULL, mask);
}

/* As on Linux, the time that is left is told. */
EXPORT int select(int count, fd_set *restrict reads, fd_set *restrict writes,
                  fd_set *restrict excepts, struct timeval *restrict timeout)
{
    const struct sets wanted = {reads, writes, excepts};
    struct timespec end, rest;
    int ready;

    if (!fast_is_on() || !fast_region() || count > FD_SETSIZE ||
        (timeout && (timeout->tv_sec < 0 || timeout->tv_usec < 0)))
        return NEXT(select)(count, reads, writes, excepts, timeout);
    if (!timeout)
        return select_until(count, &wanted, NULL, NULL);
    rest = (struct timespec){timeout->tv_sec, timeout->tv_usec * 1000};
    end = end_of(&rest);
    ready = select_until(count, &wanted, &end, NULL);
    rest = rest_of(&end);
    *timeout = (struct timeval){rest.tv_sec, rest.tv_nsec / 1000};
    return ready;
}

/* As programs compiled with _FORTIFY_SOURCE call them. */
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                const sigset_t *mask, size_t room);
void __chk_fail(void) __attribute__((noreturn));

EXPORT int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t room)
{
    if (count > room / sizeof *fds)
        __chk_fail();
    return poll(fds, count, timeout);
}

EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                       const sigset_t *mask, size_t room)
{
    if (count > room / sizeof *fds)
        __chk_fail();
    return ppoll(fds, count, timeout, mask);
}
