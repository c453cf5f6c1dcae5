/* hosts.c -- what the leat_host of the first processor and those of the others have in common. */
#include "metal.h"

enum {
    CONSOLE_LOOKS_MAX = 1 << 24
};

static uint64_t poll_every_ns = UINT64_MAX;

void leat_metal_poll_every(uint64_t interval_ns)
{
    if (interval_ns < poll_every_ns)
        poll_every_ns = interval_ns;
}

void metal_sleep_until(uint64_t deadline_ns)
{
    const uint64_t now_ns = clock_ns();
    uint64_t sleep_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;

    /* A device without an interrupt is looked at this often. */
    if (sleep_ns > poll_every_ns)
        sleep_ns = poll_every_ns;
    if (sleep_ns > 0)
        interrupts_wait(sleep_ns);
}

void metal_console(const char *text, size_t len)
{
    static uint32_t is_busy;

    /* Another processor's text comes first.  A processor that has crashed in it is not waited for
     * for ever. */
    for (unsigned i = 0;
         i < CONSOLE_LOOKS_MAX && __atomic_exchange_n(&is_busy, 1, __ATOMIC_ACQUIRE) != 0; i++)
        continue;
    serial_write(text, len);
    __atomic_store_n(&is_busy, 0, __ATOMIC_RELEASE);
}
