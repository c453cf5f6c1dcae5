/*
 * glue_wait.c -- the calls of glue.h for a language that waits in threads.
 *
 * One thread leads: it waits for the device, and polls. It releases the caller's lock only while it
 * is in glue_wait(), which uses nothing but descriptors, the clock and atomic words.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "glue_inside.h"

enum {
    NS_PER_MS = 1000000,
    WATCH_NS = 500000,        /* between two looks whether a thread leads */
    COARSE_NS = 4 * NS_PER_MS /* a longer wait may end up to 1 ms late */
};

struct glue_state *glue_state(struct glue *glue)
{
    return &glue->state;
}

void glue_take_events(struct glue *glue)
{
    struct glue_state *state = &glue->state;

    for (state->count = 0; state->count < GLUE_EVENTS; state->count++)
        if (!glue_event(glue, &state->events[state->count].number,
                        &state->events[state->count].events))
            break;
}

void glue_turn(struct glue *glue)
{
    struct glue_state *state = &glue->state;

    state->next_ns = LEAT_NEVER_NS;
    if (glue->stack) {
        state->now_ns = glue->host->now_ns(glue->host);
        state->next_ns = leat_poll(glue->stack, state->now_ns);
    }
    glue_take_events(glue);
}

enum leat_err glue_wait_open(struct glue *glue)
{
    glue->kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (glue->kick <= 0) {
        glue->kick = 0;
        return LEAT_ERR_DEVICE;
    }
    return leat_posix_watch(glue->posix, glue->kick, true);
}

void glue_wait(struct glue *glue, uint64_t until_ns)
{
    const int all = leat_posix_descriptor(glue->posix);
    const uint64_t now_ns = until_ns == LEAT_NEVER_NS ? 0 : glue->host->now_ns(glue->host);
    const uint64_t rest_ns = until_ns > now_ns ? until_ns - now_ns : 0;
    struct epoll_event event;
    uint64_t kicks;

    if (until_ns == LEAT_NEVER_NS || rest_ns >= COARSE_NS) {
        const uint64_t rest_ms = rest_ns / NS_PER_MS + 1;

        (void)epoll_wait(all, &event, 1,
                         until_ns == LEAT_NEVER_NS ? -1
                         : rest_ms < INT_MAX       ? (int)rest_ms
                                                   : INT_MAX);
    } else {
        const struct timespec rest = {.tv_nsec = (long)rest_ns};
        struct pollfd one = {.fd = all, .events = POLLIN};

        (void)ppoll(&one, 1, &rest, NULL);
    }
    if (!__atomic_load_n(&glue->is_kicked, __ATOMIC_SEQ_CST))
        return;
    /* In this order, so that a later kick writes again. */
    if (read(glue->kick, &kicks, sizeof kicks) == (ssize_t)sizeof kicks)
        __atomic_store_n(&glue->is_kicked, 0, __ATOMIC_SEQ_CST);
}

void glue_kick(struct glue *glue)
{
    const uint64_t one = 1;

    if (__atomic_exchange_n(&glue->is_kicked, 1, __ATOMIC_SEQ_CST))
        return;
    while (write(glue->kick, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

static uint32_t leads_of(const struct glue *glue)
{
    return __atomic_load_n(&glue->state.leads, __ATOMIC_SEQ_CST);
}

static bool is_ended(const struct glue *glue)
{
    return __atomic_load_n(&glue->is_ended, __ATOMIC_SEQ_CST);
}

/* Sleeps until the number of leads isn't @p seen. */
static void sleep_while(struct glue *glue, uint32_t seen)
{
    __atomic_store_n(&glue->state.is_watched, 1, __ATOMIC_SEQ_CST);
    if (!is_ended(glue))
        (void)syscall(SYS_futex, &glue->state.leads, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
    __atomic_store_n(&glue->state.is_watched, 0, __ATOMIC_SEQ_CST);
}

void glue_watch(struct glue *glue)
{
    const struct timespec while_ns = {.tv_nsec = WATCH_NS};
    uint32_t seen = leads_of(glue);

    for (;;) {
        uint32_t now;

        nanosleep(&while_ns, NULL);
        now = leads_of(glue);
        if (is_ended(glue) || (now == seen && now % 2 == 0))
            return;
        if (now == seen)
            sleep_while(glue, seen);
        seen = leads_of(glue);
    }
}

void glue_watch_wake(struct glue *glue)
{
    (void)syscall(SYS_futex, &glue->state.leads, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void glue_watch_end(struct glue *glue)
{
    __atomic_store_n(&glue->is_ended, 1, __ATOMIC_SEQ_CST);
    /* It sees the new number, if it goes to sleep after this. */
    __atomic_add_fetch(&glue->state.leads, 2, __ATOMIC_SEQ_CST);
    glue_watch_wake(glue);
}

void glue_at_turn(uintptr_t glue)
{
    glue_turn((struct glue *)glue);
}

void glue_at_wait(uintptr_t glue, uint64_t until_ns)
{
    glue_wait((struct glue *)glue, until_ns);
}

int64_t glue_at_read(uintptr_t item, uintptr_t bytes, size_t len)
{
    return glue_read((struct glue_item *)item, (void *)bytes, len);
}

int64_t glue_at_write(uintptr_t item, uintptr_t bytes, size_t len)
{
    struct glue_item *at = (struct glue_item *)item;
    const int64_t count = glue_write(at, (const void *)bytes, len);

    if (count > 0)
        glue_turn(at->glue);
    return count;
}
