/*
 * archive.c -- see leat/files.h: an archive as a source of files.
 *
 * Its names are in an index that is sorted by path. Contents stay where they are. A symbolic link
 * keeps the path of its target and is followed at each call, because folders can be links, too.
 */
#include <string.h>

#include "core/container_of.h"
#include "files/archive.h"
#include "files/filling.h"
#include "files/index.h"
#include "files/view.h"

struct archive {
    struct leat_files files; /* the source */
    struct leat_archive_counts counts;
    const uint8_t *bytes; /* NULL: it lies on a medium */
    uint64_t tag;         /* of all bytes in memory */
    struct leat_files_medium *medium;
    struct index index;
    struct path walked; /* leat_files_find() through links: the path so far */
    struct path wanted; /* ... and the path that it follows next */
};

enum {
    ALIGNMENT = _Alignof(struct archive)
};

static struct archive *archive_of(struct leat_files *files)
{
    return container_of(files, struct archive, files);
}

/* ---- opening */

/* The bytes that the index of the names takes, the archive's own struct and padding included. */
static size_t memory_bytes(const struct filling *filling)
{
    return ALIGNMENT + sizeof(struct archive) + filling->names * sizeof(struct name) +
           filling->path_bytes;
}

size_t leat_archive_memory_bytes(const void *archive, size_t len, char why[LEAT_FILES_WHY_BYTES])
{
    struct view view = view_of_memory(archive, len);
    struct filling filling = {.names_max = FILLING_NAMES_MAX};

    return filling_read(&filling, &view, why) ? memory_bytes(&filling) : 0;
}

/* Makes a file of each hard link. A link to a link leads to the first name, as archives are
 * written; any other is left out. */
static void resolve_hard_links(struct archive *archive)
{
    for (uint32_t i = 0; i < archive->index.count; i++) {
        struct name *name = &archive->index.names[i];
        const struct name *target;

        if (name->kind != ENTRY_HARD_LINK)
            continue;
        target = index_find(&archive->index, name->link);
        if (target && target->kind == ENTRY_FILE) {
            name->at = target->at;
            name->len = target->len;
            name->kind = ENTRY_FILE;
        } else {
            name->kind = ENTRY_LEFT_OUT;
            archive->counts.left_out++;
        }
    }
}

static void count(struct archive *archive)
{
    for (uint32_t i = 0; i < archive->index.count; i++) {
        const enum entry_kind kind = archive->index.names[i].kind;

        archive->counts.files += kind == ENTRY_FILE;
        archive->counts.folders += kind == ENTRY_FOLDER;
        archive->counts.links += kind == ENTRY_LINK;
    }
}

/* A hash of the bytes. They are those of the program's owner, so no attacker makes them collide. It
 * is as fast as the memory, because the archive of an image may be long. */
static uint64_t tag_of(const uint8_t *bytes, size_t len)
{
    uint64_t hash = len;

    for (size_t at = 0; at < len; at += 8) {
        uint64_t word = 0;

        memcpy(&word, bytes + at, len - at < 8 ? len - at : 8);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    return hash;
}

/* The tag of a file is that of its archive and its place: it changes, too, when another file does,
 * but nothing must be read again. */
static uint64_t tag_of_file(const struct archive *archive, const struct name *name)
{
    const uint64_t mixed = (archive->tag ^ name->at) * UINT64_C(0x9e3779b97f4a7c15);

    return (mixed ^ mixed >> 29 ^ name->len << 40) | 1; /* 0 is none */
}

/* Paths lead into the memory of the index, contents into the archive. */
static struct leat_file file_of(struct archive *archive, const struct name *name)
{
    const bool is_folder = name->kind == ENTRY_FOLDER;
    const bool has_bytes = archive->bytes && !is_folder;

    return (struct leat_file){.path = name->path.bytes,
                              .path_len = name->path.len,
                              .len = name->len,
                              .modified_s = name->modified_s,
                              .is_folder = is_folder,
                              .bytes = has_bytes ? archive->bytes + name->at : NULL,
                              .source = &archive->files,
                              .place = name->at,
                              .tag = has_bytes ? tag_of_file(archive, name) : 0};
}

/* Finds @path, which has no links among its segments. Some archives have no entries for folders, so
 * a folder is there if anything lies below it. */
static enum leat_err find_plain(struct archive *archive, struct words path, struct leat_file *file)
{
    const uint32_t place = index_place(&archive->index, path);
    struct words below;

    if (place < archive->index.count) {
        const struct name *name = &archive->index.names[place];

        if (path_compare(name->path, path) == 0 &&
            (name->kind == ENTRY_FILE || name->kind == ENTRY_FOLDER)) {
            *file = file_of(archive, name);
            return LEAT_OK;
        }
        if (path_is_below(name->path, path, &below)) {
            *file = (struct leat_file){.path = name->path.bytes,
                                       .path_len = path.len,
                                       .is_folder = true,
                                       .source = &archive->files};
            return LEAT_OK;
        }
    }
    if (path.len > 0)
        return LEAT_ERR_NOT_FOUND;
    *file = (struct leat_file){.path = "", .is_folder = true, .source = &archive->files};
    return LEAT_OK;
}

/* Walks along archive->wanted, segment by segment. At a link, the walk begins again with the path
 * of its target and the segments that were left. Then archive->walked is a path without links. */
static enum leat_err walk(struct archive *archive)
{
    struct path *walked = &archive->walked, *wanted = &archive->wanted;
    unsigned links = 0;
    size_t at = 0;

    walked->len = 0;
    while (at < wanted->len) {
        const struct words rest = {wanted->bytes + at, wanted->len - at};
        const struct words segment = {rest.bytes, path_segment(rest)};
        const struct name *name;

        if (path_append(walked, segment, false) != PATH_OK)
            return LEAT_ERR_TOO_BIG;
        at += segment.len + (segment.len < rest.len);
        name = index_find(&archive->index, path_words(walked));
        if (!name || name->kind != ENTRY_LINK)
            continue;
        walked->len = 0;
        if (++links > LEAT_FILE_LINKS_MAX || path_append(walked, name->link, false) != PATH_OK ||
            path_append(walked, (struct words){wanted->bytes + at, wanted->len - at}, false) !=
                PATH_OK)
            return LEAT_ERR_TOO_BIG;
        /* The new path can be longer than the old one, but `walked` has room for both parts, or the
         * walk ends. At most LEAT_FILE_LINKS_MAX rounds follow, even if links lead to each
         * other. */
        *wanted = *walked;
        walked->len = at = 0;
    }
    return LEAT_OK;
}

static enum leat_err find(struct leat_files *files, const char *path, size_t len,
                          struct leat_file *file)
{
    struct archive *archive = archive_of(files);
    const struct words wanted = {path, len};
    enum leat_err err = find_plain(archive, wanted, file);

    /* Most paths have no link in them, so the path is tried as it is first. */
    if (err != LEAT_ERR_NOT_FOUND || archive->counts.links == 0)
        return err;
    archive->wanted.len = 0;
    if (path_append(&archive->wanted, wanted, false) != PATH_OK)
        return LEAT_ERR_TOO_BIG;
    err = walk(archive);
    return err ? err : find_plain(archive, path_words(&archive->walked), file);
}

/* Sets @entry to the path of the next entry of @folder from name @*at on, and @*at to the name
 * behind all that lies below it. False: there is none. */
static bool next_entry(const struct index *index, struct words folder, uint32_t *at,
                       struct words *entry)
{
    struct words below, deeper;

    if (*at < index->count && path_compare(index->names[*at].path, folder) == 0)
        ++*at; /* the folder itself */
    if (*at >= index->count || !path_is_below(index->names[*at].path, folder, &below))
        return false;
    *entry =
        (struct words){index->names[*at].path.bytes,
                       (size_t)(below.bytes - index->names[*at].path.bytes) + path_segment(below)};
    do
        ++*at;
    while (*at < index->count && path_is_below(index->names[*at].path, *entry, &deeper));
    return true;
}

/* The cursor is 1 more than the number of the name that comes next. */
static enum leat_err next(struct leat_files *files, const char *path, size_t len, uint64_t *cursor,
                          struct leat_file *file)
{
    struct archive *archive = archive_of(files);
    struct leat_file folder;
    struct words within, entry;
    enum leat_err err = find(files, path, len, &folder);
    uint32_t at;

    if (err)
        return err;
    if (!folder.is_folder)
        return LEAT_ERR_NOT_FOUND;
    within = (struct words){folder.path, folder.path_len};
    at = *cursor ? (uint32_t)(*cursor - 1) : index_place(&archive->index, within);
    while (next_entry(&archive->index, within, &at, &entry)) {
        *cursor = (uint64_t)at + 1;
        if (find(files, entry.bytes, entry.len, file))
            continue; /* a link that leads nowhere */
        /* An entry that is a link keeps its own name, but has the length and the contents of its
         * target. */
        file->path = entry.bytes;
        file->path_len = entry.len;
        return LEAT_OK;
    }
    return LEAT_ERR_END;
}

/* Opens the archive of @view in @memory. */
static enum leat_err open_view(struct leat_files **files, void *memory, size_t bytes,
                               struct view *view, char why[LEAT_FILES_WHY_BYTES])
{
    struct filling filling = {.names_max = FILLING_NAMES_MAX};
    /* memory_bytes() has counted ALIGNMENT for this, so padding never takes room from the index */
    const size_t padding = -(uintptr_t)memory % ALIGNMENT;
    struct archive *opened = (struct archive *)(void *)((uint8_t *)memory + padding);

    if (!filling_read(&filling, view, why))
        return LEAT_ERR_FORMAT;
    if (bytes < memory_bytes(&filling))
        return LEAT_ERR_MEMORY;
    memset(opened, 0, sizeof *opened);
    opened->files = (struct leat_files){.find = find, .next = next};
    opened->index.names = (struct name *)(void *)(opened + 1);
    filling = (struct filling){.index = &opened->index,
                               .room = (char *)(opened->index.names + filling.names),
                               .room_bytes = filling.path_bytes,
                               .names_max = filling.names};
    if (!filling_read(&filling, view, why))
        return LEAT_ERR_FORMAT;
    opened->index.count = filling.names;
    opened->counts.left_out = filling.left_out;
    /* Joining loses the order by path, in which resolve_hard_links() searches, so it comes
     * first. */
    index_join_inodes(&opened->index);
    index_sort(&opened->index);
    resolve_hard_links(opened);
    count(opened);
    *files = &opened->files;
    return LEAT_OK;
}

enum leat_err leat_archive_open(struct leat_files **files, void *memory, size_t bytes,
                                const void *archive, size_t len, char why[LEAT_FILES_WHY_BYTES])
{
    struct view view = view_of_memory(archive, len);
    const enum leat_err err = open_view(files, memory, bytes, &view, why);

    if (!err) {
        archive_of(*files)->bytes = archive;
        archive_of(*files)->tag = tag_of(archive, len);
    }
    return err;
}

/* ---- media */

/* As leat_files_read(). @from lies before the end of the file, whose contents lie on the medium. */
static enum leat_err read_part(const struct leat_file *file, uint64_t from, void *to, size_t room,
                               size_t *len)
{
    struct leat_files_medium *medium = archive_of(file->source)->medium;
    const size_t part = file->len - from < room ? (size_t)(file->len - from) : room;

    if (!medium->read(medium, file->place + from, to, part))
        return LEAT_ERR_DEVICE;
    *len = part;
    return LEAT_OK;
}

size_t leat_archive_medium_memory_bytes(struct leat_files_medium *medium,
                                        uint8_t part[LEAT_FILES_PART_BYTES],
                                        char why[LEAT_FILES_WHY_BYTES])
{
    struct view view = view_of_medium(medium, part);
    struct filling filling = {.names_max = FILLING_NAMES_MAX};

    return filling_read(&filling, &view, why) ? memory_bytes(&filling) : 0;
}

enum leat_err leat_archive_open_medium(struct leat_files **files, void *memory, size_t bytes,
                                       struct leat_files_medium *medium,
                                       uint8_t part[LEAT_FILES_PART_BYTES],
                                       char why[LEAT_FILES_WHY_BYTES])
{
    struct view view = view_of_medium(medium, part);
    const enum leat_err err = open_view(files, memory, bytes, &view, why);

    if (!err) {
        archive_of(*files)->medium = medium;
        (*files)->read = read_part;
    }
    return err;
}

const struct leat_archive_counts *leat_archive_counts(const struct leat_files *files)
{
    return &((const struct archive *)(const void *)files)->counts;
}
