/* filling.h -- reads the names of an archive into an index. */
#ifndef FILES_FILLING_H
#define FILES_FILLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/files.h>

#include "files/index.h"
#include "files/view.h"

enum {
    FILLING_NAMES_MAX = INT32_MAX /* sink() of index.c computes 2 * at + 2 in 32 bits */
};

/* Where the names go. The first pass has no index, and only counts. */
struct filling {
    struct index *index;
    char *room; /* for paths, */
    size_t room_bytes;
    uint32_t names;
    uint32_t names_max;
    uint32_t left_out;
    size_t path_bytes;
    bool changes; /* there is more than before */
};

/* Reads the whole archive. False: @why has the reason. */
bool filling_read(struct filling *filling, struct view *view, char why[LEAT_FILES_WHY_BYTES]);

#endif
