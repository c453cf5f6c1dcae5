/*
 * http_reply.h -- the choice of a reply, and its head. Pure functions of their arguments.
 *
 *      http_table.c   the server's files by their paths
 *      http_reply.c   chooses the reply: conditions and ranges
 *      http_head.c    writes its head, and those of its parts
 */
#ifndef HTTP_HTTP_REPLY_H
#define HTTP_HTTP_REPLY_H

#include <leat/civil.h>
#include <leat/http_server.h>

#include "web/http/http_request.h"

enum {
    HTTP_REPLY_HEAD_BYTES = 448,   /* limit of the head of a file, with the text of a refusal */
    HTTP_FOLDER_HEAD_BYTES = 1536, /* limit of a head for a folder: it may have a Location of */
    HTTP_LOCATION_BYTES = 1024,
    HTTP_REALM_BYTES = 64,
    HTTP_PART_BYTES = 256,       /* limit of the head of a part, its delimiter among it */
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

/* The content that is sent for a path. */
struct http_content {
    const char *type;     /* NULL: there is none */
    const char *bytes;    /* NULL: it doesn't lie in memory, or is empty */
    uint64_t len;         /* of `bytes` */
    uint64_t tag;         /* 0: none */
    uint64_t modified_ns; /* 0: unknown */
    const char *coding;   /* for Content-Encoding; NULL: none */
    bool varies;          /* other requests may get another one (RFC 9110 12.5.5) */
};

/* Where a redirect leads: `to`, and a decoded path behind it. */
struct http_target {
    const char *to;   /* as it is sent; NULL: there is no redirect */
    const char *path; /* "" or more, to be encoded */
    size_t path_len;
    bool slash; /* one follows */
};

/* The result of looking for a path. */
struct http_found {
    enum http_status status; /* OK, NOT_FOUND, UNAUTHORIZED, UNAVAILABLE, or that of a redirect */
    const struct leat_http_file *file; /* NULL: the content is a folder's */
    struct http_content content;       /* with NOT_FOUND: the page that says so */
    struct http_target target;
    const char *realm; /* for UNAUTHORIZED */
    uint16_t retry_s;  /* for UNAVAILABLE: when to ask again */
};

/* A reply, before its head is written. */
struct http_reply {
    enum http_status status;
    uint8_t allow;     /* enum leat_http_method, for 405 */
    bool close;        /* end the connection after it */
    uint8_t parts;     /* ranges, if there are several; else 0 */
    uint64_t first;    /* of a single range: offset in the content */
    uint64_t body_len; /* of the content that is sent; a refusal's text is in its head */
    uint64_t boundary; /* between parts */
    const struct http_found *found; /* NULL: the request was refused */
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

/* Fills in @found for a file of the table; NULL: there is none. */
void http_found_file(struct http_found *found, const struct leat_http_file *file);

/* The reply to a request whose head is complete, where @found is at its path. The ranges of
 * @request become those that are sent; @boundary shall not occur between them. */
struct http_reply http_answer(struct http_request *request, const struct http_found *found,
                              uint64_t boundary);

/* True if the Location of a redirect has at most HTTP_LOCATION_BYTES. */
bool http_target_fits(const struct http_target *target, const struct http_request *request);

/* Length of @text, at most @max + 1. */
size_t http_length(const char *text, size_t max);

/* Writes the head of @reply, at most HTTP_REPLY_HEAD_BYTES, or HTTP_FOLDER_HEAD_BYTES for one that
 * a folder has found. Returns its length. Without @now there is no Date (RFC 9110 6.6.1). */
size_t http_reply_head(const struct http_reply *reply, const struct http_request *request,
                       const struct http_now *now, char *head);

/* Bytes at the end of that head which are its body: the text of a refusal. */
size_t http_refusal_bytes(const struct http_reply *reply, const struct http_request *request);

/* Writes the delimiter and head of part @part of a reply in parts, at most HTTP_PART_BYTES; for the
 * number behind the last part, the final delimiter. Returns its length. */
size_t http_part_head(const struct http_reply *reply, const struct http_request *request,
                      unsigned part, char *head);

/* Writes the head of a route's reply, at most HTTP_ROUTE_HEAD_BYTES. Returns its length. */
size_t http_route_head(const struct leat_http_head *reply, const struct http_request *request,
                       bool close, const struct http_now *now, char *head);

/* The method of @request for programs; 0: none of theirs. */
enum leat_http_method http_method_bit(const struct http_request *request);

#endif
