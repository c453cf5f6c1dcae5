/* tallies.c -- the counts of the effects of faults. */
#include "faults.h"

#include <inttypes.h>
#include <string.h>

#include "sim.h"
#include "tls.h"

static uint64_t shortages_of(const struct sim_end *end)
{
    const struct leat_stats *stats = leat_stats(end->stack);

    return stats->drop_memory + stats->drop_tcp_memory + stats->tx_no_memory;
}

uint64_t sim_shortages(const struct sim *sim)
{
    uint64_t shortages = 0;

    for (unsigned end = 0; end < 2; end++) {
        if (sim->ends[end].stack)
            shortages += shortages_of(&sim->ends[end]) + sim->ends[end].connects_refused;
    }
    return shortages;
}

static void add_end(struct sim_tallies *tallies, const struct sim_end *end)
{
    const struct leat_stats *stats = leat_stats(end->stack);
    const struct leat_link_counts out = leat_link_counts(end->sim->link, (int)end->index);
    const struct sim_scenario *s = &end->sim->scenario;
    const struct sim_waits waits = sim_tasks_waits(end);
    const unsigned i = end->index;
    uint64_t *count = tallies->count;

    count[SIM_TALLY_dry_polls] += end->drought.polls;
    count[SIM_TALLY_no_memory] += shortages_of(end);
    count[SIM_TALLY_connects_refused] += end->connects_refused;
    count[SIM_TALLY_refused] += end->device.refused;
    count[SIM_TALLY_withheld] += end->device.withheld;
    count[SIM_TALLY_link_lost] += end->device.lost_in + end->device.lost_out;
    count[SIM_TALLY_leaps] += s->jump_ms[i] > 0 && end->sim->now_ns >= s->jump_at_ms[i];
    count[SIM_TALLY_stalls] += s->stall_ms[i] > 0 && end->sim->now_ns >= s->stall_at_ms[i];
    count[SIM_TALLY_freezes] += s->freeze_ms[i] > 0 && end->sim->now_ns >= s->freeze_at_ms[i];
    count[SIM_TALLY_not_accepted] += end->not_accepted;
    count[SIM_TALLY_unlistened] += end->listener == NULL && !sim_tasks_serve(end);
    count[SIM_TALLY_backlog] += stats->drop_tcp_backlog;
    count[SIM_TALLY_recycled] += stats->tcp_time_wait_recycled;
    count[SIM_TALLY_attacks] += end->device.injected;
    count[SIM_TALLY_challenges] += stats->tcp_challenge_acks;
    count[SIM_TALLY_cookies] += stats->tcp_cookies_sent;
    count[SIM_TALLY_cut] += out.cut;
    count[SIM_TALLY_completed] += out.completed;
    count[SIM_TALLY_verified] += out.verified;
    count[SIM_TALLY_merged] += out.merged;
    count[SIM_TALLY_copied] += stats->copied_tx_bytes;
    count[SIM_TALLY_waits] += waits.count;
    count[SIM_TALLY_waits_cancelled] += waits.cancelled;
    count[SIM_TALLY_waits_timed_out] += waits.timeouts;
    count[SIM_TALLY_no_task] += waits.no_place;
    for (unsigned kind = 0; kind < sim_attack_kinds(); kind++)
        tallies->attacks[kind] += end->attacks[kind];
}

static void add_sessions(struct sim_tallies *tallies, const struct sim_tls *tls)
{
    const struct leat_tls_counts *counts = leat_tls_counts(tls->tls);
    uint64_t *count = tallies->count;

    count[SIM_TALLY_tls_open] += counts->accepted + counts->connected;
    count[SIM_TALLY_tls_resumed] += counts->resumed;
    count[SIM_TALLY_tls_retried] += counts->retried;
    count[SIM_TALLY_tls_key_updates] += counts->key_updates;
    count[SIM_TALLY_tls_waited] += counts->waited;
    count[SIM_TALLY_tls_copied] += counts->copied_bytes;
    count[SIM_TALLY_tls_alerts] += counts->failed;
    count[SIM_TALLY_tls_timeouts] += counts->timeouts;
    count[SIM_TALLY_tls_cut] += counts->cut_short;
    count[SIM_TALLY_tls_refused] += tls->refused;
    count[SIM_TALLY_tls_tickets_refused] += counts->tickets_refused;
    count[SIM_TALLY_tls_early_taken] += counts->early_taken;
    count[SIM_TALLY_tls_early_refused] += counts->early_refused;
    count[SIM_TALLY_tls_failures] += tls->toy.failures;
}

void sim_tallies_add(struct sim_tallies *tallies, const struct sim *sim)
{
    for (unsigned end = 0; end < 2; end++) {
        if (sim->ends[end].stack)
            add_end(tallies, &sim->ends[end]);
        if (sim->ends[end].tls && sim->ends[end].tls->tls)
            add_sessions(tallies, sim->ends[end].tls);
        for (unsigned i = 0; i < sim->scenario.pairs[0]; i++) {
            const struct sim_side *side = &sim->sides[i][end];

            tallies->count[SIM_TALLY_good] += side->closed && side->why == LEAT_OK;
            tallies->count[SIM_TALLY_bad] += side->closed && side->why != LEAT_OK;
            tallies->count[SIM_TALLY_violent] += side->violent;
            tallies->count[SIM_TALLY_bbr] +=
                side->has_info && strcmp(side->info.congestion, "bbr") == 0;
            tallies->count[SIM_TALLY_tls_flipped] += side->below.flipped;
            tallies->count[SIM_TALLY_deaf] += side->paused && side->plan->deaf[end];
        }
    }
}

void sim_tallies_print(const struct sim_tallies *tallies, FILE *to)
{
    static const char *const texts[] = {
#define TEXT(name, text) text,
        SIM_TALLIES(TEXT)
#undef TEXT
    };

    for (unsigned i = 0; i < SIM_TALLY_COUNT; i++) {
        if (tallies->count[i] > 0)
            fprintf(to, "%12" PRIu64 "  %s\n", tallies->count[i], texts[i]);
    }
    for (unsigned kind = 0; kind < sim_attack_kinds(); kind++) {
        if (tallies->attacks[kind] > 0)
            fprintf(to, "%12" PRIu64 "    %s\n", tallies->attacks[kind], sim_attack_name(kind));
    }
}
