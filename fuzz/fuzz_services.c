/*
 * fuzz_services.c -- all services of leat on a lossy link, and a program that begins, ends, cancels
 * and restarts them, also in callbacks, with small tables, little memory, and a clock near to a
 * wrap.
 *
 * The input is a sequence of steps (steps.h). The first sets limits, options, the family and the
 * time. The others are acts, acts for the next callback of a kind, behaviour of the servers, faults
 * of the link, and passing time. Invariants: the statistics balance after each poll; each lookup,
 * call, exchange, task and connection ends once, by its last callback or by the program. Data of a
 * file is that file, from its beginning on. At the end, with a good link and servers that answer,
 * no buffer, connection or key is left.
 */
#include "services.h"

#include "steps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct services_act take_act(struct steps *steps)
{
    struct services_act act = {.what = take(steps)};

    act.which = take(steps);
    act.how = take(steps);
    act.more = take(steps);
    return act;
}

static void step_mood(struct steps *steps)
{
    services_mood.names = take(steps);
    services_mood.lease = take(steps);
    services_mood.web = take(steps);
    services_mood.spoil_at = take(steps);
    services_mood.spoil_with = take(steps);
}

static void step(struct steps *steps)
{
    const uint8_t what = take(steps);
    struct services_act act;
    uint8_t calls;

    switch (what & 15) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
        for (unsigned i = 0; i <= (what >> 4 & 1); i++) { /* two acts before the stack is polled */
            act = take_act(steps);
            services_act(&act, NULL);
        }
        break;
    case 6:
    case 7:
    case 8:
        calls = take(steps);
        act = take_act(steps);
        services_rule(calls, what & 64, &act);
        break;
    case 9:
        step_mood(steps);
        break;
    case 10:
        calls = take(steps);
        services_set_faults(what >> 7, calls, take(steps));
        break;
    case 11:
        services_hog(what & 128, take(steps));
        break;
    case 12: /* the clock jumps, or the machine was suspended */
        services_now_ns += (uint64_t)1000 << take(steps) % 26;
        break;
    default:
        services_run((uint64_t)1000 << take(steps) % 25, 300);
        return;
    }
    services_run((uint64_t)1000 << (what >> 5) * 2, 100);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct steps steps = steps_of(data, size);
    struct services_draw draw;

    if (!steps_next(&steps))
        return 0;
    draw.pool = take(&steps);
    draw.tables = take(&steps);
    draw.names = take(&steps);
    draw.web = take(&steps);
    draw.tcp = take(&steps);
    draw.tasks = take(&steps);
    draw.clock = take(&steps);
    draw.clock_back = take(&steps);
    draw.link = take(&steps);
    draw.is_ipv6 = take(&steps) & 1;
    if (!services_open(&draw))
        return 0;
    while (steps_next(&steps))
        step(&steps);
    services_finish();
    return 0;
}
