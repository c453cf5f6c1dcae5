/* tlp.c -- Tail Loss Probe (RFC 8985 7). */
#include "tcp/tlp.h"

#include "tcp/seq.h"

static const uint64_t first_timeout_ns = 1000000000; /* no RTT yet */
static const uint64_t worst_delayed_ack_ns = 200000000;
static const uint64_t least_ns = 2000000; /* hosts are not faster than that in being late */

uint64_t tlp_timeout_ns(uint64_t srtt_ns, bool one)
{
    uint64_t timeout_ns = srtt_ns > 0 ? 2 * srtt_ns : first_timeout_ns;

    if (timeout_ns < least_ns)
        timeout_ns = least_ns;
    return timeout_ns + (one ? worst_delayed_ack_ns : 0);
}

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
