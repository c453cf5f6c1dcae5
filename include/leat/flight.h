/*
 * flight.h -- a flight recorder: the last frames in and out, in a ring of fixed size, to be dumped
 * when something has gone wrong.
 *
 * It is a backend around any other one and works where there are no files: memory is the
 * program's, and the dump is a pcapng given to a function in pieces -- which writes it to a file,
 * to a TCP connection, or in hex to a console (leat-replay unhex reads that).
 */
#ifndef LEAT_FLIGHT_H
#define LEAT_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/host.h>
#include <leat/netif.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Least memory of a recorder, bytes; each frame takes 24 and what is kept of it. */
#define LEAT_FLIGHT_BYTES_MIN 4096u

struct leat_flight;

/**
 * Makes a recorder around @p inner in @p memory (any alignment), which it keeps.
 *
 * @p snap_bytes: how much of each frame is kept; 0: all (up to an eighth of the ring); 96 holds all
 * headers.
 * NULL if @p bytes is less than LEAT_FLIGHT_BYTES_MIN.
 */
struct leat_flight *leat_flight_init(void *memory, size_t bytes, struct leat_netif *inner,
                                     uint32_t snap_bytes);

/** The backend to give to leat_attach(). */
struct leat_netif *leat_flight_netif(struct leat_flight *flight);

/** Frames seen so far. */
uint64_t leat_flight_seen(const struct leat_flight *flight);

/** How many of them are still in the ring. */
uint32_t leat_flight_kept(const struct leat_flight *flight);

/** Keeps nothing until it is called again with false: for a dump that is taken in pieces. */
void leat_flight_pause(struct leat_flight *flight, bool paused);

/**
 * Gives a pcapng of what is in the ring to @p write, oldest frame first, and keeps it all.  The
 * pieces are valid until @p write returns.  Changes nothing, takes no memory: it may be called from
 * a handler of a crash.
 */
void leat_flight_dump(const struct leat_flight *flight,
                      void (*write)(void *arg, const void *bytes, size_t len), void *arg);

/** The same in hex, to a host's console: lines of "flight: " and up to 32 bytes. */
void leat_flight_dump_hex(const struct leat_flight *flight, struct leat_host *host);

#ifdef __cplusplus
}
#endif
#endif
