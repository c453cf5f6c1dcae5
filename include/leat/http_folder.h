/*
 * http_folder.h -- files of a source (files.h) that a server of HTTP serves: an archive, files that
 * were built in, a folder of the host.
 *
 * The server asks its folder (leat_http_server_config.folder) for each path that no route and no
 * file of the configuration has.  Contents that lie in memory are lent to the stack and never
 * copied; others are read into its buffers as they are sent.
 *
 *  - "/docs/" is "/docs/index.html", and "/docs" is redirected there.  There are no listings.
 *  - The media type follows from the end of the name (leat_http_type()).
 *  - Compressed files have the same name with ".zst", ".br" or ".gz" behind.  If the client accepts
 *    one, it is sent instead, with Content-Encoding.  Among several that the client likes equally,
 *    the shortest is sent.  A compressed file that is older than the file is ignored.
 *  - Conditions and ranges are those of http_server.h.  The entity tag is leat_file.tag, and
 * strong.
 *  - Names that begin with a dot are not found, except "/.well-known/" (RFC 8615).
 */
#ifndef LEAT_HTTP_FOLDER_H
#define LEAT_HTTP_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/addr.h>
#include <leat/err.h>
#include <leat/files.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A path that is elsewhere now. */
struct leat_http_redirect {
    const char *from; /**< decoded: "/old"; if "*" is its last character, all paths that begin so */
    const char *to;  /**< a path or URL, encoded, at most 255 bytes; for "*" the rest of the path is
                          appended.  The query, too, is kept */
    uint16_t status; /**< 301, 302, 303, 307 or 308; 0: 301 (RFC 9110 15.4) */
};

/** A user who wants a file (RFC 7617).  Both strings are as the client sent them, at most 190 bytes
 * together. */
struct leat_http_login {
    const char *name;      /**< of the user */
    const char *password;  /**< of the user */
    struct leat_ip client; /**< the client's address */
    uint16_t retry_s;      /**< 1; with LEAT_HTTP_LOGIN_LATER the seconds until it may ask again */
};

/** An answer to a struct leat_http_login. */
enum leat_http_login_answer {
    LEAT_HTTP_LOGIN_REFUSED, /**< 401, with a challenge */
    LEAT_HTTP_LOGIN_ALLOWED, /**< the file */
    LEAT_HTTP_LOGIN_LATER    /**< 503 with Retry-After: the password wasn't looked at */
};

/** Options.  Every 0 means the default named beside it. */
struct leat_http_folder_config {
    struct leat_files *files;                   /**< the source */
    const char *root;                           /**< the folder of it that is served, in the normal
                                                     form of files.h, at most 100 bytes: all */
    const char *not_found;                      /**< the page of replies 404: "404.html" */
    const struct leat_http_redirect *redirects; /**< the first that fits is used, before files */
    uint16_t redirect_count;                    /**< in the array */
    /**
     * Decides whether the user @p name may have a file, by basic authentication (RFC 7617), for
     * each request.  Both strings are as the client sent them, at most 190 bytes together.  NULL:
     * everyone may.  leat_http_passwords_allow() is one.
     */
    bool (*allows)(void *arg, const char *name, const char *password);
    void *allows_arg;  /**< its first argument, also of `judge` */
    const char *realm; /**< at most 64 bytes, without '"' and '\': "files" */
    /** Is asked in place of `allows`, if it isn't NULL: it also learns which client asks, and may
     * let it wait. */
    enum leat_http_login_answer (*judge)(void *arg, struct leat_http_login *login);
    uint64_t reserved[LEAT_RESERVED - 1]; /**< for members of later versions; all 0 */
};

struct leat_http_folder_find;

/** A folder; its members are private. */
struct leat_http_folder {
    struct leat_http_folder_config config;    /**< with the defaults filled in */
    const struct leat_http_folder_find *find; /**< set here, so that others link none of it */
};

/**
 * Prepares a folder for leat_http_server_config.folder.  All that @p config names must
 * stay valid until the server is closed and all replies are sent.
 * Errors: LEAT_ERR_ARGUMENT (no source, an illegal root, redirect or realm).
 */
enum leat_err leat_http_folder_open(struct leat_http_folder *folder,
                                    const struct leat_http_folder_config *config);

/** Names and passwords. */
struct leat_http_passwords {
    const char *lines; /**< "name:password" in each; empty ones and those with '#' in front are
                            skipped */
    size_t len;        /**< length of `lines` */
    /** Verifies a password that is stored as a hash: what follows the colon begins with '$'
     * (crypt(5)).  NULL: such users are refused. */
    bool (*verify)(const char *password, const char *hash, size_t hash_len);
};

/** For leat_http_folder_config.allows; @p arg is a struct leat_http_passwords.  How long it takes
 * depends neither on which name matches nor on where a password differs, except for `verify`. */
bool leat_http_passwords_allow(void *arg, const char *name, const char *password);

/**
 * The media type of a file by the end of its name, which has @p len bytes: "text/html;
 * charset=utf-8" for "index.html".  "application/octet-stream" if it is unknown.  Static memory.
 */
const char *leat_http_type(const char *name, size_t len);

#ifdef __cplusplus
}
#endif
#endif
