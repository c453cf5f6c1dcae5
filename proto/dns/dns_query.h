/* dns_query.h -- parses a query for a server: its question, and the maximum length of a reply.
 * Pure.
 */
#ifndef DNS_DNS_QUERY_H
#define DNS_DNS_QUERY_H

#include <leat/dns_server.h>

#include "proto/wire/dns.h"

/* The question is a view of the message, and valid only with opcode DNS_OPCODE_QUERY. */
struct dns_query {
    struct dns_header header;
    struct dns_question question;
    struct dns_edns edns;
    bool has_edns;
};

enum dns_query_verdict {
    DNS_QUERY_GOOD,
    DNS_QUERY_DROP,   /* cut short, illegal, or a reply: send no reply */
    DNS_QUERY_COOKIE, /* no question, but a cookie request (RFC 7873 5.4) */
    DNS_QUERY_FORMERR
};

enum dns_query_verdict dns_query_read(struct dns_query *query, const uint8_t *message, size_t len);

/* The rcode that refuses the query, or NOERROR. @served: the server is responsible for its name. */
unsigned dns_query_refusal(const struct dns_query *query, bool served);

/* True for transports whose replies have no limit but their 16-bit length. */
static inline bool dns_is_by_stream(enum leat_dns_transport transport)
{
    return transport != LEAT_DNS_OVER_UDP && transport != LEAT_DNS_SLIP;
}

static inline bool dns_is_encrypted(enum leat_dns_transport transport)
{
    return transport == LEAT_DNS_OVER_TLS || transport == LEAT_DNS_OVER_HTTPS;
}

/* The maximum length of the reply, at most @reply_bytes. */
size_t dns_query_limit(const struct dns_query *query, enum leat_dns_transport transport,
                       size_t reply_bytes);

#endif
