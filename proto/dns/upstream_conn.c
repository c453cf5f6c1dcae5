/*
 * upstream_conn.c -- the connection to a server.
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

#include "core/container_of.h"
#include "proto/dns/lookup.h"
#include "wire/bytes.h"

_Static_assert((unsigned)LOOKUP_PADDED_BYTES_MAX <= (unsigned)LEAT_DNS_UDP_BYTES,
               "it fits into answer_bytes");

static const uint64_t clear_ns = UINT64_C(3600000000000); /* RFC 7858 3.1: an hour */

static struct leat *stack_of(const struct upstream *upstream)
{
    return upstream->resolver->stack;
}

void upstream_forget(struct upstream *upstream)
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
    /* first, so that no event of this connection meets a new one in its place */
    upstream_forget(upstream);
    leat_stream_set_events(&stream, &nothing, NULL);
    if (abort)
        leat_stream_abort(&stream);
    else
        leat_stream_close(&stream);
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

struct query *upstream_lose(struct upstream *upstream, bool *clear)
{
    struct query *queries = upstream->queries;

    *clear = give_up_tls(upstream);
    hang_up(upstream, true);
    upstream->queries = NULL;
    return queries;
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
    len = LOOKUP_LENGTH_BYTES + query_write(query, bytes + LOOKUP_LENGTH_BYTES, upstream->secure);
    if (leat_stream_send_room(&upstream->stream) < len) {
        leat_stream_want_room(&upstream->stream, (uint32_t)len);
        return true;
    }
    put16(bytes, (uint16_t)(len - LOOKUP_LENGTH_BYTES));
    query->sent = true;
    return leat_stream_write(&upstream->stream, bytes, len, &taken) == LEAT_OK && taken == len;
}

bool upstream_send_queries(struct upstream *upstream)
{
    bool good = true;

    for (struct query *query = upstream->queries; query && good; query = query->next_upstream) {
        if (!query->sent)
            good = send_query(upstream, query);
    }
    return good;
}

struct query *upstream_find(const struct upstream *upstream, uint16_t id)
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
        config->tls, &below, config->tls_clients[upstream_place(upstream)], &upstream->stream);

    if (err) {
        upstream->stream = below;
        hang_up(upstream, true);
    } else {
        leat_stream_set_events(&upstream->stream, upstream->resolver->tcp_events, upstream);
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
    const enum leat_err err = leat_tcp_connect(upstream->resolver->stack, &tcp, &server, NULL,
                                               upstream->resolver->tcp_events, upstream);

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
    while (upstream_find(upstream, query->id)) /* there are fewer queries than ids */
        query->id++;
    upstream->resolver->counts.tcp_queries++;
    query->upstream = upstream;
    query->sent = false;
    query->next_upstream = upstream->queries;
    upstream->queries = query;
    if (upstream->open) /* sends later: a failure here would end the connection and this try */
        leat_stream_want_room(&upstream->stream, LOOKUP_LENGTH_BYTES + LOOKUP_QUERY_BYTES_MAX);
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
    /* RFC 7766 6.2.3: an idle connection is kept for a while, as the next query is cheaper on it */
    if (!upstream->queries && upstream->stream.end)
        service_timer_set(stack_of(upstream), &upstream->idle,
                          leat_now_ns(upstream->resolver->stack) +
                              upstream->resolver->config.tcp_idle_ns);
}
