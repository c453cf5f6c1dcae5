/*
 * wake.c -- queues connections in the rings that are served in this turn.
 *
 * A ring has each connection once, however many reasons there are; flags of the connection tell
 * them. The inline halves in wake.h check for that, so these functions are called only for one that
 * isn't in its ring.
 */
#include "tcp/conn/wake.h"
#include "tcp/listener.h"

void tcp_join_output(struct leat_tcp *conn)
{
    /* a connection that has left the table is closed and sends nothing more */
    if (conn->tcb.flags & TCB_HASHED)
        near_ring_put(conn->tcp, &conn->tcp->output, &conn->output);
}

void tcp_join_told(struct leat_tcp *conn)
{
    struct tcp *tcp = conn->tcp;

    near_ring_put(tcp, &tcp->told, &conn->told);
    stack_ready(tcp->stack, &tcp->ready);
}

void tcp_listener_accepting(struct leat_tcp *conn)
{
    struct leat_tcp_listener *listener = conn->listener;

    near_ring_put(listener->tcp, &listener->acceptable, &conn->waiting);
    listener->acceptable_count++;
    stack_ready(listener->tcp->stack, &listener->ready);
}
