/*
 * advertised.c -- processes a router advertisement (RFC 4861 6.3.4, RFC 4862 5.5.3).
 *
 * Routers are trusted as their RFCs demand, within bounds. Tables have fixed sizes, and a new entry
 * never displaces a valid one. Malformed options, and values that would cripple the host, are left
 * out and counted; the rest is used.
 */
#include "ip/v6/route6.h"
#include "ip/v6/slaac.h"
#include "link/ethernet.h"
#include "wire/ra.h"

enum {
    HOP_LIMIT_MIN = 32,     /* lower ones would cut us off: CVE-2015-2922 */
    RETRANS_MIN_MS = 100,   /* shorter ones would cause a flood */
    RETRANS_MAX_MS = 10000, /* longer ones would keep addresses tentative */
    REACHABLE_MIN_MS = 1000,
    REACHABLE_MAX_MS = 3600000 /* RFC 4861 6.2.1 */
};

/* Records a prefix that is on the link; a lifetime of 0 ends it. */
static void take_on_link(struct leat_slaac *slaac, const struct wire_ra_option *said)
{
    struct leat *stack = slaac->link->stack;
    const uint64_t until_ns = slaac_until_ns(slaac, said->lifetime_s);
    struct prefix6 *place = 0;

    /* one walk finds the present entry and the first free one */
    for (unsigned i = 0; i < LEAT_SLAAC_PREFIXES_MAX; i++) {
        struct prefix6 *prefix = &slaac->prefixes[i];

        if (prefix->until_ns == 0) {
            place = place ? place : prefix;
        } else if (prefix->prefix_bits == said->prefix_bits &&
                   leat_ip_equal(prefix->prefix, said->prefix)) {
            prefix->until_ns = until_ns; /* the sweep that follows removes an expired entry */
            return;
        }
    }
    if (said->lifetime_s == 0)
        return;
    /* a flood of prefixes displaces none that is valid */
    if (!place) {
        stack->stats.ndp_limits_reached++;
        return;
    }
    *place = (struct prefix6){
        .prefix = said->prefix, .until_ns = until_ns, .prefix_bits = said->prefix_bits};
    stack->route_generation++;
}

/* RFC 4861 6.3.4, RFC 4862 5.5.3: an advertised link-local prefix is ignored. False: a part is left
 * out; so below. */
static bool take_prefix(struct leat_slaac *slaac, struct leat_ip router,
                        const struct wire_ra_option *said)
{
    if (leat_ip_is_link_local(said->prefix) || leat_ip_is_multicast(said->prefix))
        return false;
    if (said->on_link)
        take_on_link(slaac, said);
    /* RFC 4862 5.5.3 (c): a preferred lifetime above the valid one is an error */
    return !said->autonomous || (said->preferred_s <= said->lifetime_s &&
                                 address6_advertised(slaac->link, router, said));
}

static __attribute__((noinline)) bool take_route(struct leat_slaac *slaac, struct leat_ip router,
                                                 const struct wire_ra_option *said)
{
    const struct route6_learned learned = {.network = said->prefix,
                                           .prefix_bits = said->prefix_bits,
                                           .preference = said->preference,
                                           .until_ns = slaac_until_ns(slaac, said->lifetime_s)};

    if (leat_ip_is_link_local(said->prefix) || leat_ip_is_multicast(said->prefix))
        return false;
    route6_learn(slaac->link, router, &learned);
    return true;
}

static bool take_mtu(struct leat_slaac *slaac, uint32_t mtu)
{
    struct link *link = slaac->link;
    struct link6 *link6 = &link->stack->ipv6->links[link - link->stack->links];

    /* RFC 4861 6.3.4: below 1280 IPv6 wouldn't work, above the device's it couldn't send */
    if (mtu < IPV6_MTU_MIN || mtu > link->netif->mtu)
        return false;
    if (mtu != link6->mtu)
        link->stack->route_generation++;
    link6->mtu = (uint16_t)mtu;
    return true;
}

/* Records a name server. For a known one the lifetime is renewed, even if it is 0. */
static bool take_server(struct leat_slaac *slaac, struct leat_ip ip, uint64_t until_ns)
{
    struct server6 *place = 0;

    if (leat_ip_is_multicast(ip) || leat_ip_is_any(ip) || leat_ip_is_loopback(ip) ||
        leat_ip_is_v4(ip))
        return false;
    /* the walk is backwards, so that the first free place is taken and servers keep their order */
    for (unsigned i = LEAT_SLAAC_SERVERS_MAX; i > 0; i--) {
        struct server6 *server = &slaac->servers[i - 1];

        if (server->until_ns == 0) {
            place = server;
        } else if (leat_ip_equal(server->ip, ip)) {
            server->until_ns = until_ns;
            return true;
        }
    }
    /* RFC 8106 5.1: a lifetime of 0 only ends a known server */
    if (until_ns <= slaac->link->stack->now_ns)
        return true;
    if (place)
        *place = (struct server6){.ip = ip, .until_ns = until_ns};
    else
        slaac->link->stack->stats.ndp_limits_reached++;
    return true;
}

static bool take_servers(struct leat_slaac *slaac, const struct wire_ra_option *said)
{
    bool is_sound = true;

    for (uint32_t at = 0; at + 16 <= said->len; at += 16) {
        struct leat_ip ip;

        memcpy(ip.bytes, said->bytes + at, sizeof ip.bytes);
        is_sound &= take_server(slaac, ip, slaac_until_ns(slaac, said->lifetime_s));
    }
    return is_sound;
}

static bool is_text(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static void take_domain(struct leat_slaac *slaac, const char *name, uint64_t until_ns)
{
    struct domain6 *place = 0;

    for (unsigned i = LEAT_SLAAC_DOMAINS_MAX; i > 0; i--) {
        struct domain6 *domain = &slaac->domains[i - 1];

        if (domain->until_ns == 0) {
            place = domain;
        } else if (is_text(domain->name, name)) {
            domain->until_ns = until_ns;
            return;
        }
    }
    if (until_ns <= slaac->link->stack->now_ns)
        return;
    if (!place) {
        slaac->link->stack->stats.ndp_limits_reached++;
        return;
    }
    place->until_ns = until_ns;
    memcpy(place->name, name, sizeof slaac->name);
}

/* RFC 8106 5.2: zeros follow the last name. A malformed name is left out with those behind it. */
static bool take_domains(struct leat_slaac *slaac, const struct wire_ra_option *said)
{
    uint32_t at = 0, name_at = 0;

    while (wire_ra_name(said->bytes, said->len, &at, slaac->name, sizeof slaac->name)) {
        take_domain(slaac, slaac->name, slaac_until_ns(slaac, said->lifetime_s));
        /* this is the start of the next name; wire_ra_name() leaves `at` in the middle of a
         * malformed one */
        name_at = at;
    }
    return name_at >= said->len || said->bytes[name_at] == 0;
}

/* RFC 8781 5.1: the first prefix is kept for its lifetime. */
static void take_nat64(struct leat_slaac *slaac, const struct wire_ra_option *said)
{
    struct prefix6 *nat64 = &slaac->nat64;
    const bool is_this =
        nat64->prefix_bits == said->prefix_bits && leat_ip_equal(nat64->prefix, said->prefix);

    if (nat64->until_ns > 0 && !is_this)
        return;
    if (nat64->until_ns == 0 && said->lifetime_s == 0)
        return;
    *nat64 = (struct prefix6){.prefix = said->prefix,
                              .until_ns = slaac_until_ns(slaac, said->lifetime_s),
                              .prefix_bits = said->prefix_bits};
}

static bool take_option(struct leat_slaac *slaac, struct leat_ip router,
                        const struct wire_ra_option *said)
{
    switch ((enum ra_kind)said->kind) {
    case RA_SOURCE:
        if (mac_is_group(&said->mac))
            return false;
        neighbour6_learn(slaac->link, router, &said->mac);
        return true;
    case RA_PREFIX:
        return take_prefix(slaac, router, said);
    case RA_MTU:
        return take_mtu(slaac, said->mtu);
    case RA_ROUTE:
        return take_route(slaac, router, said);
    case RA_SERVERS:
        return take_servers(slaac, said);
    case RA_SEARCH:
        return take_domains(slaac, said);
    case RA_NAT64:
        take_nat64(slaac, said);
        return true;
    case RA_MALFORMED:
        return false;
    case RA_OTHER:
        break;
    }
    return true;
}

/* Counts an option that is ignored, completely or in part. */
static void leave_out(struct leat_slaac *slaac, uint8_t code)
{
    if (slaac->counts.ignored_parts++ == 0)
        slaac->counts.ignored_option = code;
    slaac->link->stack->stats.ndp_parts_ignored++;
}

/* RFC 4861 6.3.4: 0 means unspecified. */
static void take_numbers(struct leat_slaac *slaac, const struct wire_ra *ra)
{
    const struct link *link = slaac->link;
    struct link6 *link6 = &link->stack->ipv6->links[link - link->stack->links];

    if (ra->hop_limit >= HOP_LIMIT_MIN && ra->hop_limit != link6->hop_limit) {
        link6->hop_limit = ra->hop_limit;
        link->stack->route_generation++; /* prepared headers have the old one */
    }
    if (ra->retrans_ms >= RETRANS_MIN_MS && ra->retrans_ms <= RETRANS_MAX_MS)
        link6->retrans_ns = ra->retrans_ms * UINT64_C(1000000);
    if (ra->reachable_ms >= REACHABLE_MIN_MS && ra->reachable_ms <= REACHABLE_MAX_MS)
        link6->reachable_ns = ra->reachable_ms * UINT64_C(1000000);
}

void slaac_take(struct leat_slaac *slaac, struct leat_ip router, const struct wire_ra *ra,
                const uint8_t *bytes, uint32_t len)
{
    const struct route6_learned by_default = {.preference = ra->preference,
                                              .until_ns = slaac_until_ns(slaac, ra->lifetime_s)};
    struct wire_ra_option option;
    uint32_t at = RA_BYTES;

    slaac->managed = ra->managed;
    slaac->other = ra->other;
    take_numbers(slaac, ra);
    route6_learn(slaac->link, router, &by_default);
    while (wire_ra_next(&option, bytes, len, &at)) {
        if (!take_option(slaac, router, &option))
            leave_out(slaac, option.code);
    }
}
