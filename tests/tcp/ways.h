/* ways.h -- the legal ways into each state, as the start of a transition of tcp.rl. */
#ifndef WAYS_H
#define WAYS_H

#include "spec_line.h"
#include "talk.h"

/* The state of both sides: the next relative sequence numbers. */
struct place {
    struct talk *talk;
    const struct line *line;
    uint32_t peer; /* the peer's next number */
    uint32_t us;   /* ours */
    bool half;     /* the TCB is a half-open entry */
};

/* True if the line's event is one of @events, which are separated by spaces. */
bool line_is(const struct line *line, const char *events);

/* Brings a connection, if the event needs one, into the first state of the line. */
void go_to_state(struct place *place);

/* Sends our SYN. */
void to_syn_sent(struct place *place);

#endif
