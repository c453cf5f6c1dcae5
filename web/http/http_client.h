/* http_client.h -- one client of the server, and the server as its clients see it. */
#ifndef HTTP_HTTP_CLIENT_H
#define HTTP_HTTP_CLIENT_H

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

struct http_client {
    struct leat_http_server *server;
    struct http_client *next_free;
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
    bool serving;           /* http_client_serve() is at work, and will look again */
    bool close;             /* after this reply */
    bool starved;           /* the pool was empty: on_writable is still to come */
    bool early;             /* its handshake isn't over: what it says may be a replay */
    struct timer timer;     /* fires at `due_ns` or before, and is set again then */
    uint64_t due_ns;        /* the phase may last so long */
    uint64_t renewed_at_ns; /* when it last got further, within HTTP_RENEW_NS */
    uint32_t place;         /* in server->shares; SHARES_NONE: it is being ended */
    uint64_t head_at_ns;    /* the head began */
    uint64_t sent;          /* of the reply's text */
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
    struct http_client *clients;
    struct http_client *free_client;      /* list */
    struct leat_http_exchange *exchanges; /* as many as clients, if there are routes */
    uint32_t clients_open;
    bool stopping;
    struct shares shares;          /* of config.clients places */
    struct http_client **of_place; /* who has which of them */
    struct http_table table;
    char *heads; /* for each file, of the reply that most requests get */
    uint16_t *head_lens;
    struct http_calendar calendar;
};

/* What time it is; NULL: nobody knows. */
const struct http_now *http_calendar_now(struct leat_http_server *server);

/* A view of the line that ends a prepared head at that time; NULL: the pool is empty. */
struct leat_buf *http_calendar_line(struct leat_http_server *server);

/* Gives back what it holds. */
void http_calendar_release(struct http_calendar *calendar);

/* Begins with a stream that is new and has its events; the rest of @client is zero or as
 * http_client_release() has left it, but for what the server has set. */
void http_client_start(struct http_client *client, struct leat_stream stream);

/* Ends it if it waits for nothing but another request. */
void http_client_stop(struct http_client *client);

/* Gives back what it holds; the stream is no more, or somebody else's. */
void http_client_release(struct http_client *client);

/* The same, and its place is for another one. */
void http_server_take_back(struct http_client *client);

/* Aborts it and counts that; on_closed follows. */
void http_client_end(struct http_client *client, uint64_t *count);

/* The client got further: of its address it is the last one to be displaced. */
void http_client_renew(struct http_client *client);

/* Enters @phase, and gives it its time. */
void http_client_enter(struct http_client *client, enum http_phase phase);

/* Throws away the first @bytes of what was received. */
void http_client_consume(struct http_client *client, uint32_t bytes);

/* There is no buffer now: on_writable follows when there are.  Returns false. */
bool http_client_wait_for_pool(struct http_client *client);

/* What is unread, or else what the stream has; NULL: nothing. */
struct leat_buf *http_client_unread(struct http_client *client);

/* Counts the reply that begins now. */
void http_client_count(struct http_client *client, uint16_t status);

/* Looks again soon, if nobody does so already. */
void http_client_kick(struct http_client *client);

/* Refuses the request, whose head is whole, if it may be a replay and isn't safe. */
void http_early_look(struct http_client *client);

/* For the stream's events; @client. */
void http_client_opened(struct leat_tcp *conn, void *client);
void http_client_serve(struct leat_tcp *conn, void *client);
void http_client_writable(struct leat_tcp *conn, void *client);

/* For its timer. */
void http_client_timer(struct timer *timer, void *context);

#endif
