/*
 * http_folder.h -- a server's folder: the files and redirects at its paths.
 *
 *      http_folder.c      the path, redirects, the file and its compressed twins, the page of a 404
 *      http_passwords.c   basic authentication
 *      http_types.c       media types
 */
#ifndef HTTP_HTTP_FOLDER_H
#define HTTP_HTTP_FOLDER_H

#include <leat/files.h>
#include <leat/http_folder.h>

#include "web/http/http_reply.h"

enum {
    HTTP_REDIRECT_BYTES = 255, /* limit of leat_http_redirect.to */
    HTTP_ROOT_BYTES = 100      /* limit of leat_http_folder_config.root */
};

/* A client's file. */
struct http_opened {
    struct leat_file file; /* without a source: there is none */
    uint8_t path_len;
    char path[LEAT_FILE_PATH_BYTES]; /* of the request, in the normal form of files.h */
};

/* A request, and the client's address. */
struct http_asked {
    const struct http_request *request;
    struct leat_ip client;
};

/* The server calls a folder by this table, so that a program without folders links none. */
struct leat_http_folder_find {
    /* Finds what the path of @request leads to. A file that was open is released before; the one
     * that is found stays open. */
    void (*find)(const struct leat_http_folder *folder, const struct http_asked *asked,
                 struct http_opened *opened, struct http_found *found);
};

/* Releases the client's file, if there is one. */
static inline void http_opened_close(struct http_opened *opened)
{
    struct leat_files *source = opened->file.source;

    opened->file.source = NULL;
    if (source && source->release)
        source->release(source, &opened->file);
}

/* Whether the request's user may have files; with LEAT_HTTP_LOGIN_LATER, @retry_s is written. */
enum leat_http_login_answer http_folder_judge(const struct leat_http_folder *folder,
                                              const struct http_asked *asked, uint16_t *retry_s);

/* True if a file with this name doesn't become much shorter by compression. */
bool http_type_is_dense(const char *name, size_t len);

#endif
