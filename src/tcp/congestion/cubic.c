/*
 * cubic.c -- CUBIC (RFC 9438), in integers.
 *
 * Windows are in bytes and times in ms, so the cubic W(t) = C * (t - K)^3 + W_max becomes
 * 4/10 * (t - K)^3 / 10^9 segments.
 */
#include "tcp/congestion/congestion.h"

#include "core/cold.h"
#include "core/minmax.h"

enum {
    BETA_10 = 7, /* beta_cubic, tenths */
    C_10 = 4     /* C, tenths */
};

static const uint32_t most_bytes = 0x3fffffff; /* no peer offers a larger window (RFC 7323 2.3) */
static const uint64_t far_ms = 500000;         /* beyond this the cube is larger than any window */

/* The largest r with r^3 <= x. */
static uint32_t cube_root(uint64_t x)
{
    uint64_t root = 0;

    for (int bit = 20; bit >= 0; bit--) {
        const uint64_t next = root | (uint64_t)1 << bit;

        if (next * next * next <= x)
            root = next;
    }
    return (uint32_t)root;
}

/* RFC 9438 4.2: K = cbrt((W_max - cwnd_epoch) / C), in seconds and segments. */
static uint32_t k_ms(const struct congestion *congestion)
{
    const uint32_t w_max = congestion->cubic.w_max;
    uint64_t segments_1000;

    if (w_max <= congestion->cwnd)
        return 0;
    segments_1000 = (uint64_t)(w_max - congestion->cwnd) * 1000 / congestion->mss;
    return cube_root(segments_1000 * 1000000 * 10 / C_10);
}

static void begin_epoch(struct congestion *congestion, uint64_t now_ns)
{
    struct cubic *cubic = &congestion->cubic;

    cubic->epoch_ns = now_ns;
    if (cubic->w_max < congestion->cwnd)
        cubic->w_max = congestion->cwnd; /* slow start ended without a loss */
    cubic->k_ms = k_ms(congestion);
    cubic->w_est = congestion->cwnd;
    cubic->part = 0;
}

/* RFC 9438 4.2, eqn. 1: W_cubic at @t_ms after the epoch, bytes. */
static uint32_t w_cubic(const struct congestion *congestion, uint64_t t_ms)
{
    const struct cubic *cubic = &congestion->cubic;
    const bool before = t_ms < cubic->k_ms;
    uint64_t away = before ? cubic->k_ms - t_ms : t_ms - cubic->k_ms;
    uint64_t bytes;

    if (away > far_ms)
        away = far_ms;
    bytes = away * away * away / 1000000 * C_10 / 10 * congestion->mss / 1000;
    if (before)
        return bytes < cubic->w_max ? cubic->w_max - (uint32_t)bytes : 0;
    return bytes + cubic->w_max < most_bytes ? cubic->w_max + (uint32_t)bytes : most_bytes;
}

/* RFC 9438 4.3: alpha_cubic = 3 (1 - beta) / (1 + beta) = 9/17, and 1 once the old window is
 * reached again. */
static void update_w_est(struct congestion *congestion, uint32_t acked_bytes)
{
    struct cubic *cubic = &congestion->cubic;
    const bool regained = cubic->w_est >= cubic->cwnd_prior;
    const uint64_t grow = (uint64_t)acked_bytes * congestion->mss * (regained ? 17 : 9) / 17;
    const uint64_t all = grow + cubic->part;

    cubic->w_est += (uint32_t)(all / congestion->cwnd);
    cubic->part = (uint32_t)(all % congestion->cwnd);
}

/* RFC 9438 4.4, 4.5: grows towards the cubic's value a round trip later, at most 1.5 times cwnd. */
static void approach(struct congestion *congestion, const struct congestion_ack *ack, uint64_t t_ms)
{
    const uint32_t cwnd = congestion->cwnd;
    uint32_t target = w_cubic(congestion, t_ms + ack->srtt_ns / 1000000);
    uint64_t grow;

    if (target > cwnd + cwnd / 2)
        target = cwnd + cwnd / 2;
    if (target <= cwnd)
        return;
    grow = (uint64_t)(target - cwnd) * ack->acked_bytes + congestion->counted;
    congestion->cwnd += (uint32_t)(grow / cwnd);
    congestion->counted = (uint32_t)(grow % cwnd);
}

/* RFC 9438 4.2, 5.8: time in which the program had too little to send doesn't count. */
static void stop_clock(struct cubic *cubic, uint64_t now_ns)
{
    if (cubic->epoch_ns > 0)
        cubic->epoch_ns += now_ns - cubic->seen_ns;
    cubic->seen_ns = now_ns;
}

static void cubic_acked(struct congestion *congestion, const struct congestion_ack *ack)
{
    struct cubic *cubic = &congestion->cubic;
    uint64_t t_ms;

    if (!congestion_was_limiting(congestion, ack->flight_bytes)) {
        stop_clock(cubic, ack->now_ns);
        return;
    }
    cubic->seen_ns = ack->now_ns;
    if (congestion->cwnd < congestion->ssthresh) {
        congestion_slow_start(congestion, ack);
        return;
    }
    if (cubic->epoch_ns == 0)
        begin_epoch(congestion, ack->now_ns);
    t_ms = (ack->now_ns - cubic->epoch_ns) / 1000000;
    update_w_est(congestion, ack->acked_bytes);
    if (w_cubic(congestion, t_ms) < cubic->w_est) /* RFC 9438 4.3: Reno would be faster */
        congestion->cwnd = max32(congestion->cwnd, cubic->w_est);
    else
        approach(congestion, ack, t_ms);
}

COLD static void cubic_reduced(struct congestion *congestion, uint32_t flight_bytes,
                               uint64_t now_ns)
{
    struct cubic *cubic = &congestion->cubic;
    const uint32_t cwnd = congestion->cwnd;

    (void)now_ns;
    /* RFC 9438 4.7: after a loss below the last peak, leave room for other flows */
    cubic->w_max = cwnd < cubic->w_max ? (uint32_t)((uint64_t)cwnd * (10 + BETA_10) / 20) : cwnd;
    cubic->cwnd_prior = cwnd;
    cubic->epoch_ns = 0;
    congestion->counted = 0;
    congestion->ssthresh =
        max32((uint32_t)((uint64_t)flight_bytes * BETA_10 / 10), 2 * congestion->mss);
}

const struct leat_tcp_congestion leat_tcp_cubic = {
    .name = "cubic",
    .is_paced = true,
    .acked = cubic_acked,
    .reduced = cubic_reduced,
};
