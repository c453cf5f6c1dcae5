/* steps_mutate.c -- mutation and crossover of inputs that are sequences of steps. */
#include <string.h>

#include "steps.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t out_max, unsigned seed);

enum {
    LONGEST = STEPS_MAX * STEP_BYTES
};

/* The input as complete steps, and a random generator. */
struct sequence {
    uint8_t *data;
    size_t count;
    size_t max;
    uint32_t dice;
};

static size_t roll(struct sequence *sequence, size_t sides)
{
    sequence->dice = sequence->dice * 1664525u + 1013904223u; /* Numerical Recipes' generator */
    return sides > 0 ? (sequence->dice >> 8) % sides : 0;
}

static uint8_t *step(struct sequence *sequence, size_t number)
{
    return sequence->data + number * STEP_BYTES;
}

/* Makes room for @many steps before step @at; false: it is full. */
static int insert(struct sequence *sequence, size_t at, size_t many)
{
    if (sequence->count + many > sequence->max)
        return 0;
    memmove(step(sequence, at + many), step(sequence, at), (sequence->count - at) * STEP_BYTES);
    sequence->count += many;
    return 1;
}

static void change_one(struct sequence *sequence)
{
    uint8_t *at = step(sequence, roll(sequence, sequence->count));

    LLVMFuzzerMutate(at, STEP_BYTES, STEP_BYTES);
}

static void change_byte(struct sequence *sequence)
{
    uint8_t *at = step(sequence, roll(sequence, sequence->count)) + roll(sequence, STEP_BYTES);

    *at = (uint8_t)roll(sequence, 256);
}

static void insert_new(struct sequence *sequence)
{
    const size_t at = roll(sequence, sequence->count + 1);

    if (!insert(sequence, at, 1))
        return;
    for (size_t i = 0; i < STEP_BYTES; i++)
        step(sequence, at)[i] = roll(sequence, 2) ? (uint8_t)roll(sequence, 256) : 0;
}

/* Copies a run of up to four steps to another place. */
static void repeat(struct sequence *sequence)
{
    uint8_t kept[4 * STEP_BYTES];
    const size_t from = roll(sequence, sequence->count);
    const size_t left = sequence->count - from;
    const size_t many = 1 + roll(sequence, left < 4 ? left : 4);
    const size_t to = roll(sequence, sequence->count + 1);

    memcpy(kept, step(sequence, from), many * STEP_BYTES);
    if (insert(sequence, to, many))
        memcpy(step(sequence, to), kept, many * STEP_BYTES);
}

static void take_out(struct sequence *sequence)
{
    const size_t at = roll(sequence, sequence->count);
    const size_t left = sequence->count - at;
    const size_t many = 1 + roll(sequence, left < 4 ? left : 4);

    memmove(step(sequence, at), step(sequence, at + many), (left - many) * STEP_BYTES);
    sequence->count -= many;
}

static void exchange(struct sequence *sequence)
{
    uint8_t kept[STEP_BYTES];
    uint8_t *one = step(sequence, roll(sequence, sequence->count));
    uint8_t *other = step(sequence, roll(sequence, sequence->count));

    memcpy(kept, one, STEP_BYTES);
    memmove(one, other, STEP_BYTES);
    memcpy(other, kept, STEP_BYTES);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static void (*const ways[])(struct sequence *) = {
        change_one, change_one, change_byte, insert_new, insert_new, repeat, take_out, exchange};
    const size_t longest = max_size < LONGEST ? max_size : LONGEST;
    struct sequence sequence = {data, size / STEP_BYTES, longest / STEP_BYTES, seed};

    if (sequence.count == 0 || sequence.max == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    if (sequence.count > sequence.max)
        sequence.count = sequence.max;
    for (size_t i = 1 + roll(&sequence, 3); i > 0 && sequence.count > 0; i--)
        ways[roll(&sequence, sizeof ways / sizeof *ways)](&sequence);
    return sequence.count * STEP_BYTES;
}

/* Joins the beginning of one input and the end of the other. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t out_max, unsigned seed)
{
    struct sequence sequence = {out, 0, out_max / STEP_BYTES, seed};
    const size_t head = roll(&sequence, one_size / STEP_BYTES + 1);
    const size_t from = roll(&sequence, other_size / STEP_BYTES + 1);
    size_t tail = other_size / STEP_BYTES - from;

    if (head > sequence.max)
        return 0;
    if (tail > sequence.max - head)
        tail = sequence.max - head;
    memcpy(out, one, head * STEP_BYTES);
    memcpy(out + head * STEP_BYTES, other + from * STEP_BYTES, tail * STEP_BYTES);
    return (head + tail) * STEP_BYTES;
}
