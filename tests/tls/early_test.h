/* early_test.h -- a server that takes early data, and a client that has some. */
#ifndef EARLY_TEST_H
#define EARLY_TEST_H

#include "tls_test.h"

enum {
    WIDE = 1 << 18,
    LIMIT = 4096, /* of what the server takes early */
    EARLY_BYTES = 1 << 16,
    QUESTION = 14 /* bytes of early data that open_old() gives the client */
};

/* What a server's program has got early in the last session. */
extern struct heard_early {
    size_t have;
    char bytes[EARLY_BYTES];
    unsigned calls;
    bool answer; /* it says "early" at once */
} early;

/* All that a client has sent, after listen() or capture(). */
extern struct sent_early {
    size_t len;
    uint8_t bytes[EARLY_BYTES];
} sent;

/* The client's clock goes with the world's. */
void pass(struct fixture *f, uint64_t ns);

/* A first session with a server that takes early data, long ago enough. */
void open_old(struct fixture *f);

const struct leat_tls_counts *counts(const struct fixture *f, unsigned end);

/* Another session, over a pipe that is made ready by @prepare. */
void shake_early(struct fixture *f, void (*prepare)(struct fixture *f));

/* ... whose early data is all taken, or none. */
void open_early(struct fixture *f, bool taken);

/* What a client sends without an answer. */
void capture(struct fixture *f);

/* Notes what the client sends: for shake_early(). */
void listen_early(struct fixture *f);

/* What a client has sent comes again, as @len bytes of it. */
void replay(struct fixture *f, size_t len);
void end_replay(struct fixture *f);

#endif
