/*
 * records.c -- the pool of records of sent data, and operations that don't depend on their order.
 *
 * scoreboard.c has the operations on sorted records. Those here are separate because of its length,
 * and share its invariant: each byte of a record is in exactly one of the three sums.
 */
#include "tcp/congestion/scoreboard.h"

#include "core/assert.h"
#include "core/zero.h"

static void begin(struct sent_pool *pool, uint32_t count)
{
    *pool = (struct sent_pool){.reserve = count / SENT_RESERVE_PART};
}

void sent_pool_init(struct sent_pool *pool, struct sent *records, uint32_t count)
{
    begin(pool, count);
    for (uint32_t i = count; i > 0; i--)
        sent_give(pool, &records[i - 1]);
}

void sent_pool_init_stamped(struct sent_pool *pool, struct stamped_sent *records, uint32_t count)
{
    begin(pool, count);
    for (uint32_t i = count; i > 0; i--)
        sent_give(pool, &records[i - 1].sent);
}

void scoreboard_init(struct scoreboard *board)
{
    zero_bytes(board, sizeof *board);
    ring_init(&board->by_time);
}

void scoreboard_extend_lost(struct scoreboard *board, uint32_t bytes)
{
    leat_assert(board->first == board->last && (board->last->flags & SENT_LOST));
    board->last->end += bytes;
    board->lost_bytes += bytes;
}

void scoreboard_sample(struct scoreboard *board, struct rate *rate, uint64_t now_ns)
{
    board->rate = rate;
    /* data in flight has no stamp yet, or an old one of another model */
    for (struct sent *sent = board->first; rate && sent; sent = sent->next)
        rate->calls->sent(rate, sent_stamp(sent), board->in_flight_bytes, false, now_ns);
}

/* The sampler is off meanwhile: a record that is sent again in other pieces was not lost, so BBR
 * must not hear of it. */
void scoreboard_requeue(struct scoreboard *board, struct sent *sent)
{
    struct rate *rate = board->rate;

    board->rate = 0;
    scoreboard_lose(board, sent);
    board->rate = rate;
}

void scoreboard_requeue_all(struct scoreboard *board)
{
    struct rate *rate = board->rate;

    board->rate = 0;
    scoreboard_lose_all(board);
    board->rate = rate;
}
