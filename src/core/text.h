/* text.h -- a string builder that never overflows: it discards the text that doesn't fit. */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct text {
    char *bytes; /* without a NUL */
    size_t len;
    size_t room; /* the largest len */
};

void text_add(struct text *text, const char *words);

/* Appends @number in decimal. */
void text_add_number(struct text *text, uint64_t number);

/* Appends @number in decimal, padded with zeros to @digits (19 at most). */
void text_add_digits(struct text *text, uint64_t number, unsigned digits);

#endif
