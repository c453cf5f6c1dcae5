/*
 * stdio.h -- formatted text, for machines without a libc.
 *
 * C11 7.21.6 into memory. There are no files and streams: a line for people goes to
 * leat_platform.say() or leat_host.console(). A directive for floating point, wide characters or %n
 * makes the result -1, with errno EINVAL. scanf is left out because a number that is too large is
 * undefined there; strtol() reports it.
 */
#ifndef BARE_STDIO_H
#define BARE_STDIO_H

#include <stdarg.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#define BARE_RESTRICT
#else
#define BARE_RESTRICT restrict
#endif

int snprintf(char *BARE_RESTRICT text, size_t size, const char *BARE_RESTRICT format, ...)
    __attribute__((format(printf, 3, 4)));
int vsnprintf(char *BARE_RESTRICT text, size_t size, const char *BARE_RESTRICT format, va_list args)
    __attribute__((format(printf, 3, 0)));
int sprintf(char *BARE_RESTRICT text, const char *BARE_RESTRICT format, ...)
    __attribute__((format(printf, 2, 3)));
int vsprintf(char *BARE_RESTRICT text, const char *BARE_RESTRICT format, va_list args)
    __attribute__((format(printf, 2, 0)));

#ifdef __cplusplus
}
#endif
#undef BARE_RESTRICT
#endif
