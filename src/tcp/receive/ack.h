/* ack.h -- parts of ACK processing that timers and calls use too. */
#ifndef TCP_ACK_H
#define TCP_ACK_H

#include <stdint.h>

#include "tcp/congestion/recovery.h"

struct leat_tcp;

/* Calls on_writable if a queue that was full has room now. */
void tcp_tell_writable(struct leat_tcp *conn);

/* The input of recovery, from the present state of the connection. */
struct recovery_ack tcp_recovery_ack(const struct leat_tcp *conn);

/* Carries out the decisions of recovery. */
void tcp_recovery_result(struct leat_tcp *conn, const struct recovery_result *result);

#endif
