/* head.c -- a head in HTTP/1.1, read into the fields of HTTP/2. */
#include "inside.h"

#include <string.h>

static nghttp2_nv field_of(char *name, size_t name_len, char *value, size_t value_len)
{
    return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, name_len, value_len,
                        NGHTTP2_NV_FLAG_NONE};
}

nghttp2_nv http2_head_pseudo(const char *name, char *value, size_t value_len)
{
    return field_of((char *)(uintptr_t)name, strlen(name), value, value_len);
}

static bool is_named(const nghttp2_nv *field, const char *text)
{
    const size_t len = strlen(text);

    return field->namelen == len && memcmp(field->name, text, len) == 0;
}

static bool is_blank(char octet)
{
    return octet == ' ' || octet == '\t';
}

/* Reads "Name: value" of @len bytes; the name becomes lower case (RFC 9113 8.2). False: it is no
 * field. */
static bool read_field(char *line, size_t len, nghttp2_nv *field)
{
    size_t name_len = 0, at;

    while (name_len < len && line[name_len] != ':') {
        char *octet = &line[name_len++];

        if (*octet >= 'A' && *octet <= 'Z')
            *octet = (char)(*octet - 'A' + 'a');
    }
    if (name_len == 0 || name_len == len)
        return false;
    at = name_len + 1;
    while (at < len && is_blank(line[at]))
        at++;
    while (len > at && is_blank(line[len - 1]))
        len--;
    *field = field_of(line, name_len, line + at, len - at);
    return nghttp2_check_header_name(field->name, field->namelen) &&
           nghttp2_check_header_value(field->value, field->valuelen);
}

/* True for the fields of a connection, which HTTP/2 doesn't have (RFC 9113 8.2.2). */
static bool is_of_connection(const nghttp2_nv *field)
{
    return is_named(field, "connection") || is_named(field, "keep-alive") ||
           is_named(field, "transfer-encoding") || is_named(field, "upgrade") ||
           is_named(field, "proxy-connection");
}

/* The server and the client are ours, so their lengths are legal. */
static uint64_t number(const nghttp2_nv *field)
{
    uint64_t value = 0;

    for (size_t i = 0; i < field->valuelen; i++)
        value = value * 10 + (uint64_t)(field->value[i] - '0');
    return value;
}

/* Notes what a field says about the message. True: it is one of HTTP/2, too. */
static bool note(struct http2_head *head, const nghttp2_nv *field)
{
    head->chunked |= is_named(field, "transfer-encoding");
    if (is_named(field, "content-length")) {
        head->has_length = true;
        head->length = number(field);
    }
    if (is_named(field, "host")) {
        head->host = *field;
        return !head->is_request; /* it becomes :authority */
    }
    return !is_of_connection(field);
}

void http2_head_read(struct http2_head *head, struct leat_http2 *http2, size_t len)
{
    char *text = http2->scratch;
    size_t at = 0;

    while (at < len && head->count < HTTP2_FIELDS_MAX) {
        const char *end = memchr(text + at, '\r', len - at);
        const size_t line = at, line_len = end ? (size_t)(end - text) - at : len - at;
        nghttp2_nv *field = &http2->fields[head->count];

        at += line_len + 2;
        if (line == 0) /* the request line, or the status line */
            head->line_len = line_len;
        else if (read_field(text + line, line_len, field))
            head->count += note(head, field);
    }
}

size_t http2_head_len(const char *bytes, size_t have)
{
    for (size_t i = 3; i < have; i++) {
        if (bytes[i] == '\n' && bytes[i - 1] == '\r' && bytes[i - 2] == '\n' &&
            bytes[i - 3] == '\r')
            return i + 1;
    }
    return 0;
}
