/* expect.h -- compares a transmitted packet with the script's. */
#ifndef SCRIPT_EXPECT_H
#define SCRIPT_EXPECT_H

#include "packet.h"

enum {
    DIFFERENCES_BYTES = 256
};

/*
 * Compares the packet @seen, in the script's numbers, with the script's packet. False: @differences
 * names the fields. Our timestamps are not compared here, nor the order of options and their
 * padding. @relaxed: nor PSH, the window scale, and the size of an open window.
 */
bool expect_same(const struct packet *expected, const struct packet *seen, bool relaxed,
                 char differences[DIFFERENCES_BYTES]);

#endif
