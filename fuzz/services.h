/*
 * services.h -- two stacks on a lossy link (fuzz_services.c). The first runs every service of leat,
 * and its program makes the calls of the input, in callbacks and outside of them. The second is
 * their server and their client.
 *
 *      services_world.c    the stacks, the link, the clock
 *      services_rules.c    the acts of the program, and the callbacks in which they happen
 *      services_names.c    resolver, forwarder
 *      services_web.c      HTTP server, its exchanges;  services_calls.c  HTTP client
 *      services_secret.c   TLS at both ends
 *      services_tasks.c    tasks and their services;  services_rest.c  syslog, DHCP
 *      services_peer.c     connections of the second stack;  services_answer.c  the answers of
 *                          its name server and its DHCP server
 *
 * All calls are legal ones. Each handle from leat ends exactly once: by a call of the program, or
 * by its last callback.
 */
#ifndef SERVICES_H
#define SERVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/leat.h>
#include <leat/link.h>
#include <leat/stream.h>

enum {
    SERVICES_RULES = 16,
    SERVICES_PERIOD = 251, /* period of a file's data: a prime */
    SERVICES_FILE_BYTES = 9000,
    /* of both */
    SERVICES_PORT_WEB = 80,
    SERVICES_PORT_SECRET = 443,
    SERVICES_PORT_NAMES = 53,
    SERVICES_PORT_SECRET_NAMES = 853,
    SERVICES_PORT_ECHO = 7,
    SERVICES_PORT_LOG = 514,
    SERVICES_PORT_WILD = 8080
};

/* Kinds of callbacks, a bit each in a rule. */
enum services_call {
    SERVICES_ON_LOOKUP,
    SERVICES_ON_EXCHANGE,
    SERVICES_ON_EXCHANGE_FAILED,
    SERVICES_ON_CALL,
    SERVICES_ON_CALL_FAILED,
    SERVICES_IN_TASK,
    SERVICES_ON_CHANGE, /* of DHCP */
    SERVICES_ON_PEER,   /* in callbacks of the second stack */
    SERVICES_OUTSIDE
};

/* An act, with its operands. */
struct services_act {
    uint8_t what;
    uint8_t which;
    uint8_t how;
    uint8_t more;
};

/* Limits, options and the start time. */
struct services_draw {
    uint8_t pool, tables, names, web, tcp, tasks;
    uint8_t clock, clock_back, link;
    bool is_ipv6;
};

struct services_end {
    struct leat *stack;
    void *memory;
    struct leat_netif *netif;
    struct leat_ip ip;
    uint64_t next_ns; /* result of the last leat_poll() */
};

/* The behaviour of the second stack's servers. */
struct services_mood {
    uint8_t names; /* lowest three bits: kind of answers; see services_answer.c */
    uint8_t lease;
    uint8_t web; /* which reply */
    uint8_t spoil_at, spoil_with;
};

extern struct services_end services_ends[2];
extern struct services_draw services_draw;
extern struct services_mood services_mood;
extern uint64_t services_now_ns;
extern enum services_call services_where; /* the current callback */
extern uint8_t services_file[SERVICES_FILE_BYTES];

/* Aborts if @condition is false. */
void services_demand(bool condition, const char *what);

/* Memory of exactly this size, freed by free(). */
void *services_memory(size_t bytes);

/* ---- services_world.c --------------------------------------------------------------------- */

/* False: the first stack refuses such small limits. */
bool services_open(const struct services_draw *draw);

/* Advances the time, with at most @polls polls. */
void services_run(uint64_t ns, unsigned polls);

void services_set_faults(unsigned from, uint8_t what, uint8_t how);

/* Takes buffers of the first stack until @leave are left, or gives them back. */
void services_hog(bool take, uint8_t leave);

struct leat_endpoint services_at(unsigned end, uint16_t port);

/* Closes everything, and checks that all services end and all memory comes back. */
void services_finish(void);

/* ---- services_rules.c --------------------------------------------------------------------- */

void services_rule(uint8_t calls, bool stays, const struct services_act *act);
void services_forget_rules(void);

/* Applies the rules for this kind of callback; @self is the place of the exchange or call. */
void services_obey(enum services_call call, void *self);

void services_act(const struct services_act *act, void *self);

/* ---- the services of the first stack ------------------------------------------------------ */

/* Each pair opens and closes; a closed service may be opened again. */
void services_names_open(void);
void services_names_close(void);
void services_names_act(const struct services_act *act);
unsigned services_names_pending(void);
struct leat_resolver *services_resolver(void); /* NULL: it is closed */
bool services_name(uint8_t which, char text[16]);

void services_web_open(void);
void services_web_close(bool both); /* stacks' */
void services_web_act(const struct services_act *act, void *self);
void services_web_settle(void); /* the program ends what it has begun in the service */
unsigned services_web_pending(void);

void services_calls_open(void);
void services_calls_close(void);
void services_calls_act(const struct services_act *act, void *self);
void services_calls_settle(void);
unsigned services_calls_pending(void);

void services_secret_open(void);
void services_secret_close(void);
struct leat_tls *services_tls(unsigned end);
const struct leat_crypto_anchors *services_anchors(void);
/* The name in its certificate: its address. */
const char *services_secret_name(unsigned end);
/* Listens at @port of @end; @serve gets each session. */
void services_secret_listen(unsigned end, uint16_t port,
                            bool (*serve)(const struct leat_stream *session));

void services_tasks_forget(void); /* clears the state of the last input */
void services_tasks_open(void);
void services_tasks_close(void);
void services_tasks_act(const struct services_act *act);
unsigned services_tasks_pending(void);
extern struct leat_http_handler services_handler; /* handles a route */

void services_rest_open(void);
void services_rest_close(void);
void services_rest_act(const struct services_act *act);

/* ---- the second stack --------------------------------------------------------------------- */

void services_peer_open(void);
void services_peer_act(const struct services_act *act);
void services_peer_calm(void); /* its connections end */
void services_peer_close(void);
/* Called when the first stack has sent a DHCP message. */
void services_peer_lease(const uint8_t *query, uint32_t len);
/* True if @arg belongs to a session of the name server. */
bool services_peer_has(const void *arg);

/* Writes an answer to @query, by the current behaviour; returns its length, 0: none. */
uint32_t services_answer(const uint8_t *query, uint32_t len, uint8_t *reply, uint32_t max);
/* Writes a question chosen by @act. */
uint32_t services_question(const struct services_act *act, uint8_t *query);
/* A reply of the DHCP server. */
uint32_t services_lease(const uint8_t *query, uint32_t len, uint8_t *reply);
/* Changes or truncates a message, if the behaviour says so. */
uint32_t services_spoil(uint8_t *bytes, uint32_t len);

#endif
