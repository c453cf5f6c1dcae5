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

static const uint64_t retry_ns = 20000000;   /* wait before a question is sent again for lack of
                                              * memory */
static const uint64_t repeat_ns = 500000000; /* wait before a question by UDP is repeated: longer
                                              * than most servers take (RFC 1536 1) */

/* Mixes the case of the letters ("0x20"), which adds bits that an attacker must guess. They are
 * lowered for a server that does so itself, and has no TCP. */
static void mix_case(struct query *query)
{
    struct leat_dns_name *name = &query->name;
    const bool lower_all =
        habits_lower(&query_upstream(query)->habits, leat_now_ns(query->resolver->stack));
    uint64_t bits = 0;

    *name = query->asked;
    for (unsigned i = 0; i < name->len; i++) {
        const uint8_t lower = dns_lower(name->wire[i]);

        /* a random number has bits for 64 bytes of the name */
        if (i % 64 == 0)
            bits = leat_random(query->resolver->stack);
        if (lower >= 'a' && lower <= 'z') /* length bytes are below 'A' */
            name->wire[i] = (uint8_t)(bits & 1 && !lower_all ? lower ^ 0x20 : lower);
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

/* Sends the question on the socket of the try. */
static enum query_sent send_question(struct query *query)
{
    struct leat_resolver *resolver = query->resolver;
    struct leat_buf *message;
    enum leat_err err;

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
    return QUERY_SENT;
}

static enum query_sent send_by_udp(struct query *query)
{
    struct leat_resolver *resolver = query->resolver;
    const struct leat_endpoint server = upstream_endpoint(query_upstream(query), false);
    enum query_sent sent;
    enum leat_err err;

    query_close_socket(query);
    if (leat_udp_open_in(resolver->stack, socket_of(query), &query->udp, resolver->udp_events,
                         query))
        return QUERY_NO_WAY;
    err = leat_udp_connect_to(query->udp, &server);
    if (err)
        return upstream_is_nowhere(err) ? QUERY_NO_WAY : QUERY_UNSENT;
    sent = send_question(query);
    resolver->counts.udp_queries += sent == QUERY_SENT;
    return sent;
}

void query_repeat(struct query *query)
{
    const struct upstream *upstream = query_upstream(query);
    struct leat *stack = query->resolver->stack;

    query->may_repeat = false;
    /* EDNS may be why the server is silent. A server that is known to answer with EDNS has lost the
     * packet. */
    if (query->has_edns && !habits_is(upstream->habits.edns_ns, leat_now_ns(stack)) &&
        !dns_cookie_has_server(&upstream->cookie)) {
        query->repeated_plain = true;
        query->repeated_ns = leat_now_ns(stack);
        query->has_edns = false;
    }
    query->resolver->counts.repeated++;
    (void)send_question(query); /* if memory is short, the next try asks */
    service_timer_set(stack, &query->timer, query->end_ns);
}

/* The time at which the timer of a question that was just sent fires. A server that is known to
 * be slow has twice its delay before the question is repeated. */
static uint64_t repeat_at_ns(struct query *query)
{
    const uint64_t delay_ns = 2 * query_upstream(query)->delay_ns;
    const uint64_t again_ns = query->begin_ns + (delay_ns > repeat_ns ? delay_ns : repeat_ns);

    query->may_repeat = !query->by_tcp && query_round(query) == 0 && again_ns < query->end_ns;
    return query->may_repeat ? again_ns : query->end_ns;
}

bool query_send(struct query *query)
{
    struct leat *stack = query->resolver->stack;
    const uint64_t soon_ns = leat_now_ns(stack) + retry_ns;
    const enum query_sent sent =
        query->by_tcp ? upstream_ask(query_upstream(query), query) : send_by_udp(query);

    query->unsent = sent == QUERY_UNSENT;
    query->resolver->counts.unsent += query->unsent;
    if (query->unsent)
        service_timer_set(stack, &query->timer, soon_ns < query->end_ns ? soon_ns : query->end_ns);
    else
        service_timer_set(stack, &query->timer, repeat_at_ns(query));
    return sent != QUERY_NO_WAY;
}

bool query_begin_try(struct query *query)
{
    struct leat *stack = query->resolver->stack;

    /* a new id for each try: a reply to an earlier one, or a guess for it, doesn't fit */
    query->id = (uint16_t)leat_random(stack);
    mix_case(query);
    query_choose_edns(query);
    query->may_repeat = false;
    query->repeated_plain = false;
    query->soft = LEAT_OK;
    query->begin_ns = leat_now_ns(stack);
    /* the time doubles with each round, for a path that is slow or lossy */
    query->end_ns = query->begin_ns + (query->resolver->config.timeout_ns << query_round(query));
    return query_send(query);
}
