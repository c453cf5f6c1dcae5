/*
 * lease.c -- reads the lease in a server's message, and checks it.
 *
 * Only a bad address or lease time makes an answer useless. Every other malformed or impossible
 * part is left out and counted, and the rest is used: udhcpc and other clients do the same, and
 * networks rely on it.
 */
#include <string.h>

#include "core/assert.h"
#include "proto/dhcp/dhcp.h"
#include "wire/bytes.h"

enum {
    LEASE_S_DEFAULT = 3600, /* if the server sends none; udhcpc's default */
    MTU_MIN = 576,          /* RFC 791 3.2: every host must accept this size */
    IPV6_ONLY_S_MIN = 300,  /* RFC 8925 3.4: MIN_V6ONLY_WAIT */
    IP_BYTES = 4
};

/* The default prefix length is that of the address class (RFC 1122 3.2.1.3). */
static uint8_t class_bits(leat_ip4 ip)
{
    return ip >> 31 == 0 ? 8 : ip >> 30 == 2 ? 16 : 24;
}

/* Counts the leading ones of @mask; false: it has other ones, too. */
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

/* True for the first and last address of a prefix, which no host can have (except in a /31,
 * RFC 3021). */
static bool is_edge(const struct leat_dhcp_lease *lease, leat_ip4 ip)
{
    const leat_ip4 host = ~ip4_mask(lease->prefix_bits);

    leat_debug_assert(lease->prefix_bits <= 32);
    return lease->prefix_bits <= 30 && is_in_prefix(lease, ip) &&
           ((ip & host) == 0 || (ip & host) == host);
}

/* Counts a part of the answer that is left out, in option @code (0: in the header). */
static void leave_out(struct leat_dhcp *dhcp, uint8_t code)
{
    struct leat_dhcp_lease *lease = &dhcp->read;

    if (lease->ignored_parts == 0)
        lease->ignored_option = code;
    if (lease->ignored_parts < UINT8_MAX)
        lease->ignored_parts++;
    dhcp->counts.ignored_parts++;
}

/* Reads an option of 4 bytes; false: it is missing, or is left out because of its length. */
static bool read32(struct leat_dhcp *dhcp, const struct wire_dhcp_options *options, uint8_t code,
                   uint32_t *value)
{
    if (wire_dhcp_option32(options, code, value))
        return true;
    /* Present, but of another length. */
    if (wire_dhcp_option(options, code, 0, 0) >= 0)
        leave_out(dhcp, code);
    return false;
}

static enum dhcp_flaw read_address(struct leat_dhcp *dhcp, const struct wire_dhcp_options *options,
                                   leat_ip4 ip)
{
    struct leat_dhcp_lease *lease = &dhcp->read;
    uint32_t mask;
    uint8_t bits;

    lease->ip = leat_ip_v4(ip);
    lease->prefix_bits = class_bits(ip);
    if (read32(dhcp, options, DHCP_MASK, &mask)) {
        if (mask_bits(mask, &bits) && bits > 0)
            lease->prefix_bits = bits;
        else
            leave_out(dhcp, DHCP_MASK);
    }
    if (ip4_is_no_host(ip))
        return DHCP_FLAW_ADDRESS;
    return is_edge(lease, ip) ? DHCP_FLAW_EDGE : DHCP_SOUND;
}

/* RFC 2131 4.4.5: uses T1 and T2 of the server, if they are in order. */
static enum dhcp_flaw read_times(struct leat_dhcp *dhcp, const struct wire_dhcp_options *options)
{
    struct leat_dhcp_lease *lease = &dhcp->read;

    if (!read32(dhcp, options, DHCP_LEASE_TIME, &lease->lease_s))
        lease->lease_s = LEASE_S_DEFAULT;
    /* A server that leases for a second would keep its clients busy with renewals. */
    if (lease->lease_s < dhcp->config.lease_s_min)
        return DHCP_FLAW_TIME;
    if (!read32(dhcp, options, DHCP_RENEWAL_TIME, &lease->renew_s))
        lease->renew_s = 0;
    if (!read32(dhcp, options, DHCP_REBINDING_TIME, &lease->rebind_s))
        lease->rebind_s = 0;
    if (lease->renew_s == 0 || lease->renew_s >= lease->rebind_s ||
        lease->rebind_s >= lease->lease_s) {
        /* RFC 2131 4.4.5: 0.5 and 0.875 of the lease */
        lease->renew_s = lease->lease_s / 2;
        lease->rebind_s = lease->lease_s - lease->lease_s / 8;
    }
    return DHCP_SOUND;
}

/* Reads the addresses of option @code, or leaves it out if its length doesn't fit. Routers
 * needn't be in our prefix: clouds lease a /32 address, with the router beside it. */
static void read_hosts(struct leat_dhcp *dhcp, const struct wire_dhcp_options *options,
                       uint8_t code, struct leat_ip hosts[LEAT_DHCP_SERVERS_MAX], uint8_t *count)
{
    const int32_t len = wire_dhcp_option(options, code, dhcp->option, sizeof dhcp->option);

    *count = 0;
    if (len < 0)
        return;
    /* A part of a list may end within an address, so it is used whole or not at all. */
    if (len == 0 || len % IP_BYTES || len > DHCP_LONG_BYTES) {
        leave_out(dhcp, code);
        return;
    }
    for (int32_t at = 0; at < len && *count < LEAT_DHCP_SERVERS_MAX; at += IP_BYTES) {
        const leat_ip4 ip = get32(dhcp->option + at);

        if (ip4_is_no_host(ip) || ip == leat_ip_v4_number(dhcp->read.ip) ||
            is_edge(&dhcp->read, ip))
            leave_out(dhcp, code);
        else
            hosts[(*count)++] = leat_ip_v4(ip);
    }
}

/* Reads one route of option 121: prefix length, the significant bytes of the prefix, the
 * gateway. */
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

/* The gateway needn't be in our prefix: by this option the server says that it is on the link. */
static bool route_can_be(const struct leat_dhcp_lease *lease, const struct leat_dhcp_route *route)
{
    const leat_ip4 network = leat_ip_v4_number(route->network);
    const leat_ip4 gateway = leat_ip_v4_number(route->gateway);

    /* RFC 3442 has no bits of the network behind its prefix; with some, the route isn't the one
     * that the administrator meant. */
    if (network & ~ip4_mask(route->prefix_bits) ||
        (route->prefix_bits > 0 && ip4_is_no_host(network)))
        return false;
    return gateway == IP4_ANY || (!ip4_is_no_host(gateway) && !is_edge(lease, gateway) &&
                                  gateway != leat_ip_v4_number(lease->ip));
}

/* Adds the routes of option 121; false: it is malformed. */
static bool take_routes(struct leat_dhcp *dhcp, int32_t len)
{
    struct leat_dhcp_lease *lease = &dhcp->read;
    int32_t at = 0;

    leat_assert(len <= DHCP_LONG_BYTES);
    while (at < len) {
        struct leat_dhcp_route route;
        const int32_t bytes = read_route(dhcp->option + at, len - at, &route);

        if (bytes < 0)
            return false;
        at += bytes;
        leat_debug_assert(lease->route_count <= LEAT_DHCP_ROUTES_MAX);
        if (lease->route_count < LEAT_DHCP_ROUTES_MAX && route_can_be(lease, &route))
            lease->routes[lease->route_count++] = route;
        else
            leave_out(dhcp, DHCP_ROUTES);
    }
    return true;
}

/* Reads option 121 (RFC 3442), or leaves all of it out if it is malformed. */
static void read_routes(struct leat_dhcp *dhcp, const struct wire_dhcp_options *options)
{
    struct leat_dhcp_lease *lease = &dhcp->read;
    const int32_t len = wire_dhcp_option(options, DHCP_ROUTES, dhcp->option, sizeof dhcp->option);

    if (!dhcp->config.routes || len < 0)
        return;
    if (len > 0 && len <= DHCP_LONG_BYTES && take_routes(dhcp, len)) {
        lease->router_count = 0; /* RFC 3442: option 3 is ignored if 121 is there */
        return;
    }
    /* Routes in front of the fault aren't used either: half of a set of routes may lead packets
     * elsewhere. */
    lease->route_count = 0;
    memset(lease->routes, 0, sizeof lease->routes);
    leave_out(dhcp, DHCP_ROUTES);
}

/* Copies option 43 (RFC 2132 8.4). Only the program can interpret it, so the program must set
 * its vendor class. */
static void read_vendor(struct leat_dhcp *dhcp, const struct wire_dhcp_options *options)
{
    struct leat_dhcp_lease *lease = &dhcp->read;
    const int32_t len =
        wire_dhcp_option(options, DHCP_VENDOR_SPECIFIC, lease->vendor, sizeof lease->vendor);

    if (dhcp->config.vendor_class && len > 0 && len <= (int32_t)sizeof lease->vendor)
        lease->vendor_bytes = (uint8_t)len;
    else
        memset(lease->vendor, 0, sizeof lease->vendor);
    if (len > (int32_t)sizeof lease->vendor)
        leave_out(dhcp, DHCP_VENDOR_SPECIFIC);
}

static void read_mtu(struct leat_dhcp *dhcp, const struct wire_dhcp_options *options)
{
    uint8_t mtu[2];
    const int32_t len = wire_dhcp_option(options, DHCP_MTU, mtu, sizeof mtu);

    if (len == sizeof mtu && get16(mtu) >= MTU_MIN)
        dhcp->read.mtu = get16(mtu);
    else if (len >= 0)
        leave_out(dhcp, DHCP_MTU);
}

static void read_search(struct leat_dhcp *dhcp, const struct wire_dhcp_options *options)
{
    char *search = dhcp->read.search;
    const int32_t len = wire_dhcp_option(options, DHCP_SEARCH, dhcp->option, sizeof dhcp->option);

    if (len < 0 ||
        (len <= DHCP_LONG_BYTES && dhcp_search_read(dhcp->option, (uint32_t)len, search)))
        return;
    memset(search, 0, LEAT_DHCP_NAME_BYTES);
    leave_out(dhcp, DHCP_SEARCH);
}

static void read_name(struct leat_dhcp *dhcp, const struct wire_dhcp_options *options, uint8_t code,
                      char *name)
{
    dhcp_name_read(options, code, name);
    if (!name[0] && wire_dhcp_option(options, code, 0, 0) > 0)
        leave_out(dhcp, code);
}

static void read_parameters(struct leat_dhcp *dhcp, const struct wire_dhcp_options *options)
{
    struct leat_dhcp_lease *lease = &dhcp->read;

    /* Routers first, because read_routes() deletes them if option 121 is there. */
    read_hosts(dhcp, options, DHCP_ROUTERS, lease->routers, &lease->router_count);
    read_hosts(dhcp, options, DHCP_NAME_SERVERS, lease->name_servers, &lease->name_server_count);
    read_hosts(dhcp, options, DHCP_NTP_SERVERS, lease->ntp_servers, &lease->ntp_server_count);
    read_routes(dhcp, options);
    read_mtu(dhcp, options);
    if (dhcp->config.ipv6_only && read32(dhcp, options, DHCP_V6ONLY, &lease->ipv6_only_s) &&
        lease->ipv6_only_s < IPV6_ONLY_S_MIN)
        lease->ipv6_only_s = IPV6_ONLY_S_MIN;
    read_vendor(dhcp, options);
    read_name(dhcp, options, DHCP_HOST_NAME, lease->host_name);
    read_name(dhcp, options, DHCP_DOMAIN_NAME, lease->domain_name);
    read_search(dhcp, options);
}

enum dhcp_flaw dhcp_lease_read(struct leat_dhcp *dhcp, const struct wire_dhcp *message,
                               const struct wire_dhcp_options *options, leat_ip4 server)
{
    struct leat_dhcp_lease *lease = &dhcp->read;
    enum dhcp_flaw flaw;
    leat_ip4 said;

    memset(lease, 0, sizeof *lease);
    lease->server = leat_ip_v4(server);
    for (uint32_t i = 0; i < options->flaws; i++)
        leave_out(dhcp, 0);
    if (read32(dhcp, options, DHCP_SERVER_ID, &said) && said != server)
        leave_out(dhcp, DHCP_SERVER_ID);
    /* RFC 2131 4.3.5: an answer to INFORM has no yiaddr and no times. */
    flaw = read_address(dhcp, options, dhcp->informs ? dhcp->ip_want : message->yiaddr);
    if (flaw == DHCP_SOUND && !dhcp->informs)
        flaw = read_times(dhcp, options);
    if (flaw == DHCP_SOUND)
        read_parameters(dhcp, options);
    return flaw;
}
