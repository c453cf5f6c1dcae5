/*
 * forward.h -- the inside of a forwarder.
 *
 * A query is answered at once, from the cache or with an error; else it takes a place among those
 * that wait, and the resolver's callback answers it.  A client by TCP (RFC 7766) may have some
 * waiting, and gets each reply when it is there.
 */
#ifndef DNS_FORWARD_H
#define DNS_FORWARD_H

#include <leat/forwarder.h>
#include <leat/udp.h>

#include "proto/dns/cookie_keeper.h"
#include "core/shares.h"
#include "proto/dns/dns_clients.h"
#include "proto/dns/dns_rate.h"
#include "proto/dns/lookup.h"

enum {
    FORWARD_PIPELINE_MAX = 32, /* of a client by TCP that wait; what follows stays unread */
    FORWARD_OWN_BYTES = 34     /* a record that we make up ourselves */
};

struct forward_client;

/* What a reply keeps of its query. */
struct forward_form {
    uint16_t id;
    uint16_t flags;
    size_t limit; /* bytes */
    bool has_edns;
    bool dnssec_ok;
    struct dns_cookie_reply cookie;
};

/* A query that waits for its answer. */
struct forward_wait {
    struct leat_forwarder *forwarder;
    struct leat_lookup *lookup;    /* NULL: free */
    struct forward_wait *next;     /* of the same client, or free */
    struct forward_client *client; /* NULL: by UDP */
    struct leat_endpoint peer;
    struct leat_ip local_ip;
    struct forward_form form;
};

struct forward_client {
    struct dns_client tcp;
    struct forward_wait *waiting;
    struct ready ready; /* set when it may go on */
    uint8_t count;      /* that wait */
};

struct leat_forwarder {
    struct leat_forwarder_config config; /* with the defaults filled in */
    struct leat_forwarder_counts counts;
    struct leat *stack;
    struct leat_udp *udp;
    struct dns_clients clients;
    struct forward_wait *waits, *free_waits;
    struct shares shares;  /* of the waits */
    struct dns_rate *rate; /* NULL: no limit */
    struct dns_cookie_keeper cookies;
    struct leat_dns_name name; /* of the query at hand */
    uint8_t *scratch; /* a reply by TCP behind its length; a query by UDP that came in pieces */
    size_t scratch_bytes;
    uint8_t own[FORWARD_OWN_BYTES];
};

/* What becomes of a query. */
enum forward_outcome {
    FORWARD_NOTHING, /* no reply */
    FORWARD_REPLY,   /* it has been written */
    FORWARD_WAITS
};

/* Who sent a query. */
struct forward_from {
    struct leat_endpoint peer;
    struct leat_ip local_ip;
    struct forward_client *client; /* NULL: by UDP */
    struct dns_cookie_asker asker;
};

/* Asks the program about forwarder->name.  True: it has an answer, which is in resolver->kept. */
bool forward_own(struct leat_forwarder *forwarder, const struct forward_from *from, uint16_t type);

/* Takes a query.  FORWARD_REPLY: @*reply_len bytes are in @reply, which has @reply_bytes. */
enum forward_outcome forward_take(struct leat_forwarder *forwarder, const struct forward_from *from,
                                  enum leat_dns_transport transport, const uint8_t *query,
                                  size_t query_len, uint8_t *reply, size_t reply_bytes,
                                  size_t *reply_len);

/* ---- forward_wait.c ----------------------------------------------------------------------- */

/* Writes a reply; @kept NULL: without records.  Returns its length. */
size_t forward_write(struct leat_forwarder *forwarder, const struct forward_form *form,
                     const struct dns_question *question, const struct dns_kept *kept,
                     unsigned rcode, uint8_t *reply);

/* The same with what the resolver has kept, or SERVFAIL. */
size_t forward_write_kept(struct leat_forwarder *forwarder, const struct forward_form *form,
                          const struct dns_question *question, uint8_t *reply);

/* Has a query for forwarder->name wait for its answer; false: the resolver has no lookup left.  It
 * may tell another query, and so write to scratch and to resolver->kept. */
bool forward_await(struct leat_forwarder *forwarder, const struct forward_from *from,
                   const struct forward_form *form, uint16_t type);

/* Frees a place, whose lookup is over or cancelled. */
void forward_release(struct forward_wait *wait);

/* ---- forward_tcp.c ------------------------------------------------------------------------ */

static inline struct leat_forwarder *forward_owner(const struct forward_client *client)
{
    return client->tcp.clients->config.server;
}

/* Its clients, for dns_clients_init(); @forwarder NULL: for dns_clients_bytes(). */
struct dns_clients_config forward_clients(const struct leat_forwarder_config *config,
                                          struct leat_forwarder *forwarder);

/* Sends a reply of @len bytes, which lies in scratch behind the place of its length. */
void forward_client_reply(struct forward_client *client, size_t len);

/* Goes on with what the client has sent, if it may: now, or in a turn of its own. */
void forward_client_serve(struct forward_client *client);
void forward_client_serve_soon(struct forward_client *client);

#endif
