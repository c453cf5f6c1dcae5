/* route6.h -- routes of IPv6, from the program and from routers (RFC 4191). */
#ifndef IP_V6_ROUTE6_H
#define IP_V6_ROUTE6_H

#include "ip/v6/ipv6.h"

enum {
    ROUTE6_OF_PROGRAM = 2, /* a preference above those of routers (wire/ra.h) */
    ROUTE6_OF_REDIRECT     /* for a single host, from the router that had its packets */
};

struct route6 {
    struct leat_ip network;
    struct leat_ip gateway;
    struct link *link;
    uint64_t until_ns;   /* IP6_FOR_EVER for routes of the program */
    uint64_t suspect_ns; /* since then the gateway hasn't answered; 0: not suspect */
    uint64_t asked_ns;   /* last probe of a suspect gateway */
    uint8_t prefix_bits;
    int8_t preference;
    bool is_learned; /* from a router */
    bool is_redirect;
};

/* The memory for the routes of the program and of config->slaacs netifs. */
size_t routes6_cost(const struct leat_ipv6_config *config);
bool routes6_init(struct leat *stack);

/* @link: the link of the gateway, regardless of prefixes; NULL: the link of a prefix that contains
 * it, or the only link. */
enum leat_err route6_add(struct leat *stack, struct link *link, struct leat_ip network,
                         uint8_t prefix_bits, struct leat_ip gateway);
enum leat_err route6_remove(struct leat *stack, struct leat_ip network, uint8_t prefix_bits);

/* The result of route6_to(). */
struct choice6 {
    const struct route6 *route; /* NULL: there is none */
    struct route6 *ask; /* a better route whose gateway is suspect: the sender probes it, and
                           updates asked_ns; NULL: none */
};

/* The route on @link with the longest prefix that contains @dst. Among several, one whose gateway
 * advertised @src's prefix wins, then the preferred one.  Routes with a suspect gateway come last
 * (RFC 4191 3.2, RFC 8028 3.2). */
struct choice6 route6_to(const struct link *link, struct leat_ip src, struct leat_ip dst);

/* Adds or renews a router's route to @network until `until_ns`, which may be now to end it. If
 * there are too many routes, the present ones are kept. */
struct route6_learned {
    struct leat_ip network;
    uint8_t prefix_bits;
    int8_t preference;
    uint64_t until_ns;
};
void route6_learn(struct link *link, struct leat_ip router, const struct route6_learned *said);

/* Processes a redirect from @router, for a packet from @src to @dst, to @target (RFC 4861 8).  It
 * is valid for ten minutes. It is accepted only from the router that now gets these packets, and
 * only if @target is a router on the link or @dst itself.  False: refused. */
bool route6_redirect(struct link *link, struct leat_ip router, struct leat_ip src,
                     struct leat_ip dst, struct leat_ip target);

/* True if a router of @link is a default router. */
bool route6_has_router(const struct link *link);

/* Removes expired routes from routers of @link, or all of theirs (@even_live); returns when the
 * next one expires. */
uint64_t routes6_sweep(struct link *link, bool even_live);

/* Results of neighbour discovery about @ip: it doesn't answer; it answers; it is no longer a router
 * (RFC 4861 7.2.5). */
void route6_silent(struct link *link, struct leat_ip ip);
void route6_answers(struct link *link, struct leat_ip ip);
void route6_no_router(struct link *link, struct leat_ip ip);

#endif
