/*
 * receive.c -- the calls that receive, and streams.
 *
 * A stream copies from the connection straight to the program. Data that a peek has looked at is
 * taken from the connection into `unread`, and its window stays closed until the program takes it.
 */
#include "sockets/calls/inside.h"

#include "core/assert.h"

enum {
    PART_MAX = 1 << 30
};

/* ---- streams ------------------------------------------------------------------------------- */

/* Takes what there is into one place. */
static size_t take(struct socket *socket, uint8_t *bytes, size_t len)
{
    size_t done = 0;

    if (socket->unread) {
        done = leat_buf_read(socket->unread, 0, bytes, (uint32_t)(len < PART_MAX ? len : PART_MAX));
        socket->unread = leat_buf_consume(socket->unread, (uint32_t)done);
        if (socket->conn)
            leat_tcp_consumed(socket->conn, (uint32_t)done);
    }
    if (done < len && socket->conn)
        done += leat_tcp_read(socket->conn, bytes + done, len - done);
    return done;
}

static size_t take_all(struct socket *socket, struct parts *parts)
{
    size_t done = 0, room, taken;
    uint8_t *at;

    while ((at = parts_here(parts, &room))) {
        taken = take(socket, at, room);
        parts_advance(parts, taken);
        done += taken;
        if (taken < room)
            break;
    }
    return done;
}

/* Looks at the first @len bytes, from the start of @parts, which is a copy. */
static size_t peek(struct socket *socket, struct parts parts, size_t len)
{
    const uint32_t have = leat_buf_total(socket->unread);
    struct leat_buf *more = NULL;

    if (len > PART_MAX)
        len = PART_MAX;
    if (have < len && socket->conn)
        more = leat_tcp_receive(socket->conn, (uint32_t)len - have);
    if (more && socket->unread)
        leat_buf_append(socket->unread, more);
    else if (more)
        socket->unread = more;
    return parts_take(&parts, socket->unread, 0, len);
}

/* With LEAT_MSG_TRUNC the bytes are dropped (tcp(7)). */
static size_t drop(struct socket *socket, size_t len)
{
    uint8_t away[256];
    size_t done = 0, part;

    do {
        part = len - done < sizeof away ? len - done : sizeof away;
        part = take(socket, away, part);
        done += part;
    } while (part > 0);
    return done;
}

/* Why nothing can be received: 0 is the end, and -LEAT_EAGAIN may change. Linux's order. */
static int nothing(struct socket *socket)
{
    int error;

    if (stream_is_at_end(socket)) {
        socket->peer_closed = true;
        return 0;
    }
    error = socket_take_error(socket);
    if (error)
        return error;
    if (socket->shut & SHUT_READ)
        return 0;
    if (socket->state == SOCKET_CONNECTED || socket->state == SOCKET_CONNECTING)
        return -LEAT_EAGAIN;
    return -LEAT_ENOTCONN;
}

/* Receives what there is, behind the @done bytes of this call; a peek begins again. Returns the
 * bytes of the call so far. */
static size_t receive_some(struct socket *socket, struct parts *parts, size_t len, size_t done,
                           int flags)
{
    if (len == 0)
        return 0;
    if (flags & LEAT_MSG_PEEK)
        return peek(socket, *parts, len);
    return done + (flags & LEAT_MSG_TRUNC ? drop(socket, len - done) : take_all(socket, parts));
}

/* Waits until more can be received than a peek has seen. 0: the end. */
static int wait_for_data(struct socket *socket, uint64_t deadline_ns, bool *is_over)
{
    int error = -LEAT_EAGAIN;

    if (stream_readable(socket) == leat_buf_total(socket->unread))
        error = nothing(socket);
    *is_over = error != -LEAT_EAGAIN;
    return *is_over ? error : socket_wait(socket, deadline_ns);
}

intptr_t stream_receive(struct socket *socket, struct parts *parts, int flags)
{
    const uint64_t deadline_ns = socket_deadline(socket, socket->options.receive_ns, flags);
    const size_t len = (size_t)parts_total(parts);
    const size_t wanted = (flags & LEAT_MSG_WAITALL) && len > 0 ? len : 1;
    bool is_over = false;
    size_t done = 0;
    int error = 0;

    leat_debug_assert(socket->kind == SOCKET_STREAM);
    if (socket->state == SOCKET_LISTENING)
        return -LEAT_ENOTCONN;
    if (flags & LEAT_MSG_OOB)
        return -LEAT_EINVAL; /* urgent data is a part of the stream (RFC 6093) */
    while (!error && !is_over) {
        done = receive_some(socket, parts, len, done, flags);
        /* a call for no bytes waits for data, too */
        if (done >= wanted || (len == 0 && stream_readable(socket) > 0))
            break;
        /* the next call tells the error, behind this one's data */
        if (done > 0 && socket->error)
            break;
        error = wait_for_data(socket, deadline_ns, &is_over);
    }
    return done > 0 ? (intptr_t)done : error;
}

/* ---- all kinds ----------------------------------------------------------------------------- */

static intptr_t receive(struct socket *socket, struct parts *parts, int flags,
                        struct received *received)
{
    const intptr_t total = parts_total(parts);

    *received = (struct received){.flags = 0};
    if (!socket_is_real(socket))
        return -LEAT_ENOTSOCK;
    if (total < 0)
        return total;
    if (flags & LEAT_MSG_ERRQUEUE)
        return -LEAT_EAGAIN; /* it is always empty */
    if (socket->kind == SOCKET_DATAGRAM)
        return datagram_receive(socket, parts, flags, received);
    return stream_receive(socket, parts, flags);
}

intptr_t leat_bsd_recvmsg(struct leat_sockets *sockets, int fd, struct leat_msghdr *message,
                          int flags)
{
    struct parts parts = {.parts = message->msg_iov, .count = message->msg_iovlen};
    struct socket *socket = socket_take(sockets, fd);
    struct received received;
    intptr_t result;

    if (!socket)
        return -LEAT_EBADF;
    if (message->msg_iovlen > LEAT_IOV_MAX)
        result = -LEAT_EMSGSIZE;
    else
        result = receive(socket, &parts, flags, &received);
    if (result >= 0) {
        if (received.peer.port == 0)
            message->msg_namelen = 0;
        else
            address_write(socket->is_v6, &received.peer, message->msg_name, &message->msg_namelen);
        message->msg_controllen = 0;
        message->msg_flags = received.flags;
    }
    socket_give(socket);
    return result;
}

intptr_t leat_bsd_recvfrom(struct leat_sockets *sockets, int fd, void *bytes, size_t len, int flags,
                           void *address, uint32_t *address_len)
{
    struct leat_iovec part = {.iov_base = bytes, .iov_len = len};
    struct parts parts = {.parts = &part, .count = 1};
    struct socket *socket = socket_take(sockets, fd);
    struct received received;
    intptr_t result;

    if (!socket)
        return -LEAT_EBADF;
    result = receive(socket, &parts, flags, &received);
    if (result >= 0 && address && address_len) {
        const int error = received.peer.port > 0
                              ? address_write(socket->is_v6, &received.peer, address, address_len)
                              : 0;

        if (received.peer.port == 0)
            *address_len = 0;
        result = error ? error : result;
    }
    socket_give(socket);
    return result;
}

intptr_t leat_bsd_recv(struct leat_sockets *sockets, int fd, void *bytes, size_t len, int flags)
{
    return leat_bsd_recvfrom(sockets, fd, bytes, len, flags, NULL, NULL);
}

intptr_t leat_bsd_read(struct leat_sockets *sockets, int fd, void *bytes, size_t len)
{
    struct socket *socket = socket_take(sockets, fd);
    intptr_t result;

    if (!socket)
        return -LEAT_EBADF;
    if (socket->kind == SOCKET_EPOLL)
        result = -LEAT_EINVAL;
    else if (socket->kind == SOCKET_EVENT)
        result = event_read(socket, bytes, len);
    else if (len == 0)
        result = 0; /* read(2) of nothing asks for nothing */
    else
        result = leat_bsd_recvfrom(sockets, fd, bytes, len, 0, NULL, NULL);
    socket_give(socket);
    return result;
}
