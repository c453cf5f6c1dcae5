/*
 * epoll.c -- epoll_create1(), epoll_ctl(), epoll_wait().
 *
 * As on Linux, a set knows its sockets by descriptor and socket. A socket that changes puts its
 * watches into the lists of changed ones of their epolls; a wait looks at these only. A watch stays
 * in the list as long as its events are there, but leaves it at once with LEAT_EPOLLET.
 */
#include "sockets/calls/inside.h"

enum {
    EVENTS = LEAT_EPOLLIN | LEAT_EPOLLPRI | LEAT_EPOLLOUT | LEAT_EPOLLERR | LEAT_EPOLLHUP |
             LEAT_EPOLLRDNORM | LEAT_EPOLLRDBAND | LEAT_EPOLLWRNORM | LEAT_EPOLLWRBAND |
             LEAT_EPOLLRDHUP,
    ALWAYS = LEAT_EPOLLERR | LEAT_EPOLLHUP
};

_Static_assert((int)LEAT_EPOLLIN == LEAT_POLLIN && (int)LEAT_EPOLLOUT == LEAT_POLLOUT &&
                   (int)LEAT_EPOLLERR == LEAT_POLLERR && (int)LEAT_EPOLLHUP == LEAT_POLLHUP &&
                   (int)LEAT_EPOLLRDHUP == LEAT_POLLRDHUP,
               "the events of socket_ready() are those of epoll");

static struct socket *close_epoll(struct socket *epoll)
{
    while (!ring_is_empty(&epoll->watched))
        watch_free(container_of(epoll->watched.next, struct watch, of_epoll));
    return NULL;
}

static const struct socket_ops epoll_ops = {.kind = SOCKET_EPOLL, .close = close_epoll};

int leat_bsd_epoll_create1(struct leat_sockets *sockets, int flags)
{
    struct socket *epoll;

    if (flags & ~LEAT_SOCK_CLOEXEC)
        return -LEAT_EINVAL;
    epoll = socket_new(sockets, &epoll_ops, false);
    if (!epoll)
        return -LEAT_ENFILE;
    ring_init(&epoll->watched);
    ring_init(&epoll->changed);
    return descriptor_for(epoll, 0, flags);
}

/* ---- epoll_ctl ------------------------------------------------------------------------------ */

/* Its events may be there already. */
static void watch_for(struct watch *watch, const struct leat_epoll_event *event)
{
    watch->events = event->events | ALWAYS;
    watch->data = event->data;
    ring_remove(&watch->changed);
    if (socket_ready(watch->socket) & watch->events)
        socket_changed(watch->socket);
}

static int change(struct socket *epoll, int op, struct socket *socket, int fd,
                  const struct leat_epoll_event *event)
{
    struct watch *watch = watch_find(epoll, socket, fd);

    if (op != LEAT_EPOLL_CTL_ADD && op != LEAT_EPOLL_CTL_DEL && op != LEAT_EPOLL_CTL_MOD)
        return -LEAT_EINVAL;
    if (op == LEAT_EPOLL_CTL_ADD && watch)
        return -LEAT_EEXIST;
    if (op != LEAT_EPOLL_CTL_ADD && !watch)
        return -LEAT_ENOENT;
    if (op == LEAT_EPOLL_CTL_DEL) {
        watch_free(watch);
        return 0;
    }
    if (op == LEAT_EPOLL_CTL_ADD)
        watch = watch_new(epoll, socket, fd);
    if (!watch)
        return -LEAT_ENOSPC;
    watch_for(watch, event);
    return 0;
}

int leat_bsd_epoll_ctl(struct leat_sockets *sockets, int epoll, int op, int fd,
                       const struct leat_epoll_event *event)
{
    struct socket *set = socket_take(sockets, epoll);
    struct socket *socket = socket_take(sockets, fd);
    int error;

    if (!event && op != LEAT_EPOLL_CTL_DEL)
        error = -LEAT_EFAULT;
    else if (!set || !socket)
        error = -LEAT_EBADF;
    else if (set->kind != SOCKET_EPOLL || socket->kind == SOCKET_EPOLL)
        error = -LEAT_EINVAL; /* an epoll watches no epoll */
    else
        error = change(set, op, socket, fd, event);
    if (socket)
        socket_give(socket);
    if (set)
        socket_give(set);
    return error;
}

/* ---- epoll_wait ----------------------------------------------------------------------------- */

/* Tells at most @count events, and takes watches without events out of the list. */
static int tell(struct socket *epoll, struct leat_epoll_event *events, int count)
{
    struct ring looked_at;
    int told = 0;

    ring_init(&looked_at);
    while (told < count && !ring_is_empty(&epoll->changed)) {
        struct watch *watch = container_of(epoll->changed.next, struct watch, changed);
        const uint32_t ready = socket_ready(watch->socket) & watch->events & EVENTS;

        ring_remove(&watch->changed);
        if (!ready)
            continue;
        events[told++] = (struct leat_epoll_event){ready, watch->data};
        if (watch->events & LEAT_EPOLLONESHOT)
            watch->events &= ~(uint32_t)EVENTS;
        else if (!(watch->events & LEAT_EPOLLET))
            ring_put(&looked_at, &watch->changed);
    }
    /* behind those that had no turn */
    while (!ring_is_empty(&looked_at)) {
        struct ring *node = looked_at.next;

        ring_remove(node);
        ring_put(&epoll->changed, node);
    }
    return told;
}

static int wait_for(struct socket *epoll, struct leat_epoll_event *events, int count,
                    int timeout_ms)
{
    const uint64_t deadline_ns = timeout_deadline(epoll->sockets, timeout_ms);

    for (;;) {
        const int told = tell(epoll, events, count);
        const int error = told > 0 ? 0 : socket_wait(epoll, deadline_ns);

        if (told > 0)
            return told;
        if (error)
            return error == -LEAT_EAGAIN ? 0 : error;
    }
}

int leat_bsd_epoll_wait(struct leat_sockets *sockets, int epoll, struct leat_epoll_event *events,
                        int count, int timeout_ms)
{
    struct socket *set;
    int told;

    if (count <= 0)
        return -LEAT_EINVAL;
    if (!events)
        return -LEAT_EFAULT;
    set = socket_take(sockets, epoll);
    if (!set)
        return -LEAT_EBADF;
    told = set->kind == SOCKET_EPOLL ? wait_for(set, events, count, timeout_ms) : -LEAT_EINVAL;
    socket_give(set);
    return told;
}
