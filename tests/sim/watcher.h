/*
 * watcher.h -- checks every frame that is sent, with a parser of its own, against the rules of the
 * wire. It shares nothing with the stack.
 */
#ifndef SIM_WATCHER_H
#define SIM_WATCHER_H

#include <stdbool.h>
#include <stdint.h>

#include "scenario.h"

struct sim;

enum {
    SIM_HELLOS_MAX = 8
};

/* The contents of a SYN. */
struct sim_hello {
    uint32_t iss;
    uint32_t window;
    uint16_t mss;
    uint8_t wind_shift;
    bool answers; /* it is a SYN,ACK */
    bool wind_scale, sack_ok, timestamps;
};

/* One direction of one connection, as seen on the wire. Sequence numbers are absolute. */
struct sim_voice {
    struct sim_hello hello; /* of the last SYN, or of the one that the other end has chosen */
    struct sim_hello
        hellos[SIM_HELLOS_MAX]; /* all of them: a server that sends cookies forgets them */
    unsigned hello_count;
    uint32_t to_attackers[SIM_HELLOS_MAX]; /* first numbers of SYN,ACKs to forged SYNs */
    unsigned to_attacker_count;
    bool syn_sent;
    bool fin_sent;
    bool data_sent;
    bool began_again; /* its program was over, and an old SYN of the other end was answered */
    bool has_ack;     /* ack and right_edge are valid */
    uint32_t seq_max; /* next number after all that was sent */
    uint32_t ack;
    uint32_t right_edge; /* of the offered window */
    uint32_t fin_seq;
    uint32_t ts_value;
    /* the last segment with data, SYN or FIN, and its retransmissions */
    uint32_t last_seq;
    uint32_t repeats;
    uint64_t data_ns;    /* time of the first data */
    uint64_t data_heard; /* frames given to its end by then */
    uint32_t data_first; /* its first number: after data that came with a SYN, if that arrived */
    uint64_t last_ns;
    uint64_t wait_ns;
    uint64_t heard; /* frames given to its end by then */
};

/* The newest timestamp that an end has sent, in any handshake. */
struct sim_time_said {
    uint32_t newest;
    bool any;
};

struct sim_watcher {
    struct sim *sim;
    struct sim_voice voices[SIM_PAIRS_MAX][2];
    struct sim_time_said times_said[SIM_PAIRS_MAX][2];
    uint64_t frames;
    uint64_t arp_ns[2]; /* when each end last sent ARP; 0: never */
    uint64_t segments;
};

/* A leat_link_tap; @arg is the struct sim_watcher. */
void sim_watcher_see(void *arg, int from_end, uint64_t now_ns, const uint8_t *frame, uint32_t len);

#endif
