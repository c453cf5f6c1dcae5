/* view.h -- the bytes of an archive, which lie in memory, or on a medium that is read in parts. */
#ifndef FILES_VIEW_H
#define FILES_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/files.h>

#include "files/path.h"

enum {
    VIEW_KEPT = 2,         /* words that outlive the next part: a path, and the target of a link */
    VIEW_KEPT_BYTES = 1024 /* of each */
};

struct view {
    uint64_t len;
    const uint8_t *bytes;             /* all of them, or the part that was read last */
    struct leat_files_medium *medium; /* NULL: they lie in memory */
    uint64_t from;                    /* the part, */
    size_t have;                      /* and its length */
    size_t room;                      /* for a part */
    uint8_t *part;                    /* the memory for it */
    char *kept;                       /* of VIEW_KEPT words */
    const char *fault;                /* of the last view_at() that gave NULL; static memory */
};

struct view view_of_memory(const void *bytes, size_t len);

/* @memory belongs to the view. */
struct view view_of_medium(struct leat_files_medium *medium, uint8_t memory[LEAT_FILES_PART_BYTES]);

/* The @len bytes at @at, which the archive has; valid until the next call. NULL: @fault has the
 * reason. */
const uint8_t *view_at(struct view *view, uint64_t at, uint64_t len);

/* Keeps words of the last view_at() in @place until others are kept there. False: they are too
 * long. */
bool view_keep(struct view *view, unsigned place, struct words *words);

#endif
