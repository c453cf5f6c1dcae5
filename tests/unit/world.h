/*
 * world.h -- one stack, one fake device, one peer: where the conversations of the tests happen.
 *
 *      world_setup, world_teardown    of every test; teardown demands that the statistics balance
 *                                     and that every buffer is back
 *      world_feed                     a frame comes in
 *      assert_dropped, assert_taken   what became of it, by counter, and of nothing else
 *      world_expect                   a frame that went out; assert_silent: none did
 *      world_wait                     time passes
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
    bool with_ipv6; /* the same of IPv6 */
    /* NULL, or what address of IPv6 stands for one of the test's (tests/family) */
    void (*translate)(leat_ip4 ip4, uint8_t ip6[16]);
    size_t more_bytes; /* of the stack's block, for what a test registers */
    uint64_t now_ns;
    uint64_t next_ns; /* what the last leat_poll() wanted */
    struct leat_stats before;
    uint32_t free_before[3]; /* buffers, of each kind */
    struct fake_netif dev;
    struct fake_netif second; /* attached by world_attach_second() */
    /* what the callbacks heard */
    uint32_t usable, conflicts;
    struct leat_ip last_address;
    leat_ip4 last_ip; /* the same, as a number */
    uint32_t datagrams, errors;
    uint8_t data[2048]; /* of the last datagram */
    uint32_t data_len;
    struct leat_endpoint peer, local;
    enum leat_err error;
    struct leat_endpoint error_peer;
    uint32_t closed; /* connections, the last one by this */
    enum leat_err why;
};

/* Of connections whose argument is the world. */
extern const struct leat_tcp_events world_closes;

/* 10.0.0.1/24 on the fake device, UDP registered, the peer known to ARP, announcements sent. */
int world_setup(void **state);

/* The same with TCP and without UDP, after five seconds. */
int world_setup_tcp(void **state);

/* The same with nothing done but leat_init() and leat_attach(); a test may change world->config
 * first: world_create, then world_init. */
struct world *world_create(void);
void world_init(struct world *world);

/* After world_init(): the address of world_setup(), announced, and its peer. */
void world_settle(struct world *world);

/* The address that the stack has for @ip, and the prefix for one of @bits. */
struct leat_ip world_ip(const struct world *world, leat_ip4 ip);
uint8_t world_bits(const struct world *world, uint8_t bits);

/* A second link with 10.1.0.1/24. */
void world_attach_second(struct world *world);

int world_teardown(void **state);

/* Polls now. */
void world_poll(struct world *world);

/* Lets time pass, polling whenever the stack asks for it. */
void world_wait(struct world *world, uint64_t ns);

/* Remembers the counters and forgets what was sent. */
void world_mark(struct world *world);

/* The same, then feeds the frame and polls. */
void world_feed(struct world *world, const struct frame *frame);
void world_feed_bytes(struct world *world, const void *bytes, uint32_t len);

/* Tells the stack at which MAC the peer @ip is. */
void world_meet(struct world *world, leat_ip4 ip, const struct leat_mac *mac);

/* The next frame that was sent; fails if there is none. */
const struct fake_frame *world_expect(struct world *world);

/* A socket bound to @port (0: not bound), whose callbacks write into the world. */
struct leat_udp *world_socket(struct world *world, uint16_t port);

/* Remembers the counters, forgets what was sent, sends a datagram and polls. */
enum leat_err world_send(struct world *world, struct leat_udp *udp, leat_ip4 ip, uint16_t port,
                         const void *data, uint32_t len);
enum leat_err world_send_to(struct world *world, struct leat_udp *udp, struct leat_endpoint peer,
                            const void *data, uint32_t len);

/* Takes all buffers for headers, so that nothing can be sent that needs one; and gives them back.
 */
struct leat_buf *world_take_all_small(struct world *world);
void world_give_all(struct leat_buf *all);

/* By how much a counter grew since the last feed. */
uint64_t world_grown(const struct world *world, enum leat_stat stat);

/* The frame was dropped for this reason and no other, nothing was sent, and no memory is held that
 * was free before. */
#define assert_dropped(world, name)                                                                \
    do {                                                                                           \
        world_assert_end(world, LEAT_STAT_##name);                                                 \
        assert_silent(world);                                                                      \
        world_assert_no_growth(world);                                                             \
    } while (0)

/* The same without a word about what was sent. */
#define assert_ended(world, name) world_assert_end(world, LEAT_STAT_##name)

#define assert_grown(world, name, by) assert_int_equal(world_grown(world, LEAT_STAT_##name), by)

#define assert_silent(world) assert_int_equal(fake_netif_sent_count(&(world)->dev), 0)

void world_assert_end(const struct world *world, enum leat_stat stat);
void world_assert_no_growth(const struct world *world);

/* An ICMP error of this type and code about the frame that came in last. */
void world_expect_icmp(struct world *world, const struct frame *about, uint8_t type, uint8_t code);

#define world_test(function) cmocka_unit_test_setup_teardown(function, world_setup, world_teardown)

#endif
