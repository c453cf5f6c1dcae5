/*
 * harness.h -- a stack to throw things at.
 *
 * Small limits, so that inputs of a few hundred bytes reach them; an echo on UDP and TCP
 * port 7, and a client of each connected to the peer, so that there is something to find.  Closing
 * it demands that the statistics balance, that every connection came to its end and that every
 * buffer is back.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <stddef.h>
#include <stdint.h>

#include <leat/leat.h>

#include "fake_netif.h"
#include "frames.h"

enum {
    HARNESS_CLIENT_PORT = 1000, /* ours, connected to */
    HARNESS_SERVER_PORT = 53,   /* the peer's */
    HARNESS_ECHO_PORT = 7,
    HARNESS_CONNS = 8
};

/* How a harness is, or-ed. */
enum harness_option {
    HARNESS_FAST_OPEN = 1,
    HARNESS_QUIET = 2, /* the program neither echoes data nor closes when the peer does */
    HARNESS_NO_TIMESTAMPS = 4,
    HARNESS_NO_SACK = 8,
    HARNESS_NO_RACK = 16,
    HARNESS_NO_PACING = 32,
    HARNESS_NO_COOKIES = 64,
    HARNESS_ECN = 128 /* asks for it, too */
};

struct harness {
    struct leat *stack;
    struct fake_netif dev;
    bool is_ipv6;
    struct leat_tcp_listener *listener;
    struct leat_udp *echo;
    struct leat_udp *client;
    struct leat_tcp *conns[HARNESS_CONNS]; /* open ones, in any order; NULL: none */
    uint8_t options;                       /* enum harness_option */
    uint64_t now_ns;
    uint64_t next_ns; /* what the last leat_poll() wanted */
};

/* An active OPEN to the peer's server port, whose data is echoed, too; NULL if there is no room. */
struct leat_tcp *harness_connect(struct harness *harness);

/* libFuzzer's entry, which runner.c calls, too. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The harness, of which there is one, with a fresh stack: 10.0.0.1/24, a default route; @options
 * are enum harness_option.  With LEAT_TEST_FAMILY=6 the stack speaks IPv6, and the device
 * translates (tests/family), so that all is said over that. */
struct harness *harness_open(uint8_t options);

void harness_poll(struct harness *harness);

/* Lets time pass, polling when the stack asks for it, a bounded number of times. */
void harness_wait(struct harness *harness, uint64_t ns);

/* A frame comes in. */
void harness_feed(struct harness *harness, const uint8_t *bytes, uint32_t len);

/* Makes the frame one for us and its checksums right, as far as it is one: random bytes pass no
 * checksum. */
void harness_repair(uint8_t *bytes, uint32_t len);

/* The program closes all of its connections, and time passes in which nobody answers: all of them
 * have to end. */
void harness_end_all(struct harness *harness);

/* Aborts if something is lost. */
void harness_close(struct harness *harness);

#endif
