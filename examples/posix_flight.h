/* posix_flight.h -- when the flight recorder is dumped on POSIX, and where to. */
#ifndef POSIX_FLIGHT_H
#define POSIX_FLIGHT_H

#include <leat/posix.h>

#include "flight.h"

/* From now on a crash dumps @flight to @path, or in hex to standard error if it is NULL; and so
 * does posix_flight_look() after SIGUSR1, which ends a wait of @posix (NULL: there is none). */
void posix_flight_watch(struct flight *flight, const char *path, struct leat_posix *posix);

/* Forgets it: its memory goes. */
void posix_flight_end(void);

/* Dumps if somebody has asked for it. */
void posix_flight_look(void);

/* Dumps now. */
void posix_flight_dump(void);

#endif
