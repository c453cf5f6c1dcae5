/* connect_talk.h -- a client that connects by name; a name server and listeners on the other
 * stack.
 */
#ifndef CONNECT_TALK_H
#define CONNECT_TALK_H

#include "dns_lookup.h"

#include <leat/connect.h>

enum {
    OPEN_PORT = 80, /* an open port of the server */
    SHUT_PORT = 81
};

struct talk {
    struct fixture *f;
    struct leat *client;
    struct leat_connect_config config;
    struct leat_connecting connecting;
    /* arguments of on_done */
    bool done;
    unsigned calls;
    enum leat_err err;
    struct leat_tcp *conn; /* closed by talk_tear_down() */
    uint64_t began_ns, done_ns;
};

int talk_set_up(void **state);
int talk_tear_down(void **state);
#define talk_test(name) cmocka_unit_test_setup_teardown(name, talk_set_up, talk_tear_down)

/* A name server for @zone, and a resolver that uses it. */
void talk_serve(struct talk *talk, const char *zone);

/* Begins to connect, with a timeout of a minute. */
enum leat_err talk_begin(struct talk *talk, const char *host, uint16_t port);

/* The same, and waits for the outcome. */
enum leat_err talk_connect(struct talk *talk, const char *host, uint16_t port);

/* The outcome as text. */
const char *talk_text(const struct talk *talk);

/* How long it took. */
uint64_t talk_took_ns(const struct talk *talk);

#endif
