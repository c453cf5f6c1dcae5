/* svcb_text.c -- formats parameters: see svcb.h. */
#include "proto/dns/svcb.h"

#include "wire/bytes.h"

const char *svcb_key_text(unsigned key)
{
    static const char *const names[SVCB_KEYS] = {[SVCB_MANDATORY] = "mandatory",
                                                 [SVCB_ALPN] = "alpn",
                                                 [SVCB_PORT] = "port",
                                                 [SVCB_IPV4HINT] = "ipv4hint",
                                                 [SVCB_ECH] = "ech",
                                                 [SVCB_IPV6HINT] = "ipv6hint",
                                                 [SVCB_DOHPATH] = "dohpath",
                                                 [SVCB_OHTTP] = "ohttp",
                                                 [SVCB_NO_DEFAULT_ALPN] = "no-default-alpn"};

    return names[key];
}

static void format_key(struct dns_text *text, unsigned key)
{
    if (key < SVCB_KEYS) {
        dns_text_string(text, svcb_key_text(key));
        return;
    }
    /* RFC 9460 2.1: a key without a name has its number */
    dns_text_string(text, "key");
    dns_text_number(text, key);
}

bool svcb_is_formed(unsigned key, const uint8_t *value, size_t len)
{
    size_t at = 0;

    /* RFC 9460 7 and 8: lists have an item at least, addresses and keys are whole, flags have no
     * value */
    switch (key) {
    case SVCB_MANDATORY:
        return len > 0 && len % 2 == 0;
    case SVCB_ALPN:
        while (at < len && value[at] > 0)
            at += value[at] + 1u;
        return len > 0 && at == len;
    case SVCB_NO_DEFAULT_ALPN:
    case SVCB_OHTTP:
        return len == 0;
    case SVCB_PORT:
        return len == 2;
    case SVCB_IPV4HINT:
        return len > 0 && len % 4 == 0;
    case SVCB_IPV6HINT:
        return len > 0 && len % 16 == 0;
    case SVCB_ECH:
    case SVCB_DOHPATH:
        return len > 0;
    default:
        return false;
    }
}

/* Formats a list of protocols (RFC 9460 A.1): commas and backslashes in a protocol are escaped, and
 * the whole again as a character string. */
static void format_alpn(struct dns_text *text, const uint8_t *at, const uint8_t *end)
{
    dns_text_char(text, '"');
    for (bool first = true; at < end; first = false) {
        const uint8_t *next = at + *at + 1;

        if (!first)
            dns_text_char(text, ',');
        while (++at < next) {
            if (*at == ',' || *at == '\\')
                dns_text_string(text, "\\\\");
            dns_text_byte(text, *at, "\\\"");
        }
    }
    dns_text_char(text, '"');
}

static void format_ips(struct dns_text *text, const uint8_t *at, const uint8_t *end, size_t size)
{
    char ip4[LEAT_IP_TEXT_BYTES];

    for (bool first = true; at < end; at += size, first = false) {
        if (!first)
            dns_text_char(text, ',');
        if (size == 16) {
            dns_text_ip6(text, at);
            continue;
        }
        leat_ip_format(leat_ip_v4(get32(at)), ip4);
        dns_text_string(text, ip4);
    }
}

/* Formats a value as a character string. */
static void format_bytes(struct dns_text *text, const uint8_t *at, const uint8_t *end)
{
    dns_text_char(text, '"');
    while (at < end)
        dns_text_byte(text, *at++, "\\\"");
    dns_text_char(text, '"');
}

static void format_value(struct dns_text *text, unsigned key, const uint8_t *at, const uint8_t *end)
{
    if (key == SVCB_MANDATORY) {
        for (const uint8_t *item = at; item < end; item += 2) {
            if (item > at)
                dns_text_char(text, ',');
            format_key(text, get16(item));
        }
    } else if (key == SVCB_ALPN) {
        format_alpn(text, at, end);
    } else if (key == SVCB_PORT) {
        dns_text_number(text, get16(at));
    } else if (key == SVCB_IPV4HINT || key == SVCB_IPV6HINT) {
        format_ips(text, at, end, key == SVCB_IPV4HINT ? 4 : 16);
    } else if (key == SVCB_ECH) {
        dns_text_base64(text, at, end);
    } else {
        format_bytes(text, at, end);
    }
}

void svcb_format(struct dns_text *text, const uint8_t *at, const uint8_t *end)
{
    while (end - at >= SVCB_HEAD_BYTES) {
        const unsigned key = get16(at);
        const uint8_t *value = at + SVCB_HEAD_BYTES;
        const uint8_t *next = value + get16(at + 2);
        /* A value that doesn't fit its key is still written, as bytes. So a record of a newer
         * standard can be read and copied. */
        const bool formed = svcb_is_formed(key, value, (size_t)(next - value));

        dns_text_char(text, ' ');
        if (formed) {
            format_key(text, key);
        } else { /* also a known key whose value has another format */
            dns_text_string(text, "key");
            dns_text_number(text, key);
        }
        if (next > value) {
            dns_text_char(text, '=');
            format_value(text, formed ? key : UINT16_MAX + 1u, value, next);
        }
        at = next;
    }
}
