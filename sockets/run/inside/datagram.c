/*
 * datagram.c -- datagrams: each passes the kernel's SOCK_SEQPACKET behind a header with the peer's
 * address.
 */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "inside.h"

enum {
    PIECES_MAX = 64 /* iovecs beyond these are put together */
};

static size_t total_of(const struct iovec *pieces, size_t count)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += pieces[i].iov_len;
    return total;
}

/* Puts @header in front of the pieces of @message. False: there are too many. */
static bool with_header(struct iovec pieces[PIECES_MAX + 1], struct run_datagram *header,
                        const struct msghdr *message)
{
    if (message->msg_iovlen > PIECES_MAX) {
        errno = EMSGSIZE;
        return false;
    }
    pieces[0] = (struct iovec){header, sizeof *header};
    if (message->msg_iovlen > 0)
        memcpy(pieces + 1, message->msg_iov, message->msg_iovlen * sizeof *pieces);
    return true;
}

ssize_t datagram_receive(int fd, const struct ours *ours, struct msghdr *message, int flags)
{
    struct iovec pieces[PIECES_MAX + 1];
    struct run_datagram header = {.error = 0};
    struct msghdr whole = {.msg_iov = pieces, .msg_iovlen = message->msg_iovlen + 1};
    const size_t room = total_of(message->msg_iov, message->msg_iovlen);
    socklen_t name_len = message->msg_namelen;
    size_t bytes;
    ssize_t got;

    if ((flags & (MSG_OOB | MSG_ERRQUEUE)) || !with_header(pieces, &header, message)) {
        errno = flags & MSG_ERRQUEUE ? EAGAIN : flags & MSG_OOB ? EOPNOTSUPP : EMSGSIZE;
        return -1;
    }
    got = NEXT(recvmsg)(fd, &whole, flags | MSG_TRUNC);
    message->msg_flags = whole.msg_flags & ~MSG_EOR;
    if (got < 0)
        return got;
    if (got < (ssize_t)sizeof header) { /* shutdown(), or the server has ended */
        message->msg_namelen = 0;
        message->msg_controllen = 0;
        return 0;
    }
    if (header.error) {
        if (flags & MSG_PEEK) /* as with SO_ERROR, it is seen once */
            datagram_error(fd);
        errno = header.error;
        return -1;
    }
    bytes = (size_t)got - sizeof header;
    if (bytes > room)
        message->msg_flags |= MSG_TRUNC;
    control_write(message, ours->family, &header);
    endpoint_write(ours->family, &header.peer, message->msg_name, &name_len);
    message->msg_namelen = message->msg_name ? name_len : 0;
    return (ssize_t)(bytes > room && !(flags & MSG_TRUNC) ? room : bytes);
}

/* Asks the server only until it has said yes. */
static bool has_peer(int fd, const struct ours *ours)
{
    struct run_request request = {.call = RUN_NAMES};
    struct run_reply reply;

    if (kind_guess(fd) == KIND_DATAGRAM_TO)
        return true;
    if (ask(ours, &request, &reply) || reply.remote.port == 0)
        return false;
    kind_note(fd, KIND_DATAGRAM_TO);
    return true;
}

ssize_t datagram_send(int fd, const struct ours *ours, const struct msghdr *message, int flags)
{
    struct iovec pieces[PIECES_MAX + 1];
    struct run_datagram header = {.local = endpoint_any(ours->family), .ttl = -1, .tos = -1};
    const struct msghdr whole = {.msg_iov = pieces, .msg_iovlen = message->msg_iovlen + 1};
    int error = 0;
    ssize_t put;

    if (message->msg_name && message->msg_namelen > 0) {
        error = endpoint_read(ours->family, message->msg_name, message->msg_namelen, &header.peer);
        if (!error && header.peer.port == 0)
            error = EINVAL;
    } else {
        error = has_peer(fd, ours) ? 0 : EDESTADDRREQ;
    }
    if (!error && (flags & MSG_OOB))
        error = EOPNOTSUPP;
    if (!error && message->msg_controllen > 0)
        error = control_read(message, &header);
    if (!error && total_of(message->msg_iov, message->msg_iovlen) >
                      (ours->family == '4' ? 65507u : (unsigned)RUN_DATAGRAM_BYTES))
        error = EMSGSIZE;
    if (error) {
        errno = error;
        return -1;
    }
    if (!with_header(pieces, &header, message))
        return -1;
    put = NEXT(sendmsg)(fd, &whole, (flags & MSG_DONTWAIT) | MSG_NOSIGNAL);
    return put < 0 ? put : put - (ssize_t)sizeof header;
}

int datagram_error(int fd)
{
    struct run_datagram header;

    if (NEXT(recv)(fd, &header, sizeof header, MSG_PEEK | MSG_DONTWAIT) != (ssize_t)sizeof header ||
        header.error == 0)
        return 0;
    NEXT(recv)(fd, &header, sizeof header, MSG_DONTWAIT);
    return header.error;
}
