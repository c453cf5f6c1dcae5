/* lapic.h -- the registers of this processor's local APIC (Intel SDM 3A, table 11-1). */
#ifndef LAPIC_H
#define LAPIC_H

#include "cpu.h"

enum {
    LAPIC_ID = 0x020,
    LAPIC_TASK_PRIORITY = 0x080,
    LAPIC_END_OF_INTERRUPT = 0x0b0,
    LAPIC_SPURIOUS = 0x0f0,
    LAPIC_COMMAND = 0x300,
    LAPIC_COMMAND_TO = 0x310,
    LAPIC_TIMER = 0x320,
    LAPIC_TIMER_INITIAL = 0x380,
    LAPIC_TIMER_CURRENT = 0x390,
    LAPIC_TIMER_DIVIDE = 0x3e0,
    LAPIC_ENABLED = 0x100,  /* of LAPIC_SPURIOUS */
    LAPIC_PENDING = 0x1000, /* of LAPIC_COMMAND */
    LAPIC_DIVIDE_BY_1 = 0xb /* of LAPIC_TIMER_DIVIDE */
};

#define LAPIC_ADDRESS ((uintptr_t)0xfee00000) /* on every PC */

static inline uint32_t lapic_read(uint32_t at)
{
    return mmio_read32(LAPIC_ADDRESS + at);
}

static inline void lapic_write(uint32_t at, uint32_t value)
{
    mmio_write32(LAPIC_ADDRESS + at, value);
}

static inline uint8_t lapic_id(void)
{
    return (uint8_t)(lapic_read(LAPIC_ID) >> 24);
}

#endif
