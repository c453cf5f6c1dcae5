/* timers.h -- a connection's timer. */
#ifndef TCP_TIMERS_H
#define TCP_TIMERS_H

#include "core/timer.h"

/* One of its deadlines may be due; and the first of them, for the wheel. */
timer_fn tcp_conn_timer;
timer_due_fn tcp_conn_due_ns;

#endif
