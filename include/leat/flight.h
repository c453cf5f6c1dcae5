/*
 * flight.h -- a flight recorder: the last frames in and out, in a ring of fixed size, to be dumped
 * after a failure.
 *
 * It is a backend around any other one, and works without files: memory is the program's, and the
 * dump is a pcapng, given to a function in pieces.  The function may write them to a file, to a TCP
 * connection, or in hex to a console (leat-replay unhex reads that).
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

/** Least memory of a recorder, bytes; each frame takes 24 plus its recorded bytes. */
#define LEAT_FLIGHT_BYTES_MIN 4096u

struct leat_flight;

/**
 * Makes a recorder around @p inner in @p memory (any alignment), which it keeps.
 *
 * @p snap_bytes: bytes recorded of each frame; 0: all (up to an eighth of the ring).  96 hold all
 * headers.
 * NULL if @p bytes is less than LEAT_FLIGHT_BYTES_MIN.
 */
struct leat_flight *leat_flight_init(void *memory, size_t bytes, struct leat_netif *inner,
                                     uint32_t snap_bytes);

/** The backend to give to leat_attach(). */
struct leat_netif *leat_flight_netif(struct leat_flight *flight);

/** Frames seen so far. */
uint64_t leat_flight_seen(const struct leat_flight *flight);

/** Number of frames still in the ring. */
uint32_t leat_flight_kept(const struct leat_flight *flight);

/** Pauses recording (@p paused), or resumes it: for a dump that is taken in pieces. */
void leat_flight_pause(struct leat_flight *flight, bool paused);

/**
 * Gives the ring as a pcapng to @p write, oldest frame first.  The pieces are valid until @p write
 * returns.  Changes nothing and takes no memory, so a crash handler may call it.
 */
void leat_flight_dump(const struct leat_flight *flight,
                      void (*write)(void *arg, const void *bytes, size_t len), void *arg);

/** Writes the pcapng of leat_flight_dump() in hex to a host's console: lines of "flight: " and up
 * to 32 bytes. */
void leat_flight_dump_hex(const struct leat_flight *flight, struct leat_host *host);

#ifdef __cplusplus
}
#endif
#endif
