/* semihosting.c -- requests to the debugger, or to QEMU. */
#include "semihosting.h"

#include <string.h>

enum {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_READ = 0x06,
    SYS_TIME = 0x11,
    SYS_GET_CMDLINE = 0x15,
    SYS_EXIT_EXTENDED = 0x20,
    MODE_BYTES = 1, /* "rb" */
    APPLICATION_EXIT = 0x20026
};

/* Its words are numbers and addresses. */
static int32_t call(uint32_t what, uintptr_t *words)
{
    register uint32_t r0 __asm__("r0") = what;
    register uintptr_t *r1 __asm__("r1") = words;

    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return (int32_t)r0;
}

bool semihosting_random(void *bytes, size_t len)
{
    static const char path[] = "/dev/urandom";
    uintptr_t open[] = {(uintptr_t)path, MODE_BYTES, sizeof path - 1};
    const int32_t file = call(SYS_OPEN, open);
    uintptr_t read[] = {(uintptr_t)file, (uintptr_t)bytes, len};
    bool is_filled;

    if (file == -1)
        return false;
    is_filled = call(SYS_READ, read) == 0; /* the bytes that were not read */
    call(SYS_CLOSE, read);
    return is_filled;
}

uint64_t semihosting_civil_ns(void)
{
    uintptr_t none[1] = {0};

    return (uint64_t)(uint32_t)call(SYS_TIME, none) * 1000000000;
}

bool semihosting_command_line(char *text, size_t bytes)
{
    uintptr_t words[] = {(uintptr_t)text, bytes - 1};

    memset(text, 0, bytes);
    return call(SYS_GET_CMDLINE, words) == 0;
}

void semihosting_exit(int status)
{
    uintptr_t words[] = {APPLICATION_EXIT, (uintptr_t)status};

    for (;;)
        call(SYS_EXIT_EXTENDED, words);
}
