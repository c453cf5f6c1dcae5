/* wait.c -- tasks that wait for a socket, or for several. */
#include "sockets/calls/inside.h"

#include "task/tasks.h"

void sockets_wake(const struct ring *ring)
{
    for (struct ring *node = ring->next; node != ring; node = node->next)
        task_wake(container_of(node, struct waiter, ring)->task, LEAT_OK);
}

/* Wakes those that wait for @socket itself. */
static void wake(struct socket *socket)
{
    sockets_wake(&socket->waiters);
    /* A poll looks at all of its sockets again, and marks those that it then waits for. */
    if (socket->is_polled) {
        socket->is_polled = false;
        sockets_wake(&socket->sockets->pollers);
    }
}

void socket_changed(struct socket *socket)
{
    wake(socket);
    for (struct ring *node = socket->watches.next; node != &socket->watches; node = node->next) {
        struct watch *watch = container_of(node, struct watch, of_socket);

        watch_mark(watch);
        wake(watch->epoll);
    }
}

int sockets_wait(struct leat_sockets *sockets, struct ring *ring, uint64_t deadline_ns)
{
    struct leat_task *task = task_running(sockets->tasks);
    struct waiter waiter = {.task = NULL};
    enum leat_err err;

    /* A deadline of 0 is that of a call that must not wait. */
    if (!task || deadline_ns == 0)
        return -LEAT_EAGAIN;
    ring_put(ring, &waiter.ring);
    err = task_wait(task, &waiter.task, deadline_ns);
    ring_remove(&waiter.ring);
    if (!err)
        return 0;
    return err == LEAT_ERR_CANCELLED ? -LEAT_ECANCELED : -LEAT_EAGAIN;
}

int socket_wait(struct socket *socket, uint64_t deadline_ns)
{
    return sockets_wait(socket->sockets, &socket->waiters, deadline_ns);
}

uint64_t socket_deadline(const struct socket *socket, uint64_t ns, int flags)
{
    if (socket->nonblocking || (flags & LEAT_MSG_DONTWAIT))
        return 0;
    return ns == 0 ? LEAT_NEVER_NS : service_now_ns(socket->sockets->stack) + ns;
}
