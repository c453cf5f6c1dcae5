/*
 * atexit.c -- functions for the end of a program: atexit(), and destructors of C++'s static
 * objects.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "../../netif/virtio/metal/services.h"
#include "runtime.h"

enum {
    EXITS_MAX = 64 /* C wants 32 (C11 7.22.4.2) */
};

static struct {
    void (*function)(void *arg); /* NULL: @plain is the function */
    void (*plain)(void);
    void *arg;
} exits[EXITS_MAX];

static unsigned exit_count;

/* C++ names the program itself by this address, and a shared library by another. */
void *const __dso_handle = NULL;

int __cxa_atexit(void (*function)(void *arg), void *arg, const void *library)
{
    (void)library;
    if (exit_count == EXITS_MAX)
        return -1;
    exits[exit_count].function = function;
    exits[exit_count++].arg = arg;
    return 0;
}

int atexit(void (*function)(void))
{
    if (exit_count == EXITS_MAX)
        return -1;
    exits[exit_count].function = NULL;
    exits[exit_count++].plain = function;
    return 0;
}

/* A function may register more, which run next. */
void leat_libc_run_exits(void)
{
    while (exit_count > 0) {
        exit_count--;
        if (exits[exit_count].function)
            exits[exit_count].function(exits[exit_count].arg);
        else
            exits[exit_count].plain();
    }
}
