/*
 * steps.h -- inputs as a sequence of steps of the same length: the first byte is the opcode, the
 * others are operands.
 *
 * libFuzzer has no notion of steps. steps_mutate.c has it insert, repeat, move and change complete
 * steps, so that a working conversation stays one.
 */
#ifndef STEPS_H
#define STEPS_H

#include <stddef.h>
#include <stdint.h>

enum {
    STEP_BYTES = 16,
    STEPS_MAX = 96
};

/* The rest of the current step, and the input after it; after the end all bytes are 0. */
struct steps {
    const uint8_t *at;
    const uint8_t *step_end;
    const uint8_t *end;
    unsigned count;
};

static inline struct steps steps_of(const uint8_t *data, size_t size)
{
    return (struct steps){data, data, data + size, 0};
}

/* Goes to the next step; 0: there is none. */
static inline int steps_next(struct steps *steps)
{
    const size_t left = (size_t)(steps->end - steps->step_end);

    steps->at = steps->step_end;
    steps->step_end += left < STEP_BYTES ? left : STEP_BYTES;
    return left > 0 && steps->count++ < STEPS_MAX;
}

static inline uint8_t take(struct steps *steps)
{
    return steps->at < steps->step_end ? *steps->at++ : 0;
}

static inline uint16_t take16(struct steps *steps)
{
    const uint8_t high = take(steps);

    return (uint16_t)(high << 8 | take(steps));
}

#endif
