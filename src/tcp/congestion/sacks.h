/* sacks.h -- the SACK blocks of an ACK (RFC 2018 4, RFC 2883 4). */
#ifndef TCP_SACKS_H
#define TCP_SACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/congestion/reorder.h"
#include "wire/tcp.h"
#include "core/cold.h"

struct sacks {
    uint32_t recent[WIRE_SACKS_MAX]; /* a number in each reported run, the latest first */
    uint8_t count;
    bool has_dsack;
    struct wire_sack dsack; /* a range that came twice, reported once */
};

/* Notes data out of order at @seq: its run is reported first from now on. */
COLD void sacks_note(struct sacks *sacks, uint32_t seq);

/* Notes that @left .. @right was received twice. */
COLD void sacks_note_duplicate(struct sacks *sacks, uint32_t left, uint32_t right);

/* Fills in at most @count_max blocks for an ACK. Returns how many. */
COLD uint8_t sacks_fill(struct sacks *sacks, const struct reorder *reorder,
                        struct wire_sack *blocks, uint8_t count_max);

#endif
