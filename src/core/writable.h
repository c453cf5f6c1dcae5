/* writable.h -- whether the stack may write into a buffer's headroom and tailroom. */
#ifndef CORE_WRITABLE_H
#define CORE_WRITABLE_H

#include <stdbool.h>

#include <leat/buf.h>

/* True if no other view shares the storage of the first piece, and it isn't lent memory. Lent
 * storage doesn't follow its descriptor; the bytes around such a view belong to the program. */
static inline bool buf_is_writable(const struct leat_buf *buf)
{
    return buf->owner->refs == 1 && buf->owner->start == (const uint8_t *)(buf->owner + 1);
}

#endif
