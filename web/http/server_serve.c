/*
 * server_serve.c -- serves a client: reads a request, sends the reply, and begins again.
 *
 *      IDLE -> HEAD -> REPLY -> BODY (of the request: discarded) -> IDLE ...
 *                        `--> LINGER, after a reply that ends the connection
 *
 * Requests are answered one after another. Pipelined requests stay in the buffers that they arrived
 * in, which closes the client's window, until the reply before them is queued (RFC 9112 9.3.2).
 */
#include "web/http/server_conn.h"

#include "core/assert.h"
#include "core/second.h"
#include "service.h"

static const uint64_t retry_ns = 10000000; /* until a refusal may find a buffer */

/* ---- Replies ------------------------------------------------------------------------------ */

/* Shuts the stream down. Data that still arrives is discarded. */
static void say_no_more(struct server_conn *client)
{
    leat_stream_shutdown(&client->stream);
    /* RFC 9112 9.6: closing at once would reset the connection if data of the client arrives, and
     * the reset may destroy the reply before the client has read it */
    server_conn_enter(client, HTTP_PHASE_LINGER);
}

static void next_request(struct server_conn *client)
{
    if (client->opened)
        http_opened_close(client->opened);
    http_request_start(&client->request, client->exchange ? &client->exchange->words : NULL);
    client->request.said = client->said;
    if (client->said)
        http_said_clear(client->said);
    client->over = true; /* until the first byte of the next request */
    client->status = 0;
    client->sent = 0;
    if (server_is_ending(client->server) && client->served)
        say_no_more(client);
    else
        server_conn_enter(client, HTTP_PHASE_IDLE);
}

/* Sends the rest of the reply. False: it must wait, or the connection is over. */
static bool send_reply(struct server_conn *client)
{
    if (!server_reply_send(client))
        return false;
    server_conn_over(client, true);
    if (client->close && client->early)
        return false; /* a shutdown would abort the handshake: server_conn_opened() follows */
    if (client->close)
        say_no_more(client);
    else if (client->skip > 0)
        server_conn_enter(client, HTTP_PHASE_BODY);
    else
        next_request(client);
    return true;
}

/* ---- Requests ----------------------------------------------------------------------------- */

/* Extends the deadline of a long head on a slow path, but never beyond head_ns from now. */
static void earn_head_time(struct server_conn *client, uint32_t bytes)
{
    const struct leat_http_server_config *config = &client->server->config;
    const uint64_t latest_ns = leat_now_ns(client->server->stack) + config->head_ns;

    /* a client that sends a byte now and then (Slowloris) uses more time than it earns */
    client->due_ns += bytes * second_ns / config->head_bytes_per_s;
    /* a client can't save up time by a burst, and then stand still for longer than others */
    if (client->due_ns > latest_ns)
        client->due_ns = latest_ns;
}

/* Finds what the request's path leads to: a file of the configuration, or of the folder. */
static void find(struct server_conn *client)
{
    const struct leat_http_server *server = client->server;
    const struct http_request *request = &client->request;
    const struct leat_http_folder *folder = server->config.folder;
    const struct leat_http_file *file = NULL;

    if (request->status == HTTP_OK && !request->path_too_long)
        file = http_table_find(&server->table, request->path, request->path_len);
    http_found_file(&client->found, file);
    if (!file && folder && request->status == HTTP_OK && request->method < HTTP_OTHER)
        folder->find->find(folder, &(struct http_asked){request, leat_stream_peer(&client->stream)},
                           client->opened, &client->found);
}

/* Continues reading the head. False: the reply must wait. */
static bool read_head(struct server_conn *client)
{
    struct http_request *request = &client->request;
    struct http_reply reply;

    leat_debug_assert(client->phase == HTTP_PHASE_IDLE || client->phase == HTTP_PHASE_HEAD);
    if (client->phase == HTTP_PHASE_IDLE) {
        server_conn_enter(client, HTTP_PHASE_HEAD);
        client->head_at_ns = leat_now_ns(client->server->stack);
        client->over = false;
    }
    while (client->unread && request->status == HTTP_MORE) {
        uint32_t taken;

        if (client->said && !request->line_done)
            http_said_line(client->said, client->unread->data, client->unread->len);
        taken = (uint32_t)http_request_read(request, client->unread->data, client->unread->len);

        server_conn_consume(client, taken);
        earn_head_time(client, taken);
    }
    if (request->status == HTTP_MORE)
        return true;
    /* before a route sees the request: a replay must not have effects */
    http_early_look(client);
    if (client->exchange && request->status == HTTP_OK && http_exchange_begin(client))
        return true;
    find(client);
    reply = http_answer(request, &client->found, server_reply_boundary(client));
    /* a draining server answers this request, and no further one */
    reply.close |= server_is_ending(client->server);
    return server_reply_begin(client, &reply);
}

/* There is no room to begin the next reply: on_writable follows. */
static bool wait_for_room(struct server_conn *client)
{
    if (leat_stream_progress(&client->stream).queued_bytes == 0)
        return server_conn_wait_for_pool(client); /* the pool lacks room, not the client */
    return false;
}

static void skip_body(struct server_conn *client)
{
    const uint32_t have = leat_buf_total(client->unread);
    const uint32_t len = have < client->skip ? have : client->skip;

    leat_debug_assert(client->phase == HTTP_PHASE_BODY);
    /* not more: the next request may lie behind it in the same buffers */
    server_conn_consume(client, len);
    client->skip -= len;
    if (client->skip == 0)
        next_request(client);
}

/* Handles what was received. False: nothing can be done now. */
static bool step(struct server_conn *client)
{
    if (client->phase == HTTP_PHASE_ENDING)
        return false;
    /* RFC 9112 9.3.2: replies have the order of the requests, so a reply that waits holds up the
     * next request */
    if (client->phase == HTTP_PHASE_REPLY)
        return send_reply(client);
    if (client->phase == HTTP_PHASE_EXCHANGE)
        return http_exchange_step(client);
    if (client->phase == HTTP_PHASE_HEAD && client->request.status != HTTP_MORE)
        return read_head(client); /* there was no buffer for its reply */
    if (!server_conn_unread(client))
        return false;
    /* A client that reads no replies gets no further requests read. They fill its own window. */
    if (client->phase == HTTP_PHASE_IDLE && leat_stream_send_room(&client->stream) == 0)
        return wait_for_room(client);
    if (client->phase == HTTP_PHASE_LINGER)
        server_conn_consume(client, leat_buf_total(client->unread));
    else if (client->phase == HTTP_PHASE_BODY)
        skip_body(client);
    else
        return read_head(client);
    return true;
}

/* Takes all steps that are possible now, for at most as many requests as fit the receive window. */
void server_conn_serve(struct leat_tcp *conn, void *arg)
{
    struct server_conn *client = arg;

    (void)conn;
    if (client->phase == HTTP_PHASE_ENDING)
        return;
    client->starved = false;
    client->serving = true;
    while (step(client)) {
    }
    client->serving = false;
    /* RFC 9112 9.6: the client has shut down. A reply that must wait keeps the connection. */
    if (client->phase != HTTP_PHASE_REPLY && client->phase != HTTP_PHASE_EXCHANGE &&
        client->phase != HTTP_PHASE_ENDING && !client->starved &&
        leat_stream_at_end(&client->stream) && !client->unread)
        leat_stream_shutdown(&client->stream);
}

void server_conn_opened(struct leat_tcp *conn, void *arg)
{
    struct server_conn *client = arg;

    client->early = false;
    server_conn_serve(conn, client);
}

void server_conn_writable(struct leat_tcp *conn, void *arg)
{
    struct server_conn *client = arg;

    if (client->phase == HTTP_PHASE_REPLY && !client->starved)
        server_conn_enter(client, HTTP_PHASE_REPLY); /* it has acknowledged something */
    if (client->phase == HTTP_PHASE_EXCHANGE) {
        client->exchange->writable = true;
        server_conn_renew(client);
    }
    server_conn_serve(conn, arg);
}

/* ---- Clients without progress ---------------------------------------------------------------- */

/* True if the client has acknowledged data since the last check, or if a route that sends only now
 * and then had nothing queued at that check. */
static bool takes_its_reply(struct server_conn *client, struct leat_stream_progress progress)
{
    const bool queued = progress.queued_bytes > 0;
    const bool is_new = client->phase == HTTP_PHASE_EXCHANGE && !client->seen_queued;
    const bool moved = queued && (is_new || progress.taken != client->seen_taken);

    client->seen_taken = progress.taken;
    client->seen_queued = queued;
    return moved;
}

/* Leaves a client that has received everything but doesn't close to the stack, which waits for
 * that. A reset could destroy data that the client has not read yet (RFC 9112 9.6). */
static void leave(struct server_conn *client)
{
    static const struct leat_tcp_events nothing = {.on_open = NULL};

    leat_stream_set_events(&client->stream, &nothing, NULL);
    leat_stream_close(&client->stream);
}

/* Handles the end of the phase's deadline. False: the server has nothing more to do with the
 * client. */
static bool time_out(struct server_conn *client)
{
    static const struct http_reply timeout = {.status = HTTP_REQUEST_TIMEOUT, .close = true};
    struct leat_http_server_counts *counts = &client->server->counts;
    const struct leat_stream_progress progress = leat_stream_progress(&client->stream);

    if (takes_its_reply(client, progress)) {
        server_conn_renew(client);
        client->due_ns = leat_now_ns(client->server->stack) + client->server->config.stall_ns;
    } else if (client->phase == HTTP_PHASE_IDLE) { /* RFC 9112 9.5 */
        counts->idle++;
        leat_stream_shutdown(&client->stream);
        server_conn_enter(client, HTTP_PHASE_LINGER);
    } else if (client->phase == HTTP_PHASE_HEAD) {
        /* the client can be told, as no reply has begun (RFC 9110 15.5.9) */
        counts->timeouts++;
        if (server_reply_begin(client, &timeout))
            server_conn_serve(NULL, client);
        else
            client->due_ns = leat_now_ns(client->server->stack) + retry_ns;
    } else if (client->phase == HTTP_PHASE_EXCHANGE && progress.queued_bytes == 0) {
        if (http_exchange_excused(client)) {
            client->due_ns = leat_now_ns(client->server->stack) + client->server->config.stall_ns;
        } else {
            counts->timeouts++;
            http_exchange_fail(client, LEAT_ERR_TIMEOUT, HTTP_REQUEST_TIMEOUT);
            server_conn_serve(NULL, client);
        }
    } else if (client->phase == HTTP_PHASE_LINGER && progress.queued_bytes == 0) {
        leave(client);
        return false;
    } else {
        server_conn_end(client, &counts->timeouts);
    }
    return true;
}

bool server_conn_on_time(struct server_conn *client)
{
    if (client->phase == HTTP_PHASE_ENDING)
        return true;
    if (client->due_ns <= leat_now_ns(client->server->stack) && !time_out(client))
        return false;
    if (client->phase == HTTP_PHASE_EXCHANGE)
        server_conn_serve(NULL, client); /* server_conn_kick() may have set it */
    if (client->stream.end && client->phase != HTTP_PHASE_ENDING && !timer_is_set(&client->timer))
        service_timer_set(client->server->stack, &client->timer, client->due_ns);
    return true;
}

/* ---- Start and end --------------------------------------------------------------------------- */

void server_conn_start(struct server_conn *client, struct leat_stream stream)
{
    client->stream = stream;
    client->seen_taken = 0;
    client->seen_queued = false;
    client->skip = 0;
    client->body_left = 0;
    client->parts_left = 0;
    client->starved = false;
    client->served = false;
    client->early = false;
    client->major = 1;
    client->server->clients_open++;
    next_request(client);
}

/* A client that has asked before may send its next request to another server, so it is ended at
 * once; a new one gets the time until it is quiet to ask. */
bool server_conn_drain(struct leat_tcp *conn, bool quiet, void *arg)
{
    struct server_conn *client = arg;

    (void)conn;
    if (quiet || client->served)
        server_conn_stop(client);
    return true;
}

void server_conn_stop(struct server_conn *client)
{
    if (client->stream.end && client->phase == HTTP_PHASE_IDLE && !client->unread)
        say_no_more(client);
}

void server_conn_release(struct server_conn *client)
{
    /* a request that has begun, but has no complete reply, is logged too */
    server_conn_over(client, false);
    if (client->exchange)
        http_exchange_release(client->exchange);
    if (client->opened)
        http_opened_close(client->opened);
    client->server->clients_open--;
    service_timer_cancel(client->server->stack, &client->timer);
    leat_buf_free(client->unread);
    leat_buf_free(client->head);
    client->unread = NULL;
    client->head = NULL;
    client->stream.end = NULL;
}
