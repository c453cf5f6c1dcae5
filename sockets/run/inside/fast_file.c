/* fast_file.c -- fast mode: files to connections, and further ways to close a descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fast.h"

enum {
    PART_BYTES = 8192
};

/* ---- sendfile() and splice() ----------------------------------------------------------------- */

/* Reads from the file to the program's memory, and sends that. A part that there is no room for is
 * read again in the next call. */
static ssize_t send_file(const struct fast *to, int from, off_t *offset, size_t count)
{
    const off_t begin = offset ? *offset : lseek(from, 0, SEEK_CUR);
    char bytes[PART_BYTES];
    size_t done = 0;

    if (begin < 0)
        return fail(EINVAL);
    while (done < count) {
        const size_t part = count - done < sizeof bytes ? count - done : sizeof bytes;
        const ssize_t got = pread(from, bytes, part, begin + (off_t)done);
        const struct iovec piece = {bytes, got > 0 ? (size_t)got : 0};
        const struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)&piece,
                                       .msg_iovlen = 1};
        ssize_t put;

        if (got < 0 && done == 0)
            return got;
        if (got <= 0)
            break;
        put = fast_send(to, &message, 0);
        if (put < 0 && done == 0)
            return put;
        done += put > 0 ? (size_t)put : 0;
        if (put < got)
            break;
    }
    if (offset)
        *offset = begin + (off_t)done;
    else
        lseek(from, begin + (off_t)done, SEEK_SET);
    return (ssize_t)done;
}

EXPORT ssize_t sendfile(int to, int from, off_t *offset, size_t count)
{
    struct fast fast;

    return fast_find(to, &fast) ? send_file(&fast, from, offset, count)
                                : NEXT(sendfile)(to, from, offset, count);
}

EXPORT ssize_t sendfile64(int to, int from, off64_t *offset, size_t count)
{
    return sendfile(to, from, offset, count);
}

/* The kernel would take bells for data. Programs go on with read() and write(). */
EXPORT ssize_t splice(int from, off64_t *from_at, int to, off64_t *to_at, size_t len,
                      unsigned flags)
{
    struct fast fast;

    if (fast_find(from, &fast) || fast_find(to, &fast))
        return fail(EINVAL);
    return NEXT(splice)(from, from_at, to, to_at, len, flags);
}

/* ---- close() by other names ------------------------------------------------------------------ */

static void forget(unsigned first, unsigned last)
{
    for (unsigned fd = first; fd <= last && fd < 65536; fd++) {
        fast_forget_epoll((int)fd);
        fast_forget((int)fd);
    }
}

EXPORT int close_range(unsigned first, unsigned last, int flags)
{
    if (fast_is_on() && !(flags & (int)CLOSE_RANGE_CLOEXEC))
        forget(first, last);
    return NEXT(close_range)(first, last, flags);
}

EXPORT void closefrom(int first)
{
    if (fast_is_on())
        forget(first < 0 ? 0 : (unsigned)first, UINT32_MAX);
    NEXT(closefrom)(first);
}

EXPORT int fclose(FILE *stream)
{
    if (fast_is_on())
        kind_note(fileno(stream), KIND_UNKNOWN);
    return NEXT(fclose)(stream);
}

/* libuv closes its descriptors so. */
EXPORT long syscall(long number, ...)
{
    long argument[6];
    va_list list;

    va_start(list, number);
    for (int i = 0; i < 6; i++)
        argument[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_close && fast_is_on())
        return close((int)argument[0]);
    if (number == SYS_close_range && fast_is_on())
        return close_range((unsigned)argument[0], (unsigned)argument[1], (int)argument[2]);
    return NEXT(syscall)(number, argument[0], argument[1], argument[2], argument[3], argument[4],
                         argument[5]);
}
