/*
 * text.c -- a string builder that discards the text that doesn't fit: see text.h.
 *
 * No function writes a NUL: the caller's @room leaves space for it, and the caller adds it at the
 * end.
 */
#include "core/text.h"

#include "core/assert.h"

void text_add(struct text *text, const char *words)
{
    leat_debug_assert(text->len <= text->room);
    while (*words && text->len < text->room)
        text->bytes[text->len++] = *words++;
}

void text_add_digits(struct text *text, uint64_t number, unsigned digits)
{
    /* the 20 digits of 2^64 - 1 and a NUL are filled in from the end, since division gives the last
     * digit first */
    char reversed[21];
    size_t at = sizeof reversed - 1;

    leat_assert(digits < sizeof reversed - 1);
    reversed[at] = '\0';
    do
        reversed[--at] = (char)('0' + number % 10);
    while ((number /= 10) || sizeof reversed - 1 - at < digits);
    text_add(text, reversed + at);
}

void text_add_number(struct text *text, uint64_t number)
{
    text_add_digits(text, number, 1);
}
