/* glue_stream.c -- streams, listeners, connects and lookups of glue.h. */
#include <stdlib.h>
#include <string.h>

#include "glue_inside.h"

enum {
    READ_BYTES = 262144
};

/* ---- Callbacks of streams; arg is the item, or NULL before there is one ---- */

static void on_open(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    if (arg)
        glue_tell(arg, GLUE_OPENED);
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    if (arg)
        glue_tell(arg, GLUE_READABLE);
}

static void on_writable(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    if (arg)
        glue_tell(arg, GLUE_WRITABLE);
}

/* Data that has arrived is kept for the reader. */
static void keep_rest(struct glue_item *item)
{
    struct leat_buf *data;

    while ((data = leat_stream_receive(&item->stream, READ_BYTES)) != NULL) {
        leat_stream_consumed(&item->stream, leat_buf_total(data));
        if (item->rest)
            leat_buf_append(item->rest, data);
        else
            item->rest = data;
    }
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct glue_item *item = arg;
    struct leat_tls_info info = {.why = NULL};

    (void)conn;
    if (!item)
        return;
    if (item->is_open) {
        if (why == LEAT_OK)
            keep_rest(item);
        if (why == LEAT_ERR_TLS)
            leat_tls_get_info(&item->stream, &info);
        glue_item_lost(item, why, info.why);
    }
    glue_item_dead(item);
}

const struct leat_tcp_events glue_stream_events = {.on_open = on_open,
                                                   .on_readable = on_readable,
                                                   .on_writable = on_writable,
                                                   .on_closed = on_closed};

struct glue_item *glue_stream_new(struct glue *glue, uint64_t number, struct leat_stream stream)
{
    struct glue_item *item = glue_item_new(glue, GLUE_STREAM, number);
    struct leat_tcp *conn = leat_stream_tcp(&stream);

    if (!item) {
        leat_stream_abort(&stream);
        return NULL;
    }
    item->stream = stream;
    item->remote.ip = leat_stream_peer(&stream);
    if (conn) {
        struct leat_tcp_info info;

        leat_tcp_get_info(conn, &info);
        item->local = info.local;
        item->remote = info.remote;
        leat_tcp_set_nodelay(conn, true);
    }
    leat_stream_set_events(&stream, &glue_stream_events, item);
    return item;
}

/* ---- Data ---- */

/* The end of a stream that is closed: the bytes that were left, then its end or the error. */
static int64_t read_rest(struct glue_item *item, void *bytes, size_t len)
{
    uint32_t count;

    if (!item->rest)
        return item->err == LEAT_OK ? 0 : GLUE_FAILED;
    count = leat_buf_read(item->rest, 0, bytes, (uint32_t)len);
    item->rest = leat_buf_consume(item->rest, count);
    return count;
}

static size_t receive(const struct leat_stream *stream, void *bytes, size_t len)
{
    struct leat_buf *data = leat_stream_receive(stream, (uint32_t)len);
    uint32_t count;

    if (!data)
        return 0;
    count = leat_buf_read(data, 0, bytes, (uint32_t)len);
    leat_buf_free(data);
    leat_stream_consumed(stream, count);
    return count;
}

int64_t glue_read(struct glue_item *item, void *bytes, size_t len)
{
    size_t count;

    item->glue->state.has_more = true;
    if (len == 0)
        return 0;
    if (len > READ_BYTES)
        len = READ_BYTES;
    if (!item->is_open)
        return read_rest(item, bytes, len);
    count = receive(&item->stream, bytes, len);
    item->glue->state.has_more = !leat_stream_awaits_data(&item->stream);
    if (count > 0)
        return (int64_t)count;
    return leat_stream_at_end(&item->stream) ? 0 : GLUE_WAIT;
}

int64_t glue_write(struct glue_item *item, const void *bytes, size_t len)
{
    size_t taken = 0;
    enum leat_err err;

    if (!item->is_open || item->is_ended)
        return GLUE_FAILED;
    if (len == 0)
        return 0;
    err = leat_stream_write(&item->stream, bytes, len, &taken);
    if (err == LEAT_ERR_FULL || (!err && taken == 0))
        return GLUE_WAIT;
    if (err) {
        item->err = err;
        return GLUE_FAILED;
    }
    return (int64_t)taken;
}

enum leat_err glue_end(struct glue_item *item)
{
    if (!item->is_open)
        return glue_error(item, NULL);
    if (item->is_ended)
        return LEAT_OK;
    item->is_ended = true;
    return leat_stream_shutdown(&item->stream);
}

void glue_ends(const struct glue_item *item, struct leat_endpoint *local,
               struct leat_endpoint *remote)
{
    *local = item->local;
    *remote = item->remote;
}

void glue_end_item(struct glue_item *item, bool abort)
{
    if (!item->is_open)
        return;
    glue_item_lost(item, LEAT_ERR_CLOSED, abort ? "aborted by us" : "closed by us");
    switch (item->kind) {
    case GLUE_STREAM: /* on_closed follows, and ends the item */
        if (abort)
            leat_stream_abort(&item->stream);
        else
            leat_stream_close(&item->stream);
        break;
    case GLUE_LISTENER:
        leat_tcp_listener_close(item->listener);
        glue_item_dead(item);
        break;
    case GLUE_UDP:
        leat_udp_close(item->udp);
        glue_item_dead(item);
        break;
    case GLUE_CONNECT:
    case GLUE_LOOKUP:
        glue_cancel(item);
        break;
    }
}

/* ---- Listeners ---- */

static void on_acceptable(struct leat_tcp_listener *listener, void *arg)
{
    (void)listener;
    glue_tell(arg, GLUE_ACCEPTABLE);
}

/* An item whose opening failed. */
static struct glue_item *give_up(struct glue_item *item)
{
    item->is_open = item->is_owned = false;
    glue_item_dead(item);
    return NULL;
}

struct glue_item *glue_listen(struct glue *glue, uint64_t number, const char *ip, uint16_t port,
                              uint16_t backlog, enum leat_err *err)
{
    struct leat_tcp_listen_config config = {
        .port = port, .backlog = backlog, .on_acceptable = on_acceptable};
    struct glue_item *item;

    *err = glue->stack ? LEAT_OK : LEAT_ERR_CLOSED;
    if (!*err && ip[0] && !leat_ip_parse(ip, &config.ip))
        *err = LEAT_ERR_FORMAT;
    if (*err)
        return NULL;
    item = glue_item_new(glue, GLUE_LISTENER, number);
    *err = item ? LEAT_OK : LEAT_ERR_MEMORY;
    if (*err)
        return NULL;
    config.arg = item;
    item->local = leat_endpoint_of(config.ip, port);
    *err = leat_tcp_listen(glue->stack, &item->listener, &config);
    return *err ? give_up(item) : item;
}

struct glue_item *glue_accept(struct glue_item *item, uint64_t number)
{
    struct leat_tcp *conn =
        item->is_open ? leat_tcp_accept(item->listener, &glue_stream_events, NULL) : NULL;

    return conn ? glue_stream_new(item->glue, number, leat_stream_of_tcp(conn)) : NULL;
}

/* ---- Connects and lookups ---- */

/* A connection ends before the caller takes it: the caller gets a stream that has ended. */
static void on_closed_early(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct glue_item *item = arg;

    (void)conn;
    item->conn = NULL;
    item->err = why;
}

static const struct leat_tcp_events early_events = {.on_closed = on_closed_early};

static void on_connected(struct leat_connecting *connecting, enum leat_err err,
                         struct leat_tcp *conn, void *arg)
{
    struct glue_item *item = arg;

    if (conn) {
        struct leat_tcp_info info;

        leat_tcp_get_info(conn, &info);
        item->local = info.local;
        item->remote = info.remote;
        item->conn = conn;
        item->is_done = true;
        leat_tcp_set_events(conn, &early_events, item);
        glue_tell(item, GLUE_DONE);
        return;
    }
    item->text = malloc(LEAT_CONNECT_TEXT_BYTES);
    if (item->text)
        leat_connect_format(connecting, err, item->text);
    item->is_open = false;
    item->err = err;
    item->detail = item->text;
    glue_tell(item, GLUE_DONE);
    glue_item_dead(item);
}

struct glue_item *glue_connect(struct glue *glue, uint64_t number, const char *host, uint16_t port,
                               enum leat_err *err)
{
    struct glue_item *item;

    *err = glue->stack ? LEAT_OK : LEAT_ERR_CLOSED;
    if (*err)
        return NULL;
    item = glue_item_new(glue, GLUE_CONNECT, number);
    *err = item ? LEAT_OK : LEAT_ERR_MEMORY;
    if (*err)
        return NULL;
    item->connecting = calloc(1, sizeof *item->connecting);
    if (!item->connecting) {
        *err = LEAT_ERR_MEMORY;
        return give_up(item);
    }
    item->connecting->on_done = on_connected;
    item->connecting->arg = item;
    *err = leat_connect(glue->stack, item->connecting, &glue->names, host, port, LEAT_NEVER_NS);
    return *err ? give_up(item) : item;
}

struct glue_item *glue_connected(struct glue_item *item, uint64_t number)
{
    struct leat_tcp *conn = item->conn;
    struct glue_item *stream;

    if (!item->is_open || !item->is_done)
        return NULL;
    item->conn = NULL;
    item->is_open = false;
    glue_item_dead(item);
    if (conn)
        return glue_stream_new(item->glue, number, leat_stream_of_tcp(conn));
    stream = glue_item_new(item->glue, GLUE_STREAM, number);
    if (!stream)
        return NULL;
    stream->local = item->local;
    stream->remote = item->remote;
    glue_item_lost(stream, item->err, NULL);
    glue_item_dead(stream);
    return stream;
}

static void on_lookup(void *arg, enum leat_err err, const struct leat_dns_result *result)
{
    struct glue_item *item = arg;
    struct leat_dns_record record;
    struct leat_ip ip;
    size_t cursor = 0;

    item->found = err ? NULL : calloc(GLUE_FOUND_MAX, sizeof *item->found);
    if (!err && !item->found)
        err = LEAT_ERR_MEMORY;
    while (!err && item->found_count < GLUE_FOUND_MAX &&
           leat_dns_result_next(result, &cursor, &record))
        if (leat_dns_record_ip(&record, &ip))
            item->found[item->found_count++] = ip;
    item->is_open = false;
    item->err = err;
    glue_tell(item, GLUE_DONE);
    glue_item_dead(item);
}

struct glue_item *glue_lookup(struct glue *glue, uint64_t number, const char *name, uint16_t type,
                              enum leat_err *err)
{
    struct leat_dns_name parsed;
    struct glue_item *item;

    *err = glue->stack ? LEAT_OK : LEAT_ERR_CLOSED;
    if (!*err && !glue->resolver)
        *err = LEAT_ERR_NOT_FOUND;
    if (!*err)
        *err = leat_dns_name_parse(name, &parsed);
    if (*err)
        return NULL;
    item = glue_item_new(glue, GLUE_LOOKUP, number);
    *err = item ? LEAT_OK : LEAT_ERR_MEMORY;
    if (*err)
        return NULL;
    *err = leat_lookup_start(glue->resolver, &parsed, type, on_lookup, item, &item->lookup);
    return *err ? give_up(item) : item;
}

unsigned glue_found(const struct glue_item *item, struct leat_ip found[GLUE_FOUND_MAX])
{
    if (item->found_count > 0)
        memcpy(found, item->found, item->found_count * sizeof found[0]);
    return item->found_count;
}

void glue_cancel(struct glue_item *item)
{
    if (!item->is_live)
        return;
    item->is_open = false;
    if (item->err == LEAT_OK)
        item->err = LEAT_ERR_CANCELLED;
    if (item->kind == GLUE_CONNECT && item->conn) {
        leat_tcp_abort(item->conn);
        item->conn = NULL;
    } else if (item->kind == GLUE_CONNECT) {
        leat_connect_cancel(item->connecting);
    } else {
        leat_lookup_cancel(item->lookup);
    }
    glue_item_dead(item);
}
