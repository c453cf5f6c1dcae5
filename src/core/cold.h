/*
 * cold.h -- what is off the fast path, and what is the fast path.
 *
 * A COLD function runs once in the life of a stack, a socket or a listener, or when something is
 * amiss: loss, an error, an attack, a limit.  Compilers make it small in any build, keep it out of
 * who calls it, and take the branch that leads to it for the unlikely one.  Who is called by such
 * functions alone need not say so.
 *
 * A HOT function is worth its place in each of its callers, whatever the compiler thinks of its
 * length; but not in a build that is to be small.
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

/* SHORTCUTS guards a shorter way for what is usual, which another one does as well: a build with
 * -Dshortcuts=false sends the same bytes.  FOR_SPEED guards one that is too long for a build that
 * is to be small. */
#ifdef LEAT_NO_SHORTCUTS
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
