/*
 * assert.h -- assertions, for errors of the programmer.  Errors of a peer, a device or a file never
 * end here.
 *
 * For leat itself and for backends; freestanding.  The program decides how a failure is reported:
 * it defines leat_assert_failed() (host.h).  LEAT_NO_ASSERT compiles both macros out.
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
 * leat_assert(), but only in a build without NDEBUG: for functions that are called for each packet,
 * and for claims that hostile input could break if they were wrong.  A release build takes the
 * error path behind the assertion instead.
 */
#ifdef NDEBUG
#define leat_debug_assert(condition) ((void)sizeof(condition))
#else
#define leat_debug_assert(condition) leat_assert(condition)
#endif

#endif
