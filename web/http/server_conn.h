/*
 * server_conn.h -- one client of the server, and the server's own state.
 *
 *      http_server.c     the server: open and close, start and end of its clients
 *      server_serve.c    serves a client: reads a request, sends the reply, and begins again
 *      server_reply.c    the reply: its head, and the file behind it
 *      http_early.c      refuses requests that come too early
 *      http_exchange.c   requests that a route answers, with http_send.c and http_receive.c
 *      server_conn.c     the client's phase and deadline, received data, counters
 *      http_calendar.c   the Date
 *
 * A file calls only those that come later in this list.
 */
#ifndef HTTP_SERVER_CONN_H
#define HTTP_SERVER_CONN_H

#include <leat/http_server.h>
#include <leat/stream.h>

#include "web/http/http_exchange.h"
#include "web/http/http_folder.h"
#include "web/http/http_reply.h"
#include "web/http/http_said.h"
#include "core/shares.h"
#include "core/timer.h"

enum http_phase {
    HTTP_PHASE_IDLE,     /* no byte of a request was received */
    HTTP_PHASE_HEAD,     /* a part of its head was received */
    HTTP_PHASE_EXCHANGE, /* a route answers it */
    HTTP_PHASE_REPLY,    /* its reply is not completely queued */
    HTTP_PHASE_BODY,     /* the rest of its body is discarded */
    HTTP_PHASE_LINGER,   /* the reply was sent; data is discarded until the client closes */
    HTTP_PHASE_ENDING    /* aborted: on_closed is due */
};

struct server_conn {
    struct leat_http_server *server;
    struct server_conn *next_free;
    struct leat_stream stream; /* free if `end` is NULL */
    struct leat_buf *unread;   /* received, not yet read */
    struct leat_buf *head;     /* rest of the reply's head */
    const char *body;          /* rest of the reply's file; NULL: it is read, from `body_at` on */
    uint64_t body_at;          /* offset in the file */
    uint64_t body_left;        /* bytes until the end of the file, or of a part of it */
    uint8_t part;              /* of a reply in parts: the next one */
    uint8_t parts_left;        /* those that follow, and what ends them */
    uint32_t skip;             /* bytes of the request's body to discard */
    uint32_t seen_taken;    /* bytes that the client had acknowledged when the timer fired last */
    uint16_t status;        /* of the reply; 0: none yet */
    uint8_t phase;          /* enum http_phase */
    bool seen_queued;       /* the client had data to acknowledge then */
    bool over;              /* no request is under way, or it was counted and logged */
    bool serving;           /* server_conn_serve() is running, and will check again */
    bool close;             /* end the connection after this reply */
    bool ends_chunks;       /* the body is the end of a route's chunks, no data of its reply */
    bool starved;           /* the pool was empty, so on_writable must follow */
    bool served;            /* a request was answered on this connection */
    bool early;             /* the handshake isn't complete, so requests may be replays */
    uint8_t major;          /* version of HTTP that the client speaks; its carrier translates 2 */
    struct timer timer;     /* set for `due_ns` or earlier; it is set again then */
    uint64_t due_ns;        /* deadline of the phase */
    uint64_t renewed_at_ns; /* time of the last progress, to 0.1 s */
    uint32_t place;         /* in server->shares; SHARES_NONE: it is being ended */
    uint64_t head_at_ns;    /* start of the head */
    uint64_t sent;          /* bytes of the reply's data */
    struct leat_http_exchange *exchange; /* NULL: the server has neither routes nor a folder */
    struct http_opened *opened;          /* NULL: the server has no folder */
    struct http_said *said;              /* NULL: the server has no log */
    struct http_request request;
    struct http_found found; /* at its path */
    struct http_reply reply;
};

/* The Date, renewed when a reply needs it in another second. */
struct http_calendar {
    struct http_now now;   /* civil_ns is the time of the renewal */
    uint64_t second;       /* of both, since 1970; 0: unset */
    struct leat_buf *line; /* the Date line and the end of a head, which prepared heads lack; shared
                              by replies of one second; NULL: not needed so far */
};

struct leat_http_server {
    struct leat_http_server_config config; /* with the defaults filled in */
    struct leat_http_server_counts counts;
    struct leat *stack;
    struct leat_tcp_listener *listener;
    struct server_conn *clients;
    struct server_conn *free_client;      /* list */
    struct leat_http_exchange *exchanges; /* one per client, if there are routes or a folder */
    struct http_opened *opened;           /* one per client, if there is a folder */
    struct http_said *said;               /* one per client, if there is on_access */
    uint32_t clients_open;
    bool stopping;
    struct shares shares;          /* config.clients places */
    struct server_conn **of_place; /* the client at each place */
    struct http_table table;
    char *heads; /* prepared heads of each file's common reply */
    uint16_t *head_lens;
    struct http_calendar calendar;
};

/* ---- server_serve.c ---- */

/* Starts a client with a new stream, whose events are set. The rest of @client must be zero, or as
 * after server_conn_release(), except for fields that the server sets. */
void server_conn_start(struct server_conn *client, struct leat_stream stream);

/* Ends a client that only waits for another request. */
void server_conn_stop(struct server_conn *client);

/* Frees what the client holds, when the stream is closed or has another owner. */
void server_conn_release(struct server_conn *client);

/* For the stream's events; the argument is @client. */
void server_conn_opened(struct leat_tcp *conn, void *client);
void server_conn_serve(struct leat_tcp *conn, void *client);
void server_conn_writable(struct leat_tcp *conn, void *client);
bool server_conn_drain(struct leat_tcp *conn, bool quiet, void *client);

/* Handles the client's timer. False: the stream was closed and left to the stack, so the caller
 * must take the rest back. */
bool server_conn_on_time(struct server_conn *client);

/* ---- server_reply.c ---- */

/* Starts @reply. False: there is no buffer for it. */
bool server_reply_begin(struct server_conn *client, const struct http_reply *reply);

/* Sends the rest of the reply. False: it must wait, or the connection is over. */
bool server_reply_send(struct server_conn *client);

/* A boundary between parts that the author of a file can't foresee. */
uint64_t server_reply_boundary(const struct server_conn *client);

/* ---- http_early.c ---- */

/* Refuses a request with a complete head if it may be a replay and isn't safe. */
void http_early_look(struct server_conn *client);

/* ---- server_conn.c ---- */

/* True if each client's current reply is its last. */
bool server_is_ending(const struct leat_http_server *server);

/* Notes progress of the client: in its address it becomes the last one to be evicted. */
void server_conn_renew(struct server_conn *client);

/* Enters @phase, and sets its deadline. */
void server_conn_enter(struct server_conn *client, enum http_phase phase);

/* Aborts the stream and increments @count. on_closed follows. */
void server_conn_end(struct server_conn *client, uint64_t *count);

/* Requests a step soon, unless one is running. */
void server_conn_kick(struct server_conn *client);

/* Waits for a buffer: on_writable follows. Returns false. */
bool server_conn_wait_for_pool(struct server_conn *client);

/* Discards the first @bytes of received data. */
void server_conn_consume(struct server_conn *client, uint32_t bytes);

/* Unread data, or else new data of the stream. NULL: there is none. */
struct leat_buf *server_conn_unread(struct server_conn *client);

/* Counts a reply when it begins. */
void server_conn_count(struct server_conn *client, uint16_t status);

/* Counts bytes of its body. */
void server_conn_sent(struct server_conn *client, uint64_t bytes);

/* Counts and logs a request that is over, once. */
void server_conn_over(struct server_conn *client, bool complete);

/* ---- http_calendar.c ---- */

/* The current time; NULL: unknown. */
const struct http_now *http_calendar_now(struct leat_http_server *server);

/* A slice of the line that ends a prepared head now. NULL: the pool is empty. */
struct leat_buf *http_calendar_line(struct leat_http_server *server);

/* Frees the line. */
void http_calendar_release(struct http_calendar *calendar);

#endif
