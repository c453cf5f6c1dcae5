/*
 * xen_guest.c -- a guest of Xen: hypercalls, events, the shared page with its clock.
 *
 * Xen fills a page of ours with the code of its hypercalls, and puts its own page of shared
 * information at the place of another one (public/xen.h, struct shared_info).  Xen is as trusted as
 * the processor, the domain behind the console isn't: its two indices are checked.
 */
#include "xen_guest.h"

#include "cpu.h"
#include "interrupts.h"
#include "pv_clock.h"
#include "../metal.h"

enum {
    LEAF_FIRST = 0x40000000, /* public/arch-x86/cpuid.h */
    LEAF_END = 0x40010000,
    LEAF_STEP = 0x100,          /* another hypervisor's interface may stand in front */
    SIGNATURE_EBX = 0x566e6558, /* "XenVMMXenVMM" */
    SIGNATURE_ECX = 0x65584d4d,
    SIGNATURE_EDX = 0x4d4d566e,
    LEAF_HYPERCALLS = 2,
    HYPERCALL_BYTES = 32,
    PAGE_BYTES = 4096,
    MAPPED_FRAMES = 1 << 20, /* 4 GiB are mapped */
    ADD_TO_PHYSMAP = 7,      /* of XEN_MEMORY_OP */
    SHUTDOWN = 2,            /* of XEN_SCHED_OP */
    SHUTDOWN_POWEROFF = 0,
    SHUTDOWN_REBOOT = 1,
    SHUTDOWN_CRASH = 3,
    EVENT_SEND = 4, /* of XEN_EVENT_CHANNEL_OP */
    PARAM_SET = 0,  /* of XEN_HVM_OP */
    PARAM_GET = 1,
    PARAM_CALLBACK = 0,
    CALLBACK_VECTOR = 2, /* of its upper byte: a vector of the local APIC */
    EVENT_WORDS = 64,
    VCPUS = 32
};

/* struct vcpu_info */
struct vcpu {
    uint8_t upcall_pending;
    uint8_t upcall_mask;
    uint8_t pad[6];
    uint64_t words_pending; /* a bit for each word of pending[] */
    uint64_t other[2];
    struct pv_clock time;
};

/* struct shared_info, as a guest in 64-bit mode sees it */
struct shared_info {
    struct vcpu vcpus[VCPUS];
    uint64_t pending[EVENT_WORDS];
    uint64_t mask[EVENT_WORDS];
    uint32_t civil_version; /* odd while it is being written */
    uint32_t civil_s;
    uint32_t civil_ns;
    uint32_t civil_s_high;
};

_Static_assert(sizeof(struct vcpu) == 64, "the layout is Xen's");

static uint8_t hypercalls[PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
static union {
    struct shared_info info;
    uint8_t bytes[PAGE_BYTES];
} shared __attribute__((aligned(PAGE_BYTES)));
static bool is_guest;
static bool end_is_reboot;
static bool (*on_wait)(uint64_t now_ns);

long xen_call(enum xen_hypercall number, uint64_t command, void *arguments, uint64_t count)
{
    const uintptr_t entry = (uintptr_t)hypercalls + (uintptr_t)number * HYPERCALL_BYTES;
    uint64_t first = command, second = (uintptr_t)arguments, third = count;
    long result;

    __asm__ volatile("call *%[entry]"
                     : "=a"(result), "+D"(first), "+S"(second), "+d"(third)
                     : [entry] "r"(entry)
                     : "memory", "cc", "rcx", "r8", "r9", "r10", "r11");
    return result;
}

uint64_t xen_param(uint32_t index)
{
    struct {
        uint16_t domain;
        uint16_t pad;
        uint32_t index;
        uint64_t value;
    } parameter = {.domain = XEN_DOMID_SELF, .index = index};

    return xen_call(XEN_HVM_OP, PARAM_GET, &parameter, 0) == 0 ? parameter.value : 0;
}

void *xen_param_page(uint32_t index)
{
    const uint64_t frame = xen_param(index);

    return frame < MAPPED_FRAMES ? (void *)(uintptr_t)(frame * PAGE_BYTES) : NULL;
}

static void set_param(uint32_t index, uint64_t value)
{
    struct {
        uint16_t domain;
        uint16_t pad;
        uint32_t index;
        uint64_t value;
    } parameter = {.domain = XEN_DOMID_SELF, .index = index, .value = value};

    xen_call(XEN_HVM_OP, PARAM_SET, &parameter, 0);
}

bool xen_map_page(unsigned space, uint32_t index, uintptr_t address)
{
    struct {
        uint16_t domain;
        uint16_t size;
        uint32_t space;
        uint64_t index;
        uint64_t frame;
    } place = {
        .domain = XEN_DOMID_SELF, .space = space, .index = index, .frame = address / PAGE_BYTES};

    return xen_call(XEN_MEMORY_OP, ADD_TO_PHYSMAP, &place, 0) == 0;
}

void xen_notify(uint32_t port)
{
    xen_call(XEN_EVENT_CHANNEL_OP, EVENT_SEND, &port, 0);
}

void xen_log(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out8(DEBUG_PORT, (uint8_t)text[i]);
}

/* The first leaf of Xen's; 0: there is none. */
static uint32_t find_leaf(void)
{
    for (uint32_t leaf = LEAF_FIRST; leaf < LEAF_END; leaf += LEAF_STEP) {
        const struct cpuid id = cpuid(leaf);

        if (id.ebx == SIGNATURE_EBX && id.ecx == SIGNATURE_ECX && id.edx == SIGNATURE_EDX)
            return leaf;
    }
    return 0;
}

const char *xen_guest_init(void)
{
    const uint32_t leaf = find_leaf();

    if (leaf == 0)
        return NULL;
    write_msr(cpuid(leaf + LEAF_HYPERCALLS).ebx, (uintptr_t)hypercalls);
    is_guest = true;
    return xen_map_page(XEN_MAP_SHARED_INFO, 0, (uintptr_t)&shared)
               ? NULL
               : "Xen doesn't share its page with clock and events";
}

bool xen_guest(void)
{
    return is_guest;
}

/* ---- events ------------------------------------------------------------------------------- */

/* All events are taken at once, because leat_poll() looks at every device. Xen may set bits at the
 * same time, so each access is one that the processor does whole. */
static void take_events(void *arg)
{
    struct vcpu *vcpu = &shared.info.vcpus[0];
    uint64_t words;

    (void)arg;
    __atomic_store_n(&vcpu->upcall_pending, 0, __ATOMIC_SEQ_CST);
    words = __atomic_exchange_n(&vcpu->words_pending, 0, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < EVENT_WORDS; i++) {
        if (words >> i & 1)
            __atomic_store_n(&shared.info.pending[i], 0, __ATOMIC_SEQ_CST);
    }
}

void xen_events_init(void)
{
    const uint8_t vector = leat_metal_on_interrupt(take_events, NULL);

    set_param(PARAM_CALLBACK, (uint64_t)CALLBACK_VECTOR << 56 | interrupts_number(vector));
    /* Those that came before would not be told again. */
    take_events(NULL);
}

/* ---- time --------------------------------------------------------------------------------- */

/* A copy of the clock, read whole; @tsc is the counter by which it was valid. */
static struct pv_clock read_time(uint64_t *tsc)
{
    const volatile struct pv_clock *from = &shared.info.vcpus[0].time;
    struct pv_clock time;

    do {
        time.version = from->version;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        time.tsc = from->tsc;
        time.system_ns = from->system_ns;
        time.scale = from->scale;
        time.shift = from->shift;
        *tsc = tsc_read(); /* by the counter of the same processor */
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while ((time.version & 1) || time.version != from->version);
    return time;
}

uint64_t xen_ns_per_tick(void)
{
    uint64_t tsc;
    const struct pv_clock time = read_time(&tsc);

    return pv_clock_ns_per_tick(&time);
}

uint64_t xen_clock_ns(void)
{
    __extension__ typedef unsigned __int128 uint128;
    static uint64_t latest_ns;
    uint64_t tsc;
    const struct pv_clock time = read_time(&tsc);
    const uint64_t ticks = tsc > time.tsc ? tsc - time.tsc : 0;
    const uint64_t ns =
        time.system_ns + (uint64_t)((uint128)ticks * pv_clock_ns_per_tick(&time) >> 32);

    /* A new rate of Xen's may lie a little behind the extrapolation by the earlier one. */
    if (ns > latest_ns)
        latest_ns = ns;
    return latest_ns;
}

uint64_t xen_civil_ns(void)
{
    const volatile struct shared_info *info = &shared.info;
    uint32_t version, ns;
    uint64_t s;

    do {
        version = info->civil_version;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        s = (uint64_t)info->civil_s_high << 32 | info->civil_s;
        ns = info->civil_ns;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while ((version & 1) || version != info->civil_version);
    /* that of the moment at which Xen's clock began */
    return s == 0 ? 0 : s * 1000000000 + ns + xen_clock_ns();
}

void xen_on_wait(bool (*asks_end)(uint64_t now_ns))
{
    on_wait = asks_end;
}

bool xen_asks_end(uint64_t now_ns)
{
    return on_wait && on_wait(now_ns);
}

void xen_end_is_reboot(bool reboot)
{
    end_is_reboot = reboot;
}

void xen_shutdown(int status)
{
    uint32_t reason = status == METAL_STATUS_EXCEPTION ? SHUTDOWN_CRASH
                      : end_is_reboot                  ? SHUTDOWN_REBOOT
                                                       : SHUTDOWN_POWEROFF;

    if (is_guest)
        xen_call(XEN_SCHED_OP, SHUTDOWN, &reason, 0);
}
