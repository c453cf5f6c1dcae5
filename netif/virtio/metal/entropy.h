/* entropy.h -- random bytes from the processor; for any guest, not only the bare machine. */
#ifndef ENTROPY_H
#define ENTROPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    ENTROPY_TRIES = 64 /* Intel DRNG guide 5.2.1 asks for 10 at least */
};

/* By the processor's own instructions. False: it has none, or they failed. */
bool entropy_from_cpu(void *bytes, size_t len);

/* Fills @bytes with numbers of @generator, which returns false if it had none. False: a number has
 * not come in ENTROPY_TRIES tries. */
static inline bool entropy_fill(void *bytes, size_t len, bool (*generator)(uint64_t *value))
{
    uint8_t *at = bytes;

    while (len > 0) {
        const size_t here = len < sizeof(uint64_t) ? len : sizeof(uint64_t);
        uint64_t value = 0;
        bool good = false;

        for (unsigned i = 0; i < ENTROPY_TRIES && !good; i++)
            good = generator(&value);
        if (!good)
            return false;
        memcpy(at, &value, here);
        at += here;
        len -= here;
    }
    return true;
}

/* From the seed that the loader has left; each of its bytes is given out once. False: there aren't
 * so many left. */
bool entropy_from_loader(void *bytes, size_t len);

#endif
