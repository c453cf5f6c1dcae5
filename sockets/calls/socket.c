/* socket.c -- socket(), connect(), shutdown(), the names of both ends, ioctl(). */
#include "sockets/calls/inside.h"

enum {
    PROTOCOL_MAX = 255
};

/* ---- socket -------------------------------------------------------------------------------- */

/* The kind for a type and a protocol, in the order of Linux's errors. */
static int kind_of(int family, int type, int protocol)
{
    if (family != LEAT_AF_INET && family != LEAT_AF_INET6)
        return -LEAT_EAFNOSUPPORT;
    if (type < LEAT_SOCK_STREAM || type > LEAT_SOCK_TYPES)
        return -LEAT_EINVAL;
    if (protocol < 0 || protocol > PROTOCOL_MAX)
        return -LEAT_EINVAL;
    if (type != LEAT_SOCK_STREAM && type != LEAT_SOCK_DGRAM)
        return -LEAT_ESOCKTNOSUPPORT;
    if (protocol != 0 &&
        protocol != (type == LEAT_SOCK_STREAM ? LEAT_IPPROTO_TCP : LEAT_IPPROTO_UDP))
        return -LEAT_EPROTONOSUPPORT;
    return type == LEAT_SOCK_STREAM ? SOCKET_STREAM : SOCKET_DATAGRAM;
}

int leat_bsd_socket(struct leat_sockets *sockets, int family, int type, int protocol)
{
    const int flags = type & (LEAT_SOCK_NONBLOCK | LEAT_SOCK_CLOEXEC);
    const int kind = kind_of(family, type & ~flags, protocol);
    const struct socket_ops *ops = kind == SOCKET_STREAM ? &stream_ops : &datagram_ops;
    struct socket *socket;
    int error = 0;

    if (kind < 0)
        return kind;
    if (family == LEAT_AF_INET6 && !service_has_ipv6(sockets->stack))
        return -LEAT_EAFNOSUPPORT;
    socket = socket_new(sockets, ops, family == LEAT_AF_INET6);
    if (!socket)
        return -LEAT_ENFILE;
    socket->nonblocking = (flags & LEAT_SOCK_NONBLOCK) != 0;
    socket->local = leat_endpoint_of(socket_any(socket), 0);
    if (kind == SOCKET_DATAGRAM)
        error = datagram_open(socket);
    if (error) {
        socket_give(socket);
        return error;
    }
    return descriptor_for(socket, 0, flags);
}

/* ---- connect ------------------------------------------------------------------------------- */

static int connect_socket(struct socket *socket, const void *address, uint32_t len)
{
    const bool is_stream = socket->kind == SOCKET_STREAM;
    const int family = address_family(address, len);
    struct leat_endpoint peer;
    int error;

    if (!socket_is_real(socket))
        return -LEAT_ENOTSOCK;
    if (family < 0)
        return family;
    if (family == LEAT_AF_UNSPEC)
        return is_stream ? stream_disconnect(socket) : datagram_disconnect(socket);
    /* these come before the address is looked at */
    if (is_stream && socket->state != SOCKET_IDLE)
        return stream_connect(socket, &socket->peer);
    error = address_read(socket->is_v6, address, len, &peer);
    if (error)
        return error;
    return is_stream ? stream_connect(socket, &peer) : datagram_connect(socket, &peer);
}

int leat_bsd_connect(struct leat_sockets *sockets, int fd, const void *address, uint32_t len)
{
    struct socket *socket = socket_take(sockets, fd);
    int error;

    if (!socket)
        return -LEAT_EBADF;
    error = connect_socket(socket, address, len);
    socket_give(socket);
    return error;
}

/* ---- shutdown ------------------------------------------------------------------------------ */

static int shut(struct socket *socket, int how)
{
    const unsigned directions = (unsigned)how + 1; /* SHUT_RD is 1, SHUT_WR 2, SHUT_RDWR 3 */

    if (!socket_is_real(socket))
        return -LEAT_ENOTSOCK;
    if (how < LEAT_SHUT_RD || how > LEAT_SHUT_RDWR)
        return -LEAT_EINVAL;
    return socket->kind == SOCKET_STREAM ? stream_shutdown(socket, directions)
                                         : datagram_shutdown(socket, directions);
}

int leat_bsd_shutdown(struct leat_sockets *sockets, int fd, int how)
{
    struct socket *socket = socket_take(sockets, fd);
    int error;

    if (!socket)
        return -LEAT_EBADF;
    error = shut(socket, how);
    socket_give(socket);
    return error;
}

/* ---- names --------------------------------------------------------------------------------- */

static int name_of(const struct socket *socket, bool of_peer, void *address, uint32_t *len)
{
    if (!socket_is_real(socket))
        return -LEAT_ENOTSOCK;
    if (of_peer && socket->state != SOCKET_CONNECTED)
        return -LEAT_ENOTCONN;
    if (!address || !len)
        return -LEAT_EFAULT;
    return address_write(socket->is_v6, of_peer ? &socket->peer : &socket->local, address, len);
}

static int tell_name(struct leat_sockets *sockets, int fd, bool of_peer, void *address,
                     uint32_t *len)
{
    struct socket *socket = socket_take(sockets, fd);
    int error;

    if (!socket)
        return -LEAT_EBADF;
    error = name_of(socket, of_peer, address, len);
    socket_give(socket);
    return error;
}

int leat_bsd_getsockname(struct leat_sockets *sockets, int fd, void *address, uint32_t *len)
{
    return tell_name(sockets, fd, false, address, len);
}

int leat_bsd_getpeername(struct leat_sockets *sockets, int fd, void *address, uint32_t *len)
{
    return tell_name(sockets, fd, true, address, len);
}

/* ---- ioctl --------------------------------------------------------------------------------- */

/* Bytes that a read gives: of datagrams those of the first. */
static int readable(const struct socket *socket, int *bytes)
{
    uint32_t first = 0;

    if (!socket_is_real(socket))
        return -LEAT_ENOTTY;
    if (socket->state == SOCKET_LISTENING)
        return -LEAT_EINVAL;
    if (socket->kind == SOCKET_STREAM)
        first = stream_readable(socket);
    else
        datagram_first(socket, &first);
    *bytes = (int)first;
    return 0;
}

int leat_bsd_ioctl(struct leat_sockets *sockets, int fd, unsigned long request, void *arg)
{
    struct socket *socket = socket_take(sockets, fd);
    int error = 0;

    if (!socket)
        return -LEAT_EBADF;
    if (!arg)
        error = -LEAT_EFAULT;
    else if (request == LEAT_FIONREAD)
        error = readable(socket, arg);
    else if (request == LEAT_FIONBIO)
        socket->nonblocking = *(const int *)arg != 0;
    else
        error = -LEAT_ENOTTY;
    socket_give(socket);
    return error;
}
