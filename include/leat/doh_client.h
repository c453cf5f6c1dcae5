/*
 * doh_client.h -- DNS over HTTPS (RFC 8484) for a resolver, by HTTP/1.1 and HTTP/2.
 *
 * A resolver asks servers with TLS through leat_resolver_config.tls_connect.  leat_doh_connect() is
 * such a function: it gives the resolver a stream in the format of DNS over TLS, and passes each
 * query on as a request (POST).  The replies come back in any order.  HTTP/2 has a stream for each
 * query; by HTTP/1.1 they follow each other.
 *
 *      server.client = client;
 *      resolver.servers[0] = ...;  port 443
 *      resolver.tls_clients[0] = &server.tls;
 *      resolver.tls_connect = leat_doh_connect;
 */
#ifndef LEAT_DOH_CLIENT_H
#define LEAT_DOH_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/err.h>
#include <leat/http_client.h>
#include <leat/stack.h>
#include <leat/stream.h>
#include <leat/tls.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_doh_client;

/** A server.  It must stay where it is as long as the client is open. */
struct leat_doh_server {
    struct leat_tls_client tls;       /**< how it proves its identity; `protocols` isn't used */
    const char *url;                  /**< "https://dns.example/dns-query" */
    struct leat_doh_client *client;   /**< that asks it */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Options.  Every 0 means the default named beside it. */
struct leat_doh_client_config {
    /** leat_tls_connect(): pointers, so that programs without TLS link none. */
    enum leat_err (*tls_connect)(struct leat_tls *tls, const struct leat_stream *below,
                                 const struct leat_tls_client *client, struct leat_stream *session);
    /** leat_tls_get_info() */
    void (*tls_info)(const struct leat_stream *session, struct leat_tls_info *info);
    const struct leat_http_carrier *carrier; /**< HTTP/2, as of leat_http_client_config; NULL: only
                                                HTTP/1.1 */
    uint16_t connections; /**< with servers at a time: 8; a resolver has one with each server */
    uint16_t queries;     /**< on their way at a time, with all servers: 32 */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Counters. */
struct leat_doh_client_counts {
    uint64_t queries; /**< sent */
    uint64_t replies; /**< received */
    uint64_t refused; /**< queries answered by another status than 200, or by another type: the
                           resolver gets SERVFAIL */
    uint64_t lost;    /**< connections that ended with queries */
};

/** Bytes that leat_doh_client_open() needs. */
size_t leat_doh_client_memory_bytes(const struct leat_doh_client_config *config);

/**
 * Makes a client on @p stack, which has TCP registered.  @p memory (any alignment) of @p bytes
 * belongs to it until leat_doh_client_close().  Errors: LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT (no
 * tls_connect or tls_info, a limit out of range).
 */
enum leat_err leat_doh_client_open(struct leat_doh_client **client, struct leat *stack,
                                   void *memory, size_t bytes,
                                   const struct leat_doh_client_config *config);

/**
 * For leat_resolver_config.tls_connect: @p server is the first member of a struct leat_doh_server.
 * Errors: those of leat_tls_connect(), LEAT_ERR_FULL, those of leat_url_parse().
 */
enum leat_err leat_doh_connect(struct leat_tls *tls, const struct leat_stream *below,
                               const struct leat_tls_client *server, struct leat_stream *session);

/** The session of TLS below @p stream of leat_doh_connect(), for
 * leat_resolver_config.on_tls_failed. */
const struct leat_stream *leat_doh_session(const struct leat_stream *stream);

/** The counters; live, valid until leat_doh_client_close(). */
const struct leat_doh_client_counts *leat_doh_client_counts(const struct leat_doh_client *client);

/** Ends it, after the resolvers that use it are closed. */
void leat_doh_client_close(struct leat_doh_client *client);

#ifdef __cplusplus
}
#endif
#endif
