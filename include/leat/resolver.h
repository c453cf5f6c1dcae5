/*
 * resolver.h -- a stub resolver: asks name servers that recurse (RFC 1034 5.3.1, RFC 1035 7).
 *
 * Each query has an unpredictable id, source port and mix of upper and lower case (RFC 5452,
 * "0x20"). A reply that differs in any of them is ignored.  A truncated reply is asked for again by
 * TCP, on a connection that is kept and shared.  Lookups of the same question share one query.
 *
 * With TLS (RFC 7858) a server is asked by an encrypted connection, kept and shared in the same
 * way.  Then observers on the path can't read queries, nor infer them from their length (RFC 8467),
 * and the server is authenticated by its name or its key (RFC 8310).
 *
 * A server with DNS cookies (RFC 7873) and the resolver prove to each other that they are on the
 * path.
 *
 * Servers that know no EDNS, lower names or truncate all replies are found out once, and then asked
 * in the way that they answer (leat_resolver_get_server()).
 *
 * With a cache (cache_bytes) answers are kept for their TTL, "no such name" and "no such record" as
 * RFC 2308 says, and failures for some seconds (RFC 9520).
 */
#ifndef LEAT_RESOLVER_H
#define LEAT_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/addr.h>
#include <leat/dns.h>
#include <leat/err.h>
#include <leat/refusal.h>
#include <leat/stack.h>
#include <leat/tls.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LEAT_RESOLVER_SERVERS_MAX = 4,
    LEAT_RESOLVER_TLS_PORT = 853,
    LEAT_RESOLVER_CACHE_BYTES_MIN = 16384
};

struct leat_resolver;
struct leat_lookup;

/** The servers, timeouts and limits.  Every 0 means the default named beside it. */
struct leat_resolver_config {
    /** In this order; port 0: 53, or 853 with TLS. */
    struct leat_endpoint servers[LEAT_RESOLVER_SERVERS_MAX];
    uint8_t server_count; /**< number of servers: at least 1 */
    /**
     * The expected identity of each server.  With it the server is asked only by TLS, and never
     * answers if it can't prove that identity (RFC 8310, strict).  NULL: it is asked without TLS.
     * The structs must stay as long as `tls` is open; each server needs a ticket of its own.
     */
    const struct leat_tls_client *tls_clients[LEAT_RESOLVER_SERVERS_MAX];
    /** leat_tls_connect(); NULL: there is no TLS.  It is a pointer so that programs without TLS
     * don't link it. */
    enum leat_err (*tls_connect)(struct leat_tls *tls, const struct leat_stream *below,
                                 const struct leat_tls_client *client, struct leat_stream *session);
    /** Its first argument, with room for one handshake per server; closed after the resolver. */
    struct leat_tls *tls;
    /** A server whose TLS port is closed or silent, or whose sessions fail, is asked without
     * encryption at port 53 for an hour (RFC 8310, opportunistic).  An attacker that can block
     * packets can then read queries. */
    bool tls_or_clear;
    /** A session with a server has failed; leat_tls_get_info() has the reason.  May be NULL. */
    void (*on_tls_failed)(void *arg, const struct leat_endpoint *server,
                          const struct leat_stream *session);
    void *arg;             /**< the first argument of on_tls_failed */
    uint8_t rounds;        /**< how often each server is asked: 3; at most 16 */
    uint16_t lookups;      /**< at a time: 16 */
    uint16_t answer_bytes; /**< longest reply by TCP: 4,096; at least LEAT_DNS_UDP_BYTES */
    uint64_t timeout_ns;   /**< how long to wait in the first round: 2 s; then doubled each time */
    size_t cache_bytes;    /**< of the cache: 0 means none; else at least
                                LEAT_RESOLVER_CACHE_BYTES_MIN.  An A record takes some 80 */
    uint32_t ttl_max_s;    /**< answers are kept at most so long: 86,400; at most 604,800 */
    uint32_t negative_ttl_max_s; /**< the same for "no such name, or record": 10,800 */
    uint32_t failure_ttl_s; /**< how long failures are kept (no server answers, or the aliases form
                               a circle): 5; at most 300 (RFC 9520 3.2) */
    uint32_t stale_s; /**< how long after its TTL an answer is still used, with a TTL of 30 s, when
                           the servers fail or take over 1.8 s (RFC 8767): 0 means never */
    bool prefetch;    /**< renew an answer that is looked up in the last tenth of its TTL */
    bool fastest_first; /**< ask the server first that has answered fastest lately, instead of the
                             first of the list; all must have the same data */
    bool no_cookies;    /**< send no DNS cookies (RFC 7873), and accept replies without */
    bool no_rebinding;  /**< refuse answers with addresses of private networks (those of RFC 1918,
                             loopback, link-local and more), by which an attacker's name could make
                             browsers connect to hosts there.  Exceptions: */
    uint8_t own_name_count;                /**< number of own_names */
    const struct leat_dns_name *own_names; /**< these names, and all below them, may have private
                                                addresses; must outlive the resolver */
    uint64_t
        tcp_idle_ns; /**< a connection is kept after the last reply for: 10 s (RFC 7766 6.2.3) */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** The result of a lookup. */
struct leat_dns_result {
    unsigned rcode;              /**< of the last reply; enum leat_dns_rcode, or any other number */
    struct leat_endpoint server; /**< the server that sent it; 0.0.0.0 port 0: none, or the cache */
    struct leat_refusal refusal; /**< the last reply of this lookup's query that wasn't taken; none
                                      if there is an answer, or if it is from the cache */
    struct leat_dns_name name;   /**< the name asked for, or the last of its CNAMEs */
    uint16_t type;               /**< asked for */
    const uint8_t *message;      /**< the reply, or NULL */
    size_t message_len;          /**< bytes of the reply */
    size_t answers_at;           /**< offset of the answer section */
    size_t answers_end;          /**< offset behind it */
};

/**
 * The outcome of a lookup.  @p result is valid until this returns; the lookup is over, and a new
 * one may be started.
 *
 * LEAT_OK: leat_dns_result_next() has one record at least.
 * LEAT_ERR_NOT_FOUND: no such name (rcode LEAT_DNS_NXDOMAIN), or no record of this type.
 * LEAT_ERR_SERVERS: the last server refused or failed (rcode), or only referred to other servers
 * (rcode LEAT_DNS_NOERROR); or the answer has private addresses (no_rebinding).  The cache may hold
 * such a failure, too.
 * LEAT_ERR_TIMEOUT, LEAT_ERR_UNREACHABLE, LEAT_ERR_REFUSED (its port is closed), LEAT_ERR_RESET:
 * the outcome of the last try. LEAT_ERR_TOO_BIG: the reply is longer than answer_bytes.
 * LEAT_ERR_TLS: a server failed to prove its identity, or has no TLS 1.3.
 * LEAT_ERR_FORMAT: the reply's CNAMEs form a circle.
 * LEAT_ERR_NO_ROUTE: there is no route to any server.
 * LEAT_ERR_FULL: the cache lost the entry for this lookup, and there are too many other lookups.
 */
typedef void leat_lookup_fn(void *arg, enum leat_err err, const struct leat_dns_result *result);

/** Bytes that leat_resolver_open() needs. */
size_t leat_resolver_memory_bytes(const struct leat_resolver_config *config);

/**
 * Makes a resolver on @p stack, which has UDP and TCP registered.  @p memory (any alignment) of
 * @p bytes belongs to it until it is closed.  Errors: LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT.
 */
enum leat_err leat_resolver_open(struct leat_resolver **resolver, struct leat *stack, void *memory,
                                 size_t bytes, const struct leat_resolver_config *config);

/** Ends all lookups without calling on_done.  The memory is the program's again. */
void leat_resolver_close(struct leat_resolver *resolver);

/**
 * Asks for the records of @p name (copied) of @p type.  @p on_done is called once, from
 * leat_poll().  @p lookup may be NULL; else it is set and may be cancelled until on_done.
 * Errors: LEAT_ERR_FULL (too many lookups at a time).
 */
enum leat_err leat_lookup_start(struct leat_resolver *resolver, const struct leat_dns_name *name,
                                uint16_t type, leat_lookup_fn *on_done, void *arg,
                                struct leat_lookup **lookup);

/** Ends a lookup; on_done is not called. */
void leat_lookup_cancel(struct leat_lookup *lookup);

/**
 * Gives the next record of result->name that has the type asked for; @p cursor is 0 before the
 * first call.  False: there are no more.
 */
bool leat_dns_result_next(const struct leat_dns_result *result, size_t *cursor,
                          struct leat_dns_record *record);

/** The reason why a lookup has no records, which a program may keep beyond on_done. */
struct leat_lookup_failure {
    enum leat_err err;           /**< of leat_lookup_fn, or of the task that waited */
    unsigned rcode;              /**< of the last reply; LEAT_DNS_NOERROR also without a reply */
    struct leat_endpoint server; /**< its sender; port 0: none, or the cache */
    struct leat_refusal refusal; /**< the last reply that wasn't taken */
};

/** Copies it from the result of a lookup that has ended with @p err. */
void leat_lookup_failure_take(struct leat_lookup_failure *failure, enum leat_err err,
                              const struct leat_dns_result *result);

/**
 * Writes which server was asked and why there are no records; returns the length.  Examples:
 * "NXDOMAIN, says 10.0.0.1", "10.0.0.1 answered, but with another id than the query's", "no answer
 * from 10.0.0.1 to ARP", "no reply from 10.0.0.1 and 2 more".
 */
size_t leat_lookup_failure_format(const struct leat_resolver *resolver,
                                  const struct leat_lookup_failure *failure,
                                  char text[LEAT_REFUSAL_TEXT_BYTES]);

/**
 * Writes answers of the cache to @p to, for leat_resolver_load() in the next run: at most @p room
 * bytes.  An A record with a name of 20 bytes takes 55.  The newest answers that were used come
 * first.  @p saved begins at 0 and counts those that were written, so that further calls write the
 * others with the same room; each block may be loaded without the others.  Failures, answers that
 * no block has room for, and those with less than a minute left are left out.  Returns the block's
 * length, or 0: there are no more, or the civil time is unknown.
 */
size_t leat_resolver_save(struct leat_resolver *resolver, uint32_t *saved, void *to, size_t room);

/**
 * Takes the answers of a block of leat_resolver_save() into the cache, each for the time that it
 * has left by civil time.  The bytes are checked as a server's reply is.  Returns how many answers
 * were taken.  It must not be called from the callback of a lookup.
 *
 * None is taken without a cache, and if the civil time is unknown, before that of the block, or a
 * week behind it.  None is taken of a block that has another version, or that a resolver with other
 * servers has written.
 */
uint32_t leat_resolver_load(struct leat_resolver *resolver, const void *bytes, size_t len);

/** Counters of a resolver. */
struct leat_resolver_counts {
    uint64_t udp_queries;     /**< sent by UDP, without `repeated` */
    uint64_t tcp_queries;     /**< for TCP; sent as soon as there is a connection */
    uint64_t tcp_connections; /**< begun for them; fewer, because connections are kept */
    uint64_t tls_opened;      /**< connections with TLS whose server proved its identity */
    uint64_t tls_failed;      /**< connections with TLS that ended before that */
    uint64_t tls_given_up;    /**< times that a server was asked without encryption instead */
    uint64_t replies;         /**< replies to our queries, with any rcode */
    uint64_t truncated;       /**< truncated replies: asked for again by TCP */
    uint64_t drop_foreign;    /**< replies with a wrong id or question, or illegal: ignored */
    uint64_t drop_fragmented; /**< replies in fragments: asked for again by TCP */
    uint64_t drop_case;       /**< replies with a wrong letter case: ignored; if all of it is lower
                                   case, asked for again by TCP */
    uint64_t drop_cookie;     /**< replies with a wrong DNS cookie (ignored), or without one from a
                                   server that has sent one before (asked for again by TCP) */
    uint64_t bad_cookies;     /**< replies that our DNS cookie is too old: asked for again */
    uint64_t drop_private;    /**< replies with private addresses (no_rebinding) */
    uint64_t repeated;        /**< queries by UDP that were sent once more within a try */
    uint64_t edns_refused;    /**< errors that may mean that a server knows no EDNS: asked again */
    uint64_t timeouts;        /**< tries without an answer */
    uint64_t servers_failed;  /**< tries that a server or an ICMP error refused */
    uint64_t unsent;          /**< times that a query could not be sent for lack of a buffer, a port
                                   or a connection: tried again 20 ms later */
    uint64_t joined;          /**< lookups that shared the query of another one */
    uint64_t cache_hits;      /**< lookups answered from the cache */
    uint64_t cache_stale;     /**< lookups answered from the cache after the TTL had ended */
    uint64_t prefetches;      /**< queries to renew an answer before its TTL ends */
};

/** The state of a server.  Habits are learnt from its replies, and believed for ten minutes; that
 * it has no cookies, for five. */
struct leat_resolver_server {
    struct leat_endpoint endpoint; /**< as configured */
    uint64_t delay_ns;             /**< smoothed delay of its replies; 0: unknown */
    bool no_edns;    /**< it refuses or ignores queries with EDNS, and is asked without */
    bool no_cookies; /**< it has no DNS cookies, or refuses them */
    bool lowers;     /**< it writes names in lower case; asked by TCP, or without TCP in lower case,
                          where a forged reply needs only the right id and port */
    bool tcp_only;   /**< it answers by TCP only, or truncates all replies by UDP: asked by TCP */
    bool no_tcp;     /**< it does not answer by TCP */
};

/** Describes the server with index @p i below the configuration's server_count. */
void leat_resolver_get_server(const struct leat_resolver *resolver, unsigned i,
                              struct leat_resolver_server *server);

/** The counters; live, valid as long as the resolver. */
const struct leat_resolver_counts *leat_resolver_counts(const struct leat_resolver *resolver);

#ifdef __cplusplus
}
#endif
#endif
