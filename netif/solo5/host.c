/*
 * host.c -- Solo5's guest as leat_host: clock, wait, entropy, console, memory.
 *
 * Solo5's only wait is solo5_yield(), which returns when a device has a frame or the deadline has
 * come. A guest sees no interrupts, so the stack looks at its devices after each return.
 */
#include <leat/solo5.h>

#include <solo5.h>

#include "../virtio/metal/entropy.h"
#include "../virtio/metal/services.h"

enum {
    STACK_BYTES =
        256 * 1024, /* the C stack grows down from the heap's end; Solo5 doesn't guard it */
    ALIGNMENT = 64,
    GUARD_WORD =
        0x28 / sizeof(uint64_t) /* where x86-64's stack protector looks, behind FS's base */
};

static struct leat_solo5 *solo5_of(struct leat_host *host)
{
    return (struct leat_solo5 *)host; /* its first member */
}

static uint64_t host_now_ns(struct leat_host *host)
{
    struct leat_solo5 *solo5 = solo5_of(host);

    solo5->polled_ns = solo5_clock_monotonic();
    return solo5->polled_ns;
}

/* A yield costs some 10 us with nothing to wait for: there is none while the stack has work. */
static bool host_wait(struct leat_host *host, uint64_t deadline_ns)
{
    if (deadline_ns > solo5_of(host)->polled_ns)
        solo5_yield(deadline_ns, NULL);
    return true;
}

static enum leat_err host_entropy(struct leat_host *host, void *bytes, size_t len)
{
    (void)host;
    return entropy_from_cpu(bytes, len) ? LEAT_OK : LEAT_ERR_ENTROPY;
}

static void host_console(struct leat_host *host, const char *text, size_t len)
{
    (void)host;
    /* This reference also makes a linker take services.c, and not the same functions for metal. */
    machine_write(text, len);
}

static uint64_t host_civil_ns(struct leat_host *host)
{
    (void)host;
    return solo5_clock_wall();
}

void leat_solo5_init(struct leat_solo5 *solo5, const struct solo5_start_info *start)
{
    *solo5 = (struct leat_solo5){
        .host = {.now_ns = host_now_ns,
                 .wait = host_wait,
                 .entropy = host_entropy,
                 .console = host_console,
                 .civil_ns = host_civil_ns},
        .guard = {[GUARD_WORD] = solo5_clock_wall() ^ solo5_clock_monotonic() << 20},
        .command_line = start->cmdline,
        .memory = (void *)start->heap_start,
        .memory_bytes = start->heap_size > STACK_BYTES ? start->heap_size - STACK_BYTES : 0};
    /* Libraries compiled by others need it; without RDRAND or RDSEED the clocks must do. */
    (void)entropy_from_cpu(&solo5->guard[GUARD_WORD], sizeof solo5->guard[GUARD_WORD]);
    solo5_set_tls_base((uintptr_t)solo5->guard);
    machine_begin();
}

void *leat_solo5_take(struct leat_solo5 *solo5, size_t bytes)
{
    const uintptr_t from = (uintptr_t)solo5->memory;
    const uintptr_t start = (from + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1);
    const size_t cost = start - from + bytes;

    if (cost < bytes || cost > solo5->memory_bytes)
        return NULL;
    solo5->memory = (uint8_t *)solo5->memory + cost;
    solo5->memory_bytes -= cost;
    return (void *)start;
}
