/*
 * files.c -- see leat/files.h: the calls that are the same for all sources.
 *
 * A caller's path is brought into its normal form here, once. So a source compares bytes, and never
 * sees "..", an empty segment or a NUL.
 */
#include <leat/files.h>

#include <string.h>

#include "files/path.h"

/* A ".." is refused instead of resolved: a path from a request could climb out of the folder that
 * the program meant. To the caller such a path names nothing, hence LEAT_ERR_NOT_FOUND. */
static enum leat_err normalize(struct path *normal, const char *path)
{
    normal->len = 0;
    switch (path_append(normal, words_of(path), false)) {
    case PATH_OK:
        return LEAT_OK;
    case PATH_LONG:
        return LEAT_ERR_TOO_BIG;
    case PATH_OUT:
    default:
        return LEAT_ERR_NOT_FOUND;
    }
}

enum leat_err leat_files_find(struct leat_files *files, const char *path, struct leat_file *file)
{
    struct path normal;
    const enum leat_err err = normalize(&normal, path);

    return err ? err : files->find(files, normal.bytes, normal.len, file);
}

enum leat_err leat_files_next(struct leat_files *files, const char *folder, uint64_t *cursor,
                              struct leat_file *file)
{
    struct path normal;
    const enum leat_err err = normalize(&normal, folder);

    return err ? err : files->next(files, normal.bytes, normal.len, cursor, file);
}

enum leat_err leat_files_read(const struct leat_file *file, uint64_t from, void *to, size_t room,
                              size_t *len)
{
    *len = 0;
    if (file->is_folder)
        return LEAT_ERR_ARGUMENT;
    /* This comes before the subtraction below, which would wrap. A source's own read() may also
     * rely on @from lying before the end. */
    if (from >= file->len)
        return LEAT_OK;
    if (!file->bytes)
        return file->source->read(file, from, to, room, len);
    *len = file->len - from < room ? (size_t)(file->len - from) : room;
    memcpy(to, (const uint8_t *)file->bytes + from, *len);
    return LEAT_OK;
}

void leat_files_release(const struct leat_file *file)
{
    if (file->source->release)
        file->source->release(file->source, file);
}
