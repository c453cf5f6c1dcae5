/* early_test.h -- a server that accepts early data, and a client that sends some. */
#ifndef EARLY_TEST_H
#define EARLY_TEST_H

#include "tls_test.h"

enum {
    WIDE = 1 << 18,
    LIMIT = 4096, /* early_bytes of the server */
    EARLY_BYTES = 1 << 16,
    QUESTION = 14 /* bytes of early data that open_old() gives the client */
};

/* Early data that the server's program got in the last session. */
extern struct heard_early {
    size_t have;
    char bytes[EARLY_BYTES];
    unsigned calls;
    bool answer; /* the program answers "early" at once */
} early;

/* Bytes that a client has sent since listen_early() or capture(). */
extern struct sent_early {
    size_t len;
    uint8_t bytes[EARLY_BYTES];
} sent;

/* Advances the world's time and the client's civil time. */
void pass(struct fixture *f, uint64_t ns);

/* Opens a first session. Its server made its seal long enough ago to accept early data. */
void open_old(struct fixture *f);

const struct leat_tls_counts *counts(const struct fixture *f, unsigned end);

/* Runs another session over a pipe that @prepare sets up. */
void shake_early(struct fixture *f, void (*prepare)(struct fixture *f));

/* Does the same, and expects that all early data is accepted, or none. */
void open_early(struct fixture *f, bool taken);

/* Records a client's first flight, which gets no answer. */
void capture(struct fixture *f);

/* Records the client's bytes; for shake_early(). */
void listen_early(struct fixture *f);

/* Sends the first @len recorded bytes again. */
void replay(struct fixture *f, size_t len);
void end_replay(struct fixture *f);

#endif
