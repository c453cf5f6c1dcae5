/* tasks_none.c -- for a machine without a switch of stacks: programs are callbacks there. */
#include "sim.h"

void sim_tasks_open(struct sim_end *end)
{
    if (end->sim->scenario.tasks[end->index] > 0)
        sim_fail(end->sim, "end %u: leat was built without tasks", end->index);
}

void sim_tasks_close(struct sim_end *end)
{
    (void)end;
}

bool sim_tasks_start(struct sim_side *side)
{
    (void)side;
    return false;
}

void sim_tasks_look(struct sim_end *end)
{
    (void)end;
}

bool sim_tasks_are_over(const struct sim_end *end)
{
    (void)end;
    return true;
}

bool sim_tasks_serve(const struct sim_end *end)
{
    (void)end;
    return false;
}

uint32_t sim_tasks_held_bytes(const struct sim_side *side)
{
    (void)side;
    return 0;
}

struct sim_waits sim_tasks_waits(const struct sim_end *end)
{
    (void)end;
    return (struct sim_waits){0};
}
