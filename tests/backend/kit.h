/*
 * kit.h -- the tests that every backend must pass. A test of a new backend is a struct kit_backend.
 *
 * Two ends of the backend are connected to each other.  kit_run() sends frames of every length, in
 * pieces and in bursts, exhausts the pool, stalls the other end, takes the device away, and checks
 * each rule of leat/netif.h.
 */
#ifndef BACKEND_KIT_H
#define BACKEND_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/netif.h>
#include <leat/posix.h>

#include "core/pool.h"

/* One end, and the memory of its frames: whole pages, as AF_XDP requires. */
struct kit_end {
    struct leat_netif *netif;
    struct leat_pool pool;
    void *memory;
    size_t memory_bytes;
    void *inside; /* private to the opener */
};

struct kit_pair {
    const char *how; /* the rest of the argument "BACKEND:HOW", such as "a,b" of "tap:a,b" */
    struct kit_end ends[2];
    void *inside; /* private to the opener */
};

/* A backend, and the promises that it doesn't make. */
struct kit_backend {
    const char *name;
    /* Opens both ends.  False: @why tells the reason. */
    bool (*open)(struct kit_pair *pair, char why[LEAT_WHY_BYTES]);
    /* Closes and frees the ends that are open. */
    void (*close)(struct kit_pair *pair);
    /* Destroys the device of the second end; NULL: not possible. */
    void (*vanish)(struct kit_pair *pair);
    /* The first end's message about that; NULL: it hasn't noticed. */
    const char *(*lost)(const struct kit_pair *pair);
    bool is_wire;       /* unread frames may be lost, and sending takes time */
    bool keeps_buffers; /* the kernel may hold buffers of the pool until the memory is freed */
};

/* Runs all tests with @backend; returns how many failed. */
int kit_run(const struct kit_backend *backend, const char *how);

#endif
