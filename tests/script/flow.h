/*
 * flow.h -- one conversation: translates numbers between the wire and the script.
 *
 * The script's sequence numbers begin anywhere; the stack's begin as RFC 6528 says; the peer's real
 * ones begin just under 2^32, so that each script also crosses the wrap.
 */
#ifndef SCRIPT_FLOW_H
#define SCRIPT_FLOW_H

#include "packet.h"

enum {
    FLOW_STAMPS_MAX = 256,
    FLOW_PORT = 49000 /* of the default peer, if it opens the conversation */
};

struct flow {
    bool used;
    enum packet_protocol protocol;
    uint16_t name; /* `port` of the script's packets; 0: the default peer */
    uint16_t local_port, remote_port;
    /* added to a number of the script it gives that of the wire */
    uint32_t local_offset, remote_offset;
    bool local_known;
    bool settled;                   /* the peer's SYN was accepted: remote_isn is its number */
    bool reopened;                  /* the peer has sent another SYN, so ours may be new as well */
    uint32_t local_isn, remote_isn; /* the script's */
    uint32_t remote_isn_next;       /* number of that other SYN */
    struct {
        uint32_t script, live;
    } stamps[FLOW_STAMPS_MAX]; /* our timestamps, a ring */
    unsigned stamp_count;
    uint32_t peer_mss; /* from its SYN, or the default of RFC 9293 3.7.1 */
    /* of the first SYN: the peer's in [1], ours in [0] */
    bool syn_has_data[2];
    uint32_t syn_data_seq[2]; /* its first number in the script */
    bool syn_data;            /* the other side has accepted some of it */
    bool cookie_known;
    struct packet_option cookie_script, cookie_live;
};

void flow_init(struct flow *flow, enum packet_protocol protocol, uint16_t local_port,
               uint16_t remote_port);

/* Translates a packet of the peer to numbers of the wire; ports, too, but not addresses. */
void flow_to_wire(struct flow *flow, struct packet *packet);

/* Translates a packet of ours to numbers of the script. @expected has the script's number of
 * our SYN. */
void flow_to_script(struct flow *flow, struct packet *packet, const struct packet *expected);

/* @packet, in numbers of the script, may be a SYN with data (RFC 7413), or the answer to one. */
void flow_note_SYN(struct flow *flow, const struct packet *packet);

/* Copies the cookie that @other has received. */
void flow_take_cookie(struct flow *flow, const struct flow *other);

/* @seen, of the wire, matches the script's @expected: remembers timestamps and cookies. */
void flow_learn(struct flow *flow, const struct packet *expected, const struct packet *seen);

/* True if the timestamp of @seen is as far from our first one as in the script. @tick_ns 0: not
 * checked.
 */
bool flow_stamp_fits(const struct flow *flow, const struct packet *expected,
                     const struct packet *seen, uint64_t tick_ns, uint64_t tolerance_ns);

/* The byte at offset @at of either side's data. */
static inline uint8_t flow_byte(uint32_t at)
{
    return (uint8_t)(at * 7 + (at >> 8) * 3 + 1);
}

/* The number of the peer that a packet's numbers count from. As in packetdrill a SYN has its
 * own, and all other packets of a connection count from that. */
static inline uint32_t flow_remote_base(const struct flow *flow, const struct packet *packet)
{
    return flow->local_known && !(packet->flags & FLAG_SYN) ? flow->remote_isn : 0;
}

/* Offset in the data of a packet's first byte (numbers of the script). */
static inline uint32_t flow_data_at(const struct flow *flow, const struct packet *packet)
{
    const uint32_t isn =
        packet->inbound ? flow->remote_isn - flow_remote_base(flow, packet) : flow->local_isn;

    if (packet->protocol != PACKET_TCP)
        return 0;
    return packet->seq - isn - !(packet->flags & FLAG_SYN);
}

#endif
