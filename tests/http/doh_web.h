/* doh_web.h -- a forwarder behind an HTTP server, and one client of it, on the two stacks of
 * dns_home.h. */
#ifndef DOH_WEB_H
#define DOH_WEB_H

#include "dns_home.h"

#include <leat/doh.h>
#include <leat/http_server.h>

enum {
    ROOM = 2000000
};

/* The servers on the forwarder's stack, and the client's connection from the other one. */
struct web {
    void *http_memory, *doh_memory;
    struct leat_http_server *http;
    struct leat_doh *doh;
    const struct leat_doh_counts *counts;
    struct leat_tcp *conn;
    char bytes[ROOM];
    size_t have;
    bool closed, holds; /* holds: reads nothing */
};

extern struct web web;

/* Opens the servers, with places for @clients; 0: the default number. */
void open_web(struct fixture *f, uint16_t clients);
int close_web(void **state);

/* A forwarder whose upstream server is the liar, behind HTTP, and a client that is connected. */
void begin(struct fixture *f, void (*answer)(struct liar *liar), uint16_t clients);

/* The same with a true server, which has long sets. */
void begin_with_long_answers(struct fixture *f, uint16_t clients);

void connect_web(void);
void send_bytes(const void *bytes, size_t len);

/* Reads what has come, unless the client holds. */
void on_readable(struct leat_tcp *conn, void *arg);

/* Sends a head, and returns what has come half a second later. */
const char *request(const char *head);

/* Writes base64url without padding. */
void encode(const uint8_t *bytes, size_t len, char *text);

/* Asks for the A records of a name; @edns_bytes 0: without EDNS. */
void send_get(const char *name, uint16_t edns_bytes);

/* The same by POST, in two pieces. */
void send_post(const char *name, const char *type, size_t cut);

/* The body of the reply, as text. */
const char *body(void);

#define WEB(name) cmocka_unit_test_setup_teardown(name, set_up, close_web)

#endif
