/* http2.c -- see leat/http2.h: open and close, the choice of the protocol. */
#include "inside.h"

#include <leat/tls.h>

#include <string.h>

enum {
    ALIGN = 16,
    CONNECTIONS_MAX = 256,
    STREAMS_MAX = 1000,
    CONNECTION_BYTES_MIN = 49152,
    CONNECTION_BYTES = 40960, /* nghttp2 begins with 25,616, measured on x86-64, of 1.52 */
    STREAM_BYTES = 1024,      /* for each stream */
    WINDOW_BYTES_MIN = 65535, /* RFC 9113 6.9.2 */
    WINDOW_BYTES_MAX = 1 << 24,
    ANSWERS_MAX = 64,  /* to SETTINGS and PING that wait for room */
    SETTINGS_MAX = 32, /* fields of a SETTINGS */
    CONTINUATIONS_MAX = 8
};

static const uint64_t second_ns = 1000000000;

/* ---- The choice of the protocol ------------------------------------------------------------ */

static void release(struct http2_waiting *waiting)
{
    struct leat_http2 *http2 = waiting->http2;

    waiting->session.end = NULL;
    waiting->next_free = http2->free_waiting;
    http2->free_waiting = waiting;
}

/* Serves a session by the protocol that its client has chosen. False: there is no place. */
static bool choose(struct leat_http2 *http2, const struct leat_stream *session,
                   const struct leat_tls_info *info)
{
    if (strcmp(info->protocol, LEAT_HTTP2_PROTOCOL) == 0)
        return http2_begin(http2, session) != NULL;
    http2->counts.others++;
    return leat_http_server_serve(http2->config.server, session);
}

static void on_open(struct leat_tcp *tcp, void *arg)
{
    static const struct leat_tcp_events nothing = {.on_open = NULL};
    struct http2_waiting *waiting = arg;
    struct leat_http2 *http2 = waiting->http2;
    const struct leat_stream session = waiting->session;
    struct leat_tls_info info;

    (void)tcp;
    http2->config.tls_info(&session, &info);
    release(waiting);
    leat_stream_set_events(&session, &nothing, NULL);
    if (!choose(http2, &session, &info))
        leat_stream_abort(&session);
}

static void on_closed(struct leat_tcp *tcp, enum leat_err why, void *arg)
{
    (void)tcp;
    (void)why;
    release(arg);
}

bool leat_http2_serve(struct leat_http2 *http2, const struct leat_stream *stream)
{
    static const struct leat_tcp_events events = {.on_open = on_open, .on_closed = on_closed};
    struct http2_waiting *waiting = http2->free_waiting;
    struct leat_tls_info info;

    if (!http2->config.tls_info)
        return http2_begin(http2, stream) != NULL;
    http2->config.tls_info(stream, &info);
    if (info.open)
        return choose(http2, stream, &info);
    if (!waiting)
        return false;
    http2->free_waiting = waiting->next_free;
    waiting->session = *stream;
    leat_stream_set_events(stream, &events, waiting);
    return true;
}

/* ---- Open and close -------------------------------------------------------------------------- */

static struct leat_http2_config with_defaults(const struct leat_http2_config *given)
{
    struct leat_http2_config config = *given;

    if (config.sessions == 0)
        config.sessions = 256;
    if (config.connections == 0)
        config.connections = 32;
    if (config.streams == 0)
        config.streams = 100;
    if (config.connection_bytes == 0)
        config.connection_bytes = CONNECTION_BYTES + config.streams * (uint32_t)STREAM_BYTES;
    if (config.window_bytes == 0)
        config.window_bytes = WINDOW_BYTES_MIN;
    if (config.idle_ns == 0)
        config.idle_ns = 60 * second_ns;
    if (config.linger_ns == 0)
        config.linger_ns = 2 * second_ns;
    if (config.frames == 0)
        config.frames = 1000;
    return config;
}

static bool is_possible(const struct leat_http2_config *full)
{
    return !LEAT_RESERVED_IS_USED(full) && full->connections <= CONNECTIONS_MAX &&
           full->streams <= STREAMS_MAX && full->connection_bytes >= CONNECTION_BYTES_MIN &&
           full->connection_bytes <= HTTP2_MEMORY_BYTES_MAX &&
           full->window_bytes >= WINDOW_BYTES_MIN && full->window_bytes <= WINDOW_BYTES_MAX;
}

static size_t align_up(size_t bytes)
{
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

size_t leat_http2_memory_bytes(const struct leat_http2_config *config)
{
    const struct leat_http2_config full = with_defaults(config);

    return ALIGN + align_up(sizeof(struct leat_http2)) +
           align_up(full.sessions * sizeof(struct http2_waiting)) +
           full.connections *
               (align_up(sizeof(struct http2_conn)) + align_up(full.connection_bytes));
}

/* Lays it out in @memory. */
static struct leat_http2 *lay_out(void *memory, struct leat *stack,
                                  const struct leat_http2_config *full)
{
    uint8_t *at = (uint8_t *)memory + (ALIGN - (uintptr_t)memory % ALIGN) % ALIGN;
    struct leat_http2 *http2 = (struct leat_http2 *)(void *)at;

    memset(http2, 0, sizeof *http2);
    http2->config = *full;
    http2->stack = stack;
    http2_client_init(http2);
    at += align_up(sizeof *http2);
    http2->waiting = (struct http2_waiting *)(void *)at;
    at += align_up(full->sessions * sizeof *http2->waiting);
    http2->conns = (struct http2_conn *)(void *)at;
    at += full->connections * align_up(sizeof *http2->conns);
    for (uint32_t i = full->sessions; i-- > 0;) {
        http2->waiting[i].http2 = http2;
        release(&http2->waiting[i]);
    }
    for (uint32_t i = full->connections; i-- > 0;) {
        struct http2_conn *conn = &http2->conns[i];

        memset(conn, 0, sizeof *conn);
        conn->http2 = http2;
        conn->block = at + i * align_up(full->connection_bytes);
        conn->next_free = http2->free_conn;
        http2->free_conn = conn;
    }
    return http2;
}

/* Options of nghttp2. False: no memory. */
static bool set_options(struct leat_http2 *http2)
{
    if (nghttp2_session_callbacks_new(&http2->callbacks))
        return false;
    if (nghttp2_option_new(&http2->options)) {
        nghttp2_session_callbacks_del(http2->callbacks);
        return false;
    }
    http2_frames_set(http2->callbacks);
    nghttp2_option_set_no_auto_window_update(http2->options, 1);
    nghttp2_option_set_no_closed_streams(http2->options, 1);
    nghttp2_option_set_max_outbound_ack(http2->options, ANSWERS_MAX);
    nghttp2_option_set_max_settings(http2->options, SETTINGS_MAX);
    nghttp2_option_set_max_continuations(http2->options, CONTINUATIONS_MAX);
    /* limits.c counts resets by the clock of the stack; nghttp2 would read another one */
    nghttp2_option_set_stream_reset_rate_limit(http2->options, UINT32_MAX, UINT32_MAX);
    return true;
}

enum leat_err leat_http2_open(struct leat_http2 **http2, struct leat *stack, void *memory,
                              size_t bytes, const struct leat_http2_config *config)
{
    const struct leat_http2_config full = with_defaults(config);
    struct leat_http2 *made;

    if (!is_possible(&full))
        return LEAT_ERR_ARGUMENT;
    if (bytes < leat_http2_memory_bytes(config))
        return LEAT_ERR_MEMORY;
    made = lay_out(memory, stack, &full);
    if (!set_options(made))
        return LEAT_ERR_MEMORY;
    *http2 = made;
    return LEAT_OK;
}

const struct leat_http_carrier *leat_http2_carrier(const struct leat_http2 *http2)
{
    return &http2->carrier;
}

uint32_t leat_http2_connections(const struct leat_http2 *http2)
{
    return http2->open;
}

void leat_http2_close(struct leat_http2 *http2)
{
    static const struct leat_tcp_events nothing = {.on_open = NULL};

    for (uint32_t i = 0; i < http2->config.connections; i++) {
        if (http2->conns[i].state != HTTP2_FREE)
            http2_conn_end(&http2->conns[i], LEAT_ERR_ABORTED);
    }
    for (uint32_t i = 0; i < http2->config.sessions; i++) {
        const struct leat_stream session = http2->waiting[i].session;

        if (!session.end)
            continue;
        leat_stream_set_events(&session, &nothing, NULL);
        leat_stream_abort(&session);
    }
    nghttp2_option_del(http2->options);
    nghttp2_session_callbacks_del(http2->callbacks);
}

const struct leat_http2_counts *leat_http2_counts(const struct leat_http2 *http2)
{
    return &http2->counts;
}
