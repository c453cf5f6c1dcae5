/*
 * attack.h -- connections that are none: what one machine, or a thousand, say to a server.
 *
 * Connection i comes from address i % addresses.  The hand of a clock goes round over them; each
 * time it does one thing for a connection, as long as the rate allows.  Segments are answered when
 * they come.
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
    uint32_t ports; /* that it has had */
    uint32_t iss, una, nxt, rcv_nxt;
    uint32_t wnd;    /* the server's */
    uint32_t single; /* the next byte out of order */
    uint64_t due_ns; /* for the next try of what had no answer */
    uint64_t opened_ns;
};

/* Things that may be done so many times a second. */
struct allowance {
    double rate, left;
};

struct attacker {
    struct wire wire;
    const struct play *play;
    const struct service *service;
    struct connection *connections;
    uint32_t count, addresses, slots; /* slots: connections of one address */
    uint32_t hand;
    uint64_t random, now_ns;
    uint64_t stays_ns; /* a connection; 0: it stays */
    struct allowance frames, opens;
    uint8_t data[TCP_MSS]; /* of the segment that is made */
    uint64_t opened, resets, ends, probes;
};

/* Nanoseconds of a clock that only goes forward. */
uint64_t attack_now_ns(void);

/* Attacks until @end_ns or until *@stop; if @mute the addresses are only there, and answer ARP. */
void attack_until(struct attacker *attacker, uint64_t end_ns, bool mute,
                  volatile sig_atomic_t *stop);

/* Prints what has happened, a counter a line. */
void attack_report(const struct attacker *attacker);

#endif
