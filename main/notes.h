/* notes.h -- the notes about its run in a recording: enough to repeat it. */
#ifndef NOTES_H
#define NOTES_H

#include <stddef.h>
#include <stdint.h>

#include "options.h"

enum {
    NOTES_BYTES = 2048
};

/* Writes lines of a name and a value: the program, and each option as --name takes it.  @seed is
 * the one in use, given or drawn. */
void notes_write(char text[NOTES_BYTES], const char *program, const struct options *options,
                 const struct leat_netif *netif, const uint8_t seed[LEAT_SEED_BYTES]);

#endif
