/* call_test.h -- shared by the tests of the client: a server whose replies a test writes, on a
 * pipe, and the events of a call. */
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

/* The other end of a pipe. Stores what it receives, and sends what a test writes. */
struct peer {
    struct pipe_end ends[2];
    struct leat_stream stream;
    bool closed;
    bool deaf; /* receives nothing */
    size_t have;
    char bytes[BIG_BYTES];
};

/* Events of a call. */
struct heard {
    struct leat_http_call *call;
    struct leat_http_request request;
    unsigned replies, bodies, failures;
    uint16_t status;
    enum leat_err why;
    bool over, failed;
    bool hold;         /* don't receive */
    bool keep_open;    /* don't close it at the end */
    const char *again; /* URL of a call that follows */
    size_t to_send;    /* bytes of the body, sent from on_writable on */
    size_t have;
    char bytes[2 * BIG_BYTES];
};

extern struct leat_http_client *client;
extern const struct leat_http_client_counts *counts;

int open_client(void **state);
int open_client_by(void **state,
                   const struct leat_http_client_config *config); /* after set_up_with() */
int open_client_with(void **state, const struct leat_http_server_config *server,
                     const struct leat_http_client_config *config);
int close_client(void **state);
#define CALL_TEST(name) cmocka_unit_test_setup_teardown(name, open_client, close_client)

/* Opens a peer on a connection that the client keeps. */
struct peer *open_peer(struct fixture *f);
void say(struct fixture *f, const struct peer *peer, const char *text);
void close_peer(struct fixture *f, struct peer *peer);

/* Makes a request to @url, which the test may change. */
struct heard *listen_for(const char *url);

/* Starts the call. */
void begin(struct fixture *f, struct heard *heard);

/* Does both for URL. */
struct heard *ask(struct fixture *f);

/* Receives the data that is there. */
void take(struct heard *heard);

#endif
