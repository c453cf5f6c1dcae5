/*
 * built_in.c -- see leat/files.h: files that the program has in memory. Folders follow from their
 * paths.
 *
 * The list isn't sorted and has no index, so each search reads all of it. A program that builds in
 * more than a few dozen files uses an archive instead.
 */
#include <leat/files.h>

#include "core/container_of.h"
#include "files/path.h"

static struct leat_files_built_in *built_in_of(struct leat_files *files)
{
    return container_of(files, struct leat_files_built_in, files);
}

static struct words path_of(const struct leat_file *file)
{
    return (struct words){file->path, file->path_len};
}

static enum leat_err find(struct leat_files *files, const char *path, size_t len,
                          struct leat_file *file)
{
    const struct leat_files_built_in *built_in = built_in_of(files);
    const struct words wanted = {path, len};
    struct words below;

    for (size_t i = 0; i < built_in->count; i++) {
        const struct leat_file *listed = &built_in->list[i];

        if (path_compare(path_of(listed), wanted) == 0) {
            *file = *listed;
            file->source = files;
            return LEAT_OK;
        }
        /* The folder's path is the beginning of the path of a file below it, so no memory is needed
         * for its name. */
        if (len == 0 || path_is_below(path_of(listed), wanted, &below)) {
            *file = (struct leat_file){
                .path = listed->path, .path_len = len, .is_folder = true, .source = files};
            return LEAT_OK;
        }
    }
    /* Only the root of an empty list gets here with @len 0. */
    if (len > 0)
        return LEAT_ERR_NOT_FOUND;
    *file = (struct leat_file){.path = "", .is_folder = true, .source = files};
    return LEAT_OK;
}

/* The entry of @folder that @listed is or lies below. False: it lies elsewhere. */
static bool entry_of(const struct leat_file *listed, struct words folder, struct words *entry)
{
    struct words below;

    if (!path_is_below(path_of(listed), folder, &below))
        return false;
    *entry =
        (struct words){listed->path, (size_t)(below.bytes - listed->path) + path_segment(below)};
    return true;
}

/* A folder with several files is an entry only once: at the first of them. */
static bool is_listed_before(const struct leat_files_built_in *built_in, size_t index,
                             struct words folder, struct words entry)
{
    struct words earlier;

    for (size_t i = 0; i < index; i++) {
        if (entry_of(&built_in->list[i], folder, &earlier) && path_compare(earlier, entry) == 0)
            return true;
    }
    return false;
}

/* The cursor is the number of the listed file that is looked at next. */
static enum leat_err next(struct leat_files *files, const char *folder, size_t len,
                          uint64_t *cursor, struct leat_file *file)
{
    const struct leat_files_built_in *built_in = built_in_of(files);
    const struct words within = {folder, len};
    struct leat_file found;
    struct words entry;

    if (find(files, folder, len, &found) || !found.is_folder)
        return LEAT_ERR_NOT_FOUND;
    while (*cursor < built_in->count) {
        const size_t index = (size_t)(*cursor)++;

        if (entry_of(&built_in->list[index], within, &entry) &&
            !is_listed_before(built_in, index, within, entry))
            return find(files, entry.bytes, entry.len, file);
    }
    return LEAT_ERR_END;
}

void leat_files_built_in_open(struct leat_files_built_in *built_in, const struct leat_file *list,
                              size_t count)
{
    *built_in = (struct leat_files_built_in){
        .files = {.find = find, .next = next}, .list = list, .count = count};
}
