/*
 * stream.h -- one end of a byte stream over any carrier: TCP, an encrypted session, a pipe.
 *
 * Protocols (http_server.h) and tasks (task.h) use a stream by these functions and don't depend on
 * its carrier.  A stream of TCP is the connection itself: each function then calls the one of tcp.h
 * with the same name directly, and that one's docstring applies.
 *
 * A stream reports to the callbacks of struct leat_tcp_events.  Their first argument is the TCP
 * connection below, or NULL if there is none; the stream's user is found by `arg`.
 */
#ifndef LEAT_STREAM_H
#define LEAT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/addr.h>
#include <leat/buf.h>
#include <leat/err.h>
#include <leat/tcp.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The progress of bytes that a stream was given. */
struct leat_stream_progress {
    uint32_t queued_bytes; /**< given, but not yet received by the peer, as far as we know */
    uint32_t taken;        /**< changes when the peer has received more */
};

/**
 * The functions of a stream, for authors of carriers; @p end is leat_stream.end.  Each function
 * keeps the contract of the named function of tcp.h: bytes, ownership, errors, following callbacks.
 * Callbacks come from leat_poll() only, and never from inside one of these.
 */
struct leat_stream_ops {
    /** leat_tcp_send_room() */
    uint32_t (*send_room)(void *end);
    /** leat_tcp_want_room() */
    void (*want_room)(void *end, uint32_t bytes);
    /** leat_tcp_send() */
    enum leat_err (*send)(void *end, struct leat_buf *data);
    /** leat_tcp_write() */
    enum leat_err (*write)(void *end, const void *bytes, size_t len, size_t *taken);
    /** leat_tcp_receive() */
    struct leat_buf *(*receive)(void *end, uint32_t bytes_max);
    /** leat_tcp_consumed() */
    void (*consumed)(void *end, uint32_t bytes);
    /** leat_tcp_readable() */
    uint32_t (*readable)(const void *end);
    /** leat_tcp_at_end() */
    bool (*at_end)(const void *end);
    /** leat_tcp_shutdown() */
    enum leat_err (*shutdown)(void *end);
    /** leat_tcp_close() */
    enum leat_err (*close)(void *end);
    /** leat_tcp_abort() */
    void (*abort)(void *end);
    /** leat_tcp_set_events() */
    void (*set_events)(void *end, const struct leat_tcp_events *events, void *arg);
    /** leat_stream_progress() */
    struct leat_stream_progress (*progress)(const void *end);
    /** leat_tcp_stack() */
    struct leat *(*stack)(const void *end);
    /** leat_stream_peer(); NULL: unknown */
    struct leat_ip (*peer)(const void *end);
};

/** One end of a stream; a handle that may be copied.  It is invalid, as its connection is, once
 * on_closed has returned. */
struct leat_stream {
    const struct leat_stream_ops *ops; /**< NULL: TCP */
    void *end;                         /**< struct leat_tcp, or the carrier's own; NULL: none */
};

/** True for a stream that isn't TCP's.  Compilers are told that this is rare. */
#define LEAT_STREAM_IS_OTHER(stream) __builtin_expect((stream)->ops != NULL, 0)

/** The stream of a connection. */
LEAT_INLINE struct leat_stream leat_stream_of_tcp(struct leat_tcp *conn)
{
    struct leat_stream stream = {NULL, NULL};

    stream.end = conn;
    return stream;
}

/** The connection of a stream, or NULL if its carrier isn't TCP. */
LEAT_INLINE struct leat_tcp *leat_stream_tcp(const struct leat_stream *stream)
{
    return stream->ops ? NULL : (struct leat_tcp *)stream->end;
}

/** As leat_tcp_send_room(). */
LEAT_INLINE uint32_t leat_stream_send_room(const struct leat_stream *stream)
{
    return LEAT_STREAM_IS_OTHER(stream) ? stream->ops->send_room(stream->end)
                                        : leat_tcp_send_room((struct leat_tcp *)stream->end);
}

/** As leat_tcp_want_room(). */
LEAT_INLINE void leat_stream_want_room(const struct leat_stream *stream, uint32_t bytes)
{
    if (LEAT_STREAM_IS_OTHER(stream))
        stream->ops->want_room(stream->end, bytes);
    else
        leat_tcp_want_room((struct leat_tcp *)stream->end, bytes);
}

/** As leat_tcp_send(): takes @p data. */
LEAT_INLINE enum leat_err leat_stream_send(const struct leat_stream *stream, struct leat_buf *data)
{
    return LEAT_STREAM_IS_OTHER(stream) ? stream->ops->send(stream->end, data)
                                        : leat_tcp_send((struct leat_tcp *)stream->end, data);
}

/** As leat_tcp_write(). */
LEAT_INLINE enum leat_err leat_stream_write(const struct leat_stream *stream, const void *bytes,
                                            size_t len, size_t *taken)
{
    return LEAT_STREAM_IS_OTHER(stream)
               ? stream->ops->write(stream->end, bytes, len, taken)
               : leat_tcp_write((struct leat_tcp *)stream->end, bytes, len, taken);
}

/** As leat_tcp_receive(): the list belongs to the caller. */
LEAT_INLINE struct leat_buf *leat_stream_receive(const struct leat_stream *stream,
                                                 uint32_t bytes_max)
{
    return LEAT_STREAM_IS_OTHER(stream)
               ? stream->ops->receive(stream->end, bytes_max)
               : leat_tcp_receive((struct leat_tcp *)stream->end, bytes_max);
}

/** As leat_tcp_consumed(). */
LEAT_INLINE void leat_stream_consumed(const struct leat_stream *stream, uint32_t bytes)
{
    if (LEAT_STREAM_IS_OTHER(stream))
        stream->ops->consumed(stream->end, bytes);
    else
        leat_tcp_consumed((struct leat_tcp *)stream->end, bytes);
}

/** As leat_tcp_readable(). */
LEAT_INLINE uint32_t leat_stream_readable(const struct leat_stream *stream)
{
    return LEAT_STREAM_IS_OTHER(stream) ? stream->ops->readable(stream->end)
                                        : leat_tcp_readable((const struct leat_tcp *)stream->end);
}

/** As leat_tcp_at_end(). */
LEAT_INLINE bool leat_stream_at_end(const struct leat_stream *stream)
{
    return LEAT_STREAM_IS_OTHER(stream) ? stream->ops->at_end(stream->end)
                                        : leat_tcp_at_end((const struct leat_tcp *)stream->end);
}

/** As leat_tcp_awaits_data(). */
LEAT_INLINE bool leat_stream_awaits_data(const struct leat_stream *stream)
{
    return LEAT_STREAM_IS_OTHER(stream)
               ? stream->ops->readable(stream->end) == 0 && !stream->ops->at_end(stream->end)
               : leat_tcp_awaits_data((const struct leat_tcp *)stream->end);
}

/** As leat_tcp_shutdown(). */
LEAT_INLINE enum leat_err leat_stream_shutdown(const struct leat_stream *stream)
{
    return LEAT_STREAM_IS_OTHER(stream) ? stream->ops->shutdown(stream->end)
                                        : leat_tcp_shutdown((struct leat_tcp *)stream->end);
}

/** As leat_tcp_close(). */
LEAT_INLINE enum leat_err leat_stream_close(const struct leat_stream *stream)
{
    return LEAT_STREAM_IS_OTHER(stream) ? stream->ops->close(stream->end)
                                        : leat_tcp_close((struct leat_tcp *)stream->end);
}

/** As leat_tcp_abort(). */
LEAT_INLINE void leat_stream_abort(const struct leat_stream *stream)
{
    if (LEAT_STREAM_IS_OTHER(stream))
        stream->ops->abort(stream->end);
    else
        leat_tcp_abort((struct leat_tcp *)stream->end);
}

/** As leat_tcp_set_events(). */
LEAT_INLINE void leat_stream_set_events(const struct leat_stream *stream,
                                        const struct leat_tcp_events *events, void *arg)
{
    if (LEAT_STREAM_IS_OTHER(stream))
        stream->ops->set_events(stream->end, events, arg);
    else
        leat_tcp_set_events((struct leat_tcp *)stream->end, events, arg);
}

/** How much the peer has received; for occasional calls, too slow for each segment. */
LEAT_INLINE struct leat_stream_progress leat_stream_progress(const struct leat_stream *stream)
{
    struct leat_stream_progress progress;
    struct leat_tcp_info info;

    if (LEAT_STREAM_IS_OTHER(stream))
        return stream->ops->progress(stream->end);
    leat_tcp_get_info((const struct leat_tcp *)stream->end, &info);
    progress.queued_bytes = info.queued_bytes;
    progress.taken = info.snd_una;
    return progress;
}

/** As leat_tcp_stack(). */
LEAT_INLINE struct leat *leat_stream_stack(const struct leat_stream *stream)
{
    return LEAT_STREAM_IS_OTHER(stream) ? stream->ops->stack(stream->end)
                                        : leat_tcp_stack((const struct leat_tcp *)stream->end);
}

/** The address of the other end, by which servers limit their clients.  LEAT_IP_ANY: unknown, as
 * with a pipe; all such streams count as one client. */
LEAT_INLINE struct leat_ip leat_stream_peer(const struct leat_stream *stream)
{
    struct leat_tcp_info info;

    if (!LEAT_STREAM_IS_OTHER(stream)) {
        leat_tcp_get_info((const struct leat_tcp *)stream->end, &info);
        return info.remote.ip;
    }
    return stream->ops->peer ? stream->ops->peer(stream->end) : LEAT_IP_ANY;
}

#ifdef __cplusplus
}
#endif
#endif
