/* inmem.h -- what the sources of inmem share. */
#ifndef BENCH_INMEM_H
#define BENCH_INMEM_H

#include "world.h"

enum {
    MESSAGE = 64 /* a request, and its response */
};

/* Has the server answer requests by tasks (leat/task.h), one a connection, which waits for the next
 * request. */
void tasks_listen(struct world *world);

/* Ends them; says how many there were at a time. */
uint64_t tasks_end(void);

#endif
