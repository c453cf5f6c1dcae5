/*
 * http_response.h -- reads the head of an HTTP/1.1 reply (RFC 9112 4) as it arrives.
 *
 * The reader is a state machine (http_response.rl) that takes each byte once, in pieces of any
 * size. It stores only what determines the end of the body. The caller stores the fields.
 */
#ifndef HTTP_HTTP_RESPONSE_H
#define HTTP_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_verdict {
    HTTP_VERDICT_MORE, /* the head isn't complete yet */
    HTTP_VERDICT_GOOD,
    HTTP_VERDICT_BAD /* it is invalid, or two programs could read it differently */
};

struct http_response {
    int state; /* of the state machine */
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

/* Prepares for a head. */
void http_response_start(struct http_response *response);

/* Reads @len bytes, or up to the end of the head. Returns the bytes read. When response->verdict is
 * no longer HTTP_VERDICT_MORE, the machine has stopped. */
size_t http_response_read(struct http_response *response, const uint8_t *bytes, size_t len);

/* True for an interim reply, after which another one follows (RFC 9110 15.2). */
static inline bool http_response_is_interim(const struct http_response *response)
{
    return response->status < 200;
}

/* True if the connection persists after this reply (RFC 9112 9.3). */
static inline bool http_response_persists(const struct http_response *response)
{
    return !response->close && (response->minor_version > 0 || response->keep_alive);
}

#endif
