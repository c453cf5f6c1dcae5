/* posix_files.c -- see posix_files.h. */
#include "posix_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct posix_file {
    struct posix_file *next;
    char bytes[];
};

/* The rest of @stream; NULL if memory or the file fails. */
static struct posix_file *read_all(FILE *stream, size_t *len)
{
    struct posix_file *file = NULL;
    size_t room = 0;

    *len = 0;
    do {
        struct posix_file *larger;

        room = room ? 2 * room : 4096;
        larger = realloc(file, sizeof *file + room + 1);
        if (!larger) {
            free(file);
            return NULL;
        }
        file = larger;
        *len += fread(file->bytes + *len, 1, room - *len, stream);
    } while (*len == room);
    if (ferror(stream)) {
        free(file);
        return NULL;
    }
    file->bytes[*len] = '\0'; /* for callers that take it for a string */
    return file;
}

enum leat_err posix_files_read(struct posix_files *files, const char *path, const char **bytes,
                               size_t *len)
{
    FILE *stream = fopen(path, "rb");
    struct posix_file *file;

    if (!stream)
        return LEAT_ERR_NOT_FOUND;
    file = read_all(stream, len);
    fclose(stream);
    if (!file)
        return LEAT_ERR_DEVICE;
    file->next = files->first;
    files->first = file;
    *bytes = file->bytes;
    return LEAT_OK;
}

uint64_t posix_files_changed_ns(const char *path)
{
    struct stat state;

    if (stat(path, &state) || state.st_mtim.tv_sec <= 0)
        return 0;
    return (uint64_t)state.st_mtim.tv_sec * 1000000000 + (uint64_t)state.st_mtim.tv_nsec;
}

void posix_files_free(struct posix_files *files, const char *bytes)
{
    struct posix_file **link = &files->first;
    struct posix_file *file;

    while (*link && (*link)->bytes != bytes)
        link = &(*link)->next;
    file = *link;
    if (!file)
        return;
    *link = file->next;
    free(file);
}

void posix_files_close(struct posix_files *files)
{
    while (files->first)
        posix_files_free(files, files->first->bytes);
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* Writes all of it to the disk, and closes @fd. */
static bool fill(int fd, const char *bytes, size_t len)
{
    bool good = true;

    while (len > 0 && good) {
        const ssize_t written = write(fd, bytes, len);

        if (written < 0 && errno == EINTR)
            continue;
        good = written > 0;
        bytes += good ? written : 0;
        len -= good ? (size_t)written : 0;
    }
    /* a pipe or a device may have no fsync() */
    if (good && fsync(fd) != 0 && errno != EINVAL && errno != EROFS)
        good = false;
    return close(fd) == 0 && good;
}

/* Makes the new name in the folder of @path durable. */
static bool sync_folder(char *path)
{
    char *slash = strrchr(path, '/');
    int fd;
    bool good;

    if (slash)
        slash[slash == path] = '\0';
    fd = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    good = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
    if (fd >= 0)
        close(fd);
    return good;
}

enum outcome {
    DONE,
    FAILED,
    IMPOSSIBLE /* the folder takes no other file, or that one can't be replaced */
};

/* Writes a file beside @path, and gives it that name. */
static enum outcome replace(char *path, const void *bytes, size_t len)
{
    static char beside[PATH_MAX]; /* not on the stack */
    int fd;

    if (snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside)
        return IMPOSSIBLE;
    unlink(beside); /* of a run that has crashed */
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return errno == EACCES || errno == EPERM || errno == EROFS || errno == ENAMETOOLONG
                   ? IMPOSSIBLE
                   : FAILED;
    if (fill(fd, bytes, len)) {
        if (rename(beside, path) == 0)
            return sync_folder(path) ? DONE : FAILED;
        if (errno == EBUSY || errno == EACCES || errno == EPERM) { /* EBUSY: a mount of one file */
            unlink(beside);
            return IMPOSSIBLE;
        }
    }
    unlink(beside);
    return FAILED;
}

enum leat_err posix_files_write(const char *path, const void *bytes, size_t len)
{
    static char target[PATH_MAX];
    struct stat state;
    enum outcome outcome = IMPOSSIBLE;
    int fd;

    /* A symbolic link stays, and leads to the new file; one that leads nowhere is replaced. */
    if (!realpath(path, target) &&
        (errno != ENOENT || snprintf(target, sizeof target, "%s", path) >= (int)sizeof target))
        return LEAT_ERR_DEVICE;
    if (stat(target, &state) != 0 || S_ISREG(state.st_mode))
        outcome = replace(target, bytes, len);
    if (outcome != IMPOSSIBLE)
        return outcome == DONE ? LEAT_OK : LEAT_ERR_DEVICE;
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    return fd >= 0 && fill(fd, bytes, len) ? LEAT_OK : LEAT_ERR_DEVICE;
}
