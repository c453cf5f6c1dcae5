/* ip4.h -- an IPv4 address as a number in host byte order, the form that the stack uses inside. */
#ifndef CORE_IP4_H
#define CORE_IP4_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>

#include "core/byte_order.h"

/* 10.0.0.1 is 0x0a000001 on every machine. Converted by leat_ip_v4() and leat_ip_v4_number(). */
typedef uint32_t leat_ip4;

/* A host of either family: an IPv4 address, or the number of an IPv6 address (ip/host.h). */
typedef uint32_t host_id;

#define IP4(a, b, c, d)                                                                            \
    (((leat_ip4)(a) << 24) | ((leat_ip4)(b) << 16) | ((leat_ip4)(c) << 8) | (leat_ip4)(d))
#define IP4_ANY       ((leat_ip4)0)           /* 0.0.0.0: "this host", "no address" */
#define IP4_BROADCAST ((leat_ip4)0xffffffffu) /* 255.255.255.255 (RFC 919) */

/* The network mask of a prefix of 0..32 bits. */
static inline leat_ip4 ip4_mask(uint8_t prefix_bits)
{
    return prefix_bits == 0 ? 0 : (leat_ip4)(0xffffffffu << (32 - prefix_bits));
}

/* True for 224.0.0.0/4 (RFC 1112). */
static inline bool ip4_is_multicast(leat_ip4 ip)
{
    return (ip >> 28) == 0xe;
}

/* True if no host can have the address: 0/8, 127/8, 224/4, and 240/4 with broadcast (RFC 6890). */
static inline bool ip4_is_no_host(leat_ip4 ip)
{
    return ip >> 24 == 0 || ip >> 24 == 127 || ip >> 24 >= 224;
}

/* Stores the number of @ip in *@ip4.  False: @ip is neither an IPv4 address nor "::". */
static inline bool ip4_of(struct leat_ip ip, leat_ip4 *ip4)
{
    uint64_t high;
    uint32_t mark, number;

    /* compares whole words, because this runs for each datagram */
    memcpy(&high, ip.bytes, sizeof high);
    memcpy(&mark, ip.bytes + 8, sizeof mark);
    memcpy(&number, ip.bytes + 12, sizeof number);
    *ip4 = big_endian32(number);
    return (high | (mark ^ big_endian32(0xffff))) == 0 || (high | mark | number) == 0;
}

#endif
