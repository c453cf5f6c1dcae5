/*
 * ends.c -- a program's begin and end: constructors before leat_metal_main(), destructors after it.
 *
 * image.ld puts their addresses in order: .preinit_array, then .init_array by priority.
 */
#include "ends.h"
#include "metal.h"
#include "services.h"

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
    power_off(status);
}

_Noreturn void machine_halt(int status)
{
    power_off(status);
}

_Noreturn void machine_crash(void)
{
    __builtin_trap();
}

void machine_write(const char *text, size_t len)
{
    serial_write(text, len);
}

/* The real-time clock is slow and may count whole seconds, so it is read once. */
uint64_t machine_civil_ns(void)
{
    static uint64_t began_ns;

    if (began_ns == 0) {
        const uint64_t civil_ns = rtc_civil_ns();

        if (civil_ns == 0)
            return 0;
        began_ns = civil_ns - clock_ns();
    }
    return began_ns + clock_ns();
}
