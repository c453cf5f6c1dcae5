/* two_lists.h -- a device of two lists, for tests of backends that wrap one: what comes, and what
 * was sent. */
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

/* The one device. */
extern struct two_lists {
    struct leat_netif netif;
    struct leat_buf *in[HELD_MAX]; /* frames that receive() gives, the first one first */
    unsigned in_count;
    struct leat_buf *out[HELD_MAX]; /* frames that were sent */
    unsigned out_count;
    unsigned closed; /* how often */
} two_lists;

/* Empties it. */
void two_lists_open(uint32_t capabilities);

/* Frees the frames that it holds. */
void two_lists_close(void);

/* A stack whose pool the frames come from; its memory is the caller's to free. */
struct leat *two_lists_stack(void **memory);

#endif
