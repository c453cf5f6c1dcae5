/* event.c -- eventfd(): a counter that wakes tasks. */
#include "sockets/calls/inside.h"

#include <string.h>

#include "core/assert.h"

static const uint64_t COUNT_MAX = UINT64_MAX - 1;

static const struct socket_ops event_ops = {.kind = SOCKET_EVENT};

int leat_bsd_eventfd(struct leat_sockets *sockets, unsigned count, int flags)
{
    struct socket *socket;

    if (flags & ~(LEAT_EFD_SEMAPHORE | LEAT_SOCK_NONBLOCK | LEAT_SOCK_CLOEXEC))
        return -LEAT_EINVAL;
    socket = socket_new(sockets, &event_ops, false);
    if (!socket)
        return -LEAT_ENFILE;
    socket->count = count;
    socket->is_semaphore = (flags & LEAT_EFD_SEMAPHORE) != 0;
    socket->nonblocking = (flags & LEAT_SOCK_NONBLOCK) != 0;
    return descriptor_for(socket, 0, flags);
}

intptr_t event_read(struct socket *socket, void *bytes, size_t len)
{
    const uint64_t deadline_ns = socket_deadline(socket, 0, 0);
    uint64_t count;
    int error = 0;

    if (len < sizeof count)
        return -LEAT_EINVAL;
    while (socket->count == 0 && !error)
        error = socket_wait(socket, deadline_ns);
    if (error)
        return error;
    count = socket->is_semaphore ? 1 : socket->count;
    leat_debug_assert(socket->count >= count);
    socket->count -= count;
    memcpy(bytes, &count, sizeof count);
    socket_changed(socket);
    return sizeof count;
}

intptr_t event_write(struct socket *socket, const void *bytes, size_t len)
{
    const uint64_t deadline_ns = socket_deadline(socket, 0, 0);
    uint64_t count;
    int error = 0;

    if (len < sizeof count)
        return -LEAT_EINVAL;
    memcpy(&count, bytes, sizeof count);
    if (count > COUNT_MAX)
        return -LEAT_EINVAL;
    while (count > COUNT_MAX - socket->count && !error)
        error = socket_wait(socket, deadline_ns);
    if (error)
        return error;
    socket->count += count;
    socket_changed(socket);
    return sizeof count;
}
