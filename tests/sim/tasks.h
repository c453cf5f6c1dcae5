/* tasks.h -- programs as tasks: what tasks.c, where they begin, and talk.c, what they do, share. */
#ifndef SIM_TASKS_H
#define SIM_TASKS_H

#include <leat/task.h>

#include "sim.h"

/* Of an end. */
struct sim_tasks {
    struct leat_tasks *tasks;
    struct leat_service service;
    struct sim_random random;
    struct sim_waits waits;
    void *memory;
};

static inline struct sim_tasks *sim_tasks_of(const struct sim_side *side)
{
    return side->sim->ends[side->end].tasks;
}

/* True so many times in a million. */
static inline bool sim_chance(struct sim_random *random, uint64_t per_m)
{
    return per_m > 0 && sim_random_between(random, 1, 1000000) <= per_m;
}

/* When the next wait of @side is to end: never, mostly. */
uint64_t sim_talk_deadline_ns(const struct sim_side *side, const struct leat_task *task);

/* Sleeps; not at all for 0 ns. */
enum leat_err sim_talk_pause(struct leat_task *task, uint64_t ns);

/* What both ends of a connection do with its flow, which is over when this returns. */
enum leat_err sim_talk(struct leat_task *task, struct sim_side *side);

#endif
