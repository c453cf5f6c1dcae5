/*
 * services.h -- two stacks on a lossy link: the first runs every service that leat has, and its
 * program calls whatever the input says, in callbacks and outside of them; the second asks it, and
 * is asked (fuzz_services.c).
 *
 *      services_world.c    the stacks, the link, the clock
 *      services_rules.c    what the program does, and in which callback
 *      services_names.c    resolver, forwarder
 *      services_web.c      HTTP server, its exchanges;  services_calls.c  HTTP client
 *      services_secret.c   TLS at both ends
 *      services_tasks.c    tasks and their services;  services_rest.c  syslog, DHCP
 *      services_peer.c     connections of the second stack;  services_answer.c  what its name
 *                          server and its DHCP server answer
 *
 * All calls are legal ones.  Each handle that leat has given ends exactly once: by a call of the
 * program, or by its last callback.
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
    SERVICES_PERIOD = 251, /* of the data of a file: a prime */
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
    SERVICES_ON_PEER,   /* of the second stack */
    SERVICES_OUTSIDE
};

/* Something that is done. */
struct services_act {
    uint8_t what;
    uint8_t which;
    uint8_t how;
    uint8_t more;
};

/* Limits, options and the time of the start. */
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
    uint64_t next_ns; /* what the last leat_poll() wanted */
};

/* The second stack's servers. */
struct services_mood {
    uint8_t names; /* lowest three bits: what is answered; see services_answer.c */
    uint8_t lease;
    uint8_t web; /* which reply */
    uint8_t spoil_at, spoil_with;
};

extern struct services_end services_ends[2];
extern struct services_draw services_draw;
extern struct services_mood services_mood;
extern uint64_t services_now_ns;
extern enum services_call services_where; /* the callback that runs now */
extern uint8_t services_file[SERVICES_FILE_BYTES];

/* Aborts if @condition is false. */
void services_demand(bool condition, const char *what);

/* Memory of just this size, which is given back by free(). */
void *services_memory(size_t bytes);

/* ---- services_world.c --------------------------------------------------------------------- */

/* False: the first stack refuses to be so small. */
bool services_open(const struct services_draw *draw);

/* Lets time pass, with at most @polls polls. */
void services_run(uint64_t ns, unsigned polls);

void services_set_faults(unsigned from, uint8_t what, uint8_t how);

/* Takes buffers of the first stack until @leave are left, or gives them back. */
void services_hog(bool take, uint8_t leave);

struct leat_endpoint services_at(unsigned end, uint16_t port);

/* Ends all: what was begun must come to its end, and what was taken come back. */
void services_finish(void);

/* ---- services_rules.c --------------------------------------------------------------------- */

void services_rule(uint8_t calls, bool stays, const struct services_act *act);
void services_forget_rules(void);

/* Does what the rules say of this kind of callback; @self is the exchange's or call's place. */
void services_obey(enum services_call call, void *self);

void services_act(const struct services_act *act, void *self);

/* ---- the services of the first stack ------------------------------------------------------ */

/* Each pair opens and closes; a service that is closed may be opened again. */
void services_names_open(void);
void services_names_close(void);
void services_names_act(const struct services_act *act);
unsigned services_names_pending(void);
struct leat_resolver *services_resolver(void); /* NULL: it is closed */
bool services_name(uint8_t which, char text[16]);

void services_web_open(void);
void services_web_close(bool both); /* stacks' */
void services_web_act(const struct services_act *act, void *self);
void services_web_settle(void); /* the program ends what waits for it */
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
/* Listens at @port of @end; each session is for @serve. */
void services_secret_listen(unsigned end, uint16_t port,
                            bool (*serve)(const struct leat_stream *session));

void services_tasks_forget(void); /* what was in the input before */
void services_tasks_open(void);
void services_tasks_close(void);
void services_tasks_act(const struct services_act *act);
unsigned services_tasks_pending(void);
extern struct leat_http_handler services_handler; /* of a route */

void services_rest_open(void);
void services_rest_close(void);
void services_rest_act(const struct services_act *act);

/* ---- the second stack --------------------------------------------------------------------- */

void services_peer_open(void);
void services_peer_act(const struct services_act *act);
void services_peer_calm(void); /* its connections end */
void services_peer_close(void);
/* The first stack has asked for a lease. */
void services_peer_lease(const uint8_t *query, uint32_t len);
/* True if @arg is that of a session of the name server. */
bool services_peer_has(const void *arg);

/* An answer to @query as the mood is; its length, 0: none. */
uint32_t services_answer(const uint8_t *query, uint32_t len, uint8_t *reply, uint32_t max);
/* A question as @act says. */
uint32_t services_question(const struct services_act *act, uint8_t *query);
/* A reply of the DHCP server. */
uint32_t services_lease(const uint8_t *query, uint32_t len, uint8_t *reply);
/* Changes or cuts what is sent, if the mood is so. */
uint32_t services_spoil(uint8_t *bytes, uint32_t len);

#endif
