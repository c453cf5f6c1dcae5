/*
 * framing.c -- frames out of a stream of bytes.
 *
 * Pieces of the stream come in by leat_framing_put(), in order, of any length. leat_framing_take()
 * reads the length in front of a frame and waits until all of the frame is there. It hands out the
 * stream's own buffers. Only headers that lie across two of them are copied, because the stack
 * reads headers in one piece.
 */
#include "framing.h"

#include <leat/assert.h>

#include <string.h>

enum {
    HEAD_BYTES = 134 /* Ethernet, IPv4 and TCP headers with all options */
};

void leat_framing_init(struct framing *framing, uint32_t frame_max, bool marked,
                       struct leat_socket_counters *counters)
{
    leat_assert(frame_max <= FRAME_LIMIT);
    *framing = (struct framing){.frame_max = frame_max, .marked = marked, .counters = counters};
}

void leat_framing_put(struct framing *framing, struct leat_buf *piece)
{
    piece->next = NULL;
    framing->bytes += piece->len;
    if (framing->first)
        framing->last->next = piece;
    else
        framing->first = piece;
    framing->last = piece;
}

/* Drops @bytes at the front. */
static void drop(struct framing *framing, uint32_t bytes)
{
    leat_assert(bytes <= framing->bytes);
    framing->bytes -= bytes;
    framing->first = leat_buf_consume(framing->first, bytes);
}

/* Drops bytes of a frame that is skipped, as they arrive. False: some are still to come. */
static bool skip(struct framing *framing)
{
    const uint32_t here =
        framing->skip_bytes < framing->bytes ? framing->skip_bytes : framing->bytes;

    framing->skip_bytes -= here;
    drop(framing, here);
    return framing->skip_bytes == 0;
}

/* Reads the word in front of the next frame. */
static enum framing_result read_length(struct framing *framing)
{
    uint8_t bytes[FRAME_LENGTH_BYTES];
    uint32_t word, len;

    if (framing->bytes < sizeof bytes)
        return FRAMING_MORE;
    leat_buf_read(framing->first, 0, bytes, sizeof bytes);
    drop(framing, sizeof bytes);
    word = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    len = framing->marked ? word & ~(FRAME_MARKED | FRAME_NEVER_ON_A_WIRE) : word;
    /* Behind an impossible length no frame can be found again, so the connection ends. */
    if (len > FRAME_LIMIT || (framing->marked && !(word & FRAME_MARKED))) {
        framing->broken_word = word;
        return FRAMING_BROKEN;
    }
    framing->has_no_checksum = framing->marked && word & FRAME_NEVER_ON_A_WIRE;
    if (len >= FRAME_MIN && len <= framing->frame_max) {
        framing->frame_bytes = len;
        return FRAMING_FRAME;
    }
    *(len < FRAME_MIN ? &framing->counters->rx_short : &framing->counters->rx_long) += 1;
    /* A frame that is too short or too long is skipped, because its length says where the next one
     * begins. frame_bytes stays 0, and the caller reads the next length. */
    framing->skip_bytes = len;
    return FRAMING_FRAME;
}

/* A view of the first @len bytes of the piece, which has more.  The rest stays. */
static struct leat_buf *split(struct leat_buf *piece, uint32_t len)
{
    struct leat_buf *const next = piece->next;
    struct leat_buf *view;

    leat_debug_assert(len < piece->len);
    piece->next = NULL;
    view = leat_buf_slice(piece, 0, len);
    piece->next = next;
    if (view)
        leat_buf_pull(piece, len);
    return view;
}

/* Takes a frame that ends in another piece than it begins in.  It gets the stream's own pieces; of
 * the last one it gets a view if another frame begins there. */
static struct leat_buf *take_pieces(struct framing *framing, uint32_t len)
{
    struct leat_buf *const first = framing->first;
    struct leat_buf *before = first, *end;
    uint32_t left = len - first->len;

    /* The caller has seen that the whole frame is there, so the list can't end before it. */
    while (before->next->len < left) {
        before = before->next;
        left -= before->len;
    }
    end = before->next;
    if (end->len > left) {
        struct leat_buf *view = split(end, left);

        if (!view)
            return NULL;
        before->next = view;
        framing->first = end;
    } else {
        framing->first = end->next;
        end->next = NULL;
    }
    return first;
}

/* A piece for the headers, which lie across two.  NULL: no memory. */
static struct leat_buf *copy_head(struct framing *framing, struct leat_pool *pool, uint32_t len)
{
    /* A small buffer is enough for headers, and leaves the large ones for data. */
    struct leat_buf *head = leat_buf_alloc_small(pool, 0);

    if (!head)
        head = leat_buf_alloc(pool, 0);
    if (!head)
        return NULL;
    leat_buf_read(framing->first, 0, leat_buf_put(head, len), len);
    return head;
}

static struct leat_buf *take_bytes(struct framing *framing, uint32_t len)
{
    struct leat_buf *const first = framing->first;

    if (first->len < len)
        return take_pieces(framing, len);
    if (first->len > len)
        return split(first, len);
    framing->first = first->next;
    first->next = NULL;
    return first;
}

static struct leat_buf *take_frame(struct framing *framing, struct leat_pool *pool)
{
    const uint32_t len = framing->frame_bytes;
    const uint32_t head_bytes = len < HEAD_BYTES ? len : HEAD_BYTES;
    struct leat_buf *head, *rest = NULL;

    leat_debug_assert(framing->bytes >= len);
    if (framing->first->len >= head_bytes)
        return take_bytes(framing, len);
    head = copy_head(framing, pool, head_bytes);
    if (!head)
        return NULL;
    /* the copied bytes leave the stream only when the rest has been taken */
    if (len > head_bytes) {
        rest = take_bytes(framing, len);
        if (!rest) {
            leat_buf_free(head);
            return NULL;
        }
        rest = leat_buf_consume(rest, head_bytes);
    } else {
        framing->first = leat_buf_consume(framing->first, head_bytes);
    }
    framing->counters->rx_copied += head_bytes;
    head->next = rest;
    return head;
}

enum framing_result leat_framing_take(struct framing *framing, struct leat_pool *pool,
                                      struct leat_buf **frame)
{
    /* A frame whose length has been read already stays announced while its bytes or memory are
     * lacking. */
    while (skip(framing) && framing->frame_bytes == 0) {
        const enum framing_result result = read_length(framing);

        if (result != FRAMING_FRAME)
            return result;
    }
    if (framing->frame_bytes == 0 || framing->bytes < framing->frame_bytes)
        return FRAMING_MORE;
    *frame = take_frame(framing, pool);
    if (!*frame)
        return FRAMING_NO_MEMORY;
    if (framing->has_no_checksum)
        (*frame)->checksum = LEAT_CHECKSUM_VERIFIED;
    /* The pieces have left the list in take_frame(); this is their account. */
    framing->bytes -= framing->frame_bytes;
    framing->frame_bytes = 0;
    return FRAMING_FRAME;
}

/* The rest of the frame will arrive, and is skipped then. Its buffers are free at once. */
void leat_framing_give_up(struct framing *framing)
{
    if (framing->frame_bytes == 0)
        return;
    framing->counters->rx_dropped++;
    framing->skip_bytes = framing->frame_bytes;
    framing->frame_bytes = 0;
    skip(framing);
}

void leat_framing_reset(struct framing *framing)
{
    leat_buf_free(framing->first);
    leat_framing_init(framing, framing->frame_max, framing->marked, framing->counters);
}
