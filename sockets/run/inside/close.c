/* close.c -- close(), dup() and their relatives: the life of a descriptor's number. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fast.h"

/* True for a socket that the server only sees by its name: it has to look when that goes. */
static bool is_unseen(int fd, struct ours *ours)
{
    return kind_guess(fd) == KIND_STREAM && ours_look(fd, ours) && !ours->connected;
}

/* Lets the server look whether the socket still exists in another process. */
static void tell_closed(const struct ours *ours)
{
    struct run_request request = {.call = RUN_CHECK};
    struct run_reply reply;

    ask(ours, &request, &reply);
}

EXPORT int close(int fd)
{
    struct ours ours;
    const bool unseen = is_unseen(fd, &ours);
    int result;

    fast_forget_epoll(fd);
    kind_note(fd, KIND_UNKNOWN);
    result = NEXT(close)(fd);
    if (unseen)
        tell_closed(&ours);
    return result;
}

/* The number @made was something else before. */
static void note_copy(int fd, int made)
{
    fast_share_epoll(fd);
    fast_forget_epoll(made);
    kind_note(made, KIND_UNKNOWN);
}

EXPORT int dup(int fd)
{
    const int made = NEXT(dup)(fd);

    note_copy(fd, made);
    return made;
}

EXPORT int dup2(int fd, int onto)
{
    struct ours ours;
    const bool unseen = fd != onto && is_unseen(onto, &ours);
    const int made = NEXT(dup2)(fd, onto);

    if (made >= 0 && fd != onto)
        note_copy(fd, made);
    if (made >= 0 && unseen)
        tell_closed(&ours);
    return made;
}

EXPORT int dup3(int fd, int onto, int flags)
{
    struct ours ours;
    const bool unseen = fd != onto && is_unseen(onto, &ours);
    const int made = NEXT(dup3)(fd, onto, flags);

    if (made >= 0)
        note_copy(fd, made);
    if (made >= 0 && unseen)
        tell_closed(&ours);
    return made;
}

EXPORT int fcntl(int fd, int command, ...)
{
    va_list list;
    void *argument;
    int result;

    va_start(list, command);
    argument = va_arg(list, void *); /* as the C library's own does */
    va_end(list);
    result = NEXT(fcntl)(fd, command, argument);
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
        note_copy(fd, result);
    return result;
}

int fcntl64(int fd, int command, ...);

EXPORT int fcntl64(int fd, int command, ...)
{
    va_list list;
    void *argument;
    int result;

    va_start(list, command);
    argument = va_arg(list, void *);
    va_end(list);
    result = NEXT(fcntl64)(fd, command, argument);
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
        note_copy(fd, result);
    return result;
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    struct fast fast;
    struct ours ours;
    va_list list;
    void *argument;
    int result;

    va_start(list, request);
    argument = va_arg(list, void *);
    va_end(list);
    result = NEXT(ioctl)(fd, request, argument);
    if (result == 0 && request == FIONREAD && fast_find(fd, &fast)) {
        const int bytes = (int)fast_readable(&fast);

        memcpy(argument, &bytes, sizeof bytes);
        return result;
    }
    /* the header in front of a datagram isn't data */
    if (result == 0 && request == FIONREAD && ours_find(fd, &ours) && ours.kind == KIND_DATAGRAM) {
        int bytes;

        memcpy(&bytes, argument, sizeof bytes);
        bytes =
            bytes > (int)sizeof(struct run_datagram) ? bytes - (int)sizeof(struct run_datagram) : 0;
        memcpy(argument, &bytes, sizeof bytes);
    }
    return result;
}
