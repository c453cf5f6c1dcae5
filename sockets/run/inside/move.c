/* move.c -- read(), write(), send(), recv() and their relatives. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"

/* True if the message has to pass this library: it is ours or, with a guess, may be. */
static bool is_stream(int fd)
{
    struct ours ours;

    return kind_guess(fd) == KIND_STREAM ||
           (kind_guess(fd) == KIND_UNKNOWN && ours_look(fd, &ours) && ours.kind == KIND_STREAM);
}

static bool is_datagram(int fd, struct ours *ours)
{
    return (kind_guess(fd) == KIND_DATAGRAM || kind_guess(fd) == KIND_DATAGRAM_TO) &&
           ours_look(fd, ours) && ours->kind == KIND_DATAGRAM;
}

/* True, with the result, if the descriptor is ours. A stream whose guess was wrong isn't. */
static bool receive_ours(int fd, struct msghdr *message, int flags, ssize_t *result)
{
    struct ours ours;

    if (is_stream(fd)) {
        *result = stream_receive(fd, message, flags);
        return !(*result < 0 && errno == ENOTSOCK && !ours_look(fd, &ours));
    }
    if (!is_datagram(fd, &ours))
        return false;
    *result = datagram_receive(fd, &ours, message, flags);
    return true;
}

static bool send_ours(int fd, const struct msghdr *message, int flags, ssize_t *result)
{
    struct ours ours;

    if (is_stream(fd)) {
        *result = stream_send(fd, message, flags);
        return !(*result < 0 && errno == ENOTSOCK && !ours_look(fd, &ours));
    }
    if (!is_datagram(fd, &ours))
        return false;
    *result = datagram_send(fd, &ours, message, flags);
    return true;
}

/* A message of @count pieces. */
static struct msghdr message_of(const struct iovec *pieces, size_t count)
{
    return (struct msghdr){.msg_iov = (struct iovec *)(uintptr_t)pieces, .msg_iovlen = count};
}

EXPORT ssize_t read(int fd, void *bytes, size_t len)
{
    const struct iovec piece = {bytes, len};
    struct msghdr message = message_of(&piece, 1);
    ssize_t result;

    if (kind_guess(fd) != KIND_FOREIGN && receive_ours(fd, &message, 0, &result))
        return result;
    return NEXT(read)(fd, bytes, len);
}

EXPORT ssize_t write(int fd, const void *bytes, size_t len)
{
    const struct iovec piece = {(void *)(uintptr_t)bytes, len};
    const struct msghdr message = message_of(&piece, 1);
    ssize_t result;

    if (kind_guess(fd) != KIND_FOREIGN && send_ours(fd, &message, 0, &result))
        return result;
    return NEXT(write)(fd, bytes, len);
}

EXPORT ssize_t readv(int fd, const struct iovec *pieces, int count)
{
    struct msghdr message = message_of(pieces, count > 0 ? (size_t)count : 0);
    ssize_t result;

    if (count > 0 && kind_guess(fd) != KIND_FOREIGN && receive_ours(fd, &message, 0, &result))
        return result;
    return NEXT(readv)(fd, pieces, count);
}

EXPORT ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    const struct msghdr message = message_of(pieces, count > 0 ? (size_t)count : 0);
    ssize_t result;

    if (count > 0 && kind_guess(fd) != KIND_FOREIGN && send_ours(fd, &message, 0, &result))
        return result;
    return NEXT(writev)(fd, pieces, count);
}

EXPORT ssize_t recvfrom(int fd, void *bytes, size_t len, int flags, struct sockaddr *address,
                        socklen_t *address_len)
{
    const struct iovec piece = {bytes, len};
    struct msghdr message = message_of(&piece, 1);
    ssize_t result;

    message.msg_name = address;
    message.msg_namelen = address && address_len ? *address_len : 0;
    if (kind_guess(fd) == KIND_FOREIGN || !receive_ours(fd, &message, flags, &result))
        return NEXT(recvfrom)(fd, bytes, len, flags, address, address_len);
    if (result >= 0 && address && address_len)
        *address_len = message.msg_namelen;
    return result;
}

EXPORT ssize_t recv(int fd, void *bytes, size_t len, int flags)
{
    const struct iovec piece = {bytes, len};
    struct msghdr message = message_of(&piece, 1);
    ssize_t result;

    if (kind_guess(fd) != KIND_FOREIGN && receive_ours(fd, &message, flags, &result))
        return result;
    return NEXT(recv)(fd, bytes, len, flags);
}

EXPORT ssize_t sendto(int fd, const void *bytes, size_t len, int flags,
                      const struct sockaddr *address, socklen_t address_len)
{
    const struct iovec piece = {(void *)(uintptr_t)bytes, len};
    struct msghdr message = message_of(&piece, 1);
    ssize_t result;

    message.msg_name = (struct sockaddr *)(uintptr_t)address;
    message.msg_namelen = address ? address_len : 0;
    if (kind_guess(fd) != KIND_FOREIGN && send_ours(fd, &message, flags, &result))
        return result;
    return NEXT(sendto)(fd, bytes, len, flags, address, address_len);
}

EXPORT ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
    return sendto(fd, bytes, len, flags, NULL, 0);
}

/* Descriptors that come with a message may have numbers of which a guess is known. */
static void forget_received(struct msghdr *message)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = 0; at + sizeof(int) <= part->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
            int fd;

            memcpy(&fd, CMSG_DATA(part) + at, sizeof fd);
            kind_note(fd, KIND_UNKNOWN);
        }
    }
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    ssize_t result;

    if (kind_guess(fd) != KIND_FOREIGN && receive_ours(fd, message, flags, &result))
        return result;
    result = NEXT(recvmsg)(fd, message, flags);
    if (result >= 0 && message->msg_controllen > 0)
        forget_received(message);
    return result;
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t result;

    if (kind_guess(fd) != KIND_FOREIGN && send_ours(fd, message, flags, &result))
        return result;
    return NEXT(sendmsg)(fd, message, flags);
}

EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    unsigned done = 0;

    if (kind_guess(fd) == KIND_FOREIGN)
        return NEXT(sendmmsg)(fd, messages, count, flags);
    for (; done < count && done < UIO_MAXIOV; done++) {
        const ssize_t put = sendmsg(fd, &messages[done].msg_hdr, flags);

        if (put < 0)
            break;
        messages[done].msg_len = (unsigned)put;
    }
    return done > 0 || count == 0 ? (int)done : -1;
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* As Linux, the timeout is looked at behind each message only. */
EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout)
{
    const uint64_t end_ns =
        timeout ? now_ns() + (uint64_t)timeout->tv_sec * 1000000000u + (uint64_t)timeout->tv_nsec
                : UINT64_MAX;
    unsigned done = 0;

    if (kind_guess(fd) == KIND_FOREIGN)
        return NEXT(recvmmsg)(fd, messages, count, flags, timeout);
    for (; done < count && done < UIO_MAXIOV && (done == 0 || now_ns() < end_ns); done++) {
        const bool waits = done == 0 || !(flags & MSG_WAITFORONE);
        const ssize_t got = recvmsg(fd, &messages[done].msg_hdr,
                                    (flags & ~MSG_WAITFORONE) | (waits ? 0 : MSG_DONTWAIT));

        if (got < 0)
            break;
        messages[done].msg_len = (unsigned)got;
    }
    return done > 0 || count == 0 ? (int)done : -1;
}

/* As programs compiled with _FORTIFY_SOURCE call them. The buffer is checked by the one that made
 * these calls necessary. */
ssize_t __read_chk(int fd, void *bytes, size_t len, size_t room);
ssize_t __recv_chk(int fd, void *bytes, size_t len, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *bytes, size_t len, size_t room, int flags,
                       struct sockaddr *address, socklen_t *address_len);
void __chk_fail(void) __attribute__((noreturn));

EXPORT ssize_t __read_chk(int fd, void *bytes, size_t len, size_t room)
{
    if (len > room)
        __chk_fail();
    return read(fd, bytes, len);
}

EXPORT ssize_t __recv_chk(int fd, void *bytes, size_t len, size_t room, int flags)
{
    if (len > room)
        __chk_fail();
    return recv(fd, bytes, len, flags);
}

EXPORT ssize_t __recvfrom_chk(int fd, void *bytes, size_t len, size_t room, int flags,
                              struct sockaddr *address, socklen_t *address_len)
{
    if (len > room)
        __chk_fail();
    return recvfrom(fd, bytes, len, flags, address, address_len);
}
