/*
 * shim.c -- for images: functions that Debian's libz.a needs of a system besides memcpy and memset.
 * It is compiled with a stack protector, and would call malloc() if it had no other allocator.
 */
#include <stddef.h>

_Noreturn void __stack_chk_fail(void);
void *malloc(size_t bytes);
void free(void *memory);

/* Solo5 has this function itself. */
__attribute__((weak)) _Noreturn void __stack_chk_fail(void)
{
    __builtin_trap();
}

__attribute__((weak)) void *malloc(size_t bytes)
{
    (void)bytes;
    return NULL; /* leat_deflate_open() gives it all it needs */
}

__attribute__((weak)) void free(void *memory)
{
    (void)memory;
}
