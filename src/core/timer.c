/*
 * timer.c -- a hierarchical timing wheel.
 *
 * Level 0 has one slot per tick for the 64 ticks around now, level 1 one slot per 64 ticks, and so
 * on. The highest bit in which a timer's tick differs from the current tick selects its level. So a
 * timer moves down at most once per level, and a slot of level 0 holds timers of one tick only.
 * Each slot keeps a lower bound of its timers' ticks, so the next expiry is found without walking a
 * list. "Now" here is the wheel's base tick, which lags behind while nothing is due.
 */
#include "core/timer.h"

#include "core/assert.h"

#define TICK_MAX (UINT64_MAX >> TIMER_TICK_SHIFT)

enum {
    SLOT_MASK = TIMER_SLOTS - 1,
    ASKED_LEVEL = 12 / TIMER_LEVEL_SHIFT /* its slots are 4 ms long */
};

_Static_assert(TIMER_TICK_SHIFT + TIMER_LEVELS * TIMER_LEVEL_SHIFT == 64, "no level wraps around");

void timers_init(struct timer_wheel *wheel, uint64_t now_ns)
{
    wheel->now_tick = wheel->base_tick = now_ns >> TIMER_TICK_SHIFT;
    wheel->next_tick = UINT64_MAX;
    wheel->set = 0;
    wheel->asked = 0;
    for (unsigned level = 0; level < TIMER_LEVELS; level++) {
        wheel->occupied[level] = 0;
        for (unsigned i = 0; i < TIMER_SLOTS; i++)
            wheel->slots[level][i].first = 0;
    }
}

void timers_ask(struct timer_wheel *wheel, timer_fn *fire, timer_due_fn *due_ns)
{
    leat_assert(!wheel->asked); /* only one function can be registered */
    wheel->asked = fire;
    wheel->due_ns = due_ns;
}

/* The highest bit that differs selects the level: a level covers some bits of the tick. */
static unsigned level_of(uint64_t base_tick, uint64_t at_tick)
{
    const uint64_t differs = base_tick ^ at_tick;

    if (differs < TIMER_SLOTS)
        return 0;
    return (63 - (unsigned)__builtin_clzll(differs)) / TIMER_LEVEL_SHIFT;
}

static struct timer_slot *slot_of(struct timer_wheel *wheel, uint64_t at_tick, unsigned *level,
                                  unsigned *index)
{
    *level = level_of(wheel->base_tick, at_tick);
    *index = (unsigned)(at_tick >> (*level * TIMER_LEVEL_SHIFT)) & SLOT_MASK;
    return &wheel->slots[*level][*index];
}

/* Slots are rings: first->prev is the last timer, so that timers of one tick fire in order. */
static void insert(struct timer_wheel *wheel, struct timer *timer)
{
    unsigned level, index;
    struct timer_slot *slot = slot_of(wheel, timer->at_tick, &level, &index);

    if (!slot->first) {
        slot->first = timer->next = timer->prev = timer;
        slot->earliest_tick = timer->at_tick;
        wheel->occupied[level] |= (uint64_t)1 << index;
        return;
    }
    timer->next = slot->first;
    timer->prev = slot->first->prev;
    timer->prev->next = timer;
    timer->next->prev = timer;
    if (timer->at_tick < slot->earliest_tick)
        slot->earliest_tick = timer->at_tick;
}

static void remove_from(struct timer_wheel *wheel, unsigned level, unsigned index,
                        struct timer *timer)
{
    struct timer_slot *slot = &wheel->slots[level][index];

    leat_debug_assert(wheel->set > 0);
    leat_debug_assert(slot->first != 0);
    if (timer->next == timer) { /* the only one; else earliest_tick stays, as a lower bound */
        slot->first = 0;
        wheel->occupied[level] &= ~((uint64_t)1 << index);
    } else {
        timer->prev->next = timer->next;
        timer->next->prev = timer->prev;
        if (slot->first == timer)
            slot->first = timer->next;
    }
    timer->next = timer->prev = 0;
    if (--wheel->set == 0)
        wheel->next_tick = UINT64_MAX;
}

void timer_cancel(struct timer_wheel *wheel, struct timer *timer)
{
    unsigned level, index;

    if (!timer_is_set(timer))
        return;
    slot_of(wheel, timer->at_tick, &level, &index);
    remove_from(wheel, level, index, timer);
}

/* The first tick at or after @at_ns. */
static uint64_t tick_at(uint64_t at_ns)
{
    const uint64_t rounded = (at_ns >> TIMER_TICK_SHIFT) + ((at_ns & 1023) != 0);

    return rounded < TICK_MAX ? rounded : TICK_MAX;
}

void timer_set(struct timer_wheel *wheel, struct timer *timer, uint64_t at_ns)
{
    uint64_t at_tick = tick_at(at_ns);

    leat_assert(timer->fire != 0);
    if (at_tick <= wheel->now_tick)
        at_tick = wheel->now_tick + 1; /* so no callback fires its own timer again in this tick */
    timer_cancel(wheel, timer);
    timer->at_tick = at_tick;
    wheel->set++;
    if (at_tick < wheel->next_tick)
        wheel->next_tick = at_tick;
    insert(wheel, timer);
}

/* Finds the slot with the earliest timers; false: none. */
static bool first_slot(const struct timer_wheel *wheel, unsigned *level, unsigned *index)
{
    /* a timer of a higher level differs from the base in a higher bit, so it is due later than all
     * of a lower level */
    for (unsigned l = 0; l < TIMER_LEVELS; l++) {
        const unsigned base = (unsigned)(wheel->base_tick >> (l * TIMER_LEVEL_SHIFT)) & SLOT_MASK;
        const uint64_t ahead = wheel->occupied[l] & (~(uint64_t)0 << base);

        if (ahead) {
            *level = l;
            *index = (unsigned)__builtin_ctzll(ahead);
            return true;
        }
    }
    return false;
}

static uint64_t earliest_tick(const struct timer_wheel *wheel)
{
    unsigned level, index;

    return first_slot(wheel, &level, &index) ? wheel->slots[level][index].earliest_tick
                                             : UINT64_MAX;
}

/* Asks the owner of @timer, which is in no slot, for its new deadline.  False: the owner doesn't
 * need the timer any more, and it is not set. */
static bool ask(struct timer_wheel *wheel, struct timer *timer)
{
    const uint64_t due_ns = wheel->due_ns(timer);
    uint64_t due_tick;

    leat_debug_assert(wheel->set > 0);
    if (due_ns == UINT64_MAX) {
        timer->next = timer->prev = 0;
        wheel->set--;
        return false;
    }
    due_tick = tick_at(due_ns);
    /* the timer only moves to later ticks, because an earlier one could lie behind the wheel */
    if (timer->at_tick < due_tick)
        timer->at_tick = due_tick;
    return true;
}

/* Moves the timers of a higher slot to their current levels. Asking an owner costs a cache miss, so
 * timers from level 1, which are due soon anyway, aren't asked. */
static void cascade(struct timer_wheel *wheel, unsigned level, unsigned index)
{
    struct timer_slot *slot = &wheel->slots[level][index];
    struct timer *last = slot->first->prev;
    struct timer *timer = slot->first;
    bool done = false;

    leat_debug_assert(level > 0);
    slot->first = 0;
    wheel->occupied[level] &= ~((uint64_t)1 << index);
    while (!done) {
        struct timer *next = timer->next;

        done = timer == last;
        if (level < ASKED_LEVEL || timer->fire != wheel->asked || ask(wheel, timer))
            insert(wheel, timer);
        timer = next;
    }
}

/* Advances the base tick, and empties the higher slots that it enters. This keeps every timer in
 * the level that slot_of() computes for it. */
static void advance(struct timer_wheel *wheel, uint64_t tick)
{
    const uint64_t differs = wheel->base_tick ^ tick;

    leat_debug_assert(tick >= wheel->base_tick);
    wheel->now_tick = wheel->base_tick = tick;
    if (differs < TIMER_SLOTS)
        return;
    for (unsigned level = TIMER_LEVELS - 1; level > 0; level--) {
        const unsigned index = (unsigned)(tick >> (level * TIMER_LEVEL_SHIFT)) & SLOT_MASK;

        if (wheel->occupied[level] >> index & 1)
            cascade(wheel, level, index);
    }
}

bool timers_fire(struct timer_wheel *wheel, uint64_t now_tick, uint32_t fire_max, void *context)
{
    unsigned level, index;

    while (first_slot(wheel, &level, &index)) {
        struct timer_slot *slot = &wheel->slots[level][index];

        if (slot->earliest_tick > now_tick)
            break;
        /* nothing is due before earliest_tick, so the base can jump there */
        if (slot->earliest_tick > wheel->base_tick)
            advance(wheel, slot->earliest_tick);
        while (level == 0 && slot->first && slot->first->at_tick <= wheel->base_tick) {
            struct timer *timer = slot->first;

            /* next_tick stays where it was, in the past, so the next run goes on from here */
            if (fire_max-- == 0)
                return false;
            remove_from(wheel, 0, index, timer);
            timer->fire(timer, context);
        }
    }
    advance(wheel, now_tick);
    wheel->next_tick = earliest_tick(wheel);
    return true;
}
