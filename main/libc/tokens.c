/* tokens.c -- words of a text, copies with an end, and orders of the "C" locale, without a libc. */
#include <string.h>

#include <stdint.h>

char *strtok_r(char *restrict text, const char *restrict between, char **restrict rest)
{
    char *token = text ? text : *rest;
    char *end;

    token += strspn(token, between);
    end = token + strcspn(token, between);
    *rest = *end ? end + 1 : end;
    *end = '\0';
    return end > token ? token : NULL;
}

char *strtok(char *restrict text, const char *restrict between)
{
    static char *rest; /* C wants it; strtok_r() is for programs with tasks */

    return strtok_r(text, between, &rest);
}

char *stpcpy(char *restrict to, const char *restrict from)
{
    const size_t len = strlen(from);

    memcpy(to, from, len + 1);
    return to + len;
}

void *memccpy(void *restrict to, const void *restrict from, int last, size_t len)
{
    const unsigned char *found = memchr(from, last, len);
    const size_t taken = found ? (size_t)(found - (const unsigned char *)from) + 1 : len;

    memcpy(to, from, taken);
    return found ? (char *)to + taken : NULL;
}

/* The "C" locale has the order of the bytes. */
int strcoll(const char *a, const char *b)
{
    return strcmp(a, b);
}

size_t strxfrm(char *restrict to, const char *restrict from, size_t size)
{
    const size_t len = strlen(from);

    if (len < size)
        memcpy(to, from, len + 1);
    return len;
}
