/*
 * forward.h -- private declarations of a forwarder.
 *
 * A query is answered at once, from the cache or with an error, or it takes a place among the
 * waiting queries, and the resolver's callback answers it. A TCP client (RFC 7766) may have several
 * waiting queries, and gets each reply when it is ready.
 *
 *      forwarder.c      receives queries by UDP, and divides the memory
 *      forward_tcp.c    receives them from TCP clients
 *      forward_ask.c    receives them from the program
 *      forward_query.c  handles a query
 *      forward_way.c    the servers for a name
 *      forward_own.c    the program's own answers
 *      forward_wait.c   queries that wait for their answers
 *      forward_reply.c  writes the replies, and sends them
 */
#ifndef DNS_FORWARD_H
#define DNS_FORWARD_H

#include <leat/forwarder.h>
#include <leat/life.h>
#include <leat/udp.h>

#include "proto/dns/cookie_keeper.h"
#include "core/shares.h"
#include "proto/dns/dns_clients.h"
#include "proto/dns/dns_rate.h"
#include "proto/dns/dns_told.h"
#include "proto/dns/lookup.h"

enum {
    FORWARD_PIPELINE_MAX = 32, /* waiting queries of a TCP client; later ones stay unread */
    FORWARD_QUEUE_PART = 4,    /* longest replies in the send queue of a TCP client */
    FORWARD_OWN_BYTES = 12 + LEAT_DNS_NAME_BYTES /* a record made by the forwarder: head and data */
};

struct forward_client;

/* The queries that wait for one resolver, with shares of its places. */
struct forward_queue {
    struct leat_resolver *resolver;
    struct forward_wait *waits, *free_waits;
    struct shares shares;
    uint16_t places; /* 0: the resolver has another queue */
};

/* A domain with its servers, or all other names. Its own queue is unused if another way before it
 * has the same resolver. */
struct forward_way {
    struct forward_queue *queue; /* NULL: it has no resolver */
    struct forward_queue own;
    struct leat_forwarder_domain_counts counts;
};

/* The parts of a query that its reply needs. */
struct forward_form {
    uint16_t id;
    uint16_t flags;
    size_t limit; /* bytes */
    bool has_edns;
    bool dnssec_ok;
    bool by_tcp;
    bool is_padded;  /* the transport is encrypted (RFC 8467) */
    bool wants_ad;   /* the client understands AD (RFC 6840 5.7) */
    uint8_t variant; /* of the lookup: enum cache_variant */
    struct dns_cookie_reply cookie;
};

/* A query that waits for its answer. */
struct forward_wait {
    struct leat_forwarder *forwarder;
    struct leat_lookup *lookup;         /* NULL: free */
    struct forward_queue *queue;        /* the one that it is in */
    struct forward_wait *next;          /* next of the same client, or next free */
    struct forward_client *client;      /* NULL: by UDP, or the program's */
    struct leat_forwarder_query *query; /* the program's; NULL: another way */
    struct leat_endpoint peer;
    struct leat_ip local_ip;
    uint64_t query_at_ns;
    struct forward_form form;
};

struct forward_client {
    struct dns_client tcp;
    struct forward_wait *waiting;
    struct ready ready;   /* set when it is to be served */
    uint32_t wants_bytes; /* room that the reply to its query needs; 0: it isn't held up */
    uint8_t count;        /* that wait */
};

/* The end of a reply by TCP that waits for buffers: of one client at a time. */
struct forward_rest {
    struct forward_client *client; /* NULL: there is none */
    uint8_t *bytes;
    size_t len;
    size_t at; /* what is before was sent */
};

struct leat_forwarder {
    struct leat_forwarder_config config; /* with the defaults filled in */
    struct leat_forwarder_counts counts;
    struct leat *stack;
    struct leat_udp *udp;
    struct leat_drainer drainer;
    struct dns_clients clients;
    struct forward_way *ways; /* the first: of names in no domain; then those of config.domains */
    struct forward_way *way;  /* of the current query */
    struct leat_forwarder_domain_counts way_before; /* its counts before that query */
    struct leat_resolver *resolver; /* that has the answer to the current query in `kept` */
    struct dns_rate *rate;          /* NULL: no limit */
    struct dns_cookie_keeper cookies;
    struct leat_dns_name name;  /* name of the current query */
    struct leat_dns_name asked; /* of the reply whose aliases are inspected */
    struct leat_dns_name alias;
    uint8_t *scratch; /* a TCP reply behind its length, or a UDP query from several buffers */
    size_t scratch_bytes;
    struct forward_rest rest; /* has room for as much */
    uint8_t own[FORWARD_OWN_BYTES];
    struct dns_told told;      /* its `how` is that of the current query */
    uint16_t extended_error;   /* of the next reply; 0: none */
    uint32_t reply_ttl_s;      /* of the last reply that was written; 0: it isn't to be kept */
    uint64_t prohibited_at_ns; /* when on_prohibited was called last; 0: never */
};

/* The result of a query. */
enum forward_outcome {
    FORWARD_NOTHING, /* no reply */
    FORWARD_REPLY,   /* the reply is written */
    FORWARD_WAITS
};

/* The sender of a query. */
struct forward_from {
    struct leat_endpoint peer;
    struct leat_ip local_ip;
    uint64_t query_at_ns;
    struct forward_client *client;      /* NULL: by UDP, or the program's */
    struct leat_forwarder_query *query; /* the program's; NULL: another way */
    struct dns_cookie_asker asker;
};

/* Both ends of a query. */
struct forward_ends {
    struct leat_ip peer;
    struct leat_ip local;
};

/* Has the program look at the names that the CNAMEs of a written reply lead to. True: its own
 * answer is in resolver->kept, in the place of the reply's, @kept. */
bool forward_own_alias(struct leat_forwarder *forwarder, const struct forward_ends *ends,
                       const struct dns_question *question, const struct dns_kept *kept,
                       const uint8_t *reply, size_t len);

/* Finds an answer for forwarder->name that needs no server: the program's, or that for a special
 * name. True: it is in resolver->kept. */
bool forward_own(struct leat_forwarder *forwarder, const struct forward_from *from, uint16_t type);

/* Handles a query. FORWARD_REPLY: @*reply_len bytes are in @reply, which has @reply_bytes. */
enum forward_outcome forward_take(struct leat_forwarder *forwarder, const struct forward_from *from,
                                  enum leat_dns_transport transport, const uint8_t *query,
                                  size_t query_len, uint8_t *reply, size_t reply_bytes,
                                  size_t *reply_len);

/* False, and counted: clients at @ip are in none of the configured networks. */
bool forward_admits(struct leat_forwarder *forwarder, const struct leat_ip *ip);

/* ---- forward_way.c ------------------------------------------------------------------------ */

/* True if the domains have legal names, and no members of later versions. */
bool forward_domains_are_legal(const struct leat_forwarder_config *config);

/* Sets the way of forwarder->name, and the resolver. */
void forward_choose(struct leat_forwarder *forwarder);

/* True if the domain of the current way wins over a special zone, whose name begins at @zone_at in
 * forwarder->name. */
bool forward_is_chosen_over(const struct leat_forwarder *forwarder, unsigned zone_at);

/* Bytes of the ways and their queues; their alignment is that of uint64_t. */
size_t forward_ways_bytes(const struct leat_forwarder_config *config);

/* Divides @block, which has as many bytes, among the ways of forwarder->config. */
void forward_ways_init(struct leat_forwarder *forwarder, uint8_t *block);

/* True if a query waits for an answer. */
bool forward_is_waiting(const struct leat_forwarder *forwarder);

/* Cancels the lookups of all waiting queries. */
void forward_cancel_all(struct leat_forwarder *forwarder);

/* ---- forward_reply.c ---------------------------------------------------------------------- */

/* Writes a reply; @kept NULL: without records. Returns its length. */
size_t forward_write(struct leat_forwarder *forwarder, const struct forward_form *form,
                     const struct dns_question *question, const struct dns_kept *kept,
                     unsigned rcode, uint8_t *reply);

/* Sets the reason of a SERVFAIL by the error of a lookup (RFC 8914). */
void forward_note_error(struct leat_forwarder *forwarder, enum leat_err err);

/* Writes a reply from resolver->kept, or SERVFAIL. */
size_t forward_write_kept(struct leat_forwarder *forwarder, const struct forward_ends *ends,
                          const struct forward_form *form, const struct dns_question *question,
                          uint8_t *reply);

/* True if a reply of @len bytes has room in the client's send queue. Without others in front of it
 * a reply always has. */
bool forward_fits(const struct forward_client *client, size_t len);

/* Sends the end of the client's last reply, if it is unsent; false: there is more. */
bool forward_send_rest(struct forward_client *client);

/* Sends a reply of @len bytes, which is in scratch behind room for its length, to a query that was
 * complete at @query_at_ns. */
void forward_reply_by_tcp(struct forward_client *client, size_t len, uint64_t query_at_ns);

/* Hands such a reply to the program, for its own query. */
void forward_reply_to(struct leat_forwarder *forwarder, struct leat_forwarder_query *query,
                      size_t len, uint64_t query_at_ns);

/* Replies to a query that has waited, from resolver->kept or with SERVFAIL. */
void forward_reply(struct forward_wait *wait, const struct dns_question *question);

/* ---- forward_wait.c ----------------------------------------------------------------------- */

/* Queues a query for forwarder->name until its answer comes; false: the resolver has no
 * lookup left. May answer another query, which overwrites scratch and resolver->kept. */
bool forward_await(struct leat_forwarder *forwarder, const struct forward_from *from,
                   const struct forward_form *form, uint16_t type);

/* Frees a place. Its lookup must be over or cancelled. */
void forward_release(struct forward_wait *wait);

/* Gives up a query whose client has left. */
void forward_abandon(struct forward_wait *wait);

/* ---- forward_tcp.c ------------------------------------------------------------------------ */

static inline struct leat_forwarder *forward_owner(const struct forward_client *client)
{
    return client->tcp.clients->config.server;
}

/* The longest reply: the longest answer that the resolver keeps, and its frame. */
size_t forward_reply_bytes(const struct leat_forwarder_config *config);

/* Initializes the TCP clients for dns_clients_init(); @forwarder NULL: for dns_clients_bytes(). */
struct dns_clients_config forward_clients(const struct leat_forwarder_config *config,
                                          struct leat_forwarder *forwarder);

#endif
