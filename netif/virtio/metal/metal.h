/* metal.h -- the inside of the machine: the common part, and the functions of an architecture. */
#ifndef METAL_H
#define METAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/err.h>
#include <leat/metal.h>

#include "entropy.h"

/* --- the common part -------------------------------------------------------------------------- */

/* metal.c: boot.S jumps here with interrupts off. @protocol and @info are for boot_info_read(). */
_Noreturn void metal_start(uint32_t protocol, uintptr_t info);

/* hosts.c: sleeps until an interrupt, or @deadline_ns; may return early. */
void metal_sleep_until(uint64_t deadline_ns);

/* Writes to the console, after the text of another processor. */
void metal_console(const char *text, size_t len);

/* memory.c: the RAM of the program. */
void memory_init(uint64_t start, size_t bytes);

/* True if the whole piece lies in the image, or in the RAM of the program. */
bool metal_is_memory(uint64_t address, size_t bytes);

/* image.ld; hidden, so that their addresses are known before an image that may lie anywhere is
 * complete */
#define METAL_HIDDEN __attribute__((visibility("hidden")))
extern METAL_HIDDEN char image_start[], image_end[];

enum {
    METAL_VECTORS = 14, /* leat_metal_on_interrupt() numbers them from 1 */
    METAL_STATUS_REFUSED = 2,
    METAL_STATUS_EXCEPTION = 127
};

/* handlers.c: runs the handler of a vector of leat_metal_on_interrupt(). */
void handlers_run(uint8_t vector);

/* crash.c: a register of the processor, for the report. */
struct crash_register {
    const char *name; /* a short one: five stand on a line */
    uint64_t value;
};

/* The processor's report of an exception. */
struct crash {
    const struct crash_register *registers;
    unsigned register_count;
    uint64_t sp;
    bool page_fault;
    uint64_t address; /* of a page fault */
};

/* Prints the exception, calls the handler of leat_metal_on_crash(), and ends the machine. */
_Noreturn void metal_crash(const struct crash *crash);

/* paging.c: maps the 2 MiB around @address as registers of a device. False: the few tables for this
 * are used up. */
bool metal_map(uint64_t address);

/* The name of the task with the guard page at @address, or NULL. The page becomes readable. */
const char *paging_guard_name(uint64_t address);

/* --- what an architecture defines ------------------------------------------------------------- */

/* Data from the loader. */
struct boot_info {
    const char *command_line; /* never NULL */
    uintptr_t memory;         /* the largest piece of RAM that is mapped and free */
    size_t memory_bytes;
    uintptr_t archive; /* an initrd, which is no part of that memory; 0: none */
    size_t archive_bytes;
    const char *trouble; /* a line that says why the program can't start; NULL: nothing is wrong */
};

struct boot_info boot_info_read(uint32_t protocol, uintptr_t info);

/* Prepares the processor for programs, after boot_info_read(). processors.h has the others. */
void cpu_init(void);

/* The console. serial_init() has the port interrupt when data has come. */
void serial_init(void);
void serial_write(const char *text, size_t len);
/* True once for each Ctrl-D that was typed. */
bool serial_take_end(void);

/* NULL, or a line that says why there are none. The console is not there yet. */
const char *interrupts_init(void);
/* Sleeps until an interrupt, or for @sleep_ns, at most a second; not at all if an interrupt has
 * come since the last call. Their handlers run only here. */
void interrupts_wait(uint64_t sleep_ns);

void clock_init(void);
/* Nanoseconds since clock_init(). */
uint64_t clock_ns(void);

/* Nanoseconds since 1970; 0: the machine has no real-time clock, or it makes no sense. */
uint64_t rtc_civil_ns(void);

_Noreturn void power_off(int status);

/* True once for each press of the power button. */
bool power_button(void);

/* Registers of a virtio device over memory-mapped registers. */
struct metal_window {
    uint64_t address;
    uint32_t line; /* for leat_metal_route(); 0: unknown */
};

/* Windows that the machine announces in another way than on the command line. */
const struct metal_window *metal_windows(unsigned *count);

#endif
