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

/* Who watches the table hears of an arrow, which is one number here: less code for each of them. */
COLD void tcp_arrow_watched(const struct tcp *tcp, uint32_t arrow);

enum {
    ARROW_FROM_SHIFT = 16,
    ARROW_EVENT_SHIFT = 8
};

static inline uint32_t arrow_number(enum tcp_state from, enum tcp_event event, enum tcp_state to)
{
    return (uint32_t)from << ARROW_FROM_SHIFT | (uint32_t)event << ARROW_EVENT_SHIFT | (uint32_t)to;
}

static inline void arrow_taken(const struct tcp_step *step, enum tcp_state from,
                               enum tcp_event event, enum tcp_state to)
{
    if (step->tcp->config.on_transition)
        tcp_arrow_watched(step->tcp, arrow_number(from, event, to));
}

#include "tcp_arrows.inc" /* made from tcp.rl */

#endif
