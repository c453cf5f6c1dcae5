/*
 * reorder.c -- data that was received out of order: see reorder.h.
 *
 * reorder_put() first removes overlaps: bytes that are known already are cut off the new data, and
 * runs that it covers are dropped. The rest lengthens the run before it, or makes a new one. join()
 * merges that with the next run if they touch.
 */
#include "tcp/congestion/reorder.h"

#include "core/assert.h"
#include "core/view.h"
#include "tcp/congestion/seq.h"

void run_pool_init(struct run_pool *pool, struct run *runs, uint32_t count, uint32_t per_connection)
{
    pool->per_connection = per_connection;
    pool->free = 0;
    pool->free_count = count;
    for (uint32_t i = count; i > 0; i--) {
        runs[i - 1].next = pool->free;
        pool->free = &runs[i - 1];
    }
}

static void run_give(struct reorder *reorder, struct run_pool *pool, struct run **link)
{
    struct run *run = *link;

    leat_debug_assert(reorder->held_bytes >= run->end - run->seq);
    leat_assert(reorder->count > 0);
    *link = run->next;
    reorder->count--;
    reorder->held_bytes -= run->end - run->seq;
    reorder->held -= pool_units_of_all(run->data);
    leat_buf_free(run->data);
    run->data = 0;
    run->next = pool->free;
    pool->free = run;
    pool->free_count++;
}

static struct run *run_take(struct reorder *reorder, struct run_pool *pool)
{
    struct run *run = pool->free;

    if (!run || reorder->count == pool->per_connection)
        return 0;
    leat_debug_assert(pool->free_count > 0);
    pool->free = run->next;
    pool->free_count--;
    reorder->count++;
    return run;
}

/* Appends @data to @run. Short pieces are copied into the piece before them. */
static void append(struct reorder *reorder, struct run *run, struct leat_buf *data)
{
    while (data) {
        struct leat_buf *piece = data;

        data = piece->next;
        piece->next = 0;
        if (run->last && view_merge(run->last, piece)) {
            reorder->copied_bytes += piece->len;
            leat_buf_free(piece);
            continue;
        }
        if (run->last)
            run->last->next = piece;
        else
            run->data = piece;
        run->last = piece;
        reorder->held += pool_units_of(piece);
    }
}

/* Joins @run with its successor if they touch. */
static void join(struct reorder *reorder, struct run_pool *pool, struct run *run)
{
    struct run *next = run->next;
    const uint32_t held = reorder->held_bytes;
    struct leat_buf *first;

    if (!next || run->end != next->seq)
        return;
    first = next->data;
    reorder->held -= pool_units_of(first);
    next->data = first->next;
    first->next = 0;
    append(reorder, run, first);
    if (next->data) { /* its pieces have been merged already */
        run->last->next = next->data;
        run->last = next->last;
    }
    next->data = 0;
    run->end = next->end;
    run_give(reorder, pool, &run->next);
    reorder->held_bytes = held;
}

bool reorder_put(struct reorder *reorder, struct run_pool *pool, uint32_t seq,
                 struct leat_buf *data, uint32_t len)
{
    struct run **link = &reorder->first;
    struct run *before = 0;
    uint32_t end = seq + len;

    for (; *link && seq_le((*link)->end, seq); link = &(*link)->next)
        before = *link;
    /* if the first byte was received before, the older data stays */
    if (*link && seq_le((*link)->seq, seq)) {
        const uint32_t known = (*link)->end - seq;

        data = leat_buf_consume(data, known < len ? known : len);
        if (!data)
            return true;
        seq = (*link)->end;
        before = *link;
        link = &(*link)->next;
    }
    while (*link && seq_le((*link)->end, end)) /* the new data covers them */
        run_give(reorder, pool, link);
    /* a run that reaches beyond the new data keeps its part */
    if (*link && seq_lt((*link)->seq, end)) {
        end = (*link)->seq;
        leat_buf_trim(data, end - seq);
    }
    leat_assert(seq_lt(seq, end));
    if (before && before->end == seq) {
        append(reorder, before, data);
        before->end = end;
    } else {
        struct run *run = run_take(reorder, pool);

        if (!run) {
            leat_buf_free(data);
            return false;
        }
        *run = (struct run){.next = *link, .seq = seq, .end = end};
        append(reorder, run, data);
        *link = run;
        before = run;
    }
    reorder->held_bytes += end - seq;
    join(reorder, pool, before);
    return true;
}

bool reorder_overlap(const struct reorder *reorder, uint32_t *seq, uint32_t *end)
{
    const struct run *run = reorder->first;

    while (run && seq_le(run->end, *seq))
        run = run->next;
    if (!run || seq_le(*end, run->seq))
        return false;
    if (seq_lt(*seq, run->seq))
        *seq = run->seq;
    if (seq_lt(run->end, *end))
        *end = run->end;
    return true;
}

struct leat_buf *reorder_take(struct reorder *reorder, struct run_pool *pool, uint32_t seq,
                              uint32_t *len)
{
    struct leat_buf *data = 0;

    /* a retransmission in order may have covered whole runs */
    while (reorder->first && seq_le(reorder->first->end, seq))
        run_give(reorder, pool, &reorder->first);
    if (!reorder->first || seq_lt(seq, reorder->first->seq))
        return 0;
    *len = reorder->first->end - seq;
    reorder->held -= pool_units_of_all(reorder->first->data);
    data = leat_buf_consume(reorder->first->data, seq - reorder->first->seq);
    reorder->first->data = 0;
    run_give(reorder, pool, &reorder->first);
    return data;
}

void reorder_free(struct reorder *reorder, struct run_pool *pool)
{
    while (reorder->first)
        run_give(reorder, pool, &reorder->first);
}
