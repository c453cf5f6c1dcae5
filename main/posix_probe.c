/* posix_probe.c -- see posix_probe.h. */
#include "posix_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Looks at the folder of @path: NULL, or why it takes no new file. */
static const char *look_at_folder(const char *path)
{
    static char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');

    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1,
             slash ? path : ".");
    return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) ? strerror(errno) : NULL;
}

const char *posix_probe_write(const char *path)
{
    /* a pipe without a reader must not stop us, nor a terminal become ours */
    const int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const size_t len = strlen(path);

    if (fd >= 0) {
        close(fd);
        return NULL;
    }
    if (errno != ENOENT || len == 0 || len >= PATH_MAX)
        return strerror(errno);
    return path[len - 1] == '/' ? strerror(EISDIR) : look_at_folder(path);
}

const char *posix_probe_replace(const char *path)
{
    static char target[PATH_MAX];
    struct stat state;

    if (!realpath(path, target) &&
        (errno != ENOENT || snprintf(target, sizeof target, "%s", path) >= (int)sizeof target))
        return strerror(errno);
    if ((stat(target, &state) != 0 || S_ISREG(state.st_mode)) && !look_at_folder(target))
        return NULL;
    return posix_probe_write(path);
}
