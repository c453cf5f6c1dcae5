/*
 * sacks.c -- the SACK blocks of an ACK (RFC 2018 4, RFC 2883 4).
 *
 * Blocks aren't stored, because runs grow and merge: a sequence number finds the run that holds it
 * now. So each block is as large as it can be when the ACK is sent.
 */
#include "tcp/congestion/sacks.h"

#include "tcp/congestion/seq.h"

void sacks_note(struct sacks *sacks, uint32_t seq)
{
    if (sacks->count < WIRE_SACKS_MAX)
        sacks->count++;
    /* the newest goes to the front; with all places taken, the oldest falls out */
    for (unsigned i = sacks->count - 1u; i > 0; i--)
        sacks->recent[i] = sacks->recent[i - 1];
    sacks->recent[0] = seq;
}

void sacks_note_duplicate(struct sacks *sacks, uint32_t left, uint32_t right)
{
    sacks->has_dsack = true;
    sacks->dsack = (struct wire_sack){left, right};
}

static const struct run *run_with(const struct reorder *reorder, uint32_t seq)
{
    const struct run *run = reorder->first;

    while (run && seq_le(run->end, seq))
        run = run->next;
    return run && seq_le(run->seq, seq) ? run : 0;
}

static bool is_listed(const struct wire_sack *blocks, uint8_t count, uint32_t left)
{
    for (uint8_t i = 0; i < count; i++) {
        if (blocks[i].left == left)
            return true;
    }
    return false;
}

uint8_t sacks_fill(struct sacks *sacks, const struct reorder *reorder, struct wire_sack *blocks,
                   uint8_t count_max)
{
    uint8_t count = 0;
    uint8_t kept = 0;
    uint8_t first;

    /* RFC 2883 4: a D-SACK comes first, and is reported once */
    if (sacks->has_dsack && count_max > 0) {
        blocks[count++] = sacks->dsack;
        sacks->has_dsack = false;
    }
    /* a D-SACK may lie inside of a run that is reported behind it, so it is not compared */
    first = count;
    for (uint8_t i = 0; i < sacks->count; i++) {
        const struct run *run = run_with(reorder, sacks->recent[i]);

        if (!run || is_listed(blocks + first, (uint8_t)(count - first), run->seq))
            continue; /* its hole was filled, or it merged with a run that is listed */
        /* the number is kept even if this ACK has no space for its run, because the next one may */
        sacks->recent[kept++] = sacks->recent[i];
        if (count < count_max)
            blocks[count++] = (struct wire_sack){run->seq, run->end};
    }
    sacks->count = kept;
    return count;
}
