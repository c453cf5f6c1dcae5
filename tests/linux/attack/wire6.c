/* wire6.c -- IPv6 and neighbour discovery (RFC 8200, RFC 4861), built and parsed by hand. */
#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>

#include "wire_inside.h"

enum {
    NEIGHBOUR_SOLICITATION = 135,
    NEIGHBOUR_ADVERTISEMENT,
    HOPS_ON_LINK = 255,
    MESSAGE_BYTES = 24,
    OPTION_BYTES = 8, /* a station */
    SOURCE_STATION = 1,
    TARGET_STATION = 2
};

static const uint8_t documentation[4] = {0x20, 0x01, 0x0d, 0xb8}; /* RFC 3849 */

/* 2001:db8:AABB:CCDD::1 */
static void put_ours(uint8_t *at, uint32_t ip)
{
    memset(at, 0, 16);
    memcpy(at, documentation, sizeof documentation);
    put32(at + 4, ip);
    at[15] = 1;
}

/* Maps an address back to its IPv4 address; false if there is none. */
static bool get_ours(const uint8_t *at, uint32_t *ip)
{
    uint8_t same[16];

    *ip = get32(at + 4);
    put_ours(same, *ip);
    return memcmp(at, same, sizeof same) == 0;
}

static uint32_t write_header(uint8_t *ip, uint8_t protocol, uint8_t hops, uint32_t len)
{
    ip[0] = 0x60;
    put16(ip + 4, len);
    ip[6] = protocol;
    ip[7] = hops;
    return wire_sum(ip + 8, 32, protocol + len);
}

/* Sends a solicitation or an advertisement for @target with our MAC address, as the gateway.
 */
static void send_message(struct wire *wire, const uint8_t *station, const uint8_t *to, uint8_t type,
                         const uint8_t *target)
{
    uint8_t frame[ETH_BYTES + IP6_BYTES + MESSAGE_BYTES + OPTION_BYTES] = {0};
    uint8_t *ip = frame + ETH_BYTES, *icmp = ip + IP6_BYTES, *option = icmp + MESSAGE_BYTES;
    const uint32_t len = MESSAGE_BYTES + OPTION_BYTES;
    const bool says = type == NEIGHBOUR_ADVERTISEMENT;

    wire_ethernet(wire, frame, station, ETHERTYPE_IPV6);
    memcpy(ip + 8, wire->gateway6, 16);
    memcpy(ip + 24, to, 16);
    icmp[0] = type;
    icmp[4] = says ? 0xe0 : 0; /* router, solicited, override */
    memcpy(icmp + 8, target, 16);
    option[0] = says ? TARGET_STATION : SOURCE_STATION;
    option[1] = 1; /* of 8 bytes */
    memcpy(option + 2, wire->station, ETH_ALEN);
    put16(icmp + 2,
          wire_checksum(wire_sum(icmp, len, write_header(ip, IPPROTO_ICMPV6, HOPS_ON_LINK, len))));
    wire_transmit(wire, frame, sizeof frame);
}

void wire6_ask(struct wire *wire)
{
    const uint8_t *last = wire->server6 + 13; /* RFC 4291 2.7.1: the solicited-node group */
    const uint8_t group[16] = {0xff, 0x02, [11] = 1, 0xff, last[0], last[1], last[2]};
    const uint8_t station[ETH_ALEN] = {0x33, 0x33, 0xff, last[0], last[1], last[2]};

    send_message(wire, station, group, NEIGHBOUR_SOLICITATION, wire->server6);
}

void wire6_take(struct wire *wire, const uint8_t *frame, size_t len)
{
    const uint8_t *ip = frame + ETH_BYTES, *icmp = ip + IP6_BYTES, *target = icmp + 8;
    uint32_t which;

    if (len < ETH_BYTES + IP6_BYTES + MESSAGE_BYTES || ip[6] != IPPROTO_ICMPV6)
        return;
    if (icmp[0] == NEIGHBOUR_ADVERTISEMENT && memcmp(target, wire->server6, 16) == 0)
        memcpy(wire->server_station, frame + ETH_ALEN, ETH_ALEN);
    if (icmp[0] == NEIGHBOUR_SOLICITATION &&
        (memcmp(target, wire->gateway6, 16) == 0 ||
         (get_ours(target, &which) && wire_is_ours(wire, which))))
        send_message(wire, frame + ETH_ALEN, ip + 8, NEIGHBOUR_ADVERTISEMENT, target);
}

uint32_t wire6_write(const struct wire *wire, uint8_t *ip, uint8_t protocol, uint32_t from,
                     uint32_t len)
{
    put_ours(ip + 8, from);
    memcpy(ip + 24, wire->server6, 16);
    return write_header(ip, protocol, 64, len);
}

size_t wire6_read(const struct wire *wire, const uint8_t *ip, size_t len, size_t *total,
                  uint32_t *to)
{
    if (len < IP6_BYTES || ip[0] >> 4 != 6 || ip[6] != IPPROTO_TCP ||
        memcmp(ip + 8, wire->server6, 16) != 0 || !get_ours(ip + 24, to))
        return 0;
    /* 0: a super-frame, longer than the field allows */
    *total = get16(ip + 4) ? IP6_BYTES + (size_t)get16(ip + 4) : len;
    return IP6_BYTES;
}
