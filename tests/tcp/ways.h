/* ways.h -- the legal ways into each state, to where a line of tcp.rl begins. */
#ifndef WAYS_H
#define WAYS_H

#include "spec_line.h"
#include "talk.h"

/* Where both sides are: the next relative sequence numbers. */
struct place {
    struct talk *talk;
    const struct line *line;
    uint32_t peer; /* the peer's next number */
    uint32_t us;   /* ours */
    bool half;     /* the TCB is a half-open entry */
};

/* True if the line's event is among these, which are separated by a space. */
bool line_is(const struct line *line, const char *events);

/* Brings a connection, if it takes one, into the state that the line begins in. */
void go_to_state(struct place *place);

/* Our SYN has been sent. */
void to_syn_sent(struct place *place);

#endif
