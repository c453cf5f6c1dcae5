/*
 * services.c -- Solo5's part of an image's C library: the console, begin and end, the clock.
 *
 * Solo5's linker scripts have no place for constructors and destructors: tools/solo5_script.py
 * makes one.
 */
#include <solo5.h>

#include "../virtio/metal/ends.h"
#include "../virtio/metal/services.h"

/* A program without atexit() links this one. */
__attribute__((weak)) void leat_libc_run_exits(void)
{
}

void machine_begin(void)
{
    ends_construct(constructors_start, constructors_end);
}

_Noreturn void machine_end(int status)
{
    leat_libc_run_exits();
    ends_destruct(destructors_start, destructors_end);
    solo5_exit(status);
}

_Noreturn void machine_halt(int status)
{
    solo5_exit(status);
}

_Noreturn void machine_crash(void)
{
    solo5_abort();
}

void machine_write(const char *text, size_t len)
{
    solo5_console_write(text, len);
}

uint64_t machine_civil_ns(void)
{
    return solo5_clock_wall();
}
