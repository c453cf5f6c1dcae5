/* query_write.c -- writes the question of the current try, and its cookie. */
#include "proto/dns/lookup.h"
#include "proto/wire/dns.h"

/* A server that is silent may be old, or behind a filter that drops EDNS. So a later round has
 * none, unless the server is known to answer it. */
void query_choose_edns(struct query *query)
{
    const struct upstream *upstream = query_upstream(query);
    const uint64_t now_ns = leat_now_ns(query->resolver->stack);
    const unsigned rounds = habits_is(upstream->habits.edns_ns, now_ns) ? 2 : 1;

    /* TLS pads queries by EDNS, and a server that has sent a cookie knows EDNS */
    if (upstream_wants_tls(upstream) || dns_cookie_has_server(&upstream->cookie))
        query->has_edns = true;
    else
        query->has_edns = query_round(query) < rounds &&
                          !(query->plain & query_server_bit(query)) &&
                          !habits_is(upstream->habits.plain_ns, now_ns);
}

void query_take_cookie(struct query *query, struct leat_ip local)
{
    /* kept with the query, because the reply is compared with the cookie that was sent */
    query->cookie.is_set = false;
    if (!query->resolver->config.no_cookies && query->has_edns)
        dns_cookie_use(&query_upstream(query)->cookie, query->resolver->stack, local,
                       &query->cookie);
}

size_t query_write(const struct query *query, uint8_t *bytes, bool padded)
{
    const struct dns_cookie *cookie = &query_upstream(query)->cookie;
    const struct dns_edns edns = {.payload_bytes = LEAT_DNS_UDP_BYTES,
                                  .dnssec_ok = (query->variant & CACHE_DO) != 0,
                                  .cookie = query->cookie.is_set ? cookie->bytes : NULL,
                                  .cookie_bytes = cookie->len,
                                  .pad_to = padded ? LOOKUP_PAD_TO : 0};
    struct dns_writer writer;

    dns_write_start(&writer, bytes, padded ? LOOKUP_PADDED_BYTES_MAX : LOOKUP_QUERY_BYTES_MAX);
    dns_write_question(&writer, query->name.wire, query->type, DNS_CLASS_IN);
    if (query->has_edns)
        dns_write_opt(&writer, &edns);
    /* with AD the server says whether it has validated the answer (RFC 6840 5.7) */
    return dns_write_end(&writer, query->id,
                         (uint16_t)(DNS_RD | DNS_AD | (query->variant & CACHE_CD ? DNS_CD : 0)));
}
