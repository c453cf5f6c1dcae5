/*
 * assert.h -- a programmer's error stops here; a peer's, a device's or a file's never does.
 *
 * For leat itself and for backends: freestanding, and what is said of a failure, and to whom, is up
 * to the program (leat_assert_failed() in host.h).  LEAT_NO_ASSERT compiles both out.
 */
#ifndef LEAT_ASSERT_H
#define LEAT_ASSERT_H

#include <leat/host.h>

/** The name of the source file: without its folders from gcc 12 and clang 9 on. */
#ifdef __FILE_NAME__
#define LEAT_SOURCE_NAME __FILE_NAME__
#else
#define LEAT_SOURCE_NAME __FILE__
#endif

/** Calls leat_assert_failed() if @p condition is false. */
#ifdef LEAT_NO_ASSERT
#define leat_assert(condition) ((void)sizeof(condition))
#else
#define leat_assert(condition)                                                                     \
    ((condition) ? (void)0 : leat_assert_failed(LEAT_SOURCE_NAME, __LINE__))
#endif

/**
 * The same in a build without NDEBUG: for a claim in a function that is called for each packet, or
 * one that hostile input would break if it were wrong.  A release goes on to the error path behind
 * it.
 */
#ifdef NDEBUG
#define leat_debug_assert(condition) ((void)sizeof(condition))
#else
#define leat_debug_assert(condition) leat_assert(condition)
#endif

#endif
