/* posix_sink.c -- the standard output and files as sinks (sink.h), without a write that waits.
 *
 * A description of our own is set to O_NONBLOCK. The one that we were started with is shared with
 * other processes, whose writes would fail then. A write to a disk may take as long as the disk
 * takes. */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix_output.h"
#include "posix_probe.h"

enum {
    FLAGS = O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
    MODE = 0640 /* only the owner and the group see the addresses of clients */
};

/* The standard output. If no description of our own can be made of it, poll() is asked before
 * each write. */
static int open_output(struct leat_log *log)
{
    struct stat state;
    char path[40];
    int fd;

    if (fstat(STDOUT_FILENO, &state))
        return -1;
    log->is_socket = S_ISSOCK(state.st_mode);
    log->may_block = false;
    if (S_ISREG(state.st_mode) || log->is_socket) /* a file has one position for all writers */
        return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", STDOUT_FILENO);
    fd = open(path, FLAGS);
    if (fd >= 0)
        return fd;
    log->may_block = true;
    return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
}

const char *sink_check(const struct sink_target *target)
{
    return target->kind == SINK_FILE ? posix_probe_write(target->path) : NULL;
}

const char *sink_device_open(struct leat_log *log)
{
    const int fd = log->target.kind == SINK_OUTPUT ? open_output(log)
                                                   : open(log->target.path, FLAGS | O_CREAT, MODE);
    if (fd < 0)
        return strerror(errno);
    if (!log->queue)
        log->queue = malloc(SINK_QUEUE_BYTES);
    if (!log->queue) {
        close(fd);
        return "no memory for its lines";
    }
    signal(SIGPIPE, SIG_IGN); /* a reader that is gone shall not end the program */
    if (log->fd >= 0)
        close(log->fd);
    log->fd = fd;
    return NULL;
}

/* The length of the whole lines at the beginning of @bytes that a pipe takes in one piece, or not
 * at all (pipe(7)). So no message of the program, which goes to the same pipe, is within a line. */
static size_t lines_at_once(const char *bytes, size_t len)
{
    size_t end = len < PIPE_BUF ? len : PIPE_BUF;

    while (end > 0 && bytes[end - 1] != '\n')
        end--;
    return end > 0 ? end : len < PIPE_BUF ? len : PIPE_BUF;
}

static ssize_t put_some(const struct leat_log *log, const char *bytes, size_t len)
{
    struct pollfd pipe = {.fd = log->fd, .events = POLLOUT};

    if (log->is_socket)
        return send(log->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (log->target.kind == SINK_OUTPUT)
        len = lines_at_once(bytes, len);
    if (!log->may_block)
        return write(log->fd, bytes, len);
    /* pipe(7): a pipe that poll() calls writable takes that much at once */
    if (poll(&pipe, 1, 0) == 1)
        return write(log->fd, bytes, len);
    errno = EAGAIN;
    return -1;
}

size_t sink_device_write(struct leat_log *log, const char *bytes, size_t len, const char **why)
{
    size_t taken = 0;

    while (taken < len) {
        const ssize_t put = put_some(log, bytes + taken, len - taken);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno == EAGAIN)
            break;
        if (put <= 0) {
            *why = strerror(put < 0 ? errno : EIO);
            break;
        }
        taken += (size_t)put;
    }
    return taken;
}

bool sink_device_wait(const struct leat_log *log, unsigned wait_ms)
{
    struct pollfd sink = {.fd = log->fd, .events = POLLOUT};

    return poll(&sink, 1, (int)wait_ms) == 1;
}

/* The standard output, which is full, can't tell that. The standard error may be the same pipe: a
 * message that it has no room for is left out. */
void sink_device_say(const struct leat_log *log, const char *line)
{
    struct pollfd error = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (log->target.kind != SINK_OUTPUT)
        log->platform->say(log->platform, line);
    else if (poll(&error, 1, 0) == 1)
        posix_output_say(line);
}

void sink_device_close(struct leat_log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
    free(log->queue);
    log->queue = NULL;
}
