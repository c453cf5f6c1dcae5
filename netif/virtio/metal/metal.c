/* metal.c -- START HERE: the machine as leat_host, from metal_start() to the program and back. */
#include "cpu.h"
#include "metal.h"

/* The word at %fs:0x28, for libraries that were compiled with a stack protector. */
static struct {
    uint64_t before[5];
    uint64_t guard;
} thread_block;

static const uint64_t timer_max_ns = 1000000000; /* the timer has 32 bits */

static struct leat_metal metal;
static uint64_t poll_every_ns = UINT64_MAX;
static enum leat_err (*other_entropy)(void *arg, void *bytes, size_t len);
static void *other_entropy_arg;

static uint64_t host_now_ns(struct leat_host *host)
{
    (void)host;
    return clock_ns();
}

static bool host_wait(struct leat_host *host, uint64_t deadline_ns)
{
    const uint64_t now_ns = clock_ns();
    uint64_t sleep_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;

    (void)host;
    if (sleep_ns > poll_every_ns)
        sleep_ns = poll_every_ns;
    if (sleep_ns > timer_max_ns)
        sleep_ns = timer_max_ns;
    if (sleep_ns > 0) {
        interrupts_timer_start((uint32_t)sleep_ns);
        interrupts_wait();
        interrupts_timer_start(0);
    }
    return !serial_at_end();
}

static enum leat_err host_entropy(struct leat_host *host, void *bytes, size_t len)
{
    (void)host;
    if (entropy_from_cpu(bytes, len))
        return LEAT_OK;
    return other_entropy ? other_entropy(other_entropy_arg, bytes, len) : LEAT_ERR_ENTROPY;
}

static void host_console(struct leat_host *host, const char *text, size_t len)
{
    (void)host;
    serial_write(text, len);
}

static uint64_t host_civil_ns(struct leat_host *host)
{
    (void)host;
    return rtc_civil_ns();
}

static struct leat_host machine = {.now_ns = host_now_ns,
                                   .wait = host_wait,
                                   .entropy = host_entropy,
                                   .console = host_console,
                                   .civil_ns = host_civil_ns};

void leat_metal_poll_every(uint64_t interval_ns)
{
    if (interval_ns < poll_every_ns)
        poll_every_ns = interval_ns;
}

void leat_metal_entropy_from(enum leat_err (*source)(void *arg, void *bytes, size_t len), void *arg)
{
    other_entropy = source;
    other_entropy_arg = arg;
}

void *leat_metal_take(struct leat_metal *from, size_t bytes)
{
    const uintptr_t start = ((uintptr_t)from->memory + 63) & ~(uintptr_t)63;
    const size_t cost = start - (uintptr_t)from->memory + bytes;

    if (cost < bytes || cost > from->memory_bytes)
        return 0;
    from->memory = (uint8_t *)from->memory + cost;
    from->memory_bytes -= cost;
    return (void *)start;
}

_Noreturn void leat_metal_exit(int status)
{
    power_off(status);
}

void metal_start(uint32_t protocol, uintptr_t info)
{
    const struct boot_info boot = boot_info_read((enum boot_protocol)protocol, info);

    metal = (struct leat_metal){.host = &machine,
                                .command_line = boot.command_line,
                                .memory = (void *)boot.memory,
                                .memory_bytes = boot.memory_bytes};
    /* hard to guess, or at least not the same; its low byte ends strings */
    if (!entropy_from_cpu(&thread_block.guard, sizeof thread_block.guard))
        thread_block.guard = tsc_read() * UINT64_C(0x9e3779b97f4a7c15);
    thread_block.guard &= ~UINT64_C(0xff);
    write_msr(MSR_FS_BASE, (uintptr_t)&thread_block);
    interrupts_init();
    serial_init();
    leat_metal_route(SERIAL_PIN, INTERRUPT_SERIAL);
    clock_init();
    power_off(leat_metal_main(&metal));
}
