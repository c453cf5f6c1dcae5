/* ipv6.h -- the IPv6 header and its extension headers (RFC 8200). */
#ifndef WIRE_IPV6_H
#define WIRE_IPV6_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>

enum {
    IPV6_HEADER_BYTES = 40,
    IPV6_MTU_MIN = 1280,
    IPV6_PAYLOAD_AT = 4,
    IPV6_NEXT_AT = 6,
    IPV6_HOP_LIMIT_AT = 7,
    IPV6_SRC_AT = 8,
    IPV6_DST_AT = 24
};

/* Values of a Next Header field that IPv6 itself reads. */
enum ipv6_next {
    IPV6_HOP_BY_HOP = 0,
    IPV6_ROUTING = 43,
    IPV6_FRAGMENT = 44,
    IPV6_ICMP = 58,
    IPV6_NONE = 59,
    IPV6_DESTINATION = 60
};

struct wire_ipv6 {
    struct leat_ip src;
    struct leat_ip dst;
    uint32_t flow_label;    /* 20 bits (RFC 6437) */
    uint16_t payload_bytes; /* after this header */
    uint8_t traffic_class;  /* DSCP and ECN */
    uint8_t next_header;
    uint8_t hop_limit;
};

/* Parses a header of a packet of which @total bytes were received, @len of them contiguous.  False:
 * it is truncated, has another version, or claims a longer packet. */
bool wire_ipv6_parse(struct wire_ipv6 *header, const uint8_t *bytes, uint32_t len, uint32_t total);

/* Writes IPV6_HEADER_BYTES. */
void wire_ipv6_emit(const struct wire_ipv6 *header, uint8_t *bytes);

enum {
    IPV6_HEADERS_MAX = 8, /* RFC 8504 5.3: our own limits; packets with more are dropped */
    IPV6_OPTIONS_MAX = 16
};

enum ipv6_chain {
    IPV6_CHAIN_OK,
    IPV6_CHAIN_DROP,   /* drop the packet, send no ICMP error */
    IPV6_CHAIN_PROBLEM /* drop the packet, send a Parameter Problem */
};

/* The headers between the IPv6 header and the upper layer. */
struct wire_ipv6_chain {
    uint32_t bytes;       /* offset of the upper layer, counted from the IPv6 header */
    uint32_t next_at;     /* offset of the Next Header field that names the upper layer */
    uint32_t problem_at;  /* offset of the faulty field */
    uint8_t problem_code; /* RFC 4443 3.4 */
    uint8_t next_header;  /* the upper layer */
    bool tell_groups;     /* report the problem even for a packet to a group (RFC 4443 2.4 (e.3)) */
    bool had_fragments;   /* there is a fragment header */
    bool is_alert;        /* has the router alert option for MLD (RFC 2711) */
    bool is_fragment;     /* is a fragment; `bytes` is the offset after the fragment header */
};

/* Walks the header chain of a packet whose IPv6 header has been parsed. @len bytes of it are
 * contiguous and include all headers.  @to_group: the destination is multicast. */
enum ipv6_chain wire_ipv6_walk(struct wire_ipv6_chain *chain, const uint8_t *bytes, uint32_t len,
                               bool to_group);

/* wire_ipv6_walk() for a reassembled packet or a first fragment: the walk continues after a
 * fragment header. */
enum ipv6_chain wire_ipv6_walk_whole(struct wire_ipv6_chain *chain, const uint8_t *bytes,
                                     uint32_t len, bool to_group);

/* True if a payload of @len bytes that starts with @next_header is an ICMPv6 error or a redirect,
 * possibly after extension headers. These never cause an error message (RFC 4443 2.4 (e)). */
bool wire_ipv6_is_error(uint8_t next_header, const uint8_t *bytes, uint32_t len);

/* The sum of a pseudo-header (RFC 8200 8.1). */
uint64_t checksum_pseudo6(const struct leat_ip *src, const struct leat_ip *dst, uint8_t next_header,
                          uint32_t length);

#endif
