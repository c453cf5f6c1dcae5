/* call_test.h -- what the tests of the client share: a server whose replies a test writes, on a
 * pipe, and what a call hears. */
#ifndef CALL_TEST_H
#define CALL_TEST_H

#include "http_test.h"

#include <leat/http_client.h>

#include "pipe.h"

enum {
    PIPE_BYTES = 3000
};

#define URL "http://peer:8080/a?b"
#define ASKED                                                                                      \
    "GET /a?b HTTP/1.1\r\nHost: peer:8080\r\n"                                                     \
    "\r\n"

/* The other end of a pipe: keeps what comes, says what it is told to. */
struct peer {
    struct pipe_end ends[2];
    struct leat_stream stream;
    bool closed;
    bool deaf; /* takes nothing */
    size_t have;
    char bytes[BIG_BYTES];
};

/* What a call hears. */
struct heard {
    struct leat_http_call *call;
    struct leat_http_request request;
    unsigned replies, bodies, failures;
    uint16_t status;
    enum leat_err why;
    bool over, failed;
    bool hold;         /* don't receive */
    bool keep_open;    /* don't close it when it is over */
    const char *again; /* a URL to call in its place */
    size_t to_send;    /* bytes of the body, from on_writable on */
    size_t have;
    char bytes[2 * BIG_BYTES];
};

extern struct leat_http_client *client;
extern const struct leat_http_client_counts *counts;

int open_client(void **state);
int open_client_by(void **state, const struct leat_http_client_config *config); /* after set_up_with() */
int open_client_with(void **state, const struct leat_http_server_config *server,
                     const struct leat_http_client_config *config);
int close_client(void **state);
#define CALL_TEST(name) cmocka_unit_test_setup_teardown(name, open_client, close_client)

/* A connection to it is kept by the client. */
struct peer *open_peer(struct fixture *f);
void say(struct fixture *f, const struct peer *peer, const char *text);
void close_peer(struct fixture *f, struct peer *peer);

/* A request to @url; the test may change it. */
struct heard *listen_for(const char *url);

/* Begins the call. */
void begin(struct fixture *f, struct heard *heard);

/* Both, for URL. */
struct heard *ask(struct fixture *f);

/* Receives what is there. */
void take(struct heard *heard);

#endif
