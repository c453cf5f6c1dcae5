/*
 * assert.h -- a programmer's error stops here; a peer's never does.
 *
 * Freestanding: no message, no libc.  LEAT_NO_ASSERT compiles them out.
 */
#ifndef CORE_ASSERT_H
#define CORE_ASSERT_H

#ifdef LEAT_NO_ASSERT
#define leat_assert(condition) ((void)sizeof(condition))
#else
#define leat_assert(condition) ((condition) ? (void)0 : __builtin_trap())
#endif

/* A claim that hostile input would break if it were wrong: stops a debug build, and a release
 * (NDEBUG) goes on to the error path behind it. */
#ifdef NDEBUG
#define leat_debug_assert(condition) ((void)sizeof(condition))
#else
#define leat_debug_assert(condition) leat_assert(condition)
#endif

#endif
