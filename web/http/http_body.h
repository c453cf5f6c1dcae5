/*
 * http_body.h -- finds the data of a request's body in the received bytes (RFC 9112 6.3, 7.1).
 *
 * The data itself is not read here: the caller takes `left` bytes of it off the stream, and passes
 * the bytes between them to http_body_framing().
 */
#ifndef HTTP_HTTP_BODY_H
#define HTTP_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_CHUNK_LINE_BYTES = 256, /* limit from the data of one chunk to that of the next */
    HTTP_TRAILER_BYTES = 8192    /* limit from the last chunk on */
};

enum http_body_phase {
    HTTP_BODY_DATA,    /* `left` bytes of data follow */
    HTTP_BODY_FRAMING, /* a line of the chunked coding follows */
    HTTP_BODY_OVER,    /* the body has ended */
    HTTP_BODY_BAD      /* the coding is invalid, so the next request can't be found */
};

struct http_body {
    uint64_t left;  /* of the data that follows */
    uint64_t taken; /* bytes of data so far */
    int state;      /* of the state machine */
    uint16_t framing_bytes;
    uint8_t digits; /* of a chunk's size */
    uint8_t phase;  /* enum http_body_phase */
    bool chunked;
    bool last; /* the chunk of size 0 was read */
};

/* Starts a body that is chunked or has @length bytes. */
void http_body_start(struct http_body *body, bool chunked, uint64_t length);

/* In HTTP_BODY_FRAMING: reads up to @len bytes, but no data. Returns the bytes read. */
size_t http_body_framing(struct http_body *body, const uint8_t *bytes, size_t len);

/* In HTTP_BODY_DATA: notes that the caller has taken @bytes of data. */
void http_body_take(struct http_body *body, uint64_t bytes);

#endif
