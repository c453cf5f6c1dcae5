/*
 * lookup.h -- private declarations of a resolver: lookups of the program, and queries to servers.
 *
 * Equal lookups share one query. Parallel queries for the same name would multiply the chances of a
 * forged reply (VU#457875). A query may also run without a lookup, to renew a cached answer.
 *
 *      resolver.c        creates, configures and closes a resolver
 *      query_receive.c   the callbacks of its sockets
 *      lookup.c          the program's lookups
 *      query_reply.c     the meaning of a reply for its query
 *      query.c           the conversation of a query with its servers
 *      query_try.c       one try of a query
 *      upstream_conn.c   the connection to a server
 *      query_write.c     the question of a try
 *      upstream.c        a server
 *      habits.c          what was learnt about it
 *      rebind.c          replies with private addresses
 *      resolver_cache.c  the cached answers
 *      resolver_save.c   the same, as bytes for the next run
 *
 * Calls go down in this list. Only query_receive.c and lookup.c report to lookups:
 * query_take_message() returns true for an answer, and leaves an error to `ready`.
 */
#ifndef DNS_LOOKUP_H
#define DNS_LOOKUP_H

#include <leat/resolver.h>
#include <leat/stream.h>
#include <leat/udp.h>

#include "proto/dns/cache.h"
#include "proto/dns/cookie.h"
#include "proto/dns/habits.h"
#include "proto/dns/stored_answer.h"
#include "service.h"
#include "proto/wire/dns.h"

enum {
    LOOKUP_LENGTH_BYTES = 2, /* in front of a TCP message (RFC 1035 4.2.2) */
    LOOKUP_QUERY_BYTES_MAX = DNS_HEADER_BYTES + LEAT_DNS_NAME_BYTES + 4 + DNS_OPT_BYTES +
                             DNS_OPTION_BYTES + DNS_COOKIE_BYTES_MAX,
    LOOKUP_PAD_TO = 128, /* length to which encrypted queries are padded (RFC 8467 4.1) */
    LOOKUP_PADDED_BYTES_MAX = (LOOKUP_QUERY_BYTES_MAX + DNS_OPTION_BYTES + LOOKUP_PAD_TO - 1) /
                              LOOKUP_PAD_TO * LOOKUP_PAD_TO
};

struct query;

/* A server: its delay, and the connection to it. */
struct upstream {
    struct leat_resolver *resolver;
    struct dns_cookie cookie;
    struct habits habits;
    uint64_t delay_ns;         /* smoothed delay of its replies by UDP or TLS; 0: unknown */
    struct leat_stream stream; /* without an end: no connection; an idle one is kept for a
                                * while (6.2.1) */
    struct leat_ip local_ip;   /* our address on the connection */
    struct query *queries;     /* queries pipelined on it (RFC 7766 6.2.1.1) */
    struct timer idle;         /* set while no query waits */
    uint64_t heard_ns;         /* when the last complete reply came */
    uint32_t have;             /* bytes of length and reply received */
    uint32_t skip;             /* bytes left to discard of a reply that is too long */
    bool open;
    bool used;               /* the connection has carried a reply */
    bool secure;             /* the connection has TLS */
    uint64_t clear_until_ns; /* TLS has failed; it is asked without until then */
    bool *gone;              /* set when the connection ends while its data is being read */
    uint8_t *message;        /* of LOOKUP_LENGTH_BYTES + answer_bytes */
};

struct leat_lookup {
    struct leat_resolver *resolver;
    leat_lookup_fn *on_done; /* NULL: free */
    void *arg;
    struct query *query;      /* the query that it waits for, or NULL */
    struct leat_lookup *next; /* next lookup of the same query, or next free */
    struct ready ready;       /* set when the cache is to be asked */
    struct timer stale_timer; /* then a stale answer is used (RFC 8767 5) */
    uint16_t type;
    uint8_t variant;            /* enum cache_variant */
    struct leat_dns_name asked; /* as written by the program */
};

/* A query in progress. */
struct query {
    struct leat_resolver *resolver;
    struct query *next;          /* next live or free one */
    struct leat_lookup *lookups; /* lookups that wait for it */
    struct leat_udp *udp;        /* of the current try, or NULL */
    struct upstream *upstream;   /* the connection that it waits on, or NULL */
    struct query *next_upstream; /* next query on that connection */
    struct timer timer;
    struct ready ready; /* set when `err` is to be reported */
    enum leat_err err;
    enum leat_err soft; /* error of an ICMP message for the current try, or LEAT_OK */
    uint64_t begin_ns;  /* of the current try */
    uint64_t end_ns;    /* of the current try */
    uint64_t repeated_ns;
    unsigned rcode;              /* of the last server that failed */
    struct leat_refusal refusal; /* the last reply that wasn't taken */
    uint32_t hash;               /* hash of its name */
    uint16_t id;                 /* of the current try */
    uint16_t type;
    uint8_t variant; /* enum cache_variant */
    unsigned tries;
    struct dns_cookie_sent cookie;            /* of the current try */
    uint8_t bad_cookies;                      /* BADCOOKIE replies so far */
    uint8_t failed;                           /* servers that can't answer, one bit each */
    uint8_t plain;                            /* servers that refused EDNS: asked without */
    uint8_t plain_bare;                       /* those that did by a header alone */
    uint8_t order[LEAT_RESOLVER_SERVERS_MAX]; /* order of the servers */
    bool by_tcp;
    bool by_habit;       /* by TCP because of the server's habits, not of a reply: if TCP fails,
                          * UDP is tried */
    bool has_edns;       /* the question of the current try has EDNS */
    bool may_repeat;     /* the timer repeats the question in the current try */
    bool repeated_plain; /* it was repeated without EDNS, at repeated_ns */
    bool awaits_address; /* between tries: an address of ours is being checked */
    bool live;
    bool unsent;                /* memory was short: the timer sends it */
    bool sent;                  /* sent on its connection */
    bool sent_again;            /* repeated after a connection that ended, once (RFC 7766 6.2.4) */
    bool renews;                /* renews a cached answer: goes on without lookups */
    struct leat_dns_name asked; /* as written by the first lookup */
    struct leat_dns_name name;  /* in the letter case of the current try */
};

struct leat_resolver {
    struct leat_resolver_config config; /* with the defaults filled in */
    struct leat_resolver_counts counts;
    struct leat *stack;
    struct leat_dns_result result; /* for the current callback; too large for a frame */
    struct cache cache;            /* only its hash key is used if config.cache_bytes is 0 */
    struct cache_key key;          /* the current question */
    struct dns_keeper keeper;
    struct dns_kept kept; /* the answer of the current callback, while has_kept */
    struct dns_kept_age kept_age;
    struct upstream upstreams[LEAT_RESOLVER_SERVERS_MAX]; /* as config.servers */
    uint8_t *message;                                     /* for datagrams that are in several
                                                           * buffers */
    struct leat_lookup *lookups, *free_lookups;
    struct query *queries, *live_queries, *free_queries;
    const struct leat_udp_events *udp_events; /* of the queries' sockets */
    const struct leat_tcp_events *tcp_events; /* of the connections to servers */
    uint8_t *sockets;                         /* memory for each query's socket */
    bool *gone;                               /* set by leat_resolver_close() during callbacks */
    bool has_kept;
};

/* ---- resolver_cache.c --------------------------------------------------------------------- */

/* Seconds, for the cache. */
uint32_t resolver_now_s(const struct leat_resolver *resolver);

/* Sets resolver->key. */
void resolver_key(struct leat_resolver *resolver, const struct leat_dns_name *name, uint16_t type,
                  uint8_t variant);

/* The cached answer for resolver->key, even if stale, or NULL. */
struct cache_entry *resolver_find_stale(const struct leat_resolver *resolver);

/* RFC 9520: caches the failure for resolver->key, unless there is a better answer, such as
 * @stale. */
void resolver_keep_failure(struct leat_resolver *resolver, struct cache_entry *stale);

/* Sets kept and kept_age from a cache entry; false: it is a cached failure. */
bool resolver_keep_from(struct leat_resolver *resolver, const struct cache_entry *entry);

/* Makes resolver->kept of the reply in resolver->result to the question of @query, and caches it.
 */
void resolver_keep_reply(struct leat_resolver *resolver, const struct query *query);

/* ---- lookup.c ----------------------------------------------------------------------------- */

/* The cached answer for resolver->key that may be used at once, or NULL. If its TTL is about
 * to end, a query is started. */
struct cache_entry *resolver_find(struct leat_resolver *resolver, const struct leat_dns_name *name);

/* leat_lookup_start(), for a question with the bits of @variant (enum cache_variant). */
enum leat_err lookup_start(struct leat_resolver *resolver, const struct leat_dns_name *name,
                           uint16_t type, uint8_t variant, leat_lookup_fn *on_done, void *arg,
                           struct leat_lookup **lookup);

/* Reports the outcome to the lookups of a query, which has ended when this returns. On
 * LEAT_OK resolver->result describes the reply in @message, which may be overwritten. */
void lookups_tell(struct query *query, enum leat_err err, uint8_t *message);

/* ---- query_reply.c ------------------------------------------------------------------------ */

/* Handles a reply of @len bytes. True: it is the answer, described in resolver->result, and the
 * try has ended; the caller reports it to the lookups. */
bool query_take_message(struct query *query, uint8_t *message, size_t len);

/* ---- query.c ------------------------------------------------------------------------------ */

/* The live query for resolver->key, or NULL. */
struct query *query_find(struct leat_resolver *resolver);

/* Run by the stack when a query has failed, with its `ready`; query->err is the error. */
typedef void query_failed_fn(struct leat *stack, struct ready *ready);

/* Begins a query; NULL: there are too many. */
struct query *query_start(struct leat_resolver *resolver, const struct leat_dns_name *name,
                          query_failed_fn *on_failed);

/* query_stop() ends its conversation, so that no lookup can join it any more; query_free()
 * frees it. */
void query_stop(struct query *query);
void query_free(struct query *query);

/* Ends the query with an error, reported from the ready queue. */
void query_fail(struct query *query, enum leat_err err);

/* Moves the queries on a connection elsewhere: it has ended or failed, or fails now. @again:
 * possibly only the connection failed, so the same server is tried again. */
void queries_lost(struct upstream *upstream, enum leat_err err, bool again);

/* Repeats the query by TCP, with the same server, because of a reply. */
void query_go_on_by_tcp(struct query *query);

/* Repeats the query with the same server. */
void query_try_again(struct query *query);

/* Leaves the server out of later tries: it can't answer. A silent server counts as down
 * beyond this query. */
void query_server_failed(struct query *query, enum leat_err err);

/* Ends its try, with an answer. */
void query_end_try(struct query *query);

/* A reply that came by TCP because of its length, or of a habit, says nothing about the server's
 * delay. */
bool query_shows_delay(const struct query *query);

/* Notes why a reply of the server of this try isn't taken; @why follows "answered, but". */
void query_note(struct query *query, const char *why);

/* ---- query_try.c -------------------------------------------------------------------------- */

enum query_sent {
    QUERY_SENT,
    QUERY_UNSENT, /* memory is short */
    QUERY_NO_WAY  /* no route to its server */
};

/* The index in config.servers of the current try, its server, and the number of its round. */
static inline unsigned query_server(const struct query *query)
{
    return query->order[query->tries % (unsigned)query->resolver->config.server_count];
}

static inline struct upstream *query_upstream(const struct query *query)
{
    return &query->resolver->upstreams[query_server(query)];
}

static inline unsigned query_round(const struct query *query)
{
    return query->tries / (unsigned)query->resolver->config.server_count;
}

/* The bit of its server in the sets of servers. */
static inline uint8_t query_server_bit(const struct query *query)
{
    return (uint8_t)(1u << query_server(query));
}

/* Begins the current try; false: there is no route to its server. */
bool query_begin_try(struct query *query);

/* Sends its question, or sets the timer for that if memory is short; false: no route. */
bool query_send(struct query *query);

/* Sends the question once more within the try, by UDP: it may have been lost. A server that may
 * ignore EDNS gets it without. */
void query_repeat(struct query *query);

void query_close_socket(struct query *query);

/* ---- query_write.c ------------------------------------------------------------------------ */

/* Chooses whether the current try has EDNS. */
void query_choose_edns(struct query *query);

/* Sets the cookie of the current try, which leaves from @local. */
void query_take_cookie(struct query *query, struct leat_ip local);

/* Writes the query of the current try, of at most LOOKUP_QUERY_BYTES_MAX bytes, or
 * LOOKUP_PADDED_BYTES_MAX if @padded. Returns its length. */
size_t query_write(const struct query *query, uint8_t *bytes, bool padded);

/* ---- upstream.c --------------------------------------------------------------------------- */

/* Its index in config.servers. */
static inline size_t upstream_place(const struct upstream *upstream)
{
    leat_debug_assert(upstream >= upstream->resolver->upstreams);
    return (size_t)(upstream - upstream->resolver->upstreams);
}

/* Sets the order in which a new query asks the servers. */
void upstreams_order(struct leat_resolver *resolver, uint8_t order[LEAT_RESOLVER_SERVERS_MAX]);

/* Records a reply after this time, or silence for this time. */
void upstream_answered(struct upstream *upstream, uint64_t after_ns);
void upstream_was_silent(struct upstream *upstream, uint64_t for_ns);

/* True if the server is to be asked by TLS, and so by TCP. */
bool upstream_wants_tls(const struct upstream *upstream);

/* Its address and port, with TLS or without. */
struct leat_endpoint upstream_endpoint(const struct upstream *upstream, bool secure);

/* True for errors of leat_tcp_connect() that mean that there is no route, including no IPv6
 * and an unknown zone. */
static inline bool upstream_is_nowhere(enum leat_err err)
{
    return err == LEAT_ERR_NO_ROUTE || err == LEAT_ERR_FAMILY;
}

/* ---- upstream_conn.c ---------------------------------------------------------------------- */

/* Prepares a server without a connection. */
void upstream_init(struct upstream *upstream, struct leat_resolver *resolver);

/* Asks by TCP. Gives query->id a value that is unique on this connection. */
enum query_sent upstream_ask(struct upstream *upstream, struct query *query);

/* Removes the query from the connection. */
void upstream_leave(struct query *query);

/* Sends the queries that have not been sent; false: the connection has failed. */
bool upstream_send_queries(struct upstream *upstream);

/* The query on this connection that has @id, or NULL. */
struct query *upstream_find(const struct upstream *upstream, uint16_t id);

/* Ends the connection, on which no query waits. */
void upstream_close(struct upstream *upstream);

/* Aborts the connection, unless it has ended. Returns the queries that waited on it, chained by
 * next_upstream. @clear: set to true if the server is asked in the clear from now on. */
struct query *upstream_lose(struct upstream *upstream, bool *clear);

/* Clears the state of a connection that has ended. */
void upstream_forget(struct upstream *upstream);

/* ---- rebind.c ----------------------------------------------------------------------------- */

/* True if the reply in resolver->result has a private address, for a name that is not exempt. */
bool rebinds(const struct leat_resolver *resolver, const struct leat_dns_name *asked);

/* ---- query_receive.c ---------------------------------------------------------------------- */

/* Sets the callbacks of the resolver's sockets. */
void query_receive_init(struct leat_resolver *resolver);

#endif
