/* rack.c -- loss detection by time (RFC 8985 6). */
#include "tcp/congestion/rack.h"

#include "tcp/congestion/seq.h"

enum {
    PERSIST_RECOVERIES = 16, /* RFC 8985 6.2 step 4 */
    MULT_MAX = 200
};

void rack_init(struct rack *rack)
{
    *rack = (struct rack){.min_rtt_ns = UINT64_MAX, .young_min_ns = UINT64_MAX, .reo_wnd_mult = 1};
}

/* Step 2. */
static void update_newest(struct rack *rack, const struct delivered *delivered, uint64_t now_ns)
{
    const uint64_t rtt_ns = now_ns - delivered->newest_at_ns;

    /* faster than any round trip before: the ACK of the first transmission */
    if (delivered->newest_again && rtt_ns < rack->min_rtt_ns)
        return;
    rack->rtt_ns = rtt_ns;
    if (!rack->started || delivered->newest_at_ns > rack->xmit_ns ||
        (delivered->newest_at_ns == rack->xmit_ns &&
         seq_lt(rack->end_seq, delivered->newest_end))) {
        rack->xmit_ns = delivered->newest_at_ns;
        rack->end_seq = delivered->newest_end;
    }
}

void rack_delivered(struct rack *rack, const struct delivered *delivered, uint64_t now_ns)
{
    if (!delivered->any)
        return;
    if (delivered->has_sample)
        rack_sample(rack, now_ns - delivered->sample_at_ns, now_ns);
    /* RFC 8985 6.2 step 3: a segment that was sent only once, and arrives below the highest
     * sequence number delivered so far, was reordered */
    if (rack->started && delivered->has_sample && seq_lt(delivered->low_end, rack->fack))
        rack->reordering_seen = true;
    update_newest(rack, delivered, now_ns);
    if (!rack->started || seq_lt(rack->fack, delivered->high_end))
        rack->fack = delivered->high_end;
    rack->started = true;
}

void rack_dsack(struct rack *rack, uint32_t snd_una, uint32_t snd_nxt)
{
    if (rack->in_dsack_round && seq_lt(snd_una, rack->dsack_round))
        return; /* once a round trip */
    rack->in_dsack_round = true;
    rack->dsack_round = snd_nxt;
    if (rack->reo_wnd_mult < MULT_MAX)
        rack->reo_wnd_mult++;
    rack->reo_wnd_persist = PERSIST_RECOVERIES;
    rack->reordering_seen = true;
}

void rack_recovered(struct rack *rack)
{
    if (rack->reo_wnd_persist > 0 && --rack->reo_wnd_persist == 0)
        rack->reo_wnd_mult = 1;
}

static uint64_t reordering_window_ns(const struct rack *rack, uint64_t srtt_ns, bool hurry)
{
    uint64_t window_ns;

    /* RFC 8985 6.2 step 4: a path that hasn't reordered gets no patience in a recovery */
    if (!rack->reordering_seen && hurry)
        return 0;
    if (rack->min_rtt_ns == UINT64_MAX)
        return 0;
    window_ns = rack->reo_wnd_mult * (rack->min_rtt_ns / 4);
    return window_ns < srtt_ns ? window_ns : srtt_ns;
}

uint64_t rack_detect(const struct rack *rack, struct scoreboard *board, uint64_t srtt_ns,
                     bool hurry, uint64_t now_ns)
{
    const uint64_t patience_ns = rack->rtt_ns + reordering_window_ns(rack, srtt_ns, hurry);

    if (!rack->started)
        return UINT64_MAX;
    while (!ring_is_empty(&board->by_time)) {
        struct sent *sent = container_of(board->by_time.next, struct sent, by_time);

        /* by_time is sorted, so all records behind were sent later still */
        if (sent->at_ns > rack->xmit_ns ||
            (sent->at_ns == rack->xmit_ns && seq_le(rack->end_seq, sent->end)))
            return UINT64_MAX;
        if (sent->at_ns + patience_ns > now_ns)
            return sent->at_ns + patience_ns;
        scoreboard_lose(board, sent);
    }
    return UINT64_MAX;
}
