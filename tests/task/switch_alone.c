/*
 * switch_alone.c -- three stacks that take turns, for each architecture that has a switch. Each
 * stack must find its registers unchanged. Runs natively and by qemu-user; prints "good".
 */
#include <stdio.h>
#include <string.h>

#include "task/switch.h"

enum {
    STACKS = 3,
    STACK_BYTES = 65536,
    ROUNDS = 10000,
    VALUES = 16
};

static struct context contexts[STACKS + 1]; /* the last is main's */
static _Alignas(16) char stacks[STACKS][STACK_BYTES];
static unsigned long sums[STACKS];
static double fractions[STACKS];
static unsigned ended;

/* More live values than there are registers, integers and floating-point numbers. */
static void take_turns(struct context *self)
{
    const unsigned i = (unsigned)(self - contexts);
    unsigned long values[VALUES];
    double parts[VALUES];

    for (unsigned k = 0; k < VALUES; k++) {
        values[k] = i * 100 + k;
        parts[k] = 0.5 * (double)(i + k);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        context_switch(self, &contexts[(i + 1) % (STACKS + 1)]);
        for (unsigned k = 0; k < VALUES; k++) {
            values[k] += k + 1;
            parts[k] += 0.25;
        }
    }
    for (unsigned k = 0; k < VALUES; k++) {
        sums[i] += values[k];
        fractions[i] += parts[k];
    }
    ended++;
    for (;;)
        context_switch(self, &contexts[(i + 1) % (STACKS + 1)]);
}

static int is_aligned(void)
{
    _Alignas(16) volatile char byte = 0;

    return ((uintptr_t)&byte & 15) == 0;
}

/* A debugger's backtrace must end at the first frame of a stack, whatever its memory held
 * before. */
static int has_an_end(const struct context *context)
{
#ifdef __x86_64__
    return *(const uint64_t *)context->sp == 0 && !context->fp;
#else
    return !context->fp;
#endif
}

int main(void)
{
    struct context *own = &contexts[STACKS];

    memset(stacks, 0xfe, sizeof stacks);
    for (unsigned i = 0; i < STACKS; i++) {
        context_begin(&contexts[i], stacks[i] + STACK_BYTES, take_turns);
        if (!has_an_end(&contexts[i])) {
            puts("the first frame has a caller");
            return 1;
        }
    }
    while (ended < STACKS)
        context_switch(own, &contexts[0]);
    for (unsigned long i = 0; i < STACKS; i++) {
        const unsigned long sum = VALUES * 100 * i + 120 + ROUNDS * 136ul;
        const double fraction = 0.5 * (double)(VALUES * i + 120) + 0.25 * ROUNDS * VALUES;

        if (sums[i] != sum || fractions[i] < fraction - 0.1 || fractions[i] > fraction + 0.1) {
            printf("stack %lu: %lu, not %lu; %f, not %f\n", i, sums[i], sum, fractions[i],
                   fraction);
            return 1;
        }
    }
    puts(is_aligned() ? "good" : "main's stack is not where it was");
    return 0;
}
