/* ndp.h -- messages of neighbour discovery (RFC 4861 4), after the first word of ICMPv6. */
#ifndef WIRE_NDP_H
#define WIRE_NDP_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>

enum icmpv6_type {
    ICMPV6_UNREACHABLE = 1,
    ICMPV6_TOO_BIG = 2,
    ICMPV6_TIME_EXCEEDED = 3,
    ICMPV6_PARAMETER = 4,
    ICMPV6_INFORMATIONAL = 128, /* lower types are errors */
    ICMPV6_ECHO = 128,
    ICMPV6_ECHO_REPLY = 129,
    ICMPV6_MLD_QUERY = 130, /* wire/group.h */
    ICMPV6_MLD1_REPORT = 131,
    ICMPV6_MLD1_DONE = 132,
    ICMPV6_NEIGHBOUR_SOLICITATION = 135,
    ICMPV6_NEIGHBOUR_ADVERTISEMENT = 136,
    ICMPV6_REDIRECT = 137,
    ICMPV6_MLD2_REPORT = 143
};

enum {
    NDP_BYTES = 24,          /* type, code, checksum, flags, target */
    NDP_REDIRECT_BYTES = 40, /* NDP_BYTES and the destination */
    NDP_LINK_BYTES = 8,      /* an option with an Ethernet address */
    NDP_NONCE_BYTES = 8,     /* an option with a nonce of 6 bytes (RFC 3971 5.3.2) */
    NDP_HOP_LIMIT = 255,     /* RFC 4861 3.1: a sender beyond the link can't reach us with 255 */
    NDP_OPTIONS_MAX = 16     /* no legitimate message has more */
};

/* A neighbour solicitation or advertisement, or a redirect (which is only parsed). */
struct wire_ndp {
    uint8_t type;
    bool is_router; /* flags of an advertisement (RFC 4861 4.4) */
    bool solicited;
    bool override;
    bool has_mac;   /* the source's address in a solicitation, the target's in the others */
    bool has_nonce; /* RFC 7527 */
    uint8_t nonce[6];
    struct leat_mac mac;
    struct leat_ip target;
    struct leat_ip destination; /* of a redirect: the target is the next hop to it */
};

/* Parses a message of @len contiguous bytes.  False: it violates RFC 4861 7.1 (truncated, code not
 * 0, target multicast, an option of length 0 or longer than the rest). */
bool wire_ndp_parse(struct wire_ndp *ndp, const uint8_t *bytes, uint32_t len);

/* Emits a message with checksum 0; returns its length, at most NDP_BYTES + NDP_LINK_BYTES +
 * NDP_NONCE_BYTES. */
uint32_t wire_ndp_emit(const struct wire_ndp *ndp, uint8_t *bytes);

#endif
