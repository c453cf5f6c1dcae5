/*
 * doh.h -- DNS over HTTPS (RFC 8484): a route by which an HTTP server passes queries to a
 * forwarder.
 *
 * A client asks by GET, with the query in base64url as `?dns=`, or by POST, with the query as the
 * body.  The reply's freshness (Cache-Control) is its least TTL, rounded down to one of a few
 * values, so that caches on the way keep no answer for too long.
 */
#ifndef LEAT_DOH_H
#define LEAT_DOH_H

#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/err.h>
#include <leat/forwarder.h>
#include <leat/http_exchange.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The path that clients assume. */
#define LEAT_DOH_PATH "/dns-query"

struct leat_doh;

/** Options.  Every 0 means the default named beside it. */
struct leat_doh_config {
    struct leat_forwarder *forwarder; /**< that answers; must outlive it */
    uint16_t clients;                 /**< connections of the HTTP server: 512, as its own default.
                                           Each has one query at a time.  A query beyond these gets 503 */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Counters. */
struct leat_doh_counts {
    uint64_t queries;   /**< queries passed to the forwarder */
    uint64_t replies;   /**< replies handed to the HTTP server */
    uint64_t malformed; /**< requests without a query (400) */
    uint64_t types;     /**< requests whose body is of another type (415) */
    uint64_t busy;      /**< queries without a place (503) */
    uint64_t failed;    /**< exchanges whose client has gone, or whose reply found no room: 131,070
                             bytes of all replies wait for clients that read slowly */
};

/** Bytes that leat_doh_open() needs. */
size_t leat_doh_memory_bytes(const struct leat_doh_config *config);

/**
 * Makes a route for queries.  @p memory (any alignment) of @p bytes belongs to it until
 * leat_doh_close().
 *
 * Errors: LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT (no forwarder).
 */
enum leat_err leat_doh_open(struct leat_doh **doh, struct leat *stack, void *memory, size_t bytes,
                            const struct leat_doh_config *config);

/** The route, for leat_http_server_config.routes; @p path stays the caller's, usually
 * LEAT_DOH_PATH. */
struct leat_http_route leat_doh_route(struct leat_doh *doh, const char *path);

/** Forgets the queries that wait.  Close the HTTP server before, and the forwarder after it.  The
 * memory is the program's again. */
void leat_doh_close(struct leat_doh *doh);

/** The counters; live, valid until leat_doh_close(). */
const struct leat_doh_counts *leat_doh_counts(const struct leat_doh *doh);

#ifdef __cplusplus
}
#endif
#endif
