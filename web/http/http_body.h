/*
 * http_body.h -- where the data of a request's body lies in what comes (RFC 9112 6.3, 7.1).
 *
 * The data itself is not looked at: who reads the body takes `left` bytes of it off the stream, and
 * gives what is between to http_body_framing().
 */
#ifndef HTTP_HTTP_BODY_H
#define HTTP_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_CHUNK_LINE_BYTES = 256, /* from the data of one chunk to that of the next */
    HTTP_TRAILER_BYTES = 8192    /* from the last chunk on */
};

enum http_body_phase {
    HTTP_BODY_DATA,    /* `left` bytes of data come next */
    HTTP_BODY_FRAMING, /* a line of the chunked coding */
    HTTP_BODY_OVER,    /* no more of the body */
    HTTP_BODY_BAD      /* the coding is broken: nobody knows where the next request begins */
};

struct http_body {
    uint64_t left;  /* of the data that comes next */
    uint64_t taken; /* of data so far */
    int state;      /* of the machine */
    uint16_t framing_bytes;
    uint8_t digits; /* of a chunk's size */
    uint8_t phase;  /* enum http_body_phase */
    bool chunked;
    bool last; /* the chunk of size 0 has come */
};

/* Begins: chunked, or of @length bytes. */
void http_body_start(struct http_body *body, bool chunked, uint64_t length);

/* In HTTP_BODY_FRAMING: reads up to @len bytes, not beyond the next data; returns how many. */
size_t http_body_framing(struct http_body *body, const uint8_t *bytes, size_t len);

/* In HTTP_BODY_DATA: @bytes of `left` have been taken. */
void http_body_take(struct http_body *body, uint64_t bytes);

#endif
