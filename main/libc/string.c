/*
 * string.c -- bytes and strings, without a libc.
 *
 * To be compiled with -fno-tree-loop-distribute-patterns (gcc) and -ffreestanding, or memcpy would
 * be made a call of itself.
 */
#include <string.h>

#include <stdint.h>

/* eight bytes anywhere: x86 does not mind, and the compiler knows */
typedef uint64_t __attribute__((may_alias, aligned(1))) word;

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    return memmove(to, from, len);
}

void *memmove(void *to, const void *from, size_t len)
{
    char *t = to;
    const char *f = from;

    if ((uintptr_t)t - (uintptr_t)f >= len) {
        for (; len >= sizeof(word); len -= sizeof(word), t += sizeof(word), f += sizeof(word))
            *(word *)t = *(const word *)f;
        while (len-- > 0)
            *t++ = *f++;
    } else {
        for (; len >= sizeof(word); len -= sizeof(word))
            *(word *)(t + len - sizeof(word)) = *(const word *)(f + len - sizeof(word));
        while (len-- > 0)
            t[len] = f[len];
    }
    return to;
}

void *memset(void *to, int byte, size_t len)
{
    const word pattern = UINT64_C(0x0101010101010101) * (unsigned char)byte;
    char *t = to;

    for (; len >= sizeof(word); len -= sizeof(word), t += sizeof(word))
        *(word *)t = pattern;
    while (len-- > 0)
        *t++ = (char)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
    const unsigned char *x = a, *y = b;

    for (; len > 0; len--, x++, y++) {
        if (*x != *y)
            return *x - *y;
    }
    return 0;
}

size_t strlen(const char *text)
{
    size_t len = 0;

    while (text[len])
        len++;
    return len;
}

int strncmp(const char *a, const char *b, size_t len)
{
    for (; len > 0; len--, a++, b++) {
        if (*a != *b || !*a)
            return (unsigned char)*a - (unsigned char)*b;
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *text, int c)
{
    for (; *text != (char)c; text++) {
        if (!*text)
            return 0;
    }
    return (char *)(uintptr_t)text;
}
