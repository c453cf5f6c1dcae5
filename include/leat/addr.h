/* addr.h -- link and internet addresses, and how they are written. */
#ifndef LEAT_ADDR_H
#define LEAT_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <leat/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * An address of either family, in network byte order (RFC 4291).  An IPv4 address is stored as an
 * IPv4-mapped one, \::ffff:a.b.c.d (RFC 4291 2.5.5.2).
 */
struct leat_ip {
    uint8_t bytes[16]; /**< in network byte order */
};

/**
 * Initializer of a struct leat_ip with the IPv4 address a.b.c.d, static ones too.  LEAT_IP4() is
 * the same as an expression, which `gcc -Wpedantic` doesn't accept as a constant.
 */
#define LEAT_IP4_INIT(a, b, c, d)                                                                  \
    {                                                                                              \
        {                                                                                          \
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, (uint8_t)(a), (uint8_t)(b), (uint8_t)(c),    \
                (uint8_t)(d)                                                                       \
        }                                                                                          \
    }

#ifdef __cplusplus
#define LEAT_IP4(a, b, c, d) (leat_ip LEAT_IP4_INIT(a, b, c, d))
#define LEAT_IP_ANY          (leat_ip{{0}})
#else
/** The address a.b.c.d. */
#define LEAT_IP4(a, b, c, d) ((struct leat_ip)LEAT_IP4_INIT(a, b, c, d))
/** "::", RFC 4291 2.5.2: no address or, to listen on, every address of both families. */
#define LEAT_IP_ANY          ((struct leat_ip){{0}})
#endif

#define LEAT_IP4_ANY       LEAT_IP4(0, 0, 0, 0)         /**< all of our IPv4 addresses */
#define LEAT_IP4_BROADCAST LEAT_IP4(255, 255, 255, 255) /**< RFC 919 */

/** A 48-bit Ethernet address, in network byte order. */
struct leat_mac {
    uint8_t octet[6]; /**< in network byte order */
};

/** An address and a port: one end of a connection or a flow. */
struct leat_endpoint {
    struct leat_ip ip; /**< of either family */
    uint16_t port;     /**< host byte order */
    uint8_t zone;      /**< RFC 4007: which netif a link-local address lies on, counted from 1 in
                            the order of leat_attach(); 0: any, or the address is not link-local */
};

#define LEAT_IP_TEXT_BYTES       40 /**< of leat_ip_format(), the final NUL included */
#define LEAT_ENDPOINT_TEXT_BYTES 52 /**< of leat_endpoint_format(), the same */

/**
 * Reads "10.0.0.2" or "2001:db8::1" from @p text (NUL-terminated; nothing may follow).  IPv6 as in
 * RFC 4291 2.2; the numbers of an IPv4 address, or of an IPv4 ending (RFC 5954 4.1), are decimal
 * without leading zeros.  False: anything else; @p ip is untouched.
 */
bool leat_ip_parse(const char *text, struct leat_ip *ip);

/**
 * Reads "10.0.0.2/24" or "2001:db8::1/64".  Without "/n" the prefix is 32 or 128.
 * False: no address, or a prefix that is not 0..32 or 0..128; the results are untouched.
 */
bool leat_ip_parse_cidr(const char *text, struct leat_ip *ip, uint8_t *prefix_bits);

/** Writes "10.0.0.2", or "2001:db8::1" as in RFC 5952; returns the length without the NUL. */
size_t leat_ip_format(struct leat_ip ip, char text[LEAT_IP_TEXT_BYTES]);

/**
 * Reads "10.0.0.2:80", "[2001:db8::1]:80" or, with a zone, "[fe80::1%2]:80" (RFC 5952 6, RFC 4007
 * 11).  False: anything else; @p endpoint is untouched.
 */
bool leat_endpoint_parse(const char *text, struct leat_endpoint *endpoint);

/** Writes the same; returns the length without the NUL. */
size_t leat_endpoint_format(const struct leat_endpoint *endpoint,
                            char text[LEAT_ENDPOINT_TEXT_BYTES]);

/** Reads "02:00:00:00:00:01".  False: anything else; @p mac is untouched. */
bool leat_mac_parse(const char *text, struct leat_mac *mac);

/** The IPv4 address whose 32-bit value is @p number: 10.0.0.1 is 0x0a000001 on every machine. */
LEAT_INLINE struct leat_ip leat_ip_v4(uint32_t number)
{
    struct leat_ip ip = LEAT_IP4_INIT(0, 0, 0, 0);

    ip.bytes[12] = (uint8_t)(number >> 24);
    ip.bytes[13] = (uint8_t)(number >> 16);
    ip.bytes[14] = (uint8_t)(number >> 8);
    ip.bytes[15] = (uint8_t)number;
    return ip;
}

/** The inverse.  For an IPv6 address: its last 32 bits. */
LEAT_INLINE uint32_t leat_ip_v4_number(struct leat_ip ip)
{
    return (uint32_t)ip.bytes[12] << 24 | (uint32_t)ip.bytes[13] << 16 |
           (uint32_t)ip.bytes[14] << 8 | ip.bytes[15];
}

/** An address and a port, without a zone. */
LEAT_INLINE struct leat_endpoint leat_endpoint_of(struct leat_ip ip, uint16_t port)
{
    struct leat_endpoint endpoint = {ip, port, 0};

    return endpoint;
}

/** True if both addresses are the same. */
LEAT_INLINE bool leat_ip_equal(struct leat_ip a, struct leat_ip b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

/** True if both endpoints are the same, zone included. */
LEAT_INLINE bool leat_endpoint_equal(const struct leat_endpoint *a, const struct leat_endpoint *b)
{
    return leat_ip_equal(a->ip, b->ip) && a->port == b->port && a->zone == b->zone;
}

/** True for an IPv4 address. */
LEAT_INLINE bool leat_ip_is_v4(struct leat_ip ip)
{
    const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    return memcmp(ip.bytes, mapped, sizeof mapped) == 0;
}

/** True for "::" and for 0.0.0.0. */
LEAT_INLINE bool leat_ip_is_any(struct leat_ip ip)
{
    return leat_ip_equal(ip, leat_ip_v4(0)) || leat_ip_equal(ip, LEAT_IP_ANY);
}

/** True for ff00::/8 (RFC 4291 2.7) and 224.0.0.0/4 (RFC 1112 4). */
LEAT_INLINE bool leat_ip_is_multicast(struct leat_ip ip)
{
    return ip.bytes[0] == 0xff || (leat_ip_is_v4(ip) && ip.bytes[12] >> 4 == 0xe);
}

/** True for fe80::/10 (RFC 4291 2.5.6) and 169.254.0.0/16 (RFC 3927). */
LEAT_INLINE bool leat_ip_is_link_local(struct leat_ip ip)
{
    if (leat_ip_is_v4(ip))
        return ip.bytes[12] == 169 && ip.bytes[13] == 254;
    return ip.bytes[0] == 0xfe && ip.bytes[1] >> 6 == 2;
}

/** True for ::1 (RFC 4291 2.5.3) and 127.0.0.0/8 (RFC 1122 3.2.1.3). */
LEAT_INLINE bool leat_ip_is_loopback(struct leat_ip ip)
{
    const struct leat_ip one = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

    return leat_ip_is_v4(ip) ? ip.bytes[12] == 127 : leat_ip_equal(ip, one);
}

#ifdef __cplusplus
}
#endif
#endif
