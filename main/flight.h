/*
 * flight.h -- the flight recorder of leat_main().  The last frames are always kept.  They are
 * dumped when the program crashes, when it ends (--flight-dump), or to clients that connect
 * (--flight-port).
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
    struct leat_tcp *conn;        /* gets a dump now; NULL: none */
    size_t sent;                  /* of the dump */
    uint8_t block[FLIGHT_BLOCK_BYTES];
};

/* Bytes that flight_wrap() needs; 0: the options want no recorder. */
size_t flight_bytes(const struct options *options);

/* Puts a recorder around @netif, in @memory; returns the backend to attach. */
struct leat_netif *flight_wrap(struct flight *flight, const struct options *options, void *memory,
                               struct leat_netif *netif);

/* Sends a pcapng to each client that connects to the port of the options.  No frames are recorded
 * meanwhile, so the client may be silent no longer than the options allow. */
enum leat_err flight_serve(struct flight *flight, const struct options *options,
                           struct leat *stack);

#endif
