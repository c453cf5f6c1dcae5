/*
 * zone_digits.c -- hexadecimal digits and those of base 64 in zone files. A value may be cut into
 * words anywhere, so the digits are summed up across words, and checked when the value ends.
 */
#include "proto/dns/zone_reader.h"

/* The value of a hexadecimal digit, or of one of base 64 (RFC 4648 4); -1: it is none. */
static int digit_of(char c, unsigned bits)
{
    const char lower = (char)(c | 0x20);

    if (bits == 4)
        return c >= '0' && c <= '9'           ? c - '0'
               : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10
                                              : -1;
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Digits that are being parsed, of `bits` each. */
struct digits {
    unsigned bits;
    uint32_t sum;
    unsigned have, count, padding;
};

static const char *not_digits(unsigned bits)
{
    return bits == 4 ? "not pairs of hexadecimal digits" : "not base 64";
}

/* Parses further digits. */
static bool put_some(struct zone_reader *reader, struct digits *digits, const char *text,
                     size_t len)
{
    for (size_t i = 0; i < len; i++, digits->count++) {
        const int digit = digit_of(text[i], digits->bits);
        uint8_t byte;

        digits->padding += text[i] == '=';
        if (text[i] == '=' && digits->bits == 6)
            continue;
        /* behind the padding no digit may follow */
        if (digit < 0 || digits->padding > 0)
            return zone_fail(reader, not_digits(digits->bits));
        digits->sum = digits->sum << digits->bits | (uint32_t)digit;
        digits->have += digits->bits;
        if (digits->have < 8)
            continue;
        digits->have -= 8;
        byte = (uint8_t)(digits->sum >> digits->have);
        if (!zone_put(reader, &byte, 1))
            return false;
    }
    return true;
}

/* Ends the digits. The bits behind the last whole byte are zeros, and padded by '=' in base 64. */
static bool end_digits(struct zone_reader *reader, const struct digits *digits)
{
    if ((digits->sum & ((1u << digits->have) - 1)) != 0 || digits->padding > 2 ||
        digits->count % (digits->bits == 4 ? 2 : 4) != 0)
        return zone_fail(reader, not_digits(digits->bits));
    return true;
}

bool zone_put_base64(struct zone_reader *reader, const char *text, size_t len)
{
    struct digits digits = {.bits = 6};

    return put_some(reader, &digits, text, len) && end_digits(reader, &digits);
}

bool zone_put_digits(struct zone_reader *reader, unsigned bits)
{
    struct digits digits = {.bits = bits};

    for (; reader->token.kind == DNS_TOKEN_WORD; zone_advance(reader)) {
        if (!put_some(reader, &digits, reader->token.text, reader->token.len))
            return false;
    }
    return end_digits(reader, &digits);
}
