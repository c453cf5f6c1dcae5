/* beside_bare.c -- descriptors that are none of leat's, in an image: the console, which is written
 * by 1 and 2. */
#include "beside.h"

#include <errno.h>

#include <leat/main.h>

static struct leat_platform *console;

void beside_use(struct leat_platform *platform)
{
    console = platform;
}

struct leat_platform *beside_platform(void)
{
    return console;
}

static bool is_console(int fd)
{
    return fd >= 0 && fd <= 2;
}

/* No other file is open. */
static int refuse(int fd, int error)
{
    errno = is_console(fd) ? error : EBADF;
    return -1;
}

int beside_close(int fd)
{
    return is_console(fd) ? 0 : refuse(fd, 0);
}

int beside_dup(int fd)
{
    return refuse(fd, EMFILE);
}

int beside_dup2(int fd, int to)
{
    return is_console(fd) && fd == to ? to : refuse(fd, EBADF);
}

int beside_fcntl(int fd, int command, void *arg)
{
    (void)command, (void)arg;
    return is_console(fd) ? 0 : refuse(fd, 0);
}

int beside_ioctl(int fd, unsigned long request, void *arg)
{
    (void)request, (void)arg;
    return refuse(fd, ENOTTY);
}

/* Nothing is typed. */
ssize_t beside_read(int fd, void *bytes, size_t len)
{
    (void)bytes, (void)len;
    return fd == 0 ? 0 : refuse(fd, EBADF);
}

ssize_t beside_write(int fd, const void *bytes, size_t len)
{
    if (fd != 1 && fd != 2)
        return refuse(fd, EBADF);
    if (console && len > 0 && console->write(console, bytes, len))
        return refuse(fd, EIO);
    return (ssize_t)len;
}

ssize_t beside_readv(int fd, const struct iovec *parts, int count)
{
    (void)parts, (void)count;
    return beside_read(fd, NULL, 0);
}

ssize_t beside_writev(int fd, const struct iovec *parts, int count)
{
    ssize_t sum = 0;

    for (int i = 0; i < count; i++) {
        const ssize_t put = beside_write(fd, parts[i].iov_base, parts[i].iov_len);

        if (put < 0)
            return sum > 0 ? sum : put;
        sum += put;
    }
    return sum;
}
