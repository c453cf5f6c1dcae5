/*
 * kit.h -- what every backend must bear, whatever it is made of: a test of a new one is a struct
 * kit_backend.
 *
 * Two ends of it are each other's wire.  kit_run() sends frames of every length, in pieces and in
 * bursts, lets the pool run dry and the other end stand still, takes the device away, and looks
 * whether each rule of leat/netif.h was kept.
 */
#ifndef BACKEND_KIT_H
#define BACKEND_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/netif.h>
#include <leat/posix.h>

#include "core/pool.h"

/* One end, and the memory that its frames lie in: whole pages, as AF_XDP wants them. */
struct kit_end {
    struct leat_netif *netif;
    struct leat_pool pool;
    void *memory;
    size_t memory_bytes;
    void *inside; /* the opener's own */
};

struct kit_pair {
    const char *how; /* what came behind the backend's name and a colon: "tap:a,b" */
    struct kit_end ends[2];
    void *inside; /* the opener's own */
};

/* A backend, and what it doesn't promise. */
struct kit_backend {
    const char *name;
    /* Opens both ends.  False: @why says what failed. */
    bool (*open)(struct kit_pair *pair, char why[LEAT_WHY_BYTES]);
    /* Closes what is open of them, and frees them. */
    void (*close)(struct kit_pair *pair);
    /* What the second end is made of goes away; NULL: it can't. */
    void (*vanish)(struct kit_pair *pair);
    /* What the first end says of that; NULL: it hasn't seen it. */
    const char *(*lost)(const struct kit_pair *pair);
    bool is_wire;       /* what isn't read in time may be lost, and what is sent takes its time */
    bool keeps_buffers; /* what the kernel has of the pool at the end goes with the memory */
};

/* Runs all tests with @backend; returns how many failed. */
int kit_run(const struct kit_backend *backend, const char *how);

#endif
