/*
 * doh_conn.c -- a connection with a server of DNS over HTTPS, as the resolver's stream.
 *
 * The session of TLS is made here. When it is open, the HTTP client gets it, and further streams
 * of HTTP/2 are its business. Its end shows by the queries that fail.
 */
#include <string.h>

#include "core/assert.h"
#include "web/doh/doh_client.h"
#include "wire/bytes.h"

_Static_assert(offsetof(struct leat_doh_server, tls) == 0, "leat_doh_connect() gets its address");

enum {
    WRITE_BYTES = DOH_LENGTH_BYTES + DOH_QUERY_BYTES
};

/* Gives its place back. */
static void release(struct doh_conn *conn)
{
    struct leat_doh_client *client = conn->client;

    leat_timer_cancel(client->stack, &conn->timer);
    leat_buf_free(conn->in);
    conn->in = NULL;
    conn->phase = DOH_FREE;
    conn->serial++;
    conn->next_free = client->free_conn;
    client->free_conn = conn;
}

/* Ends the session, if it is here. */
static void drop_session(struct doh_conn *conn)
{
    static const struct leat_tcp_events nothing = {.on_open = NULL};

    if (!conn->session.end)
        return;
    leat_stream_set_events(&conn->session, &nothing, NULL);
    leat_stream_abort(&conn->session);
    conn->session.end = NULL;
}

void doh_conn_drop(struct doh_conn *conn)
{
    if (conn->phase == DOH_FREE)
        return;
    doh_ask_end_all(conn);
    drop_session(conn);
    release(conn);
}

/* ---- Events -------------------------------------------------------------------------------- */

static void tell_closed(struct doh_conn *conn)
{
    const uint32_t serial = conn->serial;

    doh_ask_end_all(conn);
    if (conn->events->on_closed)
        conn->events->on_closed(NULL, (enum leat_err)conn->why, conn->arg);
    if (conn->serial == serial)
        release(conn);
}

static void on_time(struct leat_timer *timer, void *arg)
{
    struct doh_conn *conn = arg;
    const uint32_t serial = conn->serial;

    (void)timer;
    if (conn->readable) {
        conn->readable = false;
        if (conn->events->on_readable)
            conn->events->on_readable(NULL, conn->arg);
        if (conn->serial != serial)
            return;
    }
    if (conn->phase == DOH_LOST) {
        tell_closed(conn);
        return;
    }
    doh_ask_go_on(conn);
    if (!conn->wanted || !doh_ask_is_possible(conn))
        return;
    conn->wanted = false;
    if (conn->events->on_writable)
        conn->events->on_writable(NULL, conn->arg);
}

void doh_conn_init(struct doh_conn *conn)
{
    conn->timer.on_time = on_time;
    conn->timer.arg = conn;
}

static bool is_text(const char *text, const char *other)
{
    size_t i = 0;

    while (text[i] && text[i] == other[i])
        i++;
    return text[i] == other[i];
}

/* Hands the open session to the HTTP client. False: there is no place for it. */
static bool hand_over(struct doh_conn *conn)
{
    struct leat_doh_client *client = conn->client;
    const struct leat_http_carrier *carrier = client->config.carrier;
    const struct leat_stream session = conn->session;
    struct leat_stream stream = session;
    struct leat_tls_info info;

    client->config.tls_info(&session, &info);
    conn->one_by_one = !carrier || !is_text(info.protocol, carrier->protocol);
    if (leat_url_parse(&client->url, conn->url))
        return false;
    if (!conn->one_by_one &&
        !carrier->begin(carrier->arg, &session, client->url.host, client->url.port, &stream))
        return false;
    conn->session.end = NULL;
    if (!leat_http_client_keep(client->http, conn->url, &stream))
        return true;
    leat_stream_abort(&stream);
    return false;
}

static void on_open(struct leat_tcp *tcp, void *arg)
{
    struct doh_conn *conn = arg;

    (void)tcp;
    if (!hand_over(conn)) {
        drop_session(conn);
        doh_ask_lose(conn, LEAT_ERR_FULL);
        return;
    }
    conn->phase = DOH_OPEN;
    if (conn->events->on_open)
        conn->events->on_open(NULL, conn->arg);
}

/* The handshake has failed. The session is there until this returns, so that its reason can be
 * told. */
static void on_closed(struct leat_tcp *tcp, enum leat_err why, void *arg)
{
    struct doh_conn *conn = arg;

    (void)tcp;
    conn->phase = DOH_LOST;
    conn->why = (uint8_t)(why ? why : LEAT_ERR_END);
    tell_closed(conn);
    conn->session.end = NULL;
}

/* ---- The stream ---------------------------------------------------------------------------- */

static uint32_t send_room(void *end)
{
    struct doh_conn *conn = end;

    if (doh_ask_is_possible(conn))
        return WRITE_BYTES;
    conn->wanted = true;
    return 0;
}

static void want_room(void *end, uint32_t bytes)
{
    struct doh_conn *conn = end;

    (void)bytes;
    conn->wanted = true;
    if (doh_ask_is_possible(conn))
        doh_conn_kick(conn);
}

/* The resolver writes each query in one piece. */
static enum leat_err write_bytes(void *end, const void *bytes, size_t len, size_t *taken)
{
    struct doh_conn *conn = end;
    const uint8_t *message = bytes;
    enum leat_err err;

    *taken = 0;
    if (conn->phase != DOH_OPEN)
        return LEAT_ERR_CLOSED;
    if (len < DOH_LENGTH_BYTES + DOH_HEADER_BYTES || len > WRITE_BYTES ||
        get16(message) != len - DOH_LENGTH_BYTES)
        return LEAT_ERR_ARGUMENT;
    if (send_room(conn) == 0)
        return LEAT_ERR_FULL;
    err = doh_ask_begin(conn, message + DOH_LENGTH_BYTES, (uint16_t)(len - DOH_LENGTH_BYTES));
    if (err == LEAT_ERR_CLOSED) /* the server has ended the connection meanwhile */
        doh_ask_lose(conn, LEAT_ERR_END);
    else if (err)
        return err;
    *taken = len;
    return LEAT_OK;
}

static enum leat_err send(void *end, struct leat_buf *data)
{
    struct doh_conn *conn = end;
    uint8_t *bytes = conn->client->message;
    const uint32_t len = leat_buf_read(data, 0, bytes, WRITE_BYTES);
    size_t taken;

    leat_buf_free(data);
    return write_bytes(end, bytes, len, &taken);
}

static struct leat_buf *receive(void *end, uint32_t bytes_max)
{
    struct doh_conn *conn = end;
    struct leat_buf *all = conn->in, *data = all;

    if (leat_buf_total(all) <= bytes_max) {
        conn->in = NULL;
        return all;
    }
    data =
        bytes_max > 0 ? leat_buf_slice(all, 0, bytes_max < all->len ? bytes_max : all->len) : NULL;
    if (data)
        conn->in = leat_buf_consume(all, data->len);
    return data;
}

static void consumed(void *end, uint32_t bytes)
{
    (void)end;
    (void)bytes;
}

static uint32_t readable(const void *end)
{
    return leat_buf_total(((const struct doh_conn *)end)->in);
}

static bool at_end(const void *end)
{
    (void)end;
    return false;
}

static enum leat_err close_conn(void *end)
{
    doh_conn_drop(end);
    return LEAT_OK;
}

static void abort_conn(void *end)
{
    doh_conn_drop(end);
}

static void set_events(void *end, const struct leat_tcp_events *events, void *arg)
{
    struct doh_conn *conn = end;

    conn->events = events;
    conn->arg = arg;
}

static struct leat_stream_progress progress(const void *end)
{
    const struct doh_conn *conn = end;

    return (struct leat_stream_progress){conn->ask_count, (uint32_t)conn->client->counts.replies};
}

static struct leat *stack_of(const void *end)
{
    return ((const struct doh_conn *)end)->client->stack;
}

static struct leat_ip peer_of(const void *end)
{
    return ((const struct doh_conn *)end)->peer;
}

static const struct leat_stream_ops ops = {.send_room = send_room,
                                           .want_room = want_room,
                                           .send = send,
                                           .write = write_bytes,
                                           .receive = receive,
                                           .consumed = consumed,
                                           .readable = readable,
                                           .at_end = at_end,
                                           .shutdown = close_conn,
                                           .close = close_conn,
                                           .abort = abort_conn,
                                           .set_events = set_events,
                                           .progress = progress,
                                           .stack = stack_of,
                                           .peer = peer_of};

const struct leat_stream *leat_doh_session(const struct leat_stream *stream)
{
    leat_assert(stream->ops == &ops);
    return &((const struct doh_conn *)stream->end)->session;
}

enum leat_err leat_doh_connect(struct leat_tls *tls, const struct leat_stream *below,
                               const struct leat_tls_client *server, struct leat_stream *session)
{
    static const struct leat_tcp_events session_events = {.on_open = on_open,
                                                          .on_closed = on_closed};
    static const struct leat_tcp_events nothing = {.on_open = NULL};
    const struct leat_doh_server *asked = (const void *)server;
    struct leat_doh_client *client = asked->client;
    const struct leat_http_carrier *carrier = client->config.carrier;
    struct doh_conn *conn = client->free_conn;
    enum leat_err err = leat_url_parse(&client->url, asked->url);

    if (err || !conn)
        return err ? err : LEAT_ERR_FULL;
    conn->tls = asked->tls;
    conn->tls.protocols = conn->protocols;
    conn->tls.protocol_count = 0;
    if (carrier)
        conn->protocols[conn->tls.protocol_count++] = carrier->protocol;
    conn->protocols[conn->tls.protocol_count++] = "http/1.1";
    conn->peer = leat_stream_peer(below);
    err = client->config.tls_connect(tls, below, &conn->tls, &conn->session);
    if (err)
        return err;
    client->free_conn = conn->next_free;
    conn->url = asked->url;
    conn->events = &nothing;
    conn->phase = DOH_OPENING;
    conn->readable = conn->wanted = conn->one_by_one = false;
    leat_stream_set_events(&conn->session, &session_events, conn);
    *session = (struct leat_stream){&ops, conn};
    return LEAT_OK;
}
