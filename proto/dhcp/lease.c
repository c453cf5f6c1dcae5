/*
 * lease.c -- what a server grants, and whether that can be.
 *
 * An address that no host can have, a mask with holes, times without an order of their own: the
 * message is dropped.  A router, a server or a route that can't be is left out, and the rest is
 * taken.
 */
#include <string.h>

#include "core/assert.h"
#include "proto/dhcp/dhcp.h"
#include "wire/bytes.h"

enum {
    MTU_MIN = 576,         /* RFC 791 3.2: what every host must take */
    IPV6_ONLY_S_MIN = 300, /* RFC 8925 3.4: MIN_V6ONLY_WAIT */
    IP_BYTES = 4
};

/* The mask of a network whose server doesn't say one: that of its class (RFC 1122 3.2.1.3). */
static uint8_t class_bits(leat_ip4 ip)
{
    return ip >> 31 == 0 ? 8 : ip >> 30 == 2 ? 16 : 24;
}

/* The number of ones that @mask begins with; false: others follow. */
static bool mask_bits(leat_ip4 mask, uint8_t *bits)
{
    *bits = 0;
    while (*bits < 32 && mask >> (31 - *bits) & 1)
        (*bits)++;
    return mask == ip4_mask(*bits);
}

static bool is_in_prefix(const struct leat_dhcp_lease *lease, leat_ip4 ip)
{
    return ((ip ^ leat_ip_v4_number(lease->ip)) & ip4_mask(lease->prefix_bits)) == 0;
}

/* True for the first and the last address of a prefix, which are no host's (RFC 3021: but in a /31
 * they are). */
static bool is_edge(const struct leat_dhcp_lease *lease, leat_ip4 ip)
{
    const leat_ip4 host = ~ip4_mask(lease->prefix_bits);

    leat_debug_assert(lease->prefix_bits <= 32);
    return lease->prefix_bits <= 30 && is_in_prefix(lease, ip) &&
           ((ip & host) == 0 || (ip & host) == host);
}

static enum dhcp_flaw read_address(struct leat_dhcp_lease *lease,
                                   const struct wire_dhcp_options *options, leat_ip4 ip)
{
    uint8_t bytes[IP_BYTES];
    const int32_t len = wire_dhcp_option(options, DHCP_MASK, bytes, sizeof bytes);

    lease->ip = leat_ip_v4(ip);
    lease->prefix_bits = class_bits(ip);
    if (len >= 0 && len != IP_BYTES)
        return DHCP_FLAW_FORMAT;
    if (len == IP_BYTES && (!mask_bits(get32(bytes), &lease->prefix_bits) || !lease->prefix_bits))
        return DHCP_FLAW_ADDRESS;
    return address_is_no_host(ip) || is_edge(lease, ip) ? DHCP_FLAW_ADDRESS : DHCP_SOUND;
}

/* RFC 2131 4.4.5: T1 and T2 are the server's, if they are in order. */
static enum dhcp_flaw read_times(struct leat_dhcp_lease *lease,
                                 const struct wire_dhcp_options *options, uint32_t lease_s_min)
{
    if (!wire_dhcp_option32(options, DHCP_LEASE_TIME, &lease->lease_s) ||
        lease->lease_s < lease_s_min)
        return DHCP_FLAW_TIME;
    if (!wire_dhcp_option32(options, DHCP_RENEWAL_TIME, &lease->renew_s))
        lease->renew_s = 0;
    if (!wire_dhcp_option32(options, DHCP_REBINDING_TIME, &lease->rebind_s))
        lease->rebind_s = 0;
    if (lease->renew_s == 0 || lease->renew_s >= lease->rebind_s ||
        lease->rebind_s >= lease->lease_s) {
        lease->renew_s = lease->lease_s / 2;
        lease->rebind_s = lease->lease_s - lease->lease_s / 8;
    }
    return DHCP_SOUND;
}

/* Reads the addresses of option @code; false: it has another length than addresses have. */
static bool read_hosts(struct leat_dhcp *dhcp, const struct wire_dhcp_options *options,
                       uint8_t code, struct leat_ip hosts[LEAT_DHCP_SERVERS_MAX], uint8_t *count)
{
    const int32_t len = wire_dhcp_option(options, code, dhcp->option, sizeof dhcp->option);

    *count = 0;
    if (len < 0)
        return true;
    if (len == 0 || len % IP_BYTES || len > DHCP_LONG_BYTES)
        return false;
    for (int32_t at = 0; at < len && *count < LEAT_DHCP_SERVERS_MAX; at += IP_BYTES) {
        const leat_ip4 ip = get32(dhcp->option + at);
        const bool is_router = code == DHCP_ROUTERS;

        if (address_is_no_host(ip) || ip == leat_ip_v4_number(dhcp->read.ip) ||
            is_edge(&dhcp->read, ip) || (is_router && !is_in_prefix(&dhcp->read, ip)))
            dhcp->counts.ignored_parts++;
        else
            hosts[(*count)++] = leat_ip_v4(ip);
    }
    return true;
}

/* One route of option 121: bits of the prefix, as many bytes of it as these need, the gateway. */
static int32_t read_route(const uint8_t *bytes, int32_t len, struct leat_dhcp_route *route)
{
    const uint32_t bits = bytes[0];
    const int32_t network_bytes = (int32_t)(bits + 7) / 8;
    leat_ip4 network = 0;

    if (bits > 32 || len < 1 + network_bytes + IP_BYTES)
        return -1;
    *route = (struct leat_dhcp_route){.prefix_bits = (uint8_t)bits};
    for (int32_t i = 0; i < network_bytes; i++)
        network |= (leat_ip4)bytes[1 + i] << (24 - 8 * i);
    route->network = leat_ip_v4(network);
    route->gateway = leat_ip_v4(get32(bytes + 1 + network_bytes));
    return 1 + network_bytes + IP_BYTES;
}

static bool is_on_link(const struct leat_dhcp_route *route)
{
    return leat_ip_v4_number(route->gateway) == IP4_ANY;
}

/* True if one of the routes so far says that @ip is on the link. */
static bool is_routed_on_link(const struct leat_dhcp_lease *lease, leat_ip4 ip)
{
    for (unsigned i = 0; i < lease->route_count; i++) {
        const struct leat_dhcp_route *route = &lease->routes[i];

        if (is_on_link(route) &&
            ((ip ^ leat_ip_v4_number(route->network)) & ip4_mask(route->prefix_bits)) == 0)
            return true;
    }
    return false;
}

static bool route_can_be(const struct leat_dhcp_lease *lease, const struct leat_dhcp_route *route)
{
    const leat_ip4 network = leat_ip_v4_number(route->network);
    const leat_ip4 gateway = leat_ip_v4_number(route->gateway);

    if (network & ~ip4_mask(route->prefix_bits) ||
        (route->prefix_bits > 0 && address_is_no_host(network)))
        return false;
    if (gateway == IP4_ANY)
        return true;
    if (address_is_no_host(gateway) || gateway == leat_ip_v4_number(lease->ip))
        return false;
    return is_in_prefix(lease, gateway) ? !is_edge(lease, gateway)
                                        : is_routed_on_link(lease, gateway);
}

/* Takes the routes of option 121 that are on the link, or the others; false: it is malformed. */
static bool take_routes(struct leat_dhcp *dhcp, int32_t len, bool on_link)
{
    struct leat_dhcp_lease *lease = &dhcp->read;
    int32_t at = 0;

    leat_assert(len <= DHCP_LONG_BYTES);
    leat_debug_assert(lease->route_count <= LEAT_DHCP_ROUTES_MAX);
    while (at < len) {
        struct leat_dhcp_route route;
        const int32_t bytes = read_route(dhcp->option + at, len - at, &route);

        if (bytes < 0)
            return false;
        at += bytes;
        if (is_on_link(&route) != on_link)
            continue;
        if (lease->route_count < LEAT_DHCP_ROUTES_MAX && route_can_be(lease, &route))
            lease->routes[lease->route_count++] = route;
        else
            dhcp->counts.ignored_parts++;
    }
    return true;
}

/* Option 121 (RFC 3442); false: it is malformed.  Gateways may be on a link that another route of
 * it makes, wherever that stands. */
static bool read_routes(struct leat_dhcp *dhcp, const struct wire_dhcp_options *options)
{
    const int32_t len = wire_dhcp_option(options, DHCP_ROUTES, dhcp->option, sizeof dhcp->option);

    if (!dhcp->config.routes || len < 0)
        return true;
    if (len == 0 || len > DHCP_LONG_BYTES || !take_routes(dhcp, len, true) ||
        !take_routes(dhcp, len, false))
        return false;
    dhcp->read.router_count = 0; /* RFC 3442: option 3 is ignored then */
    return true;
}

/* Option 43 (RFC 2132 8.4): bytes that only the program understands, so it says who it is. */
static void read_vendor(struct leat_dhcp *dhcp, const struct wire_dhcp_options *options)
{
    struct leat_dhcp_lease *lease = &dhcp->read;
    const int32_t len =
        wire_dhcp_option(options, DHCP_VENDOR_SPECIFIC, lease->vendor, sizeof lease->vendor);

    if (dhcp->config.vendor_class && len > 0 && len <= (int32_t)sizeof lease->vendor)
        lease->vendor_bytes = (uint8_t)len;
    else
        memset(lease->vendor, 0, sizeof lease->vendor);
    dhcp->counts.ignored_parts += len > (int32_t)sizeof lease->vendor;
}

static enum dhcp_flaw read_parameters(struct leat_dhcp *dhcp,
                                      const struct wire_dhcp_options *options)
{
    struct leat_dhcp_lease *lease = &dhcp->read;
    uint8_t mtu[2];
    int32_t len;

    if (!read_hosts(dhcp, options, DHCP_ROUTERS, lease->routers, &lease->router_count) ||
        !read_hosts(dhcp, options, DHCP_NAME_SERVERS, lease->name_servers,
                    &lease->name_server_count) ||
        !read_hosts(dhcp, options, DHCP_NTP_SERVERS, lease->ntp_servers,
                    &lease->ntp_server_count) ||
        !read_routes(dhcp, options))
        return DHCP_FLAW_FORMAT;
    if (wire_dhcp_option(options, DHCP_MTU, mtu, sizeof mtu) == sizeof mtu && get16(mtu) >= MTU_MIN)
        lease->mtu = get16(mtu);
    if (dhcp->config.ipv6_only && wire_dhcp_option32(options, DHCP_V6ONLY, &lease->ipv6_only_s) &&
        lease->ipv6_only_s < IPV6_ONLY_S_MIN)
        lease->ipv6_only_s = IPV6_ONLY_S_MIN;
    read_vendor(dhcp, options);
    dhcp_name_read(options, DHCP_HOST_NAME, lease->host_name);
    dhcp_name_read(options, DHCP_DOMAIN_NAME, lease->domain_name);
    len = wire_dhcp_option(options, DHCP_SEARCH, dhcp->option, sizeof dhcp->option);
    if (len > DHCP_LONG_BYTES ||
        (len >= 0 && !dhcp_search_read(dhcp->option, (uint32_t)len, lease->search)))
        return DHCP_FLAW_FORMAT;
    return DHCP_SOUND;
}

enum dhcp_flaw dhcp_lease_read(struct leat_dhcp *dhcp, const struct wire_dhcp *message,
                               const struct wire_dhcp_options *options)
{
    struct leat_dhcp_lease *lease = &dhcp->read;
    enum dhcp_flaw flaw;
    leat_ip4 server = 0;

    memset(lease, 0, sizeof *lease);
    wire_dhcp_option32(options, DHCP_SERVER_ID, &server);
    lease->server = leat_ip_v4(server);
    flaw = read_address(lease, options, dhcp->informs ? dhcp->ip_want : message->yiaddr);
    if (flaw == DHCP_SOUND && !dhcp->informs)
        flaw = read_times(lease, options, dhcp->config.lease_s_min);
    return flaw == DHCP_SOUND ? read_parameters(dhcp, options) : flaw;
}
