/* addr.h -- link and internet addresses, and how they are written. */
#ifndef LEAT_ADDR_H
#define LEAT_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An IPv4 address as a number: 10.0.0.1 is 0x0a000001 on every machine. */
typedef uint32_t leat_ip4;

/** The address a.b.c.d. */
#define LEAT_IP4(a, b, c, d)                                                                       \
    (((leat_ip4)(a) << 24) | ((leat_ip4)(b) << 16) | ((leat_ip4)(c) << 8) | (leat_ip4)(d))

#define LEAT_IP4_ANY       ((leat_ip4)0)           /**< 0.0.0.0: "this host", "no address" */
#define LEAT_IP4_BROADCAST ((leat_ip4)0xffffffffu) /**< 255.255.255.255 (RFC 919) */

/** A 48-bit Ethernet address, in the order of the wire. */
struct leat_mac {
    uint8_t octet[6]; /**< the first is the first on the wire */
};

/** An address with its port: one end of a conversation. */
struct leat_endpoint {
    leat_ip4 ip;   /**< as a number, like all leat_ip4 */
    uint16_t port; /**< host byte order */
};

/** Bytes that leat_ip4_format() may write, the final NUL included. */
#define LEAT_IP4_TEXT_BYTES 16

/**
 * Reads "10.0.0.2" from @p text (NUL-terminated; nothing may follow).
 * False: not four decimal numbers 0..255 without leading zeros; @p ip is untouched.
 */
bool leat_ip4_parse(const char *text, leat_ip4 *ip);

/**
 * Reads "10.0.0.2/24".  Without "/n" the prefix is 32.
 * False: no address, or a prefix that is not 0..32; the results are untouched.
 */
bool leat_ip4_parse_cidr(const char *text, leat_ip4 *ip, uint8_t *prefix_bits);

/** Writes "10.0.0.2" and a NUL; returns the length without the NUL. */
size_t leat_ip4_format(leat_ip4 ip, char text[LEAT_IP4_TEXT_BYTES]);

/** Reads "02:00:00:00:00:01".  False: anything else; @p mac is untouched. */
bool leat_mac_parse(const char *text, struct leat_mac *mac);

/** The network mask of a prefix of 0..32 bits. */
static inline leat_ip4 leat_ip4_mask(uint8_t prefix_bits)
{
    return prefix_bits == 0 ? 0 : (leat_ip4)(0xffffffffu << (32 - prefix_bits));
}

/** True for 224.0.0.0/4 (RFC 1112). */
static inline bool leat_ip4_is_multicast(leat_ip4 ip)
{
    return (ip >> 28) == 0xe;
}

#ifdef __cplusplus
}
#endif
#endif
