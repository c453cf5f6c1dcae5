/*
 * flow_write.c -- writing: sends everything, as fast as the peer and the pool allow.
 *
 * The three writers are the same loop: fill the send queue, wait for room, go on until all is
 * queued or an error comes. They differ in the owner of the bytes: leat_flow_write() copies,
 * leat_flow_send() gives buffers away, leat_flow_lend() lets buffers point at memory that never
 * changes.
 */
#include "task/flows.h"

/* Waits until there is room for @bytes, or as much as there can be. */
static enum leat_err wait_for_room(struct leat_flow *flow, uint32_t bytes, uint64_t deadline_ns)
{
    leat_assert(!flow->writer); /* only one task may write */
    leat_stream_want_room(&flow->stream, bytes);
    return task_wait(task_running(flow->tasks), &flow->writer, deadline_ns);
}

/* A task that is woken for each acknowledged segment would switch stacks for every few bytes of
 * room. It waits for 64 KiB or for the rest, and a smaller send queue counts as room when it is
 * empty. */
uint32_t flow_worth_it(size_t left)
{
    enum {
        ENOUGH = 65536
    };

    return left < ENOUGH ? (uint32_t)left : ENOUGH;
}

/* The rest to be written; in memory, because it is rarely needed and would occupy registers. */
struct left {
    struct leat_flow *flow;
    const char *at;
    uint64_t deadline_ns;
    size_t len;
};

static enum leat_err __attribute__((noinline)) write_rest(struct left *left, size_t taken)
{
    struct leat_flow *flow = left->flow;
    enum leat_err err;

    /* The wait comes first, because the caller's own try has just filled the queue. */
    do {
        left->at += taken;
        left->len -= taken;
        err = wait_for_room(flow, flow_worth_it(left->len), left->deadline_ns);
        if (err)
            return err;
        err = leat_stream_write(&flow->stream, left->at, left->len, &taken);
    } while (taken < left->len && (!err || err == LEAT_ERR_FULL));
    return err;
}

enum leat_err leat_flow_write(struct leat_flow *flow, const void *bytes, size_t len,
                              uint64_t deadline_ns)
{
    enum leat_err err = flow_may_wait(flow);
    struct left left;
    size_t taken;

    if (err)
        return err;
    /* The connection has ended between two calls: on_closed() of flow.c has cleared the handle and
     * kept the reason. */
    if (!flow->stream.end)
        return flow_over(flow);
    /* Stored before the call, so that fewer values stay in registers over it. */
    left.flow = flow;
    left.at = bytes;
    left.deadline_ns = deadline_ns;
    err = leat_stream_write(&flow->stream, bytes, len, &taken);
    if (taken == len || (err && err != LEAT_ERR_FULL))
        return err;
    left.len = len;
    return write_rest(&left, taken);
}

struct leat_buf *flow_part_of(struct leat_buf **data, uint32_t room)
{
    struct leat_buf *part = *data;

    if (leat_buf_total(part) <= room) {
        *data = NULL;
        return part;
    }
    /* The slice shares the bytes with *@data, and only then are they taken off it. Without a
     * descriptor *@data is unchanged, and the caller tries again later. */
    part = leat_buf_slice(*data, 0, room);
    if (part)
        *data = leat_buf_consume(*data, room);
    return part;
}

enum leat_err leat_flow_send(struct leat_flow *flow, struct leat_buf *data, uint64_t deadline_ns)
{
    enum leat_err err = data ? flow_may_wait(flow) : LEAT_ERR_MEMORY;

    while (data && !err) {
        const uint32_t room = flow->stream.end ? leat_stream_send_room(&flow->stream) : 0;
        struct leat_buf *part = room > 0 ? flow_part_of(&data, room) : NULL;

        if (part)
            err = leat_stream_send(&flow->stream, part);
        else if (!flow->stream.end)
            err = flow_over(flow);
        else
            err = wait_for_room(flow, flow_worth_it(leat_buf_total(data)), deadline_ns);
    }
    /* The list is ours, whatever is returned. NULL if all of it was sent. */
    leat_buf_free(data);
    return err;
}

enum leat_err leat_flow_lend(struct leat_flow *flow, const void *bytes, size_t len,
                             uint64_t deadline_ns)
{
    enum leat_err err = flow_may_wait(flow);
    const char *at = bytes;

    while (len > 0 && !err) {
        const uint32_t room = flow->stream.end ? leat_stream_send_room(&flow->stream) : 0;
        const uint32_t part = len < room ? (uint32_t)len : room;
        /* The descriptor ends with the acknowledgement; the bytes are the program's, so there is
         * nothing to call then. */
        struct leat_buf *data =
            part > 0 ? leat_buf_lend(leat_pool(flow->tasks->stack), at, part, NULL, NULL) : NULL;

        if (!flow->stream.end)
            return flow_over(flow);
        /* No room, or no descriptor: both come back when the peer acknowledges. */
        if (!data) {
            err = wait_for_room(flow, flow_worth_it(len), deadline_ns);
            continue;
        }
        err = leat_stream_send(&flow->stream, data);
        at += part;
        len -= part;
    }
    return err;
}
