/* tasks.h -- programs as tasks: shared by tasks.c, which starts them, and talk.c, which runs
 * them. */
#ifndef SIM_TASKS_H
#define SIM_TASKS_H

#include <leat/task.h>

#include "sim.h"

/* The tasks of an end. */
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

/* True with a probability of @per_m in a million. */
static inline bool sim_chance(struct sim_random *random, uint64_t per_m)
{
    return per_m > 0 && sim_random_between(random, 1, 1000000) <= per_m;
}

/* The deadline of @side's next wait: mostly never. */
uint64_t sim_talk_deadline_ns(const struct sim_side *side, const struct leat_task *task);

/* Sleeps; 0 ns: returns at once. */
enum leat_err sim_talk_pause(struct leat_task *task, uint64_t ns);

/* The conversation of either end on its flow, which is over when this returns. */
enum leat_err sim_talk(struct leat_task *task, struct sim_side *side);

#endif
