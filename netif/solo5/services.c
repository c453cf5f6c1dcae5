/*
 * services.c -- Solo5's part of an image's C library: the console, the end, the clock.
 *
 * Static constructors don't run: Solo5's linker scripts give them no place, and GNU ld refuses to
 * insert one into a script that was named before.
 */
#include <solo5.h>

#include "../virtio/metal/services.h"

/* A program without atexit() links this one. */
__attribute__((weak)) void leat_libc_run_exits(void)
{
}

_Noreturn void machine_end(int status)
{
    leat_libc_run_exits();
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
