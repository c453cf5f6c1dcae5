/*
 * place.h -- a connection in each state, reached by legal events.
 *
 *      in_states(synchronized_states, a_function)    a new world for each state
 */
#ifndef PLACE_H
#define PLACE_H

#include "talk.h"

/* The state of both sides: the next relative sequence numbers. */
struct place {
    struct talk *talk;
    enum tcp_state state;
    uint32_t peer;         /* the peer's next number */
    uint32_t us;           /* our next number; a FIN may be unacknowledged */
    uint32_t free_entries; /* when the state was reached */
};

/* Asserts that since @before no number of the connection has moved, it hasn't ended, and no other
 * one was made. A peer that had sent the event would have to begin again. */
void place_assert_unchanged(const struct place *place, const struct leat_tcp_info *before);
struct leat_tcp_info place_info(const struct place *place);

/* Opens a connection (actively, so without a listener) and leads it to @state. In LISTEN there is
 * only the listener, in CLOSED nothing. The program leaves data unread, so that its handle lives on
 * in states after the last callback. */
struct place place_reach(struct talk *talk, enum tcp_state state);

/* Sequence numbers in flight: our SYN or FIN. */
uint32_t place_in_flight(const struct place *place);

/* Free entries of all kinds: connections, half-open ones, TIME-WAIT, listeners. */
uint32_t place_free_entries(const struct place *place);

#define STATE_BIT(state) (1u << TCP_##state)

enum {
    opened_states = STATE_BIT(ESTABLISHED) | STATE_BIT(FIN_WAIT_1) | STATE_BIT(FIN_WAIT_2) |
                    STATE_BIT(CLOSE_WAIT) | STATE_BIT(CLOSING) | STATE_BIT(LAST_ACK),
    synchronized_states = opened_states | STATE_BIT(TIME_WAIT),
    all_states = synchronized_states | STATE_BIT(CLOSED) | STATE_BIT(LISTEN) | STATE_BIT(SYN_SENT) |
                 STATE_BIT(SYN_RECEIVED)
};

/* Runs @function once for each of @states; the statistics must balance and the pool be whole. */
void in_states(unsigned states, void (*function)(struct place *place));

#endif
