/* sweep.c -- one scenario, with a fault at each place in turn. */
#include "sweep.h"

#include <string.h>

#include "drought.h"

enum {
    IN_VAIN_MAX = 3 /* runs in a row without an effect: a larger number will have none either */
};

struct sweep {
    const struct sim_scenario *base;
    sim_sweep_run *run;
    void *arg;
    struct sim_sweep_result quiet; /* without a fault */
    uint64_t runs;
    int64_t failures;
};

/* Returns true if the fault had an effect. */
static bool try(struct sweep *sweep, const struct sim_scenario *scenario)
{
    struct sim_sweep_result result;

    sweep->runs++;
    if (!sweep->run(sweep->arg, scenario, &result)) {
        sweep->failures++;
        return true;
    }
    return result.hash != sweep->quiet.hash || result.shortages != sweep->quiet.shortages;
}

/* Allocation by allocation: number k + 1 in a poll fails when k entries are left. */
static void each_allocation(struct sweep *sweep, unsigned end, uint64_t poll)
{
    struct sim_scenario scenario = *sweep->base;

    scenario.dry_poll[end] = poll;
    for (unsigned list = 1; list <= SIM_LIST_TRANSFERS; list++) {
        unsigned in_vain = 0;

        scenario.dry_list[end] = list;
        for (unsigned left = 0; in_vain < IN_VAIN_MAX; left++) {
            scenario.dry_left[end] = left;
            in_vain = try(sweep, &scenario) ? 0 : in_vain + 1;
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

static void each_wait(struct sweep *sweep, unsigned end)
{
    struct sim_scenario scenario = *sweep->base;

    for (uint64_t wait = 1; wait <= sweep->quiet.waits[end]; wait++) {
        scenario.cancel_wait[end] = wait;
        try(sweep, &scenario);
    }
}

static void each_call(struct sweep *sweep, unsigned end)
{
    struct sim_scenario scenario = *sweep->base;

    for (uint64_t call = 1; call <= sweep->quiet.calls[end]; call++) {
        scenario.tls_fail_call[end] = call;
        try(sweep, &scenario);
    }
}

int64_t sim_sweep(const char *what, const struct sim_scenario *base, sim_sweep_run *run, void *arg,
                  uint64_t *runs)
{
    struct sweep sweep = {.base = base, .run = run, .arg = arg};
    const bool memory = strcmp(what, "memory") == 0;
    const bool cancel = strcmp(what, "cancel") == 0;
    const bool provider = strcmp(what, "provider") == 0;

    if (!memory && !cancel && !provider && strcmp(what, "end") != 0)
        return -1;
    sweep.runs = 1;
    if (!run(arg, base, &sweep.quiet))
        return 1;
    for (unsigned end = 0; end < 2; end++) {
        if (cancel)
            each_wait(&sweep, end);
        if (provider)
            each_call(&sweep, end);
        for (uint64_t poll = 1; !cancel && !provider && poll <= sweep.quiet.polls[end]; poll++) {
            if (memory)
                each_allocation(&sweep, end, poll);
            else
                each_end(&sweep, end, poll);
        }
    }
    *runs = sweep.runs;
    return sweep.failures;
}
