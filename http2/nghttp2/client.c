/*
 * client.c -- connections and streams for calls of a client: leat_http_carrier.
 *
 * Each call gets a stream of its own, and ends it. So several calls share a connection, and the
 * client knows nothing of that.
 */
#include "inside.h"

#include <string.h>

enum {
    STREAM_MEMORY_BYTES = 8192 /* of a connection's memory, for another request */
};

/* True if @conn leads to that server, and has a place for a request. */
static bool has_place(const struct http2_conn *conn, const char *host, uint16_t port)
{
    const struct leat_http2_config *config = &conn->http2->config;
    uint32_t most;

    if (conn->state != HTTP2_OPEN || conn->is_silent || conn->port != port ||
        strcmp(conn->host, host) != 0 || !nghttp2_session_check_request_allowed(conn->frames))
        return false;
    most =
        nghttp2_session_get_remote_settings(conn->frames, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    return conn->stream_count < most && conn->stream_count < config->streams &&
           (conn->stream_count == 0 ||
            conn->memory.used + STREAM_MEMORY_BYTES <= config->connection_bytes);
}

static bool add_stream(struct http2_conn *conn, struct leat_stream *made)
{
    struct http2_stream *stream = http2_stream_new(conn, 0);

    if (!stream)
        return false;
    stream->served = true;
    stream->begun_at_ns = leat_now_ns(conn->http2->stack);
    conn->served_count++;
    conn->http2->counts.requests++;
    http2_conn_renew(conn);
    *made = (struct leat_stream){&http2_stream_ops, stream};
    return true;
}

static bool more(void *arg, const char *host, uint16_t port, struct leat_stream *stream,
                 struct leat_stream *session)
{
    struct leat_http2 *http2 = arg;

    for (uint32_t i = 0; i < http2->config.connections; i++) {
        struct http2_conn *conn = &http2->conns[i];

        if (!has_place(conn, host, port) || !add_stream(conn, stream))
            continue;
        *session = conn->session;
        return true;
    }
    return false;
}

static bool begin(void *arg, const struct leat_stream *session, const char *host, uint16_t port,
                  struct leat_stream *stream)
{
    struct http2_conn *conn = http2_begin(arg, session);
    bool added;

    if (!conn)
        return false;
    memcpy(conn->host, host, strlen(host) + 1);
    conn->port = port;
    added = add_stream(conn, stream);
    leat_assert(added); /* its memory is empty */
    return added;
}

void http2_client_init(struct leat_http2 *http2)
{
    http2->carrier = (struct leat_http_carrier){
        .protocol = LEAT_HTTP2_PROTOCOL, .begin = begin, .more = more, .arg = http2};
}
