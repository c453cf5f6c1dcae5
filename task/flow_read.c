/*
 * flow_read.c -- reading. Data that was received but not requested yet is in `unread`.
 *
 * Buffers given to the program count as consumed when it reads again. So no call is needed after
 * each read, and a program that keeps buffers keeps its window closed.
 */
#include "task/flows.h"

enum {
    READ_BYTES = 65536 /* at most that many per receive */
};

static inline void consume_last(struct leat_flow *flow, const struct leat_stream *stream)
{
    if (flow->unconsumed > 0 && stream->end)
        leat_stream_consumed(stream, flow->unconsumed);
    flow->unconsumed = 0;
}

/* Arguments of a read; in memory, because a switch preserves no registers. */
struct wanted {
    struct leat_flow *flow;
    struct leat_buf **data;
    uint64_t deadline_ns;
};

/* Receives from the flow's open @stream, after a wait if it has nothing to receive. A task that was
 * woken for data doesn't check for it again, so LEAT_OK without data is possible. */
static inline __attribute__((always_inline)) enum leat_err
receive_once(const struct wanted *wanted, struct leat_task *task, const struct leat_stream *stream,
             struct leat_buf **received)
{
    struct leat_flow *flow = wanted->flow;
    enum leat_err err;

    if (leat_stream_awaits_data(stream)) {
        leat_assert(!flow->reader); /* only one task may read */
        err = task_wait_here(task, &flow->reader, wanted->deadline_ns);
        if (err)
            return err;
    }
    *received = leat_stream_receive(&flow->stream, READ_BYTES);
    return LEAT_OK;
}

/* Receives data for a read when `unread` is empty. */
static enum leat_err __attribute__((noinline)) receive(const struct wanted *wanted)
{
    struct leat_flow *flow = wanted->flow;
    struct leat_buf *received = NULL;
    enum leat_err err = LEAT_OK;

    while (!received && !err) {
        if (!flow->stream.end)
            err = flow_over(flow);
        else if (leat_stream_at_end(&flow->stream))
            err = LEAT_ERR_END;
        else
            err = receive_once(wanted, task_running(flow->tasks), &flow->stream, &received);
    }
    *wanted->data = received;
    return err;
}

/* Fills `unread` if it is empty. */
static enum leat_err fill(struct leat_flow *flow, uint64_t deadline_ns)
{
    const struct wanted wanted = {flow, &flow->unread, deadline_ns};
    const enum leat_err err = flow_may_wait(flow);

    return err || flow->unread ? err : receive(&wanted);
}

/* Completes a read that failed with @err, or that has no data yet. */
static enum leat_err __attribute__((noinline))
read_rest(const struct wanted *wanted, enum leat_err err)
{
    struct leat_flow *flow = wanted->flow;

    *wanted->data = NULL;
    if (err)
        return err;
    if (flow->unread) {
        *wanted->data = flow->unread;
        flow->unread = NULL;
    } else {
        err = receive(wanted);
        if (err)
            return err;
    }
    flow->unconsumed = leat_buf_total(*wanted->data);
    return LEAT_OK;
}

/* The fast path, without unread data, calls no function of this file: a call would save the six
 * registers that a switch doesn't preserve. */
enum leat_err leat_flow_read(struct leat_flow *flow, struct leat_buf **data, uint64_t deadline_ns)
{
    const struct wanted wanted = {flow, data, deadline_ns};
    const struct leat_stream stream = flow->stream; /* its value before the wait */
    struct leat_task *task = task_running(flow->tasks);
    struct leat_buf *received = NULL;
    enum leat_err err;

    consume_last(flow, &stream);
    err = task_is_refused(task);
    if (!err && !flow->unread && stream.end)
        err = receive_once(&wanted, task, &stream, &received);
    if (err || !received)
        return read_rest(&wanted, err);
    *wanted.data = received;
    flow->unconsumed = leat_buf_total(received);
    return LEAT_OK;
}

/* Copies the first @len bytes of `unread` and consumes them. */
static void take(struct leat_flow *flow, void *bytes, size_t len)
{
    leat_buf_read(flow->unread, 0, bytes, (uint32_t)len);
    flow->unread = leat_buf_consume(flow->unread, (uint32_t)len);
    if (flow->stream.end)
        leat_stream_consumed(&flow->stream, (uint32_t)len);
}

enum leat_err leat_flow_read_some(struct leat_flow *flow, void *bytes, size_t size, size_t *len,
                                  uint64_t deadline_ns)
{
    enum leat_err err;
    uint32_t have;

    consume_last(flow, &flow->stream);
    *len = 0;
    err = fill(flow, deadline_ns);
    if (err)
        return err;
    have = leat_buf_total(flow->unread);
    *len = size < have ? size : have;
    take(flow, bytes, *len);
    return LEAT_OK;
}

enum leat_err leat_flow_read_exact(struct leat_flow *flow, void *bytes, size_t len,
                                   uint64_t deadline_ns)
{
    for (size_t have = 0, part; have < len; have += part) {
        const enum leat_err err =
            leat_flow_read_some(flow, (char *)bytes + have, len - have, &part, deadline_ns);

        if (err)
            return err;
    }
    return LEAT_OK;
}

/* Length up to and including the first @delimiter, or of the whole payload. *@found tells which. */
static size_t until(const struct leat_buf *payload, char delimiter, bool *found)
{
    size_t len = 0;

    for (; payload && !*found; payload = payload->next) {
        for (uint32_t i = 0; i < payload->len && !*found; i++, len++)
            *found = payload->data[i] == (uint8_t)delimiter;
    }
    return len;
}

enum leat_err leat_flow_read_until(struct leat_flow *flow, char delimiter, void *bytes, size_t size,
                                   size_t *len, uint64_t deadline_ns)
{
    bool found = false;

    consume_last(flow, &flow->stream);
    *len = 0;
    while (!found) {
        const enum leat_err err = *len < size ? fill(flow, deadline_ns) : LEAT_ERR_TOO_BIG;
        size_t part;

        if (err)
            return err;
        part = until(flow->unread, delimiter, &found);
        if (part > size - *len) {
            part = size - *len;
            found = false;
        }
        take(flow, (char *)bytes + *len, part);
        *len += part;
    }
    return LEAT_OK;
}
