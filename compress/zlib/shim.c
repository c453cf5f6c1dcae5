/*
 * shim.c -- what Debian's libz.a asks of a system beside memcpy and memset, for images: it is
 * compiled with a stack protector, and would ask malloc() for the memory of who gives it none.
 */
#include <stddef.h>

_Noreturn void __stack_chk_fail(void);
void *malloc(size_t bytes);
void free(void *memory);

/* Solo5 has one itself. */
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
