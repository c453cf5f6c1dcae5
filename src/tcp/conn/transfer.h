/*
 * transfer.h -- the state that a connection needs only while data is on its way: queued, in flight,
 * being repaired, or received out of order.
 *
 * An idle connection has none of it. It takes an entry from the pool when the program sends or data
 * comes out of order. It keeps the entry until another connection needs one: then an entry with
 * nothing on its way is reclaimed, and only a summary of congestion control remains. A connection
 * without an entry points at tcp->nothing, which reads as a transfer with nothing on its way and is
 * never written.
 */
#ifndef TCP_TRANSFER_H
#define TCP_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "ip/flow_headers.h"
#include "tcp/congestion/congestion.h"
#include "tcp/congestion/recovery.h"
#include "tcp/congestion/reorder.h"
#include "tcp/congestion/sacks.h"
#include "tcp/congestion/scoreboard.h"
#include "tcp/congestion/sendq.h"

struct leat_tcp;
struct tcp;

enum {
    TRANSFER_HOT_BYTES = 5 * 64, /* the first cache lines */
    PREPARED_FROM = 64           /* with fewer transfers, the memory for headers is saved */
};

/* A request and its answer touch the first five cache lines and the eighth, with cwnd: tools/layout
 * prints it. No line is shared with another transfer. */
struct transfer {
    union {
        struct leat_tcp *conn; /* the connection; NULL: this is tcp->nothing */
        struct transfer *next; /* in the free list */
    };
    struct sendq sendq;
    struct scoreboard scoreboard;
    uint64_t loss_at_ns;     /* RACK's next check, or the tail probe */
    uint64_t paced_until_ns; /* no burst before that time */
    uint32_t wanted_bytes;   /* room that the program waits for; 0: any amount worth a callback */
    uint32_t told_bytes;     /* room that the program was promised, and has not used, ... */
    uint64_t told_ns;        /* ... in the turn at this time */
    struct reorder reorder;
    struct sacks sacks;
    bool in_use;
    struct recovery recovery;
    struct congestion congestion;
    struct flow_headers
        *headers; /* of its segments, if they are prepared; &tcp->no_headers: never */
} __attribute__((aligned(ARENA_ALIGN)));

struct transfer_pool {
    struct transfer *all;
    struct transfer *free;
    uint32_t count;
    uint32_t hand;          /* where the search for an idle entry continues */
    uint64_t refused_at_ns; /* the last time that there was none, if was_short */
    bool was_short;
};

enum {
    SAVED_BITS = 14,
    SAVED_MAX = (1 << SAVED_BITS) - 1 /* stands for all larger values */
};

/* Congestion control of a connection without an entry, in whole segments; and the initial window
 * from its listener, with an entry too. */
struct saved_congestion {
    unsigned cwnd : SAVED_BITS; /* 0: the connection has never had an entry */
    unsigned ssthresh : SAVED_BITS;
    unsigned w_max : SAVED_BITS;   /* CUBIC's; 0: still in slow start after a timeout */
    unsigned initial_segments : 6; /* the initial window; 0: the configuration's */
} __attribute__((packed));

_Static_assert(LEAT_TCP_INITIAL_WINDOW_MAX < 1 << 6, "its bits");

/* @headers: one for each entry, or NULL. */
COLD void transfer_pool_init(struct tcp *tcp, struct transfer *entries,
                             struct flow_headers *headers, uint32_t count);

/* Gives @conn an entry, if it has none. False: all are in use, which is counted. */
bool tcp_transfer_get(struct leat_tcp *conn);

/* Frees the entry of @conn, if it has one, and all that the entry holds. */
void tcp_transfer_end(struct leat_tcp *conn);

/* fin.c: gives a FIN that left alone its record in the new transfer of @conn, and restarts its
 * timers. */
COLD void tcp_fin_record(struct leat_tcp *conn);

/* Initializes @congestion for @conn, or restores it from the saved state. */
void tcp_transfer_congestion(const struct leat_tcp *conn, struct congestion *congestion);

/* The index of @congestion in tcp->congestions; NULL: the configuration's. */
COLD unsigned tcp_congestion_place(struct tcp *tcp, const struct leat_tcp_congestion *congestion);

/* The congestion control that @conn is to use. */
const struct leat_tcp_congestion *tcp_congestion_of(const struct leat_tcp *conn);

/* Switches the transfer to tcp_congestion_of(), which the program has changed. */
COLD void tcp_transfer_choose(struct leat_tcp *conn);

/* Restarts congestion control and recovery of the entry, if there is one, after the handshake. */
void tcp_transfer_handshaken(struct leat_tcp *conn);

/* Notes that @left .. @right was received twice; with SACK, the next ACK reports it (RFC 2883). */
COLD void tcp_note_duplicate(struct leat_tcp *conn, uint32_t left, uint32_t right);

/* False: data of a connection without an entry was written into tcp->nothing. */
bool tcp_nothing_is_unwritten(const struct tcp *tcp);

/* True if a connection was refused an entry in the last @lately_ns. */
bool tcp_transfers_are_short(const struct tcp *tcp, uint64_t lately_ns);

#endif
