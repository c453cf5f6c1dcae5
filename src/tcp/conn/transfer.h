/*
 * transfer.h -- what a connection needs only while data is on its way: queued, in flight, being
 * repaired, or waiting for data before it.
 *
 * An idle connection has none of it.  It gets an entry of the pool when the program sends or data
 * comes out of order, and keeps it until another one needs it more: an entry of a connection that
 * has nothing on its way is taken back then, and all that remains is how far its window was open.
 * A connection without an entry points at tcp->nothing, which reads as if nothing were on its way
 * and is never written.
 */
#ifndef TCP_TRANSFER_H
#define TCP_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "tcp/math/congestion.h"
#include "tcp/math/recovery.h"
#include "tcp/math/reorder.h"
#include "tcp/math/sacks.h"
#include "tcp/math/scoreboard.h"
#include "tcp/math/sendq.h"

struct leat_tcp;
struct tcp;

enum {
    TRANSFER_HOT_BYTES = 5 * 64 /* of its beginning */
};

/* A request and its answer touch the first five cache lines and the eighth, where cwnd lies:
 * tools/layout prints it.  None is shared with another transfer. */
struct transfer {
    union {
        struct leat_tcp *conn; /* whose it is; NULL: tcp->nothing */
        struct transfer *next; /* of a free one */
    };
    struct sendq sendq;
    struct scoreboard scoreboard;
    uint64_t loss_at_ns;     /* RACK looks again, or the tail is probed */
    uint64_t paced_until_ns; /* no burst before */
    uint32_t wanted_bytes;   /* room that the program waits for; 0: as much as it is worth */
    uint32_t told_bytes;     /* room that it was told of, and has not used, */
    uint64_t told_ns;        /* at this time */
    struct reorder reorder;
    struct sacks sacks;
    bool in_use;
    struct recovery recovery;
    struct congestion congestion;
} __attribute__((aligned(ARENA_ALIGN)));

struct transfer_pool {
    struct transfer *all;
    struct transfer *free;
    uint32_t count;
    uint32_t hand;          /* where the look for one to be taken back goes on */
    uint64_t refused_at_ns; /* when there was none the last time, if was_short */
    bool was_short;
};

enum {
    SAVED_BITS = 14,
    SAVED_MAX = (1 << SAVED_BITS) - 1 /* stands for all that is more */
};

/* Congestion control as it is kept without an entry, in whole segments; and what a connection's
 * listener says, entry or not. */
struct saved_congestion {
    unsigned cwnd : SAVED_BITS; /* 0: it has never had an entry */
    unsigned ssthresh : SAVED_BITS;
    unsigned w_max : SAVED_BITS;   /* CUBIC's; 0: the slow start after a timeout isn't over */
    unsigned initial_segments : 6; /* the initial window; 0: as the stack's configuration says */
} __attribute__((packed));

_Static_assert(LEAT_TCP_INITIAL_WINDOW_MAX < 1 << 6, "its bits");

COLD void transfer_pool_init(struct tcp *tcp, struct transfer *entries, uint32_t count);

/* Gives @conn an entry, if it has none; false: all are in use, which is counted. */
bool tcp_transfer_get(struct leat_tcp *conn);

/* Frees what the entry of @conn holds, and the entry, if it has one. */
void tcp_transfer_end(struct leat_tcp *conn);

/* fin.c: the FIN that left alone gets its record in the transfer of @conn, which is new, and its
 * timers begin again. */
COLD void tcp_fin_record(struct leat_tcp *conn);

/* Congestion control as it begins, or goes on, at @conn. */
void tcp_transfer_congestion(const struct leat_tcp *conn, struct congestion *congestion);

/* The place of @congestion in tcp->congestions; NULL: that of the configuration's. */
COLD unsigned tcp_congestion_place(struct tcp *tcp, const struct leat_tcp_congestion *congestion);

/* What is to control the congestion of @conn. */
const struct leat_tcp_congestion *tcp_congestion_of(const struct leat_tcp *conn);

/* The program has chosen tcp_congestion_of(): from now on. */
COLD void tcp_transfer_choose(struct leat_tcp *conn);

/* The handshake is over: what the entry, if there is one, says of losses begins anew. */
void tcp_transfer_handshaken(struct leat_tcp *conn);

/* @left .. @right came, and was here already: the next ACK says so (RFC 2883), if there is SACK. */
COLD void tcp_note_duplicate(struct leat_tcp *conn, uint32_t left, uint32_t right);

/* False: something was written for a connection that has no entry, into what all of them share. */
bool tcp_nothing_is_unwritten(const struct tcp *tcp);

/* True if a connection was refused an entry in the last @lately_ns. */
bool tcp_transfers_are_short(const struct tcp *tcp, uint64_t lately_ns);

#endif
