/* congestion.c -- what all algorithms share: initial window, slow start, restart after idle. */
#include "tcp/math/congestion.h"
#include "core/minmax.h"

enum {
    INITIAL_SEGMENTS = 10,
    INITIAL_BYTES = 14600,
    /* L: segments by which one ACK may open the window, at most */
    LIMIT_UNPACED = 8, /* RFC 9406 4.3, in the initial slow start; paced there is none */
    LIMIT_LATER = 2,   /* RFC 3465 2.3 */
    SSTHRESH_INITIAL = 0x7fffffff
};

/* RFC 6928 2: min(10 * MSS, max(2 * MSS, 14600)). */
static uint32_t initial_window(uint32_t mss)
{
    const uint32_t least = 2 * mss > INITIAL_BYTES ? 2 * mss : INITIAL_BYTES;

    return min32(INITIAL_SEGMENTS * mss, least);
}

void congestion_init(struct congestion *congestion, const struct leat_tcp_congestion *ops,
                     uint32_t mss, bool lost_SYN)
{
    *congestion = (struct congestion){
        .ops = ops,
        .mss = mss,
        .ssthresh = SSTHRESH_INITIAL,
        .cwnd = lost_SYN ? mss : initial_window(mss),
    };
    hystart_init(&congestion->hystart);
}

void congestion_restart(struct congestion *congestion)
{
    congestion->cwnd = min32(congestion->cwnd, initial_window(congestion->mss));
    congestion->cubic.epoch_ns = 0;
    hystart_init(&congestion->hystart);
}

void congestion_resize(struct congestion *congestion, uint32_t mss)
{
    if (mss < congestion->mss && !congestion_is_modelled(congestion))
        congestion->cwnd = (uint32_t)((uint64_t)congestion->cwnd * mss / congestion->mss);
    congestion->mss = mss;
}

void congestion_slow_start(struct congestion *congestion, const struct congestion_ack *ack)
{
    uint32_t grow = ack->acked_bytes;

    if (congestion->ssthresh != SSTHRESH_INITIAL) { /* RFC 9406 4.3: only in the first one */
        congestion->cwnd += min32(grow, LIMIT_LATER * congestion->mss);
        return;
    }
    if (!ack->paced) /* what leaves paced makes no burst, however much one ACK allows */
        grow = min32(grow, LIMIT_UNPACED * congestion->mss);
    congestion->cwnd += grow / hystart_divisor(&congestion->hystart);
    if (hystart_acked(&congestion->hystart, ack->snd_una, ack->snd_nxt, ack->rtt_ns))
        congestion->ssthresh = congestion->cwnd;
}
