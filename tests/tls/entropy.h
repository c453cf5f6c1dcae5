/* entropy.h -- a provider's randomness in tests: a known sequence, the same in each run. */
#ifndef ENTROPY_H
#define ENTROPY_H

#include <stddef.h>
#include <stdint.h>

#include <leat/err.h>

/* For the provider's open(), with a uint64_t of the test as state. */
static inline enum leat_err known_entropy(void *state, void *bytes, size_t len)
{
    uint64_t *number = state;
    uint8_t *at = bytes;

    for (size_t i = 0; i < len; i++) {
        *number = *number * 6364136223846793005u + 1442695040888963407u;
        at[i] = (uint8_t)(*number >> 56);
    }
    return LEAT_OK;
}

#endif
