/*
 * services.h -- services of a machine for the C library of an image: leat's own, or Solo5.
 *
 * main/libc calls these functions; ends.c and netif/solo5/services.c define them.
 */
#ifndef METAL_SERVICES_H
#define METAL_SERVICES_H

#include <stddef.h>
#include <stdint.h>

/* Runs the static constructors of the program. */
void machine_begin(void);

/* Writes to the console. */
void machine_write(const char *text, size_t len);

/* Runs what the program has registered for its end, and ends the machine. */
_Noreturn void machine_end(int status);

/* Ends the machine at once. */
_Noreturn void machine_halt(int status);

/* Stops with the report of a crash. */
_Noreturn void machine_crash(void);

/* Nanoseconds since 1970; 0: the machine has no clock for that. */
uint64_t machine_civil_ns(void);

/* Runs the functions of atexit(), last first; in main/libc, if the program registers any. */
void leat_libc_run_exits(void);

#endif
