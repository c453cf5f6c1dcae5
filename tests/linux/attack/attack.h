/*
 * attack.h -- raw connections from one machine, or from a thousand, to a server.
 *
 * Connection i comes from address i % addresses. A clock hand goes round over them; it performs one
 * act for a connection each time, as far as the rate allows. Segments are answered when they come.
 */
#ifndef ATTACK_ATTACK_H
#define ATTACK_ATTACK_H

#include <signal.h>

#include "plays.h"
#include "wire.h"

enum phase {
    PHASE_CLOSED,
    PHASE_ASKED, /* SYN sent */
    PHASE_OPEN
};

struct connection {
    enum phase phase;
    uint8_t tries;
    bool shut;      /* the first window has been used */
    uint32_t ports; /* ports used so far */
    uint32_t iss, una, nxt, rcv_nxt;
    uint32_t wnd;    /* the server's */
    uint32_t single; /* offset of the next byte out of order */
    uint64_t due_ns; /* when an unanswered segment is repeated */
    uint64_t opened_ns;
};

/* A rate limit of acts per second. */
struct allowance {
    double rate, left;
};

struct attacker {
    struct wire wire;
    const struct play *play;
    const struct service *service;
    struct connection *connections;
    uint32_t count, addresses, slots; /* slots: connections per address */
    uint32_t hand;
    uint64_t random, now_ns;
    uint64_t stays_ns; /* duration of a connection; 0: it stays */
    struct allowance frames, opens;
    uint8_t data[TCP_MSS]; /* of the current segment */
    uint64_t opened, resets, ends, probes;
};

/* Nanoseconds of a monotonic clock. */
uint64_t attack_now_ns(void);

/* Attacks until @end_ns or until *@stop; if @mute the addresses only answer ARP. */
void attack_until(struct attacker *attacker, uint64_t end_ns, bool mute,
                  volatile sig_atomic_t *stop);

/* Prints the counters, one a line. */
void attack_report(const struct attacker *attacker);

#endif
