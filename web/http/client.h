/*
 * client.h -- internal declarations of the HTTP client: the client, its calls, and their
 * connections.
 *
 *      client.c          the client: starts calls, and chooses the connection for a call
 *      client_call.c     the course of a call: its steps, the program's callbacks, its end
 *      client_request.c  the request: its head, its body
 *      client_reply.c    the reply: its head, its body as it arrives
 *      client_conn.c     the call's connection: start, keep for another call, end
 *      client_timer.c    the call's timer: when the next step is due
 *
 * A file calls only those that come later in this list.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <leat/http_client.h>
#include <leat/timer.h>
#include <leat/url.h>

#include "web/http/http_body.h"
#include "web/http/http_response.h"

enum call_phase {
    CALL_FREE,
    CALL_CONNECTING, /* leat_connect() is running */
    CALL_OPENING,    /* the handshake of TLS */
    CALL_ACTIVE,     /* the request is being sent, or the reply received */
    CALL_KEPT,       /* a connection without a call */
    CALL_FAILED      /* on_failed has not returned yet */
};

/* A place for a connection, and its call. */
struct leat_http_call {
    struct leat_http_client *client;
    struct leat_stream stream;  /* no stream if `end` is NULL */
    struct leat_stream session; /* below it, if the carrier has made it */
    const char *protocols[2];   /* of `tls` */
    struct leat_connecting connecting;
    struct leat_tls_client tls;
    struct leat_timer timer; /* fires at due_ns or before */
    uint64_t due_ns;
    uint64_t active_at_ns; /* time of the last progress */
    uint64_t kept_at_ns;
    uint32_t serial;     /* a number of this call, to recognize a reused place */
    uint8_t phase;       /* enum call_phase */
    bool gone;           /* the stream is closed, and must not be used */
    enum leat_err ended; /* the reason, if received data of the reply outlives the stream */

    /* the origin (RFC 9110 4.3.1) */
    bool secure;
    uint16_t port;
    char host[LEAT_URL_HOST_BYTES];
    char name[LEAT_URL_HOST_BYTES]; /* the host's for TLS: without a final dot */

    /* the request */
    struct leat_http_request request; /* its strings are not used after leat_http_call() */
    char *head;                       /* its bytes */
    uint16_t head_len;
    uint16_t head_sent;
    uint64_t sent;          /* bytes of the body */
    struct leat_buf *frame; /* for the framing of the next chunk, or NULL */
    bool in_chunks;         /* a chunk was sent whose end is still due */
    bool finished;          /* by the program */
    bool whole;             /* everything is queued */
    bool wants_room;        /* on_writable is due */
    bool reused;            /* the connection has served another call */
    bool early;             /* a part of it was accepted as early data */
    uint32_t seen_taken;    /* bytes that the server had acknowledged when the timer fired last */

    /* the reply */
    char *fields; /* the bytes of its head */
    uint16_t fields_len;
    uint8_t interims;
    bool begun;       /* a byte of it was received */
    bool has_reply;   /* its head is complete */
    bool until_close; /* its body ends with the connection */
    bool told_over;   /* on_body was called with the end of the body */
    struct http_response response;
    struct http_body body;
    struct leat_buf *unread; /* received, not yet read */
    uint32_t not_consumed;   /* bytes that the program has received but not consumed */
};

struct leat_http_client {
    struct leat_http_client_config config; /* with the defaults filled in */
    struct leat_http_client_counts counts;
    struct leat *stack;
    struct leat_http_call *calls;
};

/* ---- client_call.c ---- */

/* Events of the stream; the argument is the call. */
extern const struct leat_tcp_events call_events;

/* Resets the call for a request and its reply, but not the state of the connection. */
void call_clear(struct leat_http_call *call, const struct leat_http_request *request);

/* Starts the call with its current phase and stream. */
void call_begin(struct leat_http_call *call);

/* For call->connecting; the argument is the call. */
void call_on_connected(struct leat_connecting *connecting, enum leat_err err, struct leat_tcp *conn,
                       void *call);

/* Handles the call's timer. */
void call_on_time(struct leat_timer *timer, void *call);

/* ---- client_request.c ---- */

/* Writes the head. Returns the errors of leat_http_call(). */
enum leat_err call_write_head(struct leat_http_call *call, const struct leat_http_request *request,
                              const struct leat_url *url);

/* Sends as much as is possible without the program. Afterwards a call that has failed has another
 * phase. */
void call_send_on(struct leat_http_call *call);

/* True if the program can send data now. */
bool call_has_room(struct leat_http_call *call);

/* True if the program has to send more of the body. */
bool call_streams(const struct leat_http_call *call);

/* ---- client_reply.c ---- */

/* Continues reading the head; call->has_reply tells if it is complete. Errors: FORMAT, TOO_BIG,
 * END. */
enum leat_err call_read_head(struct leat_http_call *call);

/* True if data of the body is next to be read. */
bool call_body_ready(struct leat_http_call *call);

/* ---- client_conn.c ---- */

/* Starts to connect to the call's origin; call_on_connected() follows. */
enum leat_err call_connect(struct leat_http_call *call);

/* Frees what the call holds, and ends its connection in order, or else at once. */
void call_drop_stream(struct leat_http_call *call, bool in_order);

/* Does the same, and frees the place. */
void call_drop(struct leat_http_call *call, bool in_order);

/* Keeps a stream without a call for a later one. */
void call_wait(struct leat_http_call *call);

/* Ends a call in order. Its connection is kept, or ends. */
void call_keep(struct leat_http_call *call);

/* ---- client_timer.c ---- */

/* Takes a step in this turn or the next. */
void call_kick(struct leat_http_call *call);

/* Takes a step later, because the pool was empty. */
void call_kick_later(struct leat_http_call *call);

/* Sets the timer to @due_ns or the call's deadline. */
void call_due(struct leat_http_call *call, uint64_t due_ns);

#endif
