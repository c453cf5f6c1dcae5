/*
 * addr_text.c -- parses and formats addresses as text.
 *
 * A read_*() function returns the first character that it didn't take, or NULL for a syntax error.
 * A put_*() function returns the length that it has written, without a NUL. A public function
 * stores its result only after the whole text has proved valid.
 */
#include "core/addr_text.h"

enum {
    NOWHERE = 17 /* no "::" so far */
};

/* Parses a decimal number up to @max without leading zeros; NULL: not such a number. inet_aton()
 * reads "010" as octal, so two programs would see two addresses in it (RFC 6943 3.1.1). */
static const char *read_number(const char *text, unsigned max, unsigned *number)
{
    unsigned value = 0;
    const char *at = text;

    for (; *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + (unsigned)(*at - '0');
        /* the test comes after each digit, so that no number of digits makes `value` overflow */
        if (value > max || (at > text && *text == '0'))
            return 0;
    }
    *number = value;
    return at > text ? at : 0;
}

static const char *read_ip4(const char *text, uint8_t octets[4])
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned octet;

        if (i > 0 && *text++ != '.')
            return 0;
        text = read_number(text, 255, &octet);
        if (!text)
            return 0;
        octets[i] = (uint8_t)octet;
    }
    return text;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    /* only A to F and a to f end up between 'a' and 'f' */
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Parses one to four hexadecimal digits; NULL: none, or too many. */
static const char *read_group(const char *text, uint8_t group[2])
{
    unsigned value = 0;
    unsigned digits = 0;

    for (; hex_digit(*text) >= 0; text++) {
        if (++digits > 4)
            return 0;
        value = value << 4 | (unsigned)hex_digit(*text);
    }
    group[0] = (uint8_t)(value >> 8);
    group[1] = (uint8_t)value;
    return digits > 0 ? text : 0;
}

/* Parses groups until a character that belongs to none, and counts their bytes in *@used.  *@gap:
 * the offset of "::", or unchanged.  NULL: syntax error; a second "::" is one. */
static const char *read_groups(const char *text, uint8_t bytes[16], unsigned *used, unsigned *gap)
{
    uint8_t octets[4];
    const char *end;

    for (;;) {
        /* the IPv4 form comes first, since its first number would pass for a group */
        end = *used <= 12 ? read_ip4(text, octets) : 0;
        if (end) { /* the IPv4 form of the last 32 bits (RFC 4291 2.2, 3) */
            memcpy(bytes + *used, octets, 4);
            *used += 4;
            return end;
        }
        end = *used <= 14 ? read_group(text, bytes + *used) : 0;
        if (!end)
            return 0;
        *used += 2;
        if (*end != ':')
            return end;
        if (end[1] != ':') {
            text = end + 1;
            continue;
        }
        if (*gap != NOWHERE)
            return 0;
        *gap = *used;
        text = end + 2;
        /* "::" may end the address */
        if (hex_digit(*text) < 0)
            return text;
    }
}

/* RFC 4291 2.2; the grammar of RFC 5954 4.1. "::" stands for one group of zeros or more, so it
 * needs at least two bytes that no group has filled. */
static const char *read_ip6(const char *text, struct leat_ip *ip)
{
    uint8_t bytes[16] = {0};
    unsigned used = 0;
    unsigned gap = NOWHERE;

    if (text[0] == ':') {
        if (text[1] != ':')
            return 0;
        gap = 0;
        text += 2;
    }
    if (gap == NOWHERE || hex_digit(*text) >= 0)
        text = read_groups(text, bytes, &used, &gap);
    if (!text || (gap == NOWHERE ? used != 16 : used > 14))
        return 0;
    if (gap == NOWHERE)
        gap = used;
    /* `bytes` holds the groups before and behind "::" without the gap; the latter go to the end */
    *ip = LEAT_IP_ANY;
    memcpy(ip->bytes, bytes, gap);
    memcpy(ip->bytes + 16 - (used - gap), bytes + gap, used - gap);
    return text;
}

/* Parses an address of either family; *@bits_max: the longest prefix of the family. */
static const char *read_ip(const char *text, struct leat_ip *ip, unsigned *bits_max)
{
    uint8_t octets[4];
    const char *end = read_ip4(text, octets);

    *bits_max = end ? 32 : 128;
    if (!end)
        return read_ip6(text, ip);
    *ip = LEAT_IP4(octets[0], octets[1], octets[2], octets[3]);
    return end;
}

bool leat_ip_parse(const char *text, struct leat_ip *ip)
{
    struct leat_ip value;
    unsigned bits_max;
    const char *end = read_ip(text, &value, &bits_max);

    if (!end || *end)
        return false;
    *ip = value;
    return true;
}

bool leat_ip_parse_cidr(const char *text, struct leat_ip *ip, uint8_t *prefix_bits)
{
    struct leat_ip value;
    unsigned bits_max, bits;
    const char *end = read_ip(text, &value, &bits_max);

    bits = bits_max;
    if (end && *end == '/')
        end = read_number(end + 1, bits_max, &bits);
    if (!end || *end)
        return false;
    if (bits_max == 128 && leat_ip_is_v4(value)) { /* ::ffff:10.0.0.2/120 is 10.0.0.2/24 */
        if (bits < 96)
            return false;
        bits -= 96;
    }
    *ip = value;
    *prefix_bits = (uint8_t)bits;
    return true;
}

static size_t put_number(char *text, unsigned number)
{
    char digits[10];
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    for (size_t i = 0; i < count; i++)
        text[i] = digits[count - 1 - i];
    return count;
}

static size_t put_ip4(char *text, const uint8_t octets[4])
{
    size_t len = 0;

    for (unsigned i = 0; i < 4; i++) {
        if (i > 0)
            text[len++] = '.';
        len += put_number(text + len, octets[i]);
    }
    return len;
}

static size_t put_group(char *text, const uint8_t group[2])
{
    const unsigned value = (unsigned)group[0] << 8 | group[1];
    size_t len = 0;

    for (int shift = 12; shift >= 0; shift -= 4) {
        if (value >> shift || shift == 0)
            text[len++] = "0123456789abcdef"[(value >> shift) & 15];
    }
    return len;
}

/* The longest run of two or more zero groups; the first one if several are equal (RFC 5952 4.2). */
static unsigned longest_zeros(const uint8_t bytes[16], unsigned *first)
{
    unsigned best = 0;
    unsigned run = 0;

    for (unsigned i = 0; i < 8; i++) {
        run = bytes[2 * i] | bytes[2 * i + 1] ? 0 : run + 1;
        if (run > best && run > 1) {
            best = run;
            *first = i + 1 - run;
        }
    }
    return best;
}

size_t ip6_format(const uint8_t bytes[16], char text[LEAT_IP_TEXT_BYTES])
{
    unsigned first = 8;
    const unsigned zeros = longest_zeros(bytes, &first);
    size_t len = 0;

    for (unsigned i = 0; i < 8; i++) {
        if (i == first) {
            text[len++] = ':';
            text[len++] = ':';
            i += zeros - 1;
            continue;
        }
        /* behind the run, "::" has separated the groups already */
        if (i > 0 && i != first + zeros)
            text[len++] = ':';
        len += put_group(text + len, bytes + 2 * (size_t)i);
    }
    text[len] = '\0';
    return len;
}

size_t leat_ip_format(struct leat_ip ip, char text[LEAT_IP_TEXT_BYTES])
{
    size_t len;

    if (!leat_ip_is_v4(ip))
        return ip6_format(ip.bytes, text);
    len = put_ip4(text, ip.bytes + 12);
    text[len] = '\0';
    return len;
}

/* Parses the inside of brackets: an IPv6 address, with a zone if it is link-local or multicast. */
static const char *read_bracketed(const char *text, struct leat_endpoint *endpoint)
{
    unsigned zone = 0;

    text = read_ip6(text, &endpoint->ip);
    if (text && *text == '%' &&
        (endpoint->ip.bytes[0] == 0xff || leat_ip_is_link_local(endpoint->ip))) {
        text = read_number(text + 1, UINT8_MAX, &zone);
        /* Zone 0 means the default zone (RFC 4007 6), so it names no link. read_number() leaves 0
         * here for a malformed number, too. */
        if (zone == 0)
            return 0;
    }
    endpoint->zone = (uint8_t)zone;
    return text && *text == ']' ? text + 1 : 0;
}

bool leat_endpoint_parse(const char *text, struct leat_endpoint *endpoint)
{
    struct leat_endpoint value = {.zone = 0};
    unsigned port;

    /* brackets tell the colons of an IPv6 address from the one in front of the port (RFC 3986
     * 3.2.2) */
    if (*text == '[') {
        text = read_bracketed(text + 1, &value);
    } else {
        uint8_t octets[4] = {0};

        text = read_ip4(text, octets);
        value.ip = text ? LEAT_IP4(octets[0], octets[1], octets[2], octets[3]) : LEAT_IP_ANY;
    }
    text = text && *text == ':' ? read_number(text + 1, UINT16_MAX, &port) : 0;
    if (!text || *text)
        return false;
    value.port = (uint16_t)port;
    *endpoint = value;
    return true;
}

size_t leat_endpoint_format(const struct leat_endpoint *endpoint,
                            char text[LEAT_ENDPOINT_TEXT_BYTES])
{
    const bool brackets = !leat_ip_is_v4(endpoint->ip);
    size_t len = 0;

    if (brackets)
        text[len++] = '[';
    len += leat_ip_format(endpoint->ip, text + len);
    if (brackets && endpoint->zone > 0) {
        text[len++] = '%';
        len += put_number(text + len, endpoint->zone);
    }
    if (brackets)
        text[len++] = ']';
    text[len++] = ':';
    len += put_number(text + len, endpoint->port);
    text[len] = '\0';
    return len;
}

bool leat_mac_parse(const char *text, struct leat_mac *mac)
{
    struct leat_mac value;

    for (unsigned i = 0; i < 6; i++) {
        /* the loop stops at the first wrong character, so a short text is not read beyond its
         * NUL */
        const int high = hex_digit(text[0]);
        const int low = high < 0 ? -1 : hex_digit(text[1]);

        if (low < 0 || text[2] != (i < 5 ? ':' : '\0'))
            return false;
        value.octet[i] = (uint8_t)(high << 4 | low);
        text += 3;
    }
    *mac = value;
    return true;
}
