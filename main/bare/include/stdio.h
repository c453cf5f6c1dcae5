/* stdio.h -- the little of it that leat_main() uses, for machines without a libc. */
#ifndef BARE_STDIO_H
#define BARE_STDIO_H

#include <stddef.h>

/* %s %c %d %u %x with - 0, a width, a precision (of %s), and h, l, ll, z; nothing else. */
int snprintf(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
