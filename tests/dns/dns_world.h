/* dns_world.h -- two stacks on a wire, in virtual time: the server 10.0.0.1 and the resolver
 * 10.0.0.2. */
#ifndef DNS_WORLD_H
#define DNS_WORLD_H

#include "dns_test.h"

#include <leat/leat.h>
#include <leat/link.h>

static const uint64_t ms = 1000000u;
static const uint64_t second = 1000000000u;

enum {
    SERVER = 0,
    CLIENT = 1
};

#define SERVER_IP  LEAT_IP4(10, 0, 0, 1)
#define SERVER2_IP LEAT_IP4(10, 0, 0, 3) /* of the same stack */
#define CLIENT_IP  LEAT_IP4(10, 0, 0, 2)

struct dns_world {
    struct leat *stacks[2];
    struct leat_link *link;
    uint64_t now_ns;
    uint32_t free_count[2]; /* buffers at the start */
    void *memory[3];
};

enum {
    HOGS = 4096
};

/* Buffers of one stack that are kept from other users. */
struct hog {
    struct leat_buf *bufs[HOGS];
    unsigned count;
};

/* Takes all whole buffers of a stack but @left. */
void take_all_but(struct hog *hog, struct leat *stack, unsigned left);
void give_all(struct hog *hog);

/* If set, new worlds have IPv6. */
extern bool world_has_ipv6;

/* Buffer size of new worlds' stacks; 0: the default. */
extern uint32_t world_buf_bytes;

/* The datagrams received by a UDP socket with the events datagrams_events and this as @arg. */
struct datagrams {
    unsigned count;
    size_t all_bytes; /* of all */
    struct leat_endpoint peer;
    size_t len; /* of the last one */
    uint8_t bytes[2000];
};

extern const struct leat_udp_events datagrams_events;

struct dns_world *world_create(void);

/* Ends both stacks, after the connections have ended; fails if a buffer is missing. */
void world_destroy(struct dns_world *world);

/* Runs the world until *@done, at most for @limit_ns; returns *@done. */
bool world_run(struct dns_world *world, const bool *done, uint64_t limit_ns);
void world_wait(struct dns_world *world, uint64_t ns);

/* All connections of a stack, of which there is one at least, are without Nagle's algorithm: the
 * parts of a message don't wait for acknowledgments (RFC 1122 4.2.3.4). */
void world_expect_nodelay(const struct dns_world *world, int end);

/* The wire loses and reorders. */
void world_spoil(struct dns_world *world, uint32_t loss_per_m);

#endif
