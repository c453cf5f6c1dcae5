/* dns_query.h -- a query as a server reads it: what it asks for, and how long a reply may be. Pure.
 */
#ifndef DNS_DNS_QUERY_H
#define DNS_DNS_QUERY_H

#include <leat/dns_server.h>

#include "proto/wire/dns.h"

/* The question is a view of the message, and there only of opcode DNS_OPCODE_QUERY. */
struct dns_query {
    struct dns_header header;
    struct dns_question question;
    struct dns_edns edns;
    bool has_edns;
};

enum dns_query_verdict {
    DNS_QUERY_GOOD,
    DNS_QUERY_DROP,   /* cut short, illegal, or a reply: send nothing */
    DNS_QUERY_COOKIE, /* no question, but it wants a cookie (RFC 7873 5.4) */
    DNS_QUERY_FORMERR
};

enum dns_query_verdict dns_query_read(struct dns_query *query, const uint8_t *message, size_t len);

/* The rcode that forbids an answer, or NOERROR.  @served: somebody here knows about its name. */
unsigned dns_query_refusal(const struct dns_query *query, bool served);

/* Bytes that the reply may have, at most @reply_bytes. */
size_t dns_query_limit(const struct dns_query *query, enum leat_dns_transport transport,
                       size_t reply_bytes);

#endif
