/* congestion.c -- common to all algorithms: initial window, slow start, restart after idle. */
#include "tcp/congestion/congestion.h"
#include "core/minmax.h"
#include "core/parts.h"
#include "core/zero.h"

enum {
    INITIAL_SEGMENT_BYTES = 1460, /* the largest segment that RFC 6928 2 counts */
    /* L: the most segments by which one ACK may open the window */
    LIMIT_UNPACED = 8, /* RFC 9406 4.3, in the initial slow start; no limit when paced */
    LIMIT_LATER = 2,   /* RFC 3465 2.3 */
    /* RFC 3465 2.3 too: an ACK then covers much that was received long before */
    LIMIT_AFTER_TIMEOUT = 1,
    SSTHRESH_INITIAL = 0x7fffffff
};

/* RFC 6928 2: min(10 * MSS, max(2 * MSS, 14600)), or with the program's number instead of 10. */
static uint32_t initial_window(uint32_t mss, uint32_t segments)
{
    return min32(segments * mss, max32(2 * mss, segments * INITIAL_SEGMENT_BYTES));
}

void congestion_init(struct congestion *congestion, const struct leat_tcp_congestion *ops,
                     uint32_t mss, uint16_t initial_segments, bool lost_SYN)
{
    zero_bytes(congestion, sizeof *congestion);
    congestion->ops = ops;
    congestion->mss = mss;
    congestion->ssthresh = SSTHRESH_INITIAL;
    congestion->initial_segments = initial_segments;
    congestion->cwnd = lost_SYN ? mss : initial_window(mss, initial_segments);
    hystart_init(&congestion->hystart);
}

/* RFC 9438 4.8: CUBIC's old curve doesn't apply any more. The next one begins with the window at
 * the end of slow start, and W_max is that window: then K is 0. */
void congestion_timed_out(struct congestion *congestion)
{
    congestion->cwnd = congestion->mss;
    congestion->after_timeout = true;
    congestion->cubic.w_max = 0;
    hystart_init(&congestion->hystart);
}

void congestion_restart(struct congestion *congestion)
{
    congestion->after_timeout = false;
    congestion->cwnd =
        min32(congestion->cwnd, initial_window(congestion->mss, congestion->initial_segments));
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

    /* RFC 9406 4.3: HyStart++ only in the first slow start */
    if (!HAS_HYSTART || congestion->ssthresh != SSTHRESH_INITIAL) {
        const uint32_t limit = congestion->after_timeout ? LIMIT_AFTER_TIMEOUT : LIMIT_LATER;

        congestion->cwnd += min32(grow, limit * congestion->mss);
        if (congestion->cwnd >= congestion->ssthresh)
            congestion->after_timeout = false;
        return;
    }
    if (!ack->paced) /* paced data makes no burst, however much one ACK allows */
        grow = min32(grow, LIMIT_UNPACED * congestion->mss);
    congestion->cwnd += grow / hystart_divisor(&congestion->hystart);
    if (hystart_acked(&congestion->hystart, ack->snd_una, ack->snd_nxt, ack->rtt_ns))
        congestion->ssthresh = congestion->cwnd;
}
