/*
 * slaac.h -- the inside of a netif's configuration by routers.
 *
 *      slaac.c         the program's functions, solicitations, expiry, notification
 *      advertised.c    processes an advertisement
 */
#ifndef IP_V6_SLAAC_H
#define IP_V6_SLAAC_H

#include <leat/slaac.h>

#include "ip/v6/ipv6.h"

struct prefix6 {
    struct leat_ip prefix;
    uint64_t until_ns; /* 0: the entry is free; also below */
    uint8_t prefix_bits;
};

struct server6 {
    struct leat_ip ip;
    uint64_t until_ns;
};

enum {
    DOMAIN6_BYTES = LEAT_SLAAC_SEARCH_BYTES / 2 /* longer names leave no space for others */
};

struct domain6 {
    uint64_t until_ns;
    char name[DOMAIN6_BYTES];
};

struct leat_slaac {
    struct timer solicit; /* first, so that a timer can be cast to its slaac */
    struct timer sweep;
    struct ready ready;
    struct link *link; /* NULL: not running */
    struct leat_slaac_config config;
    uint64_t wait_ns; /* current interval between solicitations; 0: none has been sent */
    bool managed;
    bool other;
    struct prefix6 prefixes[LEAT_SLAAC_PREFIXES_MAX]; /* on-link prefixes */
    struct server6 servers[LEAT_SLAAC_SERVERS_MAX];
    struct domain6 domains[LEAT_SLAAC_DOMAINS_MAX];
    struct prefix6 nat64;
    char name[DOMAIN6_BYTES];      /* scratch space of the parser */
    struct leat_slaac_facts facts; /* as last reported to the program */
    struct leat_slaac_counts counts;
    struct leat_refusal refusal; /* of the last advertisement that wasn't taken */
};

/* As leat_slaac_refusal(). */
const struct leat_refusal *slaac_refusal(const struct leat_slaac *slaac);

/* To be called when the data from router advertisements on @link may have changed. Calls the
 * program back if the facts that it can read have changed. */
void slaac_changed(struct link *link);

/* To be called when the lifetimes of an address of @link have changed. */
void slaac_ends_anew(struct link *link);

/* True if routers declare @ip to be on @link. */
bool slaac_is_on_link(const struct link *link, struct leat_ip ip);

/* Takes an advertisement with a correct checksum on a link that is configured by routers. */
void slaac_input(struct leat *stack, struct leat_slaac *slaac, struct packet6 *packet);

/* The end of a lifetime of @lifetime_s, which may be RA_FOR_EVER, that starts now. */
uint64_t slaac_until_ns(const struct leat_slaac *slaac, uint32_t lifetime_s);

/* Processes the contents of an advertisement whose envelope has been checked. */
struct wire_ra;
void slaac_take(struct leat_slaac *slaac, struct leat_ip router, const struct wire_ra *ra,
                const uint8_t *bytes, uint32_t len);

#endif
