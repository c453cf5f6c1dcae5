/* http_test.h -- shared by the tests of the server: its files, and a client on a wire. */
#ifndef HTTP_TEST_H
#define HTTP_TEST_H

#include "dns_world.h"

#include <leat/http_server.h>

enum {
    BIG_BYTES = 300000,
    CLIENTS = 4,
    FILES = 4
};

extern char big[BIG_BYTES];
extern const struct leat_http_file files[FILES];

#define PAGE     "<p>leat</p>"
#define PAGE_TAG "\"00000000000000aa\""

/* The page's head on a persistent connection. */
#define PAGE_HEAD                                                                                  \
    "HTTP/1.1 200 OK\r\nETag: " PAGE_TAG "\r\nAccept-Ranges: bytes\r\n"                            \
    "Content-Type: text/html\r\nContent-Length: 11\r\n\r\n"

#define GET(path, fields) "GET " path " HTTP/1.1\r\nHost: leat\r\n" fields "\r\n"

struct fixture {
    struct dns_world *world;
    void *memory;
    struct leat_http_server *server;
    const struct leat_http_server_counts *counts;
};

/* The client's end of a connection. */
struct client {
    struct leat_tcp *conn;
    bool open, closed;
    bool ended; /* the server has sent everything */
    bool hold;  /* don't read */
    bool stay;  /* don't close after the server */
    enum leat_err why;
    size_t have;
    char bytes[2 * BIG_BYTES];
};

int set_up(void **state);
int set_up_with(void **state, const struct leat_http_server_config *config);
int tear_down(void **state);

/* Opens a client's connection. */
struct client *connect_client(struct fixture *f);

void send_text(struct client *client, const char *text);

/* Reads up to @bytes_max, and closes after the server. */
void read_some(struct client *client, uint32_t bytes_max);

/* Joins the chunks (RFC 9112 7.1) of the one reply that the client has in @plain, with a NUL at the
 * end. Returns the length. */
size_t data_of_chunks(const struct client *client, char *plain);

/* Closes the client and waits for the end. */
void leave_server(struct fixture *f, struct client *client);

/* Sends one request. The answer within a second must be @expected. */
void check(struct fixture *f, const char *request, const char *expected);

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
