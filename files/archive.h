/* archive.h -- the entries of an archive, one after another. */
#ifndef FILES_ARCHIVE_H
#define FILES_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/files.h>

#include "files/path.h"
#include "files/view.h"

enum entry_kind {
    ENTRY_FILE,
    ENTRY_FOLDER,
    ENTRY_LINK,      /* symbolic: `link` is relative to the folder of the link, or to the root */
    ENTRY_HARD_LINK, /* `link` is the path of another entry */
    ENTRY_LEFT_OUT   /* nothing that this library has */
};

/* An entry. Its words are valid until the next one is read. */
struct entry {
    enum entry_kind kind;
    struct words folder, name; /* the path in two parts, as ustar has it; `folder` may be empty */
    struct words link;
    uint64_t at; /* of its contents, in the archive */
    uint64_t len;
    int64_t modified_s;
    uint64_t inode; /* cpio's names of one file have the same, which isn't 0; 0: a single name */
};

enum reading {
    READ_ENTRY,
    READ_END,
    READ_DAMAGED /* `fault` has the reason */
};

/* An archive that is read from its beginning. */
struct reader {
    struct view *view;
    uint64_t at;       /* the next header */
    uint64_t entry_at; /* the header of the last entry */
    const char *fault; /* static memory */
};

/* The next entry of a tar archive: POSIX.1-2017, pax, "ustar Interchange Format"; GNU's long names.
 */
enum reading tar_next(struct reader *reader, struct entry *entry);

/* The next entry of a cpio archive in the format "newc" (Linux,
 * Documentation/driver-api/early-userspace/buffer-format.rst). Archives may follow each other. */
enum reading cpio_next(struct reader *reader, struct entry *entry);

/* True if the bytes begin like a tar archive, even an empty one. */
bool tar_is_there(const uint8_t *bytes, size_t len);

bool cpio_is_there(const uint8_t *bytes, size_t len);

#endif
