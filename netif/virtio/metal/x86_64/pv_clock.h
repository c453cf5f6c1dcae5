/*
 * pv_clock.h -- the clock that KVM and Xen share with a guest: struct pvclock_vcpu_time_info (Linux,
 * Documentation/virt/kvm/x86/msr.rst), which is Xen's struct vcpu_time_info (public/xen.h).
 */
#ifndef METAL_PV_CLOCK_H
#define METAL_PV_CLOCK_H

#include <stdint.h>

struct pv_clock {
    uint32_t version; /* odd while it is being written */
    uint32_t pad;
    uint64_t tsc;
    uint64_t system_ns;
    uint32_t scale; /* ns = (ticks << shift) * scale >> 32 */
    int8_t shift;
    uint8_t flags;
    uint8_t pad2[2];
};

/* Nanoseconds of a tick of the time-stamp counter, times 2^32. */
static inline uint64_t pv_clock_ns_per_tick(const volatile struct pv_clock *clock)
{
    const uint64_t scale = clock->scale;
    const int shift = clock->shift;

    return shift >= 0 ? scale << (shift & 31) : scale >> (-shift & 31);
}

#endif
