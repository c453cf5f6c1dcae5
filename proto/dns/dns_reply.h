/* dns_reply.h -- checks whether a message answers a query, and parses it. Pure. */
#ifndef DNS_DNS_REPLY_H
#define DNS_DNS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/resolver.h>

#include "proto/wire/dns.h"

struct dns_asked {
    const struct leat_dns_name *name; /* in the letter case of the query */
    uint16_t id;
    uint16_t type;
    bool any_case;    /* by TCP, where sequence numbers prevent forgery */
    bool may_be_bare; /* a header alone with FORMERR counts: it repeats nothing but the id */
};

enum dns_reply {
    DNS_REPLY_FOREIGN,   /* illegal, or for another question: ignore, and wait on */
    DNS_REPLY_CASE,      /* for our question but for its letter case: ignore, and wait on */
    DNS_REPLY_LOWERED,   /* the same, and all of its letters are lower case */
    DNS_REPLY_TRUNCATED, /* TC: repeat by TCP */
    DNS_REPLY_FAILED,    /* the server can't answer: result->rcode */
    DNS_REPLY_ANSWER     /* result describes the answer; possibly "no such name" */
};

/* Parses a reply. Sets rcode, message and answers of result, and @edns. */
enum dns_reply dns_reply_read(const struct dns_asked *asked, const uint8_t *message, size_t len,
                              struct leat_dns_result *result, struct dns_edns *edns);

/* Follows CNAMEs within the answer, from result->name, for result->type. LEAT_OK: there are
 * records; LEAT_ERR_NOT_FOUND: there are none; LEAT_ERR_FORMAT: the CNAMEs are a loop. */
enum leat_err dns_reply_follow(struct leat_dns_result *result);

#endif
