/* lookup.h -- a resolver and its lookups, as the two sources that share them see them. */
#ifndef DNS_LOOKUP_H
#define DNS_LOOKUP_H

#include <leat/resolver.h>

#include "stack.h"

enum {
    LOOKUP_LENGTH_BYTES = 2 /* in front of a message by TCP (RFC 1035 4.2.2) */
};

struct leat_lookup {
    struct leat_resolver *resolver;
    leat_lookup_fn *on_done; /* NULL: free */
    void *arg;
    struct leat_udp *udp; /* of the current try, or NULL */
    struct leat_tcp *tcp;
    struct timer timer;
    struct ready ready; /* set when `err` is to be told */
    enum leat_err err;
    enum leat_err soft; /* what ICMP said of the current try, or LEAT_OK */
    uint64_t end_ns;    /* of the current try */
    unsigned rcode;     /* of the last server that failed */
    uint16_t id;        /* of the current try */
    uint16_t type;
    unsigned tries;
    uint8_t failed;     /* servers that can't answer, a bit each */
    bool case_differed; /* a server does not keep the case: the next try goes by TCP */
    bool by_tcp;
    uint32_t have;              /* bytes of length and reply that came by TCP */
    struct leat_dns_name asked; /* as the program wrote it */
    struct leat_dns_name name;  /* in the case of the current try */
    uint8_t *message;           /* LOOKUP_LENGTH_BYTES + answer_bytes */
};

struct leat_resolver {
    struct leat_resolver_config config; /* with the defaults filled in */
    struct leat_resolver_counts counts;
    struct leat *stack;
    struct leat_dns_result result; /* for the callback that is running: too large for a frame */
    struct leat_lookup *lookups;
};

#endif
