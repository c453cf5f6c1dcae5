/* time_wait.h -- connections in TIME-WAIT (RFC 9293 3.6). */
#ifndef TCP_TIME_WAIT_H
#define TCP_TIME_WAIT_H

#include "core/near.h"
#include "core/timer.h"
#include "tcp/conn/tcb.h"

struct leat_tcp;
struct tcp;

/* A connection that waits until its old segments have left the network. */
struct tcp_time_wait {
    struct tcb tcb;
    struct near_ring ring; /* in tcp->time_wait, by the time of their ends */
};

_Static_assert(sizeof(struct tcp_time_wait) <= 56,
               "64 bytes in TIME-WAIT, with two buckets of the table");

/* Puts a TIME-WAIT entry in the place of @conn in the table. An entry must be free. */
void tcp_time_wait_from(struct leat_tcp *conn);
void tcp_time_wait_restart(struct tcp *tcp, struct tcp_time_wait *entry);
void tcp_time_wait_free(struct tcp *tcp, struct tcp_time_wait *entry);

/* The entry that ends first, or NULL. */
struct tcp_time_wait *tcp_time_wait_oldest(struct tcp *tcp);

/* Starts the timer for the first entry. */
void tcp_time_wait_arm(struct tcp *tcp);

timer_fn tcp_time_wait_timer; /* timers.c */

#endif
