/*
 * cpu.c -- the word at %fs:0x28, for libraries that were compiled with a stack protector.
 *
 * cpu_init() runs before any function that a library may have compiled with a stack protector. Such
 * a function reads the word at its entry and again at its end.
 */
#include "acpi.h"
#include "cpu.h"
#include "start.h"
#include "xen_guest.h"
#include "../metal.h"

static const uint32_t msr_fs_base = 0xc0000100;

static struct {
    uint64_t before[5];
    uint64_t guard;
} thread_block;

void cpu_init(void)
{
    /* hard to guess, or at least not the same; its low byte ends strings */
    if (!entropy_from_cpu(&thread_block.guard, sizeof thread_block.guard))
        thread_block.guard = tsc_read() * UINT64_C(0x9e3779b97f4a7c15);
    thread_block.guard &= ~UINT64_C(0xff);
    cpu_begin();
    acpi_init();
}

/* All processors read the same word, which nothing changes any more. */
void cpu_begin(void)
{
    write_msr(msr_fs_base, (uintptr_t)&thread_block);
}

bool power_button(void)
{
    return xen_guest() ? xen_asks_end(clock_ns()) : acpi_button();
}

/* The hypervisor announces its windows on the command line. */
const struct metal_window *metal_windows(unsigned *count)
{
    *count = 0;
    return NULL;
}

bool entropy_from_loader(void *bytes, size_t len)
{
    (void)bytes;
    (void)len;
    return false;
}
