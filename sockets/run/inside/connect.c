/*
 * connect.c -- connect().
 *
 * The server is told first: it knows at once if there is no route. Then the kernel's socket is
 * connected to the server, and its send buffer filled. It can't be written until the server reads
 * this filler, as soon as the connection is there. If there will be none, the server closes
 * its end with the filler unread, which the kernel reports as an error of the socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/time.h>
#include <unistd.h>

#include "fast.h"

enum {
    FILLER_MAX = 1 << 20
};

/* How many bytes make the kernel say that a socket can't be written: it says so beyond a quarter of
 * the buffer (unix_writable()). */
static uint32_t filler_of(int fd)
{
    int bytes = 0;
    socklen_t len = sizeof bytes;

    if (NEXT(getsockopt)(fd, SOL_SOCKET, SO_SNDBUF, &bytes, &len) || bytes <= 0)
        return FILLER_MAX;
    return bytes / 4 + 1 > FILLER_MAX ? FILLER_MAX : (uint32_t)bytes / 4 + 1;
}

/* 0, or an errno. */
static int fill(int fd, uint32_t bytes)
{
    static const char zeros[4096];

    while (bytes > 0) {
        struct iovec pieces[16];
        struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 0};
        uint32_t left = bytes;
        ssize_t put;

        while (left > 0 && message.msg_iovlen < sizeof pieces / sizeof *pieces) {
            const uint32_t part = left < sizeof zeros ? left : (uint32_t)sizeof zeros;

            pieces[message.msg_iovlen++] = (struct iovec){(void *)(uintptr_t)zeros, part};
            left -= part;
        }
        put = NEXT(sendmsg)(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (put < 0)
            return errno;
        bytes -= (uint32_t)put;
    }
    return 0;
}

/* Waits until the connection is there or has failed; as connect() of a socket that blocks. */
static int await(int fd, const struct ours *ours)
{
    struct pollfd look = {.fd = fd, .events = POLLOUT};
    struct timeval limit = {0};
    socklen_t len = sizeof limit;
    int ready, error;

    NEXT(getsockopt)(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &len);
    ready = NEXT(poll)(&look, 1,
                       limit.tv_sec > 0 || limit.tv_usec > 0
                           ? (int)(limit.tv_sec * 1000 + limit.tv_usec / 1000)
                           : -1);
    if (ready < 0)
        return errno;
    if (ready == 0)
        return EINPROGRESS;
    if (!(look.revents & (POLLERR | POLLHUP)))
        return 0;
    error = ask_why(ours);
    len = sizeof ready;
    NEXT(getsockopt)(fd, SOL_SOCKET, SO_ERROR, &ready, &len); /* it has been told */
    return error ? error : look.revents & POLLERR ? ECONNABORTED : 0;
}

/* Puts a fresh socket in the place of one whose connection has failed. */
static int renew(int fd, struct ours *ours)
{
    struct run_socket_name name = {.kind = 'p', .family = ours->family, .type = 's'};
    const int flags = NEXT(fcntl)(fd, F_GETFL), kept = NEXT(fcntl)(fd, F_GETFD);
    const int fresh = NEXT(socket)(
        AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (flags & O_NONBLOCK ? SOCK_NONBLOCK : 0), 0);
    struct sockaddr_un address;
    int error = 0;

    if (fresh < 0)
        return errno;
    if (getrandom(&name.id, sizeof name.id, 0) != (ssize_t)sizeof name.id ||
        NEXT(bind)(fresh, (struct sockaddr *)&address,
                   run_address(&address, run_name(), &name, sizeof name)) ||
        NEXT(dup3)(fresh, fd, kept & FD_CLOEXEC ? O_CLOEXEC : 0) < 0)
        error = errno;
    NEXT(close)(fresh);
    fast_forget(fd);
    if (!error)
        ours_look(fd, ours);
    return error;
}

/* connect() of a socket that is, or was, under way: 0 means that it may begin again. */
static int state_of(const struct ours *ours)
{
    struct run_request request = {.call = RUN_NAMES};
    struct run_reply reply;
    const int error = ask(ours, &request, &reply);
    int why;

    if (error == EINPROGRESS)
        return EALREADY;
    if (!error && reply.remote.port != 0)
        return EISCONN;
    why = ask_why(ours);
    return ours->accepted ? EISCONN : why;
}

/* Tells the server, and joins the kernel's socket to it. EINPROGRESS, or another errno. */
static int begin(int fd, const struct ours *ours, const struct run_endpoint *remote)
{
    struct run_request request = {.call = RUN_CONNECT, .endpoint = *remote, .value = filler_of(fd)};
    struct run_reply reply;
    struct sockaddr_un address;
    const socklen_t len = run_address(&address, run_name(), "s", 1);
    int error;

    /* first: nothing slow between the server's connect() and ours */
    if (fast_is_on())
        fast_prepare();
    error = ask(ours, &request, &reply);
    if (error != EINPROGRESS)
        return error;
    if (NEXT(connect)(fd, (struct sockaddr *)&address, len))
        return errno == ECONNREFUSED ? ENETDOWN : errno;
    error = fill(fd, request.value);
    if (error) { /* it has failed already */
        const int why = ask_why(ours);

        return why ? why : error;
    }
    if (fast_is_on())
        fast_attach(fd, reply.place);
    return EINPROGRESS;
}

static int connect_stream(int fd, struct ours *ours, const struct run_endpoint *remote)
{
    struct watches watches = {.count = 0};
    int error = ours->connected ? state_of(ours) : 0;

    if (!error && ours->connected) {
        watches_find(fd, &watches);
        error = renew(fd, ours);
    }
    if (!error)
        error = begin(fd, ours, remote);
    watches_make(fd, &watches); /* a socket that isn't joined to the server would be EPOLLHUP */
    if (error != EINPROGRESS)
        return error;
    return NEXT(fcntl)(fd, F_GETFL) & O_NONBLOCK ? EINPROGRESS : await(fd, ours);
}

/* AF_UNSPEC ends the association of a socket of UDP (POSIX). */
static int connect_datagrams(int fd, const struct ours *ours, const struct sockaddr *address,
                             const struct run_endpoint *remote)
{
    const bool ends = address->sa_family == AF_UNSPEC;
    struct run_request request = {.call = ends ? RUN_DISCONNECT : RUN_CONNECT, .endpoint = *remote};
    struct run_reply reply;
    const int error = ask(ours, &request, &reply);

    if (!error)
        kind_note(fd, ends ? KIND_DATAGRAM : KIND_DATAGRAM_TO);
    return error;
}

EXPORT int connect(int fd, const struct sockaddr *address, socklen_t len)
{
    struct run_endpoint remote = {.port = 0};
    struct ours ours;
    int error;

    if (!ours_find(fd, &ours))
        return NEXT(connect)(fd, address, len);
    if (!address || len < sizeof address->sa_family)
        return fail(EINVAL);
    if (address->sa_family == AF_UNSPEC && ours.kind == KIND_STREAM)
        return fail(EOPNOTSUPP);
    error = address->sa_family == AF_UNSPEC ? 0 : endpoint_read(ours.family, address, len, &remote);
    if (error)
        return fail(error);
    return fail(ours.kind == KIND_STREAM ? connect_stream(fd, &ours, &remote)
                                         : connect_datagrams(fd, &ours, address, &remote));
}
