/* wake.c -- queues connections in the rings that are served in this turn. */
#include "tcp/conn/wake.h"
#include "tcp/listener.h"

void tcp_join_output(struct leat_tcp *conn)
{
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
