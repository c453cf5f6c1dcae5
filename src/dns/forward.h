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
#include <leat/stream.h>
#include <leat/udp.h>

#include "dns/cookie_keeper.h"
#include "dns/dns_rate.h"
#include "dns/lookup.h"

enum {
    FORWARD_QUERY_BYTES_MAX = 1024, /* by TCP: however padded */
    FORWARD_PIPELINE_MAX = 32,      /* of a client by TCP that wait; what follows stays unread */
    FORWARD_LENGTH_BYTES = 2,
    FORWARD_OWN_BYTES = 34 /* a record that we make up ourselves */
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
    struct leat_forwarder *forwarder;
    struct leat_stream stream; /* without an end: free */
    struct leat_endpoint peer;
    struct leat_ip local_ip;
    struct forward_wait *waiting;
    uint64_t active_at_ns; /* when it last asked, or took something of a reply */
    uint32_t taken;        /* of replies, as leat_stream_progress() says */
    uint16_t have; /* bytes of length and query */
    uint8_t count; /* that wait */
    bool ending;   /* aborted: on_closed is still to come */
    uint8_t query[FORWARD_LENGTH_BYTES + FORWARD_QUERY_BYTES_MAX];
};

struct leat_forwarder {
    struct leat_forwarder_config config; /* with the defaults filled in */
    struct leat_forwarder_counts counts;
    struct leat *stack;
    struct leat_udp *udp;
    struct leat_tcp_listener *listener;
    struct timer idle_timer; /* set while there are clients */
    struct forward_client *clients;
    struct forward_wait *waits, *free_waits;
    struct dns_rate *rate;     /* NULL: no limit */
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

/* Frees a place, whose lookup is over or cancelled. */
void forward_release(struct forward_wait *wait);

/* The side of TCP: begins to listen; ends all connections. */
enum leat_err forward_listen(struct leat_forwarder *forwarder);
void forward_stop(struct leat_forwarder *forwarder);

/* Sends a reply of @len bytes, which lies in scratch behind the place of its length. */
void forward_client_reply(struct forward_client *client, size_t len);

/* Goes on with what the client has sent, if it may. */
void forward_client_serve(struct forward_client *client);

#endif
