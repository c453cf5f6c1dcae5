/* resolver.c -- creates, configures and closes a resolver; lookup.c does its work. */
#include <leat/resolver.h>

#include <string.h>

#include "core/assert.h"
#include "proto/dns/lookup.h"

enum {
    ROUNDS_MAX = 16,
    TTL_LIMIT_S = 604800,      /* RFC 8767 4: a week */
    FAILURE_TTL_LIMIT_S = 300, /* RFC 9520 3.2 */
    ALIGN = 16
};

/* Puts the defaults where @config has 0. */
static void fill_in(struct leat_resolver_config *config)
{
    for (unsigned i = 0; i < LEAT_RESOLVER_SERVERS_MAX; i++) {
        if (config->servers[i].port == 0)
            config->servers[i].port =
                config->tls_clients[i] ? LEAT_RESOLVER_TLS_PORT : LEAT_DNS_PORT;
    }
    if (config->rounds == 0)
        config->rounds = 3;
    if (config->lookups == 0)
        config->lookups = 16;
    if (config->answer_bytes == 0)
        config->answer_bytes = 4096;
    if (config->ttl_max_s == 0)
        config->ttl_max_s = 86400;
    if (config->negative_ttl_max_s == 0)
        config->negative_ttl_max_s = 10800;
    if (config->failure_ttl_s == 0)
        config->failure_ttl_s = 5;
    /* the cache is divided into units of this size */
    config->cache_bytes &= ~(size_t)(CACHE_ALIGN - 1);
    if (config->tcp_idle_ns == 0)
        config->tcp_idle_ns = UINT64_C(10000000000);
    if (config->timeout_ns == 0)
        config->timeout_ns = UINT64_C(2000000000);
}

static size_t message_bytes(const struct leat_resolver_config *config)
{
    return (size_t)LOOKUP_LENGTH_BYTES + config->answer_bytes;
}

/* Length of a stored answer: about that of the reply. Names in data may be longer, since they
 * can't be compressed again; our header and question come on top. */
static size_t keeper_bytes(const struct leat_resolver_config *config)
{
    return (size_t)config->answer_bytes + 2 * LEAT_DNS_NAME_BYTES;
}

/* Aligns each part for any type. */
static size_t aligned(size_t bytes)
{
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

/* Divides the memory, if there is a resolver; returns how much it takes. */
static size_t lay_out(const struct leat_resolver_config *config, struct leat_resolver *resolver,
                      uint8_t *block)
{
    const size_t lookups = aligned(config->lookups * sizeof(struct leat_lookup));
    const size_t queries = aligned(config->lookups * sizeof(struct query));
    const size_t lookups_at = aligned(sizeof(struct leat_resolver));
    const size_t queries_at = lookups_at + lookups;
    const size_t sockets_at = queries_at + queries;
    const size_t cache_at = sockets_at + aligned(config->lookups * leat_udp_socket_bytes());
    const size_t keeper_at = cache_at + config->cache_bytes;
    const size_t messages_at = keeper_at + keeper_bytes(config);

    if (resolver) {
        struct query *made = (struct query *)(void *)(block + queries_at);

        resolver->queries = made;
        resolver->sockets = block + sockets_at;
        resolver->lookups = (struct leat_lookup *)(void *)(block + lookups_at);
        resolver->keeper.bytes = block + keeper_at;
        resolver->keeper.bytes_max = keeper_bytes(config);
        /* a lookup waits for one query at most, so there are as many of both */
        for (unsigned i = 0; i < config->lookups; i++) {
            resolver->lookups[i] = (struct leat_lookup){.next = resolver->free_lookups};
            resolver->free_lookups = &resolver->lookups[i];
            made[i] = (struct query){.next = resolver->free_queries, .resolver = resolver};
            resolver->free_queries = &made[i];
        }
        /* One message is for datagrams. Each server has its own, because parts of several replies
         * by TCP may come in turns. */
        resolver->message = block + messages_at;
        for (unsigned i = 0; i < config->server_count; i++) {
            upstream_init(&resolver->upstreams[i], resolver);
            resolver->upstreams[i].message = block + messages_at + (i + 1) * message_bytes(config);
        }
        if (config->cache_bytes != 0)
            cache_init(&resolver->cache, block + cache_at, config->cache_bytes,
                       service_table_key(resolver->stack));
    }
    return messages_at + (config->server_count + (size_t)1) * message_bytes(config);
}

size_t leat_resolver_memory_bytes(const struct leat_resolver_config *config)
{
    struct leat_resolver_config full = *config;

    fill_in(&full);
    return ALIGN + lay_out(&full, NULL, NULL);
}

_Static_assert(ALIGN % CACHE_ALIGN == 0 && ALIGN % _Alignof(struct leat_resolver) == 0 &&
                   ALIGN % _Alignof(struct leat_lookup) == 0 && ALIGN % _Alignof(struct query) == 0,
               "whatever lies at a multiple of it is aligned");

static bool is_possible(const struct leat_resolver_config *config)
{
    for (unsigned i = 0; i < LEAT_RESOLVER_SERVERS_MAX; i++) {
        /* without TLS such a server would be asked in the clear */
        if (config->tls_clients[i] && !config->tls_connect)
            return false;
    }
    return !LEAT_RESERVED_IS_USED(config) && config->server_count > 0 &&
           config->server_count <= LEAT_RESOLVER_SERVERS_MAX && config->rounds <= ROUNDS_MAX &&
           config->answer_bytes >= LEAT_DNS_UDP_BYTES && config->ttl_max_s <= TTL_LIMIT_S &&
           config->stale_s <= TTL_LIMIT_S && config->failure_ttl_s <= FAILURE_TTL_LIMIT_S &&
           (config->cache_bytes == 0 || config->cache_bytes >= LEAT_RESOLVER_CACHE_BYTES_MIN);
}

enum leat_err leat_resolver_open(struct leat_resolver **resolver, struct leat *stack, void *memory,
                                 size_t bytes, const struct leat_resolver_config *config)
{
    struct leat_resolver_config full = *config;
    uint8_t *block = memory;
    struct leat_resolver *made;

    fill_in(&full);
    if (!is_possible(&full))
        return LEAT_ERR_ARGUMENT;
    if (bytes < ALIGN + lay_out(&full, NULL, NULL))
        return LEAT_ERR_MEMORY;
    block += (ALIGN - (uintptr_t)block % ALIGN) % ALIGN;
    made = (struct leat_resolver *)(void *)block;
    memset(made, 0, sizeof *made);
    made->config = full;
    made->stack = stack;
    query_receive_init(made);
    /* needed without a cache, too: names of running queries are found by their hash */
    made->cache.key = *service_table_key(stack);
    lay_out(&full, made, block);
    /* after cache_init(), which has cleared it */
    made->cache.stale_s = full.stale_s;
    *resolver = made;
    return LEAT_OK;
}

void leat_resolver_close(struct leat_resolver *resolver)
{
    for (unsigned i = 0; i < resolver->config.lookups; i++) {
        if (resolver->lookups[i].on_done)
            leat_lookup_cancel(&resolver->lookups[i]);
    }
    /* queries that only renew the cache have no lookup */
    while (resolver->live_queries)
        query_stop(resolver->live_queries);
    for (unsigned i = 0; i < resolver->config.server_count; i++)
        upstream_close(&resolver->upstreams[i]);
    /* the caller may be a callback of this resolver: lookups_tell() then touches it no more */
    if (resolver->gone)
        *resolver->gone = true;
}

void leat_resolver_get_server(const struct leat_resolver *resolver, unsigned i,
                              struct leat_resolver_server *server)
{
    const struct upstream *upstream = &resolver->upstreams[i];
    const uint64_t now_ns = leat_now_ns(resolver->stack);

    leat_assert(i < resolver->config.server_count);
    *server = (struct leat_resolver_server){
        .endpoint = resolver->config.servers[i],
        .delay_ns = upstream->delay_ns,
        .no_edns = habits_is(upstream->habits.plain_ns, now_ns),
        .no_cookies = habits_is(upstream->cookie.without_until_ns, now_ns),
        .lowers = habits_is(upstream->habits.lowers_ns, now_ns),
        .tcp_only = habits_is(upstream->habits.tcp_only_ns, now_ns),
        .no_tcp = habits_is(upstream->habits.no_tcp_ns, now_ns)};
}

const struct leat_resolver_counts *leat_resolver_counts(const struct leat_resolver *resolver)
{
    return &resolver->counts;
}
