/* server_conn.c -- one client of the server: its phase and deadline, received data, counters. */
#include "web/http/server_conn.h"

#include <leat/host.h>
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

void server_conn_sent(struct server_conn *client, uint64_t bytes)
{
    client->sent += bytes;
    client->server->counts.reply_bytes += bytes;
}

/* ---- The end of a request -------------------------------------------------------------------- */

static const uint64_t latency_bounds_ns[LEAT_HTTP_LATENCY_BUCKETS] = {
    100000,   250000,    500000,    1000000,   2500000,    5000000,    10000000,   25000000,
    50000000, 100000000, 250000000, 500000000, 1000000000, 2500000000, 5000000000, 10000000000};

uint64_t leat_http_latency_bound_ns(unsigned index)
{
    leat_assert(index < LEAT_HTTP_LATENCY_BUCKETS);
    return latency_bounds_ns[index];
}

static void count_latency(struct leat_http_server_counts *counts, uint64_t took_ns)
{
    unsigned bucket = 0;

    while (bucket < LEAT_HTTP_LATENCY_BUCKETS && took_ns > latency_bounds_ns[bucket])
        bucket++;
    counts->latencies[bucket]++;
    counts->latency_sum_ns += took_ns;
}

/* The request-target (RFC 9112 3.2) of a line that the grammar has accepted: it stands between the
 * two spaces of the line. A line that was cut may lack the second one, or both. */
static void find_target(struct leat_http_access *access)
{
    size_t begin = 0, end;

    while (begin < access->line_len && access->line[begin] != ' ')
        begin++;
    if (begin == access->line_len)
        return;
    end = ++begin;
    while (end < access->line_len && access->line[end] != ' ')
        end++;
    access->target = access->line + begin;
    access->target_len = end - begin;
}

/* Writes the version that the client speaks into its request line: "HTTP/2.0". */
static void show_version(struct http_said *said, uint8_t major)
{
    char *end = said->line + said->line_len;

    if (said->line_is_cut || said->line_len < 3)
        return;
    end[-3] = (char)('0' + major);
    end[-1] = '0';
}

static void log_access(struct server_conn *client, uint64_t took_ns, bool complete)
{
    const struct leat_http_server_config *config = &client->server->config;
    const struct http_request *request = &client->request;
    struct http_said *said = client->said;
    struct leat_http_access access = {
        .method = request->line_done ? http_method_bit(request) : 0,
        .path = request->path,
        .path_len = request->line_done ? request->path_len : 0,
        .status = client->status,
        .reply_bytes = client->sent,
        .took_ns = took_ns,
        .conn = leat_stream_tcp(&client->stream),
        .peer = leat_stream_peer(&client->stream),
        .secure = LEAT_STREAM_IS_OTHER(&client->stream),
        .complete = complete,
        .minor_version = client->major > 1 ? 0 : request->minor_version,
        .major_version = client->major,
        .is_cut = said->line_is_cut || said->referer.is_cut || said->agent.is_cut,
        .line = said->line,
        .line_len = said->line_len,
        .referer = said->referer.bytes,
        .referer_len = http_said_len(&said->referer),
        .agent = said->agent.bytes,
        .agent_len = http_said_len(&said->agent)};

    if (client->major > 1)
        show_version(said, client->major);
    if (request->line_done)
        find_target(&access);
    config->on_access(config->on_access_arg, &access);
}

/* The time since the head began. */
static uint64_t took(const struct server_conn *client)
{
    struct leat_host *clock = client->server->config.clock;
    const uint64_t polled_ns = leat_now_ns(client->server->stack);
    const uint64_t now_ns = clock ? clock->now_ns(clock) : polled_ns;

    return (now_ns > polled_ns ? now_ns : polled_ns) - client->head_at_ns;
}

void server_conn_over(struct server_conn *client, bool complete)
{
    uint64_t took_ns;

    if (client->over)
        return;
    client->over = true;
    took_ns = took(client);
    if (complete)
        count_latency(&client->server->counts, took_ns);
    if (client->said)
        log_access(client, took_ns, complete);
}
