/*
 * frames.h -- builds legal frames, byte by byte, which tests then corrupt.
 *
 * Nothing here shares code with the stack, so that its parsers aren't tested with their own
 * emitters. A frame is built correctly; a test changes a byte or two and, for deeper faults,
 * corrects the checksums.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/addr.h>

#include "core/ip4.h"

enum {
    FRAME_ETH = 0, /* offsets in a frame without IP options */
    FRAME_IP = 14,
    FRAME_L4 = 34,
    FRAME_UDP_DATA = 42,
    FRAME_ICMP_DATA = 42
};

struct frame {
    uint8_t bytes[2048];
    uint32_t len;
};

/* The two ends; IP_US is the address of the stack under test. */
#define IP_US    IP4(10, 0, 0, 1)
#define IP_PEER  IP4(10, 0, 0, 2)
#define IP_OTHER IP4(10, 0, 0, 3)
extern const struct leat_mac MAC_US, MAC_PEER, MAC_OTHER, MAC_ALL;

uint16_t frame_get16(const uint8_t *at);
uint32_t frame_get32(const uint8_t *at);
void frame_put16(uint8_t *at, uint32_t value);
void frame_put32(uint8_t *at, uint32_t value);

/* The Internet checksum of RFC 1071, as in its C example. */
uint16_t frame_sum(const uint8_t *bytes, uint32_t len, uint32_t start);

/* An Ethernet frame from the peer to us. */
struct frame frame_ethernet(uint16_t type, const void *payload, uint32_t len);

/* An ARP packet: a request is broadcast, a reply goes to us. */
struct frame frame_arp(uint16_t operation, const struct leat_mac *sha, leat_ip4 spa, leat_ip4 tpa);

/* An IPv4 packet with @options_len bytes of options (a multiple of 4). */
struct frame frame_ip_with(uint8_t protocol, leat_ip4 src, leat_ip4 dst, const void *options,
                           uint32_t options_len, const void *payload, uint32_t len);
struct frame frame_ip(uint8_t protocol, leat_ip4 src, leat_ip4 dst, const void *payload,
                      uint32_t len);

/* A fragment at @offset bytes; @more: not the last one. */
struct frame frame_fragment(uint8_t protocol, uint16_t id, uint32_t offset, bool more,
                            const void *payload, uint32_t len);

struct frame frame_icmp(leat_ip4 src, leat_ip4 dst, uint8_t type, uint8_t code, uint32_t detail,
                        const void *data, uint32_t len);
struct frame frame_udp(leat_ip4 src, uint16_t src_port, leat_ip4 dst, uint16_t dst_port,
                       const void *data, uint32_t len);

/* The fields of a TCP segment; zero addresses and ports mean the peer's and ours. */
struct frame_segment {
    uint16_t src_port, dst_port;
    uint32_t seq, ack;
    uint8_t flags; /* FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32 */
    uint16_t window, urgent;
    const void *options;
    uint32_t options_len; /* a multiple of 4 */
};

struct frame frame_tcp(const struct frame_segment *segment, const void *data, uint32_t len);

/* Correct the checksums after a change. */
void frame_seal_ip(struct frame *frame);
void frame_seal_icmp(struct frame *frame);
void frame_seal_udp(struct frame *frame);
void frame_seal_tcp(struct frame *frame);

/* Replace the Ethernet destination or source. */
void frame_to(struct frame *frame, const struct leat_mac *mac);
void frame_from(struct frame *frame, const struct leat_mac *mac);

#endif
