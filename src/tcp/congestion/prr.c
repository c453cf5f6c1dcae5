/*
 * prr.c -- Proportional Rate Reduction (RFC 9937 6.2).
 *
 * The window falls to ssthresh over one round trip: for each byte delivered, ssthresh / RecoverFS
 * bytes are sent. So sending goes on during recovery, and no burst follows it.
 */
#include "tcp/congestion/prr.h"

static uint32_t above(uint64_t a, uint64_t b)
{
    return a > b ? (uint32_t)(a - b) : 0;
}

void prr_init(struct prr *prr, uint32_t recover_fs)
{
    /* it is never 0, because prr_acked() divides by it */
    prr->recover_fs = recover_fs > 0 ? recover_fs : 1;
    prr->delivered = 0;
    prr->out = 0;
}

void prr_sent(struct prr *prr, uint32_t bytes)
{
    prr->out += bytes;
}

uint32_t prr_acked(struct prr *prr, uint32_t bytes, uint32_t in_flight, uint32_t ssthresh,
                   uint32_t mss, bool safe)
{
    uint32_t send;

    prr->delivered += bytes;
    if (in_flight > ssthresh) { /* the proportional part */
        const uint64_t due =
            ((uint64_t)prr->delivered * ssthresh + prr->recover_fs - 1) / prr->recover_fs;

        send = above(due, prr->out);
    } else { /* conservative reduction bound, or slow start if @safe */
        send = above(prr->delivered, prr->out);
        if (send < bytes)
            send = bytes;
        if (safe)
            send += mss;
        if (send > ssthresh - in_flight)
            send = ssthresh - in_flight;
    }
    if (prr->out == 0 && send < mss)
        send = mss; /* the fast retransmit, a whole segment: a part wouldn't be sent */
    return in_flight + send;
}
