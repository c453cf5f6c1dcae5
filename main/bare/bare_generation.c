/*
 * bare_generation.c -- see bare_generation.h.
 *
 * Copies of a running machine draw the same numbers, until each has a seed of its own.  A monitor
 * that starts a copy gives it another id, which is random.
 *
 * The store gets a new id late, or at the end.  Until then a crash leaves the old one, so the next
 * start knows, too, that what is kept may be another machine's, such as keys of TLS tickets.
 */
#include "bare_generation.h"

#include <stdio.h>
#include <string.h>

enum {
    LINE_BYTES = 200
};

_Static_assert((int)BARE_GENERATION_BYTES == (int)KEEP_GENERATION_BYTES, "the same id");

/* longer than programs take to keep their new secrets: ticket_keys.c, ten minutes */
static const uint64_t late_ns = 900 * UINT64_C(1000000000);

static struct {
    struct keep *keep; /* NULL: there is no id */
    struct bare_machine *machine;
    uint8_t id[BARE_GENERATION_BYTES];
    struct leat_timer late; /* keeps it */
} known;

static void put(void)
{
    if (known.keep->platform->store)
        keep_put(known.keep, KEEP_GENERATION, known.id);
}

static void on_late(struct leat_timer *timer, void *arg)
{
    (void)timer;
    (void)arg;
    put();
}

/* The new seed depends on the machine's entropy, on the stack's numbers, and on the id.  So a
 * machine whose entropy fails gets other numbers than its copies, too. */
static void renew(const char *what)
{
    struct leat_platform *platform = known.keep->platform;
    struct leat_host *host = platform->host;
    uint8_t seed[LEAT_SEED_BYTES] = {0};
    char line[LINE_BYTES];

    (void)host->entropy(host, seed, sizeof seed);
    keep_stir(known.keep, seed, sizeof seed);
    for (unsigned i = 0; i < BARE_GENERATION_BYTES; i++)
        seed[i] ^= known.id[i];
    (void)leat_reseed(platform->stack, seed);
    platform->may_be_copy = true;
    leat_timer_set(platform->stack, &known.late, leat_now_ns(platform->stack) + late_ns);
    snprintf(line, sizeof line, "%s: %s, so its secrets were renewed", known.keep->program, what);
    platform->say(platform, line);
}

void bare_generation_open(struct keep *keep, struct bare_machine *machine)
{
    const uint8_t *before = keep->platform->store ? keep_get(keep, KEEP_GENERATION) : NULL;

    known.keep = machine->generation && machine->generation(known.id) ? keep : NULL;
    known.machine = machine;
    known.late = (struct leat_timer){.on_time = on_late};
    if (!known.keep)
        return;
    if (!before)
        put();
    else if (memcmp(before, known.id, sizeof known.id) != 0)
        renew("the machine has another generation id than in the last run, and may be a copy");
}

void bare_generation_look(void)
{
    uint8_t id[BARE_GENERATION_BYTES];

    if (!known.keep || !known.machine->generation(id) || memcmp(id, known.id, sizeof id) == 0)
        return;
    memcpy(known.id, id, sizeof id);
    renew("the machine was copied, or went back to an earlier state");
}

void bare_generation_close(void)
{
    if (known.keep)
        put();
}
