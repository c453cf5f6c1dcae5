/*
 * assert.h -- a programmer's error stops here; a peer's never does.
 *
 * Freestanding: what is said of it, and to whom, is up to the program (leat_assert_failed() in
 * host.h).  LEAT_NO_ASSERT compiles them out.
 */
#ifndef CORE_ASSERT_H
#define CORE_ASSERT_H

#include <leat/host.h>

#ifdef __FILE_NAME__ /* gcc 12, clang 9: without the folders */
#define LEAT_SOURCE_NAME __FILE_NAME__
#else
#define LEAT_SOURCE_NAME __FILE__
#endif

#ifdef LEAT_NO_ASSERT
#define leat_assert(condition) ((void)sizeof(condition))
#else
#define leat_assert(condition)                                                                     \
    ((condition) ? (void)0 : leat_assert_failed(LEAT_SOURCE_NAME, __LINE__))
#endif

/* A claim that hostile input would break if it were wrong: stops a debug build, and a release
 * (NDEBUG) goes on to the error path behind it. */
#ifdef NDEBUG
#define leat_debug_assert(condition) ((void)sizeof(condition))
#else
#define leat_debug_assert(condition) leat_assert(condition)
#endif

#endif
