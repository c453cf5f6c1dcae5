/*
 * send.c -- the calls that send, and streams.
 *
 * A stream copies into the send queue of its connection. A call that waits returns when all bytes
 * are queued. A call that may not wait returns the number that the queue has taken.
 */
#include "sockets/calls/inside.h"

enum {
    ENOUGH = 65536 /* room that is worth a wake-up */
};

/* ---- streams ------------------------------------------------------------------------------- */

/* Why nothing can be sent: -LEAT_EAGAIN may change. Linux's sk_stream_error(): an error that was
 * not told yet comes before a broken pipe. */
static int hindrance(struct socket *socket)
{
    int error;

    if (socket->state == SOCKET_CONNECTING)
        return -LEAT_EAGAIN;
    error = socket_take_error(socket);
    if (error)
        return error;
    if (socket->state != SOCKET_CONNECTED || (socket->shut & SHUT_WRITE) || !socket->conn)
        return -LEAT_EPIPE;
    return 0;
}

/* Queues what there is room for. */
static int put(struct socket *socket, struct parts *parts, size_t *done)
{
    enum leat_err err = LEAT_OK;
    size_t len = 0, taken;
    const uint8_t *at;

    while (!err && (at = parts_here(parts, &len))) {
        err = leat_tcp_write(socket->conn, at, len, &taken);
        parts_advance(parts, taken);
        *done += taken;
        if (!err && taken < len)
            err = LEAT_ERR_FULL;
    }
    if (err == LEAT_ERR_FULL || err == LEAT_OK)
        return error_number(err);
    /* the connection has ended, and its callback will say why */
    return -LEAT_EAGAIN;
}

intptr_t stream_send(struct socket *socket, struct parts *parts, int flags)
{
    const uint64_t deadline_ns = socket_deadline(socket, socket->options.send_ns, flags);
    const size_t len = (size_t)parts_total(parts);
    size_t done = 0;
    int error = 0;

    if (flags & LEAT_MSG_OOB)
        return -LEAT_EOPNOTSUPP;
    for (;;) {
        error = hindrance(socket);
        if (!error)
            error = put(socket, parts, &done);
        if (error != -LEAT_EAGAIN)
            break;
        if (socket->state == SOCKET_CONNECTED && socket->conn)
            leat_tcp_want_room(socket->conn, len - done < ENOUGH ? (uint32_t)(len - done) : ENOUGH);
        error = socket_wait(socket, deadline_ns);
        if (error)
            break;
    }
    return done > 0 ? (intptr_t)done : error;
}

/* ---- all kinds ----------------------------------------------------------------------------- */

/* Where a datagram goes: the address of the call, or that of connect(). */
static intptr_t send_datagram(struct socket *socket, struct parts *parts, int flags,
                              const void *address, uint32_t len)
{
    struct leat_endpoint peer;
    int error;

    if (!address)
        return datagram_send(socket, parts, flags, NULL);
    /* Linux takes AF_UNSPEC for AF_INET here */
    error = address_read(socket->is_v6, address, len, &peer);
    if (error)
        return error;
    return datagram_send(socket, parts, flags, &peer);
}

static intptr_t send_any(struct socket *socket, struct parts *parts, int flags, const void *address,
                         uint32_t len)
{
    const intptr_t total = parts_total(parts);

    if (!socket_is_real(socket))
        return -LEAT_ENOTSOCK;
    if (total < 0)
        return total;
    if (socket->kind == SOCKET_DATAGRAM)
        return send_datagram(socket, parts, flags, address, len);
    return stream_send(socket, parts, flags); /* the address of a stream is that of connect() */
}

intptr_t leat_bsd_sendmsg(struct leat_sockets *sockets, int fd, const struct leat_msghdr *message,
                          int flags)
{
    struct parts parts = {.parts = message->msg_iov, .count = message->msg_iovlen};
    struct socket *socket = socket_take(sockets, fd);
    intptr_t result;

    if (!socket)
        return -LEAT_EBADF;
    if (message->msg_iovlen > LEAT_IOV_MAX)
        result = -LEAT_EMSGSIZE;
    else if (message->msg_controllen > 0 && message->msg_control)
        result = -LEAT_EINVAL; /* control data would be lost */
    else
        result =
            send_any(socket, &parts, flags, message->msg_namelen > 0 ? message->msg_name : NULL,
                     message->msg_namelen);
    socket_give(socket);
    return result;
}

intptr_t leat_bsd_sendto(struct leat_sockets *sockets, int fd, const void *bytes, size_t len,
                         int flags, const void *address, uint32_t address_len)
{
    /* it is only read: a part has no other type for bytes to send */
    struct leat_iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
    struct parts parts = {.parts = &part, .count = 1};
    struct socket *socket = socket_take(sockets, fd);
    intptr_t result;

    if (!socket)
        return -LEAT_EBADF;
    result = send_any(socket, &parts, flags, address, address_len);
    socket_give(socket);
    return result;
}

intptr_t leat_bsd_send(struct leat_sockets *sockets, int fd, const void *bytes, size_t len,
                       int flags)
{
    return leat_bsd_sendto(sockets, fd, bytes, len, flags, NULL, 0);
}

intptr_t leat_bsd_write(struct leat_sockets *sockets, int fd, const void *bytes, size_t len)
{
    struct socket *socket = socket_take(sockets, fd);
    intptr_t result;

    if (!socket)
        return -LEAT_EBADF;
    if (socket->kind == SOCKET_EPOLL)
        result = -LEAT_EINVAL;
    else if (socket->kind == SOCKET_EVENT)
        result = event_write(socket, bytes, len);
    else
        result = leat_bsd_sendto(sockets, fd, bytes, len, 0, NULL, 0);
    socket_give(socket);
    return result;
}
