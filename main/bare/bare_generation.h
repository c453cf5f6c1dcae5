/* bare_generation.h -- notices that the machine was copied, or went back to an earlier state. */
#ifndef BARE_GENERATION_H
#define BARE_GENERATION_H

#include "bare.h"
#include "keep.h"

/* Compares the id of the machine's generation with that of the run before, if there is a store.
 * The stack is built and seeded; keep->platform has the host.  @machine stays. */
void bare_generation_open(struct keep *keep, struct bare_machine *machine);

/* Compares it with the last one; call it after each wait, before leat_poll().  Nothing happens
 * before bare_generation_open(). */
void bare_generation_look(void);

/* Keeps the id, if it is new; call it after the program's end(), before keep_close(). */
void bare_generation_close(void);

#endif
