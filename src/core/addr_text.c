/* addr_text.c -- addresses as people write them. */
#include <leat/addr.h>

/* Reads a decimal number up to @max without leading zeros; NULL: there is none. */
static const char *read_number(const char *text, unsigned max, unsigned *number)
{
    unsigned value = 0;
    const char *at = text;

    for (; *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + (unsigned)(*at - '0');
        if (value > max || (at > text && *text == '0'))
            return 0;
    }
    *number = value;
    return at > text ? at : 0;
}

static const char *read_ip4(const char *text, leat_ip4 *ip)
{
    leat_ip4 value = 0;

    for (unsigned i = 0; i < 4; i++) {
        unsigned octet;

        if (i > 0 && *text++ != '.')
            return 0;
        text = read_number(text, 255, &octet);
        if (!text)
            return 0;
        value = value << 8 | octet;
    }
    *ip = value;
    return text;
}

bool leat_ip4_parse(const char *text, leat_ip4 *ip)
{
    leat_ip4 value;
    const char *end = read_ip4(text, &value);

    if (!end || *end)
        return false;
    *ip = value;
    return true;
}

bool leat_ip4_parse_cidr(const char *text, leat_ip4 *ip, uint8_t *prefix_bits)
{
    leat_ip4 value;
    unsigned bits = 32;
    const char *end = read_ip4(text, &value);

    if (end && *end == '/')
        end = read_number(end + 1, 32, &bits);
    if (!end || *end)
        return false;
    *ip = value;
    *prefix_bits = (uint8_t)bits;
    return true;
}

size_t leat_ip4_format(leat_ip4 ip, char text[LEAT_IP4_TEXT_BYTES])
{
    size_t len = 0;

    for (int shift = 24; shift >= 0; shift -= 8) {
        const unsigned octet = (ip >> shift) & 0xff;

        if (octet >= 100)
            text[len++] = (char)('0' + octet / 100);
        if (octet >= 10)
            text[len++] = (char)('0' + octet / 10 % 10);
        text[len++] = (char)('0' + octet % 10);
        text[len++] = shift > 0 ? '.' : '\0';
    }
    return len - 1;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool leat_mac_parse(const char *text, struct leat_mac *mac)
{
    struct leat_mac value;

    for (unsigned i = 0; i < 6; i++) {
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
