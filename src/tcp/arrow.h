/*
 * arrow.h -- the arrows of tcp.rl, one by one.
 *
 * tcp_event() looks up what an event means in the state of a connection.  Who knows both when it is
 * compiled, as in the usual life of a connection, takes the arrow itself: tcp_LISTEN_rcv_SYN() does
 * what tcp.rl says of rcv_SYN in LISTEN, without a table.  What an action has left in the step
 * (delete_TCB, start_2MSL) is the caller's to act on.
 */
#ifndef TCP_ARROW_H
#define TCP_ARROW_H

#include "tcp/tcp.h"

/* Who watches the table hears of it. */
COLD void tcp_arrow_watched(const struct tcp *tcp, enum tcp_state from, enum tcp_event event,
                            enum tcp_state to);

static inline void arrow_taken(const struct tcp_step *step, enum tcp_state from,
                               enum tcp_event event, enum tcp_state to)
{
    if (step->tcp->config.on_transition)
        tcp_arrow_watched(step->tcp, from, event, to);
}

#include "tcp_arrows.inc" /* made from tcp.rl */

#endif
