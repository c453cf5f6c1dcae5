/*
 * flow_read.c -- reading: what has come lies in `unread` until the program has it.
 *
 * What was handed over as buffers counts as consumed when the flow is asked for more: so there is
 * nothing to be called behind each read, and a program that keeps buffers keeps its window shut.
 */
#include "task/flows.h"

enum {
    READ_BYTES = 65536 /* taken from a stream at a time */
};

static inline void consume_last(struct leat_flow *flow)
{
    if (flow->unconsumed > 0 && flow->stream.end)
        leat_stream_consumed(&flow->stream, flow->unconsumed);
    flow->unconsumed = 0;
}

/* Waits for what the stream tells next. */
static inline __attribute__((always_inline)) enum leat_err wait_for_text(struct leat_flow *flow,
                                                                         uint64_t deadline_ns)
{
    struct leat_task *task = task_running(flow->tasks);
    enum leat_err err;

    leat_assert(!flow->reader); /* one task reads */
    flow->reader = task;
    err = task_wait_here(task, deadline_ns);
    flow->reader = NULL;
    return err;
}

/* Waits if there is nothing to receive; LEAT_ERR_END: there won't be any more. */
static inline __attribute__((always_inline)) enum leat_err wait_if_empty(struct leat_flow *flow,
                                                                         uint64_t deadline_ns)
{
    if (leat_stream_readable(&flow->stream) > 0)
        return LEAT_OK;
    if (leat_stream_at_end(&flow->stream))
        return LEAT_ERR_END;
    return wait_for_text(flow, deadline_ns);
}

/* What has come, and is not in `unread`: nothing was.  Who was woken for text asks no more whether
 * there is any.  Inlined where a request is read: a call saves six registers. */
static inline __attribute__((always_inline)) enum leat_err
receive_here(struct leat_flow *flow, struct leat_buf **text, uint64_t deadline_ns)
{
    struct leat_buf *received = NULL;

    do {
        const enum leat_err err =
            flow->stream.end ? wait_if_empty(flow, deadline_ns) : flow_over(flow);

        if (err)
            return err;
        if (flow->stream.end)
            received = leat_stream_receive(&flow->stream, READ_BYTES);
    } while (!received);
    *text = received;
    return LEAT_OK;
}

/* Sees to it that there is something in `unread`. */
static enum leat_err fill(struct leat_flow *flow, uint64_t deadline_ns)
{
    const enum leat_err err = flow_may_wait(flow);

    return err || flow->unread ? err : receive_here(flow, &flow->unread, deadline_ns);
}

enum leat_err leat_flow_read(struct leat_flow *flow, struct leat_buf **text, uint64_t deadline_ns)
{
    enum leat_err err;

    *text = NULL;
    consume_last(flow);
    err = flow_may_wait(flow);
    if (err)
        return err;
    if (flow->unread) {
        *text = flow->unread;
        flow->unread = NULL;
    } else {
        err = receive_here(flow, text, deadline_ns);
        if (err)
            return err;
    }
    flow->unconsumed = leat_buf_total(*text);
    return LEAT_OK;
}

/* Copies the first @len bytes of what is unread, and is done with them. */
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

    consume_last(flow);
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

/* Bytes up to and with the first @delimiter, or all of them; *@found says which. */
static size_t until(const struct leat_buf *text, char delimiter, bool *found)
{
    size_t len = 0;

    for (; text && !*found; text = text->next) {
        for (uint32_t i = 0; i < text->len && !*found; i++, len++)
            *found = text->data[i] == (uint8_t)delimiter;
    }
    return len;
}

enum leat_err leat_flow_read_until(struct leat_flow *flow, char delimiter, void *bytes, size_t size,
                                   size_t *len, uint64_t deadline_ns)
{
    bool found = false;

    consume_last(flow);
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
