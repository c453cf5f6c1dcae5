/*
 * slaac.h -- the inside of a netif's configuration by routers.
 *
 *      slaac.c         what the program calls, solicitations, what ends, what is told
 *      advertised.c    what one advertisement changes
 */
#ifndef IP_V6_SLAAC_H
#define IP_V6_SLAAC_H

#include <leat/slaac.h>

#include "ip/v6/ipv6.h"

struct prefix6 {
    struct leat_ip prefix;
    uint64_t until_ns; /* 0: the place is free, as below */
    uint8_t prefix_bits;
};

struct server6 {
    struct leat_ip ip;
    uint64_t until_ns;
};

enum {
    DOMAIN6_BYTES = LEAT_SLAAC_SEARCH_BYTES / 2 /* longer names leave no room for others */
};

struct domain6 {
    uint64_t until_ns;
    char name[DOMAIN6_BYTES];
};

struct leat_slaac {
    struct timer solicit; /* first: a timer is its slaac */
    struct timer sweep;
    struct ready ready;
    struct link *link; /* NULL: it doesn't run */
    struct leat_slaac_config config;
    uint64_t wait_ns; /* between solicitations, so far; 0: none has been sent */
    bool managed;
    bool other;
    struct prefix6 prefixes[LEAT_SLAAC_PREFIXES_MAX]; /* that are on the link */
    struct server6 servers[LEAT_SLAAC_SERVERS_MAX];
    struct domain6 domains[LEAT_SLAAC_DOMAINS_MAX];
    struct prefix6 nat64;
    char name[DOMAIN6_BYTES];      /* as it is read */
    struct leat_slaac_facts facts; /* as told last */
};

/* Something that routers say has changed on @link: the program is told, if its facts are others.
 */
void slaac_changed(struct link *link);

/* An address of @link is good until another time. */
void slaac_ends_anew(struct link *link);

/* True if routers say that @ip lies on @link. */
bool slaac_is_on_link(const struct link *link, struct leat_ip ip);

/* Takes an advertisement, whose checksum is right, on a link where somebody wants it. */
void slaac_input(struct leat *stack, struct leat_slaac *slaac, struct packet6 *packet);

/* When the lifetime of @lifetime_s, RA_FOR_EVER too, that begins now is over. */
uint64_t slaac_until_ns(const struct leat_slaac *slaac, uint32_t lifetime_s);

/* Takes an advertisement in: everything but the envelope. */
struct wire_ra;
void slaac_take(struct leat_slaac *slaac, struct leat_ip router, const struct wire_ra *ra,
                const uint8_t *bytes, uint32_t len);

#endif
