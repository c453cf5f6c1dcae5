/* listen.c -- listen() and accept(). */
#include "sockets/calls/inside.h"

#include "core/assert.h"

/* ---- the next connection --------------------------------------------------------------------- */

/* Takes the connection that has waited longest into @made. False: there is none. */
static bool take(const struct socket *listener, struct socket *made)
{
    struct leat_tcp_info info;

    leat_debug_assert(listener->state == SOCKET_LISTENING);
    made->conn = leat_tcp_accept(listener->listener, &stream_events, made);
    if (!made->conn)
        return false;
    leat_tcp_get_info(made->conn, &info);
    made->local = info.local;
    made->peer = info.remote;
    made->state = SOCKET_CONNECTED;
    made->connect_told = true;
    made->options = listener->options;
    stream_apply_options(made);
    return true;
}

/* Takes one, if there is any, so that poll() knows of it. */
static void look_ahead(struct socket *listener)
{
    struct socket *made;

    if (listener->next)
        return;
    made = socket_new(listener->sockets, listener->ops, listener->is_v6);
    listener->is_short = !made;
    if (!made)
        return;
    if (take(listener, made))
        listener->next = made;
    else
        socket_give(made);
}

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    (void)listener;
    look_ahead(arg);
    socket_changed(arg);
}

/* ---- listen -------------------------------------------------------------------------------- */

static uint16_t backlog_of(int backlog)
{
    if (backlog < 0 || backlog > LEAT_SOMAXCONN)
        backlog = LEAT_SOMAXCONN;
    /* Linux takes one more than is asked for, so 0 is a backlog, too */
    return (uint16_t)(backlog + 1);
}

static int start(struct socket *socket, int backlog)
{
    struct leat_tcp_listen_config config = {.backlog = backlog_of(backlog),
                                            .on_acceptable = on_acceptable,
                                            .arg = socket,
                                            .send_queue_bytes =
                                                (uint32_t)socket->options.send_bytes,
                                            .congestion = socket->options.congestion};
    int error = socket_bind_any(socket);

    if (error)
        return error;
    if (port_is_listened_to(socket))
        return -LEAT_EADDRINUSE;
    config.port = socket->local.port;
    config.ip = leat_ip_is_any(socket->local.ip) ? socket_any(socket) : socket->local.ip;
    config.v6_only = socket->options.v6_only && leat_ip_equal(config.ip, LEAT_IP_ANY);
    error = error_number(leat_tcp_listen(socket->sockets->stack, &socket->listener, &config));
    if (error) {
        socket->listener = NULL;
        return error;
    }
    socket->state = SOCKET_LISTENING;
    socket->shut = 0;
    return 0;
}

static int listen_on(struct socket *socket, int backlog)
{
    if (!socket_is_real(socket))
        return -LEAT_ENOTSOCK;
    if (socket->kind != SOCKET_STREAM)
        return -LEAT_EOPNOTSUPP;
    if (socket->state == SOCKET_LISTENING)
        return 0; /* the backlog stays */
    return socket->state == SOCKET_IDLE ? start(socket, backlog) : -LEAT_EINVAL;
}

int leat_bsd_listen(struct leat_sockets *sockets, int fd, int backlog)
{
    struct socket *socket = socket_take(sockets, fd);
    int error;

    if (!socket)
        return -LEAT_EBADF;
    error = listen_on(socket, backlog);
    socket_give(socket);
    return error;
}

/* ---- accept -------------------------------------------------------------------------------- */

/* The next connection, after a wait if there is none; the caller's. NULL: *@error. */
static struct socket *wait_for_one(struct socket *listener, int *error)
{
    const uint64_t deadline_ns = socket_deadline(listener, listener->options.receive_ns, 0);
    struct socket *made;

    for (*error = 0; !*error; *error = socket_wait(listener, deadline_ns)) {
        /* shutdown() has ended the listener while we waited */
        if (listener->state != SOCKET_LISTENING) {
            *error = -LEAT_EINVAL;
            return NULL;
        }
        look_ahead(listener);
        made = listener->next;
        listener->next = NULL;
        if (made) {
            look_ahead(listener);
            return made;
        }
        if (listener->is_short) {
            *error = -LEAT_ENFILE;
            return NULL;
        }
    }
    return NULL;
}

/* The connection for the reserved descriptor @fd. */
static int accept_for(struct socket *listener, int fd, void *address, uint32_t *len, int flags)
{
    int error;
    struct socket *made = wait_for_one(listener, &error);

    if (!made)
        return error;
    error = address_write(made->is_v6, &made->peer, address, len);
    if (error) {
        socket_give(made);
        return error;
    }
    made->nonblocking = (flags & LEAT_SOCK_NONBLOCK) != 0;
    descriptor_open(listener->sockets, fd, made, flags);
    listener->sockets->counts.accepted++;
    return 0;
}

static int accept_from(struct socket *listener, void *address, uint32_t *len, int flags)
{
    int fd, error;

    if (listener->kind != SOCKET_STREAM)
        return socket_is_real(listener) ? -LEAT_EOPNOTSUPP : -LEAT_ENOTSOCK;
    if (listener->state != SOCKET_LISTENING)
        return -LEAT_EINVAL;
    /* The descriptor first, as on Linux: without one the connection goes on waiting. */
    fd = descriptor_reserve(listener->sockets, 0);
    if (fd < 0)
        return fd;
    error = accept_for(listener, fd, address, len, flags);
    if (error)
        descriptor_open(listener->sockets, fd, NULL, 0);
    return error ? error : fd;
}

int leat_bsd_accept4(struct leat_sockets *sockets, int fd, void *address, uint32_t *len, int flags)
{
    struct socket *socket;
    int accepted;

    if (flags & ~(LEAT_SOCK_NONBLOCK | LEAT_SOCK_CLOEXEC))
        return -LEAT_EINVAL;
    socket = socket_take(sockets, fd);
    if (!socket)
        return -LEAT_EBADF;
    accepted = accept_from(socket, address, len, flags);
    socket_give(socket);
    return accepted;
}
