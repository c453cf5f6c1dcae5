/* step.h -- the input and the results of an event of tcp.rl. */
#ifndef TCP_STEP_H
#define TCP_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/buf.h>
#include <leat/err.h>

#include "base.h"
#include "wire/tcp.h"

struct tcp;

/* A segment on its way up. */
struct tcp_segment {
    struct wire_tcp header;
    struct packet *packet; /* buf: the data, until it is taken */
    uint32_t now_ms;
    uint32_t seq;        /* of the first byte of data in the window */
    uint32_t skip_bytes; /* data before the window, to be cut */
    uint32_t data_bytes; /* in the window */
    uint64_t *counter;   /* the result: taken_tcp, or the drop reason */
    bool fin;            /* its FIN lies in the window */
    uint8_t event_count;
    uint8_t events[3]; /* enum tcp_event, in order */
};

enum tcp_outcome {
    TCP_ALIVE,
    TCP_GONE,      /* deleted, or moved to a TIME-WAIT entry. Don't use the TCB any more, unless the
                      program holds a handle of the connection */
    TCP_IMPOSSIBLE /* tcp.rl has no transition for it */
};

/* The input of an event, and the results of its actions. */
struct tcp_step {
    struct tcp *tcp;
    struct tcp_segment *segment; /* for rcv_* */
    struct leat_buf *data;       /* SEND: to be queued, NULL once taken; RECEIVE: the result */
    uint32_t bytes;              /* RECEIVE: the maximum */
    enum leat_err err;           /* the result of a call */
    enum tcp_outcome outcome;    /* after the last event */
};

#endif
