/* pipe.c -- a stream without a wire. */
#include "pipe.h"

#include <string.h>

#include <leat/stack.h>

static uint32_t fill_of(const struct pipe_end *reader)
{
    return leat_buf_total(reader->data) + reader->unconsumed;
}

static void tell(struct pipe_end *end)
{
    if (!end->told_closed && !leat_timer_is_set(&end->timer))
        leat_timer_set(end->stack, &end->timer, leat_now_ns(end->stack));
}

static bool is_over(const struct pipe_end *end)
{
    return end->aborted || end->other->aborted ||
           (end->shut && end->other->shut && !end->data && !end->other->data);
}

/* Bytes of `data` that may be read now. */
static uint32_t shown_of(const struct pipe_end *end)
{
    const uint32_t total = leat_buf_total(end->data);

    return end->grain == 0 || end->shown > total ? total : end->shown;
}

/* Makes the next grain readable. */
static void show_more(struct pipe_end *end)
{
    const uint32_t total = leat_buf_total(end->data);

    if (end->grain == 0 || end->shown >= total)
        return;
    end->shown += end->grain;
    end->readable = true;
    tell(end);
}

static void on_time(struct leat_timer *timer, void *arg)
{
    struct pipe_end *end = arg;
    bool readable, writable;

    (void)timer;
    if (end->told_closed)
        return; /* the last callback may have asked for room that was there before */
    show_more(end);
    readable = end->readable;
    writable = end->writable;
    end->readable = end->writable = false;
    if (readable && !end->aborted && end->events->on_readable)
        end->events->on_readable(NULL, end->arg);
    if (writable && !end->aborted && end->events->on_writable)
        end->events->on_writable(NULL, end->arg);
    if (!is_over(end) || end->told_closed)
        return;
    end->told_closed = true;
    leat_buf_free(end->data);
    end->data = NULL;
    if (end->events->on_closed)
        end->events->on_closed(NULL,
                               end->aborted          ? LEAT_ERR_ABORTED
                               : end->other->aborted ? LEAT_ERR_RESET
                                                     : LEAT_OK,
                               end->arg);
}

static void tell_both(struct pipe_end *end)
{
    tell(end);
    tell(end->other);
}

static void tell_room(struct pipe_end *reader)
{
    struct pipe_end *writer = reader->other;

    if (writer->wanted == 0 || reader->capacity - fill_of(reader) < writer->wanted)
        return;
    writer->wanted = 0;
    writer->writable = true;
    tell(writer);
}

static void want_room(void *arg, uint32_t bytes)
{
    struct pipe_end *end = arg;

    end->wanted = bytes < end->other->capacity ? bytes : end->other->capacity;
    tell_room(end->other);
}

static uint32_t send_room(void *arg)
{
    struct pipe_end *end = arg;
    const uint32_t room = end->other->capacity - fill_of(end->other);

    if (end->shut || end->aborted)
        return 0;
    if (room == 0 && end->wanted == 0)
        end->wanted = end->other->capacity / 2;
    return end->grants ? end->grants(end, room) : room;
}

/* Copies @data to pieces of @grain bytes, like segments, in small buffers. If these run out, the
 * rest is in large ones; if the pool is empty, @data stays as it is. */
static struct leat_buf *cut(struct leat_pool *pool, struct leat_buf *data, uint32_t grain)
{
    const uint32_t total = leat_buf_total(data);
    struct leat_buf *all = NULL;

    for (uint32_t at = 0, len; at < total; at += len) {
        struct leat_buf *piece = grain <= 64 ? leat_buf_alloc_small(pool, LEAT_BUF_HEADROOM) : NULL;

        len = total - at < grain ? total - at : grain;
        if (!piece && grain <= 64)
            len = total - at < 1500 ? total - at : 1500;
        if (!piece)
            piece = leat_buf_alloc(pool, LEAT_BUF_HEADROOM);
        if (!piece) {
            leat_buf_free(all);
            return data;
        }
        leat_buf_read(data, at, leat_buf_put(piece, len), len);
        if (all)
            leat_buf_append(all, piece);
        else
            all = piece;
    }
    leat_buf_free(data);
    return all;
}

static enum leat_err send(void *arg, struct leat_buf *data)
{
    struct pipe_end *end = arg, *reader = end->other;
    const bool closed = end->shut || is_over(end);

    if (closed || leat_buf_total(data) > send_room(end)) {
        leat_buf_free(data);
        return closed ? LEAT_ERR_CLOSING : LEAT_ERR_FULL;
    }
    if (reader->spoil)
        reader->spoil(reader, data);
    if (reader->grain > 0)
        data = cut(leat_pool(end->stack), data, reader->grain);
    if (reader->data)
        leat_buf_append(reader->data, data);
    else
        reader->data = data;
    reader->readable = true;
    tell(reader);
    return LEAT_OK;
}

static enum leat_err write_bytes(void *arg, const void *bytes, size_t len, size_t *taken)
{
    struct pipe_end *end = arg;
    const uint32_t room = send_room(end);
    const uint32_t part = len < room ? (uint32_t)len : room;
    struct leat_buf *data = part > 0 ? leat_buf_copy(leat_pool(end->stack), bytes, part) : NULL;

    *taken = 0;
    if (end->shut || is_over(end)) {
        leat_buf_free(data);
        return LEAT_ERR_CLOSING;
    }
    if (part < len && end->wanted == 0)
        end->wanted = end->other->capacity / 2;
    if (!data)
        return len > 0 ? LEAT_ERR_FULL : LEAT_OK;
    *taken = part;
    return send(end, data);
}

static struct leat_buf *receive(void *arg, uint32_t bytes_max)
{
    struct pipe_end *end = arg;
    struct leat_buf *all = end->data, *data = all;

    if (bytes_max > shown_of(end))
        bytes_max = shown_of(end);
    end->data = NULL;
    if (leat_buf_total(all) > bytes_max) {
        data = bytes_max > 0 ? leat_buf_slice(all, 0, bytes_max) : NULL;
        end->data = data ? leat_buf_consume(all, bytes_max) : all;
    }
    end->unconsumed += leat_buf_total(data);
    end->shown -= end->grain > 0 ? leat_buf_total(data) : 0;
    return data;
}

static void consumed(void *arg, uint32_t bytes)
{
    struct pipe_end *end = arg;

    end->unconsumed -= bytes;
    end->other->taken += bytes;
    tell_room(end);
    if (is_over(end))
        tell_both(end);
}

static uint32_t readable(const void *arg)
{
    return shown_of(arg);
}

static bool at_end(const void *arg)
{
    const struct pipe_end *end = arg;

    return end->other->shut && !end->data;
}

static enum leat_err shut_down(void *arg)
{
    struct pipe_end *end = arg;

    if (end->shut || is_over(end))
        return LEAT_ERR_CLOSING;
    end->shut = true;
    end->other->readable = true;
    tell_both(end);
    return LEAT_OK;
}

static void abort_both(void *arg)
{
    struct pipe_end *end = arg;

    end->aborted = true;
    tell_both(end);
}

static enum leat_err close_both(void *arg)
{
    struct pipe_end *end = arg;

    if (end->data)
        abort_both(end);
    else
        shut_down(end);
    return LEAT_OK;
}

static void set_events(void *arg, const struct leat_tcp_events *events, void *events_arg)
{
    struct pipe_end *end = arg;

    end->events = events;
    end->arg = events_arg;
}

static struct leat_stream_progress progress(const void *arg)
{
    const struct pipe_end *end = arg;

    return (struct leat_stream_progress){fill_of(end->other), end->taken};
}

static struct leat *stack_of(const void *arg)
{
    return ((const struct pipe_end *)arg)->stack;
}

static struct leat_ip peer_of(const void *arg)
{
    return ((const struct pipe_end *)arg)->peer;
}

static const struct leat_stream_ops ops = {.send_room = send_room,
                                           .want_room = want_room,
                                           .send = send,
                                           .write = write_bytes,
                                           .receive = receive,
                                           .consumed = consumed,
                                           .readable = readable,
                                           .at_end = at_end,
                                           .shutdown = shut_down,
                                           .close = close_both,
                                           .abort = abort_both,
                                           .set_events = set_events,
                                           .progress = progress,
                                           .stack = stack_of,
                                           .peer = peer_of};

struct leat_stream pipe_stream(struct pipe_end *end)
{
    return (struct leat_stream){&ops, end};
}

void pipe_open(struct pipe_end ends[2], struct leat *stack, uint32_t capacity)
{
    static const struct leat_tcp_events nothing;

    for (unsigned i = 0; i < 2; i++) {
        ends[i] = (struct pipe_end){.other = &ends[1 - i],
                                    .stack = stack,
                                    .events = &nothing,
                                    .capacity = capacity,
                                    .timer = {.on_time = on_time}};
        ends[i].timer.arg = &ends[i];
    }
}
