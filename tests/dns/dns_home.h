/*
 * dns_home.h -- a forwarder on the resolver's stack (10.0.0.2), and its client on the other stack,
 * beside a server whose replies a test writes.
 */
#ifndef DNS_HOME_H
#define DNS_HOME_H

#include "dns_lookup.h"

#include <leat/forwarder.h>

enum {
    HEARD_MAX = 64
};

struct home {
    struct fixture *f;
    void *memory;
    struct leat_forwarder *forwarder;
    const struct leat_forwarder_counts *counts;
    struct leat_udp *udp; /* the client's */
    struct message heard[HEARD_MAX];
    unsigned heard_count;
    struct leat_tcp *tcp; /* and its connection */
    uint8_t stream[70000];
    uint32_t stream_len;
    bool closed;
};

extern struct home home;
extern const struct leat_endpoint forwarder_at;
extern const struct leat_resolver_config plain_resolver;

void open_home_for(struct fixture *f, const struct leat_resolver_config *resolver,
                   const struct leat_forwarder_config *given);
void open_home(struct fixture *f);

/* As open_home_for(), with a resolver that is open. */
void open_home_with(struct fixture *f, const struct leat_forwarder_config *given);
int close_home(void **state);

/* Closes the forwarder and its client, and leaves the rest to close_home(). */
void close_forwarder(void);

/* Sends a query by UDP. */
void send_query(const struct message *query);

/* Asks by UDP, and returns the replies after @wait_ns, or half a second; "" if there are none. */
const char *ask_for(const char *name, uint16_t type, uint16_t edns_bytes, uint64_t wait_ns);
const char *ask(const char *name, uint16_t type);

/* For a liar: answers 192.0.2.8 to every question. */
void says_8(struct liar *liar);

/* Connects by TCP; sends a question with @id; the ids of the received replies, in order. */
void open_stream(void);
void stream_query(const char *name, uint16_t type, uint16_t id);
const char *stream_ids(void);

/* Connects, asks for the addresses of the names in @names, between spaces, with the ids 1, 2, and
 * so on, and waits for @wait_ns. Returns stream_ids(). */
const char *stream_names(const char *names, uint64_t wait_ns);

/* 10.0.0.@host; 2001:db8:0:@network::@host. */
struct leat_ip four(uint8_t host);
struct leat_ip six(uint8_t network, uint8_t host);

void add_address(struct fixture *f, int end, struct leat_ip ip);

/* As set_up(), with IPv6. */
int set_up_both(void **state);

#define BOTH(name) cmocka_unit_test_setup_teardown(name, set_up_both, close_home)
#define HOME(name) cmocka_unit_test_setup_teardown(name, set_up, close_home)

#endif
