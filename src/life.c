/*
 * life.c -- the end of a program: stop the loop, or first let servers finish their work.
 *
 * A drain looks at all connections every 20 ms, in the step of callbacks, because it calls the
 * program. It ends when nothing is under way and each FIN is acknowledged; a connection in
 * FIN-WAIT-2 isn't waited for, since its peer knows.
 */
#include "family.h"

enum {
    COST_PART = 20 /* looks take at most 1/20 of the time */
};

static const uint64_t ns_per_ms = 1000000;
static const uint64_t look_ns = 20000000;
static const uint64_t quiet_ns = 500000000; /* also the time that a last FIN has */
static const uint64_t reset_ns = 100000000;

COLD void leat_stop(struct leat *stack, int status)
{
    /* the first status counts, so a drain that ends later can't hide an error */
    if (stack->life.is_stopped)
        return;
    stack->life.is_stopped = true;
    stack->life.status = status;
    timer_cancel(&stack->timers, &stack->life.timer);
    stack_not_ready(&stack->life.ready);
}

bool leat_stopped(const struct leat *stack, int *status)
{
    if (stack->life.is_stopped && status)
        *status = stack->life.status;
    return stack->life.is_stopped;
}

bool leat_is_draining(const struct leat *stack)
{
    return stack->life.is_draining;
}

/* ---- work without a connection ------------------------------------------------------------ */

COLD void leat_drainer_add(struct leat *stack, struct leat_drainer *drainer)
{
    /* a drainer that is added twice would close the list to a ring */
    leat_drainer_remove(stack, drainer);
    drainer->next = stack->life.drainers;
    stack->life.drainers = drainer;
}

COLD void leat_drainer_remove(struct leat *stack, struct leat_drainer *drainer)
{
    struct leat_drainer **link = &stack->life.drainers;

    while (*link && *link != drainer)
        link = &(*link)->next;
    if (*link)
        *link = drainer->next;
}

static bool drainer_is_busy(const struct leat *stack)
{
    struct leat_drainer *next;

    for (struct leat_drainer *drainer = stack->life.drainers; drainer; drainer = next) {
        next = drainer->next; /* it may remove itself */
        if (drainer->is_busy(drainer))
            return true;
    }
    return false;
}

/* ---- the drain ---------------------------------------------------------------------------- */

/* Has each protocol take the step @step, and adds up what became of the connections. */
COLD static struct drain_look look_at_all(struct leat *stack, enum drain_step step)
{
    struct life *life = &stack->life;
    struct drain_look look = {.step = step,
                              .age_ms = (uint32_t)((stack->now_ns - life->begun_ns) / ns_per_ms),
                              .quiet_ms = (uint32_t)(quiet_ns / ns_per_ms)};

    for (unsigned i = 0; i < stack->protocol_count; i++) {
        if (stack->protocols[i]->drain)
            stack->protocols[i]->drain(stack, &look);
    }
    life->step = (uint8_t)step;
    life->ours += look.ours;
    life->counts.closed += look.closed;
    life->counts.reset += look.reset;
    return look;
}

/* Looks for the first time, and notes how many connections there are to account for. */
COLD static struct drain_look begin(struct leat *stack)
{
    struct drain_look look;

    stack->life.is_begun = true;
    stack->life.begun_ns = stack->now_ns;
    look = look_at_all(stack, DRAIN_WAIT);
    /* so the connections that are alive now count as opened since */
    stack->life.opened_before = stack->stats.tcp_opened_passive - look.alive;
    return look;
}

/* A peer that has missed a segment in front of our reset answers the reset with a challenge ACK
 * (RFC 5961 3.2), and gets a second reset if the loop goes on for a moment. */
COLD static struct drain_look close_all(struct leat *stack)
{
    struct life *life = &stack->life;
    const struct drain_look look = look_at_all(stack, DRAIN_CLOSE);

    life->deadline_ns = stack->now_ns + quiet_ns;
    life->least_ns = look.reset > 0 ? stack->now_ns + reset_ns : 0;
    return look;
}

/* Takes the next step. True: look again later. After a quick end nothing waits for the FINs. */
COLD static bool step(struct leat *stack, struct drain_look *look)
{
    struct life *life = &stack->life;

    if (!life->is_begun)
        *look = begin(stack);
    else if (life->step == DRAIN_WAIT && stack->now_ns < life->deadline_ns)
        *look = look_at_all(stack, DRAIN_WAIT);
    if (life->step == DRAIN_WAIT && stack->now_ns < life->deadline_ns) {
        if (look->waits > 0 || drainer_is_busy(stack))
            return true;
    }
    /* nothing is left to wait for, or the deadline has come: this step needs no pause before the
     * next */
    if (life->step == DRAIN_WAIT) {
        *look = close_all(stack);
        return !life->is_quick && (look->unacked > 0 || life->least_ns > 0);
    }
    *look = look_at_all(stack, DRAIN_ACKS);
    if ((look->unacked > 0 && stack->now_ns < life->deadline_ns) || stack->now_ns < life->least_ns)
        return true;
    /* a peer that hasn't acknowledged our FIN may lack data: a reset tells it so, silence would
     * not */
    look_at_all(stack, DRAIN_RESET);
    return false;
}

COLD static void on_look(struct leat *stack, struct ready *ready)
{
    struct life *life = &stack->life;
    struct drain_look look = {.waits = 0};

    (void)ready;
    if (step(stack, &look))
        timer_set(&stack->timers, &life->timer, stack->now_ns + look_ns + COST_PART * look.cost_ns);
    else
        leat_stop(stack, 0);
}

/* A look calls the program, so it waits for the step of callbacks. */
COLD static void on_time(struct timer *timer, void *context)
{
    struct leat *stack = context;

    (void)timer;
    stack_ready(stack, &stack->life.ready);
}

COLD void leat_drain(struct leat *stack, uint64_t deadline_ns)
{
    struct life *life = &stack->life;

    if (life->is_stopped)
        return;
    life->is_quick |= deadline_ns <= stack->now_ns;
    /* the later steps have deadlines of their own, which a call may only shorten */
    if (life->step == DRAIN_WAIT || deadline_ns < life->deadline_ns)
        life->deadline_ns = deadline_ns;
    if (life->is_quick)
        life->least_ns = 0;
    life->is_draining = true;
    life->timer.fire = on_time;
    life->ready.run = on_look;
    stack_ready(stack, &life->ready);
}

COLD void leat_end(struct leat *stack)
{
    const uint64_t now_ns = stack->now_ns;
    const uint64_t drain_ns = stack->config.drain_ns;
    const bool is_first = !stack->life.is_draining;

    leat_drain(stack, !is_first                        ? now_ns
                      : drain_ns > UINT64_MAX - now_ns ? LEAT_NEVER_NS
                                                       : now_ns + drain_ns);
}

struct leat_drained leat_drained(const struct leat *stack)
{
    struct leat_drained counts = stack->life.counts;
    const uint32_t ended = counts.closed + counts.reset;
    uint64_t all = 0;

    /* those that the drain neither closed nor reset have finished by themselves and need no
     * counter */
    if (stack->life.is_draining)
        all = stack->stats.tcp_opened_passive - stack->life.opened_before + stack->life.ours;
    counts.finished = all > ended ? (uint32_t)all - ended : 0;
    return counts;
}
