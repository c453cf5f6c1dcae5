/*
 * forge.h -- forged frames: layers with correct checksums, from other hosts or as if from the peer,
 * with numbers that are nearly those of a connection.
 */
#ifndef SIM_FORGE_H
#define SIM_FORGE_H

#include "sim.h"
#include "core/ip4.h"

enum {
    FORGE_IP_AT = 14,
    FORGE_PART_AT = FORGE_IP_AT + 20, /* TCP, UDP, ICMP */
    FORGE_ICMP = 1,
    FORGE_TCP = 6,
    FORGE_UDP = 17,
    FORGE_URG = 32 /* in addition to those of segment.h */
};

/* A frame that is being forged. */
struct forge {
    struct sim_random *random;
    const struct sim_side *side; /* the connection that is attacked */
    struct leat_tcp_info info;   /* its present or last state */
    uint32_t peer_ts;            /* the last timestamp of its peer */
    unsigned end;
    uint8_t *bytes;
    uint32_t len;
};

/* A random number from @low to @high. */
uint32_t forge_any(struct forge *f, uint64_t low, uint64_t high);

void forge_put16(uint8_t *at, uint32_t value);
void forge_put32(uint8_t *at, uint32_t value);
/* The checksum of RFC 1071, as stored in the header. */
uint32_t forge_sum(uint64_t total, const uint8_t *bytes, uint32_t len);

/* The addresses of the attacked end, of its peer, and of no host. */
leat_ip4 forge_ours(const struct forge *f);
leat_ip4 forge_peers(const struct forge *f);
leat_ip4 forge_stranger(struct forge *f);

/* An Ethernet header, padded to 60 bytes in all. */
void forge_ethernet(struct forge *f, uint32_t type);

/* An IP header for @part_len bytes behind it; corrects its checksum. */
void forge_ip(struct forge *f, leat_ip4 src, uint8_t protocol, uint32_t part_len);
void forge_seal_ip(struct forge *f);

/* Corrects the checksum of TCP, UDP or ICMP. */
void forge_seal_part(struct forge *f);

struct forge_segment {
    uint32_t seq;
    uint32_t ack;
    uint8_t flags;
    uint32_t data_len;
    const uint8_t *options;
    uint32_t options_len; /* a multiple of 4 */
};

void forge_tcp(struct forge *f, leat_ip4 src, uint16_t src_port, uint16_t dst_port,
               const struct forge_segment *segment);

/* Makes a segment look as if it came from the peer of the connection. */
void forge_live(struct forge *f, const struct forge_segment *segment);

/* In the window, but not the next one; or outside, if the window is closed. */
uint32_t forge_seq_inside(struct forge *f);
uint32_t forge_seq_outside(struct forge *f);

/* For data that was never sent, or older than any window (RFC 5961 5). */
uint32_t forge_ack_wrong(struct forge *f);

#endif
