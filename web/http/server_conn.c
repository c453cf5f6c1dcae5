/* server_conn.c -- one client of the server: its phase and deadline, received data, counters. */
#include "web/http/server_conn.h"

#include <leat/life.h>

#include "core/assert.h"
#include "service.h"

enum {
    READ_BYTES = 65536 /* per receive */
};

static const uint64_t renew_ns = 100000000; /* a place is renewed at most that often */

bool server_is_ending(const struct leat_http_server *server)
{
    return server->stopping || leat_is_draining(server->stack);
}

/* ---- Phases and deadlines -------------------------------------------------------------------- */

void server_conn_renew(struct server_conn *client)
{
    const uint64_t now_ns = leat_now_ns(client->server->stack);

    /* not for every packet: the order of clients needn't be more exact than that */
    if (now_ns - client->renewed_at_ns < renew_ns || client->place == SHARES_NONE)
        return;
    client->renewed_at_ns = now_ns;
    shares_renew(&client->server->shares, client->place);
}

void server_conn_enter(struct server_conn *client, enum http_phase phase)
{
    const struct leat_http_server_config *config = &client->server->config;
    const uint64_t now_ns = leat_now_ns(client->server->stack);
    const uint64_t lasts_ns = phase == HTTP_PHASE_IDLE   ? config->idle_ns
                              : phase == HTTP_PHASE_HEAD ? config->head_ns
                                                         : config->stall_ns;

    client->phase = (uint8_t)phase;
    /* a client that has its last reply doesn't keep its place by not closing */
    if (phase != HTTP_PHASE_LINGER)
        server_conn_renew(client);
    client->due_ns = now_ns + lasts_ns;
    /* A timer that is set for an earlier time is left. It fires once in vain, which costs less than
     * to move it for every request. */
    if (!timer_is_set(&client->timer) || timer_at_ns(&client->timer) > client->due_ns)
        service_timer_set(client->server->stack, &client->timer, client->due_ns);
}

void server_conn_end(struct server_conn *client, uint64_t *count)
{
    leat_assert(client->phase != HTTP_PHASE_ENDING); /* once */
    ++*count;
    client->phase = HTTP_PHASE_ENDING;
    leat_stream_abort(&client->stream);
}

void server_conn_kick(struct server_conn *client)
{
    /* server_conn_serve() looks again before it returns, so it needs no timer while it runs */
    if (!client->serving)
        service_timer_set(client->server->stack, &client->timer,
                          leat_now_ns(client->server->stack));
}

bool server_conn_wait_for_pool(struct server_conn *client)
{
    client->server->counts.waited++;
    /* the room that comes then is the pool's, and shows no progress of the client */
    client->starved = true;
    leat_stream_want_room(&client->stream, HTTP_REPLY_HEAD_BYTES);
    return false;
}

/* ---- Received data --------------------------------------------------------------------------- */

void server_conn_consume(struct server_conn *client, uint32_t bytes)
{
    client->unread = leat_buf_consume(client->unread, bytes);
    leat_stream_consumed(&client->stream, bytes);
}

struct leat_buf *server_conn_unread(struct server_conn *client)
{
    if (!client->unread)
        client->unread = client->early
                             ? client->server->config.receive_early(&client->stream, READ_BYTES)
                             : leat_stream_receive(&client->stream, READ_BYTES);
    return client->unread;
}

/* ---- Counts ------------------------------------------------------------------------------- */

void server_conn_count(struct server_conn *client, uint16_t status)
{
    struct leat_http_server_counts *counts = &client->server->counts;

    client->status = status;
    client->served = true;
    client->sent = 0;
    counts->requests++;
    counts->early += client->early;
    if (status >= 500)
        counts->server_errors++;
    else if (status >= HTTP_BAD_REQUEST)
        counts->client_errors++;
    else if (status == HTTP_NOT_MODIFIED)
        counts->not_modified++;
    else
        counts->ok++;
}
