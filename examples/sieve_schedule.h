/* sieve_schedule.h -- when a list is fetched: after a success when the period is over, after a
 * failure sooner, with a pause that each further failure doubles. */
#ifndef SIEVE_SCHEDULE_H
#define SIEVE_SCHEDULE_H

#include <stdint.h>

struct schedule {
    uint64_t due_ns;   /* by the clock of leat_poll() */
    unsigned failures; /* since the last success */
};

/* The next time after a success.  @every_ns is the period, @random any number: it spreads the
 * times of many clients. */
void schedule_good(struct schedule *schedule, uint64_t now_ns, uint64_t every_ns, uint64_t random);

/* The next time after a failure: half a minute, doubled by each failure, up to the period.  A
 * server that asks for @after_ns (Retry-After) gets that, up to a day. */
void schedule_bad(struct schedule *schedule, uint64_t now_ns, uint64_t every_ns, uint64_t after_ns,
                  uint64_t random);

#endif
