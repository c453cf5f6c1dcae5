/*
 * harness.h -- a stack that inputs are fed to.
 *
 * The limits are small, so that inputs of a few hundred bytes reach them. There are an echo on UDP
 * and TCP port 7, and a client of each that is connected to the peer. Closing the harness checks
 * that the statistics balance, that every connection has ended and that every buffer is back.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <stddef.h>
#include <stdint.h>

#include <leat/leat.h>

#include "fake_netif.h"
#include "frames.h"

enum {
    HARNESS_CLIENT_PORT = 1000, /* our port, connected to the next */
    HARNESS_SERVER_PORT = 53,   /* the peer's */
    HARNESS_ECHO_PORT = 7,
    HARNESS_CONNS = 8
};

/* Options of a harness; a bit mask. */
enum harness_option {
    HARNESS_FAST_OPEN = 1,
    HARNESS_QUIET = 2, /* the program neither echoes data nor closes after the peer */
    HARNESS_NO_TIMESTAMPS = 4,
    HARNESS_NO_SACK = 8,
    HARNESS_NO_RACK = 16,
    HARNESS_NO_PACING = 32,
    HARNESS_NO_COOKIES = 64,
    HARNESS_ECN = 128 /* the stack requests ECN, too */
};

struct harness {
    struct leat *stack;
    struct fake_netif dev;
    bool is_ipv6;
    struct leat_tcp_listener *listener;
    struct leat_udp *echo;
    struct leat_udp *client;
    struct leat_tcp *conns[HARNESS_CONNS]; /* open connections, in any order; NULL: none */
    uint8_t options;                       /* enum harness_option */
    uint64_t now_ns;
    uint64_t next_ns; /* result of the last leat_poll() */
};

/* An active open to the peer's server port, whose data is echoed, too; NULL if there is no room. */
struct leat_tcp *harness_connect(struct harness *harness);

/* libFuzzer's entry point, which runner.c calls, too. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Opens the only harness, with a fresh stack: 10.0.0.1/24, a default route; @options are enum
 * harness_option. With LEAT_TEST_FAMILY=6 the stack uses IPv6, and the device translates all
 * frames (tests/family). */
struct harness *harness_open(uint8_t options);

void harness_poll(struct harness *harness);

/* Advances the time, with a bounded number of polls when the stack asks for them. */
void harness_wait(struct harness *harness, uint64_t ns);

/* Delivers a frame. */
void harness_feed(struct harness *harness, const uint8_t *bytes, uint32_t len);

/* Addresses the frame to us and corrects its checksums, as far as it can be parsed; random
 * bytes have no right checksum. */
void harness_repair(uint8_t *bytes, uint32_t len);

/* The program closes all of its connections, and time passes without an answer: all of them
 * must end. */
void harness_end_all(struct harness *harness);

/* Aborts if a resource is lost. */
void harness_close(struct harness *harness);

#endif
