/*
 * doh_client.h -- internal declarations of the client of DNS over HTTPS.
 *
 *      doh_client.c  open and close
 *      doh_conn.c    a connection with a server, as the resolver's stream
 *      doh_ask.c     a query, as a call of the HTTP client
 *
 * A file calls only those that come later in this list. Queries leave marks in their connection,
 * whose timer then calls the resolver.
 */
#ifndef WEB_DOH_DOH_CLIENT_H
#define WEB_DOH_DOH_CLIENT_H

#include <leat/doh_client.h>
#include <leat/timer.h>
#include <leat/url.h>

enum {
    DOH_LENGTH_BYTES = 2,   /* in front of a message (RFC 1035 4.2.2) */
    DOH_HEADER_BYTES = 12,  /* of a message */
    DOH_QUERY_BYTES = 1024, /* no query of the resolver is longer */
    DOH_REPLY_BYTES = 65535
};

struct doh_conn;

/* A query. */
struct doh_ask {
    struct doh_ask *next; /* of its connection, or a free one */
    struct doh_conn *conn;
    struct leat_http_call *call; /* NULL: it waits for a stream of HTTP/2 */
    struct leat_buf *reply;      /* as far as it has come */
    uint32_t age_s;              /* of the reply, in caches on the way (RFC 9111 5.1) */
    uint16_t len;                /* of the query */
    uint16_t sent;               /* of it */
    bool bad;                    /* the reply is no message */
    uint8_t id[2];
    uint8_t query[DOH_QUERY_BYTES];
};

enum doh_phase {
    DOH_FREE,
    DOH_OPENING, /* the handshake of TLS */
    DOH_OPEN,
    DOH_LOST /* on_closed is due */
};

struct doh_conn {
    struct leat_doh_client *client;
    struct doh_conn *next_free;
    struct leat_stream session; /* until it is open: then the HTTP client has it */
    struct leat_tls_client tls;
    const char *protocols[2]; /* of `tls` */
    const char *url;
    const struct leat_tcp_events *events; /* of its user, the resolver */
    void *arg;
    struct leat_timer timer; /* calls the events that are due */
    struct leat_ip peer;
    struct leat_buf *in; /* replies that the resolver hasn't received */
    struct doh_ask *asks;
    uint32_t ask_count;
    uint32_t serial; /* changes when the place is given back */
    bool one_by_one; /* HTTP/1.1 */
    bool readable;   /* on_readable is due */
    bool wanted;     /* on_writable is due when there is room */
    uint8_t phase;   /* enum doh_phase */
    uint8_t why;     /* enum leat_err, for on_closed */
};

struct leat_doh_client {
    struct leat_doh_client_config config; /* with the defaults filled in */
    struct leat_doh_client_counts counts;
    struct leat *stack;
    struct leat_http_client *http;
    struct doh_conn *conns;
    struct doh_conn *free_conn;
    struct doh_ask *free_ask;
    struct leat_url url;                                 /* for the moment */
    uint8_t message[DOH_LENGTH_BYTES + DOH_REPLY_BYTES]; /* ... */
};

/* Has the connection's timer call the events that are due, in this turn. */
static inline void doh_conn_kick(struct doh_conn *conn)
{
    leat_timer_set(conn->client->stack, &conn->timer, leat_now_ns(conn->client->stack));
}

/* ---- doh_conn.c ---- */

/* Ends a connection at once, without a callback. */
void doh_conn_drop(struct doh_conn *conn);

/* Sets the timer's callback. */
void doh_conn_init(struct doh_conn *conn);

/* ---- doh_ask.c ---- */

/* True if a query can be sent now. */
bool doh_ask_is_possible(const struct doh_conn *conn);

/* Begins a query of @len bytes. It leaves marks in @conn, and sets its timer. Errors: those of
 * leat_http_call(). LEAT_ERR_CLOSED: the connection has ended, because no other query has it. */
enum leat_err doh_ask_begin(struct doh_conn *conn, const uint8_t *query, uint16_t len);

/* Begins those that wait for a stream. */
void doh_ask_go_on(struct doh_conn *conn);

/* Ends all queries of a connection. */
void doh_ask_end_all(struct doh_conn *conn);

/* Marks a connection as ended. */
void doh_ask_lose(struct doh_conn *conn, enum leat_err why);

#endif
