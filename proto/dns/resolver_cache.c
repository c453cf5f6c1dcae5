/* resolver_cache.c -- the cached answers of a resolver, and what it keeps of replies. */
#include "proto/dns/dns_reply.h"
#include "proto/dns/lookup.h"

enum {
    STALE_TTL_S = 30,    /* TTL given with stale answers (RFC 8767 4) */
    STALE_RECHECK_S = 30 /* failed servers are not asked again before (RFC 8767 5) */
};

uint32_t resolver_now_s(const struct leat_resolver *resolver)
{
    return (uint32_t)(leat_now_ns(resolver->stack) / 1000000000u);
}

void resolver_key(struct leat_resolver *resolver, const struct leat_dns_name *name, uint16_t type,
                  uint8_t variant)
{
    cache_key_make(&resolver->cache, &resolver->key, name->wire, name->len, type);
    resolver->key.variant = variant;
}

/* False: answers of @type are not cached. Type 0 is excluded, because cache entries for all
 * types of a name have it. */
static bool is_kept(const struct leat_resolver *resolver, uint16_t type)
{
    return resolver->config.cache_bytes != 0 && type != 0;
}

struct cache_entry *resolver_find_stale(const struct leat_resolver *resolver)
{
    if (resolver->config.cache_bytes == 0)
        return NULL;
    return cache_find(&resolver->cache, &resolver->key, resolver_now_s(resolver));
}

bool resolver_keep_from(struct leat_resolver *resolver, const struct cache_entry *entry)
{
    const uint32_t now_s = resolver_now_s(resolver);

    resolver->has_kept = entry->rcode == LEAT_DNS_NOERROR || entry->rcode == LEAT_DNS_NXDOMAIN;
    cache_view(entry, &resolver->kept);
    resolver->kept_age =
        (struct dns_kept_age){.age_s = now_s - entry->stored_s,
                              .stale_ttl_s = cache_left_s(entry, now_s) == 0 ? STALE_TTL_S : 0};
    return resolver->has_kept;
}

void resolver_keep_failure(struct leat_resolver *resolver, struct cache_entry *stale)
{
    const struct dns_kept failure = {.ttl_s = resolver->config.failure_ttl_s,
                                     .rcode = LEAT_DNS_SERVFAIL};
    const uint32_t now_s = resolver_now_s(resolver);

    /* RFC 8767 5: stale data is better than a failure, so it stays, and isn't renewed for a
     * while */
    if (stale)
        stale->recheck_s = now_s + STALE_RECHECK_S;
    else if (is_kept(resolver, resolver->key.type))
        cache_put(&resolver->cache, &resolver->key, &failure, now_s);
}

/* RFC 9520 2.5: a loop of aliases counts as a failure; a chain that is too long doesn't. */
static void keep_circle(struct leat_resolver *resolver, const struct query *query)
{
    resolver->result.name = query->asked;
    if (dns_reply_follow(&resolver->result) != LEAT_ERR_FORMAT)
        return;
    resolver_key(resolver, &query->asked, query->type, query->variant);
    resolver_keep_failure(resolver, resolver_find_stale(resolver));
}

void resolver_keep_reply(struct leat_resolver *resolver, const struct query *query)
{
    const struct dns_kept_limits limits = {.ttl_max_s = resolver->config.ttl_max_s,
                                           .negative_ttl_max_s =
                                               resolver->config.negative_ttl_max_s,
                                           .dnssec = (query->variant & CACHE_DO) != 0};
    const struct dns_kept *kept = &resolver->kept;

    resolver->kept_age = (struct dns_kept_age){.age_s = 0};
    resolver->has_kept = dns_kept_make(&resolver->kept, &resolver->keeper, &query->asked,
                                       &resolver->result, &limits);
    /* not stored: a loop, or too long for the keeper; lookups are answered from the reply itself */
    if (!resolver->has_kept) {
        keep_circle(resolver, query);
        return;
    }
    if (!is_kept(resolver, query->type))
        return;
    /* RFC 2308 5: "no such name" is cached for all types */
    resolver_key(resolver, &query->asked,
                 kept->rcode == LEAT_DNS_NXDOMAIN && !kept->aliased ? 0 : query->type,
                 query->variant);
    cache_put(&resolver->cache, &resolver->key, kept, resolver_now_s(resolver));
}
