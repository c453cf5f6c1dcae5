/* flow_write.c -- writing: sends everything, as fast as the peer and the pool allow. */
#include "task/flows.h"

/* Waits until there is room for @bytes, or as much as there can be. */
static enum leat_err wait_for_room(struct leat_flow *flow, uint32_t bytes, uint64_t deadline_ns)
{
    leat_assert(!flow->writer); /* only one task may write */
    leat_stream_want_room(&flow->stream, bytes);
    return task_wait(task_running(flow->tasks), &flow->writer, deadline_ns);
}

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

    do {
        left->at += taken;
        left->len -= taken;
        taken = 0;
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
    if (!flow->stream.end)
        return flow_over(flow);
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
        struct leat_buf *data =
            part > 0 ? leat_buf_lend(leat_pool(flow->tasks->stack), at, part, NULL, NULL) : NULL;

        if (!flow->stream.end)
            return flow_over(flow);
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
