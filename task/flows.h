/* flows.h -- flows as the sources that share them see them. */
#ifndef TASK_FLOWS_H
#define TASK_FLOWS_H

#include <leat/flow.h>

#include "task/tasks.h"

/* What a connection tells its flow, which is the argument. */
extern const struct leat_tcp_events flow_events;

/* Makes @flow that of @stream, which has its events already. */
void flow_init(struct leat_flow *flow, struct leat_task *task, struct leat_stream stream);

/* As much as is worth a wake-up, of what is left. */
uint32_t flow_worth_it(size_t left);

/* A part of *@data that there is @room for, taken off it; NULL: no descriptor. */
struct leat_buf *flow_part_of(struct leat_buf **data, uint32_t room);

/* task_is_refused() of whoever uses @flow now. */
static inline enum leat_err flow_may_wait(const struct leat_flow *flow)
{
    return task_is_refused(task_running(flow->tasks));
}

/* Of a flow whose connection is no more: how that ended. */
static inline enum leat_err flow_over(const struct leat_flow *flow)
{
    return flow->why == LEAT_OK ? LEAT_ERR_END : flow->why;
}

#endif
