/* call_test.c -- shared by the tests of the client. */
#include "call_test.h"

struct leat_http_client *client;
const struct leat_http_client_counts *counts;
static void *client_memory;

int open_client_by(void **state, const struct leat_http_client_config *config)
{
    const size_t bytes = leat_http_client_memory_bytes(config);
    struct fixture *f = *state;

    client_memory = malloc(bytes + 1);
    assert_int_equal(leat_http_client_open(&client, f->world->stacks[CLIENT],
                                           (char *)client_memory + 1, bytes, config),
                     LEAT_OK);
    counts = leat_http_client_counts(client);
    return 0;
}

int open_client(void **state)
{
    const struct leat_http_client_config config = {
        .connections = 2, .request_bytes = 256, .reply_bytes = 256};

    set_up(state);
    return open_client_by(state, &config);
}

int open_client_with(void **state, const struct leat_http_server_config *server,
                     const struct leat_http_client_config *config)
{
    set_up_with(state, server);
    return open_client_by(state, config);
}

int close_client(void **state)
{
    leat_http_client_close(client);
    free(client_memory);
    return tear_down(state);
}

/* ---- The peer ----------------------------------------------------------------------------- */

static void peer_reads(struct leat_tcp *conn, void *arg)
{
    struct peer *peer = arg;
    struct leat_buf *data;
    uint32_t len;

    (void)conn;
    if (peer->deaf)
        return;
    data = leat_stream_receive(&peer->stream, UINT32_MAX);
    len = leat_buf_total(data);
    assert_true(peer->have + len < sizeof peer->bytes);
    leat_buf_read(data, 0, peer->bytes + peer->have, len);
    peer->have += len;
    peer->bytes[peer->have] = '\0';
    leat_buf_free(data);
    leat_stream_consumed(&peer->stream, len);
}

static void peer_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    (void)conn;
    (void)why;
    ((struct peer *)arg)->closed = true;
}

static const struct leat_tcp_events peer_events = {.on_readable = peer_reads,
                                                   .on_closed = peer_closed};

struct peer *open_peer(struct fixture *f)
{
    struct peer *peer = calloc(1, sizeof *peer);
    struct leat_stream ours;

    pipe_open(peer->ends, f->world->stacks[CLIENT], PIPE_BYTES);
    ours = pipe_stream(&peer->ends[0]);
    peer->stream = pipe_stream(&peer->ends[1]);
    leat_stream_set_events(&peer->stream, &peer_events, peer);
    assert_int_equal(leat_http_client_keep(client, URL, &ours), LEAT_OK);
    return peer;
}

void say(struct fixture *f, const struct peer *peer, const char *text)
{
    size_t taken;

    assert_int_equal(leat_stream_write(&peer->stream, text, strlen(text), &taken), LEAT_OK);
    assert_int_equal(taken, strlen(text));
    world_wait(f->world, ms);
}

void close_peer(struct fixture *f, struct peer *peer)
{
    if (!peer->closed) {
        leat_stream_abort(&peer->stream);
        assert_true(world_run(f->world, &peer->closed, second));
    }
    world_wait(f->world, ms);
    free(peer);
}

/* ---- The call ----------------------------------------------------------------------------- */

static void on_reply(struct leat_http_call *call, void *arg)
{
    struct heard *heard = arg;

    heard->replies++;
    heard->status = leat_http_call_status(call);
}

void take(struct heard *heard)
{
    struct leat_buf *data = leat_http_call_receive(heard->call, UINT32_MAX);
    const uint32_t len = leat_buf_total(data);

    assert_true(heard->have + len < sizeof heard->bytes);
    leat_buf_read(data, 0, heard->bytes + heard->have, len);
    heard->have += len;
    heard->bytes[heard->have] = '\0';
    leat_buf_free(data);
    leat_http_call_consumed(heard->call, len);
}

static void on_body(struct leat_http_call *call, void *arg)
{
    struct heard *heard = arg;

    heard->bodies++;
    if (heard->hold)
        return;
    take(heard);
    heard->over = leat_http_call_over(call);
    if (!heard->over || heard->keep_open)
        return;
    leat_http_call_close(call);
    if (heard->again) {
        heard->request.url = heard->again;
        heard->again = NULL;
        heard->over = false;
        assert_int_equal(leat_http_call(client, &heard->request, &heard->call), LEAT_OK);
    }
}

static void on_writable(struct leat_http_call *call, void *arg)
{
    struct heard *heard = arg;
    size_t wrote = 1;

    while (heard->to_send > 0 && wrote > 0) {
        if (heard->request.body_len != LEAT_HTTP_ANY)
            assert_true(leat_http_call_send_room(call) <= heard->to_send);
        wrote = leat_http_call_write(call, big, heard->to_send < 500 ? heard->to_send : 500);
        heard->to_send -= wrote;
    }
    if (heard->to_send == 0 && heard->request.body_len == LEAT_HTTP_ANY)
        leat_http_call_finish(call);
}

static void on_failed(struct leat_http_call *call, enum leat_err why, void *arg)
{
    struct heard *heard = arg;

    assert_ptr_equal(call, heard->call);
    heard->failed = true;
    heard->failures++;
    heard->why = why;
}

struct heard *listen_for(const char *url)
{
    struct heard *heard = calloc(1, sizeof *heard);

    heard->request = (struct leat_http_request){.url = url,
                                                .on_reply = on_reply,
                                                .on_body = on_body,
                                                .on_writable = on_writable,
                                                .on_failed = on_failed,
                                                .arg = heard};
    return heard;
}

void begin(struct fixture *f, struct heard *heard)
{
    assert_int_equal(leat_http_call(client, &heard->request, &heard->call), LEAT_OK);
    world_wait(f->world, ms);
}

struct heard *ask(struct fixture *f)
{
    struct heard *heard = listen_for(URL);

    begin(f, heard);
    return heard;
}
