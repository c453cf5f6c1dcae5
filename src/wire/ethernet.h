/* ethernet.h -- the frame header (RFC 894, IEEE 802.3). */
#ifndef WIRE_ETHERNET_H
#define WIRE_ETHERNET_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <leat/addr.h>

#include "core/ip4.h"
#include "wire/bytes.h"
#include "core/cold.h"

enum {
    ETHERNET_HEADER_BYTES = 14,
    ETHERNET_VLAN_BYTES = 4,  /* an 802.1Q tag before the type */
    ETHERNET_VLAN_ID = 0xfff, /* mask of a tag's first two bytes: the VLAN */
    ETHERNET_FRAME_MIN = 60   /* without the FCS */
};

enum ethernet_type {
    ETHERNET_IPV4 = 0x0800,
    ETHERNET_ARP = 0x0806,
    ETHERNET_VLAN = 0x8100,      /* 802.1Q */
    ETHERNET_IPV6 = 0x86dd,      /* RFC 2464 3 */
    ETHERNET_VLAN_STACK = 0x88a8 /* 802.1ad */
};

struct wire_ethernet {
    struct leat_mac dst;
    struct leat_mac src;
    uint16_t type;
};

/* Accessors for a header of at least 14 bytes. */
static inline const struct leat_mac *wire_ethernet_dst(const uint8_t *bytes)
{
    return (const struct leat_mac *)(const void *)bytes; /* a struct of octets needs no alignment */
}

static inline const struct leat_mac *wire_ethernet_src(const uint8_t *bytes)
{
    return wire_ethernet_dst(bytes + sizeof(struct leat_mac));
}

static inline uint16_t wire_ethernet_type(const uint8_t *bytes)
{
    return get16(bytes + 12);
}

/* Parses the whole header.  False: fewer than 14 bytes. */
static inline bool wire_ethernet_parse(struct wire_ethernet *header, const uint8_t *bytes,
                                       uint32_t len)
{
    if (len < ETHERNET_HEADER_BYTES)
        return false;
    header->dst = *wire_ethernet_dst(bytes);
    header->src = *wire_ethernet_src(bytes);
    header->type = wire_ethernet_type(bytes);
    return true;
}

/* Writes 14 bytes. */
static inline void wire_ethernet_emit(const struct wire_ethernet *header, uint8_t *bytes)
{
    memcpy(bytes, header->dst.octet, 6);
    memcpy(bytes + 6, header->src.octet, 6);
    put16(bytes + 12, header->type);
}

/* True for broadcast and multicast. */
static inline bool mac_is_group(const struct leat_mac *mac)
{
    return mac->octet[0] & 1;
}

static inline bool mac_equal(const struct leat_mac *a, const struct leat_mac *b)
{
    return memcmp(a->octet, b->octet, sizeof a->octet) == 0;
}

/* ff:ff:ff:ff:ff:ff */
extern const struct leat_mac mac_broadcast;

/* The Ethernet address of an IPv4 multicast group: its low 23 bits (RFC 1112 6.4). */
COLD struct leat_mac mac_of_group(leat_ip4 group);

#endif
