/*
 * query_try.c -- one try of a query: sends its question to one server, by UDP or TCP.
 *
 * Each UDP try has its own socket and so a new port. A late reply to an older try meets a closed
 * port, and an attacker who forges a reply has to guess port, id and letter case of one question
 * (RFC 5452). The socket's memory is part of the query, so there is one for each query. If buffers,
 * ports or connections are short, the question is sent a little later within the try's time.
 */
#include "proto/dns/lookup.h"

#include <string.h>

#include "proto/wire/dns.h"

enum {
    GRACE_PART = 10 /* part of the try's time that is left after an ICMP error */
};

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

/* EDNS is used in the first round only: an old server, or a filter on the path, may drop it.
 * Servers with a known cookie and servers with TLS support EDNS, and get it in all rounds. */
static bool wants_edns(const struct query *query)
{
    return query_round(query) == 0 || upstream_wants_tls(query_upstream(query)) ||
           dns_cookie_has_server(&query_upstream(query)->cookie);
}

void query_take_cookie(struct query *query, struct leat_ip local)
{
    query->cookie.is_set = false;
    if (!query->resolver->config.no_cookies && wants_edns(query))
        dns_cookie_use(&query_upstream(query)->cookie, query->resolver->stack, local,
                       &query->cookie);
}

size_t query_write(const struct query *query, uint8_t *bytes, bool padded)
{
    const struct dns_cookie *cookie = &query_upstream(query)->cookie;
    const struct dns_edns edns = {.payload_bytes = LEAT_DNS_UDP_BYTES,
                                  .cookie = query->cookie.is_set ? cookie->bytes : NULL,
                                  .cookie_bytes = cookie->len,
                                  .pad_to = padded ? LOOKUP_PAD_TO : 0};
    struct dns_writer writer;

    dns_write_start(&writer, bytes, padded ? LOOKUP_PADDED_BYTES_MAX : LOOKUP_QUERY_BYTES_MAX);
    dns_write_question(&writer, query->name.wire, query->type, DNS_CLASS_IN);
    if (wants_edns(query))
        dns_write_opt(&writer, &edns);
    return dns_write_end(&writer, query->id, DNS_RD);
}

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
        leat_buf_free(payload);
        query_go_on_by_tcp(query);
        return;
    }
    if (payload->next) { /* in several small buffers */
        len = leat_buf_read(payload, 0, resolver->message, resolver->config.answer_bytes);
        query_take_message(query, resolver->message, len);
    } else {
        query_take_message(query, payload->data, payload->len);
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
    if (leat_udp_open_in(resolver->stack, socket_of(query), &query->udp, &udp_events, query))
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
