/*
 * dns_server.h -- a small authoritative name server (RFC 1034 4.3.2, RFC 1035, RFC 2308, RFC 6891).
 *
 * leat_dns_answer() computes a reply from its arguments alone; the server below binds it to UDP and
 * TCP (RFC 7766) of a stack.  It never recurses, and serves no zone transfers.
 */
#ifndef LEAT_DNS_SERVER_H
#define LEAT_DNS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/dns.h>
#include <leat/dns_access.h>
#include <leat/dns_zone.h>
#include <leat/err.h>
#include <leat/stack.h>
#include <leat/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Least size of a reply buffer: any UDP client accepts so many bytes. */
enum {
    LEAT_DNS_REPLY_BYTES_MIN = 512
};

/** The zones of a server.  A query is answered from the longest apex that its name is below. */
struct leat_dns_zones {
    const struct leat_dns_zone *const *list; /**< in any order */
    uint32_t count;                          /**< zones in the list */
};

/**
 * Writes the reply to @p query into @p reply, at most @p reply_bytes (LEAT_DNS_REPLY_BYTES_MIN or
 * more; at most 65,535 are used), and returns its length.  Record sets that don't fit are left out
 * as a whole, and TC is set.
 *
 * 0: send no reply.  The query was cut short, illegal (RFC 9267), or a reply itself.
 */
size_t leat_dns_answer(const struct leat_dns_zones *zones, enum leat_dns_transport transport,
                       const uint8_t *query, size_t query_len, uint8_t *reply, size_t reply_bytes);

struct leat_dns_server;

/** Options of a server.  Every 0 means the default named beside it. */
struct leat_dns_server_config {
    struct leat_dns_zones zones; /**< zones and their array must outlive the server */
    struct leat_ip ip;           /**< LEAT_IP_ANY: all of our addresses */
    uint16_t port;               /**< for UDP and TCP: LEAT_DNS_PORT */
    uint16_t clients;            /**< TCP connections at a time: 16; one more ends the idlest one of
                                      the address, or /64 of IPv6, that has the most */
    uint32_t tcp_reply_bytes;    /**< longest reply by TCP: 16,384; at most 65,535 */
    uint64_t idle_ns;            /**< a connection without a whole query ends after: 10 s */
    uint32_t progress_bytes;     /**< a connection with unsent replies ends unless it takes so many
                                    bytes     of them in idle_ns: 4,096 */
    uint32_t replies_per_s;      /**< by UDP to a network (/24), and in a burst: 100 */
    bool no_rate_limit;          /**< answer all queries by UDP, also those with a forged source */
    bool no_cookies;             /**< neither send DNS cookies (RFC 7873) nor check them */
    /** Called for each query that is over (dns_access.h).  Must not call the server.  May be NULL.
     */
    void (*on_access)(void *arg, const struct leat_dns_access *access);
    void *on_access_arg;              /**< its first argument */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Counters of a server. */
struct leat_dns_server_counts {
    uint64_t udp_queries;    /**< datagrams received */
    uint64_t tcp_queries;    /**< whole queries received by TCP */
    uint64_t replies;        /**< sent, by either */
    uint64_t truncated;      /**< replies with TC */
    uint64_t rate_slipped;   /**< queries over replies_per_s answered by the question with TC */
    uint64_t rate_dropped;   /**< queries over replies_per_s that got no reply */
    uint64_t rate_proven;    /**< queries over replies_per_s that were answered, because a cookie
                                  proved their source */
    uint64_t drop_format;    /**< queries that got no reply, see leat_dns_answer() */
    uint64_t drop_memory;    /**< replies lost for lack of a buffer or a route */
    uint64_t tcp_bad_length; /**< connections ended because of an impossible length */
    uint64_t tcp_idle;       /**< connections ended because of the idle timeout */
    uint64_t tcp_displaced;  /**< connections ended in favour of a new one */
    uint64_t tcp_outdated;   /**< connections ended by leat_dns_server_forget_zones() */
};

/** Bytes that leat_dns_server_open() needs. */
size_t leat_dns_server_memory_bytes(const struct leat_dns_server_config *config);

/**
 * Serves on @p stack, which has UDP and TCP registered, from the next poll on.  @p memory (any
 * alignment) of @p bytes belongs to the server until it is closed.
 *
 * Errors: LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT, and those of leat_udp_bind() and leat_tcp_listen().
 */
enum leat_err leat_dns_server_open(struct leat_dns_server **server, struct leat *stack,
                                   void *memory, size_t bytes,
                                   const struct leat_dns_server_config *config);

/**
 * Serves queries on an open stream, each behind its length: an encrypted session (DNS over TLS, RFC
 * 7858), or a pipe.  The stream belongs to the server from now on.  It counts among `clients` and
 * as a client by TCP in the counters; replies with EDNS are padded.
 */
void leat_dns_server_serve(struct leat_dns_server *server, const struct leat_stream *stream);

/**
 * Answers from @p zones from now on.  A reply by TCP that is under way is still made of the zones
 * before, which must stay until leat_dns_server_forget_zones() or the next call, which includes it.
 */
void leat_dns_server_set_zones(struct leat_dns_server *server, const struct leat_dns_zones *zones);

/** Resets the connections that still read a reply from zones before the last change; then the
 * memory of those zones is the program's again. */
void leat_dns_server_forget_zones(struct leat_dns_server *server);

/** Ends it and resets its connections.  The memory is the program's again. */
void leat_dns_server_close(struct leat_dns_server *server);

/** The counters; live, valid as long as the server. */
const struct leat_dns_server_counts *leat_dns_server_counts(const struct leat_dns_server *server);

#ifdef __cplusplus
}
#endif
#endif
