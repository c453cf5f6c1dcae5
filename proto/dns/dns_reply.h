/* dns_reply.h -- is this the reply to what was asked, and what does it say?  Pure. */
#ifndef DNS_DNS_REPLY_H
#define DNS_DNS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/resolver.h>

#include "proto/wire/dns.h"

struct dns_asked {
    const struct leat_dns_name *name; /* in the case it was sent in */
    uint16_t id;
    uint16_t type;
    bool any_case; /* by TCP: no stranger can know our sequence numbers */
};

enum dns_reply {
    DNS_REPLY_FOREIGN,   /* not to our question, or illegal: go on waiting */
    DNS_REPLY_CASE,      /* the same, but only the letter case differs */
    DNS_REPLY_TRUNCATED, /* TC: ask by TCP */
    DNS_REPLY_FAILED,    /* the server has no answer for us: result->rcode */
    DNS_REPLY_ANSWER     /* result describes it; perhaps there is no such name */
};

/* Reads a reply.  Sets what result has from the message: rcode, message, answers; and @edns, of
 * which only the cookie counts if there is none. */
enum dns_reply dns_reply_read(const struct dns_asked *asked, const uint8_t *message, size_t len,
                              struct leat_dns_result *result, struct dns_edns *edns);

/* Follows CNAMEs inside of the answer, beginning at result->name, for result->type.  LEAT_OK: there
 * are records; LEAT_ERR_NOT_FOUND: there are none; LEAT_ERR_FORMAT: it goes round in a circle. */
enum leat_err dns_reply_follow(struct leat_dns_result *result);

#endif
