/* sweep.c -- a fault at every place. */
#include "sweep.h"

#include <string.h>

#include "drought.h"

enum {
    LEFT_MAX = 3 /* entries that a list has left: in one poll little more is taken */
};

struct sweep {
    const struct sim_scenario *base;
    sim_sweep_run *run;
    void *arg;
    uint64_t runs;
    int64_t failures;
};

static void try(struct sweep *sweep, const struct sim_scenario *scenario)
{
    uint64_t polls[2];

    sweep->runs++;
    sweep->failures += !sweep->run(sweep->arg, scenario, polls);
}

/* Allocation for allocation: number k + 1 in a poll fails when k entries are left. */
static void each_allocation(struct sweep *sweep, unsigned end, uint64_t poll)
{
    struct sim_scenario scenario = *sweep->base;

    scenario.dry_poll[end] = poll;
    for (unsigned list = 1; list <= SIM_LIST_TRANSFERS; list++) {
        for (unsigned left = 0; left <= LEFT_MAX; left++) {
            scenario.dry_list[end] = list;
            scenario.dry_left[end] = left;
            try(sweep, &scenario);
        }
    }
}

static void each_end(struct sweep *sweep, unsigned end, uint64_t poll)
{
    struct sim_scenario scenario = *sweep->base;

    scenario.plans[0].end_at_poll[end] = poll;
    scenario.plans[0].end[end] = SIM_ABORT;
    try(sweep, &scenario);
    scenario.plans[0].end[end] = SIM_CLOSE_EARLY;
    try(sweep, &scenario);
}

int64_t sim_sweep(const char *what, const struct sim_scenario *base, sim_sweep_run *run, void *arg,
                  uint64_t *runs)
{
    struct sweep sweep = {.base = base, .run = run, .arg = arg};
    const bool memory = strcmp(what, "memory") == 0;
    uint64_t polls[2];

    if (!memory && strcmp(what, "end") != 0)
        return -1;
    sweep.runs = 1;
    if (!run(arg, base, polls))
        return 1;
    for (unsigned end = 0; end < 2; end++) {
        for (uint64_t poll = 1; poll <= polls[end]; poll++) {
            if (memory)
                each_allocation(&sweep, end, poll);
            else
                each_end(&sweep, end, poll);
        }
    }
    *runs = sweep.runs;
    return sweep.failures;
}
