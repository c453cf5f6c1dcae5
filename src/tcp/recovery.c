/* recovery.c -- fast retransmit and fast recovery (RFC 5681 3.2, RFC 6582). */
#include "tcp/recovery.h"

#include "tcp/seq.h"

enum {
    DUPACKS_THRESHOLD = 3, /* RFC 5681 3.2 */
    DUPACKS_MAX = 255
};

void recovery_init(struct recovery *recovery)
{
    *recovery = (struct recovery){0};
}

bool recovery_duplicate(struct recovery *recovery, struct congestion *congestion, uint32_t snd_una,
                        uint32_t snd_nxt, uint32_t flight)
{
    if (recovery->dupacks < DUPACKS_MAX)
        recovery->dupacks++;
    if (recovery->active) {
        /* another segment has left the network (RFC 6582 3.2 step 3); never more than was sent */
        if (congestion->cwnd < congestion->ssthresh + flight)
            congestion->cwnd += congestion->mss;
        return false;
    }
    if (recovery->dupacks != DUPACKS_THRESHOLD)
        return false;
    /* duplicates of what the timer has sent again are no sign of loss (RFC 6582 4.1) */
    if (recovery->armed && seq_lt(snd_una, recovery->recover))
        return false;
    congestion->ops->lost(congestion, flight);
    congestion->cwnd = congestion->ssthresh + DUPACKS_THRESHOLD * congestion->mss;
    recovery->active = recovery->armed = recovery->resend = true;
    recovery->recover = snd_nxt;
    return true;
}

/* RFC 6582 3.2 step 3, "partial acknowledgments": the next hole starts at SND.UNA. */
static void partial(struct recovery *recovery, struct congestion *congestion, uint32_t acked)
{
    recovery->resend = true;
    congestion->cwnd -= acked < congestion->cwnd ? acked : congestion->cwnd;
    if (acked >= congestion->mss)
        congestion->cwnd += congestion->mss;
    if (congestion->cwnd < congestion->mss)
        congestion->cwnd = congestion->mss;
}

void recovery_acked(struct recovery *recovery, struct congestion *congestion, uint32_t snd_una,
                    uint32_t acked, uint32_t flight)
{
    const bool all = !recovery->armed || seq_le(recovery->recover, snd_una);

    recovery->dupacks = 0;
    recovery->resend = false;
    if (all)
        recovery->armed = false;
    if (!recovery->active) {
        congestion->ops->acked(congestion, acked, flight);
        return;
    }
    if (!all) {
        partial(recovery, congestion, acked);
        return;
    }
    /* RFC 6582 3.2 step 3, full acknowledgment, first option: no burst */
    const uint32_t left = flight - (acked < flight ? acked : flight);
    const uint32_t enough = (left > congestion->mss ? left : congestion->mss) + congestion->mss;

    congestion->cwnd = congestion->ssthresh < enough ? congestion->ssthresh : enough;
    recovery->active = false;
}

void recovery_timed_out(struct recovery *recovery, uint32_t snd_nxt)
{
    recovery->active = recovery->resend = false;
    recovery->dupacks = 0;
    recovery->armed = true;
    recovery->recover = snd_nxt;
}
