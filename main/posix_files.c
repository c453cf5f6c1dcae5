/* posix_files.c -- see posix_files.h. */
#include "posix_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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

enum leat_err posix_files_write(const char *path, const void *bytes, size_t len)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    ssize_t written;

    if (fd < 0)
        return LEAT_ERR_DEVICE;
    written = write(fd, bytes, len);
    return close(fd) == 0 && written == (ssize_t)len ? LEAT_OK : LEAT_ERR_DEVICE;
}
