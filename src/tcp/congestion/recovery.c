/* recovery.c -- the response to losses. */
#include "tcp/congestion/recovery.h"

#include "core/cold.h"
#include "core/minmax.h"
#include "core/parts.h"
#include "core/zero.h"
#include "tcp/congestion/seq.h"

enum {
    DUPTHRESH = 3, /* RFC 5681 3.2, RFC 6675 2, RFC 8985 6.2 */
    DUPACKS_MAX = 255,
    UNDOS_MAX = 4 /* in one flight: each one walks the whole flight, and a peer can provoke it */
};

void recovery_init(struct recovery *recovery, enum recovery_mode mode)
{
    zero_bytes(recovery, offsetof(struct recovery, before)); /* which can_undo makes valid */
    recovery->mode = (uint8_t)mode;
    if (HAS_RACK)
        rack_init(&recovery->rack);
}

static bool has_rack(const struct recovery *recovery)
{
    return HAS_RACK && recovery->mode == RECOVERY_RACK;
}

uint32_t recovery_pipe(const struct recovery *recovery, const struct scoreboard *board)
{
    const uint32_t in_flight = board->in_flight_bytes;

    return recovery->dup_bytes < in_flight ? in_flight - recovery->dup_bytes : 0;
}

/* True if more is lost than @lost_before. A lost probe of the path MTU doesn't count, because its
 * size may be the reason (RFC 8899 3, 4.3). */
static bool has_lost_more(const struct scoreboard *board, uint32_t lost_before)
{
    return board->lost_bytes - board->lost_probe_bytes > lost_before;
}

/* ---- start and end ------------------------------------------------------------------------ */

static void remember(struct recovery *recovery, const struct congestion *congestion,
                     const struct recovery_ack *ack)
{
    if (recovery->undos > 0 && seq_le(recovery->undone_to, ack->snd_una))
        recovery->undos = 0;
    recovery->before = *congestion;
    recovery->can_undo = recovery->undos < UNDOS_MAX;
    recovery->has_resent_ts = false;
    recovery->again_bytes = 0;
}

/* RFC 9937 6.1: the data in flight at the start, before this ACK. */
static void begin_reduction(struct recovery *recovery, struct congestion *congestion,
                            const struct recovery_ack *ack, enum recovery_phase phase)
{
    /* limited transmit's data beyond the window doesn't count (RFC 5681 3.2 step 2) */
    const uint32_t flight = min32(ack->flight_bytes, congestion->cwnd);

    congestion->ops->reduced(congestion, flight, ack->now_ns);
    congestion->after_timeout = false;
    recovery->phase = (uint8_t)phase;
    recovery->reduced_at_ns = ack->now_ns;
    recovery->target = congestion->ssthresh;
    recovery->recover = ack->snd_nxt;
    recovery->armed = phase == RECOVERY_FAST; /* ECN retransmits nothing */
    prr_init(&recovery->prr, ack->pipe_bytes);
}

COLD static void enter_fast(struct recovery *recovery, struct congestion *congestion,
                            const struct recovery_ack *ack)
{
    if (recovery->phase == RECOVERY_REDUCED) { /* one reduction a round trip is enough */
        recovery->phase = RECOVERY_FAST;
        recovery->recover = ack->snd_nxt;
        recovery->armed = true;
        return;
    }
    remember(recovery, congestion, ack);
    begin_reduction(recovery, congestion, ack, RECOVERY_FAST);
}

/* Reduces the window with nothing to retransmit: ECN, or a probe that repaired a loss. */
COLD static void enter_reduced(struct recovery *recovery, struct congestion *congestion,
                               const struct recovery_ack *ack)
{
    recovery->can_undo = false;
    begin_reduction(recovery, congestion, ack, RECOVERY_REDUCED);
}

/* Reduces the window because of an ECN mark. ssthresh is never less than two segments. The window
 * becomes one segment if two would be no reduction (RFC 9438 4.6). A window of one segment waits
 * for the timer (RFC 3168 6.1.2). */
COLD static void enter_marked(struct recovery *recovery, struct congestion *congestion,
                              const struct recovery_ack *ack)
{
    const uint32_t cwnd = congestion->cwnd;

    enter_reduced(recovery, congestion, ack);
    if (congestion_is_modelled(congestion))
        return;
    if (recovery->target >= cwnd)
        recovery->target = congestion->mss;
    recovery->held = cwnd < 2 * congestion->mss;
}

/* Responds to the loss of a retransmission that was sent since the last reduction: the congestion
 * persists, so the window is reduced once more (RFC 5681 4.3). The reduction starts from the target
 * of the last one, or from the window that slow start has reached since a timeout. */
static bool reduce_again(struct recovery *recovery, const struct scoreboard *board,
                         struct congestion *congestion, const struct recovery_ack *ack)
{
    const uint32_t cwnd = congestion->cwnd;

    if (recovery->phase < RECOVERY_FAST || board->lost_again_ns < recovery->reduced_at_ns ||
        congestion_is_modelled(congestion))
        return false;
    if (recovery->phase == RECOVERY_FAST || cwnd > congestion->ssthresh)
        congestion->cwnd = congestion->ssthresh;
    begin_reduction(recovery, congestion, ack, RECOVERY_FAST);
    congestion->cwnd = cwnd; /* PRR lowers it */
    return true;
}

/* Ends a recovery. Returns true if that has set the window. */
COLD static bool leave(struct recovery *recovery, struct congestion *congestion, uint32_t snd_nxt)
{
    const bool was_reduced = recovery->phase != RECOVERY_LOSS;

    if (was_reduced && !congestion_is_modelled(congestion))
        congestion->cwnd = recovery->target;             /* RFC 9937 6.1, the end */
    if (HAS_RACK && recovery->phase != RECOVERY_REDUCED) /* RFC 8985 6.2 step 4 */
        rack_recovered(&recovery->rack);
    recovery->phase = RECOVERY_NONE;
    recovery->dup_bytes = 0;
    recovery->dupacks = 0;
    recovery->undo_until = snd_nxt; /* DSACKs may follow for a round trip */
    return was_reduced;
}

/* RFC 4015 3.2: restores the old window; slow start may continue. */
COLD static void undo(struct recovery *recovery, struct scoreboard *board,
                      struct congestion *congestion, uint32_t snd_nxt)
{
    const uint32_t cwnd = congestion->cwnd;
    const uint32_t mss = congestion->mss;

    if (!congestion_is_modelled(congestion))
        *congestion = recovery->before;
    congestion->mss = mss; /* the path MTU may have decreased in the meantime */
    if (congestion->cwnd < cwnd)
        congestion->cwnd = cwnd;
    scoreboard_unlose_all(board);
    if (recovery->undos++ == 0)
        recovery->undone_to = snd_nxt;
    recovery->can_undo = false;
    recovery->phase = RECOVERY_NONE;
    recovery->dup_bytes = 0;
    recovery->dupacks = 0;
}

/* True if this ACK shows that the recovery was spurious. */
static bool was_for_nothing(struct recovery *recovery, const struct recovery_ack *ack,
                            const struct delivered *delivered)
{
    if (!recovery->can_undo)
        return false;
    /* Eifel (RFC 3522 3.2): the ACK of new data answers the first transmission */
    if (recovery->has_resent_ts && ack->has_ecr && delivered->acked_bytes > 0 &&
        seq_lt(ack->ecr, recovery->resent_ts))
        return true;
    /* RFC 3708: each retransmission arrived twice */
    if (ack->dsack_bytes > 0 && recovery->again_bytes > 0) {
        recovery->again_bytes -=
            ack->dsack_bytes < recovery->again_bytes ? ack->dsack_bytes : recovery->again_bytes;
        return recovery->again_bytes == 0;
    }
    return false;
}

/* ---- loss detection ----------------------------------------------------------------------- */

/* NewReno: the third duplicate, and each partial ACK, show that the first segment is lost. */
static void detect_newreno(struct recovery *recovery, struct scoreboard *board,
                           const struct congestion *congestion, const struct recovery_ack *ack,
                           const struct delivered *delivered)
{
    if (delivered->acked_bytes > 0) {
        const uint32_t others =
            delivered->acked_bytes > congestion->mss ? delivered->acked_bytes - congestion->mss : 0;

        recovery->dupacks = 0;
        recovery->dup_bytes -= others < recovery->dup_bytes ? others : recovery->dup_bytes;
        if (recovery->phase == RECOVERY_FAST && board->first)
            scoreboard_lose(board, board->first); /* RFC 6582 3.2 step 3, partial */
        else if (recovery->phase == RECOVERY_NONE)
            recovery->dup_bytes = 0;
        return;
    }
    if (!ack->duplicate)
        return;
    if (recovery->dupacks < DUPACKS_MAX)
        recovery->dupacks++;
    recovery->dup_bytes += congestion->mss;
    if (recovery->dupacks != DUPTHRESH || recovery->phase == RECOVERY_FAST)
        return;
    /* duplicates caused by the last recovery's retransmissions (RFC 6582 4.1) */
    if (recovery->armed && seq_le(ack->snd_una, recovery->recover))
        return;
    scoreboard_lose(board, board->first);
}

static uint64_t detect(struct recovery *recovery, struct scoreboard *board,
                       const struct congestion *congestion, const struct recovery_ack *ack,
                       const struct delivered *delivered)
{
    const bool hurry = recovery->phase == RECOVERY_FAST || recovery->phase == RECOVERY_LOSS ||
                       board->sacked_bytes >= DUPTHRESH * congestion->mss;

    switch ((enum recovery_mode)recovery->mode) {
    case RECOVERY_NEWRENO:
        detect_newreno(recovery, board, congestion, ack, delivered);
        break;
    case RECOVERY_SACK:
        scoreboard_lose_below_sacked(board, (DUPTHRESH - 1) * congestion->mss, DUPTHRESH);
        break;
    case RECOVERY_RACK:
        if (!HAS_RACK)
            break;
        return rack_detect(&recovery->rack, board, ack->srtt_ns, hurry, ack->now_ns);
    }
    return UINT64_MAX;
}

/* ---- an ACK ------------------------------------------------------------------------------- */

/* Bytes delivered by an ACK, as far as known without SACK (RFC 9937 6.2). */
static uint32_t delivered_bytes(const struct recovery *recovery,
                                const struct congestion *congestion, const struct recovery_ack *ack,
                                const struct delivered *delivered)
{
    if (recovery->mode != RECOVERY_NEWRENO)
        return delivered->bytes;
    if (delivered->acked_bytes == 0)
        return ack->duplicate ? congestion->mss : 0;
    if (recovery->phase == RECOVERY_NONE || recovery->phase == RECOVERY_LOSS)
        return delivered->bytes;
    /* duplicate ACKs have counted the rest already */
    return delivered->bytes < congestion->mss ? delivered->bytes : congestion->mss;
}

static void set_window(struct recovery *recovery, const struct scoreboard *board,
                       struct congestion *congestion, const struct recovery_ack *ack,
                       const struct delivered *delivered, bool more_lost)
{
    const uint32_t bytes = delivered_bytes(recovery, congestion, ack, delivered);

    if (congestion_is_modelled(congestion))
        return;
    if (recovery->phase == RECOVERY_FAST || recovery->phase == RECOVERY_REDUCED) {
        const bool safe = delivered->acked_bytes > 0 && !more_lost;

        if (bytes > 0)
            congestion->cwnd = prr_acked(&recovery->prr, bytes, recovery_pipe(recovery, board),
                                         recovery->target, congestion->mss, safe);
        /* RFC 6582 3.2 step 3: retransmit the next hole at once, however few duplicates came */
        if (recovery->mode == RECOVERY_NEWRENO && more_lost &&
            congestion->cwnd < recovery_pipe(recovery, board) + congestion->mss)
            congestion->cwnd = recovery_pipe(recovery, board) + congestion->mss;
    } else if (delivered->acked_bytes > 0 && !ack->congestion_marked) { /* RFC 3168 6.1.2 */
        const struct congestion_ack news = {
            .now_ns = ack->now_ns,
            .srtt_ns = ack->srtt_ns,
            .rtt_ns = ack->rtt_ns,
            .acked_bytes = bytes,
            .flight_bytes = ack->flight_bytes,
            .snd_una = ack->snd_una,
            .snd_nxt = ack->snd_nxt,
            .paced = ack->paced,
        };

        congestion->ops->acked(congestion, &news);
    }
}

/* True if everything in flight at the start of the recovery is acknowledged. A peer echoes marks
 * until it has received our CWR, which is just above that, so an echo at `recover` is an old one
 * (RFC 3168 6.1.2). */
static bool is_over(const struct recovery *recovery, const struct recovery_ack *ack)
{
    if (recovery->phase == RECOVERY_NONE)
        return false;
    if (recovery->phase == RECOVERY_REDUCED && ack->congestion_marked)
        return seq_lt(recovery->recover, ack->snd_una);
    return seq_le(recovery->recover, ack->snd_una);
}

/* True for a mark that no reduction has answered. Marks from before the CWR, which is just above
 * `recover`, have been answered. */
static bool is_fresh_mark(const struct recovery *recovery, const struct recovery_ack *ack)
{
    return ack->congestion_marked && recovery->phase == RECOVERY_NONE && !recovery->armed;
}

/* Reduces the window if there is a loss or a mark that no reduction has answered. */
static void respond(struct recovery *recovery, const struct scoreboard *board,
                    struct congestion *congestion, const struct recovery_ack *ack, bool more_lost,
                    struct recovery_result *result)
{
    if (more_lost && recovery->phase < RECOVERY_FAST) {
        enter_fast(recovery, congestion, ack);
        result->fast = true;
    } else if (more_lost && reduce_again(recovery, board, congestion, ack)) {
        result->reduced_again = true;
    } else if (is_fresh_mark(recovery, ack)) {
        enter_marked(recovery, congestion, ack);
        result->reduced_for_ecn = true;
    }
}

/* Updates RACK and the tail loss probe. True: the window must be reduced, because the probe has
 * repaired a loss. */
static bool learn(struct recovery *recovery, const struct recovery_ack *ack,
                  const struct delivered *delivered)
{
    if (!has_rack(recovery))
        return false;
    rack_delivered(&recovery->rack, delivered, ack->now_ns);
    if (ack->dsack_bytes > 0 && !recovery->tlp.out)
        rack_dsack(&recovery->rack, ack->snd_una, ack->snd_nxt);
    return tlp_acked(&recovery->tlp, ack->snd_una, ack->dsack_bytes > 0, ack->duplicate) &&
           recovery->phase == RECOVERY_NONE;
}

/* True if everything in flight has arrived, and no loss is or was recently suspected. So it is for
 * nearly every ACK of a request or response. */
static bool is_fast_path(const struct recovery *recovery, const struct scoreboard *board,
                         const struct recovery_ack *ack)
{
    return recovery_is_open(recovery) && !board->first && ack->dsack_bytes == 0 &&
           !ack->congestion_marked;
}

struct recovery_result recovery_acked(struct recovery *recovery, struct scoreboard *board,
                                      struct congestion *congestion, const struct recovery_ack *ack,
                                      const struct delivered *delivered)
{
    struct recovery_result result = {.look_at_ns = UINT64_MAX};
    uint32_t lost_before = board->lost_bytes;
    bool more_lost;
    bool concluded = false;

    if (SHORTCUTS && is_fast_path(recovery, board, ack)) {
        rack_delivered(&recovery->rack, delivered, ack->now_ns);
        set_window(recovery, board, congestion, ack, delivered, false);
        return result;
    }
    if (learn(recovery, ack, delivered)) {
        enter_reduced(recovery, congestion, ack);
        result.reduced_for_probe = true;
    }
    if (was_for_nothing(recovery, ack, delivered)) {
        undo(recovery, board, congestion, ack->snd_nxt);
        result.undone = true;
        lost_before = 0;
    }
    if (is_over(recovery, ack))
        concluded = leave(recovery, congestion, ack->snd_nxt);
    else if (recovery->phase == RECOVERY_NONE && seq_lt(recovery->undo_until, ack->snd_una))
        recovery->can_undo = false;
    if (recovery->armed && seq_lt(recovery->recover, ack->snd_una))
        recovery->armed = false;
    result.look_at_ns = detect(recovery, board, congestion, ack, delivered);
    more_lost = has_lost_more(board, lost_before);
    respond(recovery, board, congestion, ack, more_lost, &result);
    if (!concluded || recovery->phase != RECOVERY_NONE)
        set_window(recovery, board, congestion, ack, delivered, more_lost);
    return result;
}

struct recovery_result recovery_look(struct recovery *recovery, struct scoreboard *board,
                                     struct congestion *congestion, const struct recovery_ack *ack)
{
    static const struct delivered nothing;
    struct recovery_result result = {.look_at_ns = UINT64_MAX};
    const uint32_t lost_before = board->lost_bytes;

    result.look_at_ns = detect(recovery, board, congestion, ack, &nothing);
    if (!has_lost_more(board, lost_before))
        return result;
    if (recovery->phase < RECOVERY_FAST) {
        enter_fast(recovery, congestion, ack);
        result.fast = true;
    } else {
        result.reduced_again = reduce_again(recovery, board, congestion, ack);
    }
    if (recovery->phase == RECOVERY_FAST && !congestion_is_modelled(congestion))
        congestion->cwnd = prr_acked(&recovery->prr, 0, recovery_pipe(recovery, board),
                                     recovery->target, congestion->mss, false);
    return result;
}

void recovery_timed_out(struct recovery *recovery, struct scoreboard *board,
                        struct congestion *congestion, const struct recovery_ack *ack)
{
    /* only the first timeout for this data sets ssthresh */
    if (recovery->phase != RECOVERY_LOSS || recovery->timed_out != ack->snd_una) {
        if (recovery->phase == RECOVERY_NONE)
            remember(recovery, congestion, ack);
        congestion->ops->reduced(congestion, ack->flight_bytes, ack->now_ns);
    }
    /* if the first segment was SACKed, the peer has dropped it again, or SND.UNA would have moved
     * (RFC 2018 8) */
    if (board->first && (board->first->flags & SENT_SACKED))
        scoreboard_forget_sacks(board);
    scoreboard_lose_all(board);
    congestion_timed_out(congestion);
    recovery->phase = RECOVERY_LOSS;
    recovery->reduced_at_ns = ack->now_ns;
    recovery->held = false;
    recovery->timed_out = ack->snd_una;
    recovery->recover = ack->snd_nxt;
    recovery->armed = true;
    recovery->dup_bytes = 0;
    recovery->dupacks = 0;
    recovery->tlp.out = false;
}

void recovery_sent(struct recovery *recovery, uint32_t bytes, bool again, bool has_ts,
                   uint32_t tsval)
{
    if (recovery->phase == RECOVERY_FAST || recovery->phase == RECOVERY_REDUCED)
        prr_sent(&recovery->prr, bytes);
    if (!again)
        return;
    recovery->again_bytes += bytes;
    if (has_ts && !recovery->has_resent_ts) {
        recovery->has_resent_ts = true;
        recovery->resent_ts = tsval;
    }
}
