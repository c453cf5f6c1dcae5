/* step.h -- what goes with an event of tcp.rl, and what comes of it. */
#ifndef TCP_STEP_H
#define TCP_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/buf.h>
#include <leat/err.h>

#include "stack.h"
#include "wire/tcp.h"

struct tcp;

/* A segment on its way up. */
struct tcp_segment {
    struct wire_tcp header;
    struct packet *packet; /* buf: the data, until someone takes it */
    uint32_t now_ms;
    uint32_t seq;        /* of the first byte of data in the window */
    uint32_t skip_bytes; /* data before the window, to be cut */
    uint32_t data_bytes; /* in the window */
    uint64_t *counter;   /* how it ended: taken_tcp, or why it was dropped */
    bool fin;            /* its FIN lies in the window */
    uint8_t event_count;
    uint8_t events[3]; /* enum tcp_event, in order */
};

enum tcp_outcome {
    TCP_ALIVE,
    TCP_GONE,      /* deleted, or moved to a TIME-WAIT entry: don't look at the TCB again, unless it
                      is a connection's that the program still holds */
    TCP_IMPOSSIBLE /* tcp.rl has no line for it */
};

/* What comes with an event, and what its actions leave behind. */
struct tcp_step {
    struct tcp *tcp;
    struct tcp_segment *segment; /* of rcv_* */
    struct leat_buf *data;       /* SEND: to be queued, and taken; RECEIVE: the result */
    uint32_t bytes;              /* RECEIVE: at most */
    enum leat_err err;           /* answer to a call */
    enum tcp_outcome outcome;    /* of the last event */
};

#endif
