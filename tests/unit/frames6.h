/* frames6.h -- builds legal IPv6 frames, and a stack with IPv6. */
#ifndef FRAMES6_H
#define FRAMES6_H

#include "world.h"

enum {
    FRAME6_L4 = 54 /* after the headers of Ethernet and IPv6 */
};

/* Our address, set by the test; a peer on the same link; a group. */
#define IP6_US        ip6_of("2001:db8::1")
#define IP6_PEER      ip6_of("2001:db8::2")
#define IP6_OTHER     ip6_of("2001:db8::3")
#define IP6_PEER_LINK ip6_of("fe80::2")
#define IP6_ALL       ip6_of("ff02::1")

struct leat_ip ip6_of(const char *text);

/* The solicited-node group of @ip (RFC 4291 2.7.1). */
struct leat_ip ip6_asked(struct leat_ip ip);

/* A packet from the peer, with hop limit 64, to us or to the group. */
struct frame frame_ip6(uint8_t next_header, struct leat_ip src, struct leat_ip dst,
                       const void *payload, uint32_t len);

/* The same with the checksum at offset 2 of @payload computed, and hop limit 255. */
struct frame frame_icmp6(struct leat_ip src, struct leat_ip dst, const void *message, uint32_t len);

/* Corrects the checksum of an ICMPv6 message after the IPv6 header. */
void frame_icmp6_repair(struct frame *frame);

struct frame frame_echo6(struct leat_ip src, struct leat_ip dst, uint32_t data_len);

/* A neighbour solicitation (135) or advertisement (136); @mac, @nonce: NULL for none. */
struct frame frame_ndp(uint8_t type, uint8_t flags, struct leat_ip src, struct leat_ip dst,
                       struct leat_ip target, const struct leat_mac *mac, const uint8_t *nonce);

/* A datagram with its checksum. */
struct frame frame_udp6(struct leat_ip src, uint16_t src_port, struct leat_ip dst,
                        uint16_t dst_port, const void *data, uint32_t len);

/* A segment of TCP. */
struct frame frame_tcp6(struct leat_ip src, struct leat_ip dst, const struct frame_segment *segment,
                        const void *data, uint32_t len);

/* Asserts that @sent is a complete IPv6 packet with a correct checksum of this protocol. */
void frame_is_ip6(const struct fake_frame *sent, uint8_t next_header);

/* Asserts that @sent is a complete IPv6 packet with a correct ICMPv6 checksum; returns its type. */
uint8_t frame_icmp6_type(const struct fake_frame *sent);

struct leat_ip frame_ip6_at(const uint8_t *at);

/* A stack with IPv6 and without an IPv4 address; 2001:db8::1/64 and its link-local address are
 * usable, the peer is known, and no frames are pending. */
int world6_setup(void **state);
struct world *world6_create(void);
void world6_settle(struct world *world);

#define world6_test(function)                                                                      \
    cmocka_unit_test_setup_teardown(function, world6_setup, world_teardown)

#endif
