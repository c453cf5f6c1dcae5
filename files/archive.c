/*
 * archive.c -- see leat/files.h: an archive in memory as a source of files.
 *
 * The archive is read twice: once to count its names, once to put them into an index that is sorted
 * by path. Contents stay where they are. A symbolic link keeps the path of its target and is
 * followed at each call, because folders can be links, too.
 */
#include "files/archive.h"

#include <string.h>

#include "core/assert.h"
#include "core/container_of.h"
#include "core/text.h"
#include "files/index.h"

struct archive {
    struct leat_files files; /* the source */
    struct leat_archive_counts counts;
    const uint8_t *bytes;
    uint64_t tag; /* of all bytes */
    struct index index;
    struct path walked; /* leat_files_find() through links: the path so far */
    struct path wanted; /* ... and the path that it follows next */
};

enum {
    ALIGNMENT = _Alignof(struct archive)
};

/* Where the names go. The first pass has no index, and only counts. */
struct filling {
    struct index *index;
    char *room; /* for paths */
    uint32_t names;
    uint32_t left_out;
    size_t path_bytes;
};

static struct archive *archive_of(struct leat_files *files)
{
    return container_of(files, struct archive, files);
}

/* ---- reading */

static const struct {
    const char *magic;
    size_t len;
    const char *what;
} others[] = {
    {"\x1f\x8b", 2, "compressed by gzip"},
    {"\x28\xb5\x2f\xfd", 4, "compressed by zstd"},
    {"\xfd"
     "7zXZ",
     5, "compressed by xz"},
    {"BZh", 3, "compressed by bzip2"},
    {"\x04\x22\x4d\x18", 4, "compressed by lz4"},
    {"\x02\x21\x4c\x18", 4, "compressed by lz4"},
    {"PK\x03\x04", 4, "a Zip archive"},
    {"070707", 6, "a cpio archive of the old format"},
    {"\xc7\x71", 2, "a cpio archive of the old format"},
};

/* The text has one byte less than @why, which leaves room for the NUL. */
static void tell(char why[LEAT_FILES_WHY_BYTES], struct text *text)
{
    why[text->len] = '\0';
}

static void tell_what_it_is(const uint8_t *bytes, size_t len, char why[LEAT_FILES_WHY_BYTES])
{
    struct text text = {.bytes = why, .room = LEAT_FILES_WHY_BYTES - 1};

    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (len >= others[i].len && memcmp(bytes, others[i].magic, others[i].len) == 0) {
            text_add(&text, "it is ");
            text_add(&text, others[i].what);
            text_add(&text, "; make a tar archive, or one of cpio with -H newc");
            tell(why, &text);
            return;
        }
    }
    text_add(&text, len == 0 ? "it is empty" : "it is neither a tar archive nor one of cpio");
    tell(why, &text);
}

static void tell_damage(const struct reader *reader, char why[LEAT_FILES_WHY_BYTES])
{
    struct text text = {.bytes = why, .room = LEAT_FILES_WHY_BYTES - 1};

    text_add(&text, reader->fault);
    text_add(&text, ", at byte ");
    text_add_number(&text, reader->entry_at);
    text_add(&text, " of ");
    text_add_number(&text, reader->len);
    tell(why, &text);
}

/* The path of @entry. */
static enum path_result entry_path(const struct entry *entry, struct path *path)
{
    const enum path_result result = path_append(path, entry->folder, false);

    return result == PATH_OK ? path_append(path, entry->name, false) : result;
}

/* Without room, in the first pass, it only counts the bytes of the path. */
static struct words keep(struct filling *filling, const struct path *path)
{
    struct words kept = {filling->room ? filling->room + filling->path_bytes : NULL, path->len};

    if (filling->room)
        memcpy(filling->room + filling->path_bytes, path->bytes, path->len);
    filling->path_bytes += path->len;
    return kept;
}

/* Keeps the path of the target of the link at @from. A symbolic link is relative to its folder, or
 * absolute; a hard link names another entry. */
static __attribute__((noinline)) enum path_result keep_target(struct filling *filling,
                                                              const struct entry *entry,
                                                              const struct path *from,
                                                              struct words *kept)
{
    const bool is_symbolic = entry->kind == ENTRY_LINK;
    struct path target;
    enum path_result result;

    target.len = 0;
    if (is_symbolic && entry->link.len > 0 && entry->link.bytes[0] != '/') {
        target = *from;
        /* Without the name of the link itself, its path is the folder that the target is relative
         * to. */
        path_climb(&target);
    }
    result = path_append(&target, entry->link, is_symbolic);
    if (result == PATH_OK)
        *kept = keep(filling, &target);
    return result;
}

/* Puts the entry into the index, if there is one. */
static __attribute__((noinline)) void fill_in(struct filling *filling, const struct entry *entry)
{
    const bool is_link = entry->kind == ENTRY_LINK || entry->kind == ENTRY_HARD_LINK;
    struct name name = {.bytes = entry->bytes,
                        .len = entry->len,
                        .inode = entry->inode,
                        .modified_s = entry->modified_s,
                        .kind = entry->kind,
                        .number = filling->names};
    struct path path;

    path.len = 0;
    if (entry->kind == ENTRY_LEFT_OUT || entry_path(entry, &path) != PATH_OK ||
        (is_link && keep_target(filling, entry, &path, &name.link) != PATH_OK)) {
        filling->left_out++;
        return;
    }
    if (path.len == 0) /* the root is always there */
        return;
    name.path = keep(filling, &path);
    if (filling->index)
        filling->index->names[filling->names] = name;
    filling->names++;
}

/* Reads the whole archive. False: @why has the reason. */
static bool read_all(struct filling *filling, const void *archive, size_t len,
                     char why[LEAT_FILES_WHY_BYTES])
{
    struct reader reader = {.bytes = archive, .len = len};
    const bool is_cpio = cpio_is_there(archive, len);
    struct entry entry;

    if (!is_cpio && !tar_is_there(archive, len)) {
        tell_what_it_is(archive, len, why);
        return false;
    }
    for (;;) {
        switch (is_cpio ? cpio_next(&reader, &entry) : tar_next(&reader, &entry)) {
        case READ_ENTRY:
            fill_in(filling, &entry);
            break;
        case READ_END:
            return true;
        case READ_DAMAGED:
        default:
            tell_damage(&reader, why);
            return false;
        }
        /* sink() of index.c computes 2 * at + 2 in 32 bits */
        if (filling->names == UINT32_MAX / 2) {
            reader.fault = "the archive has too many names";
            tell_damage(&reader, why);
            return false;
        }
    }
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
    struct filling filling = {.names = 0};

    return read_all(&filling, archive, len, why) ? memory_bytes(&filling) : 0;
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
            name->bytes = target->bytes;
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
    const uint64_t place = (uint64_t)(name->bytes - archive->bytes);
    const uint64_t mixed = (archive->tag ^ place) * UINT64_C(0x9e3779b97f4a7c15);

    return (mixed ^ mixed >> 29 ^ name->len << 40) | 1; /* 0 is none */
}

/* Paths lead into the memory of the index, contents into the archive. */
static struct leat_file file_of(struct archive *archive, const struct name *name)
{
    const bool is_folder = name->kind == ENTRY_FOLDER;

    return (struct leat_file){.path = name->path.bytes,
                              .path_len = name->path.len,
                              .len = name->len,
                              .modified_s = name->modified_s,
                              .is_folder = is_folder,
                              .bytes = is_folder ? NULL : name->bytes,
                              .source = &archive->files,
                              .tag = is_folder ? 0 : tag_of_file(archive, name)};
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

enum leat_err leat_archive_open(struct leat_files **files, void *memory, size_t bytes,
                                const void *archive, size_t len, char why[LEAT_FILES_WHY_BYTES])
{
    struct filling filling = {.names = 0};
    /* memory_bytes() has counted ALIGNMENT for this, so padding never takes room from the index */
    const size_t padding = -(uintptr_t)memory % ALIGNMENT;
    struct archive *opened = (struct archive *)(void *)((uint8_t *)memory + padding);

    if (!read_all(&filling, archive, len, why))
        return LEAT_ERR_FORMAT;
    if (bytes < memory_bytes(&filling))
        return LEAT_ERR_MEMORY;
    memset(opened, 0, sizeof *opened);
    opened->files = (struct leat_files){.find = find, .next = next};
    opened->bytes = archive;
    opened->tag = tag_of(archive, len);
    opened->counts.left_out = filling.left_out;
    opened->index.names = (struct name *)(void *)(opened + 1);
    opened->index.count = filling.names;
    filling = (struct filling){.index = &opened->index,
                               .room = (char *)(opened->index.names + filling.names)};
    /* The second pass reads the same bytes, so it can't fail. Archive memory that changes meanwhile
     * is the program's error, which the assertion finds. */
    read_all(&filling, archive, len, why);
    leat_assert(filling.names == opened->index.count);
    /* Joining loses the order by path, in which resolve_hard_links() searches, so it comes
     * first. */
    index_join_inodes(&opened->index);
    index_sort(&opened->index);
    resolve_hard_links(opened);
    count(opened);
    *files = &opened->files;
    return LEAT_OK;
}

const struct leat_archive_counts *leat_archive_counts(const struct leat_files *files)
{
    return &((const struct archive *)(const void *)files)->counts;
}
