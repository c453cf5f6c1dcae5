/* writable.h -- may the stack write into a buffer's head- and tailroom? */
#ifndef CORE_WRITABLE_H
#define CORE_WRITABLE_H

#include <stdbool.h>

#include <leat/buf.h>

/* True if no other view shows the storage of the first piece, and it is no lent memory (a slice of
 * which has room in front that isn't ours: there the storage doesn't follow its descriptor). */
static inline bool buf_is_writable(const struct leat_buf *buf)
{
    return buf->owner->refs == 1 && buf->owner->start == (const uint8_t *)(buf->owner + 1);
}

#endif
