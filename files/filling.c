/*
 * filling.c -- see filling.h.
 *
 * The archive is read twice: once to count its names, once to put them into the index. A medium may
 * give other bytes the second time, so the second pass has limits of its own.
 */
#include "files/filling.h"

#include <string.h>

#include "core/text.h"
#include "files/archive.h"

enum {
    FIRST_BYTES = 512 /* a header of tar */
};

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
    text_add_number(&text, reader->view->len);
    tell(why, &text);
}

/* The path of @entry. */
static enum path_result entry_path(const struct entry *entry, struct path *path)
{
    const enum path_result result = path_append(path, entry->folder, false);

    return result == PATH_OK ? path_append(path, entry->name, false) : result;
}

/* In the first pass it only counts the bytes of the path. In the second one there is room for them,
 * unless a medium gives others than before. */
static struct words keep(struct filling *filling, const struct path *path)
{
    const size_t at = filling->path_bytes;
    struct words kept = {filling->room ? filling->room + at : NULL, path->len};

    filling->path_bytes += path->len;
    if (!filling->room)
        return kept;
    if (path->len > filling->room_bytes - at) {
        filling->path_bytes = at;
        filling->changes = true;
        return (struct words){filling->room, 0};
    }
    memcpy(filling->room + at, path->bytes, path->len);
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
    struct name name = {.at = entry->at,
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
    if (filling->names == filling->names_max) {
        filling->changes = true;
        return;
    }
    if (filling->index)
        filling->index->names[filling->names] = name;
    filling->names++;
}

/* The first bytes of the archive say what it is. False: @why has the reason why it can't be read.
 */
static bool recognize(struct view *view, bool *is_cpio, char why[LEAT_FILES_WHY_BYTES])
{
    const size_t len = view->len < FIRST_BYTES ? (size_t)view->len : FIRST_BYTES;
    const uint8_t *bytes = view_at(view, 0, len);
    const struct reader none = {.view = view, .fault = view->fault};

    if (!bytes) {
        tell_damage(&none, why);
        return false;
    }
    *is_cpio = cpio_is_there(bytes, len);
    if (*is_cpio || tar_is_there(bytes, len))
        return true;
    tell_what_it_is(bytes, len, why);
    return false;
}

bool filling_read(struct filling *filling, struct view *view, char why[LEAT_FILES_WHY_BYTES])
{
    struct reader reader = {.view = view};
    struct entry entry;
    bool is_cpio;

    if (!recognize(view, &is_cpio, why))
        return false;
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
        if (filling->changes) {
            reader.fault =
                filling->index ? "it changes while it is read" : "the archive has too many names";
            tell_damage(&reader, why);
            return false;
        }
    }
}
