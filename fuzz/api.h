/*
 * api.h -- two stacks over a wire, and two programs that make the calls of the input, in callbacks
 * and outside of them (fuzz_api.c).
 *
 * api_world.c has the stacks, the wire and the clock; api_program.c the connections, sockets and
 * callbacks; api_act.c the calls. All calls are legal ones: programming errors are asserted, so
 * they would show nothing.
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
    API_HANDLES = 48, /* connections of a program during one input */
    API_LISTENERS = 2,
    API_SOCKETS = 4,
    API_SHELF = 8, /* buffer lists that a program holds */
    API_HOGS = 128,
    API_RULES = 16,
    API_PORT = 80,    /* port of listener 0 */
    API_PORT_UDP = 7, /* port of UDP socket 0 */
    API_PERIOD = 251, /* period of the data: a prime */
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

/* An act of a program, with its operands. */
struct api_act {
    uint8_t what;
    uint8_t who; /* index of the connection, listener, socket or buffer */
    uint8_t how;
    uint8_t more;
    uint16_t len;
};

/* An act for the next callback of some kinds. */
struct api_rule {
    uint8_t calls; /* a bit for each enum api_call; 0: the rule has been applied */
    bool stays;
    struct api_act act;
};

struct api_end;

struct api_handle {
    struct leat_tcp *conn; /* NULL: not used yet, or closed */
    struct api_end *end;
    uint32_t sent;  /* bytes that the stack has accepted */
    uint32_t heard; /* bytes received */
    uint32_t owed;  /* received bytes that are not consumed yet */
    bool used;
};

/* A buffer list that the program holds: bytes of its data from `at` on. */
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
    struct leat_buf *hogs[API_HOGS]; /* buffers that are held to make memory scarce */
    uint32_t lent, released;
    struct api_rule rules[API_RULES];
    unsigned rule_next;
    uint64_t next_ns; /* result of the last leat_poll() */
};

extern struct api_end api_ends[2];
extern uint64_t api_now_ns;
extern uint8_t api_data[API_PERIOD + API_DATA_MAX];

/* Aborts if @condition is false. */
void api_demand(bool condition, const char *what);

/* ---- api_world.c -------------------------------------------------------------------------- */

/* The limits, options, devices and start time, taken from some bytes. */
struct api_draw {
    uint8_t pool, options, tcp, offloads, clock, clock_back, link;
};

/* False: the stack refuses such small limits. */
bool api_open(const struct api_draw *draw);

void api_poll(struct api_end *end);

/* Advances the time, with at most @polls polls. */
void api_run(uint64_t ns, unsigned polls);

void api_set_faults(unsigned from, uint8_t what, uint8_t how);

/* Takes all but a few buffers, or gives them back. */
void api_hog(struct api_end *end, uint8_t what, uint8_t leave);

/* Closes everything, and checks that all connections end and all memory comes back. */
void api_finish(bool well);

/* ---- api_program.c ------------------------------------------------------------------------ */

extern const struct leat_tcp_events api_tcp_events[4];
extern const struct leat_udp_events api_udp_events;
void api_on_acceptable(struct leat_tcp_listener *listener, void *arg);
void api_on_address(struct leat *stack, struct leat_netif *netif, struct leat_ip ip, void *arg);

/* A handle that was not used before; NULL: all have been used. */
struct api_handle *api_handle_new(struct api_end *end);

/* Receives up to @max bytes from @handle, and checks them; NULL: there are none. */
struct leat_buf *api_receive(struct api_handle *handle, uint32_t max);

void api_accept(struct api_end *end, struct leat_tcp_listener *listener, uint8_t events);

/* Checks the stack's information about the connections of @end. */
void api_check_handles(const struct api_end *end);

/* ---- api_act.c ---------------------------------------------------------------------------- */

/* Performs an act. @self is the connection of the current callback; NULL: @act names one. */
void api_act(struct api_end *end, struct api_handle *self, const struct api_act *act);

#endif
