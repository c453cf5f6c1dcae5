/* posix_store.h -- the file or disk of --store on POSIX. */
#ifndef POSIX_STORE_H
#define POSIX_STORE_H

#include <stdbool.h>

#include "posix_program.h"

/* Opens the store and reads its values; the stack is built, and no device is open yet.  A file that
 * isn't there, or is empty, is made.  The seed is mixed with the entropy of the run before, and
 * without --mac the MAC address is that of the runs before.  False: a line with the reason was
 * printed.  True also without --store. */
bool posix_store_open(struct program *program);

/* For --check-config: NULL, or why posix_store_open() would fail, in program->line or static
 * memory. Writes nothing.  A store that another program has open is good. */
const char *posix_store_check(struct program *program);

/* Writes the last values, and closes it. */
void posix_store_close(struct program *program);

#endif
