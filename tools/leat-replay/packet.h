/* packet.h -- a TCP segment in a captured frame, and the same segment told to another stack. */
#ifndef REPLAY_PACKET_H
#define REPLAY_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/leat.h>

#include "wire/ipv4.h"
#include "wire/tcp.h"

enum {
    PACKET_FRAME_MAX = 14 + 65535
};

/* Views into the frame, all of which is there. */
struct packet {
    const uint8_t *ip_bytes;
    const uint8_t *tcp_bytes;
    const uint8_t *data;
    uint32_t data_bytes;
    struct leat_ip src, dst; /* of either family */
    bool is_ipv6;
    struct wire_ipv4 ip; /* of IPv6: a header of IPv4 that says the same, without addresses */
    struct wire_tcp tcp;
};

enum packet_kind {
    PACKET_TCP,
    PACKET_FRAGMENT, /* of a TCP segment */
    PACKET_CUT,      /* a TCP segment that the capture has a part of */
    PACKET_OTHER
};

/* Finds the TCP segment of an Ethernet frame without tags (leat_capture_unwrap()).  Checksums are
 * not looked at: whether they are right is for the stack to find. */
enum packet_kind packet_parse(struct packet *packet, const uint8_t *frame, uint32_t len);

/* Where translated frames come from: not the recorded address, which could be the stack's own. */
extern const struct leat_mac packet_peer_mac;

/* How a segment must look for a stack that plays its receiver. */
struct translation {
    struct leat_endpoint src, dst; /* as the stack knows the two ends */
    struct leat_mac mac;           /* the stack's */
    uint32_t ack;                  /* in the stack's numbers */
    uint32_t sack_shift;           /* what SACK blocks need to be in them */
    uint32_t snd_nxt;              /* blocks beyond it are taken out: not sent yet */
    uint32_t tsecr;                /* the stack's own last timestamp */
    bool no_wind_shift;            /* options of a SYN that the recorded receiver did not take */
    bool no_sack, no_ts, no_ecn;
    bool repair; /* write right checksums, IPv4's too; else what was wrong stays wrong */
};

/* Writes the whole frame to @to (PACKET_FRAME_MAX); returns its length.  It is IPv4, also where
 * @packet is IPv6: what the stack plays is a matter of TCP. */
uint32_t packet_translate(uint8_t *to, const struct packet *packet, const struct translation *how);

/* An ACK of the recorded peer that @packet's sender would send now: no data. */
uint32_t packet_ack(uint8_t *to, const struct packet *packet, const struct translation *how,
                    uint32_t seq, uint32_t window);

/* The data of a SYN as a segment of its own: the stack's cookies are not the recorded ones, so it
 * takes none from a SYN (RFC 7413 4.2). */
uint32_t packet_syn_data(uint8_t *to, const struct packet *packet, const struct translation *how);

#endif
