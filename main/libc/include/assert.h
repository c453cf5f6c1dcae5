/*
 * assert.h -- assertions, for machines without a libc.
 *
 * A failed one prints its condition with file, line and function on the console, and calls
 * leat_assert_failed(), the program's or one that stops the machine. No guard: each inclusion obeys
 * NDEBUG again (C11 7.2).
 */
#undef assert
#ifdef NDEBUG
#define assert(condition) ((void)0)
#else
#define assert(condition)                                                                          \
    ((condition) ? (void)0 : leat_libc_assert_failed(#condition, __FILE__, __LINE__, __func__))
#endif

#ifndef BARE_ASSERT_H
#define BARE_ASSERT_H

#ifdef __cplusplus
extern "C" {
#else
#define static_assert _Static_assert
#endif

__attribute__((noreturn)) void leat_libc_assert_failed(const char *condition, const char *file,
                                                       unsigned line, const char *function);

#ifdef __cplusplus
}
#endif
#endif
