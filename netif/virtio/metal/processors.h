/* processors.h -- the processors beside the first one, which runs leat_metal_main(). */
#ifndef METAL_PROCESSORS_H
#define METAL_PROCESSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- the common part (processors.c) ----------------------------------------------------------- */

/* Runs the program's function on processor @number, and tells the first processor of its end. */
void processors_run(unsigned number);

/* Makes the wait() of all processors but the first return false once more. */
void processors_ask_end(void);

/* --- what an architecture defines ------------------------------------------------------------- */

/* Processors that can be used, from 1 to LEAT_METAL_PROCESSORS_MAX. */
unsigned processors_count(void);

/* The number of this processor. */
unsigned processors_here(void);

/* Bytes for processor_start(), with its stack. */
size_t processor_bytes(void);

/* Makes processor @number call processors_run(), with @memory for its own, which is aligned to 64.
 * False: it doesn't begin. */
bool processor_start(unsigned number, void *memory);

/* Interrupts processor @number, which has been started. */
void processor_interrupt(unsigned number);

#endif
