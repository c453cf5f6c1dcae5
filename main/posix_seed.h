/* posix_seed.h -- the seed disk of --metadata-disk on POSIX: a file, or a device. */
#ifndef POSIX_SEED_H
#define POSIX_SEED_H

#include "posix_program.h"

/* Reads it, and parses the command line again.  OPTIONS_WRONG after a line was printed. */
enum options_outcome posix_seed_read(struct program *program);

#endif
