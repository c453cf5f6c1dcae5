/* pipe.h -- a stream without a wire: data sent at one end arrives at the other in the next poll. */
#ifndef PIPE_H
#define PIPE_H

#include <leat/stream.h>
#include <leat/timer.h>

struct pipe_end {
    struct pipe_end *other;
    struct leat *stack;
    const struct leat_tcp_events *events;
    void *arg;
    struct leat_timer timer; /* calls the events that are due */
    struct leat_buf *data;   /* sent by the other end, not yet received */
    uint32_t unconsumed;     /* received, not yet acknowledged by consumed() */
    uint32_t capacity;       /* limit of data and unconsumed together */
    uint32_t grain;  /* bytes that become readable per turn, in a piece of their own; 0: all */
    uint32_t shown;  /* readable bytes of `data`, with a grain */
    uint32_t wanted; /* room that the other end waits for; 0: it doesn't */
    uint32_t taken;
    bool writable, readable; /* events that are due */
    /* sees, and may change, data from the other end; NULL: none */
    void (*spoil)(struct pipe_end *end, struct leat_buf *data);
    /* the part of @room that the stream admits; NULL: all */
    uint32_t (*grants)(struct pipe_end *end, uint32_t room);
    struct leat_ip peer; /* the peer's address; LEAT_IP_ANY at first */
    bool shut;           /* sends no more */
    bool aborted;
    bool told_closed;
};

/* Opens two ends on @stack. Their memory must stay until both have called on_closed or the stack is
 * closed. At most @capacity bytes are on their way. */
void pipe_open(struct pipe_end ends[2], struct leat *stack, uint32_t capacity);

/* The stream of an end. */
struct leat_stream pipe_stream(struct pipe_end *end);

#endif
