/* scoreboard.c -- records of data that was sent and isn't acknowledged. */
#include "tcp/congestion/scoreboard.h"

#include "core/assert.h"
#include "tcp/congestion/seq.h"

/* ---- one record --------------------------------------------------------------------------- */

static uint32_t len_of(const struct sent *sent)
{
    /* scoreboard_lost() asserts that @sent isn't NULL; cppcheck doesn't see through
     * leat_assert() */
    // cppcheck-suppress [nullPointerRedundantCheck, ctunullpointer]
    return sent->end - sent->seq;
}

/* The counter that includes a record's bytes. */
static uint32_t *count_of(struct scoreboard *board, const struct sent *sent)
{
    if (sent->flags & SENT_SACKED)
        return &board->sacked_bytes;
    return sent->flags & SENT_LOST ? &board->lost_bytes : &board->in_flight_bytes;
}

/* Moves a record to another condition: 0 (in flight), SENT_SACKED or SENT_LOST. */
static void set_condition(struct scoreboard *board, struct sent *sent, uint8_t condition)
{
    *count_of(board, sent) -= len_of(sent);
    sent->flags = (uint8_t)((sent->flags & (SENT_AGAIN | SENT_PROBE)) | condition);
    *count_of(board, sent) += len_of(sent);
    if (condition != 0)
        ring_remove(&sent->by_time);
}

static struct sent *record_new(const struct scoreboard *board, struct sent_pool *pool)
{
    struct sent *sent = scoreboard_may_take(board, pool) ? sent_take(pool) : 0;

    if (sent)
        *sent = (struct sent){0};
    return sent;
}

static void insert_after(struct scoreboard *board, struct sent *where, struct sent *sent)
{
    sent->prev = where;
    sent->next = where ? where->next : board->first;
    if (sent->next)
        sent->next->prev = sent;
    else
        board->last = sent;
    if (where)
        where->next = sent;
    else
        board->first = sent;
}

/* Moves hints away from @sent, which is freed. The record below serves as well, because hints only
 * mark how far a scan has come. */
static void leave_places(struct scoreboard *board, const struct sent *sent)
{
    if (board->sack_hint == sent)
        board->sack_hint = sent->prev ? sent->prev : sent->next;
    if (board->sacked_to == sent)
        board->sacked_to = sent->prev;
    if (board->loss_scanned_to == sent)
        board->loss_scanned_to = sent->prev;
}

static void record_free(struct scoreboard *board, struct sent_pool *pool, struct sent *sent)
{
    *count_of(board, sent) -= len_of(sent);
    ring_remove(&sent->by_time);
    if (board->lost_from == sent)
        board->lost_from = sent->next;
    if (board->sack_hint)
        leave_places(board, sent);
    if (sent->prev)
        sent->prev->next = sent->next;
    else
        board->first = sent->next;
    if (sent->next)
        sent->next->prev = sent->prev;
    else
        board->last = sent->prev;
    sent_give(pool, sent);
}

/* Cuts a record in two at @at. False: no record is free for the second half. */
static bool split(struct scoreboard *board, struct sent_pool *pool, struct sent *sent, uint32_t at)
{
    struct sent *rest = record_new(board, pool);

    if (!rest)
        return false;
    rest->seq = at;
    rest->end = sent->end;
    rest->at_ns = sent->at_ns;
    rest->flags = sent->flags;
    sent->end = at;
    if (board->rate)
        rate_split(sent_stamp(sent), sent_stamp(rest), len_of(rest));
    insert_after(board, sent, rest);
    if (ring_is_in(&sent->by_time)) /* both were sent at the same time */
        ring_put(sent->by_time.next, &rest->by_time);
    return true;
}

/* True if a search may skip one more record. */
static bool may_step(struct scoreboard *board, uint32_t *steps)
{
    if (*steps >= SCOREBOARD_STEPS_MAX)
        return false;
    ++*steps;
    board->steps++;
    return true;
}

/* True if @a is the later transmission (RFC 8985 6.2: RACK_sent_after). */
static bool sent_after(uint64_t a_ns, uint32_t a_end, uint64_t b_ns, uint32_t b_end)
{
    return a_ns > b_ns || (a_ns == b_ns && seq_lt(b_end, a_end));
}

/* True if @sent was sent before the record of @node in by_time. */
static bool left_before(const struct sent *sent, struct ring *node)
{
    const struct sent *other = container_of(node, struct sent, by_time);

    return sent_after(other->at_ns, other->end, sent->at_ns, sent->end);
}

/* ---- sending ------------------------------------------------------------------------------ */

bool scoreboard_sent(struct scoreboard *board, struct sent_pool *pool, uint32_t seq, uint32_t end,
                     uint64_t now_ns)
{
    struct sent *sent = record_new(board, pool);

    /* without a free record the last one grows, and all of it counts as sent now */
    if (!sent) {
        if (!scoreboard_last_may_grow(board))
            return false;
        sent = board->last;
        leat_assert(sent->end == seq);
        ring_remove(&sent->by_time);
        board->in_flight_bytes -= len_of(sent);
    } else {
        sent->seq = seq;
        insert_after(board, board->last, sent);
    }
    sent->end = end;
    sent->at_ns = now_ns;
    ring_put(&board->by_time, &sent->by_time);
    board->in_flight_bytes += len_of(sent);
    if (board->rate)
        scoreboard_stamp(board, sent, now_ns);
    return true;
}

void scoreboard_cut_last(struct scoreboard *board, struct sent_pool *pool, uint32_t mss)
{
    struct sent *last = board->last;

    if (last && len_of(last) > mss)
        split(board, pool, last, last->seq + (len_of(last) - 1) / mss * mss);
}

void scoreboard_resent(struct scoreboard *board, struct sent *sent, uint64_t now_ns)
{
    set_condition(board, sent, 0);
    sent->flags |= SENT_AGAIN;
    sent->at_ns = now_ns;
    ring_remove(&sent->by_time);
    ring_put(&board->by_time, &sent->by_time);
    if (board->rate)
        scoreboard_stamp(board, sent, now_ns);
}

struct sent *scoreboard_lost(struct scoreboard *board, struct sent_pool *pool, uint32_t bytes_max)
{
    struct sent *sent = board->lost_from;
    uint32_t steps = 0;

    if (board->lost_bytes == 0)
        return 0;
    while (!(sent->flags & SENT_LOST) && may_step(board, &steps)) {
        sent = sent->next;
        leat_assert(sent != 0);
    }
    board->lost_from = sent;
    if (!(sent->flags & SENT_LOST))
        return 0;
    if (len_of(sent) > bytes_max)
        split(board, pool, sent, sent->seq + bytes_max);
    return sent;
}

/* ---- acknowledgments ---------------------------------------------------------------------- */

static void note_delivered(const struct scoreboard *board, struct delivered *delivered,
                           const struct sent *sent, const struct rate_stamp *stamp)
{
    const bool first = !delivered->any;

    if (board->rate)
        board->rate->calls->delivered(board->rate, stamp, sent->at_ns, sent->end, len_of(sent),
                                      sent->flags & SENT_AGAIN);
    delivered->probe |= (sent->flags & SENT_PROBE) != 0;
    delivered->bytes += len_of(sent);
    delivered->any = true;
    if (first || seq_lt(delivered->high_end, sent->end))
        delivered->high_end = sent->end;
    if (first ||
        sent_after(sent->at_ns, sent->end, delivered->newest_at_ns, delivered->newest_end)) {
        delivered->newest_at_ns = sent->at_ns;
        delivered->newest_end = sent->end;
        delivered->newest_again = sent->flags & SENT_AGAIN;
    }
    if (sent->flags & SENT_AGAIN)
        return;
    if (!delivered->has_sample || sent->at_ns > delivered->sample_at_ns)
        delivered->sample_at_ns = sent->at_ns;
    if (!delivered->has_sample || seq_lt(sent->end, delivered->low_end))
        delivered->low_end = sent->end;
    delivered->has_sample = true;
}

void scoreboard_ack(struct scoreboard *board, struct sent_pool *pool, uint32_t una,
                    struct delivered *delivered)
{
    while (board->first && seq_le(board->first->end, una)) {
        struct sent *sent = board->first;

        delivered->acked_bytes += len_of(sent);
        delivered->ambiguous |= (sent->flags & SENT_AGAIN) != 0;
        if (!(sent->flags & SENT_SACKED))
            note_delivered(board, delivered, sent, sent_stamp(sent));
        record_free(board, pool, sent);
    }
    if (board->first && seq_lt(board->first->seq, una)) { /* a part of a super-frame or segment */
        struct sent *sent = board->first;
        struct sent part = *sent;

        part.end = una;
        part.flags &= (uint8_t)~SENT_PROBE; /* it did not arrive as one packet */
        *count_of(board, sent) -= len_of(&part);
        sent->seq = una;
        delivered->acked_bytes += len_of(&part);
        delivered->ambiguous |= (sent->flags & SENT_AGAIN) != 0;
        if (!(sent->flags & SENT_SACKED))
            note_delivered(board, delivered, &part, sent_stamp(sent));
    }
}

/* Narrows *@sent to its part within the block, in whole segments. False: there is none, or no
 * record is free to cut it. */
static bool cut_to_block(struct scoreboard *board, struct sent_pool *pool, struct sent **sent,
                         uint32_t left, uint32_t right, uint32_t mss)
{
    struct sent *at = *sent;
    uint32_t from = 0;
    uint32_t to = len_of(at);

    /* both ends are rounded inwards: a segment counts only if the block has all of it */
    if (seq_lt(at->seq, left))
        from = (left - at->seq + mss - 1) / mss * mss;
    if (seq_lt(right, at->end))
        to = (right - at->seq) / mss * mss;
    if (from >= to || (to < len_of(at) && !split(board, pool, at, at->seq + to)))
        return false;
    if (from == 0)
        return true;
    if (!split(board, pool, at, at->seq + from))
        return false;
    *sent = at->next;
    return true;
}

/* The distance of @seq from the nearer end of the record, because SACKed data may be one long
 * record just below @seq. */
static uint32_t distance(const struct sent *sent, uint32_t seq)
{
    if (seq_lt(seq, sent->seq))
        return sent->seq - seq;
    return seq_lt(seq, sent->end) ? 0 : seq - sent->end;
}

/* The record at @seq, or the one next to it. NULL: it is too far away for this ACK. New blocks are
 * mostly near either end, or near the last block (RFC 2018 4: the latest first). */
static struct sent *find(struct scoreboard *board, uint32_t seq, uint32_t *steps)
{
    struct sent *sent = board->first;
    bool found = true;

    if (distance(board->last, seq) < distance(sent, seq))
        sent = board->last;
    if (board->sack_hint && distance(board->sack_hint, seq) < distance(sent, seq))
        sent = board->sack_hint;
    while (found && sent->prev && seq_lt(seq, sent->seq)) {
        sent = sent->prev;
        found = may_step(board, steps);
    }
    while (found && sent->next && seq_le(sent->end, seq)) {
        sent = sent->next;
        found = may_step(board, steps);
    }
    board->sack_hint = sent;
    return found ? sent : 0;
}

/* Joins @next with the record before it; both are SACKed. If the peer drops the data again (RFC
 * 2018 8), all counts as sent when the later one was. */
static struct sent *join(struct scoreboard *board, struct sent_pool *pool, struct sent *next)
{
    struct sent *sent = next->prev;

    if (next->at_ns > sent->at_ns)
        sent->at_ns = next->at_ns;
    sent->flags |= next->flags & SENT_AGAIN;
    sent->end = next->end;
    board->sacked_bytes += len_of(next);
    record_free(board, pool, next);
    return sent;
}

static bool is_sacked(const struct sent *sent)
{
    return sent && (sent->flags & SENT_SACKED);
}

/* Marks a whole record SACKed. Returns the record that it is now a part of. */
static struct sent *take_sacked(struct scoreboard *board, struct sent_pool *pool, struct sent *sent)
{
    sent->flags &= (uint8_t)~SENT_PROBE;
    set_condition(board, sent, SENT_SACKED);
    if (!board->sacked_to || seq_lt(board->sacked_to->seq, sent->seq))
        board->sacked_to = sent;
    if (is_sacked(sent->next))
        join(board, pool, sent->next);
    return is_sacked(sent->prev) ? join(board, pool, sent) : sent;
}

void scoreboard_sack(struct scoreboard *board, struct sent_pool *pool, uint32_t left,
                     uint32_t right, uint32_t mss, struct delivered *delivered)
{
    struct sent *sent = board->first ? find(board, left, &delivered->steps) : 0;

    for (; sent && seq_lt(sent->seq, right); sent = sent->next) {
        if ((sent->flags & SENT_SACKED) || seq_le(sent->end, left) ||
            !cut_to_block(board, pool, &sent, left, right, mss)) {
            if (!may_step(board, &delivered->steps))
                return;
            continue;
        }
        note_delivered(board, delivered, sent, sent_stamp(sent));
        delivered->sacked_bytes += len_of(sent);
        sent = take_sacked(board, pool, sent);
        board->sack_hint = sent;
    }
}

/* ---- losses ------------------------------------------------------------------------------- */

void scoreboard_lose(struct scoreboard *board, struct sent *sent)
{
    if (sent->flags & (SENT_SACKED | SENT_LOST))
        return;
    set_condition(board, sent, SENT_LOST);
    /* a retransmission that is lost, too, shows congestion once more (recovery.c) */
    if ((sent->flags & SENT_AGAIN) && sent->at_ns > board->lost_again_ns)
        board->lost_again_ns = sent->at_ns;
    if (sent->flags & SENT_PROBE)
        board->lost_probe_bytes += len_of(sent);
    else if (board->rate)
        board->rate->calls->lost(board->rate, sent_stamp(sent), sent->seq, sent->end);
    sent->flags &= (uint8_t)~SENT_PROBE;
    if (!board->lost_from || seq_lt(sent->seq, board->lost_from->seq))
        board->lost_from = sent;
}

void scoreboard_lose_all(struct scoreboard *board)
{
    for (struct sent *sent = board->first; sent; sent = sent->next)
        scoreboard_lose(board, sent);
}

/* The highest record with enough SACKed data above it to be lost. NULL: none within reach. */
static struct sent *first_below(struct scoreboard *board, uint32_t dup_bytes, uint32_t dup_ranges)
{
    uint32_t bytes_above = 0, ranges_above = 0, steps = 0;

    /* the scan goes down from the highest SACKed record, and adds up what lies above */
    for (struct sent *sent = board->sacked_to; sent && may_step(board, &steps); sent = sent->prev) {
        if (!is_sacked(sent))
            continue;
        bytes_above += len_of(sent);
        ranges_above++; /* adjacent ones are one record */
        if (bytes_above > dup_bytes || ranges_above >= dup_ranges)
            return sent->prev;
    }
    return 0;
}

static bool is_scanned(const struct scoreboard *board, const struct sent *sent)
{
    return board->loss_scanned_to && seq_le(sent->seq, board->loss_scanned_to->seq);
}

uint32_t scoreboard_lose_below_sacked(struct scoreboard *board, uint32_t dup_bytes,
                                      uint32_t dup_ranges)
{
    const uint32_t lost_before = board->lost_bytes;
    struct sent *const from = first_below(board, dup_bytes, dup_ranges);

    for (struct sent *sent = from; sent && !is_scanned(board, sent); sent = sent->prev) {
        if (!(sent->flags & (SENT_SACKED | SENT_AGAIN)))
            scoreboard_lose(board, sent);
    }
    if (from && !is_scanned(board, from))
        board->loss_scanned_to = from;
    return board->lost_bytes - lost_before;
}

/* Insertion hints: first transmissions and retransmissions are each already sorted by sequence
 * number. */
struct places {
    struct ring *near[2];
    uint32_t steps;
};

/* Puts @sent in flight again, into by_time. If its position is too far from the last insertion, it
 * goes to the end, where RACK reaches it last. */
static void mark_in_flight(struct scoreboard *board, struct sent *sent, struct places *places)
{
    struct ring *const head = &board->by_time;
    struct ring **place = &places->near[(sent->flags & SENT_AGAIN) != 0];
    struct ring *near = *place;
    bool found = true;

    set_condition(board, sent, 0);
    while (found && near->next != head && !left_before(sent, near->next)) {
        near = near->next;
        found = may_step(board, &places->steps);
    }
    while (found && near != head && left_before(sent, near)) {
        near = near->prev;
        found = may_step(board, &places->steps);
    }
    ring_put(found ? near->next : head, &sent->by_time);
    if (found)
        *place = &sent->by_time;
}

/* Puts all records in @condition in flight again. Each record found allows two more steps. */
static void mark_all_in_flight(struct scoreboard *board, enum sent_flag condition,
                               const uint32_t *left)
{
    struct places places = {.near = {&board->by_time, &board->by_time}};

    board->loss_scanned_to = 0;
    for (struct sent *sent = board->first; sent && *left > 0; sent = sent->next) {
        if (!(sent->flags & condition))
            continue;
        mark_in_flight(board, sent, &places);
        places.steps -= places.steps < 2 ? places.steps : 2;
    }
}

void scoreboard_unlose_all(struct scoreboard *board)
{
    mark_all_in_flight(board, SENT_LOST, &board->lost_bytes);
    board->lost_from = 0;
}

void scoreboard_forget_sacks(struct scoreboard *board)
{
    mark_all_in_flight(board, SENT_SACKED, &board->sacked_bytes);
    board->sacked_to = 0;
}

void scoreboard_free(struct scoreboard *board, struct sent_pool *pool)
{
    while (board->first)
        record_free(board, pool, board->first);
}
