/* text.h -- a text that grows and never overflows: what doesn't fit is left out. */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct text {
    char *bytes; /* without a NUL */
    size_t len;
    size_t room; /* bytes that len may become */
};

void text_add(struct text *text, const char *words);

/* In decimal digits. */
void text_add_number(struct text *text, uint64_t number);

/* The same with zeros in front, up to @digits (19 at most). */
void text_add_digits(struct text *text, uint64_t number, unsigned digits);

#endif
