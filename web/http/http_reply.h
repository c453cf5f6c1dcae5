/*
 * http_reply.h -- which reply a request gets, and its head.  Touches nothing but its arguments.
 */
#ifndef HTTP_HTTP_REPLY_H
#define HTTP_HTTP_REPLY_H

#include <leat/civil.h>
#include <leat/http_server.h>

#include "web/http/http_request.h"

enum {
    HTTP_REPLY_HEAD_BYTES = 384, /* the longest head, with the text of a refusal */
    HTTP_ROUTE_HEAD_BYTES = 640, /* the longest of a route */
    HTTP_HEAD_END_BYTES = 4,     /* "\r\n\r\n" */
    HTTP_ROUTE_FIELDS_BYTES = 256,
    HTTP_FILE_TYPE_BYTES = 100, /* the longest media type of a file */
    HTTP_BODY_MAX = 65536       /* of a request: a longer one isn't worth reading */
};

/* Where a file is found by its path. */
struct http_entry {
    const struct leat_http_file *file; /* NULL: free */
    uint8_t path_len;                  /* of file->path: less for the folder of an index.html */
};

/* An open-addressed table, its size a power of two and at most half full. */
struct http_table {
    struct http_entry *entries;
    uint32_t mask;
};

/* A reply: its head is made, its body lies in the file. */
struct http_reply {
    enum http_status status;
    uint8_t allow;    /* enum leat_http_method, for 405 */
    bool close;       /* ... the connection after it */
    const char *body; /* of a file; refusals have theirs in the head */
    uint32_t body_len;
    uint32_t first; /* of a part: where in the file it begins */
    const struct leat_http_file *file;
};

/* What time a reply tells. */
struct http_now {
    uint64_t civil_ns;                /* never 0 */
    char date[LEAT_CIVIL_HTTP_BYTES]; /* the same for people */
};

/* Entries of a table for so many files. */
uint32_t http_table_entries(uint32_t file_count);

/* Enters @file; false if its path or its type can't be. */
bool http_table_add(const struct http_table *table, const struct leat_http_file *file);

/* The file that @path names, or NULL. */
const struct leat_http_file *http_table_find(const struct http_table *table, const char *path,
                                             size_t len);

/* The reply to a request whose head is over. */
struct http_reply http_answer(const struct http_table *table, const struct http_request *request);

/* Writes the head of @reply to @request, HTTP_REPLY_HEAD_BYTES at most; returns its length.  @now
 * is NULL where nobody knows the time: then there is no Date (RFC 9110 6.6.1). */
size_t http_reply_head(const struct http_reply *reply, const struct http_request *request,
                       const struct http_now *now, char *head);

/* Writes the head of a route's reply, HTTP_ROUTE_HEAD_BYTES at most; returns its length. */
size_t http_route_head(const struct leat_http_head *reply, const struct http_request *request,
                       bool close, const struct http_now *now, char *head);

/* The method of @request as programs know it; 0: none of theirs. */
enum leat_http_method http_method_bit(const struct http_request *request);

#endif
