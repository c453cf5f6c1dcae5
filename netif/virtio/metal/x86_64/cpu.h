/* cpu.h -- the instructions of x86-64 that C can't express. */
#ifndef CPU_H
#define CPU_H

#include <stdbool.h>
#include <stdint.h>

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

enum {
    DEBUG_PORT = 0xe9 /* a hypervisor takes text there, and Xen puts it into its own log */
};

static inline struct cpuid cpuid(uint32_t leaf)
{
    struct cpuid id;

    __asm__ volatile("cpuid"
                     : "=a"(id.eax), "=b"(id.ebx), "=c"(id.ecx), "=d"(id.edx)
                     : "a"(leaf), "c"(0));
    return id;
}

static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t in8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline void out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint16_t in16(uint16_t port)
{
    uint16_t value;

    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline void out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint32_t in32(uint16_t port)
{
    uint32_t value;

    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline void write_msr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

/* The time-stamp counter, read after all earlier instructions of the program. */
static inline uint64_t tsc_read(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* Tells the processor that the mapping of the page at @address has changed. */
static inline void invalidate_page(uintptr_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline void interrupts_off(void)
{
    __asm__ volatile("cli" : : : "memory");
}

/* In a loop that waits for another processor. */
static inline void cpu_relax(void)
{
    __asm__ volatile("pause" : : : "memory");
}

/* False: the generator had no number. */
static inline bool cpu_rdrand(uint64_t *value)
{
    bool good;

    __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(good));
    return good;
}

static inline bool cpu_rdseed(uint64_t *value)
{
    bool good;

    __asm__ volatile("rdseed %0" : "=r"(*value), "=@ccc"(good));
    return good;
}

/* Registers of devices, memory mapped: one access of the given width each. */
static inline uint32_t mmio_read32(uintptr_t address)
{
    return *(volatile const uint32_t *)address;
}

static inline void mmio_write32(uintptr_t address, uint32_t value)
{
    *(volatile uint32_t *)address = value;
}

static inline uint16_t mmio_read16(uintptr_t address)
{
    return *(volatile const uint16_t *)address;
}

static inline void mmio_write16(uintptr_t address, uint16_t value)
{
    *(volatile uint16_t *)address = value;
}

static inline uint8_t mmio_read8(uintptr_t address)
{
    return *(volatile const uint8_t *)address;
}

static inline void mmio_write8(uintptr_t address, uint8_t value)
{
    *(volatile uint8_t *)address = value;
}

/* Memory that was written before is visible to a device before a later write to its registers. */
static inline void mmio_publish(void)
{
    __asm__ volatile("" : : : "memory"); /* the processor keeps their order */
}

#endif
