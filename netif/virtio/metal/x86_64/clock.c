/*
 * clock.c -- time from the time-stamp counter.
 *
 * Its rate comes from the hypervisor (kvm-clock) or the processor (CPUID 15h).  If neither reports
 * it, as under QEMU's TCG, it is measured against the timer of the local APIC, which QEMU runs at
 * 1 GHz.
 */
#include "cpu.h"
#include "interrupts.h"
#include "../metal.h"

enum {
    KVM_LEAF = 0x40000000,
    KVM_FEATURES = 0x40000001,
    KVM_FEATURE_CLOCK = 1 << 3,
    KVM_MSR_SYSTEM_TIME = 0x4b564d01,
    KVM_SIGNATURE_EBX = 0x4b4d564b, /* "KVMK" */
    CRYSTAL_LEAF = 0x15,
    CALIBRATION_NS = 500000,
    CALIBRATIONS = 7
};

/* struct pvclock_vcpu_time_info (Linux, Documentation/virt/kvm/x86/msr.rst) */
struct kvm_time {
    uint32_t version; /* odd while it is being written */
    uint32_t pad;
    uint64_t tsc;
    uint64_t system_ns;
    uint32_t scale; /* ns = (ticks << shift) * scale >> 32 */
    int8_t shift;
    uint8_t flags;
    uint8_t pad2[2];
};

__extension__ typedef unsigned __int128 uint128;

static uint64_t tsc_start;
static uint64_t ns_per_tick; /* times 2^32 */
static volatile struct kvm_time kvm_time __attribute__((aligned(64)));

static uint64_t scale_of(uint64_t ticks, uint64_t ns)
{
    return (ns << 32) / ticks; /* ns below 2^32 */
}

static uint64_t scale_from_kvm(void)
{
    uint64_t scale;

    if (cpuid(KVM_LEAF).ebx != KVM_SIGNATURE_EBX || !(cpuid(KVM_FEATURES).eax & KVM_FEATURE_CLOCK))
        return 0;
    write_msr(KVM_MSR_SYSTEM_TIME, (uintptr_t)&kvm_time | 1);
    /* The hypervisor writes the struct before the write of the register ends. */
    scale = kvm_time.scale;
    if (kvm_time.shift >= 0)
        scale <<= kvm_time.shift & 31;
    else
        scale >>= -kvm_time.shift & 31;
    write_msr(KVM_MSR_SYSTEM_TIME, 0); /* only the rate is needed */
    return scale;
}

static uint64_t scale_from_cpu(void)
{
    struct cpuid id;

    if (cpuid(0).eax < CRYSTAL_LEAF)
        return 0;
    id = cpuid(CRYSTAL_LEAF);
    if (id.eax == 0 || id.ebx == 0 || id.ecx == 0)
        return 0;
    return scale_of((uint64_t)id.ecx * id.ebx / id.eax, 1000000000);
}

/* Both clocks at nearly the same moment. */
struct moment {
    uint64_t tsc;
    uint64_t unsure_ticks; /* time between the two readings, in which the host may have run */
    uint32_t timer_left;
};

static struct moment moment_now(void)
{
    struct moment moment;
    const uint64_t before = tsc_read();

    moment.timer_left = interrupts_timer_left();
    moment.tsc = tsc_read();
    moment.unsure_ticks = moment.tsc - before;
    moment.tsc -= moment.unsure_ticks / 2;
    return moment;
}

/* The most precise of several: the host may stop us at any instruction. */
static uint64_t scale_from_timer(void)
{
    uint64_t surest = UINT64_MAX, scale = 0;

    for (unsigned i = 0; i < CALIBRATIONS; i++) {
        struct moment began, ended;

        interrupts_timer_start(UINT32_MAX);
        began = moment_now();
        do {
            ended = moment_now();
        } while (began.timer_left - ended.timer_left < CALIBRATION_NS);
        if (began.unsure_ticks + ended.unsure_ticks < surest) {
            surest = began.unsure_ticks + ended.unsure_ticks;
            scale = scale_of(ended.tsc - began.tsc, began.timer_left - ended.timer_left);
        }
    }
    interrupts_timer_start(0);
    return scale;
}

void clock_init(void)
{
    ns_per_tick = scale_from_kvm();
    if (ns_per_tick == 0)
        ns_per_tick = scale_from_cpu();
    if (ns_per_tick == 0)
        ns_per_tick = scale_from_timer();
    tsc_start = tsc_read();
}

uint64_t clock_ns(void)
{
    return (uint64_t)((uint128)(tsc_read() - tsc_start) * ns_per_tick >> 32);
}
