/*
 * stored_answer.h -- an answer as it is cached and passed on: the records that belong to the
 * question, and no others. Pure.
 *
 * A stored answer has the CNAMEs from the question's name, the records that they lead to, and the
 * SOA record of a negative answer (RFC 2308). To a question with DO (RFC 4035 3.1) it has their
 * signatures, too, the DNAMEs above its CNAMEs, and the proofs that a name or a set doesn't exist.
 * Other records of the reply are dropped, even if they may be true: they were not requested, and
 * must not be given to later lookups (RFC 2181 5.4.1).
 *
 * The records are laid out as in a message with the same question, so that compression pointers
 * fit: DNS_HEADER_BYTES and the question come before them.
 */
#ifndef DNS_STORED_ANSWER_H
#define DNS_STORED_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/resolver.h>

enum {
    DNS_QUESTION_FIXED_BYTES = 4, /* type and class, after the name */
    KEPT_RDATA_BYTES =
        4 + 3 * 256 + LEAT_DNS_NAME_BYTES /* the longest data with a name is NAPTR's */
};

/* A view. */
struct dns_kept {
    const uint8_t *records;
    size_t records_len;  /* bytes */
    uint32_t ttl_s;      /* least TTL of all records; 0: must not be cached */
    uint16_t answers;    /* records in the answer section */
    uint8_t authorities; /* records that follow: a SOA record, and proofs */
    uint8_t rcode;
    bool aliased;   /* the answer begins with a CNAME */
    bool negative;  /* there are no records of the type */
    bool authentic; /* the server has validated it (AD, RFC 4035 3.2.3) */
};

/* Limits of TTLs, in seconds, and the kind of answer. */
struct dns_kept_limits {
    uint32_t ttl_max_s;
    uint32_t negative_ttl_max_s;
    bool dnssec; /* keep signatures and proofs */
};

/* Scratch memory for dns_kept_make(). */
struct dns_keeper {
    uint8_t *bytes; /* result of `bytes_max` bytes */
    size_t bytes_max;
    struct leat_dns_name name;  /* current name of the chain */
    struct leat_dns_name part;  /* a name in data */
    struct leat_dns_name owner; /* of a record above the chain, or in the authority section */
    uint32_t ttl_max_s;
    bool dnssec; /* as in the limits */
    uint8_t rdata[KEPT_RDATA_BYTES];
};

/*
 * Makes @kept, which lies in keeper->bytes, from the reply in @result to a question for @name and
 * result->type. TTLs are limited. False: it is too long, or its CNAMEs are a loop.
 */
bool dns_kept_make(struct dns_kept *kept, struct dns_keeper *keeper,
                   const struct leat_dns_name *name, const struct leat_dns_result *result,
                   const struct dns_kept_limits *limits);

/* Changes of TTLs when an answer is given out. */
struct dns_kept_age {
    uint32_t age_s;       /* subtracted from each TTL */
    uint32_t stale_ttl_s; /* not 0: replaces each TTL (RFC 8767 4) */
};

/* Writes the records to @to, with changed TTLs. */
void dns_kept_copy(const struct dns_kept *kept, const struct dns_kept_age *age, uint8_t *to);

#endif
