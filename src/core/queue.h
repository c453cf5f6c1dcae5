/* queue.h -- a queue of frames, linked through leat_buf.queued. */
#ifndef CORE_QUEUE_H
#define CORE_QUEUE_H

#include <stdint.h>

#include <leat/buf.h>

struct buf_queue {
    struct leat_buf *first;
    struct leat_buf *last;
    uint32_t count;
};

static inline void queue_put(struct buf_queue *queue, struct leat_buf *frame)
{
    frame->queued = 0;
    if (queue->last)
        queue->last->queued = frame;
    else
        queue->first = frame;
    queue->last = frame;
    queue->count++;
}

/* Removes and returns the oldest frame, or NULL. */
static inline struct leat_buf *queue_take(struct buf_queue *queue)
{
    struct leat_buf *frame = queue->first;

    if (!frame)
        return 0;
    queue->first = frame->queued;
    if (!queue->first)
        queue->last = 0;
    queue->count--;
    frame->queued = 0;
    return frame;
}

static inline void queue_free_all(struct buf_queue *queue)
{
    struct leat_buf *frame;

    while ((frame = queue_take(queue)))
        leat_buf_free(frame);
}

#endif
