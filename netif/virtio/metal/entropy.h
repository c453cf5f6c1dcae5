/* entropy.h -- random bytes from the processor; for any guest, not only the bare machine. */
#ifndef ENTROPY_H
#define ENTROPY_H

#include <stdbool.h>
#include <stddef.h>

/* By the processor's own instructions. False: it has none, or they failed. */
bool entropy_from_cpu(void *bytes, size_t len);

/* From the seed that the loader has left; each of its bytes is given out once. False: there aren't
 * so many left. */
bool entropy_from_loader(void *bytes, size_t len);

#endif
