/*
 * suite_host.h -- a host for the test suites of other TLS implementations: a stack without a
 * device, a provider of cryptography, and streams of leat over sockets of the kernel.
 */
#ifndef SUITE_HOST_H
#define SUITE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/crypto.h>
#include <leat/stack.h>

#include "pipe.h"

enum {
    SUITE_NUMBERS = 16, /* entries of a list of groups or schemes */
    SUITE_PENDING = 16384
};

/* Groups or schemes that may be used; none: all. */
struct suite_numbers {
    uint16_t list[SUITE_NUMBERS];
    unsigned count;
};

/* Limits of the provider, beside its own. */
struct suite_limits {
    struct suite_numbers groups;
    struct suite_numbers signing;   /* schemes by which private keys sign */
    struct suite_numbers verifying; /* schemes that are accepted */
};

struct suite_host {
    struct leat *stack;
    struct leat_crypto crypto;
    struct suite_limits limits;
    uint64_t began_s; /* civil time */
    uint64_t ahead_s; /* the clocks are set ahead by so much */
    void *memory;
    void *provider; /* memory of BearSSL's */
    bool is_bearssl;
};

/* A socket, and a pipe whose first end is for the program. Bytes go both ways. */
struct suite_wire {
    struct pipe_end ends[2];
    int socket; /* -1: free */
    size_t pending, sent;
    uint8_t bytes[SUITE_PENDING]; /* to the socket: from `sent` to `pending` */
    bool reads_no_more, writes_no_more;
};

/* Opens the only host of a process. */
void suite_open(struct suite_host *host, bool with_bearssl);
void suite_close(struct suite_host *host);

/* Serves the stack and all @wires until @deadline_ms from now, or until an event; and @listener, if
 * it isn't -1, but doesn't accept. True: the listener has a connection. */
bool suite_serve(struct suite_host *host, struct suite_wire *wires, unsigned count, int listener,
                 int deadline_ms);

/* Takes over @socket, which is connected. */
void suite_wire_open(struct suite_wire *wire, struct suite_host *host, int socket);
/* Closes the socket at once. Both ends of the pipe must have ended, or the stack ends now. */
void suite_wire_close(struct suite_wire *wire);
/* True if nothing can be exchanged any more. */
bool suite_wire_is_over(const struct suite_wire *wire);

uint64_t suite_civil_s(void *host);

/* Reads a whole file to memory that stays; NULL: it can't be read. */
char *suite_read_file(const char *path, size_t *len);

/* Ends the program with status 2 if @condition is false: the host itself has failed. */
void suite_demand(bool condition, const char *what);

#endif
