/*
 * view.c -- see view.h.
 *
 * A part begins where it was asked for, and is as long as its memory. Archives are read from their
 * beginning, so the next bytes are mostly there already.
 */
#include "files/view.h"

#include <string.h>

#include "core/assert.h"

struct view view_of_memory(const void *bytes, size_t len)
{
    return (struct view){.len = len, .bytes = bytes};
}

struct view view_of_medium(struct leat_files_medium *medium, uint8_t memory[LEAT_FILES_PART_BYTES])
{
    enum {
        KEPT = VIEW_KEPT * VIEW_KEPT_BYTES
    };

    return (struct view){.len = medium->len,
                         .medium = medium,
                         .room = LEAT_FILES_PART_BYTES - KEPT,
                         .part = memory + KEPT,
                         .kept = (char *)memory};
}

const uint8_t *view_at(struct view *view, uint64_t at, uint64_t len)
{
    uint64_t have;

    leat_assert(at <= view->len && len <= view->len - at);
    if (!view->medium)
        return view->bytes + at;
    if (len == 0)
        return view->part;
    if (at >= view->from && at - view->from <= view->have && len <= view->have - (at - view->from))
        return view->part + (at - view->from);
    view->have = 0;
    if (len > view->room) {
        view->fault = "a name, a link or an extended header is too long";
        return NULL;
    }
    have = view->len - at < view->room ? view->len - at : view->room;
    if (!view->medium->read(view->medium, at, view->part, (size_t)have)) {
        view->fault = "it can't be read";
        return NULL;
    }
    view->from = at;
    view->have = (size_t)have;
    return view->part;
}

bool view_keep(struct view *view, unsigned place, struct words *words)
{
    char *kept;

    leat_assert(place < VIEW_KEPT);
    if (!view->medium || words->len == 0)
        return true;
    if (words->len > VIEW_KEPT_BYTES)
        return false;
    kept = view->kept + (size_t)place * VIEW_KEPT_BYTES;
    if (words->bytes != kept) /* they may be there already */
        memcpy(kept, words->bytes, words->len);
    words->bytes = kept;
    return true;
}
