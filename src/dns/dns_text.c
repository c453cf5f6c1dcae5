/* dns_text.c -- reading and writing the pieces of the master-file format (RFC 1035 5.1). */
#include "dns/dns_text.h"

#include <string.h>

#include "wire/bytes.h"
#include "wire/dns.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t string_len(const char *string)
{
    size_t len = 0;

    while (string[len] != '\0')
        len++;
    return len;
}

void dns_text_char(struct dns_text *text, char c)
{
    if (text->len < text->bytes_max)
        text->bytes[text->len] = c;
    text->len++;
}

void dns_text_string(struct dns_text *text, const char *string)
{
    for (; *string != '\0'; string++)
        dns_text_char(text, *string);
}

void dns_text_number(struct dns_text *text, uint32_t value)
{
    char digits[10];
    unsigned count = 0;

    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (count > 0)
        dns_text_char(text, digits[--count]);
}

size_t dns_text_end(struct dns_text *text)
{
    if (text->bytes_max > 0)
        text->bytes[text->len < text->bytes_max ? text->len : text->bytes_max - 1] = '\0';
    return text->len;
}

static void text_hex(struct dns_text *text, unsigned value, unsigned digits)
{
    while (digits-- > 0)
        dns_text_char(text, "0123456789abcdef"[value >> 4 * digits & 15]);
}

/* RFC 5952 4.2: the first of the longest runs of at least two zero groups. */
static unsigned longest_zeros(const uint8_t ip6[16], unsigned *first)
{
    unsigned best = 1;
    unsigned run = 0;

    for (unsigned i = 0; i < 8; i++) {
        run = get16(ip6 + 2 * i) == 0 ? run + 1 : 0;
        if (run > best) {
            best = run;
            *first = i + 1 - run;
        }
    }
    return best > 1 ? best : 0;
}

void dns_text_ip6(struct dns_text *text, const uint8_t ip6[16])
{
    unsigned first = 8;
    unsigned zeros = longest_zeros(ip6, &first);

    for (unsigned i = 0; i < 8; i++) {
        unsigned group = get16(ip6 + 2 * i);

        if (i == first) {
            dns_text_string(text, "::");
            i += zeros - 1;
            continue;
        }
        if (i > 0 && i != first + zeros)
            dns_text_char(text, ':');
        text_hex(text, group, group > 0xfff ? 4 : group > 0xff ? 3 : group > 0xf ? 2 : 1);
    }
}

bool dns_char_read(const char *text, size_t len, size_t *at, uint8_t *byte, bool *escaped)
{
    unsigned value = 0;

    *escaped = text[*at] == '\\';
    if (!*escaped) {
        *byte = (uint8_t)text[(*at)++];
        return true;
    }
    if (++*at == len)
        return false;
    if (!is_digit(text[*at])) {
        *byte = (uint8_t)text[(*at)++];
        return true;
    }
    if (len - *at < 3)
        return false;
    for (unsigned i = 0; i < 3; i++) {
        char digit = text[(*at)++];

        if (!is_digit(digit))
            return false;
        value = value * 10 + (unsigned)(digit - '0');
    }
    *byte = (uint8_t)value;
    return value <= 255;
}

const char *dns_labels_read(const char *text, size_t len, struct leat_dns_name *name,
                            bool *absolute)
{
    size_t used = 1; /* the place of the first label's length is taken */
    size_t label = 0;
    size_t at = 0;

    *absolute = len == 1 && text[0] == '.';
    name->len = 0;
    while (at < len && !*absolute) {
        uint8_t byte;
        bool escaped;

        if (!dns_char_read(text, len, &at, &byte, &escaped))
            return "a backslash must stand before a character or three digits up to 255";
        if (used == LEAT_DNS_NAME_BYTES)
            return "a name has more than 255 bytes";
        if (byte == '.' && !escaped) {
            if (used - label == 1)
                return "a label of a name is empty";
            name->wire[label] = (uint8_t)(used - label - 1);
            label = used;
            *absolute = at == len;
        } else if (used - label > LEAT_DNS_LABEL_BYTES) {
            return "a label has more than 63 bytes";
        } else {
            name->wire[used] = byte;
        }
        used++;
    }
    if (!*absolute) {
        if (used == LEAT_DNS_NAME_BYTES)
            return "a name has more than 255 bytes";
        name->wire[label] = (uint8_t)(used - label - 1);
        label = used;
    }
    name->len = (uint8_t)label;
    return NULL;
}

bool dns_number_read(const char *text, size_t len, uint32_t max, uint32_t *value)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < len; i++) {
        if (!is_digit(text[i]))
            return false;
        sum = sum * 10 + (unsigned)(text[i] - '0');
        if (sum > max)
            return false;
    }
    *value = (uint32_t)sum;
    return len > 0;
}

bool dns_ip4_read(const char *text, size_t len, uint8_t ip4[4])
{
    char copy[LEAT_IP4_TEXT_BYTES];
    leat_ip4 ip;

    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (!leat_ip4_parse(copy, &ip))
        return false;
    put32(ip4, ip);
    return true;
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    c = (char)dns_lower((uint8_t)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads one to four hex digits at @*at. */
static bool group_read(const char *text, size_t len, size_t *at, uint8_t group[2])
{
    unsigned value = 0;
    unsigned digits = 0;

    for (; *at < len && hex_value(text[*at]) >= 0; ++*at) {
        if (++digits > 4)
            return false;
        value = value << 4 | (unsigned)hex_value(text[*at]);
    }
    put16(group, (uint16_t)value);
    return digits > 0;
}

enum {
    NO_GAP = 17 /* one behind all places where it can be */
};

/* Sixteen bytes out of @used, with zeros where "::" stands. */
static bool fill_gap(const uint8_t *bytes, size_t used, size_t gap, uint8_t ip6[16])
{
    if (gap == NO_GAP ? used != 16 : used > 14)
        return false;
    if (gap == NO_GAP)
        gap = used;
    memset(ip6, 0, 16);
    memcpy(ip6, bytes, gap);
    memcpy(ip6 + 16 - (used - gap), bytes + gap, used - gap);
    return true;
}

/* What stands between two groups: a colon, or the only "::". */
static bool colons_read(const char *text, size_t len, size_t *at, size_t used, size_t *gap)
{
    if (text[(*at)++] != ':' || *at == len)
        return false;
    if (text[*at] != ':')
        return true;
    if (*gap != NO_GAP)
        return false;
    *gap = used;
    ++*at;
    return true;
}

bool dns_ip6_read(const char *text, size_t len, uint8_t ip6[16])
{
    uint8_t bytes[16] = {0};
    size_t at = 0;
    size_t used = 0;
    size_t gap = NO_GAP;

    if (len >= 2 && text[0] == ':' && text[1] == ':') {
        gap = 0;
        at = 2;
    }
    while (at < len) {
        size_t start = at;

        if (used > 14 || !group_read(text, len, &at, bytes + used))
            return false;
        if (at < len && text[at] == '.' && used <= 12 &&
            dns_ip4_read(text + start, len - start, bytes + used)) {
            used += 4;
            break;
        }
        used += 2;
        if (at < len && !colons_read(text, len, &at, used, &gap))
            return false;
    }
    return fill_gap(bytes, used, gap, ip6);
}

bool dns_word_is(const char *text, size_t len, const char *word)
{
    return string_len(word) == len &&
           dns_bytes_equal((const uint8_t *)text, (const uint8_t *)word, len);
}

static const struct {
    uint16_t type;
    char text[8];
} type_names[] = {
    {LEAT_DNS_A, "A"},     {LEAT_DNS_AAAA, "AAAA"}, {LEAT_DNS_CNAME, "CNAME"},
    {LEAT_DNS_MX, "MX"},   {LEAT_DNS_NS, "NS"},     {LEAT_DNS_PTR, "PTR"},
    {LEAT_DNS_SOA, "SOA"}, {LEAT_DNS_TXT, "TXT"},   {LEAT_DNS_ANY, "ANY"},
};

enum {
    TYPE_NAMES = sizeof type_names / sizeof type_names[0]
};

bool dns_type_read(const char *text, size_t len, uint16_t *type)
{
    uint32_t number;

    for (unsigned i = 0; i < TYPE_NAMES; i++) {
        if (dns_word_is(text, len, type_names[i].text)) {
            *type = type_names[i].type;
            return true;
        }
    }
    if (len <= 4 || !dns_word_is(text, 4, "TYPE") ||
        !dns_number_read(text + 4, len - 4, UINT16_MAX, &number))
        return false;
    *type = (uint16_t)number;
    return true;
}

bool leat_dns_type_parse(const char *text, uint16_t *type)
{
    return dns_type_read(text, string_len(text), type);
}

void leat_dns_type_format(uint16_t type, char text[10])
{
    struct dns_text out = {.bytes = text, .bytes_max = 10};

    for (unsigned i = 0; i < TYPE_NAMES; i++) {
        if (type_names[i].type == type) {
            dns_text_string(&out, type_names[i].text);
            dns_text_end(&out);
            return;
        }
    }
    dns_text_string(&out, "TYPE");
    dns_text_number(&out, type);
    dns_text_end(&out);
}

enum leat_err leat_dns_name_parse(const char *text, struct leat_dns_name *name)
{
    size_t len = string_len(text);
    bool absolute;

    if (len == 0 || dns_labels_read(text, len, name, &absolute))
        return LEAT_ERR_FORMAT;
    name->wire[name->len++] = 0;
    return LEAT_OK;
}
