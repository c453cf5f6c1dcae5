/*
 * stream.c -- data of a connection.
 *
 * The kernel's socket does it. The errors are left: the server can only close its end. So the
 * reason is asked for where a stream was reset, or could not be opened.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "fast.h"

/* True if nothing can come any more and nothing can be sent. */
static bool has_ended(int fd)
{
    struct pollfd look = {.fd = fd};

    return NEXT(poll)(&look, 1, 0) == 1 && (look.revents & POLLHUP);
}

/* The errno behind the end of a stream, or behind a refused write: the server's, or @error. */
static int real_error(int fd, int error)
{
    struct ours ours;
    int why;

    if (!ours_look(fd, &ours) || ours.kind != KIND_STREAM)
        return error;
    if (error == EINVAL && !ours.connected)
        return ENOTCONN; /* TCP's error for recv() */
    if (!ours.connected || !has_ended(fd))
        return error;
    why = ask_why(&ours);
    return why ? why : error;
}

ssize_t stream_receive(int fd, struct msghdr *message, int flags)
{
    struct fast fast;
    ssize_t got;
    int error;

    if (flags & MSG_OOB) {
        errno = EINVAL; /* as Linux without urgent data */
        return -1;
    }
    message->msg_name = NULL;
    message->msg_namelen = 0;
    got = fast_find(fd, &fast) ? fast_receive(&fast, message, flags)
                               : NEXT(recvmsg)(fd, message, flags & ~MSG_TRUNC);
    if (got > 0 || (got < 0 && errno != ECONNRESET && errno != EINVAL))
        return got;
    if (got == 0 && message->msg_iovlen > 0 && message->msg_iov[0].iov_len == 0)
        return 0; /* nothing was asked for */
    error = real_error(fd, got < 0 ? errno : 0);
    if (error) {
        errno = error;
        return -1;
    }
    return 0;
}

ssize_t stream_send(int fd, const struct msghdr *message, int flags)
{
    struct msghdr plain = *message;
    struct fast fast;
    ssize_t put;
    int error;

    if (flags & MSG_OOB) {
        errno = EOPNOTSUPP;
        return -1;
    }
    if (fast_find(fd, &fast))
        return fast_send(&fast, message, flags);
    plain.msg_name = NULL;
    plain.msg_namelen = 0;
    put = NEXT(sendmsg)(fd, &plain, flags | MSG_NOSIGNAL);
    if (put >= 0 || (errno != EPIPE && errno != ECONNRESET && errno != ENOTCONN))
        return put;
    error = errno == ENOTCONN ? EPIPE : real_error(fd, errno);
    if (error == EPIPE && !(flags & MSG_NOSIGNAL))
        raise(SIGPIPE);
    errno = error;
    return -1;
}
