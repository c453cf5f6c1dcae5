/* tlp.h -- Tail Loss Probe: one segment before the timeout, whose ACK shows what was lost (RFC 8985
 * 7). */
#ifndef TCP_TLP_H
#define TCP_TLP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cold.h"

struct tlp {
    uint32_t end_seq;    /* SND.NXT when the probe was sent */
    bool out;            /* a probe is in flight */
    bool retransmission; /* the probe was a retransmission */
};

/* The time to wait for an ACK before probing (7.2). @one: a single segment is in flight, so the
 * peer may be delaying its ACK. */
static inline uint64_t tlp_timeout_ns(uint64_t srtt_ns, bool one)
{
    const uint64_t first_ns = 1000000000; /* no RTT yet */
    const uint64_t worst_delayed_ack_ns = 200000000;
    const uint64_t least_ns = 2000000; /* no host reacts with finer timers */
    uint64_t timeout_ns = srtt_ns > 0 ? 2 * srtt_ns : first_ns;

    if (timeout_ns < least_ns)
        timeout_ns = least_ns;
    return timeout_ns + (one ? worst_delayed_ack_ns : 0);
}

/* Notes that a probe was sent. */
COLD void tlp_sent(struct tlp *tlp, uint32_t snd_nxt, bool retransmission);

/* Handles an ACK (7.4). @dsack: it reports the probe as duplicate. @duplicate: it has no news at
 * all. True: the probe has repaired a loss that was not detected, so the window must be reduced. */
bool tlp_acked(struct tlp *tlp, uint32_t ack, bool dsack, bool duplicate);

#endif
