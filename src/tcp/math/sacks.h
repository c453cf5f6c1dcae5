/* sacks.h -- which SACK blocks an ACK carries (RFC 2018 4, RFC 2883 4). */
#ifndef TCP_SACKS_H
#define TCP_SACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/math/reorder.h"
#include "wire/tcp.h"
#include "core/cold.h"

struct sacks {
    uint32_t recent[WIRE_SACKS_MAX]; /* a number in each run reported, the latest first */
    uint8_t count;
    bool has_dsack;
    struct wire_sack dsack; /* what came twice: reported once */
};

/* Data at @seq came out of order: its run is reported first from now on. */
COLD void sacks_note(struct sacks *sacks, uint32_t seq);

/* @left .. @right came, and was here already. */
COLD void sacks_note_duplicate(struct sacks *sacks, uint32_t left, uint32_t right);

/* Fills in the blocks for an ACK, at most @count_max; returns how many. */
COLD uint8_t sacks_fill(struct sacks *sacks, const struct reorder *reorder,
                        struct wire_sack *blocks, uint8_t count_max);

#endif
