/* format.c -- snprintf, without a libc. */
#include <stdio.h>
#include <string.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    DIGITS_MAX = 20 /* of 2^64 - 1 */
};

struct output {
    char *text;
    size_t size;
    size_t len; /* of the whole result, even if it exceeds the size */
};

struct field {
    bool left;
    bool zeros;
    int width;
    int precision; /* -1: none */
    int longs;     /* 1: l or z, 2: ll */
};

static void put(struct output *out, char c)
{
    if (out->len + 1 < out->size)
        out->text[out->len] = c;
    out->len++;
}

static void put_padded(struct output *out, const struct field *field, const char *text, size_t len)
{
    const size_t width = field->width > 0 ? (size_t)field->width : 0;

    for (size_t i = len; i < width && !field->left; i++)
        put(out, field->zeros ? '0' : ' ');
    for (size_t i = 0; i < len; i++)
        put(out, text[i]);
    for (size_t i = len; i < width && field->left; i++)
        put(out, ' ');
}

static void put_string(struct output *out, const struct field *field, const char *text)
{
    size_t len = 0;

    while ((field->precision < 0 || len < (size_t)field->precision) && text[len])
        len++;
    put_padded(out, field, text, len);
}

static void put_number(struct output *out, const struct field *field, uint64_t value, unsigned base,
                       bool negative)
{
    char digits[DIGITS_MAX + 1];
    size_t at = sizeof digits;

    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    if (negative)
        digits[--at] = '-';
    put_padded(out, field, digits + at, sizeof digits - at);
}

/* A number, or that of the next argument for '*'. */
static int take_int(const char **format, va_list *args)
{
    int value = 0;

    if (**format == '*') {
        (*format)++;
        return va_arg(*args, int);
    }
    while (**format >= '0' && **format <= '9' && value < 10000)
        value = 10 * value + (*(*format)++ - '0');
    return value;
}

/* Parses "-08.3ll" or "*.*", up to the conversion letter. As in C11 7.21.6.1, a negative width
 * asks for the left, and a negative precision is none. */
static struct field parse_field(const char **format, va_list *args)
{
    struct field field = {.precision = -1};

    for (; **format == '-' || **format == '0'; (*format)++) {
        field.left |= **format == '-';
        field.zeros |= **format == '0';
    }
    field.width = take_int(format, args);
    if (field.width < 0 && field.width > -10000) {
        field.left = true;
        field.width = -field.width;
    }
    if (**format == '.') {
        (*format)++;
        field.precision = take_int(format, args);
    }
    for (; **format == 'l' || **format == 'z' || **format == 'h'; (*format)++)
        field.longs += **format != 'h';
    return field;
}

static void put_field(struct output *out, const struct field *field, char what, va_list *args)
{
    char c = what;

    switch (what) {
    case 's':
        put_string(out, field, va_arg(*args, const char *));
        return;
    case 'c':
        c = (char)va_arg(*args, int);
        break;
    case 'd': {
        const int64_t value = field->longs ? va_arg(*args, long) : va_arg(*args, int);

        put_number(out, field, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, value < 0);
        return;
    }
    case 'u':
    case 'x': /* long and long long are the same */
        put_number(out, field,
                   field->longs ? va_arg(*args, unsigned long) : va_arg(*args, unsigned),
                   what == 'x' ? 16 : 10, false);
        return;
    default:
        break;
    }
    put_padded(out, field, &c, 1);
}

int snprintf(char *text, size_t size, const char *format, ...)
{
    struct output out = {.text = text, .size = size};
    va_list args;

    va_start(args, format);
    while (*format) {
        struct field field;

        if (*format != '%') {
            put(&out, *format++);
            continue;
        }
        format++;
        field = parse_field(&format, &args);
        if (!*format)
            break;
        put_field(&out, &field, *format++, &args);
    }
    va_end(args);
    if (size > 0)
        text[out.len < size ? out.len : size - 1] = '\0';
    return (int)out.len;
}
