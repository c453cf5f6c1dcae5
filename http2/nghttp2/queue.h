/*
 * queue.h -- bytes that wait, as a list of buffers: those of others as they are, and short pieces
 * copied together.
 */
#ifndef HTTP2_NGHTTP2_QUEUE_H
#define HTTP2_NGHTTP2_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/buf.h>

struct http2_queue {
    struct leat_buf *first;
    struct leat_buf *last;
    struct leat_buf *own; /* the last one, if it is a copy that has room for more; or NULL */
    uint32_t bytes;
    bool is_short; /* its bytes leave soon: copies may lie in small buffers, of which the pool has
                      few */
};

/* Appends a list of buffers, which is taken. */
void http2_queue_add(struct http2_queue *queue, struct leat_buf *list);

/* Appends a copy of @len bytes. False: the pool is empty, and the queue is unchanged. */
bool http2_queue_put(struct http2_queue *queue, struct leat_pool *pool, const void *bytes,
                     size_t len);

/* Takes the first bytes, at most @bytes_max. NULL: there are none, or no descriptor. */
struct leat_buf *http2_queue_take(struct http2_queue *queue, uint32_t bytes_max);

/* Frees the first @bytes. */
void http2_queue_skip(struct http2_queue *queue, uint32_t bytes);

/* Frees all. */
void http2_queue_clear(struct http2_queue *queue);

#endif
