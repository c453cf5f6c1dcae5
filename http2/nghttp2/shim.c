/*
 * shim.c -- for images: functions that Debian's libnghttp2.a needs of a system.  leat-metal has
 * memcpy, memmove, memset, memcmp, strlen and qsort.  The archive is compiled with a stack
 * protector and checked formats.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    PLACE_BYTES = 2048 /* the options and callbacks of a program, a few hundred bytes each */
};

_Noreturn void __stack_chk_fail(void);
_Noreturn void __assert_fail(const char *condition, const char *file, unsigned line,
                             const char *function);
int __vsnprintf_chk(char *to, size_t room, int flag, size_t size, const char *format,
                    __builtin_va_list values);
int __fprintf_chk(void *file, int flag, const char *format, ...);
void *malloc(size_t bytes);
void *calloc(size_t count, size_t bytes);
void *realloc(void *old, size_t bytes);
void free(void *memory);
int clock_gettime(int clock, int64_t time[2]);
long time(long *seconds);

/* A function for debugging, which nothing calls, writes there. */
extern void *const stderr;
__attribute__((weak)) void *const stderr = NULL;

/* Solo5 has this function itself. */
__attribute__((weak)) _Noreturn void __stack_chk_fail(void)
{
    __builtin_trap();
}

__attribute__((weak)) _Noreturn void __assert_fail(const char *condition, const char *file,
                                                   unsigned line, const char *function)
{
    (void)condition;
    (void)file;
    (void)line;
    (void)function;
    __builtin_trap();
}

/* It formats messages for a callback, which leat doesn't set. */
__attribute__((weak)) int __vsnprintf_chk(char *to, size_t room, int flag, size_t size,
                                          const char *format, __builtin_va_list values)
{
    (void)to;
    (void)room;
    (void)flag;
    (void)size;
    (void)format;
    (void)values;
    return -1;
}

__attribute__((weak)) int __fprintf_chk(void *file, int flag, const char *format, ...)
{
    (void)file;
    (void)flag;
    (void)format;
    return -1;
}

/* The options that leat_http2_open() makes stay as long as the image. All else is in the program's
 * block. */
__attribute__((weak)) void *calloc(size_t count, size_t bytes)
{
    static _Alignas(16) uint8_t place[PLACE_BYTES];
    static size_t used;
    const size_t wanted = (count * bytes + 15) & ~(size_t)15;
    void *made = place + used;

    if (wanted > PLACE_BYTES - used)
        return NULL;
    used += wanted;
    return memset(made, 0, wanted);
}

__attribute__((weak)) void *malloc(size_t bytes)
{
    return calloc(1, bytes);
}

__attribute__((weak)) void *realloc(void *old, size_t bytes)
{
    (void)old;
    (void)bytes;
    return NULL;
}

__attribute__((weak)) void free(void *memory)
{
    (void)memory;
}

/* nghttp2 counts resets by the second; leat counts them itself, by the clock of the stack. */
__attribute__((weak)) int clock_gettime(int clock, int64_t time[2])
{
    (void)clock;
    time[0] = time[1] = 0;
    return 0;
}

__attribute__((weak)) long time(long *seconds)
{
    if (seconds)
        *seconds = 0;
    return 0;
}
