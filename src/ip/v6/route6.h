/* route6.h -- where IPv6 packets go: routes of the program and of routers (RFC 4191). */
#ifndef IP_V6_ROUTE6_H
#define IP_V6_ROUTE6_H

#include "ip/v6/ipv6.h"

enum {
    ROUTE6_OF_PROGRAM = 2, /* a preference above those that routers have (wire/ra.h) */
    ROUTE6_OF_REDIRECT     /* a host's, by who else would get its packets */
};

struct route6 {
    struct leat_ip network;
    struct leat_ip gateway;
    struct link *link;
    uint64_t until_ns;   /* IP6_FOR_EVER, as all of the program's */
    uint64_t suspect_ns; /* since when the gateway doesn't answer; 0: nothing is known against it */
    uint64_t asked_ns;   /* when a suspect was asked last */
    uint8_t prefix_bits;
    int8_t preference;
    bool is_learned; /* a router said so */
    bool is_redirect;
};

/* Routes that the program and @slaacs netifs can have. */
size_t routes6_cost(const struct leat_ipv6_config *config);
bool routes6_init(struct leat *stack);

/* @link: where the gateway is, whatever prefixes say; NULL: where they, or a lack of other links,
 * say that it is. */
enum leat_err route6_add(struct leat *stack, struct link *link, struct leat_ip network,
                         uint8_t prefix_bits, struct leat_ip gateway);
enum leat_err route6_remove(struct leat *stack, struct leat_ip network, uint8_t prefix_bits);

/* What route6_to() finds. */
struct choice6 {
    const struct route6 *route; /* NULL: there is none */
    struct route6 *ask; /* a better one whose gateway hasn't answered for a while: a sender asks it
                           again, and writes down that it has; NULL: there is none */
};

/* The route of the longest prefix that holds @dst and begins on @link; of several that with a
 * gateway that advertised @src's prefix, then the preferred one.  A route whose gateway doesn't
 * answer comes after all others (RFC 4191 3.2, RFC 8028 3.2). */
struct choice6 route6_to(const struct link *link, struct leat_ip src, struct leat_ip dst);

/* A router says that it leads to @network until then, which may be now; of too many the first ones
 * stay. */
struct route6_learned {
    struct leat_ip network;
    uint8_t prefix_bits;
    int8_t preference;
    uint64_t until_ns;
};
void route6_learn(struct link *link, struct leat_ip router, const struct route6_learned *said);

/* @router says, of a packet that we sent from @src to @dst, that those go to @target (RFC 4861 8).
 * It counts for ten minutes, from the router to which they go alone, and only if @target is a
 * router on the link or @dst itself.  False: it isn't believed. */
bool route6_redirect(struct link *link, struct leat_ip router, struct leat_ip src,
                     struct leat_ip dst, struct leat_ip target);

/* True if a router of @link is a default router. */
bool route6_has_router(const struct link *link);

/* Forgets what has ended by now, or all (@even_live) that routers of @link have said; when the next
 * one ends. */
uint64_t routes6_sweep(struct link *link, bool even_live);

/* What neighbour discovery finds out about @ip: it doesn't answer; it does; it is no router any
 * more (RFC 4861 7.2.5). */
void route6_silent(struct link *link, struct leat_ip ip);
void route6_answers(struct link *link, struct leat_ip ip);
void route6_no_router(struct link *link, struct leat_ip ip);

#endif
