/* unit.h -- the common header of unit tests. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The next number of a reproducible sequence (xorshift64*); @state must not be 0. */
static inline uint64_t unit_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

/* A number below @bound (> 0). */
static inline uint32_t unit_below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)((unit_random(state) >> 32) * bound >> 32);
}

/* True if @function(@arg) ends the process, as a failed leat_assert does. */
static inline bool unit_dies(void (*function)(void *arg), void *arg)
{
    int status = 0;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        /* cmocka would catch the signal as a failed test, and continue in the child */
        signal(SIGILL, SIG_DFL);
        signal(SIGTRAP, SIG_DFL);
        fclose(stderr);
        function(arg);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && (WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGTRAP);
}

#endif
