/*
 * plays.h -- the attacks, each as the few things in which a peer departs from an honest one.
 *
 * The names are those of docs/security.md.
 */
#ifndef ATTACK_PLAYS_H
#define ATTACK_PLAYS_H

#include <stdbool.h>
#include <stdint.h>

enum data {
    DATA_NONE,
    DATA_ASK,       /* what makes the server send much */
    DATA_PIPELINED, /* many small requests at once */
    DATA_BEGIN      /* the beginning of something that doesn't go on, or slowly */
};

struct play {
    const char *name;
    const char *what;
    uint32_t connections;  /* in all; as many as there are addresses, if those are more */
    uint16_t window;       /* that is offered first; what comes in it is taken, then it is shut */
    enum data data;        /* what is sent once */
    uint32_t single_bytes; /* that are sent out of order, a segment each; the first never comes */
    uint32_t drip_bytes_per_s;     /* that follow, of DATA_BEGIN */
    bool takes_one;                /* byte of each probe of the shut window */
    bool trickles;                 /* a byte a second, of a request that never ends */
    bool asks_by_udp;              /* questions that no server answers; there are no connections */
    uint32_t rate;                 /* of frames; 0: as usual */
    bool silent;                   /* after the handshake nothing is answered */
    bool one_in_four_falls_silent; /* once it has asked */
    uint32_t stays_s; /* then it leaves without a word, and another comes; 0: it stays */
};

/* What a server is asked for. */
struct service {
    const char *name;
    uint16_t port;
    const char *ask;
    uint32_t ask_len, asks;
    const char *small;
    uint32_t small_len, smalls; /* requests of a pipeline */
    uint32_t segment_bytes;     /* of a pipeline */
    const char *begin;
    uint32_t begin_len;
};

const struct play *play_named(const char *name);
const struct service *service_named(const char *name);
void plays_print(void);

#endif
