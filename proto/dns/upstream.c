/* upstream.c -- a server that queries go to: its delay, and whether it is asked by TLS. */
#include "proto/dns/lookup.h"

enum {
    SMOOTH_PART = 8, /* weight of a new delay: 1 / 8 (as in RFC 6298 2.3) */
    AGE_PART = 32    /* part by which delays shrink with each query to another server */
};

void upstream_answered(struct upstream *upstream, uint64_t after_ns)
{
    if (upstream->delay_ns == 0)
        upstream->delay_ns = after_ns;
    else
        upstream->delay_ns += after_ns / SMOOTH_PART - upstream->delay_ns / SMOOTH_PART;
    /* 0 would mean that the delay is unknown */
    upstream->delay_ns += upstream->delay_ns == 0;
}

void upstream_was_silent(struct upstream *upstream, uint64_t for_ns)
{
    /* the delay is at least the time that was waited; a slower server keeps its own */
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

bool upstream_wants_tls(const struct upstream *upstream)
{
    const struct leat_resolver *resolver = upstream->resolver;

    /* after a failure, TLS is tried again when clear_until_ns has come */
    return resolver->config.tls_clients[upstream_place(upstream)] &&
           leat_now_ns(resolver->stack) >= upstream->clear_until_ns;
}

struct leat_endpoint upstream_endpoint(const struct upstream *upstream, bool secure)
{
    const struct leat_resolver_config *config = &upstream->resolver->config;
    struct leat_endpoint endpoint = config->servers[upstream_place(upstream)];

    if (config->tls_clients[upstream_place(upstream)] && !secure)
        endpoint.port = LEAT_DNS_PORT;
    return endpoint;
}
