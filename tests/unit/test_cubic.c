/* test_cubic.c -- CUBIC in integers, against RFC 9438's formulas in floating point. */
#include "unit.h"

#include <math.h>

#include "tcp/congestion/congestion.h"

enum {
    MSS = 1460
};

static const uint64_t ms = 1000000;
static const uint64_t begin_ns = 7000000000;

static struct congestion congestion;

/* Windows in segments, times in seconds, as in RFC 9438 4.1. */
static struct {
    double cwnd, cwnd_prior, w_max, w_est, k, epoch;
    bool in_epoch;
} reference;

static int fresh(void **state)
{
    (void)state;
    memset(&congestion, 0xa5, sizeof congestion);
    congestion_init(&congestion, &leat_tcp_cubic, MSS, 10, false);
    memset(&reference, 0, sizeof reference);
    return 0;
}

/* ---- RFC 9438 in floating point ----------------------------------------------------------- */

/* 4.6, 4.7 */
static void reference_reduced(void)
{
    reference.w_max =
        reference.cwnd < reference.w_max ? reference.cwnd * (1 + 0.7) / 2 : reference.cwnd;
    reference.cwnd_prior = reference.cwnd;
    reference.cwnd = fmax(reference.cwnd * 0.7, 2);
    reference.in_epoch = false;
}

static double reference_w_cubic(double t)
{
    return 0.4 * pow(t - reference.k, 3) + reference.w_max;
}

/* 4.2 to 4.5: @acked segments at @now, with a round trip of @rtt */
static void reference_acked(double acked, double now, double rtt)
{
    double target;

    if (!reference.in_epoch) {
        reference.in_epoch = true;
        reference.epoch = now;
        reference.w_max = fmax(reference.w_max, reference.cwnd);
        reference.k = cbrt((reference.w_max - reference.cwnd) / 0.4);
        reference.w_est = reference.cwnd;
    }
    reference.w_est +=
        (reference.w_est >= reference.cwnd_prior ? 1 : 3 * 0.3 / 1.7) * acked / reference.cwnd;
    if (reference_w_cubic(now - reference.epoch) < reference.w_est) {
        reference.cwnd = fmax(reference.cwnd, reference.w_est);
        return;
    }
    target = reference_w_cubic(now - reference.epoch + rtt);
    target = fmin(fmax(target, reference.cwnd), 1.5 * reference.cwnd);
    reference.cwnd += (target - reference.cwnd) / reference.cwnd * acked;
}

/* ---- both of them ------------------------------------------------------------------------- */

static void acked(uint32_t bytes, uint64_t now_ns, uint64_t rtt_ns)
{
    const struct congestion_ack ack = {
        .now_ns = now_ns,
        .srtt_ns = rtt_ns,
        .rtt_ns = rtt_ns,
        .acked_bytes = bytes,
        .flight_bytes = congestion.cwnd,
        .snd_una = 1000,
        .snd_nxt = 1000 + congestion.cwnd,
    };

    congestion.ops->acked(&congestion, &ack);
}

static void reduced(void)
{
    congestion.ops->reduced(&congestion, congestion.cwnd, begin_ns);
    congestion.cwnd = congestion.ssthresh; /* the result of PRR */
}

/* Both are at @segments when a loss occurs. */
static void lose_at(uint32_t segments)
{
    congestion.cwnd = segments * MSS;
    reference.cwnd = segments;
    reduced();
    reference_reduced();
}

static void assert_close(double seen, double wanted, double tolerance)
{
    if (fabs(seen - wanted) > tolerance * wanted)
        fail_msg("%f is not %f", seen, wanted);
}

/* Runs @rounds round trips with an ACK for each second segment; both must agree after each. */
static uint64_t run_rounds(uint64_t now_ns, unsigned rounds, uint64_t rtt_ns, double tolerance)
{
    for (unsigned i = 0; i < rounds; i++) {
        const uint32_t acks = congestion.cwnd / (2 * MSS);

        for (uint32_t n = 0; n < acks; n++) {
            const uint64_t at_ns = now_ns + rtt_ns * n / acks;

            acked(2 * MSS, at_ns, rtt_ns);
            reference_acked(2, (double)at_ns / 1e9, (double)rtt_ns / 1e9);
        }
        now_ns += rtt_ns;
        assert_close((double)congestion.cwnd / MSS, reference.cwnd, tolerance);
    }
    return now_ns;
}

/* ---- the cubic ---------------------------------------------------------------------------- */

/* RFC 9438 4.2: K = cbrt((W_max - cwnd_epoch) / C) */
static void K_is_when_the_old_window_is_reached_again(void **state)
{
    static const uint32_t windows[] = {3, 10, 57, 100, 1000, 12345, 500000};

    for (unsigned i = 0; i < sizeof windows / sizeof *windows; i++) {
        fresh(state);
        lose_at(windows[i]);
        acked(MSS, begin_ns, 100 * ms);
        reference_acked(1, (double)begin_ns / 1e9, 0.1);
        assert_close(congestion.cubic.k_ms, 1000 * reference.k, 0.002);
    }
}

/* RFC 9438 4.2, 4.4, 4.5: concave to W_max, then convex */
static void window_follows_the_cubic(void **state)
{
    uint64_t now_ns;

    (void)state;
    lose_at(1000);
    assert_int_equal(congestion.cwnd, 700 * MSS);
    now_ns = run_rounds(begin_ns, 60, 100 * ms, 0.005); /* K is 9 s */
    assert_in_range(congestion.cwnd, 950 * MSS, 1000 * MSS);
    now_ns = run_rounds(now_ns, 40, 100 * ms, 0.005);
    assert_in_range(congestion.cwnd, 995 * MSS, 1010 * MSS); /* the plateau */
    run_rounds(now_ns, 60, 100 * ms, 0.01);
    assert_in_range(congestion.cwnd, 1100 * MSS, 1250 * MSS);
}

/* RFC 9438 4.3: as fast as Reno where that is faster */
static void on_short_paths_it_is_as_fast_as_Reno(void **state)
{
    uint64_t now_ns;

    (void)state;
    lose_at(40);
    now_ns = run_rounds(begin_ns, 20, 10 * ms, 0.01);
    assert_in_range(congestion.cwnd, 38 * MSS, 39 * MSS); /* 28 and 9/17 a round */
    run_rounds(now_ns, 20, 10 * ms, 0.01); /* beyond cwnd_prior, by a whole segment per round */
    assert_in_range(congestion.cwnd, 55 * MSS, 60 * MSS);
}

/* RFC 9438 4.4: target is at most half as much again */
static void window_grows_by_half_a_round_at_most(void **state)
{
    uint32_t before;

    (void)state;
    lose_at(100);
    acked(MSS, begin_ns, 100 * ms);
    before = congestion.cwnd;
    for (uint32_t bytes = 0; bytes < before; bytes += MSS)
        acked(MSS, begin_ns + 100000 * ms, 100 * ms);
    assert_true(congestion.cwnd <= before + before / 2 + MSS);
    assert_true(congestion.cwnd > before + before / 4);
}

/* A very old epoch has a large cube that must not overflow. */
static void old_epoch_does_not_wrap(void **state)
{
    uint64_t late_ns;
    uint32_t before;

    (void)state;
    lose_at(100);
    acked(MSS, begin_ns, 0);
    late_ns = begin_ns + (congestion.cubic.k_ms + ((uint64_t)1 << 22)) * ms; /* 2^66 */
    before = congestion.cwnd;
    congestion.cubic.cwnd_prior = 1000000 * MSS; /* keeps the Reno estimate low */
    for (uint32_t bytes = 0; bytes < before; bytes += MSS)
        acked(MSS, late_ns, 0);
    assert_true(congestion.cwnd > before + before / 3);
}

/* Increments of less than a byte per ACK aren't lost. */
static void ACKs_of_few_bytes_add_up(void **state)
{
    uint32_t at_once;

    (void)state;
    lose_at(1000);
    acked(0, begin_ns, 100 * ms);
    acked(10000, begin_ns + 50 * ms, 100 * ms);
    at_once = congestion.cwnd - 700 * MSS;
    assert_true(at_once > 100);
    fresh(state);
    lose_at(1000);
    acked(0, begin_ns, 100 * ms);
    for (unsigned i = 0; i < 1000; i++)
        acked(10, begin_ns + 50 * ms, 100 * ms);
    assert_in_range(congestion.cwnd - 700 * MSS, at_once * 95 / 100, at_once);
}

static void window_never_falls_in_congestion_avoidance(void **state)
{
    uint32_t before;

    (void)state;
    lose_at(100);
    acked(MSS, begin_ns, 10 * ms);
    congestion.cwnd = 150 * MSS; /* beyond the cubic */
    before = congestion.cwnd;
    acked(MSS, begin_ns + ms, 10 * ms);
    assert_int_equal(congestion.cwnd, before);
}

/* RFC 9438 4.10: slow start has ended without a loss, and the cubic starts at its turning point */
static void without_a_loss_the_epoch_begins_at_W_max(void **state)
{
    (void)state;
    congestion.cwnd = 100 * MSS;
    congestion.ssthresh = 100 * MSS;
    reference.cwnd = 100;
    acked(MSS, begin_ns, 100 * ms);
    assert_int_equal(congestion.cubic.k_ms, 0);
    assert_int_equal(congestion.cubic.w_max, 100 * MSS);
}

/* ---- losses ------------------------------------------------------------------------------- */

/* RFC 9438 4.6 */
static void loss_leaves_seven_tenths_of_the_flight(void **state)
{
    (void)state;
    congestion.cwnd = 100 * MSS;
    congestion.ops->reduced(&congestion, 50 * MSS, begin_ns);
    assert_int_equal(congestion.ssthresh, 35 * MSS);
    assert_int_equal(congestion.cubic.w_max, 100 * MSS);
    congestion.ops->reduced(&congestion, MSS, begin_ns);
    assert_int_equal(congestion.ssthresh, 2 * MSS);
}

/* RFC 9438 4.7 */
static void loss_below_the_last_peak_releases_bandwidth(void **state)
{
    (void)state;
    lose_at(100);
    lose_at(90);
    assert_int_equal(congestion.cubic.w_max, 90 * MSS * 17 / 20);
    lose_at(80); /* above the remembered w_max */
    assert_int_equal(congestion.cubic.w_max, 80 * MSS);
}

static void losses_in_a_row_agree_with_the_formulas(void **state)
{
    uint64_t now_ns = begin_ns;

    (void)state;
    lose_at(500);
    for (unsigned i = 0; i < 8; i++) {
        now_ns = run_rounds(now_ns, 10 + 9 * i, 50 * ms, 0.02);
        reduced();
        reference_reduced();
        assert_close((double)congestion.cubic.w_max / MSS, reference.w_max, 0.02);
    }
}

/* ---- time that doesn't count -------------------------------------------------------------- */

/* RFC 9438 4.2: t doesn't include time in which the program had too little to send */
static void idle_program_does_not_move_the_clock(void **state)
{
    const uint64_t pause_ns = 20000 * ms;
    uint64_t now_ns;

    (void)state;
    lose_at(1000);
    now_ns = run_rounds(begin_ns, 20, 100 * ms, 0.005);
    for (uint64_t at_ns = 0; at_ns <= pause_ns; at_ns += 100 * ms) {
        const struct congestion_ack ack = {.now_ns = now_ns + at_ns - 100 * ms / 2,
                                           .srtt_ns = 100 * ms,
                                           .acked_bytes = MSS,
                                           .flight_bytes = MSS};

        congestion.ops->acked(&congestion, &ack);
    }
    reference.epoch += (double)pause_ns / 1e9;
    run_rounds(now_ns + pause_ns, 40, 100 * ms, 0.01);
}

/* RFC 5681 4.1 */
static void restart_begins_a_new_epoch(void **state)
{
    (void)state;
    lose_at(100);
    acked(MSS, begin_ns, 100 * ms);
    congestion_restart(&congestion);
    assert_int_equal(congestion.cubic.epoch_ns, 0);
    assert_int_equal(congestion.cwnd, 10 * MSS);
}

/* ---- extremes ----------------------------------------------------------------------------- */

static void extremes_do_not_overflow(void **state)
{
    static const uint32_t sizes[] = {48, 1460, 8960, 65495};
    static const uint32_t windows[] = {65495 * 2, 0x10000000, 0x3fffc000, 0x60000000, 0x7fff0000};

    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (unsigned j = 0; j < sizeof windows / sizeof *windows; j++) {
            congestion_init(&congestion, &leat_tcp_cubic, sizes[i], 10, false);
            congestion.cwnd = windows[j];
            reduced();
            for (uint64_t at_ns = begin_ns, step = ms; step < UINT64_MAX / 8; step *= 4) {
                const uint32_t before = congestion.cwnd;

                at_ns += step;
                acked(0x10000, at_ns, step < 100000 * ms ? step : 100000 * ms);
                assert_true(congestion.cwnd >= before);
                assert_true(congestion.cwnd <= before + before / 2 + 0x10000);
                assert_true(congestion.cwnd < 0x80000000u);
            }
        }
    }
}

static void small_windows_grow_too(void **state)
{
    uint64_t now_ns = begin_ns;

    (void)state;
    lose_at(2);
    assert_int_equal(congestion.cwnd, 2 * MSS);
    for (unsigned i = 0; i < 40; i++)
        acked(MSS, now_ns += 50 * ms, 100 * ms);
    assert_true(congestion.cwnd >= 8 * MSS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(K_is_when_the_old_window_is_reached_again, fresh),
        cmocka_unit_test_setup(window_follows_the_cubic, fresh),
        cmocka_unit_test_setup(on_short_paths_it_is_as_fast_as_Reno, fresh),
        cmocka_unit_test_setup(window_grows_by_half_a_round_at_most, fresh),
        cmocka_unit_test_setup(old_epoch_does_not_wrap, fresh),
        cmocka_unit_test_setup(ACKs_of_few_bytes_add_up, fresh),
        cmocka_unit_test_setup(window_never_falls_in_congestion_avoidance, fresh),
        cmocka_unit_test_setup(without_a_loss_the_epoch_begins_at_W_max, fresh),
        cmocka_unit_test_setup(loss_leaves_seven_tenths_of_the_flight, fresh),
        cmocka_unit_test_setup(loss_below_the_last_peak_releases_bandwidth, fresh),
        cmocka_unit_test_setup(losses_in_a_row_agree_with_the_formulas, fresh),
        cmocka_unit_test_setup(idle_program_does_not_move_the_clock, fresh),
        cmocka_unit_test_setup(restart_begins_a_new_epoch, fresh),
        cmocka_unit_test_setup(extremes_do_not_overflow, fresh),
        cmocka_unit_test_setup(small_windows_grow_too, fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
