/*
 * flight.h -- the examples' flight recorder: the last frames are always kept, and dumped when the
 * program crashes, when it ends (--flight-dump), or when somebody connects (--flight-port).
 */
#ifndef FLIGHT_H
#define FLIGHT_H

#include <leat/flight.h>
#include <leat/leat.h>

#include "options.h"

enum {
    FLIGHT_BLOCK_BYTES = 1024 /* how much of a dump is queued at a time */
};

struct flight {
    struct leat_flight *recorder; /* NULL: none */
    struct leat_tcp *conn;        /* who gets a dump now; NULL: nobody */
    size_t sent;                  /* of it */
    uint8_t block[FLIGHT_BLOCK_BYTES];
};

/* Bytes that flight_wrap() needs; 0: the options want no recorder. */
size_t flight_bytes(const struct options *options);

/* Puts a recorder around @netif, in @memory; returns the backend to attach. */
struct leat_netif *flight_wrap(struct flight *flight, const struct options *options, void *memory,
                               struct leat_netif *netif);

/* Lets whoever connects to the port of the options have a pcapng; nothing is kept meanwhile, so
 * its reader has no longer than the options let a peer be silent. */
enum leat_err flight_serve(struct flight *flight, const struct options *options,
                           struct leat *stack);

#endif
