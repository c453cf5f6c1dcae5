/* packet.h -- a TCP segment in a captured frame, and its translation for another stack. */
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

/* Views of the frame; all parts are present. */
struct packet {
    const uint8_t *ip_bytes;
    const uint8_t *tcp_bytes;
    const uint8_t *data;
    uint32_t data_bytes;
    struct leat_ip src, dst; /* of either family */
    bool is_ipv6;
    bool has_ends;       /* PACKET_CUT: addresses, ports, tcp.flags and tcp.seq are there */
    struct wire_ipv4 ip; /* for IPv6 an equivalent IPv4 header, without addresses */
    struct wire_tcp tcp;
};

enum packet_kind {
    PACKET_TCP,
    PACKET_FRAGMENT, /* of a TCP segment */
    PACKET_CUT,      /* a TCP segment that the capture has truncated */
    PACKET_OTHER
};

/* Finds the TCP segment of an Ethernet frame without tags (leat_capture_unwrap()). Checksums
 * are not checked, because the stack does that. */
enum packet_kind packet_parse(struct packet *packet, const uint8_t *frame, uint32_t len);

/* Whether the checksums of a segment are right. */
enum packet_sum {
    SUM_RIGHT,
    SUM_WRONG,
    SUM_UNFINISHED /* the pseudo-header's sum alone, or 0: the sender's device computes the rest */
};

enum packet_sum packet_sum(const struct packet *packet);

/* The source address of translated frames; the recorded one could be the stack's own. */
extern const struct leat_mac packet_peer_mac;

/* The translation of a segment for a stack that plays its receiver. */
struct translation {
    struct leat_endpoint src, dst; /* both ends' addresses in the stack */
    struct leat_mac mac;           /* the stack's */
    uint32_t ack;                  /* in the stack's numbers */
    uint32_t sack_shift;           /* added to SACK blocks */
    uint32_t snd_nxt;              /* blocks beyond it are removed, because that data is not
                                    * sent yet */
    uint32_t tsecr;                /* the stack's last timestamp */
    bool no_wind_shift;            /* SYN options that the recorded receiver did not accept */
    bool no_sack, no_ts, no_ecn;
    bool repair; /* write right checksums, also IPv4's; otherwise wrong ones stay wrong */
};

/* Writes the complete frame to @to (PACKET_FRAME_MAX); returns its length. The frame is IPv4,
 * also for an IPv6 @packet, because the flow is played at the level of TCP. */
uint32_t packet_translate(uint8_t *to, const struct packet *packet, const struct translation *how);

/* Writes an ACK of the recorded peer without data, as @packet's sender would send it now. */
uint32_t packet_ack(uint8_t *to, const struct packet *packet, const struct translation *how,
                    uint32_t seq, uint32_t window);

/* Writes the data of a SYN as a segment of its own. The stack has issued other cookies, so it
 * accepts no data in a SYN (RFC 7413 4.2). */
uint32_t packet_syn_data(uint8_t *to, const struct packet *packet, const struct translation *how);

#endif
