/* pipe.h -- a stream without a wire: what one end is given, the other has in the next poll. */
#ifndef PIPE_H
#define PIPE_H

#include <leat/stream.h>
#include <leat/timer.h>

struct pipe_end {
    struct pipe_end *other;
    struct leat *stack;
    const struct leat_tcp_events *events;
    void *arg;
    struct leat_timer timer; /* tells what is to be told */
    struct leat_buf *data;   /* for receive(); what the other end has sent */
    uint32_t unconsumed;     /* received, but not given back yet */
    uint32_t capacity;       /* data and unconsumed together */
    uint32_t grain;          /* bytes that a turn shows, in a piece of their own; 0: all */
    uint32_t shown;          /* of `data`, with a grain */
    uint32_t wanted;         /* room that the other end waits for; 0: it doesn't */
    uint32_t taken;
    bool writable, readable; /* to be told */
    /* sees, and may change, what the other end has sent; NULL: nobody */
    void (*spoil)(struct pipe_end *end, struct leat_buf *data);
    /* how much of @room it says that there is; NULL: all */
    uint32_t (*grants)(struct pipe_end *end, uint32_t room);
    struct leat_ip peer; /* what the stream says that it is, as LEAT_IP_ANY at first */
    bool shut;           /* says no more */
    bool aborted;
    bool told_closed;
};

/* Two ends on @stack, in memory that must stay where it is until both have told on_closed or the
 * stack is closed; @capacity bytes are on their way at most. */
void pipe_open(struct pipe_end ends[2], struct leat *stack, uint32_t capacity);

/* The handle of an end. */
struct leat_stream pipe_stream(struct pipe_end *end);

#endif
