/*
 * text.c -- the rest of string.h, without a libc. leat itself doesn't call these functions.
 *
 * To be compiled as string.c.
 */
#include <string.h>

#include <stdint.h>

/* The C library's types take const away; so do these. */
static void *without_const(const void *at)
{
    return (void *)(uintptr_t)at;
}

void *memchr(const void *bytes, int byte, size_t len)
{
    const unsigned char *at = bytes;

    for (; len > 0; len--, at++) {
        if (*at == (unsigned char)byte)
            return without_const(at);
    }
    return NULL;
}

size_t strnlen(const char *text, size_t len)
{
    size_t at = 0;

    while (at < len && text[at])
        at++;
    return at;
}

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

int strncasecmp(const char *a, const char *b, size_t len)
{
    for (; len > 0; len--, a++, b++) {
        if (lower(*a) != lower(*b) || !*a)
            return lower(*a) - lower(*b);
    }
    return 0;
}

int strcasecmp(const char *a, const char *b)
{
    return strncasecmp(a, b, SIZE_MAX);
}

char *strrchr(const char *text, int c)
{
    const char *found = NULL;

    for (;; text++) {
        if (*text == (char)c)
            found = text;
        if (!*text)
            return without_const(found);
    }
}

char *strstr(const char *text, const char *part)
{
    const size_t len = strlen(part);

    for (;; text++) {
        if (strncmp(text, part, len) == 0)
            return without_const(text);
        if (!*text)
            return NULL;
    }
}

/* Bytes at the begin of @text that are among those of @of, or are not. */
static size_t span(const char *text, const char *of, int wanted)
{
    size_t len = 0;

    while (text[len] && (strchr(of, text[len]) != NULL) == wanted)
        len++;
    return len;
}

size_t strspn(const char *text, const char *of)
{
    return span(text, of, 1);
}

size_t strcspn(const char *text, const char *of)
{
    return span(text, of, 0);
}

char *strpbrk(const char *text, const char *of)
{
    text += strcspn(text, of);
    return *text ? without_const(text) : NULL;
}

char *strcpy(char *restrict to, const char *restrict from)
{
    return memcpy(to, from, strlen(from) + 1);
}

char *strncpy(char *restrict to, const char *restrict from, size_t len)
{
    const size_t taken = strnlen(from, len);

    memcpy(to, from, taken);
    memset(to + taken, 0, len - taken);
    return to;
}

char *strcat(char *restrict to, const char *restrict from)
{
    strcpy(to + strlen(to), from);
    return to;
}

char *strncat(char *restrict to, const char *restrict from, size_t len)
{
    const size_t taken = strnlen(from, len);
    char *end = to + strlen(to);

    memcpy(end, from, taken);
    end[taken] = '\0';
    return to;
}
