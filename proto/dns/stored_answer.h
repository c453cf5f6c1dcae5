/*
 * stored_answer.h -- an answer in the form in which it is kept and passed on: the records that
 * belong to the question, and no others.  Pure.
 *
 * Of a reply we keep the CNAMEs that lead from the name asked for, the records that they lead to,
 * and in a negative answer the SOA record (RFC 2308).  What else a server said may be true, but
 * nobody asked for it, so it is never told to who asks later (RFC 2181 5.4.1).
 *
 * The records lie as in a message whose question is the same name and type, so that compression
 * pointers lead there: in front of them stand DNS_HEADER_BYTES and the question.
 */
#ifndef DNS_STORED_ANSWER_H
#define DNS_STORED_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/resolver.h>

enum {
    DNS_QUESTION_FIXED_BYTES = 4,                   /* type and class behind the name */
    KEPT_RDATA_BYTES = 2 * LEAT_DNS_NAME_BYTES + 20 /* the longest data with names: SOA's */
};

/* A view. */
struct dns_kept {
    const uint8_t *records;
    size_t records_len;  /* bytes */
    uint32_t ttl_s;      /* of the whole: the least; 0: must not be kept */
    uint16_t answers;    /* records in the answer section */
    uint8_t authorities; /* 1: the SOA record follows them */
    uint8_t rcode;
    bool aliased; /* the answer begins with a CNAME */
};

/* Limits of what is kept, in seconds. */
struct dns_kept_limits {
    uint32_t ttl_max_s;
    uint32_t negative_ttl_max_s;
};

/* Room for making one. */
struct dns_keeper {
    uint8_t *bytes; /* the message; `bytes_max` of them */
    size_t bytes_max;
    struct leat_dns_name name; /* where the chain has got to */
    struct leat_dns_name part; /* a name in data */
    uint32_t ttl_max_s;
    uint8_t rdata[KEPT_RDATA_BYTES];
};

/*
 * Makes @kept, which then lies in keeper->bytes, of the reply that @result describes, to a question
 * for @name and result->type.  TTLs over a limit are cut down to it.  False: it is too long, its
 * CNAMEs go round in a circle, or a name in its data can't be read.
 */
bool dns_kept_make(struct dns_kept *kept, struct dns_keeper *keeper,
                   const struct leat_dns_name *name, const struct leat_dns_result *result,
                   const struct dns_kept_limits *limits);

/* What happens to TTLs on the way out. */
struct dns_kept_age {
    uint32_t age_s;       /* taken off each */
    uint32_t stale_ttl_s; /* not 0: each is that instead (RFC 8767 4) */
};

/* Writes the records to @to, their TTLs changed. */
void dns_kept_copy(const struct dns_kept *kept, const struct dns_kept_age *age, uint8_t *to);

#endif
