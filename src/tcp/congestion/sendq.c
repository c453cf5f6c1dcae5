/* sendq.c -- the send queue: data in flight, and data that waits to be sent. */
#include "tcp/congestion/sendq.h"

#include <string.h>

#include "core/assert.h"
#include "core/view.h"
#include "tcp/congestion/seq.h"

void sendq_init(struct sendq *queue, uint32_t seq)
{
    *queue = (struct sendq){.seq = seq};
}

void sendq_put(struct sendq *queue, struct leat_buf *data)
{
    while (data) {
        struct leat_buf *next = data->next;

        data->next = 0;
        if (data->len > 0) {
            queue->held += pool_units_of(data);
            sendq_append(queue, data);
        } else {
            leat_buf_free(data);
        }
        data = next;
    }
    /* the program may have other views of its buffer, so nothing is written behind these bytes */
    queue->tail_is_ours = false;
}

/* Writes into free space of the last piece, if sendq_write() made it, so that many short payloads
 * don't need a buffer each. */
static uint32_t write_to_tail(struct sendq *queue, const uint8_t *bytes, uint32_t len)
{
    uint32_t here;

    leat_assert(queue->last); /* because of tail_is_ours */
    here = leat_buf_tailroom(queue->last);
    if (here > len)
        here = len;
    if (here == 0)
        return 0;
    memcpy(leat_buf_put(queue->last, here), bytes, here);
    queue->bytes += here;
    return here;
}

uint32_t sendq_write_pieces(struct sendq *queue, struct leat_pool *pool, uint32_t pieces_max,
                            const uint8_t *bytes, uint32_t len)
{
    uint32_t done = queue->tail_is_ours ? write_to_tail(queue, bytes, len) : 0;
    uint32_t here = 1;

    for (; here > 0 && done < len && pieces_max > 0; pieces_max--) {
        here = sendq_write_piece(queue, pool, bytes + done, len - done);
        done += here;
    }
    return done;
}

/* The most pieces for one frame. With few descriptors left it is fewer, or a frame that needs all
 * of them would be retried for ever. */
static uint32_t affordable(const struct leat_pool *pool, uint32_t pieces_max)
{
    const uint32_t half = pool->lists[POOL_VIEW].free_count / 2;

    return half < pieces_max ? half : pieces_max;
}

/* Moves the cursor to the piece that holds @seq. */
static void seek(struct sendq *queue, uint32_t seq)
{
    if (!queue->cursor || seq_lt(seq, queue->cursor_seq)) {
        queue->cursor = queue->first;
        queue->cursor_seq = queue->seq;
    }
    while (seq - queue->cursor_seq >= queue->cursor->len) {
        queue->cursor_seq += queue->cursor->len;
        queue->cursor = queue->cursor->next;
        leat_assert(queue->cursor != 0);
    }
}

struct leat_buf *sendq_slice(struct sendq *queue, uint32_t pieces_max, uint32_t seq, uint32_t *len)
{
    const struct leat_buf *piece;
    struct leat_buf *data;
    uint32_t offset, reach;

    leat_assert(*len > 0 && seq - queue->seq + *len <= queue->bytes);
    seek(queue, seq);
    piece = queue->cursor;
    offset = seq - queue->cursor_seq;
    reach = piece->len - offset;
    if (reach < *len) {
        pieces_max = affordable(piece->pool, pieces_max);
        for (unsigned pieces = 1; reach < *len && pieces < pieces_max; pieces++) {
            piece = piece->next;
            reach += piece->len;
        }
        if (reach < *len)
            *len = reach;
    }
    if (piece == queue->cursor)
        return sendq_slice_piece(piece, offset, *len);
    data = leat_buf_slice(queue->cursor, offset, *len);
    if (data) /* trimming it may leave a single piece */
        sendq_hide_headroom(data);
    return data;
}

void sendq_ack_part(struct sendq *queue, uint32_t seq)
{
    uint32_t acked = seq - queue->seq;

    leat_assert(acked <= queue->bytes);
    queue->seq = seq;
    queue->bytes -= acked;
    /* the cursor's piece may be freed below */
    if (queue->cursor && seq_lt(queue->cursor_seq, seq))
        queue->cursor = 0;
    while (acked >= queue->first->len) {
        struct leat_buf *piece = queue->first;

        queue->first = piece->next;
        piece->next = 0;
        acked -= piece->len;
        queue->held -= pool_units_of(piece);
        leat_buf_free(piece);
    }
    /* only the view of a partly acknowledged piece moves on, because slices in flight show its
     * storage */
    if (acked > 0)
        leat_buf_pull(queue->first, acked);
}

void sendq_free(struct sendq *queue)
{
    leat_buf_free(queue->first);
    sendq_init(queue, queue->seq);
}
