/* faults.c -- fault profiles. */
#include "faults.h"

#include <string.h>

#include "early.h"
#include "sim.h"
#include "tls.h"

enum {
    NEEDS_MAX = 13,
    ETHERNET_BYTES = 14,
    TLS_HEADERS_BYTES = 100,  /* of a frame, at most */
    TLS_BUF_BYTES_MIN = 1280, /* a record has 16 pieces at most */
    TLS_RECORD_BYTES = 17000,
    TLS_WINDOW_BYTES_MIN = 34000, /* two records: the edge moves by halves (RFC 9293 3.8.6.2.2) */
    TLS_QUEUE_BYTES_MIN = 8192,   /* a message must fit */
    ALL_OFFLOADS = LEAT_NETIF_GATHER | LEAT_NETIF_RX_CHECKSUM | LEAT_NETIF_TX_CHECKSUM |
                   LEAT_NETIF_TSO | LEAT_NETIF_TSO6 | LEAT_NETIF_GRO
};

struct sim_profile {
    const char *name;
    void (*add)(struct sim_scenario *s, struct sim_random *random, unsigned end);
    enum sim_tally needs[NEEDS_MAX]; /* up to the first SIM_TALLY_good */
};

/* ---- faults ------------------------------------------------------------------------------- */

static void add_memory(struct sim_scenario *s, struct sim_random *random, unsigned end)
{
    struct sim_random apart = {~random->state}; /* its draws don't change other parts of a seed */

    if (sim_random_percent(random, 70)) /* else from the start */
        s->dry_at_ms[end] = sim_random_scale(random, 0, 3000);
    s->dry_ms[end] = sim_random_scale(random, 1, 3000);
    if (sim_random_percent(random, 60))
        s->dry_every_ms[end] = s->dry_ms[end] * 2 + sim_random_scale(random, 1, 5000);
    s->dry_left[end] = sim_random_scale(random, 0, 40);
    if (sim_random_percent(random, 40)) { /* super-frames wait for the device in the meantime */
        s->ring_frames[end] = sim_random_between(random, 1, 4);
        s->ring_us[end] = sim_random_scale(random, 100, 3000);
    }
    if (sim_random_percent(random, 60))
        s->dry_list[end] = sim_random_between(random, 1, SIM_LIST_TRANSFERS);
    if (sim_random_percent(&apart, 20)) { /* connecting at the very start is refused */
        s->dry_at_ms[end] = 0;
        s->dry_every_ms[end] = 0;
        s->dry_left[end] = 0;
        s->dry_list[end] = SIM_LIST_CONNS + 1;
    }
}

static void add_device(struct sim_scenario *s, struct sim_random *random, unsigned end)
{
    if (sim_random_percent(random, 40)) {
        s->stop_at_ms[end] = sim_random_scale(random, 0, 3000);
        s->stop_ms[end] = sim_random_scale(random, 1, 10000);
        if (sim_random_percent(random, 50))
            s->stop_every_ms[end] = s->stop_ms[end] * 2 + sim_random_scale(random, 1, 3000);
    }
    if (sim_random_percent(random, 40)) {
        s->down_at_ms[end] = sim_random_scale(random, 0, 3000);
        s->down_ms[end] = sim_random_scale(random, 1, 10000);
        if (sim_random_percent(random, 50))
            s->down_every_ms[end] = s->down_ms[end] * 2 + sim_random_scale(random, 1, 3000);
    }
    if (sim_random_percent(random, 60)) {
        s->ring_frames[end] = sim_random_scale(random, 1, 64);
        s->ring_us[end] = sim_random_scale(random, 1, 3000);
    }
    if (sim_random_percent(random, 40))
        s->tick_us[end] = sim_random_scale(random, 1, 50000);
}

static void add_clock(struct sim_scenario *s, struct sim_random *random, unsigned end)
{
    /* timestamps wrap in 24.8 days: after that PAWS must take all segments of such a machine for
     * old (RFC 7323 5.5) */
    static const uint64_t leap_max_ms = 24ull * 24 * 3600 * 1000;

    if (sim_random_percent(random, 60)) {
        s->jump_at_ms[end] = sim_random_scale(random, 1, 5000);
        s->jump_ms[end] = sim_random_scale(random, 1, 20000);
        if (sim_random_percent(random, 30))
            s->jump_ms[end] = sim_random_scale(random, 1, leap_max_ms);
    }
    if (sim_random_percent(random, 60)) {
        s->stall_at_ms[end] = sim_random_scale(random, 0, 5000);
        s->stall_ms[end] = sim_random_scale(random, 1, 20000);
    }
    if (sim_random_percent(random, 40)) {
        s->freeze_at_ms[end] = sim_random_scale(random, 0, 5000);
        s->freeze_ms[end] = sim_random_scale(random, 1, 30000);
    }
}

static void add_program(struct sim_scenario *s, struct sim_random *random, unsigned end)
{
    if (sim_random_percent(random, 40))
        s->accept_at_ms[end] = sim_random_scale(random, 1, 30000);
    if (sim_random_percent(random, 25))
        s->unlisten_at_ms[end] = sim_random_scale(random, 1, 10000);
    for (unsigned i = 0; i < s->pairs[0]; i++) {
        struct sim_plan *plan = &s->plans[i];

        if (sim_random_percent(random, 30)) {
            plan->end_at_ms[end] = sim_random_scale(random, 1, 20000);
            plan->end[end] = sim_random_percent(random, 50) ? SIM_ABORT : SIM_CLOSE_EARLY;
        }
        if (sim_random_percent(random, 20)) {
            plan->deaf[end] = 1;
            plan->pause_at[end] = sim_random_scale(random, 0, 50000);
            plan->end[end] = SIM_CLOSE_EARLY;
            plan->end_at_ms[end] = sim_random_scale(random, 1000, 400000);
        }
    }
}

/* Many connections, and few of all resources that they share. */
static void add_crowd(struct sim_scenario *s, struct sim_random *random, unsigned end)
{
    const uint64_t frame_bufs = (s->mtu[0] + 142 + s->buf_bytes[end] - 1) / s->buf_bytes[end];

    if (end == 0)
        s->pairs[0] = sim_random_scale(random, 9, SIM_PAIRS_MAX);
    s->bufs[end] = frame_bufs * sim_random_between(random, 24, 128);
    s->sent_segments[end] = sim_random_between(random, 16, 256);
    s->reorder_runs[end] = sim_random_between(random, 1, 64);
    if (sim_random_percent(random, 50))
        s->transfers[end] = sim_random_between(random, 1, 8);
    s->backlog[end] = sim_random_between(random, 1, 8);
    s->half_open[end] = sim_random_between(random, 1, 8);
    if (sim_random_percent(random, 30))
        s->time_wait[end] = sim_random_between(random, 1, 8);
    if (sim_random_percent(random, 40))
        s->connections[end] = sim_random_between(random, 2, s->pairs[0]);
    for (unsigned i = 0; i < s->pairs[0]; i++) {
        struct sim_plan *plan = &s->plans[i];

        if (end == 0)
            plan->role[0] = sim_random_between(random, 0, 1);
        plan->start_us[0] = sim_random_scale(random, 0, 5000000);
        plan->bytes[end] = sim_random_scale(random, 0, 15000);
        plan->chunk[end] = sim_random_between(random, 100, 10000);
        plan->how[end] = sim_random_between(random, 0, SIM_HOWS - 1);
        plan->end[end] = sim_random_between(random, SIM_SHUTDOWN, SIM_CLOSE_EARLY);
        plan->end_at[end] = sim_random_scale(random, 0, 40000);
        if (end == 1 && plan->end[0] != SIM_SHUTDOWN && plan->end[1] != SIM_SHUTDOWN)
            plan->end[1] = SIM_SHUTDOWN; /* one must not wait for the other */
    }
}

static void add_attack(struct sim_scenario *s, struct sim_random *random, unsigned end)
{
    s->attack_per_s[end] = sim_random_percent(random, 70) ? sim_random_between(random, 500, 3000)
                                                          : sim_random_scale(random, 5, 500);
    s->no_cookies[end] = 0; /* or a flood of SYNs would keep other clients out */
}

static void add_offload(struct sim_scenario *s, struct sim_random *random, unsigned end)
{
    static const uint64_t kinds[] = {
        0,
        LEAT_NETIF_GATHER | LEAT_NETIF_TX_CHECKSUM,
        LEAT_NETIF_GATHER | LEAT_NETIF_TX_CHECKSUM | LEAT_NETIF_TSO | LEAT_NETIF_TSO6,
        LEAT_NETIF_GATHER | LEAT_NETIF_RX_CHECKSUM,
        LEAT_NETIF_GATHER | LEAT_NETIF_RX_CHECKSUM | LEAT_NETIF_GRO,
        LEAT_NETIF_TX_CHECKSUM,
        ALL_OFFLOADS,
        ALL_OFFLOADS,
    };

    s->offload[end] = kinds[sim_random_between(random, 0, 7)];
    if (!(s->offload[end] & LEAT_NETIF_GATHER) && s->buf_bytes[end] < s->mtu[0] + ETHERNET_BYTES)
        s->buf_bytes[end] = (s->mtu[0] + ETHERNET_BYTES + 7) / 8 * 8; /* one buffer holds a frame */
    if (sim_random_percent(random, 60)) { /* so that segments can follow each other */
        s->window_bytes[end] = sim_random_between(random, 100000, 1000000);
        s->send_queue_bytes[end] = sim_random_between(random, 100000, 1000000);
        s->plans[0].bytes[end] = sim_random_between(random, 100000, 800000);
        s->plans[0].chunk[end] = 60000;
        s->loss_per_m[end] = s->loss_per_m[end] < 20000 ? s->loss_per_m[end] : 20000;
    }
}

/* Programs as tasks, at one end or at both. No other faults, which --set can add. */
static void add_tasks(struct sim_scenario *s, struct sim_random *random, unsigned end)
{
    const uint64_t enough = 2 * s->pairs[0] + 4;

    if (end == 1 && sim_random_percent(random, 15)) /* those of the other end are tasks already */
        return;
    s->tasks[end] = sim_random_percent(random, 80) ? enough : sim_random_between(random, 1, enough);
    s->serve[end] = sim_random_percent(random, 50);
    /* connections that wait for a task hold their received data: the pool must suffice */
    if (s->tasks[end] < enough && s->window_bytes[end] > s->bufs[end] * s->buf_bytes[end] / 64)
        s->window_bytes[end] = s->bufs[end] * s->buf_bytes[end] / 64;
    if (sim_random_percent(random, 50))
        s->cancel_per_m[end] = sim_random_scale(random, 100, 100000);
    if (sim_random_percent(random, 50))
        s->deadline_per_m[end] = sim_random_scale(random, 1000, 500000);
}

/* BBR, for the stack or for some connections, also with fewer models than those; besides a bad wire
 * sometimes a device with TSO, or little memory. */
static void add_bbr(struct sim_scenario *s, struct sim_random *random, unsigned end)
{
    if (sim_random_percent(random, 60))
        s->congestion[end] = SIM_BBR;
    else
        s->plans[sim_random_between(random, 0, s->pairs[0] - 1)].bbr[end] = 1;
    if (sim_random_percent(random, 30))
        s->bbr_connections[end] = sim_random_between(random, 1, 2);
    if (sim_random_percent(random, 50))
        add_offload(s, random, end);
    else if (sim_random_percent(random, 30))
        add_memory(s, random, end);
}

/* Gives sessions enough: room for a record and for messages, and a pool that holds an incomplete
 * record of each. */
static void tls_floor(struct sim_scenario *s, unsigned end)
{
    const uint64_t record_frames = TLS_RECORD_BYTES / (s->mtu[0] - TLS_HEADERS_BYTES) + 1;
    const uint64_t bufs = (s->pairs[0] + 2) * 2 * record_frames;

    if (s->bufs[end] < bufs)
        s->bufs[end] = bufs;
    if (s->buf_bytes[end] < TLS_BUF_BYTES_MIN)
        s->buf_bytes[end] = TLS_BUF_BYTES_MIN;
    if (s->window_bytes[end] < TLS_WINDOW_BYTES_MIN)
        s->window_bytes[end] = TLS_WINDOW_BYTES_MIN;
    if (s->send_queue_bytes[end] < TLS_QUEUE_BYTES_MIN)
        s->send_queue_bytes[end] = TLS_QUEUE_BYTES_MIN;
}

/* Opens the first connection once more, when a ticket is old enough for early data. */
static void follow_later(struct sim_scenario *s, struct sim_random *random)
{
    struct sim_plan *plan = &s->plans[s->pairs[0]];

    *plan = s->plans[0];
    plan->start_us[0] += sim_random_between(random, 12000000, 40000000);
    for (unsigned end = 0; end < 2; end++)
        plan->cut_at[end] = plan->flip_at[end] = 0;
    s->pairs[0]++;
    tls_floor(s, 0);
}

/* Early data, at clients or servers or both, refused for various reasons. */
static void add_early(struct sim_scenario *s, const struct sim_random *random, unsigned end)
{
    struct sim_random apart = {~random->state}; /* its draws don't change other parts of a seed */

    if (!sim_random_percent(&apart, 80))
        return;
    s->tls_early[end] = sim_random_scale(&apart, 1, 30000);
    s->tls_early_how[end] = sim_random_between(&apart, 0, SIM_EARLY_HOWS - 1);
    if (sim_random_percent(&apart, 20))
        s->tls_early_hellos[end] = 1;
    if (end == 1 && s->pairs[0] < SIM_PAIRS_MAX && sim_random_percent(&apart, 60))
        follow_later(s, &apart);
}

/* Encrypted connections, often one after the other, so that there is a ticket. At times with faults
 * of TCP, cryptography and streams. */
static void add_tls(struct sim_scenario *s, struct sim_random *random, unsigned end)
{
    for (unsigned i = 0; i < s->pairs[0]; i++) {
        struct sim_plan *plan = &s->plans[i];

        if (end == 0) {
            plan->tls[0] = sim_random_percent(random, 90);
            plan->start_us[0] = i * sim_random_scale(random, 1000, 5000000);
        }
        if (sim_random_percent(random, 6))
            plan->cut_at[end] = sim_random_scale(random, 1, 20000);
        if (sim_random_percent(random, 6))
            plan->flip_at[end] = sim_random_scale(random, 1, 20000);
    }
    s->tls_cookies[end] = sim_random_percent(random, 20) ? sim_random_between(random, 1, 2) : 0;
    s->tls_one_group[end] = sim_random_percent(random, 20);
    s->tls_tickets[end] = sim_random_percent(random, 80);
    if (sim_random_percent(random, 20))
        s->tls_ticket_s[end] = sim_random_scale(random, 1, 100);
    if (sim_random_percent(random, 50))
        s->tls_key_records[end] = sim_random_scale(random, 1, 30);
    if (sim_random_percent(random, 20))
        s->tls_handshakes[end] = sim_random_between(random, 1, 2);
    if (sim_random_percent(random, 20))
        s->tls_signatures[end] = 1;
    if (sim_random_percent(random, 15))
        s->tls_patience_ms[end] = sim_random_scale(random, 100, 20000);
    if (sim_random_percent(random, 10))
        s->tls_fail_per_m[end] = sim_random_scale(random, 100, 30000);
    add_early(s, random, end);
    if (sim_random_percent(random, 25))
        add_tasks(s, random, end);
    else if (sim_random_percent(random, 25))
        add_memory(s, random, end);
    else if (sim_random_percent(random, 25))
        add_offload(s, random, end);
    tls_floor(s, end);
}

static void add_all(struct sim_scenario *s, struct sim_random *random, unsigned end)
{
    void (*const parts[])(struct sim_scenario *, struct sim_random *, unsigned) = {
        add_memory, add_device, add_clock, add_program, add_attack, add_offload};

    for (unsigned i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (sim_random_percent(random, 35))
            parts[i](s, random, end);
    }
}

/* clang-format off */
static const struct sim_profile profiles[] = {
    {"memory", add_memory, {SIM_TALLY_dry_polls, SIM_TALLY_no_memory, SIM_TALLY_connects_refused}},
    {"device", add_device, {SIM_TALLY_refused, SIM_TALLY_withheld, SIM_TALLY_link_lost}},
    {"clock", add_clock, {SIM_TALLY_leaps, SIM_TALLY_stalls, SIM_TALLY_freezes}},
    {"program", add_program, {SIM_TALLY_deaf, SIM_TALLY_violent, SIM_TALLY_not_accepted,
                              SIM_TALLY_unlistened}},
    {"crowd", add_crowd, {SIM_TALLY_no_memory, SIM_TALLY_connects_refused, SIM_TALLY_backlog,
                          SIM_TALLY_recycled}},
    {"attack", add_attack, {SIM_TALLY_attacks, SIM_TALLY_challenges, SIM_TALLY_cookies}},
    {"offload", add_offload, {SIM_TALLY_cut, SIM_TALLY_completed, SIM_TALLY_verified,
                              SIM_TALLY_merged, SIM_TALLY_copied}},
    {"all", add_all, {SIM_TALLY_no_memory, SIM_TALLY_refused, SIM_TALLY_leaps, SIM_TALLY_deaf,
                      SIM_TALLY_attacks, SIM_TALLY_cut, SIM_TALLY_merged}},
    {"tasks", add_tasks, {SIM_TALLY_waits, SIM_TALLY_waits_cancelled, SIM_TALLY_waits_timed_out,
                          SIM_TALLY_no_task}},
    {"bbr", add_bbr, {SIM_TALLY_bbr, SIM_TALLY_cut, SIM_TALLY_no_memory}},
    {"tls", add_tls, {SIM_TALLY_tls_open, SIM_TALLY_tls_resumed, SIM_TALLY_tls_retried,
                      SIM_TALLY_tls_key_updates, SIM_TALLY_tls_alerts, SIM_TALLY_tls_timeouts,
                      SIM_TALLY_tls_cut, SIM_TALLY_tls_flipped, SIM_TALLY_tls_refused,
                      SIM_TALLY_tls_failures, SIM_TALLY_tls_early_taken}},
};
/* clang-format on */

const struct sim_profile *sim_profile_find(const char *name)
{
    for (unsigned i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        if (strcmp(profiles[i].name, name) == 0)
            return &profiles[i];
    }
    return NULL;
}

const char *sim_profile_name(const struct sim_profile *profile)
{
    return profile->name;
}

void sim_profile_apply(const struct sim_profile *profile, struct sim_scenario *scenario)
{
    struct sim_random random = {scenario->seed * 0x2545f4914f6cdd1du + 0x6661756c74};

    for (unsigned end = 0; end < 2; end++)
        profile->add(scenario, &random, end);
}

const char *sim_profile_missing(const struct sim_profile *profile,
                                const struct sim_tallies *tallies)
{
    static const char *const names[] = {
#define NAME(name, text) #name,
        SIM_TALLIES(NAME)
#undef NAME
    };

    for (unsigned i = 0; i < NEEDS_MAX && profile->needs[i] != SIM_TALLY_good; i++) {
        if (tallies->count[profile->needs[i]] == 0)
            return names[profile->needs[i]];
    }
    for (unsigned kind = 0; profile->add == add_attack && kind < sim_attack_kinds(); kind++) {
        if (tallies->attacks[kind] == 0)
            return sim_attack_name(kind);
    }
    return NULL;
}
