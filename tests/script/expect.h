/* expect.h -- is what was sent what the script expects? */
#ifndef SCRIPT_EXPECT_H
#define SCRIPT_EXPECT_H

#include "packet.h"

enum {
    DIFFERENCES_BYTES = 256
};

/*
 * Compares the script's packet with what was seen, in the script's numbers.  False: @differences
 * names the fields.  Timestamps of ours are not compared here, nor are the order of options and
 * their padding; @relaxed: nor are PSH, the shift of a window scale, and by how much a window is
 * open.
 */
bool expect_same(const struct packet *expected, const struct packet *seen, bool relaxed,
                 char differences[DIFFERENCES_BYTES]);

#endif
