/* sim.c -- the world: its construction, and the course of time. */
#include "sim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "segment.h"
#include "tls.h"
#include "translate.h"

enum {
    ETHERNET_BYTES = 14,
    STEPS_MAX = 20000000
};

void sim_fail(struct sim *sim, const char *format, ...)
{
    va_list list;

    if (sim->failed)
        return;
    sim->failed = true;
    va_start(list, format);
    vsnprintf(sim->failure, sizeof sim->failure, format, list);
    va_end(list);
}

void sim_say(const struct sim *sim, const char *format, ...)
{
    va_list list;

    if (!sim->verbose)
        return;
    printf("%12.6f ", (double)sim->now_ns / 1e9);
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    printf("\n");
}

void sim_say_sides(const struct sim *sim)
{
    char text[LEAT_TCP_INFO_TEXT_BYTES];
    struct leat_tcp_info info;

    for (unsigned i = 0; i < 2 * sim->scenario.pairs[0]; i++) {
        const struct sim_side *side = &sim->sides[i / 2][i % 2];

        if (!side->conn)
            continue;
        leat_tcp_get_info(side->conn, &info);
        leat_tcp_info_text(&info, text);
        sim_say(sim, "c%u end %u: written %llu, read %llu%s%s: %s", side->pair, side->end,
                (unsigned long long)side->written, (unsigned long long)side->read,
                side->ended ? ", ended" : "", side->eof ? ", at the end" : "", text);
    }
}

/* ---- building ----------------------------------------------------------------------------- */

static struct leat_config stack_config(const struct sim_scenario *s, unsigned end)
{
    struct leat_config config = {
        .buf_count = (uint32_t)s->bufs[end],
        .buf_bytes = (uint32_t)s->buf_bytes[end],
        .burst_frames = (uint16_t)s->burst_frames[end],
        .arp_entries = 4,
        .routes = 1,
        .reassemblies = s->attack_per_s[end] > 0 ? 4 : 1,
    };
    struct sim_random random = {s->seed * 2 + end};

    for (unsigned i = 0; i < LEAT_SEED_BYTES; i++)
        config.seed[i] = (uint8_t)(sim_random_next(&random) | 1);
    return config;
}

/* Models of BBR that @end has: some of its connections may use BBR although the stack doesn't. */
static uint32_t bbr_connections(const struct sim_scenario *s, unsigned end)
{
    for (unsigned i = 0; i < s->pairs[0] && s->bbr_connections[end] == 0; i++) {
        if (s->plans[i].bbr[end])
            return UINT32_MAX;
    }
    return (uint32_t)s->bbr_connections[end];
}

static const struct leat_tcp_congestion *const congestions[] = {
    [SIM_CUBIC] = &leat_tcp_cubic,
    [SIM_NEWRENO] = &leat_tcp_newreno,
    [SIM_BBR] = &leat_tcp_bbr,
};

static struct leat_tcp_config tcp_config(const struct sim_scenario *s, unsigned end)
{
    const uint64_t most = s->pairs[0] < 8 ? 8 : s->pairs[0];

    return (struct leat_tcp_config){
        .connections = (uint32_t)(s->connections[end] > 0 ? s->connections[end] : most + 4),
        .half_open = (uint32_t)(s->half_open[end] > 0 ? s->half_open[end] : most + 4),
        .time_wait = (uint32_t)(s->time_wait[end] > 0 ? s->time_wait[end] : 2 * most),
        .listeners = 2,
        .reorder_runs = (uint32_t)s->reorder_runs[end],
        .receive_window_bytes = (uint32_t)s->window_bytes[end],
        .send_queue_bytes = (uint32_t)s->send_queue_bytes[end],
        .rto_min_ns = s->rto_min_us[end] * SIM_NS_PER_US,
        .rto_max_ns = s->rto_max_ms[end] * SIM_NS_PER_MS,
        .delayed_ack_ns = s->delayed_ack_us[end] * SIM_NS_PER_US,
        .msl_ns = s->msl_ms[end] * SIM_NS_PER_MS,
        .user_timeout_ns = 3600u * (uint64_t)SIM_NS_PER_S, /* a wait of that length is a hang */
        .transfers = (uint32_t)s->transfers[end],
        .sent_segments = (uint32_t)s->sent_segments[end],
        .congestion = congestions[s->congestion[end]],
        .bbr_connections = bbr_connections(s, end),
        .ecn = (enum leat_tcp_ecn)s->ecn[end],
        .no_timestamps = s->no_timestamps[end] != 0,
        .no_sack = s->no_sack[end] != 0,
        .no_rack = s->no_rack[end] != 0,
        .no_cookies = s->no_cookies[end] != 0,
        /* a repeated SYN with data opens the connection again (RFC 7413 2.1), and the watcher can't
         * tell an attacker's SYNs from a peer's */
        .fast_open = s->fast_open[end] != 0 && s->attack_per_s[0] + s->attack_per_s[1] == 0,
        .keepalive_idle_ns = 30u * (uint64_t)SIM_NS_PER_S,
        .keepalive_probes = 40, /* a link that is down half of the time ends nothing */
        .keepalive_interval_ns = 5u * (uint64_t)SIM_NS_PER_S,
    };
}

struct leat_ip sim_address(const struct sim *sim, unsigned end)
{
    struct leat_ip ip = LEAT_IP4(10, 0, 0, 1 + end);

    if (sim->scenario.ipv6[0])
        translate_address(leat_ip_v4_number(ip), ip.bytes);
    return ip;
}

/* Without duplicate address detection: the programs start at once, as over IPv4. */
static const struct leat_ipv6_config ipv6_config = {.no_duplicate_check = true, .hosts = 64};

static bool families_build(struct sim_end *end)
{
    const bool ipv6 = end->sim->scenario.ipv6[0] != 0;
    struct leat_netif *netif = &end->device.netif;

    return (!ipv6 || leat_ipv6_register(end->stack, &ipv6_config) == LEAT_OK) &&
           leat_attach(end->stack, netif) == LEAT_OK &&
           leat_address_add(end->stack, netif, sim_address(end->sim, end->index),
                            ipv6 ? TRANSLATE_PREFIX_BITS + 24 : 24) == LEAT_OK;
}

static bool end_build(struct sim_end *end)
{
    struct sim *sim = end->sim;
    const struct leat_config config = stack_config(&sim->scenario, end->index);
    struct leat_tcp_config tcp = tcp_config(&sim->scenario, end->index);
    size_t bytes;

    if (sim->configure)
        sim->configure(&tcp, sim->configure_arg);
    bytes = leat_memory_bytes(&config) + leat_tcp_memory_bytes(&tcp) +
            (sim->scenario.ipv6[0] ? leat_ipv6_memory_bytes(&ipv6_config) : 0);
    end->memory = malloc(bytes);
    if (!end->memory || leat_init(&end->stack, end->memory, bytes, &config) != LEAT_OK ||
        !families_build(end) || leat_tcp_register(end->stack, &tcp) != LEAT_OK) {
        sim_fail(sim, "end %u: the stack can't be built", end->index);
        return false;
    }
    end->frozen_from_ns = sim->scenario.freeze_at_ms[end->index] * SIM_NS_PER_MS;
    end->frozen_until_ns =
        end->frozen_from_ns + sim->scenario.freeze_ms[end->index] * SIM_NS_PER_MS;
    sim_count_free(end, end->free);
    sim_tls_open(end);
    sim_tasks_open(end);
    if (!sim_tasks_serve(end))
        sim_program_listen(end);
    return !sim->failed;
}

static void wire_build(struct sim *sim)
{
    const struct sim_scenario *s = &sim->scenario;
    const uint32_t frame_bytes = (uint32_t)s->mtu[0] + ETHERNET_BYTES;
    /* never short of slots: the watcher would miss frames */
    const uint32_t frames = (uint32_t)(s->queue_frames[0] + s->queue_frames[1]) + 4;

    sim->link_memory = malloc(leat_link_memory_bytes(frames, frame_bytes));
    sim->link = leat_link_init(sim->link_memory, frames, frame_bytes, s->seed);
    leat_link_set_tap(sim->link, sim_watcher_see, &sim->watcher);
    for (unsigned end = 0; end < 2; end++) {
        const struct leat_link_faults faults = {
            .delay_ns = s->delay_us[end] * SIM_NS_PER_US,
            .jitter_ns = s->jitter_us[end] * SIM_NS_PER_US,
            .bits_per_s = s->kbit_per_s[end] * 1000,
            .queue_frames = (uint32_t)s->queue_frames[end],
            .loss_per_m = (uint32_t)s->loss_per_m[end],
            .duplicate_per_m = (uint32_t)s->duplicate_per_m[end],
            .corrupt_per_m = (uint32_t)s->corrupt_per_m[end],
            .reorder_per_m = (uint32_t)s->reorder_per_m[end],
            .reorder_ns = s->reorder_us[end] * SIM_NS_PER_US,
        };

        leat_link_set_faults(sim->link, (int)end, &faults);
        leat_link_set_offloads(sim->link, (int)end, (uint32_t)s->offload[end]);
    }
}

static void sides_build(struct sim *sim)
{
    for (unsigned i = 0; i < sim->scenario.pairs[0]; i++) {
        const struct sim_plan *plan = &sim->scenario.plans[i];

        for (unsigned end = 0; end < 2; end++) {
            struct sim_side *side = &sim->sides[i][end];

            side->sim = sim;
            side->peer = &sim->sides[i][1 - end];
            side->plan = plan;
            side->end = end;
            side->pair = i;
            side->wake_ns = plan->role[0] == end || plan->role[0] == 2
                                ? plan->start_us[0] * SIM_NS_PER_US
                                : LEAT_NEVER_NS;
        }
    }
}

/* The pattern is the same for all runs. */
static const uint8_t *pattern_build(void)
{
    static uint8_t pattern[SIM_PATTERN_PERIOD + SIM_PATTERN_RUN];
    static bool is_built;
    struct sim_random random = {0x6c656174};

    if (is_built)
        return pattern;
    for (unsigned i = 0; i < SIM_PATTERN_PERIOD; i++)
        pattern[i] = (uint8_t)sim_random_next(&random);
    for (unsigned i = SIM_PATTERN_PERIOD; i < sizeof pattern; i++)
        pattern[i] = pattern[i - SIM_PATTERN_PERIOD];
    is_built = true;
    return pattern;
}

struct sim *sim_create(const struct sim_scenario *scenario, FILE *record)
{
    struct sim *sim = calloc(1, sizeof *sim);

    if (!sim)
        abort();
    sim->scenario = *scenario;
    sim->random.state = scenario->seed ^ 0x73696d;
    sim->watcher.sim = sim;
    sim->record = record;
    if (record)
        sim_record_begin(record);
    sim->pattern = pattern_build();
    wire_build(sim);
    sides_build(sim);
    for (unsigned i = 0; i < 2; i++) {
        sim->ends[i].sim = sim;
        sim->ends[i].index = i;
        sim->ends[i].attack_random.state = scenario->seed ^ (0x617474 + i);
        sim_device_init(&sim->ends[i].device, sim, i);
    }
    return sim;
}

void sim_destroy(struct sim *sim)
{
    for (unsigned i = 0; i < 2; i++) {
        sim_tasks_close(&sim->ends[i]);
        sim_tls_close(&sim->ends[i]);
        if (sim->ends[i].stack)
            leat_close(sim->ends[i].stack);
        free(sim->ends[i].memory);
    }
    for (unsigned i = 0; i < 2 * SIM_PAIRS_MAX; i++)
        sim_below_close(&sim->sides[i / 2][i % 2].below);
    free(sim->link_memory);
    free(sim);
}

/* ---- time --------------------------------------------------------------------------------- */

uint64_t sim_clock_ns(const struct sim_end *end)
{
    const struct sim_scenario *s = &end->sim->scenario;
    const uint64_t now_ns = end->sim->now_ns;
    const uint64_t stall_ns = s->stall_ms[end->index] * SIM_NS_PER_MS;
    const uint64_t stall_at_ns = s->stall_at_ms[end->index] * SIM_NS_PER_MS;
    uint64_t clock_ns = now_ns;

    if (now_ns >= stall_at_ns)
        clock_ns -= now_ns - stall_at_ns < stall_ns ? now_ns - stall_at_ns : stall_ns;
    if (now_ns >= s->jump_at_ms[end->index] * SIM_NS_PER_MS)
        clock_ns += s->jump_ms[end->index] * SIM_NS_PER_MS;
    return clock_ns;
}

/* When the clock of @end will show @clock_ns, if it does not leap before. */
static uint64_t when_clock_says(const struct sim_end *end, uint64_t clock_ns)
{
    const struct sim *sim = end->sim;
    const struct sim_window stall = {.at_ns = sim->scenario.stall_at_ms[end->index] * SIM_NS_PER_MS,
                                     .len_ns = sim->scenario.stall_ms[end->index] * SIM_NS_PER_MS};
    const uint64_t now_ns = sim_clock_ns(end);

    if (clock_ns == LEAT_NEVER_NS || clock_ns <= now_ns)
        return clock_ns == LEAT_NEVER_NS ? clock_ns : sim->now_ns;
    if (sim_window_is_open(&stall, sim->now_ns))
        return sim_window_end_ns(&stall, sim->now_ns) + (clock_ns - now_ns);
    return sim->now_ns + (clock_ns - now_ns);
}

/* The time of the end's next turn. */
static uint64_t end_next_ns(struct sim_end *end)
{
    const struct sim *sim = end->sim;
    const uint64_t look_ns = sim_device_wake_ns(&end->device);
    const uint64_t program_ns = sim_program_next_ns(end);
    const uint64_t jump_ns = sim->scenario.jump_at_ms[end->index] * SIM_NS_PER_MS;
    uint64_t at_ns = end->deadline_ns;

    if (look_ns < at_ns && !end->starved)
        at_ns = look_ns;
    if (at_ns > sim->now_ns && at_ns != LEAT_NEVER_NS)
        at_ns += end->lateness_ns;
    if (program_ns < at_ns)
        at_ns = program_ns;
    if (jump_ns > sim->now_ns && jump_ns < at_ns)
        at_ns = jump_ns;
    if (at_ns >= end->frozen_from_ns && at_ns < end->frozen_until_ns)
        at_ns = end->frozen_until_ns;
    return at_ns > sim->now_ns ? at_ns : sim->now_ns;
}

static void end_turn(struct sim_end *end)
{
    struct sim *sim = end->sim;
    const uint64_t late_ns = sim->scenario.late_us[end->index] * SIM_NS_PER_US;
    const uint64_t frames_before = sim->watcher.frames + end->device.taken;
    const uint64_t events_before = sim->events;
    const uint64_t heard =
        end->device.given + end->device.lost_in; /* a lost link costs polls too */
    uint64_t next_ns;
    bool busy;

    sim_drought_begin(end);
    busy = sim_program_wake(end);
    end->pool_was_low = sim_pool_is_low(end);
    next_ns = leat_poll(end->stack, sim_clock_ns(end));
    sim_drought_end(end);
    sim_tasks_look(end);
    end->polls++;
    if (next_ns < sim_clock_ns(end))
        sim_fail(sim, "end %u: the next deadline is in the past", end->index);
    end->deadline_ns = when_clock_says(end, next_ns);
    end->starved =
        sim_device_wake_ns(&end->device) <= sim->now_ns && end->deadline_ns > sim->now_ns;
    end->lateness_ns = late_ns > 0 ? sim_random_between(&sim->random, 0, late_ns) : 0;
    busy = busy || sim->watcher.frames + end->device.taken != frames_before ||
           sim->events != events_before || end->device.given + end->device.lost_in != heard;
    sim_check_poll(end, busy);
}

static bool step(struct sim *sim)
{
    const uint64_t at_ns[2] = {end_next_ns(&sim->ends[0]), end_next_ns(&sim->ends[1])};
    const uint64_t next_ns = at_ns[0] < at_ns[1] ? at_ns[0] : at_ns[1];
    const unsigned first = (unsigned)sim_random_between(&sim->random, 0, 1);

    if (next_ns == LEAT_NEVER_NS) {
        sim_fail_of_hang(sim, "nothing will ever happen again, but it is not over");
        return false;
    }
    sim->now_ns = next_ns;
    for (unsigned i = 0; i < 2; i++) {
        struct sim_end *end = &sim->ends[first ^ i];

        if (at_ns[end->index] <= next_ns)
            end_turn(end);
    }
    sim_check_step(sim);
    if (sim->now_ns - sim->progress_ns > sim_patience_ns(sim))
        sim_fail_of_hang(sim, "nothing has moved for too long");
    if (++sim->steps > STEPS_MAX)
        sim_fail(sim, "too many steps");
    return !sim->failed;
}

bool sim_run_until(struct sim *sim, uint64_t until_ns)
{
    if (!end_build(&sim->ends[0]) || !end_build(&sim->ends[1]))
        return false;
    while (sim->now_ns < until_ns && !sim_is_over(sim)) {
        if (!step(sim))
            return false;
    }
    return !sim->failed;
}

bool sim_run(struct sim *sim)
{
    if (sim_run_until(sim, LEAT_NEVER_NS))
        sim_check_end(sim);
    return !sim->failed;
}
