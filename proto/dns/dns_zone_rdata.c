/* dns_zone_rdata.c -- parses the data of a record in a master file (RFC 1035 5, RFC 3597 5). */
#include <string.h>

#include "proto/dns/svcb.h"
#include "proto/dns/zone_reader.h"
#include "proto/wire/dns.h"
#include "wire/bytes.h"

static const char bad_escape[] =
    "a backslash must stand before a character or three digits up to 255";

/* Parses the current token as bytes, at most @bytes_max, and advances. */
static bool put_bytes(struct zone_reader *reader, size_t bytes_max)
{
    const struct dns_token *token = &reader->token;
    const uint8_t *begin = reader->next;
    size_t at = 0;

    while (at < token->len) {
        bool escaped;
        uint8_t byte;

        if (!dns_char_read(token->text, token->len, &at, &byte, &escaped))
            return zone_fail(reader, bad_escape);
        if ((size_t)(reader->next - begin) >= bytes_max)
            return zone_fail(reader, "a text has more than 255 bytes; split it in two");
        if (!zone_put(reader, &byte, 1))
            return false;
    }
    zone_advance(reader);
    return true;
}

static bool is_text(const struct zone_reader *reader)
{
    return reader->token.kind == DNS_TOKEN_WORD || reader->token.kind == DNS_TOKEN_QUOTED;
}

/* Parses one character string. */
static bool put_text(struct zone_reader *reader)
{
    uint8_t *length;

    if (!is_text(reader))
        return zone_fail(reader, "a text is missing");
    /* the length stands in front, but is known only behind the text */
    length = zone_take(reader, 1);
    if (!length || !put_bytes(reader, UINT8_MAX))
        return false;
    *length = (uint8_t)(reader->next - length - 1);
    return true;
}

/* Parses a character string of letters and digits (RFC 8659 4.1). */
static bool put_tag(struct zone_reader *reader)
{
    const struct dns_token *token = &reader->token;
    bool good = is_text(reader) && token->len > 0;

    for (size_t i = 0; good && i < token->len; i++)
        good = dns_is_letter_or_digit((uint8_t)token->text[i]);
    return good ? put_text(reader) : zone_fail(reader, "a tag has letters and digits only");
}

/* Parses one or more character strings up to the end of the line. */
static bool put_texts(struct zone_reader *reader)
{
    do {
        if (!put_text(reader))
            return false;
    } while (!zone_at_line_end(reader));
    return true;
}

/* Parses a text without a length in front of it. */
static bool put_value(struct zone_reader *reader)
{
    if (!is_text(reader))
        return zone_fail(reader, "a text is missing");
    return put_bytes(reader, UINT16_MAX);
}

/* As zone_put_digits(), for a field that is never empty: a digest, or a key. */
static bool put_key(struct zone_reader *reader, unsigned bits)
{
    if (reader->token.kind != DNS_TOKEN_WORD)
        return zone_fail(reader, bits == 4 ? "hexadecimal digits are missing"
                                           : "digits of base 64 are missing");
    return zone_put_digits(reader, bits);
}

static bool put_ip(struct zone_reader *reader, uint8_t field)
{
    const struct dns_token *token = &reader->token;
    uint8_t bytes[16];

    if (field == DNS_FIELD_IP6) {
        if (token->kind != DNS_TOKEN_WORD || !dns_ip6_read(token->text, token->len, bytes))
            return zone_fail(reader, "not an IPv6 address");
    } else if (token->kind != DNS_TOKEN_WORD || !dns_ip4_read(token->text, token->len, bytes)) {
        return zone_fail(reader, "not an IPv4 address");
    }
    zone_advance(reader);
    return zone_put(reader, bytes, dns_field_bytes(field));
}

/* Parses a number or a time. */
static bool put_number(struct zone_reader *reader, uint8_t field)
{
    static const char *const why[] = {[1] = "not a number up to 255",
                                      [2] = "not a number up to 65535",
                                      [4] = "not a number of 32 bits"};
    const struct dns_token *token = &reader->token;
    const uint8_t len = dns_field_bytes(field);
    const uint32_t max = UINT32_MAX >> (32 - 8 * len);
    uint32_t number = 0;
    uint8_t bytes[4];
    bool good = token->kind == DNS_TOKEN_WORD;

    if (field == DNS_FIELD_TIME)
        good = good && zone_time_read(token->text, token->len, &number);
    else
        good = good && dns_number_read(token->text, token->len, max, &number);
    if (!good)
        return zone_fail(reader,
                         field == DNS_FIELD_TIME ? "not a time such as 3600 or 1h30m" : why[len]);
    /* big-endian, so a shorter field is the end of the four bytes */
    put32(bytes, number);
    zone_advance(reader);
    return zone_put(reader, bytes + sizeof bytes - len, len);
}

static bool put_field(struct zone_reader *reader, uint8_t field)
{
    switch ((enum dns_field)field) {
    case DNS_FIELD_NAME:
        return zone_read_name(reader) && zone_put(reader, reader->name.wire, reader->name.len);
    case DNS_FIELD_TEXT:
        return put_text(reader);
    case DNS_FIELD_TAG:
        return put_tag(reader);
    case DNS_FIELD_TEXTS:
        return put_texts(reader);
    case DNS_FIELD_VALUE:
        return put_value(reader);
    case DNS_FIELD_HEX:
        return put_key(reader, 4);
    case DNS_FIELD_BASE64:
        return put_key(reader, 6);
    case DNS_FIELD_PARAMS:
        return svcb_read(reader);
    case DNS_FIELD_END:
    case DNS_FIELD_U8:
    case DNS_FIELD_U16:
    case DNS_FIELD_U32:
    case DNS_FIELD_TIME:
        break;
    case DNS_FIELD_IP4:
    case DNS_FIELD_IP6:
        return put_ip(reader, field);
    }
    return put_number(reader, field);
}

/* RFC 3597 5: "\# 4 0a000001", for any type. */
static bool put_generic(struct zone_reader *reader, uint16_t type)
{
    const uint8_t *rdata = reader->next;
    uint32_t len;

    zone_advance(reader);
    if (reader->token.kind != DNS_TOKEN_WORD ||
        !dns_number_read(reader->token.text, reader->token.len, UINT16_MAX, &len))
        return zone_fail(reader, "behind \\# comes the number of bytes");
    zone_advance(reader);
    if (!zone_put_digits(reader, 4))
        return false;
    if ((size_t)(reader->next - rdata) != len)
        return zone_fail(reader, "not as many bytes as the number behind \\# says");
    /* A known type must have legal data in this form, too. dns_answer.c reads names in it without a
     * check. */
    return dns_rdata_is_plain(type, rdata, len) ||
           zone_fail(reader, "these bytes are no data of this type");
}

static bool is_generic(const struct zone_reader *reader)
{
    const struct dns_token *token = &reader->token;

    return token->kind == DNS_TOKEN_WORD && token->len == 2 && memcmp(token->text, "\\#", 2) == 0;
}

bool zone_put_rdata(struct zone_reader *reader, uint16_t type)
{
    const uint8_t *fields = dns_fields(type);
    bool good = true;

    /* RFC 3597 5: this form comes first, as it is legal for known types, too */
    if (is_generic(reader))
        good = put_generic(reader, type);
    else if (!fields)
        return zone_fail(reader, "the data of this type is written as \\# LENGTH HEXADECIMAL");
    else
        for (; good && *fields != DNS_FIELD_END; fields++)
            good = put_field(reader, *fields);
    if (good && !zone_at_line_end(reader))
        return zone_fail(reader, "nothing more was expected on this line");
    return good;
}
