/*
 * plays.h -- the attacks, each as a few deviations from a well-behaved peer.
 *
 * The names are those of docs/security.md.
 */
#ifndef ATTACK_PLAYS_H
#define ATTACK_PLAYS_H

#include <stdbool.h>
#include <stdint.h>

enum data {
    DATA_NONE,
    DATA_ASK,       /* a request with a large reply */
    DATA_PIPELINED, /* many small requests at once */
    DATA_BEGIN      /* the beginning of a request that goes on slowly or not at all */
};

struct play {
    const char *name;
    const char *what;
    uint32_t connections;  /* in total; at least one per address */
    uint16_t window;       /* window offered at first; once it is filled, it is shut */
    enum data data;        /* sent once */
    uint32_t single_bytes; /* sent out of order, one byte a segment; the first byte never comes */
    uint32_t drip_bytes_per_s;     /* sent after TEXT_BEGIN */
    bool takes_one;                /* accepts one byte of each probe of the shut window */
    bool trickles;                 /* sends a byte a second of an endless request */
    bool asks_by_udp;              /* asks questions that no server answers, by UDP; no
                                    * connections */
    uint32_t rate;                 /* rate of frames; 0: the default */
    bool silent;                   /* sends nothing after the handshake */
    bool one_in_four_falls_silent; /* after its request */
    uint32_t stays_s; /* then it vanishes without a FIN, and another comes; 0: it stays */
};

/* The requests to a server. */
struct service {
    const char *name;
    uint16_t port;
    const char *ask;
    uint32_t ask_len, asks;
    const char *small;
    uint32_t small_len, smalls; /* segment size of a pipeline */
    uint32_t segment_bytes;     /* segment size of a pipeline */
    const char *begin;
    uint32_t begin_len;
};

const struct play *play_named(const char *name);
const struct service *service_named(const char *name);
void plays_print(void);

#endif
