/*
 * fast_watch.c -- fast mode: the epolls of this process, and the connections in them.
 *
 * A slot belongs to one epoll of one process. Where that isn't so, bells are needed: after dup() of
 * an epoll, an epoll within an epoll, fork(), two threads that wait at one epoll.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "fast_watch.h"

enum {
    EPOLLS = 16,   /* of a process; others use the kernel alone */
    KERNELS = 255, /* in place of an index: an epoll that was there before fork() */
    TRIES = 100000
};

struct fast_watch fast_watches[FAST_NUMBERS];
struct fast_member fast_members[FAST_SLOTS];
static struct fast_epoll epolls[EPOLLS];
static _Atomic uint8_t epoll_at[FAST_NUMBERS]; /* by descriptor: index, from 1 */
static _Atomic uint32_t watch_count;
static atomic_flag locked = ATOMIC_FLAG_INIT;

/* A signal handler that forks must not wait for ever. */
void fast_watch_lock(void)
{
    for (int i = 0; i < TRIES && atomic_flag_test_and_set_explicit(&locked, memory_order_acquire);
         i++)
        sched_yield();
}

void fast_watch_unlock(void)
{
    atomic_flag_clear_explicit(&locked, memory_order_release);
}

struct fast_group *fast_group_of(const struct fast_epoll *epoll)
{
    return &fast_region()->groups[epoll->group - 1];
}

void fast_look_again(struct fast_epoll *epoll, uint32_t number)
{
    epoll->again[number / 64] |= UINT64_C(1) << number % 64;
}

bool fast_is_in(const struct fast_epoll *epoll, uint32_t number)
{
    return fast_members[number].epoll == epoll - epolls + 1;
}

void fast_join(struct fast_epoll *epoll, const struct fast *fast)
{
    if (!fast_lock(fast, FAST_DOWN))
        return; /* the connection has ended */
    atomic_store(&fast->slot->waiter, epoll->group);
    fast_unlock(fast, FAST_DOWN);
    fast_members[fast->number].epoll = (uint8_t)(epoll - epolls + 1);
    atomic_fetch_add(&watch_count, 1);
    fast_look_again(epoll, fast->number);
}

/* ---- groups ---------------------------------------------------------------------------------- */

/* Takes an unused one, or one whose process has ended; 0: there is none. */
static uint32_t take_group(void)
{
    struct fast_region *region = fast_region();
    const int32_t us = (int32_t)getpid();

    for (uint32_t i = 0; i < FAST_GROUPS; i++) {
        struct fast_group *group = &region->groups[i];
        int32_t owner = atomic_load(&group->owner);

        if (owner != 0 && (owner == us || kill(owner, 0) == 0 || errno != ESRCH))
            continue;
        if (!atomic_compare_exchange_strong(&group->owner, &owner, us))
            continue;
        atomic_store(&group->sleeping, 0);
        atomic_store(&group->shared, 0);
        return i + 1;
    }
    return 0;
}

struct fast_epoll *fast_epoll_find(int fd)
{
    const uint8_t at = fd >= 0 && fd < FAST_NUMBERS ? atomic_load(&epoll_at[fd]) : 0;

    return at && at != KERNELS ? &epolls[at - 1] : NULL;
}

struct fast_epoll *fast_epoll_make(int fd)
{
    const int kept = errno;

    if (fd < 0 || fd >= FAST_NUMBERS || atomic_load(&epoll_at[fd]) == KERNELS)
        return NULL;
    for (int i = 0; i < EPOLLS; i++) {
        if (epolls[i].group)
            continue;
        epolls[i] = (struct fast_epoll){.fd = fd, .group = take_group()};
        errno = kept;
        if (!epolls[i].group)
            return NULL;
        atomic_store(&epoll_at[fd], (uint8_t)(i + 1));
        return &epolls[i];
    }
    return NULL;
}

/* The slot isn't in an epoll of ours any more. */
void fast_leave(uint32_t number)
{
    struct fast_member *member = &fast_members[number];
    struct fast_slot *slot = &fast_region()->slots[number];

    if (!member->epoll)
        return;
    member->epoll = 0;
    atomic_fetch_sub(&watch_count, 1);
    if (atomic_load(&slot->generation) == member->generation)
        atomic_store(&slot->waiter, 0);
}

/* Bells from now on, of all its slots. */
void fast_share(struct fast_epoll *epoll)
{
    if (atomic_exchange(&fast_group_of(epoll)->shared, 1))
        return;
    for (uint32_t i = 0; i < FAST_SLOTS; i++) {
        if (!fast_is_in(epoll, i))
            continue;
        atomic_store(&fast_region()->slots[i].wants_bell, 1);
        fast_set_add(&fast_region()->kicked, i);
    }
    if (atomic_load(&fast_region()->server_sleeps))
        ask_nothing();
}

bool fast_share_epoll(int fd)
{
    struct fast_epoll *epoll = fast_epoll_find(fd);

    if (!epoll)
        return false;
    fast_watch_lock();
    fast_share(epoll);
    fast_watch_unlock();
    return true;
}

void fast_forget_epoll(int fd)
{
    struct fast_epoll *epoll = fast_epoll_find(fd);

    if (fd >= 0 && fd < FAST_NUMBERS && atomic_load(&epoll_at[fd]) != 0)
        atomic_store(&epoll_at[fd], 0);
    if (!epoll)
        return;
    fast_watch_lock();
    for (uint32_t i = 0; i < FAST_SLOTS; i++)
        if (fast_is_in(epoll, i))
            fast_leave(i);
    atomic_store(&fast_group_of(epoll)->owner, 0);
    epoll->group = 0;
    fast_watch_unlock();
}

void fast_unwatch(const struct fast *fast)
{
    bool rings;

    if (atomic_load(&watch_count) == 0)
        return;
    fast_watch_lock();
    rings = fast_members[fast->number].epoll != 0;
    fast_leave(fast->number);
    fast_members[fast->number].refused |= rings;
    fast_watch_unlock();
    if (rings)
        fast_want_bell(fast);
}

void fast_drop(const struct fast *fast)
{
    bool rings = false;

    if (atomic_load(&watch_count) == 0)
        return;
    fast_watch_lock();
    if (fast_members[fast->number].generation == fast->generation) {
        rings = fast_members[fast->number].epoll != 0;
        fast_leave(fast->number);
    }
    fast_watch_unlock();
    if (rings && fast_readable(fast) > 0)
        fast_want_bell(fast);
}

/* ---- fork ------------------------------------------------------------------------------------ */

static void before_fork(void)
{
    fast_watch_lock();
    for (int i = 0; i < EPOLLS; i++)
        if (epolls[i].group)
            fast_share(&epolls[i]);
}

static void after_fork(void)
{
    fast_watch_unlock();
}

/* The child has the kernel's epolls, and bells. */
static void in_child(void)
{
    for (int i = 0; i < EPOLLS; i++) {
        if (epolls[i].group)
            atomic_store(&epoll_at[epolls[i].fd], KERNELS);
        epolls[i].group = 0;
    }
    for (uint32_t i = 0; atomic_load(&watch_count) > 0 && i < FAST_SLOTS; i++)
        fast_members[i].epoll = 0;
    atomic_store(&watch_count, 0);
    fast_watch_unlock();
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork, in_child);
}
