/*
 * place.h -- a connection in each state, brought there by legal means.
 *
 *      in_states(synchronized_states, a_function)    a fresh world for each state
 */
#ifndef PLACE_H
#define PLACE_H

#include "talk.h"

/* Where both sides are: the next relative sequence numbers. */
struct place {
    struct talk *talk;
    enum tcp_state state;
    uint32_t peer;         /* the peer's next number */
    uint32_t us;           /* ours; what is acknowledged may be less by a FIN */
    uint32_t free_entries; /* when it was reached */
};

/* Nobody has moved a number of the connection since @before, nor ended it, nor made another: the
 * peer, had it been the sender, would have to begin again. */
void place_assert_unchanged(const struct place *place, const struct leat_tcp_info *before);
struct leat_tcp_info place_info(const struct place *place);

/* Opens a connection (we call, so no listener is there) and leads it to @state; in LISTEN only the
 * listener is there, in CLOSED nothing.  The program leaves data unread, so that its handle lives
 * in states that come after the last callback. */
struct place place_reach(struct talk *talk, enum tcp_state state);

/* Numbers in flight: our SYN or FIN. */
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
