/*
 * translate.h -- a wire with IPv4 at the test's end and IPv6 at the stack's.
 *
 * It runs tests that are written as conversations in IPv4 frames over both families.  It is the
 * translator of RFC 7915, as far as one host's link needs it, with ARP for neighbour discovery
 * (RFC 826, 4861).  It shares no code with the stack.
 *
 * An IPv6 header is 20 bytes longer. The MTU is larger by the same number (packetdrill does this,
 * too), so segments have the same sizes in both families.  Other differences are in the table of
 * RFC 7915 4.2, or have no counterpart and are lost here: "don't fragment", source quench, IPv4
 * options.
 *
 *      translate.c         headers, addresses, checksums
 *      translate_icmp.c    errors and the packets that they quote
 *      translate_ndp.c     ARP
 */
#ifndef FAMILY_TRANSLATE_H
#define FAMILY_TRANSLATE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    TRANSLATE_PREFIX_BITS = 32, /* an IPv6 prefix is longer than its IPv4 counterpart by this */
    TRANSLATE_MTU_MORE = 20,
    TRANSLATE_GROWTH = 64 /* bytes by which a frame may grow */
};

/* The IPv6 address for an IPv4 address: 2001:db8:c000:201::1 for 192.0.2.1 (nearly as in RFC 6052
 * 2.2), so that each is a site of its own; special addresses become their counterparts. */
void translate_address(uint32_t ip4, uint8_t ip6[16]);

/* The reverse; false: there is no counterpart. */
bool translate_back(const uint8_t ip6[16], uint32_t *ip4);

/* Translates an Ethernet frame in place; returns the new length, 0: it has no counterpart.  Frames
 * other than complete IPv4 (IPv6) and ARP (neighbour discovery) stay unchanged.  @len may be less
 * than the packet's length. */
uint32_t translate_to_ipv6(uint8_t *frame, uint32_t len);
uint32_t translate_to_ipv4(uint8_t *frame, uint32_t len);

/* True if LEAT_TEST_FAMILY selects IPv6. */
bool translate_wanted(void);

/* ---- shared by the files of this folder -------------------------------------------------------
 */

enum {
    TR_ETHER = 14,
    TR_IP4 = 20,
    TR_IP6 = 40,
    TR_ICMP = 8,
    TR_MAC = 6
};

uint16_t tr_get16(const uint8_t *at);
uint32_t tr_get32(const uint8_t *at);
void tr_put16(uint8_t *at, uint32_t value);
void tr_put32(uint8_t *at, uint32_t value);

/* The checksum of RFC 1071 over @bytes, added to @start. */
uint16_t tr_sum(const uint8_t *bytes, uint32_t len, uint32_t start);

/* The ICMPv6 checksum (RFC 4443 2.3) of a message of @len bytes with the IPv6 header @ip6. */
uint16_t tr_icmp6_sum(const uint8_t *ip6, const uint8_t *message, uint32_t len);

/* Translates a header of 20 bytes to one of 40, or the reverse, with its addresses. */
void tr_header_to6(const uint8_t ip4[TR_IP4], uint8_t ip6[TR_IP6]);
bool tr_header_to4(const uint8_t ip6[TR_IP6], uint8_t ip4[TR_IP4]);

/* Updates the checksum of the transport header at @at, of which @len bytes exist, after its
 * addresses have changed. An incorrect checksum stays incorrect (RFC 1624). */
void tr_mend(uint8_t *at, uint32_t len, const uint8_t ip4[TR_IP4], const uint8_t ip6[TR_IP6],
             bool to6);

/* Translates the ICMP message at @message, which has space after it; returns the new length, 0: it
 * has no counterpart.  tr_icmp_to6() needs the new header @ip6 for the checksum. */
uint32_t tr_icmp_to6(uint8_t *message, uint32_t len, const uint8_t *ip6);
uint32_t tr_icmp_to4(uint8_t *message, uint32_t len);

/* Translates frames of ARP and of neighbour discovery; returns the new length, 0: no
 * counterpart. */
uint32_t tr_arp_to6(uint8_t *frame);
uint32_t tr_ndp_to4(uint8_t *frame);

#endif
