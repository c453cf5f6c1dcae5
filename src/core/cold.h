/*
 * cold.h -- marks for functions on and off the fast path.
 *
 * A COLD function runs once in the life of a stack, a socket or a listener, or in exceptional
 * cases: loss, an error, an attack, a limit. Compilers optimize it for size in any build, never
 * inline it, and predict that branches to it are not taken. Functions called only from COLD ones
 * need no mark.
 *
 * A HOT function is always inlined, whatever the compiler's estimate of its size, except in builds
 * that are optimized for size.
 */
#ifndef CORE_COLD_H
#define CORE_COLD_H

#include <stdbool.h>

#define COLD __attribute__((cold))

#ifdef __OPTIMIZE_SIZE__
#define HOT static inline
#else
#define HOT static inline __attribute__((always_inline))
#endif

/* SHORTCUTS enables fast paths for common cases; the general path does the same work, so a build
 * with -Dshortcuts=false sends the same bytes.  FOR_SPEED enables fast paths that take too much
 * code for a build that is optimized for size. */
#if defined LEAT_NO_SHORTCUTS || defined LEAT_SMALL
#define SHORTCUTS false
#else
#define SHORTCUTS true
#endif
#ifdef __OPTIMIZE_SIZE__
#define FOR_SPEED false
#else
#define FOR_SPEED SHORTCUTS
#endif

#endif
