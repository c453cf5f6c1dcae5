/* libc_fast.h -- a function of libc_fast.c, which is compiled with the headers of images. */
#ifndef UNIT_LIBC_FAST_H
#define UNIT_LIBC_FAST_H

#include <stddef.h>

/* "-8 -16 -32 -64 8f 16ff 3200ffff 6400000000ffffff", as snprintf(). */
int print_fast(char *text, size_t size);

#endif
