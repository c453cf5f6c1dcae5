/* queue.c -- see queue.h. */
#include "queue.h"

#include <leat/assert.h>

#include <string.h>

enum {
    SMALL_BYTES = 192 /* of storage in a small buffer (leat_buf_alloc_small()) */
};

void http2_queue_add(struct http2_queue *queue, struct leat_buf *list)
{
    struct leat_buf *last = list;

    if (!list)
        return;
    queue->bytes += list->len;
    while (last->next) {
        last = last->next;
        queue->bytes += last->len;
    }
    if (queue->last)
        queue->last->next = list;
    else
        queue->first = list;
    queue->last = last;
    queue->own = NULL;
}

/* A copy of @len bytes in buffers of its own. */
static struct leat_buf *copy(struct leat_pool *pool, const void *bytes, uint32_t len, bool is_short)
{
    struct leat_buf *made = is_short && len <= SMALL_BYTES ? leat_buf_alloc_small(pool, 0) : NULL;
    uint8_t *to = made ? leat_buf_put(made, len) : NULL;

    if (to) {
        memcpy(to, bytes, len);
        return made;
    }
    leat_buf_free(made);
    return leat_buf_copy(pool, bytes, len);
}

bool http2_queue_put(struct http2_queue *queue, struct leat_pool *pool, const void *bytes,
                     size_t len)
{
    const uint32_t room = queue->own ? leat_buf_tailroom(queue->own) : 0;
    const uint32_t part = len < room ? (uint32_t)len : room;
    struct leat_buf *rest = NULL;

    if (len > part) {
        rest = copy(pool, (const uint8_t *)bytes + part, (uint32_t)len - part, queue->is_short);
        if (!rest)
            return false;
    }
    if (part > 0) {
        memcpy(leat_buf_put(queue->own, part), bytes, part);
        queue->bytes += part;
    }
    if (rest) {
        http2_queue_add(queue, rest);
        queue->own = queue->last;
    }
    return true;
}

static void forget(struct http2_queue *queue)
{
    queue->first = queue->last = queue->own = NULL;
    queue->bytes = 0;
}

struct leat_buf *http2_queue_take(struct http2_queue *queue, uint32_t bytes_max)
{
    struct leat_buf *taken;
    struct leat_buf *last;
    uint32_t len;

    if (queue->bytes <= bytes_max) {
        taken = queue->first;
        forget(queue);
        return taken;
    }
    if (queue->first->len > bytes_max) {
        taken = bytes_max > 0 ? leat_buf_slice(queue->first, 0, bytes_max) : NULL;
        if (taken)
            http2_queue_skip(queue, bytes_max);
        return taken;
    }
    /* as many whole pieces as fit, so that nothing can fail */
    taken = last = queue->first;
    len = last->len;
    while (last->next && len + last->next->len <= bytes_max) {
        last = last->next;
        len += last->len;
    }
    queue->first = last->next;
    queue->bytes -= len;
    last->next = NULL;
    leat_assert(queue->first);
    return taken;
}

void http2_queue_skip(struct http2_queue *queue, uint32_t bytes)
{
    if (bytes >= queue->bytes) {
        http2_queue_clear(queue);
        return;
    }
    /* the last piece keeps some bytes, so it stays the last */
    queue->first = leat_buf_consume(queue->first, bytes);
    queue->bytes -= bytes;
    /* a part of it may be lent to a slice: further bytes get a buffer of their own */
    queue->own = NULL;
}

void http2_queue_clear(struct http2_queue *queue)
{
    leat_buf_free(queue->first);
    forget(queue);
}
