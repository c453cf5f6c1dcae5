/*
 * translate.h -- a wire with IPv4 at the test's end and IPv6 at the stack's.
 *
 * So a conversation that is written down once, in frames of IPv4, is held over both families.  It
 * is the translator of RFC 7915, as far as one host's link needs it, with ARP for neighbour
 * discovery (RFC 826, 4861).  It shares nothing with the stack.
 *
 * A header of IPv6 is 20 bytes longer: with an MTU that is larger by that (as packetdrill does it)
 * segments have the same sizes in both.  What else a family makes different is in the table of
 * RFC 7915 4.2, or has no counterpart and is lost here: "don't fragment", source quench, options of
 * IPv4.
 *
 *      translate.c         headers, addresses, checksums
 *      translate_icmp.c    errors and what they quote
 *      translate_ndp.c     ARP
 */
#ifndef FAMILY_TRANSLATE_H
#define FAMILY_TRANSLATE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    TRANSLATE_PREFIX_BITS = 32, /* a prefix of IPv4 is longer by so much in IPv6 */
    TRANSLATE_MTU_MORE = 20,
    TRANSLATE_GROWTH = 64 /* bytes that a frame may need more */
};

/* The address of IPv6 that stands for one of IPv4: 2001:db8:c000:201::1 for 192.0.2.1 (nearly as in
 * RFC 6052 2.2), so that each is a site of its own; and the special ones. */
void translate_address(uint32_t ip4, uint8_t ip6[16]);

/* The other way; false: it stands for none. */
bool translate_back(const uint8_t ip6[16], uint32_t *ip4);

/* An Ethernet frame, in its place; the new length, 0: nothing stands for it.  What is neither whole
 * IPv4 (IPv6) nor ARP (neighbour discovery) stays as it is.  @len may be less than the packet's. */
uint32_t translate_to_ipv6(uint8_t *frame, uint32_t len);
uint32_t translate_to_ipv4(uint8_t *frame, uint32_t len);

/* True if LEAT_TEST_FAMILY asks for IPv6. */
bool translate_wanted(void);

/* ---- between its files ------------------------------------------------------------------------
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

/* RFC 1071, over @bytes and on top of @start. */
uint16_t tr_sum(const uint8_t *bytes, uint32_t len, uint32_t start);

/* The checksum of ICMPv6 (RFC 4443 2.3) of a message of @len bytes behind the header @ip6. */
uint16_t tr_icmp6_sum(const uint8_t *ip6, const uint8_t *message, uint32_t len);

/* A header of 20 bytes becomes one of 40, and the other way; addresses stand for each other. */
void tr_header_to6(const uint8_t ip4[TR_IP4], uint8_t ip6[TR_IP6]);
bool tr_header_to4(const uint8_t ip6[TR_IP6], uint8_t ip4[TR_IP4]);

/* The checksum of the transport at @at, of which @len bytes are there, after its addresses changed:
 * a wrong one stays wrong (RFC 1624). */
void tr_mend(uint8_t *at, uint32_t len, const uint8_t ip4[TR_IP4], const uint8_t ip6[TR_IP6],
             bool to6);

/* A message of ICMP at @message, followed by room, becomes the other's; the new length, 0: none.
 * @to6 is given its new header for the checksum. */
uint32_t tr_icmp_to6(uint8_t *message, uint32_t len, const uint8_t *ip6);
uint32_t tr_icmp_to4(uint8_t *message, uint32_t len);

/* Whole frames of ARP and of neighbour discovery; the new length, 0: none. */
uint32_t tr_arp_to6(uint8_t *frame);
uint32_t tr_ndp_to4(uint8_t *frame);

#endif
