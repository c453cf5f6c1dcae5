/*
 * differential.h -- what the random calls on leat's sockets and on Linux's share.
 */
#ifndef DIFFERENTIAL_H
#define DIFFERENTIAL_H

#include "sockets_test.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    HANDLES = 6,
    CALLS = 60,
    PORTS = 3,
    BYTES = 200,
    SKIPPED = 77,
    OUR_ADDRESS = 0x0a000002 /* of both: leat tells no ICMP errors about 127.0.0.1 */
};

/* A socket on both sides; leat is -1 if there is none. */
struct handle {
    int leat, linux_fd;
    bool is_stream;
    bool was_shut;
    uint16_t bound; /* the port that bind() was given; 0: none */
};

extern struct handle handles[HANDLES];

/* A random number below @count. */
unsigned below(unsigned count);

/* The result of a call of Linux as leat's calls have it. */
intptr_t or_errno(intptr_t result);

/* A line of the trace: the call that comes now. */
void note(const char *what, unsigned handle, long a, long b);

/* False, with the trace, if both differ. */
bool compare(const char *of, long ours, long theirs);

/* ---- differential_options.c: calls on handle @i; false: the results differ ------------------- */

bool set_one(struct net *net, unsigned i);
bool get_one(struct net *net, unsigned i);
bool dup_one(struct net *net, unsigned i);
bool send_pieces(struct net *net, unsigned i);
bool receive_pieces(struct net *net, unsigned i);
bool count_one(struct net *net, unsigned i);

#endif
