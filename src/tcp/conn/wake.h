/* wake.h -- queues connections that have something to send or a callback due. */
#ifndef TCP_WAKE_H
#define TCP_WAKE_H

#include "core/near.h"
#include "base.h"
#include "tcp/tcp.h"

/* tcp_want_output() for a connection that isn't in the ring yet. */
void tcp_join_output(struct leat_tcp *conn);

/* Has the next flush look for something to send. */
static inline void tcp_want_output(struct leat_tcp *conn)
{
    if (!near_ring_is_in(&conn->output))
        tcp_join_output(conn);
}

/* tcp_call_back() for a connection that isn't in the ring yet. */
void tcp_join_told(struct leat_tcp *conn);

/* Has the program called back in the next turn. */
static inline void tcp_call_back(struct leat_tcp *conn)
{
    if (!near_ring_is_in(&conn->told))
        tcp_join_told(conn);
}

/* Has the program called back in this turn, for a connection that has just been accepted
 * (stack_ready_same_turn()). */
static inline void tcp_call_back_same_turn(struct leat_tcp *conn)
{
    struct tcp *tcp = conn->tcp;

    if (near_ring_is_in(&conn->told))
        return;
    near_ring_put(tcp, &tcp->told_same_turn, &conn->told);
    stack_ready_same_turn(tcp->stack, &tcp->ready_same_turn);
}

/* Makes the callback @what due. */
static inline void tcp_tell(struct leat_tcp *conn, enum conn_flag what)
{
    conn->flags |= what;
    if (!(conn->flags & CONN_UNACCEPTED))
        tcp_call_back(conn);
}

/* Puts an established connection into its listener's queue. */
void tcp_listener_accepting(struct leat_tcp *conn);

#endif
