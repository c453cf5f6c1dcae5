/*
 * sweep.h -- one scenario, with a fault at every place where it can strike, one after the other.
 */
#ifndef SIM_SWEEP_H
#define SIM_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "scenario.h"

/* What a run came to. */
struct sim_sweep_result {
    uint64_t polls[2];
    uint64_t waits[2];  /* of tasks */
    uint64_t calls[2];  /* of the provider of cryptography */
    uint64_t hash;      /* of all that was sent, and when */
    uint64_t shortages; /* times that somebody did without memory */
};

/* Runs a scenario; false: it failed, and somebody was told. */
typedef bool sim_sweep_run(void *arg, const struct sim_scenario *scenario,
                           struct sim_sweep_result *result);

/* "memory": each list of free entries, in each poll, has but 0, 1, 2 ... left, until that is enough
 * and nothing comes of it.
 * "end": each program aborts, or closes too early, in each poll.
 * "cancel": each wait of a task is cancelled.
 * "provider": each call of the provider of cryptography fails.
 * Returns how many runs failed; *@runs is how many there were.  -1: no such sweep. */
int64_t sim_sweep(const char *what, const struct sim_scenario *base, sim_sweep_run *run, void *arg,
                  uint64_t *runs);

#endif
