/*
 * accecn.h -- the encodings of Accurate ECN (RFC 9768): how SYNs agree on it, and the field ACE, in
 * which each end tells how many of its packets were marked, modulo 8.
 *
 * The three TCP flags AE, CWR and ECE are one number here, of which ECE is the lowest bit.
 */
#ifndef TCP_ACCECN_H
#define TCP_ACCECN_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/tcp.h"

enum {
    ACE_SHIFT = 6, /* of TCP_ECE */
    ACE_MASK = 7,
    ACE_FLAGS = TCP_AE | TCP_CWR | TCP_ECE,
    ACE_BEGIN = 5, /* r.cep and s.cep (3.2.1) */
    ACE_ASKS = 7,  /* in a SYN (3.1.1) */
    ACE_CLASSIC_ASKS = 3,
    ACE_CLASSIC = 1, /* in a SYN,ACK: RFC 3168 */
    ACE_NOT_ECT = 2, /* how SYN,ACK, and its ACK, tell the mark that the SYN, or it, came with */
    ACE_CE = 6
};

/* What was agreed on. */
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

/* What a server agrees to when the SYN said @ace (table 2, 3.1.3). */
enum ecn_mode ecn_mode_of_SYN(unsigned ace);

/* What a client that has asked has got when the SYN,ACK says @ace (table 2, 3.1.3). */
enum ecn_mode ecn_mode_of_SYN_ACK(unsigned ace);

/* True if the handshake says that the ECN field of a SYN or SYN,ACK of ours, which is never marked,
 * has changed on its way, or 0: who says that has no ECN (3.2.2.3, table 4). */
bool ace_says_mangled(unsigned ace);

/* By how much a counter has grown that was at @before and says @now (3.2.2.2). */
static inline unsigned ace_grown(unsigned before, unsigned now)
{
    return (now - before) & ACE_MASK;
}

#endif
