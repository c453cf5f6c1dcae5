/* entropy.c -- random bytes from the processor. */
#include "cpu.h"
#include "../entropy.h"

enum {
    CPUID_1_RDRAND = 1 << 30, /* ecx */
    CPUID_7_RDSEED = 1 << 18  /* ebx */
};

static bool either(uint64_t *value)
{
    return cpu_rdseed(value) || cpu_rdrand(value);
}

bool entropy_from_cpu(void *bytes, size_t len)
{
    const bool seed = cpuid(0).eax >= 7 && (cpuid(7).ebx & CPUID_7_RDSEED);
    const bool random = cpuid(1).ecx & CPUID_1_RDRAND;

    if (!seed && !random)
        return false;
    return entropy_fill(bytes, len, !random ? cpu_rdseed : seed ? either : cpu_rdrand);
}
