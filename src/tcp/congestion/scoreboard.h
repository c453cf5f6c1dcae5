/*
 * scoreboard.h -- records of data that was sent and isn't acknowledged (RFC 6675, RFC 8985).
 *
 * All data in flight has a record: its sequence numbers, the time when it was last sent, and its
 * condition. The segments of a super-frame share a record until a SACK or a loss tells them apart;
 * then it is cut, between segments. A record is in one of three conditions:
 *
 *      in flight   sent, no news
 *      SACKed      the peer has it, but not all data before it
 *      lost        believed to be lost, waits to be retransmitted
 *
 * in_flight_bytes is RFC 6675's "pipe", kept up to date instead of counted. Records are sorted by
 * sequence number. Those in flight are also sorted by the time when they were last sent, so that
 * RACK visits only records that it will declare lost.
 *
 * The cost of an ACK doesn't depend on the amount in flight, whatever the peer reports. Adjacent
 * SACKed records are joined. A search begins at the nearest of three places and gives up after
 * SCOREBOARD_STEPS_MAX records; the next search continues there. All other work is paid for by
 * sending: a record is SACKed, lost or acknowledged once for each time that it is sent.
 */
#ifndef TCP_SCOREBOARD_H
#define TCP_SCOREBOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/assert.h"
#include "core/ring.h"
#include "core/cold.h"
#include "core/parts.h"
#include "tcp/congestion/rate.h"

enum {
    SCOREBOARD_STEPS_MAX = 128, /* records that the search for the blocks of one ACK may visit */
    SENT_RESERVE_PART = 4       /* a fourth of the records: by default one for each connection */
};

enum sent_flag {
    SENT_SACKED = 1 << 0,
    SENT_LOST = 1 << 1,
    SENT_AGAIN = 1 << 2, /* sent more than once: its ACK gives no RTT sample (Karn) */
    SENT_PROBE =
        PART_FLAG(MTU_SEARCH, 1 << 3) /* larger than the path was known to carry (pmtu.h) */
};

struct sent {
    struct sent *next; /* by sequence number */
    struct sent *prev;
    struct ring by_time;
    uint32_t seq;
    uint32_t end;
    uint64_t at_ns; /* when it was last sent */
    uint8_t flags;  /* enum sent_flag */
};

/* The records of all connections. The last quarter is reserved for connections without a record;
 * the others can extend the one they have. Otherwise a few hundred peers that acknowledge nothing
 * could hold all records and stop all sending. */
struct sent_pool {
    struct sent *free;
    uint32_t free_count;
    uint32_t reserve;
};

COLD void sent_pool_init(struct sent_pool *pool, struct sent *records, uint32_t count);

/* A record with a stamp, for a stack in which connections may sample their delivery rate. */
struct stamped_sent {
    struct sent sent;
    struct rate_stamp stamp;
};

/* sent_pool_init() for records with stamps. */
COLD void sent_pool_init_stamped(struct sent_pool *pool, struct stamped_sent *records,
                                 uint32_t count);

/* The stamp of a record, in a pool of stamped ones. */
static inline struct rate_stamp *sent_stamp(struct sent *sent)
{
    return &((struct stamped_sent *)(void *)sent)->stamp;
}

struct scoreboard {
    struct sent *first;
    struct sent *last;
    struct ring by_time;
    struct rate *rate; /* sampler of the delivery rate; NULL: none */
    uint32_t in_flight_bytes;
    uint32_t sacked_bytes;
    uint32_t lost_bytes;
    uint32_t lost_probe_bytes; /* of lost SENT_PROBEs, until the caller clears it */
    /* for losses */
    struct sent *lost_from; /* no lost record lies before it */
    struct sent
        *sack_hint; /* result of the last SACK block; NULL: no SACK since the board was empty */
    struct sent *sacked_to;       /* the highest SACKed record */
    struct sent *loss_scanned_to; /* RFC 6675: all losses up to here are marked */
    uint32_t steps;               /* records visited in vain since the start: for tests */
    uint64_t lost_again_ns;       /* when the last of the lost retransmissions was sent */
};

/* The data that one ACK delivered. */
struct delivered {
    uint32_t bytes;        /* newly acknowledged or SACKed */
    uint32_t sacked_bytes; /* newly SACKed */
    uint32_t acked_bytes;  /* by which SND.UNA moved */
    uint32_t steps;        /* records visited to find its blocks */
    bool probe;            /* a SENT_PROBE was delivered */
    bool any;              /* a whole record was delivered: the fields below are valid */
    bool newest_again;     /* of the delivered records, the one sent last was a retransmission */
    bool has_sample;       /* some record was sent only once */
    bool ambiguous; /* a retransmitted record was acknowledged, so other data may have waited for it
                     */
    uint32_t newest_end;
    uint32_t high_end; /* highest end */
    uint32_t low_end;  /* lowest end of records that were sent once */
    uint64_t newest_at_ns;
    uint64_t sample_at_ns; /* when the last record that was sent once was sent */
};

/* Takes a free record, or gives one back. A record must be free, and the caller fills in its
 * fields. */
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

/* Makes @rate sample from now on, or no sampler if NULL. Data in flight counts as if it were sent
 * now. The records must have stamps. */
COLD void scoreboard_sample(struct scoreboard *board, struct rate *rate, uint64_t now_ns);

/* Stamps @sent for board->rate, when it has just been sent and is counted in flight. */
static inline void scoreboard_stamp(const struct scoreboard *board, struct sent *sent,
                                    uint64_t now_ns)
{
    board->rate->calls->sent(board->rate, sent_stamp(sent), board->in_flight_bytes,
                             board->in_flight_bytes == sent->end - sent->seq, now_ns);
}

/* Records new data or a FIN as sent. If no record may be taken, the last one grows. False: neither
 * is possible, and nothing may be sent. */
bool scoreboard_sent(struct scoreboard *board, struct sent_pool *pool, uint32_t seq, uint32_t end,
                     uint64_t now_ns);

/* scoreboard_sent() for the first record of an empty board. A record must be free, and there is no
 * sampler. */
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

/* True if a record may be taken for one more segment. The reserve is for boards without records. */
static inline bool scoreboard_may_take(const struct scoreboard *board, const struct sent_pool *pool)
{
    return pool->free_count > (board->first ? pool->reserve : 0);
}

/* True if the last record can be extended. */
static inline bool scoreboard_last_may_grow(const struct scoreboard *board)
{
    return board->last && board->last->flags == 0;
}

/* True if scoreboard_sent() will succeed. */
static inline bool scoreboard_has_room(const struct scoreboard *board, const struct sent_pool *pool)
{
    return scoreboard_may_take(board, pool) || scoreboard_last_may_grow(board);
}

/* Cuts the last segment, of at most @mss bytes, off the last record, if a record is free for it. A
 * probe is one segment (RFC 8985 7.3). */
COLD void scoreboard_cut_last(struct scoreboard *board, struct sent_pool *pool, uint32_t mss);

/* Notes that a lost record was retransmitted. */
COLD void scoreboard_resent(struct scoreboard *board, struct sent *sent, uint64_t now_ns);

/* Extends the only record, which is lost, by the @bytes behind it. */
COLD void scoreboard_extend_lost(struct scoreboard *board, uint32_t bytes);

/* The lost record with the lowest numbers. A rest of more than @bytes_max is cut off, if a record
 * is free for it. NULL: there is none, or it is too far behind records in flight; then the next
 * call continues the search. */
COLD struct sent *scoreboard_lost(struct scoreboard *board, struct sent_pool *pool,
                                  uint32_t bytes_max);

/* Removes data below @una, the new SND.UNA. */
void scoreboard_ack(struct scoreboard *board, struct sent_pool *pool, uint32_t una,
                    struct delivered *delivered);

/* The only record, if it is in flight and was sent once, as with a request or response. NULL: there
 * are more, or none. */
static inline struct sent *scoreboard_only(const struct scoreboard *board)
{
    struct sent *sent = board->first;

    return sent && sent == board->last && sent->flags == 0 ? sent : 0;
}

/* scoreboard_ack() of everything: @sent is the result of scoreboard_only(). */
static inline void scoreboard_ack_only(struct scoreboard *board, struct sent_pool *pool,
                                       struct sent *sent)
{
    board->first = board->last = board->lost_from = board->sack_hint = 0;
    board->in_flight_bytes = 0;
    ring_init(&board->by_time);
    sent_give(pool, sent);
}

/* Notes that the peer has @left .. @right. A record counts only as a whole. One longer than a
 * segment is cut at multiples of @mss, so that odd blocks make no tiny records (CVE-2019-11477).
 * All blocks of an ACK share @delivered, with its steps. */
COLD void scoreboard_sack(struct scoreboard *board, struct sent_pool *pool, uint32_t left,
                          uint32_t right, uint32_t mss, struct delivered *delivered);

/* Marks one record as lost, or all but the SACKed ones. */
COLD void scoreboard_lose(struct scoreboard *board, struct sent *sent);
COLD void scoreboard_lose_all(struct scoreboard *board);

/* Marks one record, or all but the SACKed ones, as data that is sent again without being lost: this
 * is no sign of congestion. */
COLD void scoreboard_requeue(struct scoreboard *board, struct sent *sent);
COLD void scoreboard_requeue_all(struct scoreboard *board);

/* Without RACK: RFC 6675 4, IsLost(). A record is lost with more than @dup_bytes SACKed above it,
 * or @dup_ranges ranges that don't touch. Returns how many bytes were marked lost. */
COLD uint32_t scoreboard_lose_below_sacked(struct scoreboard *board, uint32_t dup_bytes,
                                           uint32_t dup_ranges);

/* Undoes a spurious loss detection (RFC 4015): lost records are in flight again. */
COLD void scoreboard_unlose_all(struct scoreboard *board);

/* Puts SACKed records in flight again: the peer has dropped that data (RFC 2018 8). */
COLD void scoreboard_forget_sacks(struct scoreboard *board);

void scoreboard_free(struct scoreboard *board, struct sent_pool *pool);

#endif
