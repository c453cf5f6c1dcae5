/* dns_text.c -- parses and formats elements of the master-file format (RFC 1035 5.1). */
#include "proto/dns/dns_text.h"

#include <string.h>

#include <leat/addr.h>

#include "core/addr_text.h"
#include "wire/bytes.h"
#include "proto/wire/dns.h"

enum {
    IP_TEXT_MAX = 45 /* eight groups, the last two as IPv4 */
};

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
    /* what has no room is counted all the same: the caller learns how much it needs, as from
     * snprintf() */
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

/* RFC 1035 5.1: bytes with a meaning in master files are escaped. */
void dns_text_byte(struct dns_text *text, uint8_t byte, const char *special)
{
    if (byte < 0x20 || byte > 0x7e) {
        dns_text_char(text, '\\');
        dns_text_char(text, (char)('0' + byte / 100));
        dns_text_char(text, (char)('0' + byte / 10 % 10));
        dns_text_char(text, (char)('0' + byte % 10));
        return;
    }
    for (; *special != '\0'; special++) {
        if (*special == (char)byte)
            dns_text_char(text, '\\');
    }
    dns_text_char(text, (char)byte);
}

/* RFC 4648 4. */
void dns_text_base64(struct dns_text *text, const uint8_t *at, const uint8_t *end)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    while (at < end) {
        const size_t left = (size_t)(end - at);
        const uint32_t bits =
            (uint32_t)at[0] << 16 | (left > 1 ? (uint32_t)at[1] << 8 : 0) | (left > 2 ? at[2] : 0u);

        /* missing bytes count as zeros; '=' says how many are missing */
        dns_text_char(text, digits[bits >> 18]);
        dns_text_char(text, digits[bits >> 12 & 63]);
        dns_text_char(text, (char)(left > 1 ? digits[bits >> 6 & 63] : '='));
        dns_text_char(text, (char)(left > 2 ? digits[bits & 63] : '='));
        at += left > 2 ? 3 : left;
    }
}

size_t dns_text_end(struct dns_text *text)
{
    /* a text that was cut ends with a NUL, too */
    if (text->bytes_max > 0)
        text->bytes[text->len < text->bytes_max ? text->len : text->bytes_max - 1] = '\0';
    return text->len;
}

void dns_text_ip6(struct dns_text *text, const uint8_t ip6[16])
{
    char written[LEAT_IP_TEXT_BYTES];

    ip6_format(ip6, written);
    dns_text_string(text, written);
}

bool dns_char_read(const char *text, size_t len, size_t *at, uint8_t *byte, bool *escaped)
{
    unsigned value = 0;

    *escaped = false;
    if (*at == len)
        return false;
    *escaped = text[*at] == '\\';
    if (!*escaped) {
        *byte = (uint8_t)text[(*at)++];
        return true;
    }
    if (++*at == len)
        return false;
    /* RFC 1035 5.1: a digit behind the backslash is the first of three */
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
    /* three digits go up to 999, a byte doesn't */
    *byte = (uint8_t)value;
    return value <= 255;
}

const char *dns_labels_read(const char *text, size_t len, struct leat_dns_name *name,
                            bool *absolute)
{
    size_t used = 1; /* room for the first label's length */
    size_t label = 0;
    size_t at = 0;

    *absolute = len == 1 && text[0] == '.';
    name->len = 0;
    while (at < len && !*absolute) {
        uint8_t byte;
        bool escaped;

        if (!dns_char_read(text, len, &at, &byte, &escaped))
            return "a backslash must stand before a character or three digits up to 255";
        /* the last byte is the root's, so a name without it has at most 254 (RFC 1035 2.3.4) */
        if (used == LEAT_DNS_NAME_BYTES)
            return "a name has more than 255 bytes";
        /* A label's length is known at its end, and is written to the place in front that was left
         * for it. An escaped dot belongs to the label. */
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
        /* compared at each digit: 64 bits can't overflow below a limit of 32 */
        sum = sum * 10 + (unsigned)(text[i] - '0');
        if (sum > max)
            return false;
    }
    *value = (uint32_t)sum;
    return len > 0;
}

/* Parses an address of the given family. Every IPv6 address has a colon. */
static bool ip_read(const char *text, size_t len, bool is_ip6, struct leat_ip *ip)
{
    char copy[IP_TEXT_MAX + 1];
    bool colon = false;

    if (len > IP_TEXT_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        colon |= text[i] == ':';
    /* leat_ip_parse() needs a NUL, which a word of a zone's text doesn't have */
    memcpy(copy, text, len);
    copy[len] = '\0';
    return colon == is_ip6 && leat_ip_parse(copy, ip);
}

bool dns_ip4_read(const char *text, size_t len, uint8_t ip4[4])
{
    struct leat_ip ip;

    if (!ip_read(text, len, false, &ip))
        return false;
    put32(ip4, leat_ip_v4_number(ip));
    return true;
}

bool dns_ip6_read(const char *text, size_t len, uint8_t ip6[16])
{
    struct leat_ip ip;

    if (!ip_read(text, len, true, &ip))
        return false;
    memcpy(ip6, ip.bytes, sizeof ip.bytes);
    return true;
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
    {LEAT_DNS_A, "A"},         {LEAT_DNS_AAAA, "AAAA"},     {LEAT_DNS_CNAME, "CNAME"},
    {LEAT_DNS_MX, "MX"},       {LEAT_DNS_NS, "NS"},         {LEAT_DNS_PTR, "PTR"},
    {LEAT_DNS_SOA, "SOA"},     {LEAT_DNS_TXT, "TXT"},       {LEAT_DNS_ANY, "ANY"},
    {DNS_TYPE_SRV, "SRV"},     {DNS_TYPE_NAPTR, "NAPTR"},   {DNS_TYPE_DS, "DS"},
    {DNS_TYPE_SSHFP, "SSHFP"}, {DNS_TYPE_DNSKEY, "DNSKEY"}, {DNS_TYPE_TLSA, "TLSA"},
    {DNS_TYPE_CAA, "CAA"},     {DNS_TYPE_SVCB, "SVCB"},     {DNS_TYPE_HTTPS, "HTTPS"},
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
    /* RFC 3597 5: "TYPE65280" names a type without a mnemonic */
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
    /* a name of the program is complete, with or without its final dot */
    name->wire[name->len++] = 0;
    return LEAT_OK;
}
