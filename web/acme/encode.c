/* encode.c -- see encode.h. */
#include "web/acme/encode.h"

#include <string.h>

#include "core/assert.h"

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Appends up to 3 bytes as up to 4 characters. */
static void add_group(struct text *text, const char *alphabet, const uint8_t *bytes, size_t len)
{
    uint32_t bits = 0;
    char group[5] = "";

    leat_debug_assert(len > 0 && len <= 3);
    for (size_t i = 0; i < 3; i++)
        bits = bits << 8 | (i < len ? bytes[i] : 0u);
    for (size_t i = 0; i < len + 1; i++)
        group[i] = alphabet[bits >> (18 - 6 * i) & 0x3f];
    text_add(text, group);
}

void encode_url(struct text *text, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    for (; len > 0; at += len < 3 ? len : 3, len -= len < 3 ? len : 3)
        add_group(text, url, at, len < 3 ? len : 3);
}

bool is_url_char(char c)
{
    for (unsigned i = 0; url[i]; i++) {
        if (url[i] == c)
            return true;
    }
    return false;
}

size_t decode_url(const char *text, uint8_t *bytes, size_t room)
{
    uint32_t bits = 0;
    unsigned count = 0;
    size_t len = 0;

    for (; *text && *text != '='; text++) {
        uint32_t value = 0;

        while (url[value] && url[value] != *text)
            value++;
        if (!url[value])
            return 0;
        bits = bits << 6 | value;
        count += 6;
        if (count < 8)
            continue;
        count -= 8;
        if (len == room)
            return 0;
        bytes[len++] = (uint8_t)(bits >> count);
    }
    while (*text == '=')
        text++;
    return *text ? 0 : len;
}

void encode_pem(struct text *text, const char *label, const uint8_t *der, size_t len)
{
    text_add(text, "-----BEGIN ");
    text_add(text, label);
    text_add(text, "-----\n");
    for (size_t i = 0; i < len; i += 3) {
        const size_t left = len - i < 3 ? len - i : 3;

        add_group(text, plain, der + i, left);
        if (left < 3)
            text_add(text, left == 1 ? "==" : "=");
        if (i % 48 == 45 || i + 3 >= len) /* RFC 7468 2: lines of 64 characters */
            text_add(text, "\n");
    }
    text_add(text, "-----END ");
    text_add(text, label);
    text_add(text, "-----\n");
}

void der_put(struct der_out *out, const void *bytes, size_t len)
{
    if (out->full || (size_t)(out->at - out->first) < len) {
        out->full = true;
        return;
    }
    out->at -= len;
    memcpy(out->at, bytes, len);
}

void der_wrap(struct der_out *out, uint8_t tag, const uint8_t *end)
{
    const size_t len = (size_t)(end - out->at);
    uint8_t head[4] = {tag, (uint8_t)len};
    size_t head_len = 2;

    if (len >= 0x100) { /* X.690 10.1: the shortest form */
        head[1] = 0x82;
        head[2] = (uint8_t)(len >> 8);
        head[3] = (uint8_t)len;
        head_len = 4;
    } else if (len >= 0x80) {
        head[1] = 0x81;
        head[2] = (uint8_t)len;
        head_len = 3;
    }
    if (len > UINT16_MAX)
        out->full = true;
    der_put(out, head, head_len);
}
