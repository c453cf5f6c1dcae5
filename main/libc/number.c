/* number.c -- numbers out of texts, without a libc: strtol and its relatives (C11 7.22.1.4). */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
    BASE_MAX = 36,
    NO_DIGIT = BASE_MAX
};

struct number {
    unsigned long long value;
    bool negative;
    bool exceeds; /* it has more bits than @value */
};

static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (isalpha((unsigned char)c))
        return (unsigned)(tolower((unsigned char)c) - 'a') + 10;
    return NO_DIGIT;
}

/* A "0x" is a prefix only in front of a digit; else the number is the 0. */
static bool has_hex_prefix(const char *text)
{
    return text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && digit_of(text[2]) < 16;
}

static const char *take_digits(struct number *number, const char *text, unsigned base)
{
    for (; digit_of(*text) < base; text++) {
        const unsigned digit = digit_of(*text);

        if (number->value > (ULLONG_MAX - digit) / base)
            number->exceeds = true;
        else
            number->value = number->value * base + digit;
    }
    return text;
}

/* Sets @end to the text itself if there is no number, or no such base (POSIX). */
static struct number parse(const char *text, char **end, int base)
{
    struct number number = {0};
    const char *at = text;
    const char *digits;

    if (end)
        *end = (char *)(uintptr_t)text;
    if (base < 0 || base == 1 || base > BASE_MAX) {
        errno = EINVAL;
        return number;
    }
    while (isspace((unsigned char)*at))
        at++;
    number.negative = *at == '-';
    if (*at == '-' || *at == '+')
        at++;
    if ((base == 0 || base == 16) && has_hex_prefix(at)) {
        at += 2;
        base = 16;
    }
    if (base == 0)
        base = *at == '0' ? 8 : 10;
    digits = at;
    at = take_digits(&number, at, (unsigned)base);
    if (end && at > digits)
        *end = (char *)(uintptr_t)at;
    return number;
}

unsigned long long strtoull(const char *restrict text, char **restrict end, int base)
{
    const struct number number = parse(text, end, base);

    if (number.exceeds) {
        errno = ERANGE;
        return ULLONG_MAX;
    }
    return number.negative ? -number.value : number.value;
}

long long strtoll(const char *restrict text, char **restrict end, int base)
{
    const struct number number = parse(text, end, base);
    const unsigned long long most = (unsigned long long)LLONG_MAX + number.negative;

    if (number.exceeds || number.value > most) {
        errno = ERANGE;
        return number.negative ? LLONG_MIN : LLONG_MAX;
    }
    if (!number.negative)
        return (long long)number.value;
    return number.value == most ? LLONG_MIN : -(long long)number.value;
}

_Static_assert(sizeof(long) == sizeof(long long) && sizeof(intmax_t) == sizeof(long long),
               "their ranges are the same");

unsigned long strtoul(const char *restrict text, char **restrict end, int base)
{
    return strtoull(text, end, base);
}

long strtol(const char *restrict text, char **restrict end, int base)
{
    return strtoll(text, end, base);
}

uintmax_t strtoumax(const char *restrict text, char **restrict end, int base)
{
    return strtoull(text, end, base);
}

intmax_t strtoimax(const char *restrict text, char **restrict end, int base)
{
    return strtoll(text, end, base);
}

int atoi(const char *text)
{
    return (int)strtol(text, NULL, 10);
}

long atol(const char *text)
{
    return strtol(text, NULL, 10);
}

long long atoll(const char *text)
{
    return strtoll(text, NULL, 10);
}
