/*
 * server_conn.h -- one client of the server, and the server as its clients see it.
 *
 *      http_server.c     the server: it opens and closes, its clients come and go
 *      server_serve.c    serves a client: its request is read, its reply sent, and again
 *      http_early.c      refuses requests that come too early
 *      http_exchange.c   a request that a route answers, with http_send.c and http_receive.c
 *      server_conn.c     the client's phase and its time, the data that has come, the counts
 *      http_calendar.c   the date
 *
 * A file calls only those that come later in this list.
 */
#ifndef HTTP_SERVER_CONN_H
#define HTTP_SERVER_CONN_H

#include <leat/http_server.h>
#include <leat/stream.h>

#include "web/http/http_exchange.h"
#include "web/http/http_reply.h"
#include "core/shares.h"
#include "core/timer.h"

enum http_phase {
    HTTP_PHASE_IDLE,     /* no byte of a request has come */
    HTTP_PHASE_HEAD,     /* some of its head */
    HTTP_PHASE_EXCHANGE, /* a route has it */
    HTTP_PHASE_REPLY,    /* its reply is not all queued */
    HTTP_PHASE_BODY,     /* the rest of its body is still to come */
    HTTP_PHASE_LINGER,   /* all is said; what comes is thrown away until the client closes, too */
    HTTP_PHASE_ENDING    /* aborted: on_closed is still to come */
};

struct server_conn {
    struct leat_http_server *server;
    struct server_conn *next_free;
    struct leat_stream stream; /* its `end` is NULL: free */
    struct leat_buf *unread;   /* received, but not yet looked at */
    struct leat_buf *head;     /* of the reply: what is left of it */
    const char *body;          /* the same of the file */
    uint32_t body_left;
    uint32_t skip;          /* bytes of the request's body that are still to come */
    uint32_t seen_taken;    /* what the client had taken when the timer fired last */
    uint16_t status;        /* of the reply; 0: none yet */
    uint8_t phase;          /* enum http_phase */
    bool seen_queued;       /* there was something for it to take then */
    bool logged;            /* on_access has been called for this request */
    bool serving;           /* server_conn_serve() is at work, and will look again */
    bool close;             /* after this reply */
    bool starved;           /* the pool was empty: on_writable is still to come */
    bool early;             /* its handshake isn't over: what it says may be a replay */
    struct timer timer;     /* fires at `due_ns` or before, and is set again then */
    uint64_t due_ns;        /* the phase may last so long */
    uint64_t renewed_at_ns; /* when it last got further, within HTTP_RENEW_NS */
    uint32_t place;         /* in server->shares; SHARES_NONE: it is being ended */
    uint64_t head_at_ns;    /* the head began */
    uint64_t sent;          /* of the reply's data */
    struct leat_http_exchange *exchange; /* NULL: the server has no routes */
    struct http_request request;
};

/* The date, renewed when a reply needs it in another second. */
struct http_calendar {
    struct http_now now;   /* its civil_ns is that of the renewal */
    uint64_t second;       /* of both; 0: there are none */
    struct leat_buf *line; /* Date, and the end of a head: what prepared heads lack.  Replies of one
                              second share it; NULL: none has needed it */
};

struct leat_http_server {
    struct leat_http_server_config config; /* with the defaults filled in */
    struct leat_http_server_counts counts;
    struct leat *stack;
    struct leat_tcp_listener *listener;
    struct server_conn *clients;
    struct server_conn *free_client;      /* list */
    struct leat_http_exchange *exchanges; /* as many as clients, if there are routes */
    uint32_t clients_open;
    bool stopping;
    struct shares shares;          /* of config.clients places */
    struct server_conn **of_place; /* who has which of them */
    struct http_table table;
    char *heads; /* for each file, of the reply that most requests get */
    uint16_t *head_lens;
    struct http_calendar calendar;
};

/* ---- server_serve.c ---- */

/* Begins with a stream that is new and has its events; the rest of @client is zero or as
 * server_conn_release() has left it, but for what the server has set. */
void server_conn_start(struct server_conn *client, struct leat_stream stream);

/* Ends it if it waits for nothing but another request. */
void server_conn_stop(struct server_conn *client);

/* Gives back what it holds; the stream is no more, or somebody else's. */
void server_conn_release(struct server_conn *client);

/* For the stream's events; @client. */
void server_conn_opened(struct leat_tcp *conn, void *client);
void server_conn_serve(struct leat_tcp *conn, void *client);
void server_conn_writable(struct leat_tcp *conn, void *client);

/* Its timer has fired; false: its stream has been closed and is the stack's, and the caller gives
 * back the rest. */
bool server_conn_on_time(struct server_conn *client);

/* ---- http_early.c ---- */

/* Refuses the request, whose head is whole, if it may be a replay and isn't safe. */
void http_early_look(struct server_conn *client);

/* ---- server_conn.c ---- */

/* The client got further: of its address it is the last one to be displaced. */
void server_conn_renew(struct server_conn *client);

/* Enters @phase, and gives it its time. */
void server_conn_enter(struct server_conn *client, enum http_phase phase);

/* Aborts it and counts that; on_closed follows. */
void server_conn_end(struct server_conn *client, uint64_t *count);

/* Looks again soon, if nobody does so already. */
void server_conn_kick(struct server_conn *client);

/* There is no buffer now: on_writable follows when there are.  Returns false. */
bool server_conn_wait_for_pool(struct server_conn *client);

/* Throws away the first @bytes of what was received. */
void server_conn_consume(struct server_conn *client, uint32_t bytes);

/* What is unread, or else what the stream has; NULL: nothing. */
struct leat_buf *server_conn_unread(struct server_conn *client);

/* Counts the reply that begins now. */
void server_conn_count(struct server_conn *client, uint16_t status);

/* ---- http_calendar.c ---- */

/* What time it is; NULL: nobody knows. */
const struct http_now *http_calendar_now(struct leat_http_server *server);

/* A view of the line that ends a prepared head at that time; NULL: the pool is empty. */
struct leat_buf *http_calendar_line(struct leat_http_server *server);

/* Gives back what it holds. */
void http_calendar_release(struct http_calendar *calendar);

#endif
