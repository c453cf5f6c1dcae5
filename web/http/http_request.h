/*
 * http_request.h -- the head of an HTTP/1.1 request (RFC 9112), read as it comes.
 *
 * The reader is a machine (http_request.rl) that takes the bytes once, in pieces of any size, and
 * keeps of them only what the server must know: nothing of the head is stored but its path and, for
 * handlers, its query and media type.
 */
#ifndef HTTP_HTTP_REQUEST_H
#define HTTP_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_PATH_BYTES = 255,   /* of a decoded path; no longer one names anything */
    HTTP_QUERY_BYTES = 255,  /* of what is behind the question mark, for a handler */
    HTTP_TYPE_BYTES = 127,   /* of a media type with its parameters */
    HTTP_LINE_BYTES = 8000,  /* of a request line (RFC 9112 3: at least) */
    HTTP_HEAD_BYTES = 16384, /* of a whole head */
    HTTP_DATE_BYTES = 48,    /* more than a date with some blanks behind it has */
    HTTP_TAGS = 4            /* entity tags of one field that could be ours */
};

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OTHER,  /* of RFC 9110 9, but none that anything here has: 405 */
    HTTP_UNKNOWN /* 501 */
};

/* The statuses of RFC 9110 15 that are used. */
enum http_status {
    HTTP_MORE = 0, /* of a request: its head isn't whole yet */
    HTTP_OK = 200,
    HTTP_PARTIAL_CONTENT = 206,
    HTTP_NOT_MODIFIED = 304,
    HTTP_BAD_REQUEST = 400,
    HTTP_NOT_FOUND = 404,
    HTTP_METHOD_NOT_ALLOWED = 405,
    HTTP_REQUEST_TIMEOUT = 408,
    HTTP_PRECONDITION_FAILED = 412,
    HTTP_CONTENT_TOO_LARGE = 413,
    HTTP_URI_TOO_LONG = 414,
    HTTP_RANGE_NOT_SATISFIABLE = 416,
    HTTP_EXPECTATION_FAILED = 417,
    HTTP_TOO_EARLY = 425, /* RFC 8470 5.2 */
    HTTP_FIELDS_TOO_LARGE = 431,
    HTTP_NOT_IMPLEMENTED = 501,
    HTTP_VERSION_NOT_SUPPORTED = 505
};

/* If-Match, If-None-Match, If-Range.  Ours are 16 hexadecimal digits; no other tag can match. */
struct http_tags {
    bool given;
    bool any;      /* "*" */
    uint8_t count; /* of those that are kept: more can only miss */
    uint8_t weak;  /* bit i: tag i is */
    uint64_t tag[HTTP_TAGS];
};

enum http_range {
    HTTP_RANGE_NONE,  /* none, or one that may be ignored (RFC 9110 14.2) */
    HTTP_RANGE_FROM,  /* first to last; last is UINT64_MAX if not given */
    HTTP_RANGE_SUFFIX /* the last `last` bytes */
};

/* The fields that have a date (RFC 9110 13.1.3, 13.1.4, 13.1.5). */
enum http_when {
    HTTP_MODIFIED_SINCE,
    HTTP_UNMODIFIED_SINCE,
    HTTP_RANGE_SINCE, /* If-Range, which may have a tag instead */
    HTTP_WHENS
};

/* Words of a head that only handlers ask for. */
struct http_words {
    uint8_t query_len;
    uint8_t type_len; /* of Content-Type, spaces around it cut off */
    bool query_too_long;
    bool type_too_long;
    char query[HTTP_QUERY_BYTES]; /* as it came: not decoded */
    char type[HTTP_TYPE_BYTES];
};

struct http_request {
    int state;             /* of the machine */
    uint32_t bytes;        /* of the head so far */
    uint16_t status;       /* enum http_status: MORE, OK, or the refusal */
    uint8_t method;        /* enum http_method */
    uint8_t minor_version; /* 0, or 1 for all later ones (RFC 9110 2.5) */
    uint8_t range;         /* enum http_range */
    uint8_t range_fields;
    uint8_t codings; /* in Transfer-Encoding; 2 stands for more */
    bool line_done;  /* the request line is over */
    bool host;       /* these three: the field was there */
    bool length_given;
    bool type_given;
    bool close;      /* "Connection: close" */
    bool keep_alive; /* "Connection: keep-alive" */
    bool chunked;    /* a line "Transfer-Encoding: chunked" */
    bool expect_continue;
    bool expect_other;
    bool path_too_long; /* it names nothing */
    uint8_t octet;      /* of a %-encoded character */
    uint8_t path_len;
    uint8_t route_methods; /* enum leat_http_method: of the routes that have the path */
    uint64_t content_length;
    uint64_t first; /* the range */
    uint64_t last;
    uint64_t tag; /* the one that is being read */
    struct http_tags if_match;
    struct http_tags if_none_match;
    struct http_tags if_range;
    uint8_t when; /* enum http_when: whose date is being read */
    uint8_t when_len;
    char when_text[HTTP_DATE_BYTES]; /* of it, as it came */
    uint8_t when_fields[HTTP_WHENS]; /* 2 stands for more */
    uint64_t when_s[HTTP_WHENS];     /* seconds since 1970; 0: no date, or one to be ignored */
    char path[HTTP_PATH_BYTES];      /* decoded, without the query; no NUL behind it */
    struct http_words *words;        /* NULL: not kept */
};

/* Makes ready for the next request; @words, or NULL, take what handlers want to know. */
void http_request_start(struct http_request *request, struct http_words *words);

/* Reads @len bytes or up to the end of the head; returns how many.  Look at request->status then:
 * once it isn't HTTP_MORE the machine has stopped. */
size_t http_request_read(struct http_request *request, const uint8_t *bytes, size_t len);

/* True if the connection can go on after this request (RFC 9112 9.3). */
bool http_request_persists(const struct http_request *request);

/* False if the body is in chunks or waits to be asked for: nobody who doesn't read it knows where
 * it ends, or whether it comes at all. */
bool http_request_body_is_plain(const struct http_request *request);

/* Is @tag among @tags?  Weak comparison takes weak ones too (RFC 9110 8.8.3.2). */
bool http_tags_have(const struct http_tags *tags, uint64_t tag, bool weakly);

#endif
