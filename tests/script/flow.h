/*
 * flow.h -- one conversation: which numbers of the wire are which numbers of the script.
 *
 * The script's sequence numbers begin where it likes; the stack's begin where RFC 6528 says; the
 * peer's live ones begin just under 2^32, so that each script also crosses the wrap.
 */
#ifndef SCRIPT_FLOW_H
#define SCRIPT_FLOW_H

#include "packet.h"

enum {
    FLOW_STAMPS_MAX = 256,
    FLOW_PORT = 49000 /* of the usual peer, if it is the one that begins */
};

struct flow {
    bool used;
    enum packet_protocol protocol;
    uint16_t name; /* `port` of the script's packets; 0: the usual peer */
    uint16_t local_port, remote_port;
    /* what to add to a number of the script's to have that of the wire */
    uint32_t local_offset, remote_offset;
    bool local_known;
    bool settled;                   /* we have taken the peer's SYN: remote_isn is its number */
    bool reopened;                  /* the peer has sent another SYN: ours may be new as well */
    uint32_t local_isn, remote_isn; /* the script's */
    uint32_t remote_isn_next;       /* of that other SYN */
    struct {
        uint32_t script, live;
    } stamps[FLOW_STAMPS_MAX]; /* our timestamps, a ring */
    unsigned stamp_count;
    uint32_t peer_mss; /* which its SYN says, or that of RFC 9293 3.7.1 */
    /* of the SYN that came first, the peer's in [1], ours in [0] */
    bool syn_has_data[2];
    uint32_t syn_data_seq[2]; /* its first number, the script's */
    bool syn_data;        /* the other side has taken some of it */
    bool cookie_known;
    struct packet_option cookie_script, cookie_live;
};

void flow_init(struct flow *flow, enum packet_protocol protocol, uint16_t local_port,
               uint16_t remote_port);

/* What the peer says, in numbers of the wire; ports too, addresses not. */
void flow_to_wire(struct flow *flow, struct packet *packet);

/* What we have said, in numbers of the script.  @expected tells what our SYN shall be called. */
void flow_to_script(struct flow *flow, struct packet *packet, const struct packet *expected);

/* @packet, in numbers of the script, may be a SYN with data (RFC 7413), or the answer to one. */
void flow_note_SYN(struct flow *flow, const struct packet *packet);

/* The cookie that @other knows. */
void flow_take_cookie(struct flow *flow, const struct flow *other);

/* @seen, of the wire, is what the script calls @expected: remembers timestamps and cookies. */
void flow_learn(struct flow *flow, const struct packet *expected, const struct packet *seen);

/* Is the timestamp of @seen as far from our first one as the script says?  @tick_ns 0: who cares.
 */
bool flow_stamp_fits(const struct flow *flow, const struct packet *expected,
                     const struct packet *seen, uint64_t tick_ns, uint64_t tolerance_ns);

/* The byte at offset @at of either side's data. */
static inline uint8_t flow_byte(uint32_t at)
{
    return (uint8_t)(at * 7 + (at >> 8) * 3 + 1);
}

/* The peer's number that a packet's numbers count from: as in packetdrill a SYN says its own, and
 * all others of a connection count from that. */
static inline uint32_t flow_remote_base(const struct flow *flow, const struct packet *packet)
{
    return flow->local_known && !(packet->flags & FLAG_SYN) ? flow->remote_isn : 0;
}

/* Offset in the data of the first byte of a packet (numbers of the script). */
static inline uint32_t flow_data_at(const struct flow *flow, const struct packet *packet)
{
    const uint32_t isn =
        packet->inbound ? flow->remote_isn - flow_remote_base(flow, packet) : flow->local_isn;

    if (packet->protocol != PACKET_TCP)
        return 0;
    return packet->seq - isn - !(packet->flags & FLAG_SYN);
}

#endif
