/* timers.h -- a connection's timer. */
#ifndef TCP_TIMERS_H
#define TCP_TIMERS_H

#include "core/timer.h"

/* The wheel's callbacks: handles the deadlines that are due; returns the first deadline. */
timer_fn tcp_conn_timer;
timer_due_fn tcp_conn_due_ns;

#endif
