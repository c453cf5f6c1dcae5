/*
 * http_reply.h -- the choice of a reply, and its head. Pure functions of their arguments.
 */
#ifndef HTTP_HTTP_REPLY_H
#define HTTP_HTTP_REPLY_H

#include <leat/civil.h>
#include <leat/http_server.h>

#include "web/http/http_request.h"

enum {
    HTTP_REPLY_HEAD_BYTES = 384, /* limit of a head, with the text of a refusal */
    HTTP_ROUTE_HEAD_BYTES = 640, /* limit of a route's head */
    HTTP_HEAD_END_BYTES = 4,     /* "\r\n\r\n" */
    HTTP_ROUTE_FIELDS_BYTES = 256,
    HTTP_FILE_TYPE_BYTES = 100, /* limit of a file's media type */
    HTTP_BODY_MAX = 65536       /* of a request; a longer one isn't worth reading */
};

/* An entry of the table of files. */
struct http_entry {
    const struct leat_http_file *file; /* NULL: free */
    uint8_t path_len;                  /* of file->path; shorter for the folder of an index.html */
};

/* Open addressing. The size is a power of two, and at most half of it is in use. */
struct http_table {
    struct http_entry *entries;
    uint32_t mask;
};

/* A reply, before its head is written. */
struct http_reply {
    enum http_status status;
    uint8_t allow;    /* enum leat_http_method, for 405 */
    bool close;       /* end the connection after it */
    const char *body; /* of a file; a refusal's body is in its head */
    uint32_t body_len;
    uint32_t first; /* of a range: offset in the file */
    const struct leat_http_file *file;
};

/* The time for a reply. */
struct http_now {
    uint64_t civil_ns;                /* never 0 */
    char date[LEAT_CIVIL_HTTP_BYTES]; /* civil_ns as text */
};

/* Size of the table for @file_count files. */
uint32_t http_table_entries(uint32_t file_count);

/* Enters @file. False: its path or its type is invalid. */
bool http_table_add(const struct http_table *table, const struct leat_http_file *file);

/* The file with this path, or NULL. */
const struct leat_http_file *http_table_find(const struct http_table *table, const char *path,
                                             size_t len);

/* The reply to a request whose head is complete. */
struct http_reply http_answer(const struct http_table *table, const struct http_request *request);

/* Writes the head of @reply, at most HTTP_REPLY_HEAD_BYTES. Returns its length. Without @now there
 * is no Date (RFC 9110 6.6.1). */
size_t http_reply_head(const struct http_reply *reply, const struct http_request *request,
                       const struct http_now *now, char *head);

/* Writes the head of a route's reply, at most HTTP_ROUTE_HEAD_BYTES. Returns its length. */
size_t http_route_head(const struct leat_http_head *reply, const struct http_request *request,
                       bool close, const struct http_now *now, char *head);

/* The method of @request for programs; 0: none of theirs. */
enum leat_http_method http_method_bit(const struct http_request *request);

#endif
