/* interrupts.h -- the local APIC, for the other files of this architecture. */
#ifndef INTERRUPTS_H
#define INTERRUPTS_H

#include <stdint.h>

enum { /* numbers of the interrupt table */
    INTERRUPT_TIMER = 32,
    INTERRUPT_DEVICE, /* vector 1 of leat_metal_on_interrupt() */
    INTERRUPT_SPURIOUS = 47,
    INTERRUPT_VECTORS
};

/* The number in the interrupt table of a vector of leat_metal_on_interrupt(). */
static inline uint8_t interrupts_number(uint8_t vector)
{
    return (uint8_t)(INTERRUPT_DEVICE + vector - 1);
}

/* Where the processor is while it sleeps (boot.S). */
void interrupts_on_and_halt(void);
extern const char interrupts_halt[];

enum {
    INTERRUPT_TABLES_BYTES = 17 * 1024 /* for interrupts_begin(), aligned to 16 */
};

/* Makes this processor take interrupts, with tables of its own in @memory. */
void interrupts_begin(void *memory);

/* Starts the timer, which interrupts once in @count of its ticks. */
void interrupts_timer_start(uint32_t count);
uint32_t interrupts_timer_left(void);
/* Says how many of them are a second, at most 2^32. */
void interrupts_timer_rate(uint64_t hz);

#endif
