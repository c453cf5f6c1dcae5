/* posix_reach.h -- addresses that this machine's own would make unreachable. */
#ifndef POSIX_REACH_H
#define POSIX_REACH_H

#include <leat/posix.h>

#include "options.h"

/* Looks whether the other end of the TAP or TUN device, this machine, has one of our addresses
 * itself.  False: it has, and @why says which. */
bool posix_reach_check(const struct options *options, char why[LEAT_WHY_BYTES]);

/* A line about the network of the device @name on this machine, if it is none of ours.  False:
 * there is nothing to say. */
bool posix_reach_doubt(const struct options *options, const char *name, char line[LEAT_WHY_BYTES]);

#endif
