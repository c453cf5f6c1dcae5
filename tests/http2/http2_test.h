/* http2_test.h -- shared by the tests of HTTP/2: a server with some routes, and clients by nghttp2,
 * which can also send octets of their own, on pipes. */
#ifndef HTTP2_TEST_H
#define HTTP2_TEST_H

#include "dns_world.h"
#include "pipe.h"

#include <leat/http2.h>

#include <nghttp2/nghttp2.h>

/* Heads of requests, compressed: :method, :scheme, :path, :authority. */
#define POST_COUNT "\x83\x87\x44\x06/count\x41\x04leat"
#define GET_ROOT   "\x82\x87\x84\x41\x04leat"

enum {
    END = NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM
};

enum {
    BIG_BYTES = 300000,
    PIPE_BYTES = 262144,
    STREAMS = 16,      /* that the server allows by default here */
    REPLIES_MAX = 256, /* of a peer */
    LOG_BYTES = 4096
};

extern char big[BIG_BYTES];

/* The routes' own state. */
struct app {
    struct leat_http_exchange *held; /* of /hold: its request isn't read, or its reply not sent */
    bool hold_body;                  /* /echo doesn't read the body yet */
    uint64_t body_bytes;             /* received by /count */
    unsigned requests, failed;
    enum leat_err why;
};

struct fixture {
    struct dns_world *world;
    void *memory[2];
    struct app app;
    struct leat_http_server *server;
    const struct leat_http_server_counts *web;
    struct leat_http2 *http2;
    const struct leat_http2_counts *counts;
    char log[LOG_BYTES];
};

/* A reply as its client sees it. */
struct reply {
    int32_t id;
    char status[4];
    char fields[1024]; /* "name: value\n" */
    unsigned informed; /* heads of 1xx */
    size_t have;
    bool whole, closed; /* END_STREAM has come; the stream is closed */
    uint32_t code;      /* RFC 9113 7 */
    char bytes[BIG_BYTES];
    size_t body_left; /* of the request */
};

/* A client. */
struct peer {
    struct fixture *f;
    struct pipe_end ends[2];
    struct leat_stream stream;
    nghttp2_session *frames;
    bool deaf;   /* doesn't read its stream */
    bool raw;    /* reads it, and understands nothing */
    bool ended;  /* the server has shut down */
    bool closed; /* on_closed was called */
    bool goaway; /* a GOAWAY has come */
    uint32_t goaway_code;
    unsigned settings, pings;
    unsigned reply_count;
    struct reply *replies[REPLIES_MAX];
};

int set_up(void **state);
int set_up_with(void **state, const struct leat_http2_config *config, uint16_t clients);
int tear_down(void **state);

/* Opens a client of @address, or of none; its preface isn't sent yet. */
struct peer *open_peer(struct fixture *f, uint32_t address);

/* The same with the preface, and empty SETTINGS. */
struct peer *connect_peer(struct fixture *f);

/* Ends it. */
void close_peer(struct peer *peer);

/* Sends octets as they are. */
void send_octets(struct peer *peer, const void *bytes, size_t len);

/* Sends a frame. */
void send_frame(struct peer *peer, uint8_t type, uint8_t flags, uint32_t id, const void *payload,
                size_t len);

/* Begins a request; further fields are "name", "value", NULL. @body_bytes of body follow, if it
 * isn't 0. It is sent by flush(). */
struct reply *ask(struct peer *peer, const char *method, const char *path, size_t body_bytes, ...);

/* nghttp2 sends what it has. */
void flush(struct peer *peer);

/* A whole GET, within a second. */
struct reply *get(struct peer *peer, const char *path);

/* The route /echo goes on with a body that it has held. */
void echo_now(struct fixture *f);

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
