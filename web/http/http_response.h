/*
 * http_response.h -- the head of an HTTP/1.1 reply (RFC 9112 4), read as it comes.
 *
 * The reader is a machine (http_response.rl) that takes the bytes once, in pieces of any size.  It
 * keeps what says where the body ends; the text of the fields is its user's to keep.
 */
#ifndef HTTP_HTTP_RESPONSE_H
#define HTTP_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_verdict {
    HTTP_VERDICT_MORE, /* the head isn't whole yet */
    HTTP_VERDICT_GOOD,
    HTTP_VERDICT_BAD /* it breaks the format, or two programs could read it differently */
};

struct http_response {
    int state; /* of the machine */
    uint16_t status;
    uint8_t verdict;       /* enum http_verdict */
    uint8_t minor_version; /* 0, or 1 for all later ones (RFC 9110 2.5) */
    uint8_t codings;       /* in Transfer-Encoding; 2 stands for more */
    bool length_given;
    bool chunked; /* a line "Transfer-Encoding: chunked" */
    bool close;   /* "Connection: close" */
    bool keep_alive;
    uint64_t content_length;
};

/* Makes ready for a head. */
void http_response_start(struct http_response *response);

/* Reads @len bytes or up to the end of the head; returns how many.  Look at response->verdict then:
 * once it isn't HTTP_VERDICT_MORE the machine has stopped. */
size_t http_response_read(struct http_response *response, const uint8_t *bytes, size_t len);

/* True for an interim reply: another one follows (RFC 9110 15.2). */
static inline bool http_response_is_interim(const struct http_response *response)
{
    return response->status < 200;
}

/* True if the connection can go on after this reply (RFC 9112 9.3). */
static inline bool http_response_persists(const struct http_response *response)
{
    return !response->close && (response->minor_version > 0 || response->keep_alive);
}

#endif
