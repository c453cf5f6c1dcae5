/*
 * lookup.h -- the inside of a resolver: what the program asks (lookups), and what is asked of
 * servers for it (queries).
 *
 * Equal lookups share one query, so that many who ask don't make as many chances for a forged reply
 * (VU#457875).  A query may also go on without a lookup, to renew what the cache has.
 */
#ifndef DNS_LOOKUP_H
#define DNS_LOOKUP_H

#include <leat/resolver.h>
#include <leat/stream.h>
#include <leat/udp.h>

#include "proto/dns/cache.h"
#include "proto/dns/cookie.h"
#include "proto/dns/stored_answer.h"
#include "service.h"
#include "proto/wire/dns.h"

enum {
    LOOKUP_LENGTH_BYTES = 2, /* in front of a message by TCP (RFC 1035 4.2.2) */
    LOOKUP_QUERY_BYTES_MAX = DNS_HEADER_BYTES + LEAT_DNS_NAME_BYTES + 4 + DNS_OPT_BYTES +
                             DNS_OPTION_BYTES + DNS_COOKIE_BYTES_MAX,
    LOOKUP_PAD_TO = 128, /* bytes of a query that nobody else can read (RFC 8467 4.1) */
    LOOKUP_PADDED_BYTES_MAX = (LOOKUP_QUERY_BYTES_MAX + DNS_OPTION_BYTES + LOOKUP_PAD_TO - 1) /
                              LOOKUP_PAD_TO * LOOKUP_PAD_TO
};

struct query;

/* A server that is asked: how fast it answers, and the connection to it. */
struct upstream {
    struct leat_resolver *resolver;
    struct dns_cookie cookie;
    uint64_t delay_ns;         /* smoothed, of its replies by UDP or TLS; 0: nobody knows */
    struct leat_stream stream; /* without an end: there is none.  It is kept a while (6.2.1) */
    struct leat_ip local_ip;   /* of ours, of the connection */
    struct query *queries;     /* that wait for a reply by it, pipelined (RFC 7766 6.2.1.1) */
    struct timer idle;         /* set while nothing waits */
    uint64_t heard_ns;         /* when the last whole reply came */
    uint32_t have;             /* bytes of length and reply so far */
    uint32_t skip;             /* bytes of a reply that is too long, still to be thrown away */
    bool open;
    bool used;               /* it has carried a reply */
    bool secure;             /* it has TLS */
    uint64_t clear_until_ns; /* it is asked without */
    bool *gone;              /* set when the connection is, while its text is being read */
    uint8_t *message;        /* LOOKUP_LENGTH_BYTES + answer_bytes */
};

struct leat_lookup {
    struct leat_resolver *resolver;
    leat_lookup_fn *on_done; /* NULL: free */
    void *arg;
    struct query *query;      /* whose outcome it waits for, or NULL */
    struct leat_lookup *next; /* that waits for the same; or that is free, too */
    struct ready ready;       /* set when the cache is to be asked */
    struct timer stale_timer; /* what is stale will do then (RFC 8767 5) */
    uint16_t type;
    struct leat_dns_name asked; /* as the program wrote it */
};

/* A question on its way. */
struct query {
    struct leat_resolver *resolver;
    struct query *next;          /* live, or free */
    struct leat_lookup *lookups; /* that wait for it */
    struct leat_udp *udp;        /* of the current try, or NULL */
    struct upstream *upstream;   /* whose connection it waits for, or NULL */
    struct query *next_upstream; /* that waits for it, too */
    struct timer timer;
    struct ready ready; /* set when `err` is to be told */
    enum leat_err err;
    enum leat_err soft; /* what ICMP said of the current try, or LEAT_OK */
    uint64_t begin_ns;  /* of the current try */
    uint64_t end_ns;    /* of the current try */
    unsigned rcode;     /* of the last server that failed */
    uint32_t hash;      /* of its name */
    uint16_t id;        /* of the current try */
    uint16_t type;
    unsigned tries;
    struct dns_cookie_sent cookie;            /* of the current try */
    uint8_t bad_cookies;                      /* replies that said so */
    uint8_t failed;                           /* servers that can't answer, a bit each */
    uint8_t case_differed;                    /* who don't keep it: their next try goes by TCP */
    uint8_t order[LEAT_RESOLVER_SERVERS_MAX]; /* in which they are asked */
    bool by_tcp;
    bool awaits_address; /* no try: there may be a way soon */
    bool live;
    bool unsent;                /* for want of memory: the timer sends it */
    bool sent;                  /* on its connection */
    bool sent_again;            /* after a connection that ended: once (RFC 7766 6.2.4) */
    bool renews;                /* the cache wants it: it goes on without lookups */
    struct leat_dns_name asked; /* as who asked first wrote it */
    struct leat_dns_name name;  /* in the case of the current try */
};

struct leat_resolver {
    struct leat_resolver_config config; /* with the defaults filled in */
    struct leat_resolver_counts counts;
    struct leat *stack;
    struct leat_dns_result result; /* for the callback that is running: too large for a frame */
    struct cache cache;            /* only its key counts if config.cache_bytes is 0 */
    struct cache_key key;          /* what is being looked for */
    struct dns_keeper keeper;
    struct dns_kept kept; /* what the callback that is running is about, while has_kept */
    struct dns_kept_age kept_age;
    struct upstream upstreams[LEAT_RESOLVER_SERVERS_MAX]; /* as config.servers */
    uint8_t *message;                                     /* a datagram that lies in pieces */
    struct leat_lookup *lookups, *free_lookups;
    struct query *queries, *live_queries, *free_queries;
    uint8_t *sockets; /* memory for that of each query */
    bool *gone;       /* set by leat_resolver_close(), while callbacks run */
    bool has_kept;
};

/* Seconds, for the cache. */
uint32_t resolver_now_s(const struct leat_resolver *resolver);

/* Sets resolver->key. */
void resolver_key(struct leat_resolver *resolver, const struct leat_dns_name *name, uint16_t type);

/* False: what is said of @type is not kept.  No record has type 0, by which the cache knows all
 * types of a name. */
bool resolver_keeps(const struct leat_resolver *resolver, uint16_t type);

/* What the cache has for resolver->key and may be told at once, or NULL; its TTL may be about to
 * end soon, and a query for it begun. */
struct cache_entry *resolver_find(struct leat_resolver *resolver, const struct leat_dns_name *name);

/* What the cache has of it and is stale, or NULL. */
struct cache_entry *resolver_find_stale(const struct leat_resolver *resolver);

/* RFC 9520: that nobody answers resolver->key is kept, too, if there is nothing better, as @stale
 * would be. */
void resolver_keep_failure(struct leat_resolver *resolver, struct cache_entry *stale);

/* Sets kept and kept_age to what the cache has; false: it is that nobody answers. */
bool resolver_keep_from(struct leat_resolver *resolver, const struct cache_entry *entry);

/* The live query for resolver->key, or NULL. */
struct query *query_find(struct leat_resolver *resolver);

/* Begins one; NULL: there are too many. */
struct query *query_start(struct leat_resolver *resolver, const struct leat_dns_name *name);

/* Ends its conversation: nobody can join it any more.  Then frees it. */
void query_stop(struct query *query);
void query_free(struct query *query);

/* For the connection that a query waits for: its reply, in @len bytes that may be written to, which
 * may close the resolver; its server's end; another try with this server; the end of it all. */
void query_take_message(struct query *query, uint8_t *message, size_t len);
void query_server_failed(struct query *query, enum leat_err err);
void query_try_again(struct query *query);
void query_fail(struct query *query, enum leat_err err);

/* It goes on by TCP, with the same server. */
void query_go_on_by_tcp(struct query *query);

/* ---- query_try.c -------------------------------------------------------------------------- */

enum query_sent {
    QUERY_SENT,
    QUERY_UNSENT, /* memory is short */
    QUERY_NO_WAY  /* to its server */
};

/* Which of config.servers the current try asks, its place, and the how manieth round it is. */
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

/* Begins the current try; false: there is no way to its server. */
bool query_begin_try(struct query *query);

/* Sends its question, or has the timer do that soon if memory is short; false as above. */
bool query_send(struct query *query);

void query_close_socket(struct query *query);

/* The current try goes out from @local: sets the cookie that it takes along. */
void query_take_cookie(struct query *query, struct leat_ip local);

/* Writes the query of the current try into LOOKUP_QUERY_BYTES_MAX bytes, or with @padded into
 * LOOKUP_PADDED_BYTES_MAX; returns its length. */
size_t query_write(const struct query *query, uint8_t *bytes, bool padded);

/* ---- upstream.c --------------------------------------------------------------------------- */

/* The server of config.servers[i], in its place. */
void upstream_init(struct upstream *upstream, struct leat_resolver *resolver);

/* The order in which a new query asks the servers. */
void upstreams_order(struct leat_resolver *resolver, uint8_t order[LEAT_RESOLVER_SERVERS_MAX]);

/* It has answered, or has said nothing, for so long. */
void upstream_answered(struct upstream *upstream, uint64_t after_ns);
void upstream_was_silent(struct upstream *upstream, uint64_t for_ns);

/* Now it is to be asked by TLS, and so by TCP. */
bool upstream_wants_tls(const struct upstream *upstream);

/* Where it is asked, with TLS or without. */
struct leat_endpoint upstream_endpoint(const struct upstream *upstream, bool secure);

/* True for the errors by which leat_tcp_connect() says that there is no route: without IPv6, or
 * without the zone of the address, there is none. */
static inline bool upstream_is_nowhere(enum leat_err err)
{
    return err == LEAT_ERR_NO_ROUTE || err == LEAT_ERR_FAMILY;
}

/* Asks by TCP.  Makes query->id one that no other on this connection has. */
enum query_sent upstream_ask(struct upstream *upstream, struct query *query);

/* The query waits no longer. */
void upstream_leave(struct query *query);

/* The query's time is over: a connection that has brought nothing meanwhile is given up. */
void upstream_gave_nothing(struct query *query);

/* Ends its connection. */
void upstream_close(struct upstream *upstream);

/* ---- rebind.c ----------------------------------------------------------------------------- */

/* True if the reply that resolver->result describes has an address of a private network, for a name
 * that has no right to one. */
bool rebinds(const struct leat_resolver *resolver, const struct leat_dns_name *asked);

/* Tells the lookups of a query its outcome, whose query has ended when this returns.  On LEAT_OK
 * resolver->result describes the reply in @message, which may be written to. */
void lookups_tell(struct query *query, enum leat_err err, uint8_t *message);

#endif
