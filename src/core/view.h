/*
 * view.h -- the view operations of buf.h for use inside the stack.
 *
 * They are inline because each packet runs them several times, and a call would cost more than the
 * operation.
 */
#ifndef CORE_VIEW_H
#define CORE_VIEW_H

#include <leat/buf.h>

#include "core/assert.h"
#include "core/pool.h"

/* Sets the view to @data, @len.  Around the view of lent memory there is no space for headers or
 * more payload, even where an earlier view was larger: the memory is the program's. */
static inline void view_set(struct leat_buf *buf, uint8_t *data, uint32_t len)
{
    buf->data = data;
    buf->len = len;
    if (buf->owner->kind & POOL_LENT) {
        buf->start = data;
        buf->capacity = len;
    }
}

/* leat_buf_push() */
static inline uint8_t *view_push(struct leat_buf *buf, uint32_t bytes)
{
    leat_assert(bytes <= leat_buf_headroom(buf));
    buf->data -= bytes;
    buf->len += bytes;
    return buf->data;
}

/* leat_buf_put() if the space is known to suffice. */
static inline uint8_t *view_put(struct leat_buf *buf, uint32_t bytes)
{
    uint8_t *added = buf->data + buf->len;

    leat_assert(bytes <= leat_buf_tailroom(buf));
    buf->len += bytes;
    return added;
}

/* leat_buf_pull() if the bytes are known to exist. */
static inline void view_pull(struct leat_buf *buf, uint32_t bytes)
{
    leat_assert(bytes <= buf->len);
    view_set(buf, buf->data + bytes, buf->len - bytes);
}

/* leat_buf_trim(), fast for a list that already has this length. */
static inline void view_trim(struct leat_buf *buf, uint32_t total)
{
    if (buf->next || buf->len != total)
        leat_buf_trim(buf, total);
}

/* leat_buf_total(), fast for a list of one piece. */
static inline uint32_t view_total(const struct leat_buf *buf)
{
    return buf->next ? leat_buf_total(buf) : buf->len;
}

/* leat_buf_slice() of bytes that lie in one piece. */
static inline struct leat_buf *view_of(const struct leat_buf *buf, uint32_t offset, uint32_t len)
{
    struct leat_buf *view = pool_take(buf->pool, POOL_VIEW);

    if (!view)
        return 0;
    view->owner = buf->owner;
    view->owner->refs++;
    view->start = buf->start;
    view->capacity = buf->capacity;
    view_set(view, buf->data + offset, len);
    return view;
}

/* A payload is short if it fills at most a quarter of its storage. */
static inline bool view_is_short(const struct leat_buf *piece)
{
    return piece->len * 4 <= piece->capacity;
}

/* Copies short @piece to the end of @last; false if @last has no space or its storage is shared. */
bool view_merge(struct leat_buf *last, const struct leat_buf *piece);

#endif
