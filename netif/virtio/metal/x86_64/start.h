/* start.h -- other processors of a PC, for the other files of this architecture. */
#ifndef START_H
#define START_H

#include <stdint.h>

#include "../processors.h"

/* The id of the local APIC of processor @number, below processors_count(). */
uint8_t processor_apic_id(unsigned number);

/* Prepares this processor for libraries with a stack protector, as cpu_init() does the first. */
void cpu_begin(void);

#endif
