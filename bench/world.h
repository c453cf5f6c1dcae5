/*
 * world.h -- a client's stack and a server's, a wire between them, and a clock that is a number.
 *
 * The counts are those of client_poll() and server_poll(), which do all the work of leat and of the
 * program's callbacks.  During warm-up the same turns are called by other names and are not
 * counted.
 */
#ifndef BENCH_WORLD_H
#define BENCH_WORLD_H

#include <leat/ipv6.h>
#include <leat/tcp.h>
#include <leat/udp.h>

#include "wire.h"

enum {
    SERVER_PORT = 7000, /* and above: a listener for each 10,000 connections */
    PORTS_MAX = 128,
    CONNECTIONS_A_PORT = 10000
};

struct options {
    uint32_t connections;  /* open at a time */
    uint32_t units;        /* counted: segments, requests, connections, datagrams, seconds */
    uint32_t window_bytes; /* offered at most */
    uint32_t step_ns;      /* that a turn takes */
    uint32_t transfers;    /* connections with data in flight at a time; 0: all of them */
    uint32_t outstanding;  /* requests begun and not answered, at a time */
    uint32_t peers;        /* remote addresses behind a gateway; 0: one, which is a neighbour */
    uint32_t bytes_min;    /* of a message */
    uint32_t bytes_max;
    uint32_t loss_per_m; /* frames lost of a million, both ways */
    bool imix;           /* sizes are those of the Internet mix */
    bool interleave;     /* frames to the server come from the flows in turn */
    bool offload;        /* checksums are the device's */
    bool no_timestamps;
    bool ipv6; /* instead of IPv4 */
};

struct side {
    struct leat *stack;
    void *memory;
    size_t bytes; /* of memory */
};

struct world {
    struct options options;
    struct wire wire;
    struct side client;
    struct side server;
    uint64_t now_ns;
    uint64_t random;
};

/* Builds both stacks, or exits. */
struct world *world_create(const struct options *options);
void world_destroy(struct world *world);

/* Listens on as many ports as the connections need. */
void world_listen(struct world *world, void (*on_acceptable)(struct leat_tcp_listener *, void *));

/* With many entries one address may have all of the table's; otherwise the listener has no limit.
 */
uint32_t world_per_address(const struct world *world);

/* The addresses of both ends: of IPv6, if the options say so. */
struct leat_ip world_client_ip(const struct world *world);
struct leat_ip world_server_ip(const struct world *world);

/* The destination of the connection with this number. */
struct leat_endpoint world_server(const struct world *world, uint32_t connection);

/* From now on frames are lost, if the options say so. */
void world_begin_loss(struct world *world);

/* A number below @limit, at random; the same ones each time. */
uint32_t world_below(struct world *world, uint32_t limit);

/* Bytes of the next message. */
uint32_t world_message_bytes(struct world *world);

/* A turn: the client's poll, then the server's; time passes.  If frames are lost, it passes until
 * one of them has something to do. */
void world_turn(struct world *world);

/* Turns until @done(@arg); exits if that takes more than @turns_max. */
void world_turn_until(struct world *world, bool (*done)(void *arg), void *arg, uint64_t turns_max);

/* The same turn, counted. */
void world_counted_turn(struct world *world);

/* Begin and end counting; they return the processor time of the process, s, which is the measure
 * without callgrind. */
void world_count_begin(struct world *world);
double world_count_end(struct world *world);

/* Lets time pass without any event. */
void world_idle(struct world *world, uint64_t ns, bool counted);

/* Bytes of a stack's block that lie in the machine's memory now. */
uint64_t world_resident(const struct side *side);

/* ... and of the whole process. */
uint64_t world_resident_process(void);

/* Ends the program: @what went wrong. */
_Noreturn void world_fail(const char *what);

#endif
