/* keep_runs.h -- the earlier runs with the same store: how many there were, how long they lasted,
 * and what time it was. */
#ifndef KEEP_RUNS_H
#define KEEP_RUNS_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/timer.h>

struct keep;

/* The first four are the value, as it was when this run began. */
struct keep_runs {
    uint64_t starts;  /* this one included; 0: it isn't open */
    uint64_t ran_s;   /* all runs before together */
    uint64_t civil_s; /* the last civil time that was known; 0: none */
    int64_t offset_s; /* of civil time against the machine's clock */
    uint64_t old_s;   /* civil time when this run began, by that of the last one; 0: not used */
    int64_t added_s;  /* to the machine's clock */
    uint64_t began_ns;
    struct leat_timer hourly;
};

/* Counts this start, if there is a store; keep->platform has the host.  With @mends_clock a machine
 * without a clock continues with the time that the last run knew, and another one corrects its
 * clock as the last run did. */
void keep_runs_open(struct keep *keep, bool mends_clock);

/* Civil time, when the machine's clock is @machine_ns; 0: it has none. */
uint64_t keep_runs_civil_ns(const struct keep *keep, uint64_t machine_ns);

/* Keeps the time of the end. */
void keep_runs_close(struct keep *keep);

#endif
