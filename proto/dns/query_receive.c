/*
 * query_receive.c -- receives the replies to queries, by UDP and on connections, and reports
 * answers to the lookups.
 *
 * These are the callbacks of all sockets of a resolver.
 */
#include <leat/stream.h>

#include "core/assert.h"
#include "proto/dns/lookup.h"
#include "wire/bytes.h"

enum {
    GRACE_PART = 10 /* part of the try's time that is left after an ICMP error */
};

/* Handles a reply of a query. When this returns the resolver may be closed. */
static void take_message(struct query *query, uint8_t *message, size_t len)
{
    if (query_take_message(query, message, len))
        lookups_tell(query, LEAT_OK, message);
}

/* ---- UDP ---------------------------------------------------------------------------------- */

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    struct query *query = arg;
    struct leat_resolver *resolver = query->resolver;
    uint32_t len;

    (void)peer; /* the socket is connected, so the sender is our server */
    (void)local;
    /* Drops fragmented replies: only the first fragment has the secret parts, so the others
     * may be an attacker's. Replies of the size that we advertise need no fragments. */
    if (leat_udp_was_fragmented(udp)) {
        resolver->counts.drop_fragmented++;
        query_note(query, "in fragments");
        leat_buf_free(payload);
        query_go_on_by_tcp(query);
        return;
    }
    if (payload->next) { /* in several small buffers */
        len = leat_buf_read(payload, 0, resolver->message, resolver->config.answer_bytes);
        take_message(query, resolver->message, len);
    } else {
        take_message(query, payload->data, payload->len);
    }
    leat_buf_free(payload);
}

static void on_udp_error(struct leat_udp *udp, enum leat_err err, const struct leat_endpoint *peer,
                         void *arg)
{
    struct query *query = arg;
    struct leat *stack = query->resolver->stack;
    const uint64_t soon_ns = leat_now_ns(stack) + query->resolver->config.timeout_ns / GRACE_PART;

    (void)udp;
    (void)peer;
    if (err != LEAT_ERR_REFUSED && err != LEAT_ERR_UNREACHABLE)
        return;
    /* the error may be forged (RFC 5927), so an answer still counts for a while */
    query->soft = err;
    if (soon_ns >= query->end_ns)
        return;
    query->end_ns = soon_ns;
    service_timer_set(stack, &query->timer, soon_ns);
}

static const struct leat_udp_events udp_events = {.on_datagram = on_datagram,
                                                  .on_error = on_udp_error};

/* ---- Connections -------------------------------------------------------------------------- */

static void send_queries(struct upstream *upstream)
{
    if (!upstream_send_queries(upstream)) /* a part of a query was sent: no other may follow it */
        queries_lost(upstream, LEAT_ERR_MEMORY, true);
}

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
    uint8_t *message = upstream->message + LOOKUP_LENGTH_BYTES;
    struct query *query = len < DNS_HEADER_BYTES ? NULL : upstream_find(upstream, get16(message));

    leat_debug_assert(upstream->have <=
                      LOOKUP_LENGTH_BYTES + (uint32_t)upstream->resolver->config.answer_bytes);
    upstream->skip = LOOKUP_LENGTH_BYTES + len - upstream->have;
    upstream->have = 0;
    upstream->used = true;
    upstream->heard_ns = leat_now_ns(upstream->resolver->stack);
    if (len < DNS_HEADER_BYTES)
        queries_lost(upstream, LEAT_ERR_SERVERS, false);
    else if (!query) /* its query has timed out */
        upstream->resolver->counts.drop_foreign++;
    else if (upstream->skip > 0)
        query_fail(query, LEAT_ERR_TOO_BIG);
    else
        take_message(query, message, len); /* last, because it may close the resolver */
}

/* Length of the message with its length field, as far as it is known and kept. */
static uint32_t wanted(const struct upstream *upstream)
{
    const uint32_t bytes_max =
        LOOKUP_LENGTH_BYTES + (uint32_t)upstream->resolver->config.answer_bytes;
    uint32_t bytes = LOOKUP_LENGTH_BYTES;

    if (upstream->have >= LOOKUP_LENGTH_BYTES)
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
 * because gcc would warn that the address outlives the flag; upstream_forget() prevents that.
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
        queries_lost(upstream, LEAT_ERR_SERVERS, upstream->used);
    else
        upstream_close(upstream);
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
    upstream_forget(upstream);
    queries_lost(upstream, why != LEAT_OK ? why : LEAT_ERR_SERVERS, upstream->used);
}

static const struct leat_tcp_events tcp_events = {.on_open = on_open,
                                                  .on_readable = on_readable,
                                                  .on_writable = on_writable,
                                                  .on_closed = on_closed};

void query_receive_init(struct leat_resolver *resolver)
{
    resolver->udp_events = &udp_events;
    resolver->tcp_events = &tcp_events;
}
