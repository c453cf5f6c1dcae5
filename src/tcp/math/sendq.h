/*
 * sendq.h -- data that was sent or waits to be, in order, from SND.UNA on.
 *
 * It holds the program's own buffers.  A segment gets slices of them, so the data is not copied,
 * and may leave more than once.
 */
#ifndef TCP_SENDQ_H
#define TCP_SENDQ_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/buf.h>

#include "core/view.h"
#include "core/writable.h"

struct sendq {
    struct leat_buf *first;
    struct leat_buf *last;
    uint32_t seq;   /* of the first byte */
    uint32_t bytes; /* in all */
    /* where the last slice ended: segments leave one after another */
    struct leat_buf *cursor;
    uint32_t cursor_seq; /* of the cursor's first byte */
    uint32_t held;       /* units of the pool (core/pool.h) */
    /* what evict.c saw last; all 0: nothing since the queue was empty */
    uint32_t mark_ms;
    uint32_t mark_seq;
    bool tail_is_ours; /* sendq_write() may go on in the last piece */
};

void sendq_init(struct sendq *queue, uint32_t seq);

/* Sequence number behind the last byte. */
static inline uint32_t sendq_end(const struct sendq *queue)
{
    return queue->seq + queue->bytes;
}

/* Appends @data.  Takes it. */
void sendq_put(struct sendq *queue, struct leat_buf *data);

/* Appends a copy of up to @len bytes, in the last piece and in at most @pieces_max new ones;
 * returns how many there was room for. */
uint32_t sendq_write(struct sendq *queue, struct leat_pool *pool, uint32_t pieces_max,
                     const uint8_t *bytes, uint32_t len);

/* The bytes from @seq on, @len or fewer if they lie in more than @pieces_max: *@len says how many.
 * They must be in the queue.  The headroom of its first piece may be written to: there is none
 * where others read.  NULL if there is no descriptor left. */
struct leat_buf *sendq_slice(struct sendq *queue, uint32_t pieces_max, uint32_t seq, uint32_t *len);

/* What lies in front of @view is not ours to write to. */
static inline void sendq_hide_headroom(struct leat_buf *view)
{
    view->capacity -= leat_buf_headroom(view);
    view->start = view->data;
}

/* sendq_slice() in one piece.  It keeps the headroom only where headers may be written: in front of
 * the piece, while nobody else reads its storage. */
static inline struct leat_buf *sendq_slice_piece(const struct leat_buf *piece, uint32_t offset,
                                                 uint32_t len)
{
    const bool has_room_in_front = offset == 0 && buf_is_writable(piece);
    struct leat_buf *view = view_of(piece, offset, len);

    if (view && !has_room_in_front)
        sendq_hide_headroom(view);
    return view;
}

/* sendq_ack() when some are left. */
void sendq_ack_part(struct sendq *queue, uint32_t seq);

/* All bytes before @seq have arrived: lets them go.  Mostly that is all there is. */
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
