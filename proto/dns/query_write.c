/* query_write.c -- writes the question of the current try, and its cookie. */
#include "proto/dns/lookup.h"
#include "proto/wire/dns.h"

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
