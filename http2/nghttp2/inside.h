/*
 * inside.h -- the inside of leat-http2.
 *
 *      http2.c      open and close, the choice of the protocol
 *      client.c     connections and streams for calls of a client
 *      places.c     places for connections
 *      conn.c       a connection: its input, output and timer
 *      tell.c       its callbacks to the users of streams
 *      frames.c     nghttp2's callbacks: frames become changes of streams
 *      limits.c     frames without content, which cost a connection its credit
 *      order.c      frames for streams that are over
 *      stream.c     a stream, as the server or the client of HTTP/1.1 uses it
 *      outgoing.c   what it sends: its head, and its body without chunks
 *      incoming.c   what it receives, as HTTP/1.1
 *      head.c       the fields of a head in HTTP/1.1
 *      queue.c      bytes that wait
 *      memory.c     malloc() in a block
 *
 * A file calls only those that come later in this list.
 *
 * nghttp2 is entered in conn.c only, and its callbacks never call the server: they leave marks in
 * streams. When nghttp2 has returned, conn.c tells the server, whose calls leave marks again, and
 * lets nghttp2 send. This repeats until nothing is left to do, so a reply that is ready leaves in
 * the poll that brought its request.
 */
#ifndef HTTP2_NGHTTP2_INSIDE_H
#define HTTP2_NGHTTP2_INSIDE_H

#include <leat/assert.h>
#include <leat/http2.h>
#include <leat/timer.h>
#include <leat/url.h>

#include <nghttp2/nghttp2.h>

#include "memory.h"
#include "queue.h"

enum {
    HTTP2_SCRATCH_BYTES = 28672,          /* longest head of a request that a client sends */
    HTTP2_REPLY_HEAD_BYTES = 4096,        /* ... of a reply that a server sends */
    HTTP2_FIELDS_MAX = 100,               /* of a reply; further ones are left out */
    HTTP2_HEAD_LIST_BYTES = 16384,        /* of a request's head (RFC 9113 6.5.2) */
    HTTP2_REPLY_LIST_BYTES = 81920,       /* of a reply's; the client limits it once more */
    HTTP2_REQUEST_PSEUDOS = 4,            /* fields of a request in front of the others */
    HTTP2_STREAM_QUEUE_BYTES = 4 * 16375, /* of a reply's body that waits for its frames */
    HTTP2_RESET_WEIGHT = 10, /* of a stream that is begun and given up, in frames without content */
    HTTP2_SEEN = 16,         /* streams of a client that are remembered */
    HTTP2_FRAME_HEAD_BYTES = 9, /* RFC 9113 4.1 */
    HTTP2_PREFACE_BYTES = 24,   /* of a client (RFC 9113 3.4) */
    HTTP2_DATA_BYTES = 16375    /* of a DATA frame: with its head it fills a record of TLS */
};

/* The fields of a request that stand in front of the others. */
enum http2_pseudo {
    HTTP2_METHOD,
    HTTP2_PATH,
    HTTP2_AUTHORITY,
    HTTP2_PSEUDOS
};

/* The part of a reply in HTTP/1.1 that is next. */
enum http2_out_part {
    HTTP2_OUT_HEAD,
    HTTP2_OUT_BODY,      /* data, to the end of the stream */
    HTTP2_OUT_SIZE,      /* of a chunk: its line */
    HTTP2_OUT_CHUNK,     /* data of a chunk */
    HTTP2_OUT_CHUNK_END, /* the line break behind it */
    HTTP2_OUT_OVER       /* the last chunk was read */
};

struct http2_conn;

struct http2_stream {
    struct http2_stream *next; /* of the connection */
    struct http2_stream *prev;
    struct http2_conn *conn;
    const struct leat_tcp_events *events; /* of its user, the server */
    void *arg;
    int32_t id;

    /* the request */
    struct http2_queue in;   /* head and framing in HTTP/1.1, not yet received by the server */
    struct http2_queue body; /* data behind it */
    nghttp2_rcbuf *pseudo[HTTP2_PSEUDOS];
    uint32_t list_bytes;   /* of the head so far */
    uint32_t not_consumed; /* bytes that were put into these, and not consumed by the server */
    uint32_t not_credited; /* of the body's data: bytes for which no window was opened */
    bool head_begun;       /* its first line is in `in` */
    bool interim;          /* it is that of an interim reply */
    bool has_length;       /* the head has a Content-Length */
    bool head_over;
    bool too_long;       /* the head is longer than its limit */
    bool refused;        /* a reset is on its way: the rest is ignored */
    bool in_chunks;      /* the body is written in chunks */
    bool chunk_begun;    /* there was one */
    bool chunks_over;    /* their end is in `in`, or received */
    uint32_t chunk_left; /* data of a chunk that the server hasn't received */
    bool in_over;        /* the client has sent everything */
    bool deaf;           /* the server doesn't receive any more */

    /* the reply */
    struct http2_queue out; /* its head as it came, or data of its body without framing */
    uint64_t sent;          /* bytes that left */
    uint32_t left;          /* of a chunk */
    uint32_t promised;      /* room that the server was told of */
    uint32_t wanted;        /* room that on_writable waits for; 0: none is due */
    uint64_t body_len;      /* of a request that has a length */
    uint8_t part;           /* enum http2_out_part */
    bool begun;             /* its final head was submitted */
    bool deferred;          /* nghttp2 has asked for data in vain */
    bool out_over;          /* the server has sent everything */

    uint64_t begun_at_ns; /* of a client */

    /* what is due */
    bool served;   /* the server has it, or the client */
    bool readable; /* on_readable */
    bool later;    /* on_writable waits for the session's, because the pool was empty */
    bool gone;     /* nghttp2 has closed it, or the server has aborted it: on_closed */
    uint8_t why;   /* enum leat_err, for on_closed */
};

enum http2_conn_state {
    HTTP2_FREE,
    HTTP2_OPEN,
    HTTP2_ENDING,   /* GOAWAY was submitted */
    HTTP2_LINGERING /* all was sent: waits for the client to close */
};

/* A stream that the client has begun. */
struct http2_seen {
    int32_t id; /* 0: none */
    bool over;  /* the client has ended or reset it */
};

struct http2_conn {
    struct leat_http2 *http2;
    struct http2_conn *next_free;
    struct leat_stream session; /* the stream below */
    struct leat_ip peer;
    nghttp2_session *frames;
    struct http2_memory memory;
    void *block; /* of `memory` */
    struct leat_timer timer;
    struct http2_stream *streams;
    struct http2_stream *last_stream;
    uint32_t stream_count;
    uint32_t served_count;
    struct leat_buf *piece;                     /* that nghttp2 reads now */
    uint32_t kept_bytes;                        /* of it: data of bodies, consumed later */
    struct http2_queue out;                     /* frames for the session */
    uint32_t room;                              /* of the session, for `out` */
    uint32_t wanted;                            /* room that frames or streams wait for */
    uint32_t queued;                            /* bytes in `out` of all streams */
    uint64_t due_ns;                            /* the end of an idle connection, or of lingering */
    uint64_t retry_ns;                          /* when its room counts as reported again */
    uint64_t used_at_ns;                        /* the last request */
    uint64_t credit_at_ns;                      /* when `credit` was renewed last */
    uint32_t credit;                            /* frames without content that it may still send */
    uint32_t frame_left;                        /* bytes until the next frame */
    uint8_t frame_head[HTTP2_FRAME_HEAD_BYTES]; /* of that frame */
    uint8_t frame_have;                         /* bytes of its head */
    struct http2_seen seen[HTTP2_SEEN];         /* the last ones */
    int32_t last_id;                            /* of them */
    uint8_t seen_at;                            /* place of the oldest */
    bool is_client;
    bool is_silent;                 /* its server has left a request without answer */
    bool changed;                   /* nghttp2 has opened or closed a stream */
    uint16_t port;                  /* of a client: the server */
    char host[LEAT_URL_HOST_BYTES]; /* ... */
    uint64_t heard_at_ns;           /* when data came last */
    uint8_t state;                  /* enum http2_conn_state */
    uint8_t drains;                 /* calls of on_drain */
    uint8_t vain;                   /* reports of room by which nothing was sent */
    bool running;                   /* http2_conn_run() looks again before it returns */
    bool writable;                  /* the session has reported room */
    bool woken;                     /* ... and that is why it runs */
    bool moved;                     /* this run has sent something */
    bool fatal;                     /* it must end now */
    bool starved;                   /* the pool was empty */
    uint64_t *blame;                /* the counter for a fatal end */
};

/* A session in its handshake. */
struct http2_waiting {
    struct leat_http2 *http2;
    struct http2_waiting *next_free;
    struct leat_stream session; /* free if `end` is NULL */
};

struct leat_http2 {
    struct leat_http2_config config; /* with the defaults filled in */
    struct leat_http2_counts counts;
    struct leat *stack;
    struct leat_http_carrier carrier; /* of a client */
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *options;
    struct http2_conn *conns;
    struct http2_conn *free_conn;
    struct http2_waiting *waiting;
    struct http2_waiting *free_waiting;
    uint32_t open;
    nghttp2_nv fields[HTTP2_FIELDS_MAX]; /* of the reply that is being translated */
    char scratch[HTTP2_SCRATCH_BYTES];
};

/* ---- client.c ---- */

/* Sets the functions that leat_http_client_config.carrier has. */
void http2_client_init(struct leat_http2 *http2);

/* ---- places.c ---- */

/* Begins a connection, which owns the session then. NULL: there is no place for it. */
struct http2_conn *http2_begin(struct leat_http2 *http2, const struct leat_stream *session);

/* ---- conn.c ---- */

/* Begins on @session. False: there is no memory for it, and the session is unchanged. */
bool http2_conn_begin(struct http2_conn *conn, const struct leat_stream *session);

/* Does all that is possible now. The connection may be over then. */
void http2_conn_run(struct http2_conn *conn);

/* Ends it at once: its session is reset, its streams get @why. */
void http2_conn_end(struct http2_conn *conn, enum leat_err why);

/* ---- tell.c ---- */

/* A request was made, or is over. */
void http2_conn_renew(struct http2_conn *conn);

/* Tells all streams once what is due. True: something was. */
bool http2_tell_all(struct http2_conn *conn);

/* Ends a stream for its user. */
void http2_tell_end(struct http2_stream *stream);

/* ---- frames.c ---- */

/* Fills in nghttp2's callbacks. */
void http2_frames_set(nghttp2_session_callbacks *callbacks);

/* ---- limits.c ---- */

/* Counts the frames in received bytes. */
void http2_limits_read(struct http2_conn *conn, const uint8_t *bytes, size_t len);

/* A frame without content has come that counts as @weight. */
void http2_limits_take(struct http2_conn *conn, uint32_t weight);

/* A request was answered, or data was sent. */
void http2_limits_give(struct http2_conn *conn, uint32_t weight);

/* ---- order.c ---- */

/* A frame of stream @id begins: one that a client must not send there ends the connection. */
void http2_order_check(struct http2_conn *conn, uint8_t type, uint8_t flags, int32_t id);

/* ---- stream.c ---- */

extern const struct leat_stream_ops http2_stream_ops;

/* Makes a stream for a request that begins. NULL: no memory. */
struct http2_stream *http2_stream_new(struct http2_conn *conn, int32_t id);

/* Frees it. */
void http2_stream_free(struct http2_stream *stream);

/* Resets it with @code of RFC 9113 7; its request is ignored from now on. */
void http2_stream_refuse(struct http2_stream *stream, uint32_t code);

/* Bytes that its user may send now. @want: bytes that are worth a callback; 0: none is possible. If
 * the session has less room, the run of the connection asks it for more. */
uint32_t http2_stream_room(struct http2_stream *stream, uint32_t *want);

/* Notes room of the session that is waited for. */
void http2_conn_want(struct http2_conn *conn, uint32_t bytes);

/* Opens windows for data that is consumed. */
void http2_stream_credit(struct http2_stream *stream);

/* Arranges a run of the connection, unless one is under way. */
void http2_conn_kick(struct http2_conn *conn);

/* ---- outgoing.c ---- */

/* Translates what the server sends. False: it can't be translated, or the memory is used up. */
bool http2_outgoing_take(struct http2_stream *stream, struct leat_buf *data);

/* nghttp2 asks again for data of the reply, if it had asked in vain. */
void http2_outgoing_go_on(struct http2_stream *stream);

/* Replies without the server. */
void http2_outgoing_refuse(struct http2_stream *stream, const char *status);

/* ---- head.c ---- */

/* A head in http2->scratch, with its fields in http2->fields. */
struct http2_head {
    bool is_request; /* the field Host is kept apart */
    size_t count;    /* of fields; at first those that stand in front of the head's */
    size_t line_len; /* of the first line */
    bool chunked;    /* Transfer-Encoding */
    bool has_length; /* Content-Length */
    uint64_t length; /* ... */
    nghttp2_nv host; /* or without a value */
};

/* Reads a head of @len bytes, without the empty line at its end. */
void http2_head_read(struct http2_head *head, struct leat_http2 *http2, size_t len);

/* Length of the head in the first @have bytes, with the empty line; 0: it isn't complete. */
size_t http2_head_len(const char *bytes, size_t have);

/* A field that HTTP/2 has in front of the others. */
nghttp2_nv http2_head_pseudo(const char *name, char *value, size_t value_len);

/* ---- incoming.c ---- */

/* Limit of a head that comes. */
static inline uint32_t http2_head_list_bytes(const struct http2_conn *conn)
{
    return conn->is_client ? HTTP2_REPLY_LIST_BYTES : HTTP2_HEAD_LIST_BYTES;
}

enum http2_field {
    HTTP2_FIELD_TAKEN,
    HTTP2_FIELD_BAD,    /* the request is malformed */
    HTTP2_FIELD_NO_ROOM /* the pool is empty */
};

/* Adds a field of the request. */
enum http2_field http2_incoming_add(struct http2_stream *stream, nghttp2_rcbuf *name,
                                    nghttp2_rcbuf *value);

/* Ends the head; @no_body: nothing follows. False: the pool is empty. */
bool http2_incoming_end(struct http2_stream *stream, bool no_body);

/* Adds data of the body: @data is a part of conn->piece. False: the pool is empty. */
bool http2_incoming_data(struct http2_stream *stream, const uint8_t *data, uint32_t len);

/* The next bytes for the server. NULL: there are none, or the pool is empty. */
struct leat_buf *http2_incoming_take(struct http2_stream *stream, uint32_t bytes_max);

/* Bytes for the server, without framing that isn't written yet; more than 0 if there are any. */
uint32_t http2_incoming_have(const struct http2_stream *stream);

#endif
