/*
 * dns_access.h -- what a name server tells of each query, and a line of an access log for it.
 *
 *      192.0.2.1 - - [26/Nov/2026:03:00:00 +0000] "A www.example.com." NOERROR 49 cache 0.000012
 * udp
 *
 * The line is whole whatever the client has sent.  A name is written as in a master file (RFC 1035
 * 5.1).  In it all octets but printable ASCII are escaped, and quotes and backslashes too, so no
 * client can forge a line, a field, or an escape of a terminal.
 */
#ifndef LEAT_DNS_ACCESS_H
#define LEAT_DNS_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/addr.h>
#include <leat/dns.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Sizes of a line. */
enum {
    LEAT_DNS_ACCESS_BYTES_MIN = 512, /**< least room for one */
    LEAT_DNS_ACCESS_BYTES = 2304     /**< room in which no line is cut */
};

/** The transport of a query; it limits the length of the reply. */
enum leat_dns_transport {
    LEAT_DNS_OVER_UDP,  /**< 512 bytes, or the size in EDNS up to LEAT_DNS_UDP_BYTES */
    LEAT_DNS_OVER_TCP,  /**< 65,535 bytes, without the two of the length */
    LEAT_DNS_SLIP,      /**< UDP, over the rate limit: only the question, with TC ("ask by TCP") */
    LEAT_DNS_OVER_TLS,  /**< as LEAT_DNS_OVER_TCP; with EDNS the reply is padded (RFC 8467 4.1), so
                             that its length tells little: for any encrypted transport */
    LEAT_DNS_OVER_HTTPS /**< the same, of queries by leat_forwarder_ask() */
};

/** How a query was answered. */
enum leat_dns_how {
    LEAT_DNS_HOW_ZONE,     /**< from a zone of this server, also if it has no such name */
    LEAT_DNS_HOW_CACHE,    /**< from the cache, failures included */
    LEAT_DNS_HOW_STALE,    /**< by records after their TTL, because the servers don't answer */
    LEAT_DNS_HOW_UPSTREAM, /**< by other servers, which were asked */
    LEAT_DNS_HOW_LOCAL,    /**< by the program, or without servers: special names, and domains that
                                have none */
    LEAT_DNS_HOW_BLOCKED,  /**< by the program, with the reason that the name is blocked, censored
                                or filtered (RFC 8914 4.16 to 4.18) */
    LEAT_DNS_HOW_REFUSED,  /**< not at all: an illegal query, a client of other networks, a name
                                of others */
    LEAT_DNS_HOW_LIMITED,  /**< by the question with TC, over the rate limit */
    LEAT_DNS_HOW_BUSY,     /**< by SERVFAIL, because too many queries or replies wait */
    LEAT_DNS_HOW_COOKIE    /**< by a cookie; there was no question (RFC 7873 5.4) */
};

/** A query that is over: its reply was sent, or never will be.  A query that gets no reply because
 * it is too short, no query, or far over the rate limit, is counted and not told. */
struct leat_dns_access {
    const struct leat_dns_name *name; /**< asked for, in the client's letter case, valid during the
                                           call; NULL: there was no legal question */
    uint16_t type;                    /**< enum leat_dns_type, or any other number */
    uint16_t rcode;                   /**< enum leat_dns_rcode, or any other number */
    uint16_t extended_error;          /**< the reason of the answer (RFC 8914); 0: none */
    enum leat_dns_how how;            /**< if the reply was lost: how far the query came */
    uint32_t reply_bytes;             /**< bytes of the reply; 0: it was not sent */
    uint64_t took_ns;    /**< from the whole query until the reply was queued; 0: in one
                              call of leat_poll() */
    struct leat_ip peer; /**< the client's address; by UDP it may be forged */
    enum leat_dns_transport transport; /**< of the query; never LEAT_DNS_SLIP */
    bool complete;                     /**< the reply was sent, or queued; false: it was lost for
                                            lack of memory or of a route, or because the client has
                                            left, and `rcode` says nothing */
};

/** "zone", "cache", "stale", "upstream", "local", "blocked", "refused", "limited", "busy" or
 * "cookie"; static memory. */
const char *leat_dns_how_text(enum leat_dns_how how);

/**
 * Writes a line whose first fields are those of web servers' logs, without an end of line or a NUL,
 * and returns its length.  The time is that of the query, in UTC.  The name and its type stand in
 * quotes, "-" if there was no question.  The rcode follows, "-" if the reply was lost.  Then come
 * the bytes of the reply, how it was answered, the duration in seconds, and "udp", "tcp", "tls" or
 * "https".
 * "\xHH" stands for an escaped octet.
 *
 * @p civil_ns is leat_civil_ns() now; 0: unknown, and the line has no time.  @p line has room for
 * @p size bytes, at least LEAT_DNS_ACCESS_BYTES_MIN.
 */
size_t leat_dns_access_common(const struct leat_dns_access *access, uint64_t civil_ns, char *line,
                              size_t size);

/**
 * The same as an object of JSON (RFC 8259): the members time (RFC 3339), client, transport, name,
 * type, rcode, how, error (RFC 8914), bytes, seconds, complete.  Members without a value are
 * absent.  `cut` is true if the name was longer than the room for it.
 */
size_t leat_dns_access_json(const struct leat_dns_access *access, uint64_t civil_ns, char *line,
                            size_t size);

#ifdef __cplusplus
}
#endif
#endif
