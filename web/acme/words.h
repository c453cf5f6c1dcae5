/* words.h -- texts with a NUL, without the C library. */
#ifndef ACME_WORDS_H
#define ACME_WORDS_H

#include <stdbool.h>
#include <stddef.h>

static inline size_t acme_len(const char *text)
{
    size_t len = 0;

    while (text[len])
        len++;
    return len;
}

/* True if they are the same. */
static inline bool acme_same(const char *a, const char *b)
{
    for (; *a && *a == *b; a++)
        b++;
    return *a == *b;
}

/* True if @text begins with @head. */
static inline bool acme_begins_with(const char *text, const char *head)
{
    for (; *head && *text == *head; head++)
        text++;
    return !*head;
}

/* True if @text ends with @tail. */
static inline bool acme_ends_with(const char *text, const char *tail)
{
    const size_t len = acme_len(text), tail_len = acme_len(tail);

    return len >= tail_len && acme_same(text + len - tail_len, tail);
}

#endif
