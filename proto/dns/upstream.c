/*
 * upstream.c -- a server: its delay, and the connection to it.
 *
 * There is at most one connection to a server. All TCP queries are pipelined on it (RFC 7766
 * 6.2.1.1); replies come in any order and are matched by id. It is kept for a while after the last
 * reply. A server may close it at any time. Unanswered queries are then repeated once on a new
 * connection, if the old one had carried a reply (RFC 7766 6.2.4).
 *
 * A server with TLS is asked on such a connection with a session. If the program prefers answers
 * over privacy (tls_or_clear), a session that fails before it is open leads to queries in the
 * clear.
 */
#include <leat/stream.h>

#include "core/assert.h"
#include "core/container_of.h"
#include "proto/dns/lookup.h"
#include "wire/bytes.h"

enum {
    LENGTH_BYTES = LOOKUP_LENGTH_BYTES,
    SMOOTH_PART = 8, /* weight of a new delay: 1 / 8 (as in RFC 6298 2.3) */
    AGE_PART = 32,   /* part by which delays shrink with each query to another server */
};

_Static_assert((unsigned)LOOKUP_PADDED_BYTES_MAX <= (unsigned)LEAT_DNS_UDP_BYTES,
               "it fits into answer_bytes");

static const uint64_t clear_ns = UINT64_C(3600000000000); /* RFC 7858 3.1: an hour */

static const struct leat_tcp_events events;

static size_t place_of(const struct upstream *upstream)
{
    leat_debug_assert(upstream >= upstream->resolver->upstreams);
    return (size_t)(upstream - upstream->resolver->upstreams);
}

static struct leat *stack_of(const struct upstream *upstream)
{
    return upstream->resolver->stack;
}

/* ---- How fast it is ----------------------------------------------------------------------- */

void upstream_answered(struct upstream *upstream, uint64_t after_ns)
{
    if (upstream->delay_ns == 0)
        upstream->delay_ns = after_ns;
    else
        upstream->delay_ns += after_ns / SMOOTH_PART - upstream->delay_ns / SMOOTH_PART;
    upstream->delay_ns += upstream->delay_ns == 0;
}

void upstream_was_silent(struct upstream *upstream, uint64_t for_ns)
{
    if (upstream->delay_ns < for_ns)
        upstream->delay_ns = for_ns;
}

/* The fastest server first; servers of unknown delay come before all. The delays of the
 * others shrink a little each time, so that a slow server is tried again some day. */
void upstreams_order(struct leat_resolver *resolver, uint8_t order[LEAT_RESOLVER_SERVERS_MAX])
{
    struct upstream *all = resolver->upstreams;

    for (uint8_t i = 0; i < resolver->config.server_count; i++) {
        unsigned at = i;

        for (; resolver->config.fastest_first && at > 0 &&
               all[i].delay_ns < all[order[at - 1]].delay_ns;
             at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (unsigned at = 1; at < resolver->config.server_count; at++) {
        uint64_t *delay_ns = &all[order[at]].delay_ns;

        *delay_ns -= *delay_ns / AGE_PART + (*delay_ns > 1);
    }
}

/* ---- The connection ----------------------------------------------------------------------- */

/* Clears the state of a connection that has ended. */
static void forget(struct upstream *upstream)
{
    upstream->stream.end = NULL;
    service_timer_cancel(stack_of(upstream), &upstream->idle);
    if (upstream->gone)
        *upstream->gone = true;
    upstream->gone = NULL;
}

/* Closes the connection. @abort: data of the peer is not awaited. */
static void hang_up(struct upstream *upstream, bool abort)
{
    static const struct leat_tcp_events nothing = {.on_open = NULL};
    const struct leat_stream stream = upstream->stream;

    leat_debug_assert(!upstream->queries || abort);
    if (!stream.end)
        return;
    forget(upstream);
    leat_stream_set_events(&stream, &nothing, NULL);
    if (abort)
        leat_stream_abort(&stream);
    else
        leat_stream_close(&stream);
}

bool upstream_wants_tls(const struct upstream *upstream)
{
    const struct leat_resolver *resolver = upstream->resolver;

    return resolver->config.tls_clients[place_of(upstream)] &&
           leat_now_ns(resolver->stack) >= upstream->clear_until_ns;
}

struct leat_endpoint upstream_endpoint(const struct upstream *upstream, bool secure)
{
    const struct leat_resolver_config *config = &upstream->resolver->config;
    struct leat_endpoint endpoint = config->servers[place_of(upstream)];

    if (config->tls_clients[place_of(upstream)] && !secure)
        endpoint.port = LEAT_DNS_PORT;
    return endpoint;
}

/* Notes a session that failed before it was open; true: the server is asked in the clear from
 * now on. */
static bool give_up_tls(struct upstream *upstream)
{
    struct leat_resolver *resolver = upstream->resolver;

    if (!upstream->secure || upstream->open)
        return false;
    resolver->counts.tls_failed++;
    if (!resolver->config.tls_or_clear)
        return false;
    resolver->counts.tls_given_up++;
    upstream->clear_until_ns = leat_now_ns(resolver->stack) + clear_ns;
    upstream->delay_ns = 0; /* its delay without TLS is unknown */
    return true;
}

/* Moves waiting queries elsewhere after the connection has ended or failed. @again: possibly
 * only the connection failed, so the same server is tried again. */
static void lost(struct upstream *upstream, enum leat_err err, bool again)
{
    const bool clear = give_up_tls(upstream);
    struct query *query = upstream->queries;

    hang_up(upstream, true);
    upstream->queries = NULL;
    while (query) {
        struct query *next = query->next_upstream;

        query->upstream = NULL;
        if (clear) {
            query->by_tcp = false;
            query_try_again(query);
        } else if (again && !query->sent_again) {
            query->sent_again = true;
            query_try_again(query);
        } else {
            query_server_failed(query, err);
        }
        query = next;
    }
}

static void on_idle(struct timer *timer, void *context)
{
    (void)context;
    hang_up(container_of(timer, struct upstream, idle), false);
}

void upstream_init(struct upstream *upstream, struct leat_resolver *resolver)
{
    upstream->resolver = resolver;
    upstream->idle.fire = on_idle;
}

void upstream_close(struct upstream *upstream)
{
    hang_up(upstream, false);
}

/* ---- Asking ------------------------------------------------------------------------------- */

/* Sends the query if there is room; false: the connection has failed. */
static bool send_query(struct upstream *upstream, struct query *query)
{
    uint8_t *bytes =
        upstream->resolver->message; /* free at this time: no datagram is being handled */
    size_t len, taken = 0;

    query->cookie.is_set = false;
    if (!upstream->secure) /* TLS authenticates the reply, so it needs no cookie */
        query_take_cookie(query, upstream->local_ip);
    len = LENGTH_BYTES + query_write(query, bytes + LENGTH_BYTES, upstream->secure);
    if (leat_stream_send_room(&upstream->stream) < len) {
        leat_stream_want_room(&upstream->stream, (uint32_t)len);
        return true;
    }
    put16(bytes, (uint16_t)(len - LENGTH_BYTES));
    query->sent = true;
    return leat_stream_write(&upstream->stream, bytes, len, &taken) == LEAT_OK && taken == len;
}

/* Sends the queries that have not been sent. */
static void send_queries(struct upstream *upstream)
{
    bool good = true;

    for (struct query *query = upstream->queries; query && good; query = query->next_upstream) {
        if (!query->sent)
            good = send_query(upstream, query);
    }
    if (!good) /* a part of a query was sent: no other may follow it */
        lost(upstream, LEAT_ERR_MEMORY, true);
}

/* The query on this connection that has @id, or NULL. */
static struct query *find(const struct upstream *upstream, uint16_t id)
{
    struct query *query = upstream->queries;

    while (query && query->id != id)
        query = query->next_upstream;
    return query;
}

/* Begins a TLS session on the connection. */
static enum leat_err secure(struct upstream *upstream)
{
    const struct leat_resolver_config *config = &upstream->resolver->config;
    const struct leat_stream below = upstream->stream;
    const enum leat_err err = config->tls_connect(
        config->tls, &below, config->tls_clients[place_of(upstream)], &upstream->stream);

    if (err) {
        upstream->stream = below;
        hang_up(upstream, true);
    } else {
        leat_stream_set_events(&upstream->stream, &events, upstream);
    }
    return err;
}

/* Opens a connection. Lack of memory is no error here, because it passes. */
static enum leat_err open_connection(struct upstream *upstream)
{
    const bool wants_tls = upstream_wants_tls(upstream);
    const struct leat_endpoint server = upstream_endpoint(upstream, wants_tls);
    struct leat_tcp_info info;
    struct leat_tcp *tcp;
    const enum leat_err err =
        leat_tcp_connect(upstream->resolver->stack, &tcp, &server, NULL, &events, upstream);

    upstream->secure = wants_tls;
    upstream->have = 0;
    upstream->skip = 0;
    upstream->open = false;
    upstream->used = false;
    if (err)
        return err;
    leat_tcp_get_info(tcp, &info);
    upstream->local_ip = info.local.ip;
    leat_tcp_set_nodelay(tcp, true); /* queries and records are written in one piece */
    upstream->stream = leat_stream_of_tcp(tcp);
    upstream->resolver->counts.tcp_connections++;
    return wants_tls ? secure(upstream) : LEAT_OK;
}

enum query_sent upstream_ask(struct upstream *upstream, struct query *query)
{
    leat_debug_assert(!query->upstream);
    if (!upstream->queries && upstream->secure != upstream_wants_tls(upstream))
        hang_up(upstream, false); /* an idle connection that was made with the other setting
                                   * of TLS */
    if (!upstream->stream.end && upstream_is_nowhere(open_connection(upstream)))
        return QUERY_NO_WAY;
    if (!upstream->stream.end)
        return QUERY_UNSENT;
    service_timer_cancel(stack_of(upstream), &upstream->idle);
    while (find(upstream, query->id)) /* there are fewer queries than ids */
        query->id++;
    upstream->resolver->counts.tcp_queries++;
    query->upstream = upstream;
    query->sent = false;
    query->next_upstream = upstream->queries;
    upstream->queries = query;
    if (upstream->open) /* sends later: a failure here would end the connection and this try */
        leat_stream_want_room(&upstream->stream, LENGTH_BYTES + LOOKUP_QUERY_BYTES_MAX);
    return QUERY_SENT;
}

void upstream_leave(struct query *query)
{
    struct upstream *upstream = query->upstream;
    struct query **link;

    if (!upstream)
        return;
    link = &upstream->queries;
    while (*link != query)
        link = &(*link)->next_upstream;
    *link = query->next_upstream;
    query->upstream = NULL;
    if (!upstream->queries && upstream->stream.end)
        service_timer_set(stack_of(upstream), &upstream->idle,
                          leat_now_ns(upstream->resolver->stack) +
                              upstream->resolver->config.tcp_idle_ns);
}

void upstream_gave_nothing(struct query *query)
{
    struct upstream *upstream = query->upstream;

    upstream_leave(query);
    if (upstream && upstream->heard_ns < query->begin_ns)
        lost(upstream, LEAT_ERR_TIMEOUT, true);
}

/* ---- Receiving ---------------------------------------------------------------------------- */

static void on_open(struct leat_tcp *conn, void *arg)
{
    struct upstream *upstream = arg;

    (void)conn;
    upstream->open = true;
    upstream->resolver->counts.tls_opened += upstream->secure;
    send_queries(upstream);
}

static void on_writable(struct leat_tcp *conn, void *arg)
{
    (void)conn;
    send_queries(arg);
}

/* Handles a complete reply, or as much of it as is kept. */
static void take_reply(struct upstream *upstream)
{
    const uint32_t len = get16(upstream->message);
    uint8_t *message = upstream->message + LENGTH_BYTES;
    struct query *query = len < DNS_HEADER_BYTES ? NULL : find(upstream, get16(message));

    leat_debug_assert(upstream->have <=
                      LENGTH_BYTES + (uint32_t)upstream->resolver->config.answer_bytes);
    upstream->skip = LENGTH_BYTES + len - upstream->have;
    upstream->have = 0;
    upstream->used = true;
    upstream->heard_ns = leat_now_ns(upstream->resolver->stack);
    if (len < DNS_HEADER_BYTES)
        lost(upstream, LEAT_ERR_SERVERS, false);
    else if (!query) /* its query has timed out */
        upstream->resolver->counts.drop_foreign++;
    else if (upstream->skip > 0)
        query_fail(query, LEAT_ERR_TOO_BIG);
    else
        query_take_message(query, message, len); /* last, because it may close the resolver */
}

/* Length of the message with its length field, as far as it is known and kept. */
static uint32_t wanted(const struct upstream *upstream)
{
    const uint32_t bytes_max = LENGTH_BYTES + (uint32_t)upstream->resolver->config.answer_bytes;
    uint32_t bytes = LENGTH_BYTES;

    if (upstream->have >= LENGTH_BYTES)
        bytes += get16(upstream->message);
    return bytes < bytes_max ? bytes : bytes_max;
}

/* Reads a part of a message; false: no more data has come. */
static bool read_on(struct upstream *upstream)
{
    const uint32_t missing = upstream->skip ? upstream->skip : wanted(upstream) - upstream->have;
    struct leat_buf *data;

    if (missing == 0) {
        take_reply(upstream);
        return true;
    }
    data = leat_stream_receive(&upstream->stream, missing);
    if (!data)
        return false;
    if (upstream->skip > 0)
        upstream->skip -= leat_buf_total(data);
    else
        upstream->have +=
            leat_buf_read(data, 0, upstream->message + upstream->have, leat_buf_total(data));
    leat_stream_consumed(&upstream->stream, leat_buf_total(data));
    leat_buf_free(data);
    return true;
}

/* Reads all data, and notes in @gone if that ends the connection or the resolver. Not inlined,
 * because gcc would warn that the address outlives the flag; forget() prevents that.
 */
static __attribute__((noinline)) void read_all(struct upstream *upstream, bool *gone)
{
    upstream->gone = gone;
    while (!*gone && read_on(upstream)) {
    }
    if (!*gone)
        upstream->gone = NULL;
}

static void on_readable(struct leat_tcp *conn, void *arg)
{
    struct upstream *upstream = arg;
    bool gone = false;

    (void)conn;
    read_all(upstream, &gone);
    if (gone || !leat_stream_at_end(&upstream->stream))
        return;
    if (upstream->queries)
        lost(upstream, LEAT_ERR_SERVERS, upstream->used);
    else
        hang_up(upstream, false);
}

static void tell_failure(const struct upstream *upstream)
{
    const struct leat_resolver_config *config = &upstream->resolver->config;
    const struct leat_endpoint server = upstream_endpoint(upstream, true);

    if (config->on_tls_failed)
        config->on_tls_failed(config->arg, &server, &upstream->stream);
}

static void on_closed(struct leat_tcp *conn, enum leat_err why, void *arg)
{
    struct upstream *upstream = arg;

    (void)conn;
    if (why == LEAT_ERR_TLS)
        tell_failure(upstream);
    forget(upstream);
    lost(upstream, why != LEAT_OK ? why : LEAT_ERR_SERVERS, upstream->used);
}

static const struct leat_tcp_events events = {.on_open = on_open,
                                              .on_readable = on_readable,
                                              .on_writable = on_writable,
                                              .on_closed = on_closed};
