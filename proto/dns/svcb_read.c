/* svcb_read.c -- parses parameters: see svcb.h. */
#include "proto/dns/svcb.h"

#include <string.h>

#include "wire/bytes.h"

/* The value of the current parameter, as text with escapes. */
struct value {
    const char *text;
    size_t len;
};

/* ---- words ---------------------------------------------------------------------------------- */

/* Reads the name of a key, or keyNNNNN, whose value is @generic; false: it is none. */
static bool read_key(const char *text, size_t len, uint32_t *key, bool *generic)
{
    *generic = false;
    for (*key = 0; *key < SVCB_KEYS; ++*key) {
        if (dns_word_is(text, len, svcb_key_text(*key)))
            return true;
    }
    *generic = true;
    /* RFC 9460 2.1: without leading zeros; 65535 is reserved */
    return len > 3 && dns_word_is(text, 3, "key") && (text[3] != '0' || len == 4) &&
           dns_number_read(text + 3, len - 3, UINT16_MAX - 1u, key);
}

/* Moves @*at behind the next item of a list, and sets @item to it; false: the list is over. Lists
 * of keys and addresses have no escapes. */
static bool next_item(const struct value *value, size_t *at, struct value *item)
{
    size_t end = *at;

    /* not at the end itself: behind a final comma comes an empty item, which is refused */
    if (*at > value->len)
        return false;
    while (end < value->len && value->text[end] != ',')
        end++;
    *item = (struct value){.text = value->text + *at, .len = end - *at};
    *at = end + 1;
    return true;
}

/* ---- values --------------------------------------------------------------------------------- */

static bool put_mandatory(struct zone_reader *reader, const struct value *value)
{
    uint8_t *begin = reader->next;
    struct value item;

    for (size_t at = 0; next_item(value, &at, &item);) {
        uint8_t *place = begin;
        uint32_t key;
        bool generic;

        /* RFC 9460 8: it doesn't list itself */
        if (!read_key(item.text, item.len, &key, &generic) || key == SVCB_MANDATORY)
            return zone_fail(reader, "mandatory= has keys, with commas between them");
        while (place < reader->next && get16(place) < key) /* in order (RFC 9460 8) */
            place += 2;
        if (place < reader->next && get16(place) == key)
            return zone_fail(reader, "mandatory= has a key twice");
        if (!zone_take(reader, 2))
            return false;
        memmove(place + 2, place, (size_t)(reader->next - 2 - place));
        put16(place, (uint16_t)key);
    }
    return true;
}

/* Writes protocols, each behind its length. The text has two layers of escapes (RFC 9460 A.1). */
static bool put_alpn(struct zone_reader *reader, const struct value *value)
{
    static const char why[] = "alpn= has protocols of 1 to 255 bytes, with commas between them";
    uint8_t *length = zone_take(reader, 1);

    for (size_t at = 0; length && at < value->len;) {
        bool escaped;
        uint8_t byte;

        if (!dns_char_read(value->text, value->len, &at, &byte, &escaped))
            return zone_fail(reader, "a backslash in a value escapes nothing");
        /* Without the escapes of the character string, a comma divides protocols. One behind a
         * backslash that is left belongs to a protocol. */
        if (byte == ',') {
            if (reader->next == length + 1)
                return zone_fail(reader, why);
            *length = (uint8_t)(reader->next - length - 1);
            length = zone_take(reader, 1);
            continue;
        }
        if (byte == '\\' && !dns_char_read(value->text, value->len, &at, &byte, &escaped))
            return zone_fail(reader, "a backslash in a value escapes nothing");
        if (reader->next - length > UINT8_MAX)
            return zone_fail(reader, why);
        if (!zone_put(reader, &byte, 1))
            return false;
    }
    if (!length)
        return false;
    *length = (uint8_t)(reader->next - length - 1);
    return *length > 0 || zone_fail(reader, why);
}

static bool put_port(struct zone_reader *reader, const struct value *value)
{
    uint8_t bytes[2];
    uint32_t port;

    if (!dns_number_read(value->text, value->len, UINT16_MAX, &port))
        return zone_fail(reader, "port= has a number up to 65535");
    put16(bytes, (uint16_t)port);
    return zone_put(reader, bytes, sizeof bytes);
}

static bool put_ips(struct zone_reader *reader, const struct value *value, bool is_ip6)
{
    struct value item;

    for (size_t at = 0; next_item(value, &at, &item);) {
        uint8_t bytes[16];

        if (is_ip6 && !dns_ip6_read(item.text, item.len, bytes))
            return zone_fail(reader, "ipv6hint= has IPv6 addresses, with commas between them");
        if (!is_ip6 && !dns_ip4_read(item.text, item.len, bytes))
            return zone_fail(reader, "ipv4hint= has IPv4 addresses, with commas between them");
        if (!zone_put(reader, bytes, is_ip6 ? 16 : 4))
            return false;
    }
    return true;
}

static bool put_bytes(struct zone_reader *reader, const struct value *value)
{
    for (size_t at = 0; at < value->len;) {
        bool escaped;
        uint8_t byte;

        if (!dns_char_read(value->text, value->len, &at, &byte, &escaped))
            return zone_fail(reader, "a backslash in a value escapes nothing");
        if (!zone_put(reader, &byte, 1))
            return false;
    }
    return true;
}

static bool put_value(struct zone_reader *reader, uint32_t key, const struct value *value)
{
    const bool is_flag = key == SVCB_NO_DEFAULT_ALPN || key == SVCB_OHTTP;

    if (is_flag && value->len > 0)
        return zone_fail(reader, "this key has no value");
    /* an unknown key may have an empty value */
    if (!is_flag && key < SVCB_KEYS && value->len == 0)
        return zone_fail(reader, "this key needs a value");
    switch (key) {
    case SVCB_MANDATORY:
        return put_mandatory(reader, value);
    case SVCB_ALPN:
        return put_alpn(reader, value);
    case SVCB_PORT:
        return put_port(reader, value);
    case SVCB_IPV4HINT:
    case SVCB_IPV6HINT:
        return put_ips(reader, value, key == SVCB_IPV6HINT);
    case SVCB_ECH:
        return zone_put_base64(reader, value->text, value->len);
    default:
        return put_bytes(reader, value);
    }
}

/* Writes the value behind keyNNNNN, which also a known key may have: then it must fit that. */
static bool put_generic(struct zone_reader *reader, uint32_t key, const struct value *value)
{
    const uint8_t *begin = reader->next;

    return put_bytes(reader, value) &&
           (key >= SVCB_KEYS || svcb_is_formed(key, begin, (size_t)(reader->next - begin)) ||
            zone_fail(reader, "these bytes are no value of this key"));
}

/* ---- parameters ----------------------------------------------------------------------------- */

static void reverse(uint8_t *begin, uint8_t *end)
{
    while (end - begin > 1) {
        const uint8_t byte = *begin;

        *begin++ = *--end;
        *end = byte;
    }
}

/* Moves the last parameter, @made, in front of those with larger keys; false: its key is there. */
static bool sort_in(const struct zone_reader *reader, uint8_t *begin, uint8_t *made)
{
    uint8_t *place = begin;

    while (place < made && get16(place) < get16(made))
        place += SVCB_HEAD_BYTES + get16(place + 2);
    if (place < made && get16(place) == get16(made))
        return false;
    /* three reversals exchange two neighbouring blocks without further memory */
    reverse(place, made);
    reverse(made, reader->next);
    reverse(place, reader->next); /* the parts have changed places */
    return true;
}

/* Reads the current words: a key, and its value, which may be quoted. */
static bool put_parameter(struct zone_reader *reader, uint8_t *begin)
{
    const struct dns_token word = reader->token;
    struct value value = {.text = NULL};
    uint8_t *made = reader->next;
    size_t key_len = 0;
    bool equals, generic, good;
    uint32_t key;

    while (key_len < word.len && word.text[key_len] != '=')
        key_len++;
    equals = key_len < word.len;
    if (word.kind != DNS_TOKEN_WORD || !read_key(word.text, key_len, &key, &generic))
        return zone_fail(reader, "not a key such as alpn or key65333");
    if (equals) {
        value.text = word.text + key_len + 1;
        value.len = word.len - key_len - 1;
    }
    zone_advance(reader);
    /* The scanner ends a word at a quote, so key="value" comes as two tokens with nothing between
     * them. */
    if (equals && value.len == 0 && reader->token.kind == DNS_TOKEN_QUOTED &&
        reader->token.text == value.text + 1) {
        value.text = reader->token.text;
        value.len = reader->token.len;
        zone_advance(reader);
    }
    /* the head is filled in when the length is known */
    if (!zone_take(reader, SVCB_HEAD_BYTES))
        return false;
    good = generic ? put_generic(reader, key, &value) : put_value(reader, key, &value);
    if (!good)
        return false;
    if (reader->next - made - SVCB_HEAD_BYTES > UINT16_MAX)
        return zone_fail(reader, "a value has more than 65535 bytes");
    put16(made, (uint16_t)key);
    put16(made + 2, (uint16_t)(reader->next - made - SVCB_HEAD_BYTES));
    return sort_in(reader, begin, made) || zone_fail(reader, "a key is there twice");
}

/* The parameter with @key, or NULL. */
static const uint8_t *find(const struct zone_reader *reader, const uint8_t *at, unsigned key)
{
    for (; at < reader->next; at += SVCB_HEAD_BYTES + get16(at + 2)) {
        if (get16(at) == key)
            return at;
    }
    return NULL;
}

/* RFC 9460 7.1.1 and 8: some keys demand others. */
static bool check(struct zone_reader *reader, const uint8_t *begin)
{
    const uint8_t *mandatory = find(reader, begin, SVCB_MANDATORY);

    /* a client that finds a listed key missing ignores the whole record */
    for (unsigned i = 0; mandatory && i < get16(mandatory + 2); i += 2) {
        if (!find(reader, begin, get16(mandatory + SVCB_HEAD_BYTES + i)))
            return zone_fail(reader, "a key of mandatory= is missing");
    }
    if (find(reader, begin, SVCB_NO_DEFAULT_ALPN) && !find(reader, begin, SVCB_ALPN))
        return zone_fail(reader, "no-default-alpn needs alpn=");
    return true;
}

bool svcb_read(struct zone_reader *reader)
{
    uint8_t *begin = reader->next;

    while (!zone_at_line_end(reader)) {
        if (!put_parameter(reader, begin))
            return false;
    }
    return check(reader, begin);
}
