/*
 * board_model.h -- a scoreboard, with a model of single bytes that it must agree with after each
 * call.
 *
 * board_...() call the function of the scoreboard and do the same to the model. They return the
 * model's result.
 */
#ifndef BOARD_MODEL_H
#define BOARD_MODEL_H

#include "unit.h"

#include "tcp/congestion/scoreboard.h"
#include "tcp/congestion/seq.h"

enum {
    SPACE = 1500, /* sequence numbers of a test */
    RECORDS = 400,
    MSS = 10,
    FIRST = 12 /* bytes before the model, so that blocks may begin there */
};

enum condition {
    UNKNOWN,
    FLIGHT,
    SACKED,
    LOST
};

extern struct scoreboard board;
extern struct sent_pool pool;

static const uint32_t start = 0xfffffe00u; /* close to the wraparound */

struct model {
    uint8_t condition[SPACE]; /* enum condition */
    bool begins[SPACE];       /* a record begins here */
    bool again[SPACE];
    uint64_t at_ns[SPACE];
    uint32_t una, nxt;
    uint64_t now_ns;
};

extern struct model model;

/* Set-up and tear-down of a test. */
int open_board(void **state);
int close_board(void **state);

void board_send(uint32_t len);
void board_ack(uint32_t una);
void board_sack(uint32_t left, uint32_t right);
void board_lose(struct sent *sent);
void board_lose_all(void);
void board_lose_below_sacked(uint32_t dup_bytes, uint32_t dup_ranges);
void board_unlose_all(void);
void board_forget_sacks(void);

/* Sends the first lost record again, at most @bytes_max of it. */
void board_resend(uint32_t bytes_max);

/* Asserts that all records agree with the model. */
void assert_agrees(void);

#endif
