/*
 * client.h -- the inside of the HTTP client: a call, the connection that it has, and their client.
 *
 *      client.c          the client: it begins calls, and chooses the connection that a call gets
 *      client_call.c     a call's course: when what is done, when the program is called, its end
 *      client_request.c  the request: its head, its body
 *      client_reply.c    the reply: its head, its body as it comes
 *      client_conn.c     the call's connection: made, kept for another call, or ended
 *      client_timer.c    the call's timer: when the call is looked at again
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
    CALL_CONNECTING, /* leat_connect() is at work */
    CALL_OPENING,    /* TLS's handshake */
    CALL_ACTIVE,     /* the request may be sent, the reply may come */
    CALL_KEPT,       /* a connection without a call */
    CALL_FAILED      /* on_failed has not returned yet */
};

/* A place for a connection, and the call that it has. */
struct leat_http_call {
    struct leat_http_client *client;
    struct leat_stream stream; /* its `end` is NULL: none */
    struct leat_connecting connecting;
    struct leat_tls_client tls;
    struct leat_timer timer; /* fires at due_ns or before */
    uint64_t due_ns;
    uint64_t active_at_ns; /* when something last moved */
    uint64_t kept_at_ns;
    uint32_t serial;     /* of the call: another one has another */
    uint8_t phase;       /* enum call_phase */
    bool gone;           /* the stream is closed: nothing may be done to it */
    enum leat_err ended; /* why, where what has come of the reply outlives it */

    /* the origin (RFC 9110 4.3.1) */
    bool secure;
    uint16_t port;
    char host[LEAT_URL_HOST_BYTES];

    /* the request */
    struct leat_http_request request; /* its strings are not used any more */
    char *head;                       /* its text */
    uint16_t head_len;
    uint16_t head_sent;
    uint64_t sent;          /* of its body's data */
    struct leat_buf *frame; /* for its next chunk, or NULL */
    bool in_chunks;         /* a chunk has been sent, and its end is to come */
    bool finished;          /* the program has said all */
    bool whole;             /* all is queued */
    bool wants_room;        /* on_writable is to come */
    bool reused;            /* the connection has had another call */
    bool early;             /* some of it has been taken as early data */
    uint32_t seen_taken;    /* what the server had taken when the timer fired last */

    /* the reply */
    char *fields; /* the text of its head */
    uint16_t fields_len;
    uint8_t interims;
    bool begun;       /* a byte of it has come */
    bool has_reply;   /* its head is whole */
    bool until_close; /* its body ends with the connection */
    bool told_over;   /* on_body has been called with the whole body */
    struct http_response response;
    struct http_body body;
    struct leat_buf *unread; /* received, but not yet looked at */
    uint32_t not_consumed;   /* bytes that the program has, but is not done with */
};

struct leat_http_client {
    struct leat_http_client_config config; /* with the defaults filled in */
    struct leat_http_client_counts counts;
    struct leat *stack;
    struct leat_http_call *calls;
};

/* ---- client_call.c ---- */

/* For the stream's events; the call. */
extern const struct leat_tcp_events call_events;

/* Makes ready for a request and its reply; the connection stays. */
void call_clear(struct leat_http_call *call, const struct leat_http_request *request);

/* Begins with the phase and the stream that it has. */
void call_begin(struct leat_http_call *call);

/* For call->connecting, whose argument is the call. */
void call_on_connected(struct leat_connecting *connecting, enum leat_err err, struct leat_tcp *conn,
                       void *call);

/* For its timer. */
void call_on_time(struct leat_timer *timer, void *call);

/* ---- client_request.c ---- */

/* Writes the head; the errors of leat_http_call(). */
enum leat_err call_write_head(struct leat_http_call *call, const struct leat_http_request *request,
                              const struct leat_url *url);

/* Sends what can be sent without the program; a call that fails has another phase then. */
void call_send_on(struct leat_http_call *call);

/* True if the program can send data now. */
bool call_has_room(struct leat_http_call *call);

/* True if a body is the program's to send, and not all there. */
bool call_streams(const struct leat_http_call *call);

/* ---- client_reply.c ---- */

/* Reads on in the head; call->has_reply: it is whole now.  Errors: FORMAT, TOO_BIG, END. */
enum leat_err call_read_head(struct leat_http_call *call);

/* True if data of the body is at the front of what is unread. */
bool call_body_ready(struct leat_http_call *call);

/* ---- client_conn.c ---- */

/* Begins to connect to the call's origin; call_on_connected() follows. */
enum leat_err call_connect(struct leat_http_call *call);

/* Gives back what the call holds and ends its connection: in order, or at once. */
void call_drop_stream(struct leat_http_call *call, bool in_order);

/* The same, and its place is free. */
void call_drop(struct leat_http_call *call, bool in_order);

/* Lets a stream that has no call wait for one. */
void call_wait(struct leat_http_call *call);

/* The call is over in order: its connection waits for another one, or ends. */
void call_keep(struct leat_http_call *call);

/* ---- client_timer.c ---- */

/* Looks again in this turn or the next. */
void call_kick(struct leat_http_call *call);

/* The same after a while: the pool was empty. */
void call_kick_later(struct leat_http_call *call);

/* Its timer fires at @due_ns, or at the call's deadline. */
void call_due(struct leat_http_call *call, uint64_t due_ns);

#endif
