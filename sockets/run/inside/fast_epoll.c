/*
 * fast_epoll.c -- fast mode: epolls that learn of data without a system call.
 *
 * The kernel's epoll has all descriptors, and tells of everything but data: room, ends, errors, and
 * those that aren't ours. It also tells of data where the server rings. The server doesn't need to
 * while the program is awake: it notes the slot in the set of the epoll's group.
 *
 * The kernel's epoll gets a tag and the slot's number in place of the program's data. By these a
 * bell that came too late is found out, and the program isn't told of it.
 */
#include <errno.h>
#include <signal.h>
#include <sys/random.h>
#include <time.h>

#include "fast_watch.h"

/* ---- tags ------------------------------------------------------------------------------------ */

/* The upper half of the data of connections; 0: unused. Neither a pointer nor a descriptor has such
 * a half. */
static _Atomic uint32_t tag;

/* Data that no program has: behind the tag, the descriptor and the serial of its watch. */
static uint64_t tagged_data(int fd, uint16_t serial)
{
    uint32_t now = atomic_load(&tag), fresh;

    if (now == 0 && getrandom(&fresh, sizeof fresh, 0) == (ssize_t)sizeof fresh &&
        atomic_compare_exchange_strong(&tag, &now, fresh | UINT32_C(0x80000000)))
        now = fresh | UINT32_C(0x80000000);
    return (uint64_t)now << 32 | (uint32_t)fd << 16 | serial;
}

/* True: the event is of a connection, and that has the descriptor and the serial. */
static bool is_tagged(const struct epoll_event *event, int *fd, uint16_t *serial)
{
    const uint32_t known = atomic_load_explicit(&tag, memory_order_relaxed);

    *fd = (int)(event->data.u64 >> 16 & UINT64_C(0xffff));
    *serial = (uint16_t)event->data.u64;
    return known != 0 && event->data.u64 >> 32 == known;
}

/* The events without those of data, if there is only a bell: some programs take EAGAIN for an error
 * then. */
static uint32_t without_bell(const struct fast_watch *watch, int fd, uint32_t events)
{
    const uint32_t of_data = EPOLLIN | EPOLLRDNORM;
    struct fast fast;

    if ((events & of_data) && fast_known(fd, &fast) && fast.number == watch->number &&
        fast.generation == watch->generation && fast_is_spurious(&fast))
        events &= ~of_data;
    return events;
}

/* Puts the program's data into the kernel's events; returns how many are left. A watch of which the
 * program has closed the descriptor, and another process has not, is left out. */
static int translate(struct epoll_event *events, int count)
{
    int kept = 0;

    for (int i = 0; i < count; i++) {
        struct epoll_event event = events[i];
        uint16_t serial;
        int fd;

        if (is_tagged(&event, &fd, &serial)) {
            struct fast_watch watch;

            fast_watch_lock();
            watch = fast_watches[fd];
            fast_watch_unlock();
            event.events = without_bell(&watch, fd, event.events);
            if (watch.serial != serial || event.events == 0)
                continue;
            event.data = watch.data;
        }
        events[kept++] = event;
    }
    return kept;
}

/* ---- epoll_ctl() ----------------------------------------------------------------------------- */

/* The epoll whose group the slot joins; NULL: none. */
static struct fast_epoll *choose(int epfd, const struct fast *fast, uint32_t events)
{
    struct fast_member *member = &fast_members[fast->number];
    struct fast_epoll *epoll = fast_epoll_find(epfd);

    if (member->generation != fast->generation) {
        fast_leave(fast->number);
        *member = (struct fast_member){.generation = fast->generation};
    }
    if (member->epoll || fast->fd >= FAST_NUMBERS ||
        (events & (EPOLLONESHOT | EPOLLEXCLUSIVE | EPOLLWAKEUP)))
        member->refused = true;
    if (!epoll && !member->refused)
        epoll = fast_epoll_make(epfd);
    if (epoll && !member->refused && !atomic_load(&fast_group_of(epoll)->shared)) {
        member->fd = fast->fd;
        return epoll;
    }
    fast_leave(fast->number);
    member->refused = true;
    fast_want_bell(fast);
    return NULL;
}

static int add(int epfd, const struct fast *fast, struct epoll_event *event)
{
    struct fast_epoll *epoll = choose(epfd, fast, event->events);
    struct epoll_event tagged = *event;
    struct fast_watch *watch;
    int result;

    if (!epoll)
        return NEXT(epoll_ctl)(epfd, EPOLL_CTL_ADD, fast->fd, event);
    watch = &fast_watches[fast->fd];
    tagged.data.u64 = tagged_data(fast->fd, (uint16_t)(watch->serial + 1));
    result = NEXT(epoll_ctl)(epfd, EPOLL_CTL_ADD, fast->fd, &tagged);
    if (result)
        return result;
    *watch = (struct fast_watch){.serial = (uint16_t)(watch->serial + 1),
                                 .number = fast->number,
                                 .generation = fast->generation,
                                 .events = event->events,
                                 .data = event->data};
    fast_join(epoll, fast);
    return 0;
}

static int change(int epfd, const struct fast *fast, struct epoll_event *event)
{
    struct fast_member *member = &fast_members[fast->number];
    struct fast_epoll *epoll = fast_epoll_find(epfd);
    const bool joined = epoll && fast_is_in(epoll, fast->number) &&
                        member->generation == fast->generation && member->fd == fast->fd;
    const bool stays = joined && !(event->events & EPOLLONESHOT);
    struct epoll_event tagged = *event;
    int result;

    if (stays)
        tagged.data.u64 = tagged_data(fast->fd, fast_watches[fast->fd].serial);
    result = NEXT(epoll_ctl)(epfd, EPOLL_CTL_MOD, fast->fd, stays ? &tagged : event);
    if (result || !joined)
        return result;
    if (stays) {
        fast_watches[fast->fd].events = event->events;
        fast_watches[fast->fd].data = event->data;
        fast_look_again(epoll, fast->number);
        return result;
    }
    fast_leave(fast->number);
    member->refused = true;
    fast_want_bell(fast);
    return result;
}

EXPORT int epoll_ctl(int epfd, int operation, int fd, struct epoll_event *event)
{
    struct fast fast;
    int result;

    if (fast_is_on() && operation == EPOLL_CTL_ADD)
        fast_share_epoll(fd);
    if (!fast_find(fd, &fast) || (!event && operation != EPOLL_CTL_DEL))
        return NEXT(epoll_ctl)(epfd, operation, fd, event);
    fast_watch_lock();
    if (operation == EPOLL_CTL_ADD)
        result = add(epfd, &fast, event);
    else if (operation == EPOLL_CTL_MOD)
        result = change(epfd, &fast, event);
    else
        result = NEXT(epoll_ctl)(epfd, operation, fd, event);
    if (operation == EPOLL_CTL_DEL && !result && fast_members[fast.number].fd == fd)
        fast_leave(fast.number);
    fast_watch_unlock();
    return result;
}

/* ---- epoll_wait() ---------------------------------------------------------------------------- */

/* The watch of a slot that has data; NULL: none, or the program doesn't want to know. */
static const struct fast_watch *ready_watch(const struct fast_epoll *epoll, uint32_t number)
{
    const struct fast_watch *watch = &fast_watches[fast_members[number].fd];
    struct fast_slot *slot = &fast_region()->slots[number];

    if (!fast_is_in(epoll, number) || watch->number != number ||
        atomic_load(&slot->generation) != watch->generation ||
        !(watch->events & (EPOLLIN | EPOLLRDNORM)) || fast_used(fast_ring(slot, FAST_DOWN)) == 0)
        return NULL;
    return watch;
}

/* Moves what the server has noted to those to look at. */
static void take_notes(struct fast_epoll *epoll)
{
    uint64_t words[FAST_WORDS], summary = fast_set_take(&fast_group_of(epoll)->ready, words);

    for (; summary; summary &= summary - 1)
        epoll->again[__builtin_ctzll(summary)] |= words[__builtin_ctzll(summary)];
}

/* Fills up to @max events of those slots of a word. */
static int collect_word(struct fast_epoll *epoll, uint32_t word, uint64_t of,
                        struct epoll_event *events, int max)
{
    int count = 0;

    for (uint64_t rest = epoll->again[word] & of; rest && count < max; rest &= rest - 1) {
        const uint32_t number = word * 64 + (uint32_t)__builtin_ctzll(rest);
        const struct fast_watch *watch = ready_watch(epoll, number);

        if (!watch || (watch->events & EPOLLET))
            epoll->again[word] &= ~(UINT64_C(1) << number % 64);
        if (!watch)
            continue;
        events[count++] = (struct epoll_event){.events = watch->events & (EPOLLIN | EPOLLRDNORM),
                                               .data = watch->data};
        epoll->last = number;
    }
    return count;
}

/* Fills at most @max events, from the slot behind the last one on; returns their number. */
static int collect(struct fast_epoll *epoll, struct epoll_event *events, int max)
{
    const uint32_t first = epoll->last / 64;
    const uint64_t behind = ~UINT64_C(1) << epoll->last % 64;
    int count = 0;

    take_notes(epoll);
    for (uint32_t w = 0; w <= FAST_WORDS && count < max; w++)
        count += collect_word(epoll, (first + w) % FAST_WORDS,
                              w == 0            ? behind
                              : w == FAST_WORDS ? ~behind
                                                : ~UINT64_C(0),
                              events + count, max - count);
    return count;
}

/* Puts @count events of ours behind @kernels of the kernel's: one for each descriptor. */
static int merge(struct epoll_event *events, int kernels, const struct epoll_event *ours, int count)
{
    int all = kernels;

    for (int i = 0; i < count; i++) {
        int at = 0;

        while (at < kernels && events[at].data.u64 != ours[i].data.u64)
            at++;
        if (at < kernels)
            events[at].events |= ours[i].events;
        else
            events[all++] = ours[i];
    }
    return all;
}

enum {
    OURS_MAX = 256 /* events of a call */
};

static int collect_locked(struct fast_epoll *epoll, struct epoll_event *events, int max)
{
    int count;

    fast_watch_lock();
    count = collect(epoll, events, max < OURS_MAX ? max : OURS_MAX);
    fast_watch_unlock();
    return count;
}

/* A call for one event only: the kernel's and ours come first in turn. */
static bool is_kernels_turn(struct fast_epoll *epoll, int max)
{
    bool turn;

    fast_watch_lock();
    turn = max == 1 && epoll->kernels_turn;
    epoll->kernels_turn = !turn;
    fast_watch_unlock();
    return turn;
}

/* One look: -1, with errno, or the number of events. It may be 0 before the time. */
static int look(struct fast_epoll *epoll, struct epoll_event *events, int max, int timeout,
                const sigset_t *mask)
{
    struct fast_group *group = fast_group_of(epoll);
    struct epoll_event ours[OURS_MAX];
    int count, kernels = 0;

    if (is_kernels_turn(epoll, max))
        kernels = NEXT(epoll_wait)(epoll->fd, events, 1, 0);
    if (kernels > 0 && translate(events, kernels) > 0)
        return 1;
    kernels = 0;
    count = collect_locked(epoll, ours, max > 1 ? max - 1 : 1);
    if (count == 0 && timeout != 0) {
        atomic_store(&group->sleeping, 1);
        if (atomic_load(&group->ready.summary))
            timeout = 0;
    }
    if (count < max)
        kernels = NEXT(epoll_pwait)(epoll->fd, events, max - count, count > 0 ? 0 : timeout, mask);
    atomic_store(&group->sleeping, 0);
    if (kernels < 0 && count == 0)
        return kernels;
    kernels = translate(events, kernels);
    if (count == 0 && kernels < max)
        count = collect_locked(epoll, ours, max - kernels);
    return merge(events, kernels, ours, count);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int wait_at(struct fast_epoll *epoll, struct epoll_event *events, int max, int timeout,
                   const sigset_t *mask)
{
    const int64_t end_ms = timeout > 0 ? now_ms() + timeout : 0;
    int count;

    fast_watch_lock();
    if (epoll->waiting++ > 0)
        fast_share(epoll);
    fast_watch_unlock();
    do {
        count = look(epoll, events, max, timeout, mask);
        if (count == 0 && timeout > 0) {
            const int64_t rest_ms = end_ms - now_ms();

            timeout = rest_ms > 0 ? (int)rest_ms : 0;
        }
    } while (count == 0 && timeout != 0);
    fast_watch_lock();
    epoll->waiting--;
    fast_watch_unlock();
    return count;
}

/* The same at an epoll that is no group: after fork(), or by another number. */
static int translated(struct epoll_event *events, int count)
{
    return count > 0 && atomic_load_explicit(&tag, memory_order_relaxed) ? translate(events, count)
                                                                         : count;
}

EXPORT int epoll_pwait(int epfd, struct epoll_event *events, int max, int timeout,
                       const sigset_t *mask)
{
    struct fast_epoll *epoll = fast_epoll_find(epfd);
    int count, seen;

    if (epoll && max > 0)
        return wait_at(epoll, events, max, timeout, mask);
    do {
        seen = NEXT(epoll_pwait)(epfd, events, max, timeout, mask);
        count = translated(events, seen);
    } while (seen > 0 && count == 0);
    return count;
}

EXPORT int epoll_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
    return epoll_pwait(epfd, events, max, timeout, NULL);
}

EXPORT int epoll_pwait2(int epfd, struct epoll_event *events, int max,
                        const struct timespec *timeout, const sigset_t *mask)
{
    int count, seen;

    fast_share_epoll(epfd);
    do {
        seen = NEXT(epoll_pwait2)(epfd, events, max, timeout, mask);
        count = translated(events, seen);
    } while (seen > 0 && count == 0);
    return count;
}
