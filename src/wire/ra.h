/* ra.h -- router advertisements and solicitations (RFC 4861 4.1, 4.2). */
#ifndef WIRE_RA_H
#define WIRE_RA_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>

enum {
    ICMPV6_ROUTER_SOLICITATION = 133,
    ICMPV6_ROUTER_ADVERTISEMENT = 134,
    RA_BYTES = 16,
    RA_OPTIONS_MAX = 64, /* no legitimate message has more: 46 prefixes fill an Ethernet frame */
    RS_BYTES_MAX = 16
};

#define RA_FOR_EVER UINT32_MAX /* a lifetime in seconds */

/* Preference of a router or a route (RFC 4191 2.1). */
enum ra_preference {
    RA_LOW = -1,
    RA_MEDIUM = 0,
    RA_HIGH = 1
};

struct wire_ra {
    uint8_t hop_limit;   /* 0: unspecified, as in the last two */
    bool managed;        /* M flag: addresses by DHCPv6 */
    bool other;          /* O flag: other configuration by DHCPv6 */
    int8_t preference;   /* enum ra_preference; the reserved value is medium (RFC 4191 2.2) */
    uint16_t lifetime_s; /* as a default router; 0: it isn't one */
    uint32_t reachable_ms;
    uint32_t retrans_ms;
};

enum ra_kind {
    RA_OTHER,     /* unknown, to be ignored (RFC 4861 4.2), as the next */
    RA_MALFORMED, /* known, with an impossible length or value */
    RA_SOURCE,    /* the router's Ethernet address */
    RA_PREFIX,
    RA_MTU,
    RA_ROUTE,   /* RFC 4191 2.3 */
    RA_SERVERS, /* RFC 8106 5.1 */
    RA_SEARCH,  /* RFC 8106 5.2 */
    RA_NAT64    /* RFC 8781 4 */
};

struct wire_ra_option {
    uint8_t code;          /* the type of the option */
    uint8_t kind;          /* enum ra_kind; the kinds that use a member: */
    uint8_t prefix_bits;   /* RA_PREFIX, RA_ROUTE, RA_NAT64 */
    bool on_link;          /* RA_PREFIX */
    bool autonomous;       /* RA_PREFIX */
    int8_t preference;     /* RA_ROUTE */
    uint32_t lifetime_s;   /* all but RA_SOURCE and RA_MTU; RA_FOR_EVER */
    uint32_t preferred_s;  /* RA_PREFIX: time until deprecation */
    uint32_t mtu;          /* RA_MTU */
    struct leat_mac mac;   /* RA_SOURCE */
    struct leat_ip prefix; /* RA_PREFIX, RA_ROUTE, RA_NAT64; bits after prefix_bits are 0 */
    const uint8_t *bytes;  /* RA_SERVERS: addresses; RA_SEARCH: names in DNS format, then zeros */
    uint32_t len;
};

/* Parses an advertisement of @len contiguous bytes.  False: it violates RFC 4861 6.1.2 (truncated,
 * code not 0, an option of length 0 or longer than the rest, or too many). */
bool wire_ra_parse(struct wire_ra *ra, const uint8_t *bytes, uint32_t len);

/* Parses the option at *@at (RA_BYTES at first) of a parsed message and advances *@at; false: no
 * more options. */
bool wire_ra_next(struct wire_ra_option *option, const uint8_t *bytes, uint32_t len, uint32_t *at);

/* Formats the name at *@at of an RA_SEARCH option's @bytes into @text of @text_bytes, without the
 * final dot.  False: no more names, or the next is malformed or too long. */
bool wire_ra_name(const uint8_t *bytes, uint32_t len, uint32_t *at, char *text,
                  uint32_t text_bytes);

/* Emits a solicitation with checksum 0; returns its length.  @mac: our address, or NULL to leave it
 * out (RFC 4861 4.1). */
uint32_t wire_rs_emit(uint8_t bytes[RS_BYTES_MAX], const struct leat_mac *mac);

#endif
