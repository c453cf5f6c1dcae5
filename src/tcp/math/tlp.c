/* tlp.c -- Tail Loss Probe (RFC 8985 7). */
#include "tcp/math/tlp.h"

#include "tcp/math/seq.h"

void tlp_sent(struct tlp *tlp, uint32_t snd_nxt, bool retransmission)
{
    tlp->out = true;
    tlp->end_seq = snd_nxt;
    tlp->retransmission = retransmission;
}

bool tlp_acked(struct tlp *tlp, uint32_t ack, bool dsack, bool duplicate)
{
    if (!tlp->out || seq_lt(ack, tlp->end_seq))
        return false;
    if (!tlp->retransmission || dsack) {
        tlp->out = false;
        return false;
    }
    if (seq_lt(tlp->end_seq, ack)) {
        tlp->out = false;
        return true;
    }
    if (duplicate) /* original and probe have both arrived */
        tlp->out = false;
    return false;
}
