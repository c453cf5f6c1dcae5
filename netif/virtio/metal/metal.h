/* metal.h -- the inside of the machine: declarations that its parts share. */
#ifndef METAL_H
#define METAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/err.h>
#include <leat/metal.h>

#include "entropy.h"

/* boot.S jumps here with interrupts off. */
void metal_start(uint32_t protocol, uintptr_t info);

/* --- boot_info.c: data from the loader ----------------------------------------------------------
 */

enum boot_protocol { /* boot.S knows the numbers */
    BOOT_LINUX = 0,
    BOOT_PVH = 1
};

struct boot_info {
    const char *command_line; /* never NULL */
    uintptr_t memory;         /* the largest piece of RAM behind the image, below 4 GiB */
    size_t memory_bytes;
};

extern char image_end[]; /* image.ld */

struct boot_info boot_info_read(enum boot_protocol protocol, uintptr_t info);

/* --- serial.c: the first serial port ------------------------------------------------------------
 */

enum {
    SERIAL_PIN = 4 /* of the I/O APIC: ISA's COM1 */
};

/* Has the port interrupt when data has come; the caller routes SERIAL_PIN. */
void serial_init(void);
void serial_write(const char *text, size_t len);
/* True if Ctrl-D has been typed, now or earlier. */
bool serial_at_end(void);

/* --- interrupts.c -------------------------------------------------------------------------------
 */

enum {
    INTERRUPT_TIMER = 32,
    INTERRUPT_SERIAL,
    INTERRUPT_DEVICE, /* the first of those for devices */
    INTERRUPT_SPURIOUS = 47,
    INTERRUPT_VECTORS
};

void interrupts_init(void);
/* Starts the timer, which interrupts once in @count of its ticks: 1 ns each under QEMU and KVM. */
void interrupts_timer_start(uint32_t count);
uint32_t interrupts_timer_left(void);
/* Sleeps until an interrupt, if none has come since the last call. */
void interrupts_wait(void);
/* Sets @take, which is asked at a page fault whether the address is in a guard.  If so, it makes
 * the page ordinary memory again and returns the name of the guarded task; else NULL. */
void interrupts_on_guard(const char *(*take)(uint64_t address));

/* --- paging.c -----------------------------------------------------------------------------------
 */

/* Maps the 2 MiB around @address, which lies above 4 GiB: a device's registers.  False: the few
 * tables that there are for this are used up. */
bool metal_map(uint64_t address);

/* --- clock.c ------------------------------------------------------------------------------------
 */

void clock_init(void);
/* Nanoseconds since clock_init(). */
uint64_t clock_ns(void);

/* --- rtc.c --------------------------------------------------------------------------------------
 */

/* Nanoseconds since 1970; 0: the machine has no such clock, or it makes no sense. */
uint64_t rtc_civil_ns(void);

/* --- power.c ------------------------------------------------------------------------------------
 */

_Noreturn void power_off(int status);

#endif
