/*
 * wild.h -- days of virtual time with servers that are late, silent, wrong, or change their
 * behaviour, on a lossy wire: the common part for both versions of DHCP.
 */
#ifndef WILD_H
#define WILD_H

#include "world.h"

enum {
    WILD_ADDRESSES = 8,
    WILD_PENDING_MAX = 16,
    WILD_ANSWER_BYTES = 1500
};

struct wild;

/* The part of one version. */
struct wild_family {
    size_t answer_bytes; /* size of a pending answer */
    void (*feed)(struct wild *wild, const void *answer);
    void (*after_turn)(struct wild *wild); /* serves the client's messages */
};

struct wild {
    const struct wild_family *family;
    struct world *world;
    uint64_t seed;
    bool honest;
    uint64_t granted_until_ns[WILD_ADDRESSES]; /* by the answers sent */
    struct {
        uint64_t at_ns;
        _Alignas(16) unsigned char answer[WILD_ANSWER_BYTES];
    } pending[WILD_PENDING_MAX];
    unsigned pending_count;
};

/* Never after the server has become correct. */
bool wild_happens(struct wild *wild, unsigned percent);

/* @answer is delivered after a while, possibly twice, or lost. */
void wild_send(struct wild *wild, const void *answer);
void wild_send_once(struct wild *wild, const void *answer);

void wild_grant(struct wild *wild, unsigned index, uint64_t until_ns);

/* The address with this @index is in use: fails if no grant is valid now. */
void wild_check(const struct wild *wild, unsigned index);

/* Runs a server that behaves at random, and then correctly for hours. */
void wild_run(struct wild *wild, uint64_t wild_ns);

/* Runs 1,000 seeds, a hundred in each test. */
int wild_main(void (*run_seed)(uint64_t seed));

#endif
