/* tlp.c -- Tail Loss Probe (RFC 8985 7). */
#include "tcp/congestion/tlp.h"

#include "tcp/congestion/seq.h"

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
    /* RFC 8985 7.4.2: a probe with new data repairs nothing; a DSACK says that both copies have
     * arrived */
    if (!tlp->retransmission || dsack) {
        tlp->out = false;
        return false;
    }
    /* more than the probe was acknowledged, with no sign of a second copy, so the probe has
     * repaired a loss */
    if (seq_lt(tlp->end_seq, ack)) {
        tlp->out = false;
        return true;
    }
    if (duplicate) /* original and probe have both arrived */
        tlp->out = false;
    return false;
}
