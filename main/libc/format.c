/*
 * format.c -- snprintf and its relatives, without a libc.
 *
 * All of C11 7.21.6.1 but floating point, wide characters and %n. A directive that is none of these
 * ends the output: the result is -1, and errno is EINVAL.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    DIGITS_MAX = 22 /* of 2^64 - 1 in base 8 */
};

struct output {
    char *text;
    size_t size;
    size_t len; /* of the whole result, even if it exceeds the size */
    int error;  /* why it is refused; 0: it isn't */
};

enum length {
    LENGTH_INT,
    LENGTH_CHAR,
    LENGTH_SHORT,
    LENGTH_LONG /* long long, intmax_t, size_t and ptrdiff_t have its size */
};

struct field {
    bool left;
    bool zeros;
    bool alternative; /* # */
    char plus;        /* in front of a number that isn't negative: '+', ' ', or 0 for none */
    int width;
    int precision; /* -1: none */
    enum length length;
};

_Static_assert(sizeof(long long) == sizeof(long) && sizeof(size_t) == sizeof(long) &&
                   sizeof(intmax_t) == sizeof(long) && sizeof(ptrdiff_t) == sizeof(long),
               "one length for all of them");

static void put(struct output *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len && out->len + i + 1 < out->size; i++)
        out->text[out->len + i] = text[i];
    out->len += len;
}

static void put_many(struct output *out, char c, size_t count)
{
    for (size_t i = 0; i < count && out->len + i + 1 < out->size; i++)
        out->text[out->len + i] = c;
    out->len += count;
}

/* How many blanks fill the width of a field, of which @len characters are in use. */
static size_t blanks(const struct field *field, size_t len)
{
    return (size_t)field->width > len ? (size_t)field->width - len : 0;
}

static void put_padded(struct output *out, const struct field *field, const char *text, size_t len)
{
    const size_t fill = blanks(field, len);

    put_many(out, ' ', field->left ? 0 : fill);
    put(out, text, len);
    put_many(out, ' ', field->left ? fill : 0);
}

static void put_string(struct output *out, const struct field *field, const char *text)
{
    if (!text)
        text = "(null)"; /* undefined in C; here it can be read */
    put_padded(out, field, text,
               field->precision < 0 ? strlen(text) : strnlen(text, (size_t)field->precision));
}

struct base {
    unsigned base;
    const char *digits;
    const char *prefix; /* with #, in front of a number that isn't 0 */
};

static const char lower_digits[] = "0123456789abcdef";
static const struct base decimal = {10, lower_digits, ""};
static const struct base octal = {8, lower_digits, ""};
static const struct base hex = {16, lower_digits, "0x"};
static const struct base hex_upper = {16, "0123456789ABCDEF", "0X"};

/* In this order: blanks, the sign or prefix, zeros, digits, blanks. */
static void put_number(struct output *out, const struct field *field, uint64_t value,
                       const struct base *base, const char *sign)
{
    const char *front = field->alternative && value > 0 ? base->prefix : "";
    const size_t digits_min = field->precision < 0 ? 1 : (size_t)field->precision;
    char digits[DIGITS_MAX];
    size_t at = sizeof digits, zeros, fill;

    for (uint64_t rest = value; rest > 0; rest /= base->base)
        digits[--at] = base->digits[rest % base->base];
    zeros = digits_min > sizeof digits - at ? digits_min - (sizeof digits - at) : 0;
    if (base->base == 8 && field->alternative && zeros == 0)
        zeros = 1; /* # gives an octal number a zero in front */
    if (*sign)
        front = sign;
    fill = blanks(field, strlen(front) + zeros + (sizeof digits - at));
    if (field->zeros && !field->left && field->precision < 0) {
        zeros += fill;
        fill = 0;
    }
    put_many(out, ' ', field->left ? 0 : fill);
    put(out, front, strlen(front));
    put_many(out, '0', zeros);
    put(out, digits + at, sizeof digits - at);
    put_many(out, ' ', field->left ? fill : 0);
}

/* A number, or that of the next argument for '*'. */
static int take_int(struct output *out, const char **format, va_list *args)
{
    int value = 0;

    if (**format == '*') {
        (*format)++;
        return va_arg(*args, int);
    }
    for (; **format >= '0' && **format <= '9'; (*format)++) {
        const int digit = **format - '0';

        if (value > (INT_MAX - digit) / 10)
            out->error = EOVERFLOW;
        else
            value = 10 * value + digit;
    }
    return value;
}

static void parse_flags(struct field *field, const char **format)
{
    for (;; (*format)++) {
        switch (**format) {
        case '-':
            field->left = true;
            break;
        case '0':
            field->zeros = true;
            break;
        case '#':
            field->alternative = true;
            break;
        case '+':
            field->plus = '+';
            break;
        case ' ':
            field->plus = field->plus ? field->plus : ' ';
            break;
        default:
            return;
        }
    }
}

static enum length parse_length(const char **format)
{
    const char letter = **format;

    if (!letter || !strchr("hljzt", letter))
        return LENGTH_INT;
    (*format)++;
    if (letter != 'h' && letter != 'l')
        return LENGTH_LONG;
    if (**format != letter)
        return letter == 'h' ? LENGTH_SHORT : LENGTH_LONG;
    (*format)++;
    return letter == 'h' ? LENGTH_CHAR : LENGTH_LONG;
}

/* Parses "-08.3ll" or "*.*", up to the conversion letter. A negative width asks for the left, and a
 * negative precision is none. */
static struct field parse_field(struct output *out, const char **format, va_list *args)
{
    struct field field = {.precision = -1};

    parse_flags(&field, format);
    field.width = take_int(out, format, args);
    if (field.width < 0) {
        field.left = true;
        if (field.width == INT_MIN)
            out->error = EOVERFLOW;
        else
            field.width = -field.width;
    }
    if (**format == '.') {
        (*format)++;
        field.precision = take_int(out, format, args);
        if (field.precision < 0)
            field.precision = -1;
    }
    field.length = parse_length(format);
    return field;
}

static int64_t take_signed(const struct field *field, va_list *args)
{
    if (field->length == LENGTH_LONG)
        return va_arg(*args, long);
    {
        const int value = va_arg(*args, int);

        return field->length == LENGTH_CHAR    ? (signed char)value
               : field->length == LENGTH_SHORT ? (short)value
                                               : value;
    }
}

static uint64_t take_unsigned(const struct field *field, va_list *args)
{
    if (field->length == LENGTH_LONG)
        return va_arg(*args, unsigned long);
    {
        const unsigned value = va_arg(*args, unsigned);

        return field->length == LENGTH_CHAR    ? (unsigned char)value
               : field->length == LENGTH_SHORT ? (unsigned short)value
                                               : value;
    }
}

static void put_signed(struct output *out, const struct field *field, va_list *args)
{
    const int64_t value = take_signed(field, args);
    const char sign[2] = {value < 0 ? '-' : field->plus};

    put_number(out, field, value < 0 ? -(uint64_t)value : (uint64_t)value, &decimal, sign);
}

static void put_unsigned(struct output *out, const struct field *field, char what, va_list *args)
{
    put_number(out, field, take_unsigned(field, args),
               what == 'u'   ? &decimal
               : what == 'o' ? &octal
               : what == 'x' ? &hex
                             : &hex_upper,
               "");
}

static void put_pointer(struct output *out, struct field *field, const void *pointer)
{
    field->alternative = true;
    if (pointer)
        put_number(out, field, (uintptr_t)pointer, &hex, "");
    else
        put_padded(out, field, "(nil)", 5);
}

static void put_field(struct output *out, struct field *field, char what, va_list *args)
{
    char c = what;

    switch (what) {
    case 'd':
    case 'i':
        put_signed(out, field, args);
        return;
    case 'u':
    case 'o':
    case 'x':
    case 'X':
        put_unsigned(out, field, what, args);
        return;
    case 's':
    case 'c':
        if (field->length == LENGTH_LONG)
            break; /* wide characters */
        if (what == 's') {
            put_string(out, field, va_arg(*args, const char *));
            return;
        }
        c = (char)va_arg(*args, int);
        put_padded(out, field, &c, 1);
        return;
    case 'p':
        put_pointer(out, field, va_arg(*args, const void *));
        return;
    case '%':
        put(out, &c, 1);
        return;
    default:
        break;
    }
    out->error = EINVAL;
}

int vsnprintf(char *restrict text, size_t size, const char *restrict format, va_list args)
{
    struct output out = {.text = text, .size = size};
    const char *at = format;
    va_list rest;

    va_copy(rest, args); /* a parameter of an array type has no address of the type va_list */
    while (*at && !out.error) {
        const size_t plain = strcspn(at, "%");

        put(&out, at, plain);
        at += plain;
        if (*at) {
            struct field field;

            at++;
            field = parse_field(&out, &at, &rest);
            if (!out.error)
                put_field(&out, &field, *at, &rest);
            at += *at != '\0';
        }
        if (out.len > INT_MAX)
            out.error = EOVERFLOW;
    }
    va_end(rest);
    if (size > 0)
        text[out.len < size ? out.len : size - 1] = '\0';
    if (!out.error)
        return (int)out.len;
    errno = out.error;
    return -1;
}

int snprintf(char *restrict text, size_t size, const char *restrict format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(text, size, format, args);
    va_end(args);
    return len;
}

int vsprintf(char *restrict text, const char *restrict format, va_list args)
{
    return vsnprintf(text, SIZE_MAX, format, args);
}

int sprintf(char *restrict text, const char *restrict format, ...)
{
    va_list args;

    va_start(args, format);
    const int len = vsprintf(text, format, args);
    va_end(args);
    return len;
}
