/* flows.h -- flows, for the files that share them. */
#ifndef TASK_FLOWS_H
#define TASK_FLOWS_H

#include <leat/flow.h>

#include "task/tasks.h"

/* Events of a stream; the argument is the flow. */
extern const struct leat_tcp_events flow_events;

/* Initializes @flow with @stream, whose events are already set. */
void flow_init(struct leat_flow *flow, struct leat_task *task, struct leat_stream stream);

/* Room that is worth a wake-up, if @left bytes are left. */
uint32_t flow_worth_it(size_t left);

/* Takes up to @room bytes off *@data. NULL: no descriptor. */
struct leat_buf *flow_part_of(struct leat_buf **data, uint32_t room);

/* task_is_refused() for the task that uses @flow now. */
static inline enum leat_err flow_may_wait(const struct leat_flow *flow)
{
    return task_is_refused(task_running(flow->tasks));
}

/* The reason why the flow's connection has ended. */
static inline enum leat_err flow_over(const struct leat_flow *flow)
{
    return flow->why == LEAT_OK ? LEAT_ERR_END : flow->why;
}

#endif
