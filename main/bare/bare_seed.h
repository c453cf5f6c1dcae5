/* bare_seed.h -- the seed disk of --metadata nocloud on a machine without an operating system. */
#ifndef BARE_SEED_H
#define BARE_SEED_H

#include "bare.h"
#include "options.h"

/* Reads the seed of --metadata-disk, or of the first disk that has one.  NULL, or what is wrong, in
 * static memory. */
const char *bare_seed_read(struct bare_machine *machine, const struct options *options);

#endif
