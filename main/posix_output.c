/* posix_output.c -- see posix_output.h. */
#include "posix_output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum leat_err write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        const ssize_t put = write(fd, bytes, len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return LEAT_ERR_DEVICE;
        bytes += put;
        len -= (size_t)put;
    }
    return LEAT_OK;
}

enum leat_err posix_output_open(struct posix_output *output, const char *path, bool append,
                                uint64_t *have)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0666);
    struct stat state;

    if (fd < 0)
        return LEAT_ERR_DEVICE;
    if (fstat(fd, &state)) {
        close(fd);
        return LEAT_ERR_DEVICE;
    }
    posix_output_close(output);
    output->fd = fd;
    *have = (uint64_t)state.st_size;
    return LEAT_OK;
}

enum leat_err posix_output_write(const struct posix_output *output, const void *bytes, size_t len)
{
    return write_all(output->fd > 0 ? output->fd : STDOUT_FILENO, bytes, len);
}

enum leat_err posix_output_close(struct posix_output *output)
{
    const int fd = output->fd;

    output->fd = 0;
    return fd > 0 && close(fd) ? LEAT_ERR_DEVICE : LEAT_OK;
}

void posix_output_say(const char *line)
{
    if (!write_all(STDERR_FILENO, line, strlen(line)))
        write_all(STDERR_FILENO, "\n", 1);
}
