/*
 * world.h -- one stack, one fake device, one peer: the environment of most tests.
 *
 *      world_setup, world_teardown    of every test; the latter asserts that the statistics
 *                                     balance and that every buffer was returned
 *      world_feed                     receives a frame
 *      assert_dropped, assert_taken   its result, by counter; no other counter may change
 *      world_expect                   a sent frame; assert_silent: none was sent
 *      world_wait                     lets time pass
 */
#ifndef WORLD_H
#define WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <leat/leat.h>

#include "fake_netif.h"
#include "frames.h"

static const uint64_t ms = 1000000u;
static const uint64_t second = 1000000000u;

struct world {
    struct leat *stack;
    void *memory;
    struct leat_config config;
    struct leat_tcp_config tcp_config;
    struct leat_ipv6_config ipv6_config;
    bool with_tcp;  /* world_init() registers TCP */
    bool with_ipv6; /* the same for IPv6 */
    /* maps an address of the test to IPv6 (tests/family), or NULL */
    void (*translate)(leat_ip4 ip4, uint8_t ip6[16]);
    size_t more_bytes; /* additional memory, for protocols that a test registers */
    uint64_t now_ns;
    uint64_t next_ns; /* result of the last leat_poll() */
    struct leat_stats before;
    uint32_t free_before[3]; /* buffers, of each kind */
    struct fake_netif dev;
    struct fake_netif second; /* attached by world_attach_second() */
    /* recorded by the callbacks */
    uint32_t usable, conflicts;
    struct leat_ip last_address;
    leat_ip4 last_ip; /* last_address as a number */
    uint32_t datagrams, errors;
    uint8_t data[2048]; /* of the last datagram */
    uint32_t data_len;
    struct leat_endpoint peer, local;
    enum leat_err error;
    struct leat_endpoint error_peer;
    uint32_t closed; /* number of closed connections */
    enum leat_err why;
};

/* Events for connections whose argument is the world. */
extern const struct leat_tcp_events world_closes;

/* 10.0.0.1/24 on the fake device, UDP registered, the peer known to ARP, announcements sent. */
int world_setup(void **state);

/* The same with TCP and without UDP, after five seconds. */
int world_setup_tcp(void **state);

/* The same after leat_init() and leat_attach() only. Tests that change world->config call
 * world_create() and then world_init(). */
struct world *world_create(void);
void world_init(struct world *world);

/* After world_init(): adds the address of world_setup(), waits for its announcements, and learns
 * the peer. */
void world_settle(struct world *world);

/* The stack's address for @ip, and its prefix length for @bits. */
struct leat_ip world_ip(const struct world *world, leat_ip4 ip);
uint8_t world_bits(const struct world *world, uint8_t bits);

/* A second link with 10.1.0.1/24. */
void world_attach_second(struct world *world);

int world_teardown(void **state);

/* Polls once. */
void world_poll(struct world *world);

/* Lets time pass, and polls whenever the stack asks for it. */
void world_wait(struct world *world, uint64_t ns);

/* Remembers the counters and discards sent frames. */
void world_mark(struct world *world);

/* The same, then feeds the frame and polls. */
void world_feed(struct world *world, const struct frame *frame);
void world_feed_bytes(struct world *world, const void *bytes, uint32_t len);

/* Tells the stack the MAC of the peer @ip. */
void world_meet(struct world *world, leat_ip4 ip, const struct leat_mac *mac);

/* The next sent frame; fails if there is none. */
const struct fake_frame *world_expect(struct world *world);

/* A socket bound to @port (0: not bound), with callbacks that record into the world. */
struct leat_udp *world_socket(struct world *world, uint16_t port);

/* Remembers the counters, discards sent frames, sends a datagram and polls. */
enum leat_err world_send(struct world *world, struct leat_udp *udp, leat_ip4 ip, uint16_t port,
                         const void *data, uint32_t len);
enum leat_err world_send_to(struct world *world, struct leat_udp *udp, struct leat_endpoint peer,
                            const void *data, uint32_t len);

/* Takes all buffers for headers, so that no packet that needs one can be sent; returns them. */
struct leat_buf *world_take_all_small(struct world *world);
void world_give_all(struct leat_buf *all);

/* The growth of a counter since the last feed. */
uint64_t world_grown(const struct world *world, enum leat_stat stat);

/* Asserts that the frame was dropped for this reason only, that no frame was sent, and that no
 * additional memory is held. */
#define assert_dropped(world, name)                                                                \
    do {                                                                                           \
        world_assert_end(world, LEAT_STAT_##name);                                                 \
        assert_silent(world);                                                                      \
        world_assert_no_growth(world);                                                             \
    } while (0)

/* The same without the check of sent frames. */
#define assert_ended(world, name) world_assert_end(world, LEAT_STAT_##name)

#define assert_grown(world, name, by) assert_int_equal(world_grown(world, LEAT_STAT_##name), by)

#define assert_silent(world) assert_int_equal(fake_netif_sent_count(&(world)->dev), 0)

void world_assert_end(const struct world *world, enum leat_stat stat);
void world_assert_no_growth(const struct world *world);

/* Expects an ICMP error of this type and code about the last received frame. */
void world_expect_icmp(struct world *world, const struct frame *about, uint8_t type, uint8_t code);

#define world_test(function) cmocka_unit_test_setup_teardown(function, world_setup, world_teardown)

#endif
