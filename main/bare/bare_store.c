/* bare_store.c -- see bare_store.h. */
#include "bare_store.h"

#include <stdio.h>

const char *bare_store_disk(struct keep *keep, struct bare_machine *machine,
                            const struct options *options)
{
    const char *why = "this machine has no disks";

    if (!options->store)
        return NULL;
    keep->path = options->store;
    keep->device_why = machine->disk_why;
    if (machine->open_disk)
        keep->device = machine->open_disk(machine, options->store, &why);
    if (keep->device)
        return NULL;
    snprintf(keep->line, sizeof keep->line, "--store %.100s: %.150s", options->store, why);
    return keep->line;
}

const char *bare_store_open(struct keep *keep, const struct options *options,
                            uint8_t seed[LEAT_SEED_BYTES])
{
    const char *wrong = keep->device ? keep_open(keep, options) : NULL;

    if (!wrong && keep->device && !options->seed_given)
        keep_mix(keep, seed);
    if (!wrong && keep->device)
        keep_runs_open(keep, true);
    return wrong;
}

struct keep *bare_store_kept(struct keep *keep)
{
    return keep->platform->store ? keep : NULL;
}
