/*
 * peer.h -- the other end of a TCP connection to the harness, as a fuzzer plays it: what the
 * stack's segments told it, from which the numbers of its own are drawn.
 */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "frames.h"
#include "harness.h"

enum {
    PEER_SYN_ISS = 1000, /* the number of its first SYN */
    PEER_COOKIE_BYTES = 16,
    PEER_OPTIONS_BYTES = 40
};

/* Options of a segment, or-ed: MSS, window scale and the like in a SYN only. */
enum peer_option {
    PEER_MSS = 1,
    PEER_WINDOW_SCALE = 2,
    PEER_SACK = 4, /* permitted, or up to three blocks */
    PEER_TIMESTAMPS = 8,
    PEER_FAST_OPEN = 16, /* the cookie that it was given; none yet: asks for one */
    PEER_BAD_COOKIE = 32
};

struct peer {
    uint16_t port, stack_port;
    uint32_t irs;          /* number of the stack's SYN */
    uint32_t una;          /* what the stack should hear acknowledged */
    uint32_t nxt;          /* behind the last that it sent */
    uint32_t want;         /* the number that it expects from the peer */
    uint32_t edge;         /* behind the last that it would take */
    uint32_t tsval, tsecr; /* of its newest timestamps */
    uint8_t shift;         /* of its windows */
    uint8_t cookie_bytes;
    uint8_t cookie[PEER_COOKIE_BYTES];
    struct frame last; /* the newest segment with a sequence number of its own; len 0: none */
};

/* A peer that has heard nothing yet and knows the ports. */
struct peer peer_of(uint16_t port, uint16_t stack_port);

/* Looks at all that the stack has sent since. */
void peer_learn(struct peer *peer, struct harness *harness);

/* What a segment's options say beyond the truth. */
struct peer_lies {
    uint32_t tsval, tsecr; /* added */
    uint8_t sacks[3]; /* where blocks begin and how long they are, in 16ths of what is in flight */
};

/* Writes options that are meant, a multiple of 4 bytes; returns how many. */
uint32_t peer_options(const struct peer *peer, uint64_t now_ns, uint8_t flags, uint8_t options,
                      const struct peer_lies *lies, uint8_t bytes[PEER_OPTIONS_BYTES]);

/* Says what is right: @flags, the options that go with it, no data. */
void peer_say(struct peer *peer, struct harness *harness, uint8_t flags, uint8_t options);

#endif
