/*
 * clock.c -- time from the time-stamp counter.
 *
 * Its rate comes from the hypervisor (kvm-clock, Xen's clock, CPUID 40000010h) or the processor
 * (CPUID 15h).  If none of them reports it, as under QEMU's TCG, it is measured against the timer
 * of the local APIC.  That one then runs at 1 GHz, or under bhyve at 2^27 Hz.  Otherwise the timer
 * is measured against the counter, because each hypervisor chooses its own rate.
 */
#include "cpu.h"
#include "interrupts.h"
#include "pv_clock.h"
#include "xen_guest.h"
#include "../metal.h"

enum {
    KVM_LEAF = 0x40000000,
    KVM_FEATURES = 0x40000001,
    KVM_FEATURE_CLOCK = 1 << 3,
    KVM_MSR_SYSTEM_TIME = 0x4b564d01,
    KVM_SIGNATURE_EBX = 0x4b4d564b, /* "KVMK" */
    CRYSTAL_LEAF = 0x15,
    RATES_LEAF = 0x40000010,          /* of VMware and ACRN: kHz of the counter, and of the timer */
    BHYVE_SIGNATURE_EBX = 0x76796862, /* "bhyv" */
    TIMER_HZ = 1000000000,            /* QEMU's and KVM's */
    BHYVE_TIMER_HZ = 1 << 27,
    CALIBRATION_NS = 500000,
    CALIBRATIONS = 7,
    TIMER_CALIBRATION_NS = 100000, /* a sleep may be a little too long */
    TIMER_CALIBRATIONS = 3,
    TRIES_MAX = 64 /* of a calibration, on a host that is too busy for any */
};

__extension__ typedef unsigned __int128 uint128;

static uint64_t tsc_start;
static uint64_t xen_start_ns;
static uint64_t ns_per_tick; /* times 2^32 */
static volatile struct pv_clock kvm_time __attribute__((aligned(64)));

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
    scale = pv_clock_ns_per_tick(&kvm_time);
    write_msr(KVM_MSR_SYSTEM_TIME, 0); /* only the rate is needed */
    return scale;
}

static uint64_t scale_from_hypervisor(void)
{
    const uint32_t last = cpuid(KVM_LEAF).eax;
    const uint32_t khz =
        last >= RATES_LEAF && last <= RATES_LEAF + 0xff ? cpuid(RATES_LEAF).eax : 0;

    return khz > 0 ? scale_of(khz, 1000000) : 0;
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

/* How far the two clocks went in the same time. */
struct span {
    uint64_t tsc;
    uint32_t timer;
};

/* The most precise of @count spans, each of at least so many ticks: the host may stop us at any
 * instruction. */
static struct span measure(unsigned count, uint64_t tsc_least, uint32_t timer_least)
{
    uint64_t surest = UINT64_MAX;
    struct span span = {1, 1};

    for (unsigned i = 0, tries = 0; i < count && tries < TRIES_MAX; tries++) {
        struct moment began, ended;

        interrupts_timer_start(UINT32_MAX);
        began = moment_now();
        do {
            ended = moment_now();
        } while (ended.timer_left > 0 && (began.timer_left - ended.timer_left < timer_least ||
                                          ended.tsc - began.tsc < tsc_least));
        /* The timer ends after 4 s, so the host has stopped us for longer: that says nothing. */
        if (ended.timer_left == 0)
            continue;
        i++;
        if (began.unsure_ticks + ended.unsure_ticks < surest) {
            surest = began.unsure_ticks + ended.unsure_ticks;
            span = (struct span){ended.tsc - began.tsc, began.timer_left - ended.timer_left};
        }
    }
    interrupts_timer_start(0);
    return span;
}

/* The counter by the timer, whose rate the hypervisor is known for. */
static uint64_t scale_from_timer(void)
{
    const bool bhyve = cpuid(KVM_LEAF).ebx == BHYVE_SIGNATURE_EBX;
    const uint64_t hz = bhyve ? BHYVE_TIMER_HZ : TIMER_HZ;
    const uint64_t least = hz / (1000000000 / CALIBRATION_NS);
    const struct span span = measure(CALIBRATIONS, 0, (uint32_t)least);

    interrupts_timer_rate(hz);
    return scale_of(span.tsc, span.timer * UINT64_C(1000000000) / hz);
}

/* The timer by the counter, whose rate is known. */
static void measure_timer(void)
{
    const uint64_t least = ((uint64_t)TIMER_CALIBRATION_NS << 32) / ns_per_tick;
    const struct span span = measure(TIMER_CALIBRATIONS, least, 1);
    const uint64_t ns = (uint64_t)((uint128)span.tsc * ns_per_tick >> 32);

    interrupts_timer_rate(span.timer * UINT64_C(1000000000) / ns);
}

void clock_init(void)
{
    ns_per_tick = xen_guest() ? xen_ns_per_tick() : scale_from_kvm();
    if (ns_per_tick == 0)
        ns_per_tick = scale_from_hypervisor();
    if (ns_per_tick == 0)
        ns_per_tick = scale_from_cpu();
    if (ns_per_tick > 0)
        measure_timer();
    else
        ns_per_tick = scale_from_timer();
    tsc_start = tsc_read();
    xen_start_ns = xen_guest() ? xen_clock_ns() : 0;
}

uint64_t clock_ns(void)
{
    /* Xen measures the counter again and again, and says the rate of each second. */
    if (xen_guest())
        return xen_clock_ns() - xen_start_ns;
    return (uint64_t)((uint128)(tsc_read() - tsc_start) * ns_per_tick >> 32);
}
