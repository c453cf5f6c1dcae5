/*
 * sendq.h -- the send queue: data in flight, and data that waits to be sent, in order, from SND.UNA
 * on.
 *
 * It holds the program's own buffers. A segment gets slices of them, so the data isn't copied, and
 * can be sent more than once.
 */
#ifndef TCP_SENDQ_H
#define TCP_SENDQ_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <leat/buf.h>

#include "core/pool.h"
#include "core/view.h"
#include "core/writable.h"

struct sendq {
    struct leat_buf *first;
    struct leat_buf *last;
    uint32_t seq;   /* of the first byte */
    uint32_t bytes; /* in all */
    /* the end of the last slice: segments are sent one after another */
    struct leat_buf *cursor;
    uint32_t cursor_seq; /* of the cursor's first byte */
    uint32_t held;       /* units of the pool (core/pool.h) */
    /* state at evict.c's last look; all 0: none since the queue was empty */
    uint32_t mark_ms;
    uint32_t mark_seq;
    bool tail_is_ours; /* sendq_write() may append to the last piece */
};

void sendq_init(struct sendq *queue, uint32_t seq);

/* Sequence number behind the last byte. */
static inline uint32_t sendq_end(const struct sendq *queue)
{
    return queue->seq + queue->bytes;
}

/* Appends @data.  Takes it. */
void sendq_put(struct sendq *queue, struct leat_buf *data);

static inline void sendq_append(struct sendq *queue, struct leat_buf *piece)
{
    piece->next = 0;
    if (queue->last)
        queue->last->next = piece;
    else
        queue->first = piece;
    queue->last = piece;
    queue->bytes += piece->len;
}

/* A buffer for the next @len bytes. It has headroom for headers if the queue is empty, both fit,
 * and the headroom is a small part of the buffer. */
static inline struct leat_buf *sendq_alloc(const struct sendq *queue, struct leat_pool *pool,
                                           uint32_t len)
{
    enum {
        HEADROOM_PART = 8 /* the least ratio of a buffer to its headroom */
    };
    const struct pool_list *full = &pool->lists[POOL_FULL];
    const bool is_short = !queue->first && len + LEAT_BUF_HEADROOM <= full->bytes &&
                          HEADROOM_PART * LEAT_BUF_HEADROOM <= full->bytes;

    return pool_alloc(pool, POOL_FULL, is_short ? LEAT_BUF_HEADROOM : 0, 0);
}

/* Copies @bytes into a new buffer. Returns how many; 0: no buffer. */
static inline uint32_t sendq_write_piece(struct sendq *queue, struct leat_pool *pool,
                                         const uint8_t *bytes, uint32_t len)
{
    struct leat_buf *piece = sendq_alloc(queue, pool, len);
    uint32_t here;

    if (!piece)
        return 0;
    here = leat_buf_tailroom(piece);
    if (here > len)
        here = len;
    memcpy(piece->data, bytes, here);
    piece->len = here;
    sendq_append(queue, piece);
    queue->held += pool->lists[POOL_FULL].units;
    queue->tail_is_ours = true;
    return here;
}

/* The general part of sendq_write(). */
uint32_t sendq_write_pieces(struct sendq *queue, struct leat_pool *pool, uint32_t pieces_max,
                            const uint8_t *bytes, uint32_t len);

/* Appends a copy of up to @len bytes, in the last piece and in at most @pieces_max new ones.
 * Returns how many bytes. */
static inline uint32_t sendq_write(struct sendq *queue, struct leat_pool *pool, uint32_t pieces_max,
                                   const uint8_t *bytes, uint32_t len)
{
    /* nearly every payload is short, and the queue is empty */
    if (queue->last || len + LEAT_BUF_HEADROOM > pool->lists[POOL_FULL].bytes || len == 0 ||
        pieces_max == 0)
        return sendq_write_pieces(queue, pool, pieces_max, bytes, len);
    return sendq_write_piece(queue, pool, bytes, len);
}

/* A slice from @seq on, of @len bytes or fewer if they lie in more than @pieces_max pieces; *@len
 * is set to the length. The bytes must be in the queue. Headroom of the first piece may be written
 * to: there is none if other slices share it. NULL: no descriptor is left. */
struct leat_buf *sendq_slice(struct sendq *queue, uint32_t pieces_max, uint32_t seq, uint32_t *len);

/* Removes the headroom of @view, which may not be written to. */
static inline void sendq_hide_headroom(struct leat_buf *view)
{
    view->capacity -= leat_buf_headroom(view);
    view->start = view->data;
}

/* sendq_slice() in one piece. It keeps the headroom only where headers may be written: in front of
 * the piece, while no other slice shares its storage. */
static inline struct leat_buf *sendq_slice_piece(const struct leat_buf *piece, uint32_t offset,
                                                 uint32_t len)
{
    const bool has_room_in_front = offset == 0 && buf_is_writable(piece);
    struct leat_buf *view = view_of(piece, offset, len);

    if (view && !has_room_in_front)
        sendq_hide_headroom(view);
    return view;
}

/* sendq_ack() when data is left. */
void sendq_ack_part(struct sendq *queue, uint32_t seq);

/* Frees all bytes before @seq. Mostly that is the whole queue. */
static inline void sendq_ack(struct sendq *queue, uint32_t seq)
{
    if (seq != sendq_end(queue)) {
        sendq_ack_part(queue, seq);
        return;
    }
    leat_buf_free(queue->first);
    *queue = (struct sendq){.seq = seq};
}

void sendq_free(struct sendq *queue);

#endif
