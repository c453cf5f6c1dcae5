/*
 * http_request.h -- reads the head of an HTTP/1.1 request (RFC 9112) as it arrives.
 *
 * The reader is a state machine (http_request.rl) that takes each byte once, in pieces of any size,
 * and stores only what the server needs. The only text that it stores is the path and, for routes,
 * query and media type.
 */
#ifndef HTTP_HTTP_REQUEST_H
#define HTTP_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_PATH_BYTES = 255,    /* limit of a decoded path; a longer one names no file and no route */
    HTTP_QUERY_BYTES = 255,   /* limit of the text after the question mark, for a route */
    HTTP_TYPE_BYTES = 127,    /* limit of a media type with its parameters */
    HTTP_LINE_BYTES = 8000,   /* limit of a request line (RFC 9112 3: at least 8000) */
    HTTP_HEAD_BYTES = 16384,  /* limit of a whole head */
    HTTP_DATE_BYTES = 48,     /* limit of a date, with some spaces after it */
    HTTP_TAGS = 4,            /* entity tags that are kept of a field */
    HTTP_SPANS = 16,          /* ranges of a request; one with more gets the whole file */
    HTTP_CODINGS_BYTES = 127, /* limit of the text of Accept-Encoding */
    HTTP_CREDENTIALS_BYTES = 255 /* limit of the text of Authorization */
};

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OTHER,  /* a method of RFC 9110 9 that is not supported: 405 */
    HTTP_UNKNOWN /* 501 */
};

/* The statuses of RFC 9110 15 that are used. */
enum http_status {
    HTTP_MORE = 0, /* the head isn't complete yet */
    HTTP_OK = 200,
    HTTP_PARTIAL_CONTENT = 206,
    HTTP_MOVED_PERMANENTLY = 301,
    HTTP_NOT_MODIFIED = 304,
    HTTP_BAD_REQUEST = 400,
    HTTP_UNAUTHORIZED = 401,
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
    HTTP_SERVER_ERROR = 500,
    HTTP_NOT_IMPLEMENTED = 501,
    HTTP_UNAVAILABLE = 503,
    HTTP_VERSION_NOT_SUPPORTED = 505
};

/* If-Match, If-None-Match, If-Range. Our tags are 16 hexadecimal digits; others can't match. */
struct http_tags {
    bool given;
    bool any;      /* "*" */
    uint8_t count; /* number of tags kept; further tags of the field match nothing */
    uint8_t weak;  /* bit i: tag i is weak */
    uint64_t tag[HTTP_TAGS];
};

/* A range of bytes (RFC 9110 14.1.2). */
struct http_span {
    uint64_t first; /* HTTP_SPAN_SUFFIX: the last `last` bytes */
    uint64_t last;  /* UINT64_MAX if it is not given */
};

#define HTTP_SPAN_SUFFIX UINT64_MAX

/* Fields with a date (RFC 9110 13.1.3, 13.1.4, 13.1.5). */
enum http_when {
    HTTP_MODIFIED_SINCE,
    HTTP_UNMODIFIED_SINCE,
    HTTP_RANGE_SINCE, /* If-Range, which may have a tag instead */
    HTTP_WHENS
};

/* Parts of a head that only routes and folders need. */
struct http_words {
    uint8_t query_len;
    uint8_t type_len; /* length of Content-Type without surrounding spaces */
    uint8_t codings_len;
    uint8_t credentials_len;
    bool query_too_long;
    bool type_too_long;
    bool codings_too_long;
    bool credentials_too_long;                /* or the field occurs twice */
    char codings[HTTP_CODINGS_BYTES];         /* Accept-Encoding, all lines, each after a comma */
    char credentials[HTTP_CREDENTIALS_BYTES]; /* Authorization */
    char query[HTTP_QUERY_BYTES];             /* as received, not decoded */
    char type[HTTP_TYPE_BYTES];
};

struct http_said;

struct http_request {
    int state;             /* state of the state machine */
    uint32_t bytes;        /* length of the head so far */
    uint16_t status;       /* enum http_status: MORE, OK, or the refusal */
    uint8_t method;        /* enum http_method */
    uint8_t minor_version; /* 0, or 1 for all later ones (RFC 9110 2.5) */
    uint8_t range_fields;
    uint8_t span_count; /* 0: no ranges, or some that may be ignored (RFC 9110 14.2) */
    uint8_t spans_read; /* so far; HTTP_SPANS + 1: too many, or an invalid one */
    uint8_t codings;    /* number of codings in Transfer-Encoding; 2: two or more */
    bool line_done;     /* the request line is complete */
    bool host;          /* the head has a Host field */
    bool length_given;  /* the head has a Content-Length field */
    bool type_given;    /* the head has a Content-Type field */
    bool close;         /* "Connection: close" */
    bool keep_alive;    /* "Connection: keep-alive" */
    bool chunked;       /* the first line of Transfer-Encoding is "chunked" */
    bool ends_chunked;  /* the last line of it ends in "chunked" */
    bool ended_early;   /* a coding follows "chunked" */
    bool expect_continue;
    bool expect_other;
    bool path_too_long; /* the path names no file and no route */
    uint8_t octet;      /* value of a %-encoded character */
    uint8_t path_len;
    uint8_t route_methods; /* enum leat_http_method: methods of all routes with this path */
    uint64_t content_length;
    struct http_span span; /* the range that is being read */
    uint64_t tag;          /* the tag that is being read */
    struct http_tags if_match;
    struct http_tags if_none_match;
    struct http_tags if_range;
    uint8_t when; /* enum http_when: the field that is being read */
    uint8_t when_len;
    char when_text[HTTP_DATE_BYTES]; /* its value as received */
    uint8_t when_fields[HTTP_WHENS]; /* 2 stands for more */
    uint64_t when_s[HTTP_WHENS];     /* seconds since 1970; 0: no date, or ignored */
    char path[HTTP_PATH_BYTES];      /* decoded, without the query, without a NUL */
    struct http_span spans[HTTP_SPANS];
    struct http_words *words; /* NULL: not kept */
    struct http_said *said;   /* for a log (http_said.h), set after the start; NULL: not kept */
};

/* Prepares for the next request. @words, or NULL, stores what routes need. */
void http_request_start(struct http_request *request, struct http_words *words);

/* Reads @len bytes, or up to the end of the head. Returns the bytes read. When request->status is
 * no longer HTTP_MORE, the machine has stopped. */
size_t http_request_read(struct http_request *request, const uint8_t *bytes, size_t len);

/* True if the connection persists after this request (RFC 9112 9.3). */
bool http_request_persists(const struct http_request *request);

/* False if the body is chunked or waits for 100 (Continue): without reading it, its end can't be
 * known, or whether it is sent at all. */
bool http_request_body_is_plain(const struct http_request *request);

/* True if @tags contain @tag. Weak comparison includes weak tags (RFC 9110 8.8.3.2). */
bool http_tags_have(const struct http_tags *tags, uint64_t tag, bool weakly);

#endif
