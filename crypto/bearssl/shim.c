/*
 * shim.c -- for images: functions that Debian's libbearssl.a needs of a system besides memcpy,
 * memmove, memset, memcmp and strlen.  It is compiled with a stack protector and checked copies.
 */
#include <stddef.h>
#include <string.h>

void *__memcpy_chk(void *to, const void *from, size_t len, size_t room);
void *__memmove_chk(void *to, const void *from, size_t len, size_t room);
void *__memset_chk(void *to, int byte, size_t len, size_t room);
_Noreturn void __stack_chk_fail(void);
long time(long *seconds);

void *__memcpy_chk(void *to, const void *from, size_t len, size_t room)
{
    if (len > room)
        __builtin_trap();
    return memcpy(to, from, len);
}

void *__memmove_chk(void *to, const void *from, size_t len, size_t room)
{
    if (len > room)
        __builtin_trap();
    return memmove(to, from, len);
}

void *__memset_chk(void *to, int byte, size_t len, size_t room)
{
    if (len > room)
        __builtin_trap();
    return memset(to, byte, len);
}

/* Solo5 has this function itself. */
__attribute__((weak)) _Noreturn void __stack_chk_fail(void)
{
    __builtin_trap();
}

/* BearSSL asks for the time unless it is set; the provider always sets it.  The function is weak
 * because an image that calls time() has it of its own C library. */
__attribute__((weak)) long time(long *seconds)
{
    (void)seconds;
    __builtin_trap();
}
