/* cpu.h -- the instructions of AArch64 that C can't express. */
#ifndef CPU_H
#define CPU_H

#include <stdbool.h>
#include <stdint.h>

#define SYSTEM_READ(name)                                                                          \
    __extension__({                                                                                \
        uint64_t system_value;                                                                     \
        __asm__ volatile("mrs %0, " name : "=r"(system_value) : : "memory");                       \
        system_value;                                                                              \
    })
#define SYSTEM_WRITE(name, value)                                                                  \
    __asm__ volatile("msr " name ", %0; isb" : : "r"((uint64_t)(value)) : "memory")

/* The names of GICv3's registers, which old assemblers don't know. */
#define ICC_PMR_EL1     "S3_0_C4_C6_0"
#define ICC_IAR1_EL1    "S3_0_C12_C12_0"
#define ICC_EOIR1_EL1   "S3_0_C12_C12_1"
#define ICC_SRE_EL1     "S3_0_C12_C12_5"
#define ICC_IGRPEN1_EL1 "S3_0_C12_C12_7"
#define RNDR            "S3_3_C2_C4_0"

static inline uint64_t ticks(void)
{
    __asm__ volatile("isb" : : : "memory"); /* or an earlier value may be read */
    return SYSTEM_READ("cntvct_el0");
}

/* Sleeps until an interrupt is pending, though PSTATE keeps it from being taken. */
static inline void wait_for_interrupt(void)
{
    __asm__ volatile("dsb sy; wfi" : : : "memory");
}

/* All earlier accesses have ended, also those of the tables' walks. */
static inline void barrier(void)
{
    __asm__ volatile("dsb sy; isb" : : : "memory");
}

static inline void flush_page(uint64_t address)
{
    __asm__ volatile("dsb ishst; tlbi vaae1is, %0; dsb ish; isb" : : "r"(address >> 12) : "memory");
}

/* Drops the cache line at @address: memory was written there while the MMU was off. */
static inline void drop_line(uintptr_t address)
{
    __asm__ volatile("dc ivac, %0" : : "r"(address) : "memory");
}

/* False: the generator had no number. */
static inline bool cpu_random(uint64_t *value)
{
    bool failed;

    __asm__ volatile("mrs %0, " RNDR : "=r"(*value), "=@cceq"(failed));
    return !failed;
}

/* Memory that was written before is visible to a device before a later write to its registers. */
static inline void mmio_publish(void)
{
    __asm__ volatile("dmb oshst" : : : "memory");
}

/* Registers of devices: one access of the given width each, in the program's order; a read comes
 * before later accesses to memory. The instructions are written out, because a hypervisor can't
 * emulate all that a compiler may choose. */
static inline uint32_t mmio_read32(uintptr_t address)
{
    uint32_t value;

    __asm__ volatile("ldr %w0, [%1]; dmb oshld" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline void mmio_write32(uintptr_t address, uint32_t value)
{
    __asm__ volatile("dmb oshst; str %w0, [%1]" : : "r"(value), "r"(address) : "memory");
}

static inline uint16_t mmio_read16(uintptr_t address)
{
    uint32_t value;

    __asm__ volatile("ldrh %w0, [%1]; dmb oshld" : "=r"(value) : "r"(address) : "memory");
    return (uint16_t)value;
}

static inline void mmio_write16(uintptr_t address, uint16_t value)
{
    __asm__ volatile("dmb oshst; strh %w0, [%1]" : : "r"((uint32_t)value), "r"(address) : "memory");
}

static inline uint8_t mmio_read8(uintptr_t address)
{
    uint32_t value;

    __asm__ volatile("ldrb %w0, [%1]; dmb oshld" : "=r"(value) : "r"(address) : "memory");
    return (uint8_t)value;
}

static inline void mmio_write8(uintptr_t address, uint8_t value)
{
    __asm__ volatile("dmb oshst; strb %w0, [%1]" : : "r"((uint32_t)value), "r"(address) : "memory");
}

#endif
