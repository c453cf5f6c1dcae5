/*
 * toy.h -- a cryptography provider for the simulator: it protects nothing, and checks everything.
 *
 * An attacker who knows the algorithm can forge anything. But each byte that is changed, moved or
 * left out changes a digest, a tag or a signature, and two ends with different transcripts get
 * different keys. The same seed gives the same bytes on any machine, which no library promises for
 * its signatures. It may fail, as a library without memory does, and knows which objects are not
 * freed.
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
    struct sim_random random; /* source of its random numbers */
    uint64_t calls;           /* calls of functions that may fail */
    uint64_t fail_call;       /* number of the call that fails, from 1; 0: no call */
    uint64_t fail_per_m;      /* failing calls in a million */
    uint64_t failures;        /* calls that failed because of fail_call or fail_per_m */
    bool one_group;           /* P-256 only */
    int opened;               /* hashes, shares and keys that are open now */
};

/* The provider @self; its faults are set afterwards. */
struct leat_crypto toy_open(struct toy *self, uint64_t seed);

/* A certificate for @name. Its key is the only one of this provider: private_open() opens it,
 * whatever text it gets. */
void toy_certificate(uint8_t bytes[TOY_CERTIFICATE_BYTES], const char *name);

#endif
