/*
 * peer.h -- the other end of a TCP connection to the harness, controlled by the fuzzer. It tracks
 * the stack's segments, so that its own numbers can be near to theirs.
 */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "frames.h"
#include "harness.h"

enum {
    PEER_SYN_ISS = 1000, /* sequence number of its first SYN */
    PEER_COOKIE_BYTES = 16,
    PEER_OPTIONS_BYTES = 40
};

/* Options of a segment, a bit mask; MSS, window scale and the like only in a SYN. */
enum peer_option {
    PEER_MSS = 1,
    PEER_WINDOW_SCALE = 2,
    PEER_SACK = 4, /* permitted, or up to three blocks */
    PEER_TIMESTAMPS = 8,
    PEER_FAST_OPEN = 16, /* with the cookie that it was given, or with a request for one */
    PEER_BAD_COOKIE = 32
};

struct peer {
    uint16_t port, stack_port;
    uint32_t irs;          /* number of the stack's SYN */
    uint32_t una;          /* the next acknowledgment to send */
    uint32_t nxt;          /* after the last sequence number that the stack has sent */
    uint32_t want;         /* the sequence number that the stack expects from the peer */
    uint32_t edge;         /* the end of the stack's receive window */
    uint32_t tsval, tsecr; /* from the stack's newest timestamps */
    uint8_t shift;         /* window scale of the stack */
    uint8_t cookie_bytes;
    uint8_t cookie[PEER_COOKIE_BYTES];
    struct frame last; /* the newest segment that occupies sequence numbers; len 0: none */
};

/* A peer that has received nothing yet, with these ports. */
struct peer peer_of(uint16_t port, uint16_t stack_port);

/* Evaluates all frames that the stack has sent since. */
void peer_learn(struct peer *peer, struct harness *harness);

/* Deviations of a segment's options from correct ones. */
struct peer_lies {
    uint32_t tsval, tsecr; /* added */
    uint8_t sacks[3];      /* begin and length of blocks, in 16ths of the data in flight */
};

/* Writes the requested options, a multiple of 4 bytes; returns their length. */
uint32_t peer_options(const struct peer *peer, uint64_t now_ns, uint8_t flags, uint8_t options,
                      const struct peer_lies *lies, uint8_t bytes[PEER_OPTIONS_BYTES]);

/* Sends a correct segment: @flags, the matching options, no data. */
void peer_say(struct peer *peer, struct harness *harness, uint8_t flags, uint8_t options);

#endif
