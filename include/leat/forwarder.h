/*
 * forwarder.h -- a name server without zones: it asks the servers of a resolver, and answers from
 * the resolver's cache (RFC 1034 4.3.1, RFC 5625).
 *
 * It answers every host that can reach it, so don't expose it to the Internet.
 */
#ifndef LEAT_FORWARDER_H
#define LEAT_FORWARDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/abi.h>
#include <leat/dns_access.h>
#include <leat/err.h>
#include <leat/resolver.h>
#include <leat/stack.h>
#include <leat/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_forwarder;

/** The forwarder's own answer to a question. */
enum leat_forwarder_say {
    LEAT_FORWARDER_ASK,      /**< no answer of its own: the resolver is asked */
    LEAT_FORWARDER_NXDOMAIN, /**< there is no such name */
    LEAT_FORWARDER_ADDRESS,  /**< an address; no records of other types */
    LEAT_FORWARDER_TARGET    /**< a PTR record; no records of other types */
};

/** The question that is passed to on_question; valid during the call. */
struct leat_forwarder_question {
    const struct leat_dns_name *name;  /**< in the client's letter case; or what a CNAME of the
                                          answer  leads to (inspect_aliases) */
    const struct leat_dns_name *asked; /**< the name asked for: `name`, unless that is an alias's */
    uint16_t type;                     /**< enum leat_dns_type, or any other number */
    struct leat_ip peer;               /**< source address; by UDP it may be forged */
    struct leat_ip local;              /**< destination address, one of ours */
};

/** The forwarder's own answer, with its addresses. */
struct leat_forwarder_own {
    enum leat_forwarder_say say;        /**< LEAT_FORWARDER_ASK, unless on_question changes it */
    struct leat_ip ip4;                 /**< with LEAT_FORWARDER_ADDRESS: for A, if has_ip4 */
    struct leat_ip ip6;                 /**< with LEAT_FORWARDER_ADDRESS: for AAAA, if has_ip6 */
    bool has_ip4;                       /**< ip4 is set; else there is no A record */
    bool has_ip6;                       /**< ip6 is set; else there is no AAAA record */
    const struct leat_dns_name *target; /**< with LEAT_FORWARDER_TARGET: the name that PTR leads to;
                                             read before the forwarder calls anything else */
    uint32_t ttl_s;                     /**< TTL of the answer, negative ones as well */
    uint16_t extended_error; /**< the reason, for the client (RFC 8914): LEAT_FORWARDER_BLOCKED,
                                  or any other number; 0: none */
};

/** Reasons of answers (RFC 8914 4), which a client with EDNS is told. */
enum {
    LEAT_FORWARDER_STALE = 3,           /**< a record after its TTL */
    LEAT_FORWARDER_CACHED_ERROR = 13,   /**< the servers failed a moment ago */
    LEAT_FORWARDER_BLOCKED = 15,        /**< the name is on a list of the operator */
    LEAT_FORWARDER_PROHIBITED = 18,     /**< the client is in none of `networks` */
    LEAT_FORWARDER_STALE_NXDOMAIN = 19, /**< "no such name" after its TTL */
    LEAT_FORWARDER_UNREACHABLE = 22,    /**< no server answered */
    LEAT_FORWARDER_NETWORK_ERROR = 23   /**< the servers answered with errors only */
};

/** A network of clients. */
struct leat_forwarder_network {
    struct leat_ip ip;   /**< an address in it */
    uint8_t prefix_bits; /**< up to 128; of IPv4 up to 32 */
};

/** A domain whose names are asked of servers of its own. */
struct leat_forwarder_domain {
    struct leat_dns_name name; /**< this name and all below it; the longest domain of a question's
                                    name counts */
    struct leat_resolver *resolver; /**< the resolver to ask, on the same stack; it must outlive the
                                         forwarder.  Several domains may have one, or that of
                                         all other names.  NULL: "no such name" is answered */
    uint16_t waiting; /**< questions that wait for it at a time: as leat_forwarder_config.waiting;
                           of several domains with one resolver the first one's counts */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/** Counters of a domain; those of the forwarder include them. */
struct leat_forwarder_domain_counts {
    uint64_t questions; /**< for names in it that neither on_question nor a special name answered */
    uint64_t cached;    /**< those of them answered from the cache of its resolver, at once */
    uint64_t denied;    /**< those answered by "no such name", because it has no resolver */
    uint64_t waited;    /**< those that waited for its servers */
    uint64_t busy;      /**< those that got SERVFAIL because its resolver had no lookup left */
};

/** Options of a forwarder.  Every 0 means the default named beside it. */
struct leat_forwarder_config {
    struct leat_resolver *resolver; /**< the resolver to ask, on the same stack; must outlive it */
    struct leat_ip ip;              /**< LEAT_IP_ANY: all of our addresses */
    uint16_t port;                  /**< for UDP and TCP: LEAT_DNS_PORT */
    uint16_t clients; /**< TCP connections at a time: 16; one more ends the idlest one of the
                         address, or /64 of IPv6, that has the most */
    uint16_t waiting; /**< questions that wait for a server at a time: as many as the resolver has
                           lookups, less an eighth that is left to the program; at most all of them.
                           One address, or /64 of IPv6, gets at most half of them.  One more
                         displaces the oldest question of the address that has most; that question
                         is answered with SERVFAIL or a stale record */
    uint64_t idle_ns; /**< a TCP connection that has no whole question and waits for no answer ends
                           after: 10 s */
    uint32_t progress_bytes; /**< a connection with unsent replies ends unless it takes so many
                                bytes of them in idle_ns: 4,096 */
    uint32_t replies_per_s;  /**< by UDP to a network (/24), and in a burst: 1,000 */
    bool no_rate_limit;      /**< answer all queries by UDP, also those with a forged source */
    bool no_cookies;         /**< neither send DNS cookies (RFC 7873) nor check them */
    /** Called for each question that is to be answered, before the cache is read.  It changes
     * @p own to answer the question itself.  It must not call the forwarder.  May be NULL. */
    void (*on_question)(void *arg, const struct leat_forwarder_question *question,
                        struct leat_forwarder_own *own);
    void *on_question_arg;                         /**< its first argument */
    const struct leat_forwarder_network *networks; /**< clients in no one of them are refused, and
                                                        their connections reset; must outlive the
                                                        forwarder */
    uint8_t network_count;                         /**< number of networks: 0 means all clients */
    /** Called when a client in none of them was refused, at most once a second.  It must not call
     * the forwarder.  May be NULL. */
    void (*on_prohibited)(void *arg, struct leat_ip client);
    void *on_prohibited_arg; /**< its first argument */
    /** Ask the servers also for names that a resolver answers itself: localhost, invalid, onion,
     * resolver.arpa, and the reverse names of private addresses (RFC 6303, 6761, 7686, 7793, 9462).
     */
    bool pass_special;
    /** Answer "no such name" to the names by which Firefox and Apple's private relay ask whether
     * they may pass by this resolver: use-application-dns.net, mask.icloud.com, mask-h2.icloud.com.
     */
    bool refuse_canaries;
    /** Call on_question also for each name that a CNAME of the answer leads to, before it is sent.
     * Its answer then takes the place of the whole one. */
    bool inspect_aliases;
    /** Domains with servers of their own.  Their questions have places of their own among those
     * that wait (leat_forwarder_domain.waiting), so silent servers of one domain delay no other.  A
     * domain wins over a special name (see pass_special), unless the zone of that name is longer.
     * They must outlive the forwarder. */
    const struct leat_forwarder_domain *domains;
    uint16_t domain_count; /**< number of domains; each costs some instructions a question */
    /** Called for each query that is over (dns_access.h).  It must not call the forwarder.  May be
     * NULL. */
    void (*on_access)(void *arg, const struct leat_dns_access *access);
    void *on_access_arg;              /**< its first argument */
    uint64_t reserved[LEAT_RESERVED]; /**< for members of later versions; all 0 */
};

/**
 * A query that came by a way of the program's own, as DNS over HTTPS does (doh.h).  It is the
 * program's, and stays where it is from leat_forwarder_ask() until on_reply or
 * leat_forwarder_cancel().
 */
struct leat_forwarder_query {
    struct leat_ip peer;  /**< the client, for its share of the questions, and for `networks` */
    struct leat_ip local; /**< its address of ours: leat_forwarder_question.local */
    /** The reply, whose @p len bytes are valid during the call, and its least TTL in seconds; 0
     * also for a failure, which isn't to be kept.  The forwarder must not be called in it. */
    void (*on_reply)(struct leat_forwarder_query *query, const uint8_t *reply, size_t len,
                     uint32_t ttl_s);
    void *wait; /**< the forwarder's own */
};

/** Counters of a forwarder. */
struct leat_forwarder_counts {
    uint64_t udp_queries;  /**< datagrams received */
    uint64_t tcp_queries;  /**< whole queries received by TCP */
    uint64_t replies;      /**< sent, by either */
    uint64_t truncated;    /**< replies with TC */
    uint64_t cached;       /**< replies from the cache, at once */
    uint64_t own;          /**< replies that on_question decided */
    uint64_t own_aliases;  /**< those of them that it decided for the name of an alias */
    uint64_t special;      /**< replies for names that a resolver answers itself, and canaries */
    uint64_t prohibited;   /**< queries by UDP, and connections, from outside of `networks` */
    uint64_t rate_slipped; /**< queries over replies_per_s answered by the question with TC */
    uint64_t rate_dropped; /**< queries over replies_per_s that got no reply */
    uint64_t rate_proven;  /**< queries over replies_per_s that were answered, because a cookie
                                proved their source */
    uint64_t busy;         /**< queries that got SERVFAIL because the resolver had no lookup left */
    uint64_t displaced;    /**< waiting queries that got SERVFAIL or a stale record because another
                                one took their place */
    uint64_t drop_format;  /**< queries that got no reply: cut short, illegal, or replies */
    uint64_t drop_memory;  /**< replies lost for lack of a buffer or a route */
    uint64_t tcp_bad_length; /**< connections ended because of an impossible length */
    uint64_t tcp_idle;       /**< connections ended because of the idle timeout */
    uint64_t tcp_displaced;  /**< connections ended in favour of a new one */
    uint64_t tcp_slow;       /**< connections ended because they did not take a reply in time */
    uint64_t tcp_full; /**< replies by TCP that became SERVFAIL, because earlier ones, which the
                            client had not taken yet, left no room */
    uint64_t asked;    /**< queries by leat_forwarder_ask() */
};

/** Bytes that leat_forwarder_open() needs. */
size_t leat_forwarder_memory_bytes(const struct leat_forwarder_config *config);

/**
 * Serves on @p stack, which has UDP and TCP registered, from the next poll on.  @p memory (any
 * alignment) of @p bytes belongs to the forwarder until it is closed.
 *
 * Errors: LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT (no resolver, a prefix of too many bits, or a domain
 * that is no legal name), and those of leat_udp_bind() and leat_tcp_listen().
 */
enum leat_err leat_forwarder_open(struct leat_forwarder **forwarder, struct leat *stack,
                                  void *memory, size_t bytes,
                                  const struct leat_forwarder_config *config);

/**
 * Serves queries on an open stream, each behind its length: an encrypted session (DNS over TLS, RFC
 * 7858), or a pipe.  The stream belongs to the forwarder from now on.  It counts among `clients`
 * and as a client by TCP in the counters; replies with EDNS are padded (RFC 8467 4.1).  A peer
 * outside of `networks` is reset.
 */
void leat_forwarder_serve(struct leat_forwarder *forwarder, const struct leat_stream *stream);

/**
 * Handles @p message of @p len bytes, a query without a length in front.  query->on_reply is called
 * once: in this call, or from a later leat_poll() unless the query is cancelled or the forwarder
 * closed.  Replies with EDNS are padded.  False: the message is no query, and has no reply.
 */
bool leat_forwarder_ask(struct leat_forwarder *forwarder, struct leat_forwarder_query *query,
                        const uint8_t *message, size_t len);

/** Forgets a query that waits for its reply; otherwise it does nothing. */
void leat_forwarder_cancel(struct leat_forwarder_query *query);

/** Ends it and resets its connections; call it before the resolver is closed.  The memory is the
 * program's again. */
void leat_forwarder_close(struct leat_forwarder *forwarder);

/** The counters of the domain with index @p i below the configuration's domain_count; live, valid
 * as long as the forwarder. */
const struct leat_forwarder_domain_counts *
leat_forwarder_domain_counts(const struct leat_forwarder *forwarder, unsigned i);

/** The counters; live, valid as long as the forwarder. */
const struct leat_forwarder_counts *leat_forwarder_counts(const struct leat_forwarder *forwarder);

#ifdef __cplusplus
}
#endif
#endif
