/* ack.h -- what an ACK settles, as timers and calls ask for it too. */
#ifndef TCP_ACK_H
#define TCP_ACK_H

#include <stdint.h>

#include "tcp/math/recovery.h"

struct leat_tcp;

/* There may be room in a queue that was full. */
void tcp_tell_writable(struct leat_tcp *conn);

/* What recovery needs to know of the connection as it is now. */
struct recovery_ack tcp_recovery_ack(const struct leat_tcp *conn);

/* Acts on what recovery has decided. */
void tcp_recovery_result(struct leat_tcp *conn, const struct recovery_result *result);

#endif
