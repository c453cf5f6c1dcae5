/* options.c -- getsockopt() and setsockopt(). */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include "inside.h"

/* Options that the kernel's socket has with the same meaning. */
static bool is_kernels(int level, int name)
{
    return level == SOL_SOCKET &&
           (name == SO_RCVTIMEO || name == SO_SNDTIMEO || name == SO_RCVBUF || name == SO_SNDBUF ||
            name == SO_RCVBUFFORCE || name == SO_SNDBUFFORCE || name == SO_RCVLOWAT ||
            name == SO_ACCEPTCONN || name == SO_COOKIE);
}

EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    struct run_request request = {.call = RUN_SET, .level = level, .name = name, .len = len};
    struct run_reply reply;
    struct ours ours;

    if (!ours_find(fd, &ours) || is_kernels(level, name))
        return NEXT(setsockopt)(fd, level, name, value, len);
    if (!value)
        return fail(EFAULT);
    if (len > sizeof request.data)
        return fail(EINVAL);
    memcpy(request.data, value, len);
    return fail(ask(&ours, &request, &reply));
}

/* SO_ERROR: the kernel's, or a reason that only the server knows. */
static int pending_error(int fd, const struct ours *ours)
{
    struct pollfd look = {.fd = fd};
    int error = 0, why;
    socklen_t len = sizeof error;

    if (ours->kind == KIND_DATAGRAM)
        return datagram_error(fd);
    if (NEXT(getsockopt)(fd, SOL_SOCKET, SO_ERROR, &error, &len))
        return errno;
    if (!ours->connected || NEXT(poll)(&look, 1, 0) != 1 || !(look.revents & POLLHUP))
        return error;
    why = ask_why(ours);
    return why ? why : error;
}

/* Writes a result of the length that the caller has room for. */
static int give(const void *result, socklen_t bytes, void *value, socklen_t *len)
{
    if (!value || !len)
        return fail(EFAULT);
    if ((int)*len < 0)
        return fail(EINVAL);
    if (*len > bytes)
        *len = bytes;
    memcpy(value, result, *len);
    return 0;
}

/* Options that the library knows the value of. */
static bool is_known(int fd, const struct ours *ours, int name, int *number)
{
    const bool stream = ours->kind == KIND_STREAM;

    switch (name) {
    case SO_ERROR:
        *number = pending_error(fd, ours);
        return true;
    case SO_TYPE:
        *number = stream ? SOCK_STREAM : SOCK_DGRAM;
        return true;
    case SO_DOMAIN:
        *number = ours->family == '4' ? AF_INET : AF_INET6;
        return true;
    case SO_PROTOCOL:
        *number = stream ? IPPROTO_TCP : IPPROTO_UDP;
        return true;
    default:
        return false;
    }
}

EXPORT int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    struct run_request request = {.call = RUN_GET, .level = level, .name = name};
    struct run_reply reply;
    struct ours ours;
    int number, error;

    if (!ours_find(fd, &ours) || is_kernels(level, name))
        return NEXT(getsockopt)(fd, level, name, value, len);
    if (level == SOL_SOCKET && is_known(fd, &ours, name, &number))
        return give(&number, sizeof number, value, len);
    error = ask(&ours, &request, &reply);
    return error ? fail(error) : give(reply.data, reply.len, value, len);
}
