/*
 * scoreboard.h -- what was sent and is not acknowledged (RFC 6675, RFC 8985).
 *
 * Everything that was sent has a record: which numbers, when it last left, and what is known of it.
 * The segments of a super-frame share one, until a SACK or a loss tells them apart: it is cut then,
 * between segments.  A record is in one of three conditions:
 *
 *      in flight   sent, nothing heard
 *      SACKed      the peer has it, but not all before it
 *      lost        believed to be lost, waits to be sent again
 *
 * in_flight_bytes is RFC 6675's "pipe", kept up to date instead of counted.  Records lie in two
 * orders: by sequence number, and, those in flight, by the time at which they last left, so that
 * RACK looks only at those that it will declare lost.
 *
 * What an ACK may cost doesn't depend on how much is in flight, whatever the peer reports.  SACKed
 * neighbours are one record; a search begins at the nearest of three places and gives up after
 * SCOREBOARD_STEPS_MAX records, from where the next one goes on.  What isn't bounded by that is
 * paid for by sending: a record is SACKed, lost, acknowledged once for each time that it leaves.
 */
#ifndef TCP_SCOREBOARD_H
#define TCP_SCOREBOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/assert.h"
#include "core/ring.h"
#include "core/cold.h"
#include "tcp/math/rate.h"

enum {
    SCOREBOARD_STEPS_MAX = 128, /* records that the search for what one ACK reports walks over */
    SENT_RESERVE_PART = 4       /* a fourth of the records: by default one for each connection */
};

enum sent_flag {
    SENT_SACKED = 1 << 0,
    SENT_LOST = 1 << 1,
    SENT_AGAIN = 1 << 2, /* more than once: its ACK says little about time (Karn) */
    SENT_PROBE = 1 << 3  /* larger than the path was known to carry (pmtu.h) */
};

struct sent {
    struct sent *next; /* by sequence number */
    struct sent *prev;
    struct ring by_time;
    uint32_t seq;
    uint32_t end;
    uint64_t at_ns; /* last left */
    uint8_t flags;  /* enum sent_flag */
};

/* Records of all connections.  Who has one may do with it, for it can grow; so the last of them are
 * for those that have none: else a few hundred peers that acknowledge nothing would hold all, and
 * nobody else could be sent a byte. */
struct sent_pool {
    struct sent *free;
    uint32_t free_count;
    uint32_t reserve;
};

COLD void sent_pool_init(struct sent_pool *pool, struct sent *records, uint32_t count);

/* A record of a stack in which connections may sample their delivery rate. */
struct stamped_sent {
    struct sent sent;
    struct rate_stamp stamp;
};

/* The same with such records. */
COLD void sent_pool_init_stamped(struct sent_pool *pool, struct stamped_sent *records,
                                 uint32_t count);

/* The stamp of a record, in such a stack. */
static inline struct rate_stamp *sent_stamp(struct sent *sent)
{
    return &((struct stamped_sent *)(void *)sent)->stamp;
}

struct scoreboard {
    struct sent *first;
    struct sent *last;
    struct ring by_time;
    struct rate *rate; /* hears of all that leaves, arrives and is lost; NULL: nobody does */
    uint32_t in_flight_bytes;
    uint32_t sacked_bytes;
    uint32_t lost_bytes;
    uint32_t lost_probe_bytes; /* of a lost SENT_PROBE, until somebody has taken note */
    /* when something is missing */
    struct sent *lost_from; /* no lost record lies before it */
    struct sent *sack_hint; /* where the last SACK block led; NULL: no SACK since all was empty */
    struct sent *sacked_to; /* the highest SACKed record */
    struct sent *loss_scanned_to; /* RFC 6675: up to here all that is lost is marked so */
    uint32_t steps;               /* records walked over in vain, ever: for tests */
    uint64_t lost_again_ns;       /* of the retransmissions that were lost the last left then */
};

/* What one ACK brought. */
struct delivered {
    uint32_t bytes;        /* that the peer didn't have before: acknowledged or SACKed */
    uint32_t sacked_bytes; /* ... SACKed among them */
    uint32_t acked_bytes;  /* by which SND.UNA moved */
    uint32_t steps;        /* records walked over to find what its blocks report */
    bool probe;            /* a SENT_PROBE was delivered */
    bool any;              /* a whole record was delivered: the fields below mean something */
    bool newest_again;     /* the record that left last, of those delivered, had left before */
    bool has_sample;       /* some record left only once */
    bool ambiguous;        /* one that had left before was acknowledged: others waited for it */
    uint32_t newest_end;
    uint32_t high_end; /* highest end */
    uint32_t low_end;  /* lowest end of those that left only once */
    uint64_t newest_at_ns;
    uint64_t sample_at_ns; /* when the last of those that left only once did */
};

/* Takes a free record, of which there is one; gives one back.  Its fields are the caller's. */
static inline struct sent *sent_take(struct sent_pool *pool)
{
    struct sent *sent = pool->free;

    pool->free = sent->next;
    pool->free_count--;
    return sent;
}

static inline void sent_give(struct sent_pool *pool, struct sent *sent)
{
    sent->next = pool->free;
    pool->free = sent;
    pool->free_count++;
}

void scoreboard_init(struct scoreboard *board);

/* @rate hears of everything from now on, or, if it is NULL, nobody does.  What is in flight counts
 * as if it left now.  The records have stamps then. */
COLD void scoreboard_sample(struct scoreboard *board, struct rate *rate, uint64_t now_ns);

/* @sent has just left, and is counted in flight: for board->rate. */
static inline void scoreboard_stamp(const struct scoreboard *board, struct sent *sent,
                                    uint64_t now_ns)
{
    board->rate->calls->sent(board->rate, sent_stamp(sent), board->in_flight_bytes,
                             board->in_flight_bytes == sent->end - sent->seq, now_ns);
}

/* New data or FIN left.  Without a record that it may take the last one grows; false if that isn't
 * possible: then nothing may be sent. */
bool scoreboard_sent(struct scoreboard *board, struct sent_pool *pool, uint32_t seq, uint32_t end,
                     uint64_t now_ns);

/* The same for the first record of an empty board, of which there is one left; nobody samples. */
static inline void scoreboard_sent_first(struct scoreboard *board, struct sent_pool *pool,
                                         uint32_t seq, uint32_t end, uint64_t now_ns)
{
    struct sent *sent = sent_take(pool);

    leat_assert(board->first == 0);
    sent->next = sent->prev = 0;
    sent->by_time.next = sent->by_time.prev = &board->by_time;
    board->by_time.next = board->by_time.prev = &sent->by_time;
    sent->seq = seq;
    sent->end = end;
    sent->at_ns = now_ns;
    sent->flags = 0;
    board->first = board->last = sent;
    board->in_flight_bytes = end - seq;
}

/* True if there is a record for one more segment: the reserve is for those who have none. */
static inline bool scoreboard_may_take(const struct scoreboard *board, const struct sent_pool *pool)
{
    return pool->free_count > (board->first ? pool->reserve : 0);
}

/* True if the last record can tell of what follows it as well. */
static inline bool scoreboard_last_may_grow(const struct scoreboard *board)
{
    return board->last && board->last->flags == 0;
}

/* True if scoreboard_sent() will work. */
static inline bool scoreboard_has_room(const struct scoreboard *board, const struct sent_pool *pool)
{
    return scoreboard_may_take(board, pool) || scoreboard_last_may_grow(board);
}

/* Cuts the last segment, of @mss bytes at most, off the last record, if there is a record for it: a
 * probe is one segment (RFC 8985 7.3). */
COLD void scoreboard_cut_last(struct scoreboard *board, struct sent_pool *pool, uint32_t mss);

/* A lost record leaves again. */
COLD void scoreboard_resent(struct scoreboard *board, struct sent *sent, uint64_t now_ns);

/* The only record is lost: @bytes that follow it go with it. */
COLD void scoreboard_extend_lost(struct scoreboard *board, uint32_t bytes);

/* The lost record with the lowest numbers, at most @bytes_max long: the rest, if there is a record
 * for it, is cut off.  NULL: there is none, or it lies behind so much that is in flight that this
 * call didn't get there: the next one goes on. */
COLD struct sent *scoreboard_lost(struct scoreboard *board, struct sent_pool *pool,
                                  uint32_t bytes_max);

/* SND.UNA moved to @una. */
void scoreboard_ack(struct scoreboard *board, struct sent_pool *pool, uint32_t una,
                    struct delivered *delivered);

/* The record of all that was sent, if that is one, in flight, and left once: the usual one, of a
 * request or a response.  NULL: it is more, or none. */
static inline struct sent *scoreboard_only(const struct scoreboard *board)
{
    struct sent *sent = board->first;

    return sent && sent == board->last && sent->flags == 0 ? sent : 0;
}

/* scoreboard_ack() of all of it: @sent is what scoreboard_only() said. */
static inline void scoreboard_ack_only(struct scoreboard *board, struct sent_pool *pool,
                                       struct sent *sent)
{
    board->first = board->last = board->lost_from = board->sack_hint = 0;
    board->in_flight_bytes = 0;
    ring_init(&board->by_time);
    sent_give(pool, sent);
}

/* The peer has @left .. @right.  A record counts only as a whole; what is longer than a segment is
 * cut at multiples of @mss, so blocks of odd bytes make no crumbs (CVE-2019-11477).  All blocks of
 * an ACK share @delivered, and the steps in it. */
COLD void scoreboard_sack(struct scoreboard *board, struct sent_pool *pool, uint32_t left,
                          uint32_t right, uint32_t mss, struct delivered *delivered);

/* Marks one record, or all, or all but the SACKed that left before a time, as lost. */
COLD void scoreboard_lose(struct scoreboard *board, struct sent *sent);
COLD void scoreboard_lose_all(struct scoreboard *board);

/* The same for what goes again though it needn't be lost: of congestion it says nothing. */
COLD void scoreboard_requeue(struct scoreboard *board, struct sent *sent);
COLD void scoreboard_requeue_all(struct scoreboard *board);

/* Without RACK: RFC 6675 4, IsLost(): lost is what has more than @dup_bytes SACKed above it, or
 * @dup_ranges ranges that don't touch.  Returns how many bytes were lost by that. */
COLD uint32_t scoreboard_lose_below_sacked(struct scoreboard *board, uint32_t dup_bytes,
                                           uint32_t dup_ranges);

/* It was all a mistake (RFC 4015): what is lost is in flight after all. */
COLD void scoreboard_unlose_all(struct scoreboard *board);

/* The peer has thrown away what it had SACKed (RFC 2018 8). */
COLD void scoreboard_forget_sacks(struct scoreboard *board);

void scoreboard_free(struct scoreboard *board, struct sent_pool *pool);

#endif
