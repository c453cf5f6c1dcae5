/*
 * accecn.h -- the encodings of Accurate ECN (RFC 9768): its negotiation in SYNs, and the field ACE,
 * in which each end reports how many of its received packets were marked, modulo 8.
 *
 * The three TCP flags AE, CWR and ECE are one number here, of which ECE is the lowest bit.
 */
#ifndef TCP_ACCECN_H
#define TCP_ACCECN_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/tcp.h"

enum {
    ACE_SHIFT = 6, /* ACE's lowest bit is TCP_ECE */
    ACE_MASK = 7,
    ACE_FLAGS = TCP_AE | TCP_CWR | TCP_ECE,
    ACE_BEGIN = 5,        /* initial value of r.cep and s.cep (3.2.1) */
    ACE_ASKS = 7,         /* ACE of a SYN that asks for Accurate ECN (3.1.1) */
    ACE_CLASSIC_ASKS = 3, /* ACE of a SYN that asks for RFC 3168's ECN only */
    ACE_CLASSIC = 1,      /* ACE of a SYN,ACK that agrees to RFC 3168's ECN only */
    /* in a SYN,ACK and in its ACK: how the packet that it acknowledges was marked */
    ACE_NOT_ECT = 2,
    ACE_CE = 6
};

/* The result of the negotiation. */
enum ecn_mode {
    ECN_NONE,
    ECN_CLASSIC, /* RFC 3168 */
    ECN_ACCURATE
};

static inline unsigned ace_of(uint16_t tcp_flags)
{
    return (unsigned)tcp_flags >> ACE_SHIFT & ACE_MASK;
}

static inline uint16_t ace_flags(unsigned ace)
{
    return (uint16_t)(ace << ACE_SHIFT);
}

/* The handshake's encoding of the ECN field in @tos (tables 2, 3). */
unsigned ace_of_handshake(uint8_t tos);

/* The mode that a server agrees to after a SYN with @ace (table 2, 3.1.3). */
enum ecn_mode ecn_mode_of_SYN(unsigned ace);

/* The mode that a client which asked for ECN gets from a SYN,ACK with @ace (table 2, 3.1.3). */
enum ecn_mode ecn_mode_of_SYN_ACK(unsigned ace);

/* True if the ECN field of our SYN or SYN,ACK, which is never marked, has changed on the path, as
 * the handshake reports. Also true for a report of 0: such a peer has no ECN (3.2.2.3, table 4). */
bool ace_says_mangled(unsigned ace);

/* How far a counter has grown from @before to @now (3.2.2.2). */
static inline unsigned ace_grown(unsigned before, unsigned now)
{
    return (now - before) & ACE_MASK;
}

#endif
