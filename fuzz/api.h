/*
 * api.h -- two stacks over a wire, and two programs that call whatever they are told to, in
 * callbacks and outside of them (fuzz_api.c).
 *
 * api_world.c has the stacks, the wire and the clock; api_program.c the connections, sockets and
 * callbacks; api_act.c what a program may do.  All calls are legal ones: what only a programmer can
 * do wrong is asserted, and would tell nothing.
 */
#ifndef API_H
#define API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/leat.h>
#include <leat/link.h>

#include "core/ip4.h"

enum {
    API_HANDLES = 48, /* connections of a program, in all of an input */
    API_LISTENERS = 2,
    API_SOCKETS = 4,
    API_SHELF = 8, /* buffer lists that a program keeps */
    API_HOGS = 128,
    API_RULES = 16,
    API_PORT = 80,    /* of the listeners, + number */
    API_PORT_UDP = 7, /* of the sockets, + number */
    API_PERIOD = 251, /* of the data: a prime */
    API_DATA_MAX = 4096
};

/* The kinds of callbacks. */
enum api_call {
    API_ON_OPEN,
    API_ON_READABLE,
    API_ON_WRITABLE,
    API_ON_CLOSED,
    API_ON_ACCEPTABLE,
    API_ON_DATAGRAM,
    API_ON_ERROR,
    API_ON_ADDRESS
};

/* Something that a program does, and operands. */
struct api_act {
    uint8_t what;
    uint8_t who; /* which connection, listener, socket, buffer */
    uint8_t how;
    uint8_t more;
    uint16_t len;
};

/* What a program does when it is called back. */
struct api_rule {
    uint8_t calls; /* a bit for each enum api_call; 0: a rule that is done */
    bool stays;
    struct api_act act;
};

struct api_end;

struct api_handle {
    struct leat_tcp *conn; /* NULL: not used yet, or ended */
    struct api_end *end;
    uint32_t sent;  /* bytes that the stack has taken */
    uint32_t heard; /* bytes received */
    uint32_t owed;  /* of these not yet consumed */
    bool used;
};

/* A buffer list that the program keeps: bytes of its data from `at` on. */
struct api_shelf {
    struct leat_buf *data;
    uint32_t at;
};

struct api_end {
    struct leat *stack;
    void *memory;
    struct leat_netif *netif;
    leat_ip4 ip, peer;
    struct api_handle handles[API_HANDLES];
    struct leat_tcp_listener *listeners[API_LISTENERS];
    struct leat_udp *sockets[API_SOCKETS];
    struct api_shelf shelf[API_SHELF];
    struct leat_buf *hogs[API_HOGS]; /* buffers held so that the stack has few */
    uint32_t lent, released;
    struct api_rule rules[API_RULES];
    unsigned rule_next;
    uint64_t next_ns; /* what the last leat_poll() wanted */
};

extern struct api_end api_ends[2];
extern uint64_t api_now_ns;
extern uint8_t api_data[API_PERIOD + API_DATA_MAX];

/* Aborts if @condition is false. */
void api_demand(bool condition, const char *what);

/* ---- api_world.c -------------------------------------------------------------------------- */

/* The limits, options, devices and the time of the start, drawn from some bytes. */
struct api_draw {
    uint8_t pool, options, tcp, offloads, clock, clock_back, link;
};

/* False: the stack refuses to be so small. */
bool api_open(const struct api_draw *draw);

void api_poll(struct api_end *end);

/* Lets time pass, with at most @polls polls. */
void api_run(uint64_t ns, unsigned polls);

void api_set_faults(unsigned from, uint8_t what, uint8_t how);

/* Takes buffers until few are left, or gives them back. */
void api_hog(struct api_end *end, uint8_t what, uint8_t leave);

/* Ends all: what was begun must come to its end, and what was taken come back. */
void api_finish(bool well);

/* ---- api_program.c ------------------------------------------------------------------------ */

extern const struct leat_tcp_events api_tcp_events[4];
extern const struct leat_udp_events api_udp_events;
void api_on_acceptable(struct leat_tcp_listener *listener, void *arg);
void api_on_address(struct leat *stack, struct leat_netif *netif, struct leat_ip ip, void *arg);

/* A handle that was not used before; NULL: none is left. */
struct api_handle *api_handle_new(struct api_end *end);

/* Takes up to @max bytes of data off @handle, and looks at them; NULL: there are none. */
struct leat_buf *api_receive(struct api_handle *handle, uint32_t max);

void api_accept(struct api_end *end, struct leat_tcp_listener *listener, uint8_t events);

/* What must hold of what the stack says of the connections of @end. */
void api_check_handles(const struct api_end *end);

/* ---- api_act.c ---------------------------------------------------------------------------- */

/* Does it; @self is whom a callback is about, NULL: @act says who. */
void api_act(struct api_end *end, struct api_handle *self, const struct api_act *act);

#endif
