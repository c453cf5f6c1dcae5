/*
 * acme.h -- certificates of an authority, obtained and renewed by the program itself: a client of
 * ACME (RFC 8555; library leat-acme).
 *
 * The client makes the keys, orders a certificate for all of its names, proves that the names lead
 * to this machine, and hands the certificate to the program.  It renews the certificate at two
 * thirds of its lifetime, or when the authority suggests it (RFC 9773).  Whatever fails, the old
 * certificate stays in use, and the client tries again later.
 *
 *      leat_acme_open -> on_certificate (from the store, or new) -> on_certificate (renewed) ...
 *
 * Proofs are answered by the program's own servers: http-01 by a route of its HTTP server at port
 * 80 (leat_acme_route()), tls-alpn-01 by its TLS at port 443 (leat_acme_config.tls, RFC 8737).
 * Names with "*" need a proof by DNS, which this client doesn't have.
 *
 * Callbacks come from leat_poll() only.
 */
#ifndef LEAT_ACME_H
#define LEAT_ACME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/crypto.h>
#include <leat/err.h>
#include <leat/http_client.h>
#include <leat/http_exchange.h>
#include <leat/stack.h>
#include <leat/tls.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Limits. */
enum {
    LEAT_ACME_NAMES_MAX = 16,      /**< of one certificate */
    LEAT_ACME_VALUE_BYTES = 24576, /**< of a kept value: a key, and its certificates, in PEM */
    LEAT_ACME_WHY_BYTES = 256,     /**< of a reason in words, with its NUL */
    LEAT_ACME_BINDING_BYTES = 128  /**< of the key of an external account */
};

/** The names of the two values that are kept. */
#define LEAT_ACME_ACCOUNT "acme-account" /**< the account's key, in PEM */
#define LEAT_ACME_CERTIFICATE                                                                      \
    "acme-certificate" /**< the certificate's key, then its chain, in PEM */

struct leat_acme;

/**
 * A place where keys and certificates are kept: values under names, such as leat/store.h or a
 * folder.  One request at a time is made.  The end of a request is told by leat_acme_kept(), during
 * the call or later.
 */
struct leat_acme_keep {
    /** Reads the value of @p name to @p to, which has @p room bytes and stays until the end.
     * leat_acme_kept() gets LEAT_ERR_NOT_FOUND if there is none. */
    void (*get)(void *context, struct leat_acme *acme, const char *name, void *to, size_t room);
    /** Replaces the value of @p name by @p value of @p len bytes, which stays as it is until the
     * end.  A power cut must leave the old value or the new one.  The value is secret. */
    void (*put)(void *context, struct leat_acme *acme, const char *name, const void *value,
                size_t len);
    void *context; /**< their first argument */
};

/** Options.  Every 0 means the default named beside it. */
struct leat_acme_config {
    const struct leat_crypto *crypto; /**< the provider; must outlive the client */
    struct leat_http_client *client;  /**< for the authority; with TLS, and the anchors by which the
                                           authority's server is trusted; must outlive it */
    const char *directory;            /**< the authority's URL (RFC 8555 7.1.1): "https://...".
                                           "http://" is for tests */
    const char *const *names;         /**< DNS names, the first one is used in messages */
    uint8_t name_count;               /**< 1 to LEAT_ACME_NAMES_MAX */
    const char *contact;              /**< "mailto:..." for the authority's warnings; NULL: none */
    bool agree; /**< the program's user agrees to the authority's terms of service (7.3.3) */
    const char *binding_id;  /**< external account (7.3.4): its key's identifier; NULL: none */
    const char *binding_key; /**< ... and that key, in base64url, up to LEAT_ACME_BINDING_BYTES */
    bool no_http;            /**< the program has no HTTP server at port 80: http-01 isn't used */
    struct leat_tls *tls; /**< the TLS of the server at port 443, for tls-alpn-01; must outlive the
                               client's leat_acme_close(); NULL: tls-alpn-01 isn't used */
    struct leat_acme_keep keep; /**< get and put aren't NULL */
    uint64_t attempt_ns;        /**< limit for one certificate: 15 minutes */
    uint64_t retry_min_ns;      /**< after a failure wait for so long, the next time twice as long:
                                     1 minute */
    uint64_t retry_max_ns;      /**< ... up to: 6 hours */
    /**
     * A certificate can be used: @p pem of @p len bytes has its key and its chain, both for
     * leat_tls_identity_read().  They are valid during the call only.  It is for all names, and
     * fits its key.  Returns NULL, or one line with the reason why the program can't use it.
     */
    const char *(*on_certificate)(void *arg, const char *pem, size_t len);
    /** Something happened that a human may want to read: one line, of printable ASCII.  May be
     * NULL. */
    void (*on_line)(void *arg, const char *line);
    void *arg;                        /**< the first argument of both */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Counters and times. */
struct leat_acme_info {
    const char *state;     /**< of the machine, for messages; static memory */
    bool busy;             /**< something is under way */
    uint64_t ends_s;       /**< when the certificate ends to be valid, in seconds since 1970; 0:
                                there is none */
    uint64_t next_s;       /**< when something will be done next, likewise; 0: now */
    uint64_t orders;       /**< attempts to get a certificate */
    uint64_t certificates; /**< that were obtained */
    uint64_t failures;     /**< attempts that failed */
    uint64_t requests;     /**< to the authority */
    uint64_t bad_nonces;   /**< of these: repeated with a new nonce (6.5) */
    uint64_t proofs;       /**< requests of the authority that were answered by http-01 */
    uint64_t strays;       /**< requests for proofs that aren't expected */
    const char *why;       /**< the reason of the last failure; "": there was none, or a
                                certificate came later.  The client's memory */
    uint64_t reserved[LEAT_RESERVED_REPORT]; /**< for members of later versions; all 0 */
};

/** Bytes that leat_acme_open() needs. */
size_t leat_acme_memory_bytes(void);

/**
 * Starts.  @p stack has TCP registered and knows civil time (civil.h) sooner or later: without it
 * no certificate is checked.  @p memory (any alignment) of @p bytes belongs to the client until it
 * is closed.  Strings of @p config are copied, its pointers to other objects are not.
 * LEAT_ERR_MEMORY; LEAT_ERR_ARGUMENT (no names, no kind of proof, a missing member).
 * LEAT_ERR_FORMAT: a name isn't one of DNS in lower case, or a URL, contact or binding can't be
 * sent. LEAT_ERR_TOO_BIG: all names together, or the binding's key.
 */
enum leat_err leat_acme_open(struct leat_acme **acme, struct leat *stack, void *memory,
                             size_t bytes, const struct leat_acme_config *config);

/** Ends it; no callback follows.  A put that is under way must have ended before.  Its challenge is
 * taken off the server's TLS, which must have no handshakes any more, or is closed before. */
void leat_acme_close(struct leat_acme *acme);

/**
 * Fills in @p route for the HTTP server at port 80 (leat_http_server_config.routes): it answers the
 * authority's requests for http-01 (8.3) as long as the client is open.  It may be filled in before
 * leat_acme_open(): @p acme points to the program's variable, which is NULL until then.
 */
void leat_acme_route(struct leat_acme **acme, struct leat_http_route *route);

/** The end of a request of leat_acme_keep: @p err, and @p len bytes that were read. */
void leat_acme_kept(struct leat_acme *acme, enum leat_err err, size_t len);

/** Tries now, instead of at the next time; not while something is under way.  With @p force the
 * certificate is renewed although that isn't due. */
void leat_acme_now(struct leat_acme *acme, bool force);

/** Fills in @p info. */
void leat_acme_get_info(const struct leat_acme *acme, struct leat_acme_info *info);

#ifdef __cplusplus
}
#endif
#endif
