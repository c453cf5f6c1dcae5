/*
 * query_try.c -- one try of a query: sends its question (query_write.c) to one server, by UDP or
 * TCP.
 *
 * Each UDP try has its own socket and so a new port. A late reply to an older try meets a closed
 * port, and an attacker who forges a reply has to guess port, id and letter case of one question
 * (RFC 5452). The socket's memory is part of the query, so there is one for each query. If buffers,
 * ports or connections are short, the question is sent a little later within the try's time.
 */
#include "proto/dns/lookup.h"

#include <string.h>

#include "proto/wire/dns.h"

static const uint64_t retry_ns = 20000000; /* wait before a question is sent again for lack of
                                            * memory */

/* Mixes the case of the letters ("0x20"), which adds bits that an attacker must guess. */
static void mix_case(struct query *query)
{
    struct leat_dns_name *name = &query->name;
    uint64_t bits = 0;

    *name = query->asked;
    for (unsigned i = 0; i < name->len; i++) {
        const uint8_t lower = dns_lower(name->wire[i]);

        if (i % 64 == 0)
            bits = leat_random(query->resolver->stack);
        if (lower >= 'a' && lower <= 'z') /* length bytes are below 'A' */
            name->wire[i] = (uint8_t)(bits & 1 ? lower ^ 0x20 : lower);
        bits >>= 1;
    }
}

void query_close_socket(struct query *query)
{
    if (query->udp)
        leat_udp_close(query->udp);
    query->udp = NULL;
}

static void *socket_of(const struct query *query)
{
    const struct leat_resolver *resolver = query->resolver;

    return resolver->sockets + (size_t)(query - resolver->queries) * leat_udp_socket_bytes();
}

static enum query_sent send_by_udp(struct query *query)
{
    struct leat_resolver *resolver = query->resolver;
    const struct leat_endpoint server = upstream_endpoint(query_upstream(query), false);
    struct leat_buf *message;
    enum leat_err err;

    query_close_socket(query);
    if (leat_udp_open_in(resolver->stack, socket_of(query), &query->udp, resolver->udp_events,
                         query))
        return QUERY_NO_WAY;
    err = leat_udp_connect_to(query->udp, &server);
    if (err)
        return upstream_is_nowhere(err) ? QUERY_NO_WAY : QUERY_UNSENT;
    query_take_cookie(query, leat_udp_local(query->udp).ip);
    message = leat_buf_alloc(leat_pool(resolver->stack), LEAT_BUF_HEADROOM);
    if (!message || leat_buf_tailroom(message) < LOOKUP_QUERY_BYTES_MAX) {
        leat_buf_free(message);
        return QUERY_UNSENT;
    }
    leat_buf_put(message, (uint32_t)query_write(query, message->data, false));
    err = leat_udp_send(query->udp, message);
    if (err)
        return err == LEAT_ERR_NO_ROUTE ? QUERY_NO_WAY : QUERY_UNSENT;
    resolver->counts.udp_queries++;
    return QUERY_SENT;
}

bool query_send(struct query *query)
{
    struct leat *stack = query->resolver->stack;
    const uint64_t soon_ns = leat_now_ns(stack) + retry_ns;
    const enum query_sent sent =
        query->by_tcp ? upstream_ask(query_upstream(query), query) : send_by_udp(query);

    query->unsent = sent == QUERY_UNSENT;
    query->resolver->counts.unsent += query->unsent;
    service_timer_set(stack, &query->timer,
                      query->unsent && soon_ns < query->end_ns ? soon_ns : query->end_ns);
    return sent != QUERY_NO_WAY;
}

bool query_begin_try(struct query *query)
{
    struct leat *stack = query->resolver->stack;

    query->id = (uint16_t)leat_random(stack);
    mix_case(query);
    query->soft = LEAT_OK;
    query->begin_ns = leat_now_ns(stack);
    query->end_ns = query->begin_ns + (query->resolver->config.timeout_ns << query_round(query));
    return query_send(query);
}
