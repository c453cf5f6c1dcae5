/* posix_flight.h -- when the flight recorder is dumped on POSIX, and where to. */
#ifndef POSIX_FLIGHT_H
#define POSIX_FLIGHT_H

#include <leat/posix.h>

#include "flight.h"

/* Makes a crash dump @flight to @path, or in hex to standard error if @path is NULL.  SIGUSR1 ends
 * a wait of @posix (NULL: there is none), and posix_flight_look() then dumps it in the same way. */
void posix_flight_watch(struct flight *flight, const char *path, struct leat_posix *posix);

/* Stops that, before its memory is freed. */
void posix_flight_end(void);

/* Dumps if SIGUSR1 has come. */
void posix_flight_look(void);

/* Dumps now. */
void posix_flight_dump(void);

#endif
