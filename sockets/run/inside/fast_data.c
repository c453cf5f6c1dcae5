/* fast_data.c -- fast mode: receive and send, between the program's memory and the rings. */
#include <errno.h>
#include <sched.h>
#include <signal.h>

#include "fast.h"

enum {
    BELLS = 64,
    FILLERS_MAX = 64
};

/* ---- the program's memory -------------------------------------------------------------------- */

static size_t length_of(const struct msghdr *message)
{
    size_t length = 0;

    for (size_t i = 0; i < message->msg_iovlen; i++)
        length += message->msg_iov[i].iov_len;
    return length;
}

/* Copies between @len bytes of a ring, from its byte @at on, and the message behind @skip. */
static void copy(uint8_t *ring, uint32_t at, const struct msghdr *message, size_t skip,
                 uint32_t len, bool to_ring)
{
    for (size_t i = 0; i < message->msg_iovlen && len > 0; i++) {
        const struct iovec *piece = &message->msg_iov[i];
        uint32_t part;

        if (skip >= piece->iov_len) {
            skip -= piece->iov_len;
            continue;
        }
        part = piece->iov_len - skip < len ? (uint32_t)(piece->iov_len - skip) : len;
        if (to_ring)
            fast_put(ring, at, (const uint8_t *)piece->iov_base + skip, part);
        else
            fast_get(ring, at, (uint8_t *)piece->iov_base + skip, part);
        at = (at + part) % FAST_RING_BYTES;
        len -= part;
        skip = 0;
    }
}

/* ---- receive --------------------------------------------------------------------------------- */

uint32_t fast_readable(const struct fast *fast)
{
    return fast_used(fast_ring(fast->slot, FAST_DOWN));
}

/* Takes bells away, as the ring is empty. One that is on its way makes the descriptor readable
 * later, and comes here then. */
static void take_bells(const struct fast *fast)
{
    char bells[BELLS];
    const int kept = errno;

    if (NEXT(recv)(fast->fd, bells, sizeof bells, MSG_DONTWAIT) > 0) {
        atomic_store(&fast->slot->bell, 0);
        if (fast_readable(fast) > 0) /* and the server thought that there was a bell */
            fast_want_bell(fast);
    }
    errno = kept;
}

/* Takes what is there, up to @len bytes; -1: the connection is over. */
static ssize_t take(const struct fast *fast, const struct msghdr *message, size_t skip, size_t len,
                    bool peeks)
{
    const struct fast_ring ring = fast_ring(fast->slot, FAST_DOWN);
    uint32_t used, part;
    bool kicks;

    if (!fast_lock(fast, FAST_DOWN))
        return -1;
    used = fast_used(ring);
    part = used < len ? used : (uint32_t)len;
    if (part > 0)
        copy(fast->rings->down, fast_head_at(ring, 0), message, skip, part, false);
    if (!peeks)
        atomic_store(&ring.taker->head, atomic_load(&ring.taker->head) + part);
    used = fast_used(ring);
    if (used == 0 && atomic_load(&fast->slot->bell))
        take_bells(fast);
    kicks = atomic_load(&ring.giver->wants) && (used == 0 || used <= FAST_RING_BYTES / 2) &&
            atomic_exchange(&ring.giver->wants, 0);
    fast_unlock(fast, FAST_DOWN);
    if (kicks)
        fast_kick(fast);
    return part;
}

bool fast_is_spurious(const struct fast *fast)
{
    const int kept = errno;
    bool nothing;
    char byte;

    if (fast_readable(fast) > 0 || !fast_lock(fast, FAST_DOWN))
        return false;
    if (fast_readable(fast) == 0 && atomic_load(&fast->slot->bell))
        take_bells(fast);
    fast_unlock(fast, FAST_DOWN);
    nothing = NEXT(recv)(fast->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
    errno = kept;
    return nothing && fast_readable(fast) == 0;
}

/* With --busy-poll: looks at an empty ring for a while, before a wait that costs system calls on
 * both sides. True: it has data. */
static bool look_on(const struct fast *fast)
{
    const uint32_t busy_us = atomic_load_explicit(&fast_region()->busy_us, memory_order_relaxed);
    uint32_t end_us;

    if (busy_us == 0)
        return false;
    end_us = fast_now_us() + busy_us;
    atomic_store(&fast->slot->awake_us, end_us);
    while (fast_readable(fast) == 0 && fast_is_before(fast_now_us(), end_us))
        sched_yield(); /* the server may have to run on this processor */
    return fast_readable(fast) > 0;
}

/* With an empty ring: the result of recv() at the kernel's socket, for which a bell is 1. It waits,
 * returns early and is restarted as the program's own call would be. */
static ssize_t await_data(const struct fast *fast, int flags)
{
    char bell;
    ssize_t got = 1;

    if (!(flags & (MSG_DONTWAIT | MSG_PEEK)) && look_on(fast))
        return got;
    atomic_fetch_add(&fast->slot->sleepers, 1);
    if (fast_readable(fast) == 0)
        got = NEXT(recv)(fast->fd, &bell, 1, MSG_PEEK | (flags & MSG_DONTWAIT));
    atomic_fetch_sub(&fast->slot->sleepers, 1);
    return got;
}

/* The connection is over: the kernel's socket knows the end or the error, maybe behind bells. */
static ssize_t end_of_receiving(const struct fast *fast)
{
    char bells[BELLS];
    ssize_t got;

    do
        got = NEXT(recv)(fast->fd, bells, sizeof bells, MSG_DONTWAIT);
    while (got > 0);
    return got;
}

ssize_t fast_receive(const struct fast *fast, struct msghdr *message, int flags)
{
    const size_t len = length_of(message);
    const bool peeks = flags & MSG_PEEK;
    bool looked = false;
    size_t done = 0;

    message->msg_controllen = 0;
    message->msg_flags = 0;
    if (len == 0)
        return 0;
    for (;;) {
        ssize_t got = take(fast, message, done, len - done, peeks);

        done += got > 0 ? (size_t)got : 0;
        if (done > 0 && (done == len || peeks || got < 0 || !(flags & MSG_WAITALL))) {
            if (looked && fast_readable(fast) > 0) /* the rest may have had no bell */
                fast_want_bell(fast);
            return (ssize_t)done;
        }
        if (got < 0)
            return end_of_receiving(fast);
        looked = looked || got == 0;
        got = got == 0 ? await_data(fast, flags) : 1;
        if (got <= 0 && fast_readable(fast) == 0) {
            if (done > 0)
                return (ssize_t)done;
            return got < 0 && errno != ECONNRESET ? got : end_of_receiving(fast);
        }
    }
}

/* ---- send ------------------------------------------------------------------------------------ */

/* Gives what there is room for; -1: the connection is over. */
static ssize_t give(const struct fast *fast, const struct msghdr *message, size_t skip, size_t len)
{
    const struct fast_ring ring = fast_ring(fast->slot, FAST_UP);
    uint32_t room, part;

    if (!fast_lock(fast, FAST_UP))
        return -1;
    room = fast_room(ring);
    part = room < len ? room : (uint32_t)len;
    copy(fast->rings->up, fast_tail_at(ring), message, skip, part, true);
    atomic_store(&ring.giver->tail, atomic_load(&ring.giver->tail) + part);
    fast_unlock(fast, FAST_UP);
    if (part > 0)
        fast_kick(fast);
    return part;
}

bool fast_fill(const struct fast *fast)
{
    const struct fast_ring ring = fast_ring(fast->slot, FAST_UP);
    const int least = 1, kept = errno;

    atomic_store(&ring.giver->wants, 1);
    if (fast_room(ring) > FAST_RING_BYTES / 2) {
        atomic_store(&ring.giver->wants, 0);
        return false;
    }
    NEXT(setsockopt)(fast->fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
    for (int i = 0; i < FILLERS_MAX; i++)
        if (NEXT(send)(fast->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
            break;
    errno = kept;
    return true;
}

int fast_sending_ended(const struct fast *fast)
{
    struct ours ours;
    int why;

    if (atomic_load(&fast->slot->shut) & FAST_SHUT_WRITE)
        return EPIPE;
    if (!atomic_load(&fast->slot->ended) &&
        atomic_load(&fast->slot->generation) == fast->generation)
        return 0;
    why = ours_look(fast->fd, &ours) ? ask_why(&ours) : 0;
    return why ? why : EPIPE;
}

void fast_shut(const struct fast *fast, int how)
{
    const uint32_t bits = (how != SHUT_WR ? (uint32_t)FAST_SHUT_READ : 0u) |
                          (how != SHUT_RD ? (uint32_t)FAST_SHUT_WRITE : 0u);

    if (!fast_lock(fast, FAST_UP))
        return; /* the connection has ended */
    atomic_fetch_or(&fast->slot->shut, bits);
    fast_unlock(fast, FAST_UP);
    fast_kick(fast);
}

static ssize_t end_of_sending(int error, size_t done, int flags)
{
    if (done > 0)
        return (ssize_t)done;
    if (error == EPIPE && !(flags & MSG_NOSIGNAL))
        raise(SIGPIPE);
    return fail(error);
}

ssize_t fast_send(const struct fast *fast, const struct msghdr *message, int flags)
{
    const size_t len = length_of(message);
    size_t done = 0;

    for (;;) {
        int error = fast_sending_ended(fast);
        ssize_t put;

        if (error)
            return end_of_sending(error, done, flags);
        put = give(fast, message, done, len - done);
        if (put < 0) {
            error = fast_sending_ended(fast);
            return end_of_sending(error ? error : EAGAIN, done, flags);
        }
        done += (size_t)put;
        if (done == len)
            return (ssize_t)done;
        if (put > 0 || !fast_fill(fast))
            continue;
        /* as the program's own call: it waits, returns early and is restarted */
        if (NEXT(send)(fast->fd, "", 1, MSG_NOSIGNAL | (flags & MSG_DONTWAIT)) < 0) {
            error = errno == EPIPE ? fast_sending_ended(fast) : errno;
            return end_of_sending(error ? error : EPIPE, done, flags);
        }
    }
}
