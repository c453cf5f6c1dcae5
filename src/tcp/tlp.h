/* tlp.h -- Tail Loss Probe: one segment before the timeout, to hear what was lost (RFC 8985 7). */
#ifndef TCP_TLP_H
#define TCP_TLP_H

#include <stdbool.h>
#include <stdint.h>

struct tlp {
    uint32_t end_seq;    /* SND.NXT when the probe left */
    bool out;            /* a probe is on its way */
    bool retransmission; /* it was one */
};

/* How long to wait for an ACK before probing (7.2); @one: a single segment is in flight, so the
 * peer may be delaying its ACK. */
uint64_t tlp_timeout_ns(uint64_t srtt_ns, bool one);

/* The probe leaves. */
void tlp_sent(struct tlp *tlp, uint32_t snd_nxt, bool retransmission);

/* An ACK came (7.4).  @dsack: it says that the probe was not needed.  @duplicate: it has no news at
 * all.  True: the probe has repaired a loss that nobody noticed, so the window must shrink. */
bool tlp_acked(struct tlp *tlp, uint32_t ack, bool dsack, bool duplicate);

#endif
