/* two_lists.h -- a fake device, for tests of backends that wrap one: lists of frames to receive and
 * of sent frames. */
#ifndef BACKEND_TWO_LISTS_H
#define BACKEND_TWO_LISTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <leat/leat.h>

enum {
    HELD_MAX = 128
};

/* The only device. */
extern struct two_lists {
    struct leat_netif netif;
    struct leat_buf *in[HELD_MAX]; /* frames that receive() will return, in order */
    unsigned in_count;
    struct leat_buf *out[HELD_MAX]; /* frames that were sent */
    unsigned out_count;
    unsigned closed; /* calls of close() */
} two_lists;

/* Resets the device. */
void two_lists_open(uint32_t capabilities);

/* Frees the frames of both lists. */
void two_lists_close(void);

/* A stack whose pool the frames come from; the caller frees its memory. */
struct leat *two_lists_stack(void **memory);

#endif
