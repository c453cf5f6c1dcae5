/* forwarder.c -- receives queries by UDP, and divides the memory. See forward.h. */
#include <leat/forwarder.h>

#include <string.h>

#include "core/container_of.h"
#include "proto/dns/forward.h"

enum {
    IP4_BITS = 32,
    IP6_BITS = 128,
    ALIGN = 16
};

/* ---- UDP ---------------------------------------------------------------------------------- */

/* False: the UDP query gets no reply. Otherwise @transport says how it is answered. The limit
 * doesn't apply to clients that prove their address by a cookie. */
static bool rate_allows(struct leat_forwarder *forwarder, const struct dns_cookie_asker *asker,
                        const struct leat_buf *query, enum leat_dns_transport *transport)
{
    enum dns_rate_verdict verdict = DNS_RATE_REPLY;

    if (forwarder->rate)
        verdict = dns_rate_take(forwarder->rate, service_table_key(forwarder->stack),
                                dns_rate_ip(service_table_key(forwarder->stack), asker->ip),
                                leat_now_ns(forwarder->stack));
    /* checked only over the limit, because it costs a hash */
    if (verdict != DNS_RATE_REPLY && dns_cookie_proves(asker, query->data, query->len)) {
        forwarder->counts.rate_proven++;
        verdict = DNS_RATE_REPLY;
    }
    forwarder->counts.rate_dropped += verdict == DNS_RATE_DROP;
    forwarder->counts.rate_slipped += verdict == DNS_RATE_SLIP;
    *transport = verdict == DNS_RATE_SLIP ? LEAT_DNS_SLIP : LEAT_DNS_OVER_UDP;
    return verdict != DNS_RATE_DROP;
}

static void on_datagram(struct leat_udp *udp, struct leat_buf *payload,
                        const struct leat_endpoint *peer, const struct leat_endpoint *local,
                        void *arg)
{
    struct leat_forwarder *forwarder = arg;
    const struct forward_from from = {
        .peer = *peer,
        .local_ip = local->ip,
        .query_at_ns = leat_now_ns(forwarder->stack),
        .asker = dns_cookie_asker_of(&forwarder->cookies, forwarder->stack, peer->ip)};
    enum leat_dns_transport transport;
    enum forward_outcome outcome = FORWARD_NOTHING;
    const uint8_t *query = payload->data;
    size_t query_len = payload->len, reply_len = 0;
    struct leat_buf *reply;
    bool is_sent;

    forwarder->counts.udp_queries++;
    if (!rate_allows(forwarder, &from.asker, payload, &transport)) {
        leat_buf_free(payload);
        return;
    }
    reply = leat_buf_alloc(leat_pool(forwarder->stack), LEAT_BUF_HEADROOM);
    /* the reply's buffer comes before the query is read, so a flood that has used up the pool costs
     * little */
    if (payload->next) { /* in fragments; truncation makes it illegal */
        query = forwarder->scratch;
        query_len =
            leat_buf_read(payload, 0, forwarder->scratch, (uint32_t)forwarder->scratch_bytes);
    }
    if (reply && leat_buf_tailroom(reply) >= LEAT_DNS_REPLY_BYTES_MIN)
        outcome = forward_take(forwarder, &from, transport, query, query_len, reply->data,
                               leat_buf_tailroom(reply), &reply_len);
    else
        forwarder->counts.drop_memory++;
    leat_buf_free(payload);
    if (outcome != FORWARD_REPLY) {
        leat_buf_free(reply);
        return;
    }
    leat_buf_put(reply, (uint32_t)reply_len);
    if (dns_is_told(&forwarder->told))
        dns_told_reply(&forwarder->told, reply->data, reply_len);
    /* RFC 2181 4.1: from the address that was asked, because clients drop replies from any other */
    is_sent = leat_udp_send_from(udp, reply, peer, local->ip) == LEAT_OK;
    if (!is_sent) {
        /* forward_write() has counted it */
        forwarder->counts.replies--;
        forwarder->counts.drop_memory++;
    }
    if (dns_is_told(&forwarder->told))
        dns_told_tell(&forwarder->told, &peer->ip, LEAT_DNS_OVER_UDP, from.query_at_ns, is_sent);
}

/* ---- its memory --------------------------------------------------------------------------- */

static struct leat_forwarder_config with_defaults(const struct leat_forwarder_config *given)
{
    struct leat_forwarder_config config = *given;

    if (config.port == 0)
        config.port = LEAT_DNS_PORT;
    if (config.clients == 0)
        config.clients = 16;
    if (config.idle_ns == 0)
        config.idle_ns = UINT64_C(10000000000);
    if (config.progress_bytes == 0)
        config.progress_bytes = DNS_CLIENT_PROGRESS_BYTES;
    if (config.replies_per_s == 0)
        config.replies_per_s = 1000;
    return config;
}

static size_t align_up(size_t bytes)
{
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

/* Divides the memory, if there is a forwarder; returns how much it takes. */
static size_t lay_out(const struct leat_forwarder_config *config, struct leat_forwarder *forwarder,
                      uint8_t *block)
{
    const struct dns_clients_config clients = forward_clients(config, forwarder);
    const size_t clients_at = align_up(sizeof(struct leat_forwarder));
    const size_t ways_at = align_up(clients_at + dns_clients_bytes(&clients));
    const size_t rate_at = align_up(ways_at + forward_ways_bytes(config));
    const size_t scratch_at = rate_at + (config->no_rate_limit ? 0 : sizeof(struct dns_rate));
    const size_t scratch_bytes = DNS_LENGTH_BYTES + forward_reply_bytes(config);

    if (!forwarder)
        return scratch_at + 2 * scratch_bytes;
    dns_clients_init(&forwarder->clients, forwarder->stack, block + clients_at, &clients);
    forward_ways_init(forwarder, block + ways_at);
    if (!config->no_rate_limit) {
        forwarder->rate = (struct dns_rate *)(void *)(block + rate_at);
        dns_rate_init(forwarder->rate, config->replies_per_s);
    }
    forwarder->scratch = block + scratch_at;
    forwarder->scratch_bytes = scratch_bytes;
    forwarder->rest.bytes = block + scratch_at + scratch_bytes;
    return scratch_at + 2 * scratch_bytes;
}

size_t leat_forwarder_memory_bytes(const struct leat_forwarder_config *config)
{
    const struct leat_forwarder_config full = with_defaults(config);

    return ALIGN + lay_out(&full, NULL, NULL);
}

/* True if a query waits for its answer. */
static bool is_busy(struct leat_drainer *drainer)
{
    return forward_is_waiting(container_of(drainer, struct leat_forwarder, drainer));
}

static bool are_legal(const struct leat_forwarder_network *networks, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (networks[i].prefix_bits > (leat_ip_is_v4(networks[i].ip) ? IP4_BITS : IP6_BITS))
            return false;
    }
    return true;
}

enum leat_err leat_forwarder_open(struct leat_forwarder **forwarder, struct leat *stack,
                                  void *memory, size_t bytes,
                                  const struct leat_forwarder_config *config)
{
    static const struct leat_udp_events events = {.on_datagram = on_datagram};
    struct leat_forwarder_config full;
    uint8_t *block = memory;
    struct leat_forwarder *made;
    enum leat_err err;

    if (!config->resolver || LEAT_RESERVED_IS_USED(config) ||
        !are_legal(config->networks, config->network_count) || !forward_domains_are_legal(config))
        return LEAT_ERR_ARGUMENT;
    full = with_defaults(config);
    if (bytes < leat_forwarder_memory_bytes(config))
        return LEAT_ERR_MEMORY;
    block += (ALIGN - (uintptr_t)block % ALIGN) % ALIGN;
    made = (struct leat_forwarder *)(void *)block;
    memset(made, 0, sizeof *made);
    made->config = full;
    made->stack = stack;
    made->drainer.is_busy = is_busy;
    made->told.on_access = full.on_access;
    made->told.arg = full.on_access_arg;
    made->told.stack = stack;
    lay_out(&full, made, block);
    dns_cookie_keeper_init(&made->cookies, stack, full.no_cookies);
    /* Ports come last: from here on, packets call back. After an error nothing refers to the
     * memory. */
    err = leat_udp_open(stack, &made->udp, &events, made);
    if (err)
        return err;
    err = leat_udp_bind(made->udp, full.ip, full.port);
    if (!err)
        err = dns_clients_listen(&made->clients);
    if (err) {
        leat_udp_close(made->udp);
        return err;
    }
    /* a stack that drains waits until is_busy() is false, so clients that wait still get their
     * answer */
    leat_drainer_add(stack, &made->drainer);
    *forwarder = made;
    return LEAT_OK;
}

void leat_forwarder_serve(struct leat_forwarder *forwarder, const struct leat_stream *stream)
{
    dns_clients_serve(&forwarder->clients, stream);
}

void leat_forwarder_close(struct leat_forwarder *forwarder)
{
    forwarder->told.on_access = NULL; /* the program may free what it writes to */
    leat_drainer_remove(forwarder->stack, &forwarder->drainer);
    leat_udp_close(forwarder->udp);
    dns_clients_stop(&forwarder->clients);
    /* the resolvers are the program's and live on: they must not call back */
    forward_cancel_all(forwarder);
}

const struct leat_forwarder_counts *leat_forwarder_counts(const struct leat_forwarder *forwarder)
{
    return &forwarder->counts;
}
