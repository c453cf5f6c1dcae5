/* folder.c -- see leat/posix_folder.h. */
#include <leat/posix_folder.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct folder {
    struct leat_files files; /* first */
    int fd;
    bool walks; /* the kernel has no openat2() */
};

/* A file that was found. */
struct found {
    int fd;
    char path[LEAT_FILE_PATH_BYTES + 1];
};

static struct folder *folder_of(struct leat_files *files)
{
    return (struct folder *)files; /* its first member */
}

static struct found *found_of(const struct leat_file *file)
{
    return (struct found *)(uintptr_t)file->place;
}

/* ---- Paths ----------------------------------------------------------------------------------- */

enum {
    /* a pipe without a writer must not stop us, nor a terminal become ours */
    OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
};

/* Opens @path segment by segment; none of them may be a link. */
static int walk(int root, char *path)
{
    int at = dup(root);

    while (at >= 0 && path) {
        char *slash = strchr(path, '/');
        int next;

        if (slash)
            *slash = '\0';
        next = openat(at, path, OPEN_FLAGS | O_NOFOLLOW | (slash ? O_DIRECTORY : 0));
        close(at);
        at = next;
        if (slash)
            *slash = '/';
        path = slash ? slash + 1 : NULL;
    }
    return at;
}

/* Opens @path, which may be changed meanwhile. -1: errno says why not. */
static int open_below(struct folder *folder, char *path)
{
    const struct open_how how = {.flags = OPEN_FLAGS,
                                 .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    long fd = -1;

    if (!folder->walks) {
        fd = syscall(SYS_openat2, folder->fd, path, &how, sizeof how);
        folder->walks = fd < 0 && (errno == ENOSYS || errno == EPERM); /* EPERM: a seccomp filter */
    }
    return folder->walks ? walk(folder->fd, path) : (int)fd;
}

/* The error of a path that can't be opened: most of them mean that there is no such file for us. */
static enum leat_err error_of(int number)
{
    switch (number) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EIO:
        return LEAT_ERR_DEVICE;
    case ENAMETOOLONG:
    case ELOOP: /* too many links; without openat2() any link */
        return LEAT_ERR_TOO_BIG;
    default:
        return LEAT_ERR_NOT_FOUND;
    }
}

/* ---- Files ----------------------------------------------------------------------------------- */

/* A tag of the file: another inode, length or time of change means other contents. */
static uint64_t tag_of(const struct stat *state)
{
    const uint64_t parts[] = {(uint64_t)state->st_dev,          (uint64_t)state->st_ino,
                              (uint64_t)state->st_size,         (uint64_t)state->st_mtim.tv_sec,
                              (uint64_t)state->st_mtim.tv_nsec, (uint64_t)state->st_ctim.tv_sec,
                              (uint64_t)state->st_ctim.tv_nsec};
    uint64_t hash = 14695981039346656037u;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        hash = (hash ^ parts[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    return hash | 1; /* 0 is none */
}

/* Describes what is open in @found. False: it is neither a file nor a folder. */
static bool describe(struct leat_files *files, const struct found *found, struct leat_file *file)
{
    struct stat state;

    if (fstat(found->fd, &state) || (!S_ISREG(state.st_mode) && !S_ISDIR(state.st_mode)))
        return false;
    *file = (struct leat_file){.path = found->path,
                               .path_len = strlen(found->path),
                               .len = S_ISREG(state.st_mode) ? (uint64_t)state.st_size : 0,
                               .modified_s = state.st_mtim.tv_sec,
                               .is_folder = S_ISDIR(state.st_mode),
                               .source = files,
                               .place = (uintptr_t)found,
                               .tag = S_ISREG(state.st_mode) ? tag_of(&state) : 0};
    return true;
}

static enum leat_err find(struct leat_files *files, const char *path, size_t len,
                          struct leat_file *file)
{
    struct folder *folder = folder_of(files);
    struct found *found;
    enum leat_err err = LEAT_ERR_NOT_FOUND;

    if (len > LEAT_FILE_PATH_BYTES)
        return LEAT_ERR_TOO_BIG;
    found = malloc(sizeof *found);
    if (!found)
        return LEAT_ERR_DEVICE;
    memcpy(found->path, len > 0 ? path : ".", len > 0 ? len : 1);
    found->path[len > 0 ? len : 1] = '\0';
    found->fd = open_below(folder, found->path);
    if (found->fd < 0)
        err = error_of(errno);
    else if (describe(files, found, file))
        err = LEAT_OK;
    if (err && found->fd >= 0)
        close(found->fd);
    if (err)
        free(found);
    else if (len == 0)
        file->path_len = 0;
    return err;
}

static void release(struct leat_files *files, const struct leat_file *file)
{
    struct found *found = found_of(file);

    (void)files;
    close(found->fd);
    free(found);
}

static enum leat_err read_part(const struct leat_file *file, uint64_t from, void *to, size_t room,
                               size_t *len)
{
    ssize_t got;

    *len = 0;
    while (*len < room) {
        got = pread(found_of(file)->fd, (char *)to + *len, room - *len, (off_t)(from + *len));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return LEAT_ERR_DEVICE;
        if (got == 0)
            break; /* it is shorter than it was */
        *len += (size_t)got;
    }
    return LEAT_OK;
}

/* ---- Lists ----------------------------------------------------------------------------------- */

/* The next entry of @list that is a file or a folder. */
static enum leat_err next_of(struct leat_files *files, DIR *list, const char *path, size_t len,
                             struct leat_file *file)
{
    const struct dirent *entry;
    char below[LEAT_FILE_PATH_BYTES + 1];

    while ((entry = readdir(list)) != NULL) {
        const size_t name_len = strlen(entry->d_name);
        const size_t slash = len > 0;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            len + slash + name_len > LEAT_FILE_PATH_BYTES)
            continue;
        memcpy(below, path, len);
        if (slash)
            below[len] = '/';
        memcpy(below + len + slash, entry->d_name, name_len);
        if (!find(files, below, len + slash + name_len, file))
            return LEAT_OK;
    }
    return LEAT_ERR_END;
}

static enum leat_err next(struct leat_files *files, const char *path, size_t len, uint64_t *cursor,
                          struct leat_file *file)
{
    struct leat_file folder;
    enum leat_err err = find(files, path, len, &folder);
    DIR *list;
    int fd;

    if (err)
        return err;
    fd = folder.is_folder ? dup(found_of(&folder)->fd) : -1;
    err = folder.is_folder ? LEAT_ERR_DEVICE : LEAT_ERR_NOT_FOUND;
    release(files, &folder);
    list = fd >= 0 ? fdopendir(fd) : NULL;
    if (!list) {
        if (fd >= 0)
            close(fd);
        return err;
    }
    if (*cursor > 0)
        seekdir(list, (long)*cursor);
    err = next_of(files, list, path, len, file);
    *cursor = (uint64_t)telldir(list);
    closedir(list);
    return err;
}

/* ---- Open and close -------------------------------------------------------------------------- */

enum leat_err leat_posix_folder_open(struct leat_files **files, const char *path,
                                     char why[LEAT_WHY_BYTES])
{
    struct folder *folder = malloc(sizeof *folder);

    if (!folder) {
        snprintf(why, LEAT_WHY_BYTES, "%.180s: no memory", path);
        return LEAT_ERR_MEMORY;
    }
    *folder = (struct folder){
        .files = {.find = find, .next = next, .read = read_part, .release = release},
        .fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (folder->fd < 0) {
        snprintf(why, LEAT_WHY_BYTES, "%.180s: %s", path, strerror(errno));
        free(folder);
        return LEAT_ERR_NOT_FOUND;
    }
    *files = &folder->files;
    return LEAT_OK;
}

void leat_posix_folder_close(struct leat_files *files)
{
    if (!files)
        return;
    close(folder_of(files)->fd);
    free(folder_of(files));
}
