/*
 * sweep.h -- one scenario, with a fault at each possible place in turn.
 */
#ifndef SIM_SWEEP_H
#define SIM_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "scenario.h"

/* The result of a run. */
struct sim_sweep_result {
    uint64_t polls[2];
    uint64_t waits[2];  /* of tasks */
    uint64_t calls[2];  /* of the cryptography provider */
    uint64_t hash;      /* of all frames and their times */
    uint64_t shortages; /* times that a stack lacked memory */
};

/* Runs a scenario. False: it failed, and has been reported. */
typedef bool sim_sweep_run(void *arg, const struct sim_scenario *scenario,
                           struct sim_sweep_result *result);

/* Runs the sweep @what:
 * - "memory": each list of free entries, in each poll, has only 0, 1, 2 ... left, until more has no
 *   effect.
 * - "end": each program aborts, or closes too early, in each poll.
 * - "cancel": each wait of a task is cancelled.
 * - "provider": each call of the cryptography provider fails.
 * Returns how many runs failed; *@runs is how many there were. -1: no such sweep. */
int64_t sim_sweep(const char *what, const struct sim_scenario *base, sim_sweep_run *run, void *arg,
                  uint64_t *runs);

#endif
