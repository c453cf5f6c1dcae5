/* entropy.h -- random bytes from the processor; for any x86-64 guest, not only the bare machine. */
#ifndef ENTROPY_H
#define ENTROPY_H

#include <stdbool.h>
#include <stddef.h>

/* RDSEED or RDRAND; false: the processor has neither, or it failed. */
bool entropy_from_cpu(void *bytes, size_t len);

#endif
