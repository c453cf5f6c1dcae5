/*
 * shared.c -- calls that files and sockets share.
 *
 * Tasks have one errno: it is set behind the last wait of a call, so it is right until the program
 * waits again.
 */
#include "plain.h"

#include <assert.h>
#include <errno.h>

#include "beside.h"
#include "here.h"

static struct leat_sockets *here;

void leat_plain_use(struct leat_sockets *sockets)
{
    here = sockets;
}

struct leat_sockets *plain_here(void)
{
    assert(here); /* leat_plain_use() comes first */
    return here;
}

bool plain_is_ours(int fd)
{
    return here && leat_sockets_has(here, fd);
}

intptr_t plain_result(intptr_t result)
{
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}

int leat_plain_close(int fd)
{
    return plain_is_ours(fd) ? (int)plain_result(leat_bsd_close(here, fd)) : beside_close(fd);
}

int leat_plain_dup(int fd)
{
    return plain_is_ours(fd) ? (int)plain_result(leat_bsd_dup(here, fd)) : beside_dup(fd);
}

int leat_plain_dup2(int fd, int to)
{
    return plain_is_ours(fd) ? (int)plain_result(leat_bsd_dup2(here, fd, to)) : beside_dup2(fd, to);
}

static int any_fcntl(int fd, int command, void *arg)
{
    return plain_is_ours(fd)
               ? (int)plain_result(leat_bsd_fcntl(here, fd, command, (long)(uintptr_t)arg))
               : beside_fcntl(fd, command, arg);
}

/* The C library takes the argument as a pointer, too, whether there is one or not. */
int leat_plain_fcntl(int fd, int command, ...)
{
    va_list list;
    void *arg;

    va_start(list, command);
    arg = va_arg(list, void *);
    va_end(list);
    return any_fcntl(fd, command, arg);
}

/* glibc's name of it for programs with long file offsets. */
int leat_plain_fcntl64(int fd, int command, ...)
{
    va_list list;
    void *arg;

    va_start(list, command);
    arg = va_arg(list, void *);
    va_end(list);
    return any_fcntl(fd, command, arg);
}

int leat_plain_ioctl(int fd, unsigned long request, ...)
{
    va_list list;
    void *arg;

    va_start(list, request);
    arg = va_arg(list, void *);
    va_end(list);
    return plain_is_ours(fd) ? (int)plain_result(leat_bsd_ioctl(here, fd, request, arg))
                             : beside_ioctl(fd, request, arg);
}

ssize_t leat_plain_read(int fd, void *bytes, size_t len)
{
    return plain_is_ours(fd) ? plain_result(leat_bsd_read(here, fd, bytes, len))
                             : beside_read(fd, bytes, len);
}

ssize_t leat_plain_write(int fd, const void *bytes, size_t len)
{
    return plain_is_ours(fd) ? plain_result(leat_bsd_write(here, fd, bytes, len))
                             : beside_write(fd, bytes, len);
}

ssize_t leat_plain_readv(int fd, const struct iovec *parts, int count)
{
    /* recvmsg() only reads the parts: the type has no other form */
    struct leat_msghdr message = {.msg_iov = (void *)(uintptr_t)parts, .msg_iovlen = (size_t)count};

    if (!plain_is_ours(fd))
        return beside_readv(fd, parts, count);
    return plain_result(
        count < 0 || count > LEAT_IOV_MAX ? -EINVAL : leat_bsd_recvmsg(here, fd, &message, 0));
}

ssize_t leat_plain_writev(int fd, const struct iovec *parts, int count)
{
    const struct leat_msghdr message = {.msg_iov = (void *)(uintptr_t)parts,
                                        .msg_iovlen = (size_t)count};

    if (!plain_is_ours(fd))
        return beside_writev(fd, parts, count);
    return plain_result(
        count < 0 || count > LEAT_IOV_MAX ? -EINVAL : leat_bsd_sendmsg(here, fd, &message, 0));
}
