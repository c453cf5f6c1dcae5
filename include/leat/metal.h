/*
 * metal.h -- leat_host on the bare (virtual) machine: a guest without an operating system, on
 * x86-64, AArch64 or RV64.
 *
 * The library leat-metal contains the entry of the image, the serial console, a clock, interrupts,
 * entropy, and power-off.  It calls the program's leat_metal_main().
 */
#ifndef LEAT_METAL_H
#define LEAT_METAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/err.h>
#include <leat/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of leat_metal_generation(). */
enum {
    LEAT_METAL_GENERATION_BYTES = 16
};

/** Most processors that are used. */
enum {
    LEAT_METAL_PROCESSORS_MAX = 16
};

/** The machine. */
struct leat_metal {
    struct leat_host *host;   /**< wait() halts until an interrupt; it is false once for each
                                 Ctrl-D on the console */
    const char *command_line; /**< as the loader gave it; NUL-terminated, never NULL */
    void *memory;             /**< the largest piece of RAM that is free; the program owns it */
    size_t memory_bytes;      /**< length of `memory` */
    const void *archive;      /**< an initrd that the loader has put into memory; it may be an
                                   archive of files (files.h). NULL: none */
    size_t archive_bytes;     /**< length of `archive` */
};

/** The program: returns its exit status, 0 to 127. */
int leat_metal_main(struct leat_metal *metal);

/**
 * Takes @p bytes, aligned to 64, off the front of metal->memory; not zeroed.  NULL: there aren't so
 * many.
 */
void *leat_metal_take(struct leat_metal *metal, size_t bytes);

/**
 * Makes pages trap when they are touched (@p guarded), or makes them ordinary memory again: for
 * leat_tasks_config.guard.  When the stack of a task overflows, the machine ends with a message
 * that names the task.  False: these aren't whole pages of memory, or they lie in more than 8
 * pieces of 2 MiB (16 MiB of stacks).
 */
bool leat_metal_guard(void *page, size_t bytes, bool guarded);

/**
 * Makes wait() return when @p handler's device interrupts.  @p handler runs with interrupts off and
 * only has to acknowledge the device; it may be NULL.  Compile it for general registers only
 * (-mgeneral-regs-only), because the others aren't saved.  Interrupts are on inside of wait() only,
 * so code with a red zone, and with SSE, may run everywhere else.  Returns the vector, or 0: no
 * more left.
 */
uint8_t leat_metal_on_interrupt(void (*handler)(void *arg), void *arg);

/**
 * Routes the interrupt line @p line to @p vector: on x86-64 a pin of the I/O APIC (0-23), elsewhere
 * as the device tree numbers them.  False: there is no such line, or @p vector is 0.
 */
bool leat_metal_route(uint32_t line, uint8_t vector);

/** Makes wait() return every @p interval_ns at the latest: for a device that can't interrupt. */
void leat_metal_poll_every(uint64_t interval_ns);

/**
 * Copies the id of the machine's generation: 128 random bits that the hypervisor replaces when the
 * machine has been copied, or goes on from an earlier state (the device VM_Gen_Counter of ACPI).
 * Look at it after each wait().  When it has changed, call leat_reseed() before the next
 * leat_poll().  False: this machine has none.
 */
bool leat_metal_generation(uint8_t id[LEAT_METAL_GENERATION_BYTES]);

/**
 * Finds a file that QEMU was given for its guest, as by -fw_cfg name=opt/leat/files,file=FILE.
 * Returns its length, and copies it to @p to if it fits into @p room bytes.  0: there is none.
 * Machines other than those of x86-64 have none.
 */
size_t leat_metal_fw_cfg(const char *name, void *to, size_t room);

/**
 * Adds a source of entropy, such as virtio-rng, that fills @p bytes or fails.  It is used if the
 * processor has none of its own.
 */
void leat_metal_entropy_from(enum leat_err (*source)(void *arg, void *bytes, size_t len),
                             void *arg);

/**
 * Sets a function that is called once when the processor stops at an exception or at a failed
 * assertion of leat, before the machine ends.  It may use the console, but must not wait.
 */
void leat_metal_on_crash(void (*handler)(void *arg), void *arg);

/**
 * The machine's processors: 1 to LEAT_METAL_PROCESSORS_MAX.  Number 0 runs leat_metal_main(); the
 * others sleep until leat_metal_start_processor().  It is 1 on AArch64 and RV64, under Xen, and
 * where no ACPI lists the processors.
 */
unsigned leat_metal_processors(void);

/**
 * Starts processor @p number, from 1 on, once: it calls @p run, with a host of its own and a stack
 * of 64 KiB, which is taken off metal->memory.  Its host's wait() returns false once for each time
 * that the first processor's does.  Its host has entropy from the processor only, so that the first
 * one should make seeds.
 *
 * The function may use its host, leat_metal_wake() and leat_metal_exit(); all other functions of
 * this header are for the first processor, before it starts others (leat_metal_guard() too).  It
 * may use a stack (leat_init()) that no other processor uses meanwhile.
 *
 * False: there is no such processor, it was started before, it doesn't begin, or there isn't so
 * much memory.
 */
bool leat_metal_start_processor(struct leat_metal *metal, unsigned number,
                                void (*run)(struct leat_host *host, void *arg), void *arg);

/**
 * True once the function of processor @p number has returned; all that it has written can be read
 * then.  The first processor's wait() returns when that happens.
 */
bool leat_metal_processor_ended(unsigned number);

/** Makes wait() of processor @p number return, now or at its next call.  Any processor may call
 * it. */
void leat_metal_wake(unsigned number);

/** Ends the machine with @p status, as far as the hypervisor supports a status. */
__attribute__((noreturn)) void leat_metal_exit(int status);

#ifdef __cplusplus
}
#endif
#endif
