/* semihosting.h -- requests to the debugger, or to QEMU (Arm's "Semihosting for AArch32 and
 * AArch64"). Without one that answers, the processor stops with a fault. */
#ifndef MPS2_SEMIHOSTING_H
#define MPS2_SEMIHOSTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills @bytes from the host's /dev/urandom. */
bool semihosting_random(void *bytes, size_t len);

/* Civil time in nanoseconds since 1970, whole seconds. */
uint64_t semihosting_civil_ns(void);

/* Writes the command line to @text, which has @bytes, with a NUL. False: it is longer. */
bool semihosting_command_line(char *text, size_t bytes);

/* Ends the program. */
_Noreturn void semihosting_exit(int status);

#endif
