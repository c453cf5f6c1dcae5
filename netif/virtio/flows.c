/* flows.c -- the owner of a frame, by the hash of its flow. */
#include "flows.h"

#include <leat/assert.h>

#include <string.h>

enum {
    ETHERNET_BYTES = 14,
    TAG_BYTES = 4,
    TYPE_IPV4 = 0x0800,
    TYPE_ARP = 0x0806,
    TYPE_TAG = 0x8100,
    TYPE_IPV6 = 0x86dd,
    ARP_BYTES = 28,
    ARP_OPERATION_AT = 7,
    ARP_REPLY = 2,
    ARP_SENDER_AT = 14,
    ARP_TARGET_AT = 24,
    IPV4_BYTES_MIN = 20,
    IPV4_FRAGMENT_AT = 6,
    IPV4_PROTOCOL_AT = 9,
    IPV4_SOURCE_AT = 12,
    IPV4_ADDRESS_BYTES = 4,
    IPV6_BYTES = 40,
    IPV6_NEXT_AT = 6,
    IPV6_SOURCE_AT = 8,
    IPV6_ADDRESS_BYTES = 16,
    IPV6_HEADERS_MAX = 8,
    EXTENSION_BYTES_MIN = 8,
    OPTIONS_HOP = 0, /* headers of IPv6 that others follow */
    ROUTING = 43,
    FRAGMENT = 44,
    AUTHENTICATION = 51,
    OPTIONS_DESTINATION = 60,
    PROTOCOL_ICMP = 1,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_ICMP6 = 58,
    PORTS_BYTES = 4,
    TCP_FLAGS_AT = 13,
    TCP_FLAGS = 0x12, /* SYN and ACK */
    TCP_SYN = 0x02,
    PAIR_OF_THE_REST = 0
};

/* Bits @bit to @bit + 31 of the key, which begins with its first byte's highest bit. */
static uint32_t window(const uint8_t *key, unsigned bit)
{
    uint64_t bits = 0;

    for (unsigned i = 0; i < 5; i++)
        bits = bits << 8 | (bit / 8 + i < FLOWS_KEY_BYTES ? key[bit / 8 + i] : 0u);
    return (uint32_t)(bits >> (8 - bit % 8));
}

void virtio_flows_init(struct virtio_flows *flows, const uint8_t key[FLOWS_KEY_BYTES],
                       unsigned pair_count)
{
    leat_assert(pair_count > 0);
    leat_assert(pair_count < FLOWS_EVERYONE); /* a byte of the table */
    memcpy(flows->key, key, FLOWS_KEY_BYTES);
    for (unsigned i = 0; i < FLOWS_TABLE_ENTRIES; i++)
        flows->table[i] = (uint8_t)(i % pair_count);
    for (unsigned i = 0; i < FLOWS_TUPLE_BYTES_MAX; i++) {
        /* the hash of a value is that of one without its lowest bit, and that bit's */
        for (unsigned value = 1; value < 256; value++) {
            unsigned bit = 7;

            for (; !(value >> (7 - bit) & 1); bit--)
                continue;
            flows->hashes[i][value] =
                flows->hashes[i][value & (value - 1)] ^ window(key, 8 * i + bit);
        }
    }
}

/* The hash of two bytes at place @at of a tuple; those of its parts are added by xor. */
static inline uint32_t hash2(const struct virtio_flows *flows, unsigned at, const uint8_t *bytes)
{
    return flows->hashes[at][bytes[0]] ^ flows->hashes[at + 1][bytes[1]];
}

/* The same of @len bytes, a multiple of 4. */
static inline __attribute__((always_inline)) uint32_t
hash_of(const struct virtio_flows *flows, unsigned at, const uint8_t *bytes, unsigned len)
{
    uint32_t hash = 0;

    for (unsigned i = 0; i < len; i += 4)
        hash ^= hash2(flows, at + i, bytes + i) ^ hash2(flows, at + i + 2, bytes + i + 2);
    return hash;
}

uint32_t virtio_flows_hash(const struct virtio_flows *flows, const uint8_t *tuple, unsigned bytes)
{
    leat_assert(bytes <= FLOWS_TUPLE_BYTES_MAX);
    return hash_of(flows, 0, tuple, bytes);
}

/* The two addresses of a packet, and its ports. */
struct tuple {
    const uint8_t *source, *destination;
    unsigned address_bytes;
    const uint8_t *source_port, *destination_port;
};

static inline __attribute__((always_inline)) unsigned pair_of(const struct virtio_flows *flows,
                                                              const struct tuple *tuple)
{
    const unsigned bytes = tuple->address_bytes;
    const uint32_t hash = hash_of(flows, 0, tuple->source, bytes) ^
                          hash_of(flows, bytes, tuple->destination, bytes) ^
                          hash2(flows, 2 * bytes, tuple->source_port) ^
                          hash2(flows, 2 * bytes + 2, tuple->destination_port);

    return flows->table[hash & (FLOWS_TABLE_ENTRIES - 1)];
}

/* The owner of a packet whose addresses lie one behind the other, as do its ports. */
static inline __attribute__((always_inline)) unsigned owner_of(const struct virtio_flows *flows,
                                                               const uint8_t *addresses,
                                                               unsigned address_bytes,
                                                               const uint8_t *ports)
{
    return pair_of(flows, &(struct tuple){addresses, addresses + address_bytes, address_bytes,
                                          ports, ports + 2});
}

static uint16_t read16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static unsigned owner_of_arp(const uint8_t *arp, uint32_t len)
{
    if (len < ARP_BYTES)
        return PAIR_OF_THE_REST;
    /* An announcement (RFC 5227 3) asks nothing, but tells of a new address. */
    return read16(arp + ARP_OPERATION_AT - 1) == ARP_REPLY ||
                   memcmp(arp + ARP_SENDER_AT, arp + ARP_TARGET_AT, IPV4_ADDRESS_BYTES) == 0
               ? FLOWS_EVERYONE
               : PAIR_OF_THE_REST;
}

/* Types of ICMP (RFC 792) that tell of a path: unreachable, time exceeded, parameter problem. */
static bool is_error4(uint8_t type)
{
    return type == 3 || type == 11 || type == 12;
}

/* Types of ICMPv6 that tell of paths (RFC 4443: 1 to 4), routers, neighbours, and redirects (RFC
 * 4861). */
static bool is_told6(uint8_t type)
{
    return (type >= 1 && type <= 4) || type == 134 || type == 136 || type == 137;
}

/* The owner by the header behind those of IP, @len bytes of which are there. */
static inline __attribute__((always_inline)) unsigned
owner_by_protocol(const struct virtio_flows *flows, uint8_t protocol, const uint8_t *addresses,
                  unsigned address_bytes, const uint8_t *at, uint32_t len)
{
    if (protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP)
        return len < PORTS_BYTES ? FLOWS_NOBODY : owner_of(flows, addresses, address_bytes, at);
    if (len > 0 && ((protocol == PROTOCOL_ICMP && is_error4(at[0])) ||
                    (protocol == PROTOCOL_ICMP6 && is_told6(at[0]))))
        return FLOWS_EVERYONE;
    return PAIR_OF_THE_REST;
}

static unsigned owner4(const struct virtio_flows *flows, const uint8_t *ip, uint32_t len)
{
    uint32_t header_bytes;

    if (len < IPV4_BYTES_MIN)
        return FLOWS_NOBODY;
    header_bytes = (ip[0] & 15) * 4u;
    if (ip[0] >> 4 != 4 || header_bytes < IPV4_BYTES_MIN)
        return PAIR_OF_THE_REST; /* its stack counts it */
    if (len < header_bytes)
        return FLOWS_NOBODY;
    /* all bits but "don't fragment": more fragments, and the offset */
    if ((read16(ip + IPV4_FRAGMENT_AT) & 0x3fff) != 0)
        return ip[IPV4_PROTOCOL_AT] == PROTOCOL_TCP ? FLOWS_NOBODY : PAIR_OF_THE_REST;
    return owner_by_protocol(flows, ip[IPV4_PROTOCOL_AT], ip + IPV4_SOURCE_AT, IPV4_ADDRESS_BYTES,
                             ip + header_bytes, len - header_bytes);
}

/* True for a header of IPv6 that another one follows. */
static bool is_extension(uint8_t header)
{
    return header == OPTIONS_HOP || header == ROUTING || header == FRAGMENT ||
           header == AUTHENTICATION || header == OPTIONS_DESTINATION;
}

static uint32_t extension_bytes(uint8_t header, const uint8_t *at)
{
    if (header == FRAGMENT)
        return EXTENSION_BYTES_MIN;
    return header == AUTHENTICATION ? (at[1] + 2u) * 4 : (at[1] + 1u) * 8;
}

/* A fragment of datagrams of UDP or ICMPv6 is put together by pair 0.  Another header than theirs
 * could hide TCP. */
static unsigned owner_of_fragment6(uint8_t next)
{
    return next == PROTOCOL_UDP || next == PROTOCOL_ICMP6 ? PAIR_OF_THE_REST : FLOWS_NOBODY;
}

static unsigned owner6(const struct virtio_flows *flows, const uint8_t *ip, uint32_t len)
{
    uint32_t at = IPV6_BYTES;
    uint8_t next;

    if (len < IPV6_BYTES)
        return FLOWS_NOBODY;
    next = ip[IPV6_NEXT_AT];
    if (ip[0] >> 4 != 6)
        return PAIR_OF_THE_REST;
    for (unsigned i = 0; i < IPV6_HEADERS_MAX && is_extension(next); i++) {
        const uint8_t *header = ip + at;

        if (len - at < EXTENSION_BYTES_MIN || extension_bytes(next, header) > len - at)
            return FLOWS_NOBODY;
        /* an offset, or more fragments; else it is whole (RFC 6946) */
        if (next == FRAGMENT && (read16(header + 2) & 0xfff9) != 0)
            return owner_of_fragment6(header[0]);
        at += extension_bytes(next, header);
        next = header[0];
    }
    if (is_extension(next))
        return FLOWS_NOBODY; /* more of them than we read */
    return owner_by_protocol(flows, next, ip + IPV6_SOURCE_AT, IPV6_ADDRESS_BYTES, ip + at,
                             len - at);
}

/* Goes to the network header; returns its type. */
static uint16_t skip_link(const uint8_t **frame, uint32_t *len)
{
    uint32_t bytes = ETHERNET_BYTES;

    if (*len < ETHERNET_BYTES)
        return 0;
    if (read16(*frame + bytes - 2) == TYPE_TAG && *len >= ETHERNET_BYTES + TAG_BYTES)
        bytes += TAG_BYTES;
    *frame += bytes;
    *len -= bytes;
    return read16(*frame - 2);
}

unsigned virtio_flows_owner(const struct virtio_flows *flows, const uint8_t *frame, uint32_t len)
{
    switch (skip_link(&frame, &len)) {
    case TYPE_IPV4:
        return owner4(flows, frame, len);
    case TYPE_IPV6:
        return owner6(flows, frame, len);
    case TYPE_ARP:
        return owner_of_arp(frame, len);
    default:
        return PAIR_OF_THE_REST;
    }
}

unsigned virtio_flows_answered(const struct virtio_flows *flows, const uint8_t *frame, uint32_t len)
{
    const uint16_t type = skip_link(&frame, &len);
    const bool is_v6 = type == TYPE_IPV6;
    const uint32_t header_bytes =
        is_v6 ? IPV6_BYTES : IPV4_BYTES_MIN; /* the stack sends no others */
    const unsigned address_bytes = is_v6 ? IPV6_ADDRESS_BYTES : IPV4_ADDRESS_BYTES;
    const uint8_t *source = frame + (is_v6 ? IPV6_SOURCE_AT : IPV4_SOURCE_AT);
    const uint8_t *tcp = frame + header_bytes;

    if ((type != TYPE_IPV4 && !is_v6) || len <= header_bytes + TCP_FLAGS_AT ||
        frame[is_v6 ? IPV6_NEXT_AT : IPV4_PROTOCOL_AT] != PROTOCOL_TCP ||
        (tcp[TCP_FLAGS_AT] & TCP_FLAGS) != TCP_SYN)
        return FLOWS_EVERYONE;
    return pair_of(flows,
                   &(struct tuple){source + address_bytes, source, address_bytes, tcp + 2, tcp});
}

unsigned virtio_flows_pair(const struct virtio_flows *flows, const struct leat_endpoint *local,
                           const struct leat_endpoint *remote)
{
    const unsigned bytes = leat_ip_is_v4(remote->ip) ? IPV4_ADDRESS_BYTES : IPV6_ADDRESS_BYTES;
    const uint8_t ports[PORTS_BYTES] = {(uint8_t)(remote->port >> 8), (uint8_t)remote->port,
                                        (uint8_t)(local->port >> 8), (uint8_t)local->port};
    const unsigned first = sizeof remote->ip.bytes - bytes; /* an IPv4 address stands at the end */

    return pair_of(flows, &(struct tuple){remote->ip.bytes + first, local->ip.bytes + first, bytes,
                                          ports, ports + 2});
}
