/* http_said.h -- the parts of a request that only an access log needs, as they came. */
#ifndef HTTP_HTTP_SAID_H
#define HTTP_HTTP_SAID_H

#include <leat/http_server.h>

struct http_said_field {
    uint16_t len;
    uint8_t lines; /* 2 stands for more: the first one is kept */
    bool is_cut;
    char bytes[LEAT_HTTP_ACCESS_FIELD_BYTES];
};

struct http_said {
    uint16_t line_len;
    bool line_over;
    bool line_is_cut;
    struct http_said_field referer;
    struct http_said_field agent;
    char line[LEAT_HTTP_ACCESS_LINE_BYTES];
};

/* Forgets the request before. */
void http_said_clear(struct http_said *said);

/* Keeps those of @bytes that belong to the request line. */
void http_said_line(struct http_said *said, const uint8_t *bytes, size_t len);

/* A line of the field begins. */
void http_said_start(struct http_said_field *field);

/* An octet of its value. */
void http_said_add(struct http_said_field *field, uint8_t octet);

/* Length of the value without the spaces behind it. */
size_t http_said_len(const struct http_said_field *field);

#endif
