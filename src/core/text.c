/* text.c -- see text.h. */
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
