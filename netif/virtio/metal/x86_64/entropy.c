/* entropy.c -- random bytes from the processor. */
#include "cpu.h"
#include "../entropy.h"

#include <string.h>

enum {
    TRIES = 64,               /* Intel DRNG guide 5.2.1 asks for 10 at least */
    CPUID_1_RDRAND = 1 << 30, /* ecx */
    CPUID_7_RDSEED = 1 << 18  /* ebx */
};

bool entropy_from_cpu(void *bytes, size_t len)
{
    const bool seed = cpuid(0).eax >= 7 && (cpuid(7).ebx & CPUID_7_RDSEED);
    const bool random = cpuid(1).ecx & CPUID_1_RDRAND;
    uint8_t *at = bytes;

    if (!seed && !random)
        return false;
    while (len > 0) {
        const size_t here = len < sizeof(uint64_t) ? len : sizeof(uint64_t);
        uint64_t value = 0;
        bool good = false;

        for (unsigned i = 0; i < TRIES && !good; i++)
            good = (seed && cpu_rdseed(&value)) || (random && cpu_rdrand(&value));
        if (!good)
            return false;
        memcpy(at, &value, here);
        at += here;
        len -= here;
    }
    return true;
}
