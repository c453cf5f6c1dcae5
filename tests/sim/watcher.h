/*
 * watcher.h -- looks at every frame that is sent, with a parser of its own, and knows what may be
 * said on a wire: nothing here is shared with the stack.
 */
#ifndef SIM_WATCHER_H
#define SIM_WATCHER_H

#include <stdbool.h>
#include <stdint.h>

#include "scenario.h"

struct sim;

enum {
    SIM_ISS_MAX = 8
};

/* One direction of one connection, as heard on the wire.  Sequence numbers are absolute. */
struct sim_voice {
    bool syn_sent;
    bool syn_answers; /* its SYN was a SYN,ACK */
    bool fin_sent;
    bool text_sent;
    bool answered;                        /* the other end has spoken since the first text */
    bool has_ack;                         /* ack and right_edge mean something */
    bool wind_scale, sack_ok, timestamps; /* options of its SYN */
    bool scaled;                          /* both SYNs had the option */
    uint8_t wind_shift;
    uint16_t mss;
    uint32_t iss; /* of the last SYN, or of that which the other end has chosen */
    uint32_t
        isses[SIM_ISS_MAX]; /* of all its SYN,ACKs: a listener that sends cookies forgets them */
    unsigned iss_count;
    uint32_t seq_max; /* next number after all that was sent */
    uint32_t ack;
    uint32_t right_edge; /* of the window that it offers */
    uint32_t window_of_SYN;
    uint32_t fin_seq;
    uint32_t ts_value;
    /* the last segment with text, SYN or FIN: how often, and when, it was repeated */
    uint32_t last_seq;
    uint32_t repeats;
    uint64_t text_ns; /* the first text */
    uint64_t last_ns;
    uint64_t wait_ns;
    uint64_t heard; /* frames that its end had been given by then */
};

struct sim_watcher {
    struct sim *sim;
    struct sim_voice voices[SIM_PAIRS_MAX][2];
    uint64_t frames;
    uint64_t arp_ns[2]; /* when each end last sent ARP; 0: never */
    uint64_t segments;
};

/* A leat_link_tap; @arg is the struct sim_watcher. */
void sim_watcher_see(void *arg, int from_end, uint64_t now_ns, const uint8_t *frame, uint32_t len);

#endif
