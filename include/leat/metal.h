/*
 * metal.h -- leat_host on the bare (virtual) machine: an x86-64 guest without an operating system.
 *
 * The library leat-metal brings the entry of the image (PVH and Linux 64-bit), the serial console,
 * a clock, interrupts, entropy, and the power switch.  It calls the program's leat_metal_main().
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

/** The machine as it was found. */
struct leat_metal {
    struct leat_host *host;   /**< wait() halts until an interrupt; Ctrl-D on the console ends it */
    const char *command_line; /**< as the loader gave it; NUL-terminated, never NULL */
    void *memory;             /**< all RAM behind the image: the program's */
    size_t memory_bytes;      /**< of it */
};

/** The program: returns its exit status, 0 to 127. */
int leat_metal_main(struct leat_metal *metal);

/**
 * Takes @p bytes, aligned to 64, off the front of metal->memory; not zeroed.  NULL: there is not as
 * much.
 */
void *leat_metal_take(struct leat_metal *metal, size_t bytes);

/**
 * Makes pages trap when touched (@p guarded), or memory like any other again: for
 * leat_tasks_config.guard.  The machine then ends with a message that names the task whose stack
 * has overflowed.  False: not whole pages of memory, or they lie in more than 8 pieces of 2 MiB (16
 * MiB of stacks).
 */
bool leat_metal_guard(void *page, size_t bytes, bool guarded);

/**
 * Lets wait() return when @p handler's device interrupts.  @p handler runs with interrupts off and
 * does no more than to quieten the device; it may be NULL.  It is compiled for general registers
 * alone (-mgeneral-regs-only): others aren't saved.  Interrupts are on inside of wait() only, so
 * code with a red zone, and with SSE, may run everywhere else.  Returns the vector, or 0: no more
 * left.
 */
uint8_t leat_metal_on_interrupt(void (*handler)(void *arg), void *arg);

/** Routes pin @p pin of the I/O APIC (0-23) to @p vector. */
void leat_metal_route(uint8_t pin, uint8_t vector);

/** Lets wait() return every @p interval_ns at the latest: for a device that can't interrupt. */
void leat_metal_poll_every(uint64_t interval_ns);

/**
 * A source of entropy beside the processor's own, such as virtio-rng: fills @p bytes or fails.
 * It is used if the processor has none.
 */
void leat_metal_entropy_from(enum leat_err (*source)(void *arg, void *bytes, size_t len),
                             void *arg);

/**
 * Lets @p handler be called once when the processor stops at an exception, an assertion of ours
 * among them, before the machine ends.  It may use the console, and nothing that waits.
 */
void leat_metal_on_crash(void (*handler)(void *arg), void *arg);

/** Ends the machine with @p status; where the hypervisor can't take one, it just ends. */
__attribute__((noreturn)) void leat_metal_exit(int status);

#ifdef __cplusplus
}
#endif
#endif
