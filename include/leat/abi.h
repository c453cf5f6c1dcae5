/*
 * abi.h -- how the interface grows without a new build of its users (docs/abi.md).
 *
 * A configuration ends with reserved words, which are 0.  A later version turns some of them into
 * members whose 0 means what the older version did.  The size of the struct stays the same, so a
 * program and a shared library of different versions agree about it.
 */
#ifndef LEAT_ABI_H
#define LEAT_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Words at the end of a configuration, and of a report that leat fills in, in version 0.1. */
enum {
    LEAT_RESERVED = 2,
    LEAT_RESERVED_REPORT = 2
};

/**
 * How the functions in these headers are compiled: into the program that uses them.  The file
 * src/twins.c defines it as nothing, so that each function also exists in the library, for
 * languages that can't read C.
 */
#ifndef LEAT_INLINE
#define LEAT_INLINE static inline
#endif

/** True if any of the @p bytes, a multiple of 8, is not 0. */
LEAT_INLINE bool leat_reserved_is_used(const uint64_t *reserved, size_t bytes)
{
    uint64_t any = 0;

    for (size_t i = 0; i < bytes / sizeof *reserved; i++)
        any |= reserved[i];
    return any != 0;
}

/**
 * True if a program that was compiled against later headers sets a member that this version does
 * not have.  The functions that take a configuration refuse it then (LEAT_ERR_ARGUMENT).
 */
#define LEAT_RESERVED_IS_USED(config)                                                              \
    leat_reserved_is_used((config)->reserved, sizeof((config)->reserved))

/** Why it is refused, for the functions that say why. */
#define LEAT_RESERVED_WHY                                                                          \
    "the program sets an option of a later version of leat: install that version"

#ifdef __cplusplus
}
#endif
#endif
