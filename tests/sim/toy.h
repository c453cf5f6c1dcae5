/*
 * toy.h -- a provider of cryptography for the simulator: it protects nothing, and checks all.
 *
 * Who knows how it works can forge whatever he likes.  But each byte that is changed, moved or left
 * out changes a digest, a tag or a signature, two ends that have not heard the same get different keys,
 * and the same seed gives the same bytes wherever it runs: no library promises that of its
 * signatures.  It may fail, as a library without memory does, and knows what was not given back.
 */
#ifndef SIM_TOY_H
#define SIM_TOY_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/crypto.h>

#include "random.h"

enum {
    TOY_CERTIFICATE_BYTES = 900,
    TOY_NAME_BYTES = 16
};

struct toy {
    struct sim_random random; /* what it gives out as such */
    uint64_t calls;           /* of functions that may fail */
    uint64_t fail_call;       /* this one does; 0: none, the first is 1 */
    uint64_t fail_per_m;      /* so many in a million do */
    uint64_t failures;        /* that were asked for so */
    bool one_group;           /* P-256 alone */
    int opened;               /* hashes, shares and keys that are open now */
};

/* The provider that @self is; what it is to do is set afterwards. */
struct leat_crypto toy_open(struct toy *self, uint64_t seed);

/* A certificate for @name, of the key that private_open() makes of any text. */
void toy_certificate(uint8_t bytes[TOY_CERTIFICATE_BYTES], const char *name);

#endif
