/* life.h -- the state of leat/life.h in a stack. */
#ifndef LIFE_H
#define LIFE_H

#include <leat/life.h>

#include "core/timer.h"
#include "service.h"

/* The steps of a drain, in this order. */
enum drain_step {
    DRAIN_WAIT,  /* connections finish their work, and quiet ones are closed */
    DRAIN_CLOSE, /* once: quiet ones are closed, all others reset */
    DRAIN_ACKS,  /* waits for the acknowledgments of FINs */
    DRAIN_RESET  /* once: those whose FIN isn't acknowledged are reset */
};

/* A call of protocol->drain(): the step, and counts to which it adds. */
struct drain_look {
    enum drain_step step;
    uint32_t age_ms;   /* since the drain began */
    uint32_t quiet_ms; /* a connection is quiet when nothing has come or gone for so long */
    uint32_t alive;    /* connections that peers opened and that aren't closed */
    uint32_t waits;    /* DRAIN_WAIT: connections with work, a handshake or a FIN under way */
    uint32_t unacked;  /* after that: connections whose FIN isn't acknowledged */
    uint32_t ours;     /* connections that we opened, and that were closed or reset now */
    uint32_t closed;   /* connections closed now */
    uint32_t reset;    /* connections reset now */
    uint64_t cost_ns;  /* how long one look may take, about */
};

struct life {
    bool is_stopped;
    bool is_draining;
    bool is_begun; /* the first look was taken */
    bool is_quick; /* the deadline had come when leat_drain() was called */
    uint8_t step;  /* enum drain_step */
    int status;
    uint32_t ours;
    uint64_t begun_ns;      /* the first look */
    uint64_t deadline_ns;   /* of this step */
    uint64_t least_ns;      /* the loop goes on until then, for answers to our resets */
    uint64_t opened_before; /* stats.tcp_opened_passive at the first look, less those alive then */
    struct leat_drained counts; /* `finished` is computed when asked for */
    struct leat_drainer *drainers;
    struct timer timer;
    struct ready ready; /* set when the next look is due */
};

#endif
