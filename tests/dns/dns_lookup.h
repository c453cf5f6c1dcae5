/*
 * dns_lookup.h -- a resolver in the world of dns_world.h, and the outcome of its lookups with the
 * real server, or with one whose replies a test writes.
 */
#ifndef TEST_DNS_LOOKUP_H
#define TEST_DNS_LOOKUP_H

#include "dns_world.h"

#include <leat/resolver.h>

/* The arguments of a lookup's callback. */
struct outcome {
    bool done;
    unsigned calls;
    enum leat_err err;
    unsigned rcode;
    struct leat_endpoint server;
    struct leat_refusal refusal;
    char name[LEAT_DNS_NAME_TEXT_BYTES];
    char records[4000];
};

struct query_seen {
    uint64_t at_ns;
    uint16_t id;
    uint16_t port;
    struct leat_ip to;
    bool has_edns;
    uint8_t name[256];
};

/* A server whose replies a test writes: on port 53 of both of its addresses. */
struct liar {
    struct dns_world *world;
    struct leat_udp *udp;
    struct leat_udp *udp_54; /* a wrong port */
    struct query_seen seen[100];
    unsigned count;
    unsigned repeated; /* queries that were seen before, and don't count */
    bool again;        /* the current one is such a query */
    struct message query;
    struct leat_endpoint peer;
    struct leat_ip local_ip;
    /* writes replies with say(); NULL: no replies */
    void (*answer)(struct liar *liar);
};

struct fixture {
    struct dns_world *world;
    void *zone_memory, *server_memory, *resolver_memory;
    const struct leat_dns_zone *zone;
    struct leat_dns_server *server;
    struct leat_resolver *resolver;
    const struct leat_resolver_counts *counts;
    struct liar liar;
};

int set_up(void **state);
int tear_down(void **state);

/* The callback for leat_lookup_start(); @arg is a struct outcome. */
void on_done(void *arg, enum leat_err err, const struct leat_dns_result *result);

/* The liar sends @reply to the sender of the query, from the address that was asked; or as
 * specified. */
void say(struct liar *liar, const struct message *reply);
void say_from(struct liar *liar, struct leat_udp *udp, const struct message *reply,
              struct leat_ip from, uint16_t to_port);

/* A reply to the received query: @rcode, and 192.0.2.@last if that is not 0. */
struct message *make_reply(const struct liar *liar, unsigned rcode, uint8_t last);

/* The liar answers 192.0.2.8; as @reply, to which OPT is added. */
void tell(struct liar *liar);
void tell_with_opt(struct liar *liar, struct message *reply);

/* True if the received query has EDNS. */
bool has_edns(const struct liar *liar);

void open_resolver(struct fixture *f, const struct leat_resolver_config *config);

/* A resolver with the servers 10.0.0.1, and 10.0.0.3 if @servers is 2. */
void open_plain_resolver(struct fixture *f, uint8_t servers);

/* The real server, with test_zone_text and two large sets; and a plain resolver. */
void with_server(struct fixture *f);
struct liar *with_liar(struct fixture *f, void (*answer)(struct liar *liar));

/* Starts a lookup, and waits for the outcome. */
const struct outcome *look_up(struct fixture *f, const char *name_text, uint16_t type);

/* Looks up a name that the server has; returns the time until the answer. */
uint64_t took_ns(struct fixture *f);

/* The state of the first server. */
struct leat_resolver_server habits_of(const struct fixture *f);

void assert_found(const struct outcome *outcome, const char *records);

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
