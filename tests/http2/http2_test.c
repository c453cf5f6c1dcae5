#include "http2_test.h"

#include <leat/http_access.h>

#include <stdarg.h>

char big[BIG_BYTES];

static const struct leat_http_file files[] = {
    {"/index.html", "text/html", "<p>leat</p>", 11, 0xaa, 0},
    {"/big", "application/octet-stream", big, BIG_BYTES, 0xbb, 0},
    {"/empty", "text/plain", NULL, 0, 0xcc, 0},
};

/* ---- Routes ------------------------------------------------------------------------------- */

/* Sends the body back, in chunks. */
static void echo_some(struct leat_http_exchange *exchange, void *arg)
{
    struct app *app = arg;
    struct leat_buf *data;
    uint32_t room;

    while (!app->hold_body && (room = leat_http_send_room(exchange)) > 0 &&
           (data = leat_http_receive(exchange, room)) != NULL) {
        const uint32_t len = leat_buf_total(data);

        assert_int_equal(leat_http_send(exchange, data), LEAT_OK);
        leat_http_consumed(exchange, len);
    }
    if (leat_http_body_over(exchange))
        leat_http_finish(exchange);
}

void echo_now(struct fixture *f)
{
    echo_some(f->app.held, &f->app);
}

static void echo(struct leat_http_exchange *exchange, void *arg)
{
    static const struct leat_http_head head = {
        .status = 200, .type = "text/plain", .fields = "X-Own: Yes\r\n", .len = LEAT_HTTP_ANY};
    struct app *app = arg;

    app->held = exchange;
    app->requests++;
    leat_http_reply(exchange, &head);
}

static void hold(struct leat_http_exchange *exchange, void *arg)
{
    struct app *app = arg;

    app->held = exchange;
    app->requests++;
}

static void count_body(struct leat_http_exchange *exchange, void *arg)
{
    static const struct leat_http_head head = {.status = 204};
    struct app *app = arg;
    struct leat_buf *data = leat_http_receive(exchange, UINT32_MAX);
    const uint32_t len = leat_buf_total(data);

    app->body_bytes += len;
    leat_buf_free(data);
    leat_http_consumed(exchange, len);
    if (leat_http_body_over(exchange))
        leat_http_answer(exchange, &head, NULL, 0);
}

static void ignore(struct leat_http_exchange *exchange, void *arg)
{
    (void)exchange;
    (void)arg;
}

static void failed(struct leat_http_exchange *exchange, enum leat_err why, void *arg)
{
    struct app *app = arg;

    if (app->held == exchange)
        app->held = NULL;
    app->failed++;
    app->why = why;
}

/* ---- The server ----------------------------------------------------------------------------- */

static void log_line(void *arg, const struct leat_http_access *access)
{
    struct fixture *f = arg;
    const size_t len = strlen(f->log);

    if (LOG_BYTES - len > LEAT_HTTP_ACCESS_BYTES_MIN)
        f->log[len + leat_http_access_common(access, 0, f->log + len, LOG_BYTES - len - 1)] = '\0';
}

int set_up_with(void **state, const struct leat_http2_config *config, uint16_t clients)
{
    struct fixture *f = calloc(1, sizeof *f);
    const uint8_t all = LEAT_HTTP_GET | LEAT_HTTP_POST;
    static struct leat_http_route routes[3];
    const struct leat_http_server_config web = {.files = files,
                                                .file_count = sizeof files / sizeof *files,
                                                .routes = routes,
                                                .route_count = 3,
                                                .clients = clients,
                                                .on_access = log_line,
                                                .on_access_arg = f};
    struct leat_http2_config full = *config;
    const size_t bytes = leat_http_server_memory_bytes(&web);

    routes[0] = (struct leat_http_route){.path = "/echo",
                                         .methods = all,
                                         .body_bytes_max = LEAT_HTTP_ANY,
                                         .on_request = echo,
                                         .on_body = echo_some,
                                         .on_writable = echo_some,
                                         .on_failed = failed,
                                         .arg = &f->app};
    routes[1] = (struct leat_http_route){.path = "/hold",
                                         .methods = all,
                                         .body_bytes_max = LEAT_HTTP_ANY,
                                         .on_request = hold,
                                         .on_failed = failed,
                                         .arg = &f->app};
    routes[2] = (struct leat_http_route){.path = "/count",
                                         .methods = all,
                                         .body_bytes_max = BIG_BYTES,
                                         .on_request = ignore,
                                         .on_body = count_body,
                                         .on_failed = failed,
                                         .arg = &f->app};
    for (size_t i = 0; i < BIG_BYTES; i++)
        big[i] = (char)(i * 7 + i / 251);
    f->world = world_create();
    f->memory[0] = malloc(bytes);
    assert_int_equal(
        leat_http_server_open(&f->server, f->world->stacks[SERVER], f->memory[0], bytes, &web),
        LEAT_OK);
    f->web = leat_http_server_counts(f->server);
    full.server = f->server;
    f->memory[1] = malloc(leat_http2_memory_bytes(&full) + 1);
    assert_int_equal(leat_http2_open(&f->http2, f->world->stacks[SERVER], (char *)f->memory[1] + 1,
                                     leat_http2_memory_bytes(&full), &full),
                     LEAT_OK);
    f->counts = leat_http2_counts(f->http2);
    *state = f;
    return 0;
}

int set_up(void **state)
{
    const struct leat_http2_config config = {.streams = STREAMS};

    return set_up_with(state, &config, 64);
}

int tear_down(void **state)
{
    struct fixture *f = *state;

    leat_http2_close(f->http2);
    leat_http_server_close(f->server);
    world_destroy(f->world);
    free(f->memory[0]);
    free(f->memory[1]);
    free(f);
    return 0;
}

/* ---- Clients -------------------------------------------------------------------------------- */

static struct reply *reply_of(struct peer *peer, int32_t id)
{
    for (unsigned i = 0; i < peer->reply_count; i++) {
        if (peer->replies[i]->id == id)
            return peer->replies[i];
    }
    return NULL;
}

static ssize_t send_bytes(nghttp2_session *frames, const uint8_t *bytes, size_t len, int flags,
                          void *arg)
{
    struct peer *peer = arg;
    size_t taken;

    (void)frames;
    (void)flags;
    leat_stream_write(&peer->stream, bytes, len, &taken);
    return taken > 0 ? (ssize_t)taken : NGHTTP2_ERR_WOULDBLOCK;
}

static int on_header(nghttp2_session *frames, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *arg)
{
    struct reply *reply = reply_of(arg, frame->hd.stream_id);
    const size_t have = strlen(reply->fields);

    (void)frames;
    (void)flags;
    (void)value_len;
    if (name_len == 7 && memcmp(name, ":status", 7) == 0)
        memcpy(reply->status, value, 3);
    else
        snprintf(reply->fields + have, sizeof reply->fields - have, "%s: %s\n", (const char *)name,
                 (const char *)value);
    return 0;
}

static int on_data(nghttp2_session *frames, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *arg)
{
    struct reply *reply = reply_of(arg, id);

    (void)frames;
    (void)flags;
    if (!reply || reply->have + len > sizeof reply->bytes)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    memcpy(reply->bytes + reply->have, data, len);
    reply->have += len;
    return 0;
}

static int on_frame(nghttp2_session *frames, const nghttp2_frame *frame, void *arg)
{
    struct peer *peer = arg;
    struct reply *reply = reply_of(peer, frame->hd.stream_id);

    (void)frames;
    peer->settings += frame->hd.type == NGHTTP2_SETTINGS;
    peer->pings += frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK);
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        peer->goaway = true;
        peer->goaway_code = frame->goaway.error_code;
    }
    if (!reply)
        return 0;
    reply->informed += frame->hd.type == NGHTTP2_HEADERS && reply->status[0] == '1';
    reply->whole |= (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
                    (frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    return 0;
}

static int on_stream_close(nghttp2_session *frames, int32_t id, uint32_t code, void *arg)
{
    struct reply *reply = reply_of(arg, id);

    (void)frames;
    if (reply) {
        reply->closed = true;
        reply->code = code;
    }
    return 0;
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct peer *peer = arg;
    struct leat_buf *data;

    (void)conn;
    while (!peer->deaf && (data = leat_stream_receive(&peer->stream, UINT32_MAX)) != NULL) {
        const uint32_t len = leat_buf_total(data);
        uint8_t *bytes = malloc(len);

        leat_buf_read(data, 0, bytes, len);
        leat_buf_free(data);
        leat_stream_consumed(&peer->stream, len);
        if (!peer->raw)
            nghttp2_session_mem_recv(peer->frames, bytes, len);
        free(bytes);
    }
    peer->ended = leat_stream_at_end(&peer->stream);
    if (!peer->closed && !peer->deaf)
        nghttp2_session_send(peer->frames);
}

static void on_writable(struct leat_tcp *conn, void *arg)
{
    struct peer *peer = arg;

    (void)conn;
    nghttp2_session_send(peer->frames);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)why;
    ((struct peer *)arg)->closed = true;
}

static const struct leat_tcp_events peer_events = {
    .on_readable = on_readable, .on_writable = on_writable, .on_closed = on_closed};

struct peer *open_peer(struct fixture *f, uint32_t address)
{
    struct peer *peer = calloc(1, sizeof *peer);
    nghttp2_session_callbacks *callbacks;
    struct leat_stream served;

    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_send_callback(callbacks, send_bytes);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    assert_int_equal(nghttp2_session_client_new(&peer->frames, callbacks, peer), 0);
    nghttp2_session_callbacks_del(callbacks);
    peer->f = f;
    pipe_open(peer->ends, f->world->stacks[SERVER], PIPE_BYTES);
    if (address)
        peer->ends[1].peer = leat_ip_v4(address);
    peer->stream = pipe_stream(&peer->ends[0]);
    leat_stream_set_events(&peer->stream, &peer_events, peer);
    served = pipe_stream(&peer->ends[1]);
    assert_true(leat_http2_serve(f->http2, &served));
    return peer;
}

struct peer *connect_peer(struct fixture *f)
{
    struct peer *peer = open_peer(f, 0);

    assert_int_equal(nghttp2_submit_settings(peer->frames, NGHTTP2_FLAG_NONE, NULL, 0), 0);
    flush(peer);
    world_wait(f->world, ms); /* for the SETTINGS of the server, and both acknowledgements */
    return peer;
}

void close_peer(struct peer *peer)
{
    if (!peer->closed) {
        leat_stream_abort(&peer->stream);
        assert_true(world_run(peer->f->world, &peer->closed, second));
    }
    world_wait(peer->f->world, ms);
    nghttp2_session_del(peer->frames);
    for (unsigned i = 0; i < peer->reply_count; i++)
        free(peer->replies[i]);
    free(peer);
}

void flush(struct peer *peer)
{
    if (!peer->closed)
        assert_int_equal(nghttp2_session_send(peer->frames), 0);
}

void send_octets(struct peer *peer, const void *bytes, size_t len)
{
    size_t taken = 0;

    if (peer->closed)
        return;
    leat_stream_write(&peer->stream, bytes, len, &taken);
    assert_true(taken == len || peer->ends[1].aborted || peer->ends[1].shut);
}

void send_frame(struct peer *peer, uint8_t type, uint8_t flags, uint32_t id, const void *payload,
                size_t len)
{
    const uint8_t head[] = {
        (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,       type,       flags,
        (uint8_t)(id >> 24),  (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};

    send_octets(peer, head, sizeof head);
    if (len > 0)
        send_octets(peer, payload, len);
}

static ssize_t read_body(nghttp2_session *frames, int32_t id, uint8_t *bytes, size_t len,
                         uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct reply *reply = source->ptr;

    (void)frames;
    (void)id;
    (void)arg;
    if (len > reply->body_left)
        len = reply->body_left;
    memset(bytes, 'b', len);
    reply->body_left -= len;
    if (reply->body_left == 0)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)len;
}

static nghttp2_nv field(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
                        strlen(value), NGHTTP2_NV_FLAG_NONE};
}

struct reply *ask(struct peer *peer, const char *method, const char *path, size_t body_bytes, ...)
{
    struct reply *reply = calloc(1, sizeof *reply);
    nghttp2_data_provider body = {.source.ptr = reply, .read_callback = read_body};
    nghttp2_nv fields[16] = {field(":method", method), field(":scheme", "https"),
                             field(":path", path), field(":authority", "leat")};
    size_t count = 4;
    const char *name;
    va_list more;

    va_start(more, body_bytes);
    while ((name = va_arg(more, const char *)) != NULL)
        fields[count++] = field(name, va_arg(more, const char *));
    va_end(more);
    reply->body_left = body_bytes;
    reply->id =
        nghttp2_submit_request(peer->frames, NULL, fields, count, body_bytes ? &body : NULL, NULL);
    assert_true(reply->id > 0);
    peer->replies[peer->reply_count++] = reply;
    return reply;
}

struct reply *get(struct peer *peer, const char *path)
{
    struct reply *reply = ask(peer, "GET", path, 0, NULL);

    flush(peer);
    world_run(peer->f->world, &reply->closed, second);
    return reply;
}
