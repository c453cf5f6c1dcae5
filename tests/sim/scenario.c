/* scenario.c -- choosing, printing, setting and simplifying a scenario. */
#include "scenario.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

struct field {
    const char *name;
    size_t offset;
    unsigned numbers;
    uint64_t neutral;
};

#define RUN_FIELD(name, numbers, neutral)                                                          \
    {#name, offsetof(struct sim_scenario, name), numbers, neutral},
#define PLAN_FIELD(name, numbers, neutral)                                                         \
    {#name, offsetof(struct sim_plan, name), numbers, neutral},

static const struct field run_fields[] = {SIM_RUN_FIELDS(RUN_FIELD)};
static const struct field plan_fields[] = {SIM_PLAN_FIELDS(PLAN_FIELD)};

enum {
    RUN_FIELDS = sizeof run_fields / sizeof run_fields[0],
    PLAN_FIELDS = sizeof plan_fields / sizeof plan_fields[0]
};

static uint64_t *numbers_of(void *base, const struct field *field)
{
    return (uint64_t *)(void *)((char *)base + field->offset);
}

/* ---- print and set ------------------------------------------------------------------------ */

/* Prints the fields that differ from the neutral scenario, as sim_scenario_set() takes them, each
 * behind @before. */
static void print_fields(const void *base, const struct field *fields, unsigned count,
                         const char *before, const char *prefix, FILE *to)
{
    for (unsigned i = 0; i < count; i++) {
        const uint64_t *at =
            (const uint64_t *)(const void *)((const char *)base + fields[i].offset);
        const uint64_t second = at[fields[i].numbers - 1];

        if (at[0] == fields[i].neutral && second == fields[i].neutral)
            continue;
        fprintf(to, "%s%s%s=%" PRIu64, before, prefix, fields[i].name, at[0]);
        if (at[0] != second)
            fprintf(to, "/%" PRIu64, second);
    }
}

void sim_scenario_print(const struct sim_scenario *scenario, const char *before, FILE *to)
{
    char prefix[16];

    print_fields(scenario, run_fields, RUN_FIELDS, before, "", to);
    for (unsigned i = 0; i < scenario->pairs[0]; i++) {
        snprintf(prefix, sizeof prefix, "c%u.", i);
        print_fields(&scenario->plans[i], plan_fields, PLAN_FIELDS, before, prefix, to);
    }
}

static bool set_field(void *base, const struct field *fields, unsigned count, const char *text)
{
    const char *value = strchr(text, '=');
    char *end;

    for (unsigned i = 0; value && i < count; i++) {
        uint64_t *at = numbers_of(base, &fields[i]);

        if (strlen(fields[i].name) != (size_t)(value - text) ||
            strncmp(fields[i].name, text, (size_t)(value - text)) != 0)
            continue;
        at[0] = strtoull(value + 1, &end, 10);
        if (fields[i].numbers == 2)
            at[1] = *end == '/' ? strtoull(end + 1, &end, 10) : at[0];
        return *end == 0 && end != value + 1;
    }
    return false;
}

bool sim_scenario_set(struct sim_scenario *scenario, const char *text)
{
    char *dot;
    unsigned long pair;

    if (text[0] == 'c' && text[1] >= '0' && text[1] <= '9') {
        pair = strtoul(text + 1, &dot, 10);
        return pair < SIM_PAIRS_MAX && *dot == '.' &&
               set_field(&scenario->plans[pair], plan_fields, PLAN_FIELDS, dot + 1);
    }
    return set_field(scenario, run_fields, RUN_FIELDS, text) && scenario->pairs[0] >= 1 &&
           scenario->pairs[0] <= SIM_PAIRS_MAX;
}

/* ---- simplify ----------------------------------------------------------------------------- */

/* Removes one pair. */
static void remove_pair(struct sim_scenario *scenario, unsigned pair)
{
    for (unsigned i = pair; i + 1 < scenario->pairs[0]; i++)
        scenario->plans[i] = scenario->plans[i + 1];
    scenario->pairs[0]--;
}

bool sim_scenario_simplify(struct sim_scenario *scenario, unsigned number)
{
    const unsigned half = number % 2;
    const struct field *field;
    void *base = scenario;

    if (number < SIM_PAIRS_MAX) {
        if (number < scenario->pairs[0] && scenario->pairs[0] > 1)
            remove_pair(scenario, (unsigned)scenario->pairs[0] - 1 - number);
        return true;
    }
    number = (number - SIM_PAIRS_MAX) / 2;
    if (number < RUN_FIELDS) {
        field = &run_fields[number];
        if (base == scenario && field->offset == offsetof(struct sim_scenario, pairs))
            return true;
    } else {
        const unsigned plan = (number - RUN_FIELDS) / PLAN_FIELDS;

        if (plan >= scenario->pairs[0])
            return false;
        field = &plan_fields[(number - RUN_FIELDS) % PLAN_FIELDS];
        base = &scenario->plans[plan];
    }
    numbers_of(base, field)[half % field->numbers] = field->neutral;
    return true;
}

/* ---- choose ------------------------------------------------------------------------------- */

static void neutral_fields(void *base, const struct field *fields, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        for (unsigned k = 0; k < fields[i].numbers; k++)
            numbers_of(base, &fields[i])[k] = fields[i].neutral;
    }
}

void sim_scenario_neutral(struct sim_scenario *scenario, uint64_t seed)
{
    memset(scenario, 0, sizeof *scenario);
    scenario->seed = seed;
    neutral_fields(scenario, run_fields, RUN_FIELDS);
    for (unsigned i = 0; i < SIM_PAIRS_MAX; i++)
        neutral_fields(&scenario->plans[i], plan_fields, PLAN_FIELDS);
}

static void choose_wire(struct sim_scenario *s, struct sim_random *random, unsigned end)
{
    const bool good = sim_random_percent(random, 15);

    s->delay_us[end] = sim_random_scale(random, 0, 500000);
    if (sim_random_percent(random, 30))
        s->jitter_us[end] = sim_random_scale(random, 1, s->delay_us[end] + 1000);
    if (sim_random_percent(random, 50))
        s->kbit_per_s[end] = 256 + sim_random_scale(random, 0, 100000);
    s->queue_frames[end] = sim_random_percent(random, 70) ? 600 : sim_random_scale(random, 4, 600);
    if (s->kbit_per_s[end] > 0 && s->kbit_per_s[end] < 2000 && s->queue_frames[end] > 64)
        s->queue_frames[end] = 64; /* at most some seconds of queue */
    if (good)
        return;
    if (sim_random_percent(random, 60))
        s->loss_per_m[end] = sim_random_scale(random, 1000, 300000);
    if (sim_random_percent(random, 30))
        s->duplicate_per_m[end] = sim_random_scale(random, 100, 200000);
    if (sim_random_percent(random, 20))
        s->corrupt_per_m[end] = sim_random_scale(random, 100, 100000);
    if (sim_random_percent(random, 40)) {
        s->reorder_per_m[end] = sim_random_scale(random, 100, 300000);
        s->reorder_us[end] = sim_random_scale(random, 1, 300000);
    }
}

/* A pool must hold some of the largest frames, or it can't serve this wire. */
static uint64_t bufs_min(const struct sim_scenario *s, unsigned end)
{
    return 16 * ((s->mtu[0] + 142 + s->buf_bytes[end] - 1) / s->buf_bytes[end]);
}

static void choose_end(struct sim_scenario *s, struct sim_random *random, unsigned end)
{
    if (sim_random_percent(random, 25))
        s->bufs[end] = sim_random_between(random, 24, 128);
    s->buf_bytes[end] =
        sim_random_percent(random, 80) ? 2048 : sim_random_between(random, 64, 256) * 8;
    if (s->bufs[end] < bufs_min(s, end))
        s->bufs[end] = bufs_min(s, end);
    s->burst_frames[end] = sim_random_percent(random, 70) ? 64 : sim_random_between(random, 1, 128);
    s->window_bytes[end] = sim_random_scale(random, 1000, 1000000);
    s->send_queue_bytes[end] = sim_random_scale(random, 1000, 500000);
    if (sim_random_percent(random, 20))
        s->reorder_runs[end] = sim_random_between(random, 1, 16);
    s->rto_min_us[end] =
        sim_random_percent(random, 60) ? 200000 : sim_random_between(random, 1000, 1000000);
    s->rto_max_ms[end] = sim_random_between(random, 4000, 20000);
    s->delayed_ack_us[end] =
        sim_random_percent(random, 60) ? 40000 : sim_random_between(random, 1, 499999);
    if (sim_random_percent(random, 10))
        s->sent_segments[end] = sim_random_between(random, 4, 64);
    s->congestion[end] = sim_random_between(random, SIM_CUBIC, SIM_NEWRENO);
    s->ecn[end] = sim_random_between(random, 0, 3);
    s->no_timestamps[end] = sim_random_percent(random, 20);
    s->no_sack[end] = sim_random_percent(random, 15);
    s->no_rack[end] = sim_random_percent(random, 20);
    s->no_cookies[end] = sim_random_percent(random, 20);
    if (sim_random_percent(random, 20))
        s->backlog[end] = sim_random_between(random, 1, 3);
    if (sim_random_percent(random, 30))
        s->late_us[end] = sim_random_scale(random, 1, 20000);
    if (sim_random_percent(random, 10)) {
        s->freeze_at_ms[end] = sim_random_between(random, 0, 5000);
        s->freeze_ms[end] = sim_random_scale(random, 1, 5000);
    }
}

/* Ends that come by themselves. One side must not wait for the other's end, or both would. */
static void choose_ends(struct sim_plan *plan, struct sim_random *random)
{
    const unsigned first = (unsigned)sim_random_between(random, 0, 1);

    plan->end[first] = SIM_SHUTDOWN;
    plan->end[1 - first] = sim_random_between(random, SIM_SHUTDOWN, SIM_CLOSE);
    if (sim_random_percent(random, 12)) {
        plan->end[first] = sim_random_percent(random, 50) ? SIM_ABORT : SIM_CLOSE_EARLY;
        plan->end_at[first] = sim_random_between(random, 0, plan->bytes[0] + plan->bytes[1]);
    }
}

static void choose_program(struct sim_plan *plan, struct sim_random *random, unsigned end)
{
    plan->bytes[end] = sim_random_percent(random, 90) ? sim_random_scale(random, 0, 100000)
                                                      : sim_random_scale(random, 0, 600000);
    if (sim_random_percent(random, 20))
        plan->bytes[end] = 0;
    plan->chunk[end] = sim_random_scale(random, 1 + plan->bytes[end] / 500, 60000);
    plan->how[end] = sim_random_between(random, 0, SIM_HOWS - 1);
    if (sim_random_percent(random, 20))
        plan->gap_us[end] = sim_random_scale(random, 1, 100000);
    plan->nodelay[end] = sim_random_percent(random, 30);
    if (sim_random_percent(random, 25)) {
        plan->read_max[end] = sim_random_scale(random, 200, 20000);
        plan->read_gap_us[end] = sim_random_scale(random, 1, 50000);
    }
    if (sim_random_percent(random, 15))
        plan->hold_us[end] = sim_random_scale(random, 1, 200000);
    if (sim_random_percent(random, 15)) {
        plan->pause_at[end] = sim_random_scale(random, 0, 100000);
        plan->pause_ms[end] = sim_random_scale(random, 1, 20000);
    }
}

/* Later additions have a random stream of their own, so that a seed keeps its meaning. */
static void choose_fast_open(struct sim_scenario *s)
{
    struct sim_random random = {s->seed * 0x9e3779b97f4a7c15u + 7};

    if (!sim_random_percent(&random, 40))
        return;
    for (unsigned end = 0; end < 2; end++)
        s->fast_open[end] = sim_random_percent(&random, 80);
}

/* Half of the seeds use IPv6, by a stream of its own too. */
static void choose_family(struct sim_scenario *s)
{
    struct sim_random random = {s->seed * 0x9e3779b97f4a7c15u + 13};

    s->ipv6[0] = sim_random_percent(&random, 50);
}

void sim_scenario_from_seed(struct sim_scenario *scenario, uint64_t seed)
{
    struct sim_random random = {seed * 0x2545f4914f6cdd1du + 1};

    sim_scenario_neutral(scenario, seed);
    choose_fast_open(scenario);
    choose_family(scenario);
    scenario->mtu[0] =
        sim_random_percent(&random, 70) ? 1500 : sim_random_between(&random, 296, 9000);
    if (scenario->ipv6[0] && scenario->mtu[0] < 1280)
        scenario->mtu[0] = 1280; /* RFC 8200 5 */
    for (unsigned end = 0; end < 2; end++) {
        choose_wire(scenario, &random, end);
        choose_end(scenario, &random, end);
    }
    if (sim_random_percent(&random, 20))
        scenario->msl_ms[0] = scenario->msl_ms[1] = sim_random_between(&random, 10000, 60000);
    scenario->pairs[0] = sim_random_percent(&random, 50) ? 1 : sim_random_scale(&random, 1, 8);
    for (unsigned i = 0; i < scenario->pairs[0]; i++) {
        struct sim_plan *plan = &scenario->plans[i];

        plan->role[0] = sim_random_between(&random, 0, 1);
        if (sim_random_percent(&random, 5))
            plan->role[0] = 2;
        if (i > 0)
            plan->start_us[0] = sim_random_scale(&random, 0, 3000000);
        for (unsigned end = 0; end < 2; end++)
            choose_program(plan, &random, end);
        choose_ends(plan, &random);
    }
}
