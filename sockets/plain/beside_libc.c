/* beside_libc.c -- the descriptors of the C library. */
#include "beside.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

void beside_use(struct leat_platform *platform)
{
    (void)platform;
}

int beside_close(int fd)
{
    return close(fd);
}

int beside_dup(int fd)
{
    return dup(fd);
}

int beside_dup2(int fd, int to)
{
    return dup2(fd, to);
}

int beside_fcntl(int fd, int command, void *arg)
{
    return fcntl(fd, command, arg);
}

int beside_ioctl(int fd, unsigned long request, void *arg)
{
    return ioctl(fd, request, arg);
}

ssize_t beside_read(int fd, void *bytes, size_t len)
{
    return read(fd, bytes, len);
}

ssize_t beside_write(int fd, const void *bytes, size_t len)
{
    return write(fd, bytes, len);
}

ssize_t beside_readv(int fd, const struct iovec *parts, int count)
{
    return readv(fd, parts, count);
}

ssize_t beside_writev(int fd, const struct iovec *parts, int count)
{
    return writev(fd, parts, count);
}
