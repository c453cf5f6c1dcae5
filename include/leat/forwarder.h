/*
 * forwarder.h -- a name server that knows nothing itself: it asks the servers of a resolver, and
 * answers from the resolver's cache (RFC 1034 4.3.1, RFC 5625).
 *
 * It answers whoever can reach it, so it belongs where strangers can't.
 */
#ifndef LEAT_FORWARDER_H
#define LEAT_FORWARDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/err.h>
#include <leat/resolver.h>
#include <leat/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

struct leat_forwarder;

/** What is said of a question by the forwarder itself. */
enum leat_forwarder_say {
    LEAT_FORWARDER_ASK,      /**< nothing: the resolver is asked */
    LEAT_FORWARDER_NXDOMAIN, /**< there is no such name */
    LEAT_FORWARDER_ADDRESS   /**< an address; no record of any other type */
};

/** A question that on_question is asked about; valid during the call. */
struct leat_forwarder_question {
    const struct leat_dns_name *name; /**< as the client wrote it */
    uint16_t type;                    /**< enum leat_dns_type, or any other number */
    struct leat_ip peer;              /**< who asks, or says so: by UDP that may be forged */
    struct leat_ip local;             /**< which address of ours was asked */
};

/** What is said by the forwarder itself. */
struct leat_forwarder_own {
    enum leat_forwarder_say say; /**< LEAT_FORWARDER_ASK, if on_question doesn't change it */
    struct leat_ip ip4;          /**< LEAT_FORWARDER_ADDRESS: for A, if has_ip4 */
    struct leat_ip ip6;          /**< the same for AAAA, if has_ip6 */
    bool has_ip4;                /**< ip4 is given; else there is no A record */
    bool has_ip6;                /**< ip6 is given; else there is no AAAA record */
    uint32_t ttl_s;              /**< for so long the answer may be kept, "no" as well */
};

/** What a forwarder does.  Every 0 means the default named beside it. */
struct leat_forwarder_config {
    struct leat_resolver *resolver; /**< whom it asks, on the same stack; must outlive it */
    struct leat_ip ip;              /**< LEAT_IP_ANY: all of our addresses */
    uint16_t port;                  /**< for UDP and TCP: LEAT_DNS_PORT */
    uint16_t clients; /**< TCP connections at a time: 16; one more ends the idlest of the address,
                           or /64 of IPv6, that has most of them */
    uint16_t
        waiting;      /**< questions that wait for a server: as many as the resolver has lookups,
                           less an eighth, which the program's own may have; never more than all of
                           them.  One address, or /64, gets half of them at most; one more ends the
                           oldest of the address that has most: it gets SERVFAIL, or what is stale */
    uint64_t idle_ns; /**< a TCP connection without a whole question, that waits for no answer, ends
                           after: 10 s */
    uint32_t progress_bytes; /**< a connection whose replies wait stays if it takes so many bytes of
                                  them in idle_ns: 4,096 */
    uint32_t replies_per_s;  /**< by UDP to a network (/24), and in a burst: 1,000 */
    bool no_rate_limit;      /**< by UDP everybody gets all replies, forged sources too */
    bool no_cookies;         /**< say no DNS cookies (RFC 7873), and heed none */
    /** Asked about each question that is to be answered, before the cache is; changes @p own if the
     * answer is not the servers' business.  Must not call the forwarder.  NULL: nobody is asked. */
    void (*on_question)(void *arg, const struct leat_forwarder_question *question,
                        struct leat_forwarder_own *own);
    void *on_question_arg; /**< its first argument */
};

/** What a forwarder has done. */
struct leat_forwarder_counts {
    uint64_t udp_queries;  /**< datagrams that came */
    uint64_t tcp_queries;  /**< whole queries that came by TCP */
    uint64_t replies;      /**< sent, by either */
    uint64_t truncated;    /**< replies with TC */
    uint64_t cached;       /**< replies from the cache, at once */
    uint64_t own;          /**< replies that on_question decided */
    uint64_t rate_slipped; /**< queries over replies_per_s that got the question and TC */
    uint64_t rate_dropped; /**< and those that got nothing */
    uint64_t rate_proven;  /**< the same, answered: a cookie showed that the source isn't forged */
    uint64_t busy;         /**< queries that got SERVFAIL because the resolver had no lookup left */
    uint64_t displaced;    /**< queries that waited, and were told SERVFAIL or what is stale because
                                another took their place */
    uint64_t drop_format;  /**< queries that got nothing: cut short, illegal, or replies */
    uint64_t drop_memory;  /**< queries for whose reply there was no buffer or no way */
    uint64_t tcp_bad_length; /**< connections ended because of an impossible length */
    uint64_t tcp_idle;       /**< connections ended because of the idle timeout */
    uint64_t tcp_displaced;  /**< connections ended in favour of a new one */
    uint64_t tcp_slow;       /**< connections ended because they did not take a reply */
};

/** Bytes that leat_forwarder_open() needs. */
size_t leat_forwarder_memory_bytes(const struct leat_forwarder_config *config);

/**
 * Serves on @p stack, which has UDP and TCP registered, from the next poll on.  @p memory (any
 * alignment) of @p bytes belongs to the forwarder until it is closed.
 *
 * Errors: LEAT_ERR_MEMORY, LEAT_ERR_ARGUMENT (no resolver), and those of leat_udp_bind() and
 * leat_tcp_listen().
 */
enum leat_err leat_forwarder_open(struct leat_forwarder **forwarder, struct leat *stack,
                                  void *memory, size_t bytes,
                                  const struct leat_forwarder_config *config);

/** Ends it and resets its connections; the memory is the program's again.  Before its resolver. */
void leat_forwarder_close(struct leat_forwarder *forwarder);

/** The counters; live, valid as long as the forwarder. */
const struct leat_forwarder_counts *leat_forwarder_counts(const struct leat_forwarder *forwarder);

#ifdef __cplusplus
}
#endif
#endif
