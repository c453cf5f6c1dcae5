/* bare_store.h -- the disk of --store on a machine without an operating system. */
#ifndef BARE_STORE_H
#define BARE_STORE_H

#include "bare.h"
#include "keep.h"

/* Opens the disk, before the network device takes the machine's memory; without --store there is
 * none.  @keep has its platform and program.  Returns NULL, or why the disk can't be used. */
const char *bare_store_disk(struct keep *keep, struct bare_machine *machine,
                            const struct options *options);

/* Reads the values, if there is a disk, and mixes @seed.  Returns NULL, or why not. */
const char *bare_store_open(struct keep *keep, const struct options *options,
                            uint8_t seed[LEAT_SEED_BYTES]);

/* @keep, or NULL without a store. */
struct keep *bare_store_kept(struct keep *keep);

#endif
