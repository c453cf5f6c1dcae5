/*
 * fuzz_api.c -- programs that make any legal call at any legal time. There are two stacks over a
 * wire, with little memory, which is taken away at times, and clocks near to a wrap.
 *
 * The input is a sequence of steps (steps.h). The first sets limits, options, devices and the time.
 * The others are calls, calls for the next callback of a kind, faults of the wire, and passing
 * time. Checks: the statistics balance after each poll; received data equals the data sent;
 * on_closed comes once for every connection, and no callback after it. At the end, after both sides
 * have closed or aborted, every buffer, entry and lent byte is back.
 */
#include "api.h"

#include "steps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct api_act take_act(struct steps *steps)
{
    struct api_act act = {.what = take(steps)};

    act.who = take(steps);
    act.how = take(steps);
    act.more = take(steps);
    act.len = take16(steps);
    return act;
}

/* Adds an act for the next callback of some kind. */
static void step_rule(struct api_end *end, struct steps *steps, uint8_t how)
{
    struct api_rule *rule = &end->rules[end->rule_next++ % API_RULES];

    rule->calls = take(steps);
    rule->stays = how & 64;
    rule->act = take_act(steps);
}

static void step(struct steps *steps)
{
    const uint8_t what = take(steps);
    struct api_end *end = &api_ends[what >> 7];
    struct api_act act;
    uint8_t how;

    switch (what & 15) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
        act = take_act(steps);
        api_act(end, NULL, &act);
        act = take_act(steps); /* another act before the stack is polled */
        if (act.what > 0)
            api_act(end, NULL, &act);
        break;
    case 5:
    case 6:
    case 7:
    case 8:
        step_rule(end, steps, what);
        break;
    case 9:
        how = take(steps);
        api_set_faults(what >> 7, take(steps), how);
        break;
    case 10: /* the clock jumps, or the machine was suspended */
        api_now_ns += (uint64_t)1000 << take(steps) % 32;
        break;
    case 11:
        break;
    default:
        api_run((uint64_t)1000 << take(steps) % 30, 300);
        break;
    }
    api_poll(end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct steps steps = steps_of(data, size);
    struct api_draw draw;
    bool well;

    if (!steps_next(&steps))
        return 0;
    draw.pool = take(&steps);
    draw.options = take(&steps);
    draw.tcp = take(&steps);
    draw.offloads = take(&steps);
    draw.clock = take(&steps);
    draw.clock_back = take(&steps);
    draw.link = take(&steps);
    well = take(&steps) & 1;
    if (!api_open(&draw))
        return 0;
    while (steps_next(&steps))
        step(&steps);
    api_finish(well);
    return 0;
}
