/* watch.c -- which descriptors an epoll watches, and which of them have changed. */
#include "sockets/calls/inside.h"

#include "core/assert.h"

struct watch *watch_find(const struct socket *epoll, const struct socket *socket, int fd)
{
    for (struct ring *node = socket->watches.next; node != &socket->watches; node = node->next) {
        struct watch *watch = container_of(node, struct watch, of_socket);

        if (watch->epoll == epoll && watch->fd == fd)
            return watch;
    }
    return NULL;
}

struct watch *watch_new(struct socket *epoll, struct socket *socket, int fd)
{
    struct ring *free = &epoll->sockets->free_watches;
    struct watch *watch;

    if (ring_is_empty(free))
        return NULL;
    watch = container_of(free->next, struct watch, of_epoll);
    ring_remove(&watch->of_epoll);
    *watch = (struct watch){.epoll = epoll, .socket = socket, .fd = fd};
    ring_put(&epoll->watched, &watch->of_epoll);
    ring_put(&socket->watches, &watch->of_socket);
    return watch;
}

void watch_free(struct watch *watch)
{
    leat_debug_assert(watch->epoll->kind == SOCKET_EPOLL);
    ring_remove(&watch->changed);
    ring_remove(&watch->of_socket);
    ring_remove(&watch->of_epoll);
    ring_put(&watch->epoll->sockets->free_watches, &watch->of_epoll);
}

void watch_mark(struct watch *watch)
{
    if (!ring_is_in(&watch->changed))
        ring_put(&watch->epoll->changed, &watch->changed);
}

void watches_forget(struct socket *socket)
{
    while (!ring_is_empty(&socket->watches))
        watch_free(container_of(socket->watches.next, struct watch, of_socket));
}
