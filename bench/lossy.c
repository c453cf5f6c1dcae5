/* lossy.c -- one path with a bottleneck, in the simulator. */
#include "lossy.h"

#include <stdlib.h>

#include "sim.h"

enum {
    MTU = 1500,
    BUFS = 8192,
    WINDOW_BYTES = 6 << 20,
    SECOND_STARTS_US = 537000, /* the other one is in full swing by then */
    BUFFER_LEAST = 4           /* frames: the least buffer in practice with which BBR is tried */
};

static uint64_t max64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void choose_flow(struct sim_scenario *s, const struct lossy *lossy, unsigned flow)
{
    struct sim_plan *plan = &s->plans[flow];

    *plan = s->plans[0];
    plan->bytes[0] = UINT64_MAX / 2;
    plan->bytes[1] = 0;
    plan->chunk[0] = SIM_PATTERN_RUN;
    plan->how[0] = SIM_LEND;
    plan->start_us[0] = (uint64_t)flow * SECOND_STARTS_US;
    plan->bbr[0] = lossy->variants[flow]->congestion == &leat_tcp_bbr;
}

static struct sim_scenario scenario_of(const struct lossy *lossy, uint64_t seed)
{
    const uint64_t path_bytes = (uint64_t)LOSSY_KBIT_PER_S * lossy->rtt_ms / 8;
    const uint64_t path_frames = path_bytes / MTU;
    const struct variant *first = lossy->variants[0];
    struct sim_scenario s;

    sim_scenario_neutral(&s, seed);
    s.pairs[0] = lossy->flows;
    for (unsigned end = 0; end < 2; end++) {
        s.delay_us[end] = lossy->rtt_ms * 500u;
        s.kbit_per_s[end] = LOSSY_KBIT_PER_S;
        /* those on their way, half of the round trip, count too */
        s.queue_frames[end] =
            path_frames / 2 + 1 + max64(path_frames * lossy->buffer_percent / 100, BUFFER_LEAST);
        s.window_bytes[end] = max64(WINDOW_BYTES, 8 * path_bytes);
        s.bufs[end] = max64(BUFS, lossy->flows * s.window_bytes[end] / 1024);
        s.send_queue_bytes[end] = s.window_bytes[end];
        s.sent_segments[end] = s.bufs[end];
        s.reorder_runs[end] = 4096;
        s.congestion[end] = first->congestion == &leat_tcp_newreno ? SIM_NEWRENO : SIM_CUBIC;
        s.no_sack[end] = first->no_sack;
        s.no_rack[end] = first->no_rack;
    }
    s.loss_per_m[0] = lossy->loss_per_m;
    for (unsigned flow = 0; flow < lossy->flows; flow++)
        choose_flow(&s, lossy, flow);
    return s;
}

static void add_run(const struct lossy *lossy, uint64_t seed, struct lossy_result *result)
{
    const struct sim_scenario scenario = scenario_of(lossy, seed);
    struct sim *sim = sim_create(&scenario, NULL);
    struct leat_link_counts counts;

    if (!sim_run_until(sim, lossy->seconds * (uint64_t)SIM_NS_PER_S)) {
        fprintf(stderr, "goodput: %s, loss %u of a million, %u ms, seed %llu: %s\n",
                lossy->variants[0]->name, lossy->loss_per_m, lossy->rtt_ms,
                (unsigned long long)seed, sim->failure);
        exit(1);
    }
    for (unsigned flow = 0; flow < lossy->flows; flow++)
        result->mbit_per_s[flow] +=
            (double)sim->sides[flow][1].read * 8 / 1e6 / lossy->seconds / lossy->seeds;
    counts = leat_link_counts(sim->link, 0);
    result->wait_ms += (double)counts.wait_ns / (double)counts.sent / 1e6 / lossy->seeds;
    if ((double)counts.wait_max_ns / 1e6 > result->wait_max_ms)
        result->wait_max_ms = (double)counts.wait_max_ns / 1e6;
    sim_destroy(sim);
}

struct lossy_result lossy_measure(const struct lossy *lossy)
{
    struct lossy_result result = {0};

    for (unsigned seed = 1; seed <= lossy->seeds; seed++)
        add_run(lossy, seed, &result);
    return result;
}
