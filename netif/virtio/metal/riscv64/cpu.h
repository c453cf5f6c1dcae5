/* cpu.h -- the instructions of RV64 that C can't express, and calls of the supervisor binary
 * interface (SBI). */
#ifndef CPU_H
#define CPU_H

#include <stdbool.h>
#include <stdint.h>

struct sbi_result {
    long error; /* 0: none */
    long value;
};

/* RISC-V SBI specification 1.0, chapter 3. */
static inline struct sbi_result sbi(uint32_t extension, uint32_t function, uint64_t first,
                                    uint64_t second)
{
    register uint64_t a0 __asm__("a0") = first;
    register uint64_t a1 __asm__("a1") = second;
    register uint64_t a6 __asm__("a6") = function;
    register uint64_t a7 __asm__("a7") = extension;

    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
    return (struct sbi_result){(long)a0, (long)a1};
}

static inline uint64_t ticks(void)
{
    uint64_t value;

    __asm__ volatile("rdtime %0" : "=r"(value) : : "memory");
    return value;
}

/* Sleeps until an interrupt is pending that is enabled in sie, though sstatus keeps it from being
 * taken. */
static inline void wait_for_interrupt(void)
{
    __asm__ volatile("wfi" : : : "memory");
}

static inline void enable_interrupts(uint64_t mask)
{
    __asm__ volatile("csrw sie, %0" : : "r"(mask) : "memory");
}

static inline void flush_page(uint64_t address)
{
    __asm__ volatile("sfence.vma %0, zero" : : "r"(address) : "memory");
}

/* Memory that was written before is visible to a device before a later write to its registers. */
static inline void mmio_publish(void)
{
    __asm__ volatile("fence w, o" : : : "memory");
}

/* Registers of devices: one access of the given width each, in the program's order; a read comes
 * before later reads of memory. */
static inline uint32_t mmio_read32(uintptr_t address)
{
    const uint32_t value = *(volatile const uint32_t *)address;

    __asm__ volatile("fence i, r" : : : "memory");
    return value;
}

static inline void mmio_write32(uintptr_t address, uint32_t value)
{
    mmio_publish();
    *(volatile uint32_t *)address = value;
}

static inline uint16_t mmio_read16(uintptr_t address)
{
    const uint16_t value = *(volatile const uint16_t *)address;

    __asm__ volatile("fence i, r" : : : "memory");
    return value;
}

static inline void mmio_write16(uintptr_t address, uint16_t value)
{
    mmio_publish();
    *(volatile uint16_t *)address = value;
}

static inline uint8_t mmio_read8(uintptr_t address)
{
    const uint8_t value = *(volatile const uint8_t *)address;

    __asm__ volatile("fence i, r" : : : "memory");
    return value;
}

static inline void mmio_write8(uintptr_t address, uint8_t value)
{
    mmio_publish();
    *(volatile uint8_t *)address = value;
}

#endif
