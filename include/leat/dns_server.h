/*
 * dns_server.h -- a small authoritative name server (RFC 1034 4.3.2, RFC 1035, RFC 2308, RFC 6891).
 *
 * leat_dns_answer() is all of its knowledge and touches nothing but its arguments; the server below
 * binds it to UDP and TCP (RFC 7766) of a stack.  It never recurses, and serves no transfers.
 */
#ifndef LEAT_DNS_SERVER_H
#define LEAT_DNS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/dns.h>
#include <leat/dns_zone.h>
#include <leat/err.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How a query came: it decides how long the reply may be. */
enum leat_dns_transport {
    LEAT_DNS_OVER_UDP, /**< 512 bytes, or what EDNS says up to LEAT_DNS_UDP_BYTES */
    LEAT_DNS_OVER_TCP, /**< 65,535 bytes, without the two of the length */
    LEAT_DNS_SLIP      /**< by UDP, and too often: the question alone, with TC ("ask by TCP") */
};

/** Bytes that a place for replies must have at least: what any UDP client can take. */
enum {
    LEAT_DNS_REPLY_BYTES_MIN = 512
};

/** The zones that are served; a query is answered from the longest that its name is in. */
struct leat_dns_zones {
    const struct leat_dns_zone *const *list; /**< in any order */
    uint32_t count;                          /**< zones in the list */
};

/**
 * Writes the reply to @p query into @p reply, at most @p reply_bytes (LEAT_DNS_REPLY_BYTES_MIN or
 * more; over 65,535 counts as that), and returns its length.  Whole sets that do not fit are left
 * out and TC is set.
 *
 * 0: send nothing.  It was cut short, illegal (RFC 9267), or a reply itself.
 */
size_t leat_dns_answer(const struct leat_dns_zones *zones, enum leat_dns_transport transport,
                       const uint8_t *query, size_t query_len, uint8_t *reply, size_t reply_bytes);

struct leat_dns_server;

/** What a server does.  Every 0 means the default named beside it. */
struct leat_dns_server_config {
    struct leat_dns_zones zones; /**< zones and their array must outlive the server */
    struct leat_ip ip;           /**< LEAT_IP_ANY: all of our addresses */
    uint16_t port;               /**< for UDP and TCP: LEAT_DNS_PORT */
    uint16_t clients;            /**< TCP connections at a time: 16; one more ends the idlest of the
                                      address, or /64 of IPv6, that has most of them */
    uint32_t tcp_reply_bytes;    /**< longest reply by TCP: 16,384; at most 65,535 */
    uint64_t idle_ns;            /**< a connection without a whole query ends after: 10 s */
    uint32_t progress_bytes; /**< a connection whose replies wait stays if it takes so many bytes of
                                  them in idle_ns: 4,096 */
    uint32_t replies_per_s;  /**< by UDP to a network (/24), and in a burst: 100 */
    bool no_rate_limit;      /**< by UDP everybody gets all replies, forged sources too */
    bool no_cookies;         /**< say no DNS cookies (RFC 7873), and heed none */
};

/** What a server has done. */
struct leat_dns_server_counts {
    uint64_t udp_queries;  /**< datagrams that came */
    uint64_t tcp_queries;  /**< whole queries that came by TCP */
    uint64_t replies;      /**< sent, by either */
    uint64_t truncated;    /**< replies with TC */
    uint64_t rate_slipped; /**< queries over replies_per_s that got the question and TC */
    uint64_t rate_dropped; /**< and those that got nothing */
    uint64_t rate_proven;  /**< the same, answered: a cookie showed that the source isn't forged */
    uint64_t drop_format;  /**< queries that got no reply, see leat_dns_answer() */
    uint64_t drop_memory;  /**< queries for whose reply there was no buffer or no way */
    uint64_t tcp_bad_length; /**< connections ended because of an impossible length */
    uint64_t tcp_idle;       /**< connections ended because of the idle timeout */
    uint64_t tcp_displaced;  /**< connections ended in favour of a new one */
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

/** Ends it and resets its connections; the memory is the program's again. */
void leat_dns_server_close(struct leat_dns_server *server);

/** The counters; live, valid as long as the server. */
const struct leat_dns_server_counts *leat_dns_server_counts(const struct leat_dns_server *server);

#ifdef __cplusplus
}
#endif
#endif
